//! See `weir_fuzz::target::requests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::requests::run(data));
