//! See `weir_fuzz::target::response`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::response::run(data));
