//! See `weir_fuzz::target::scan`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::scan::run(data));
