//! See `weir_fuzz::target::headers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::headers::run(data));
