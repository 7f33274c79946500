//! See `weir_fuzz::target::thinking`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::thinking::run(data));
