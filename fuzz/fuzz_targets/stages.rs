//! See `weir_fuzz::target::stages`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::stages::run(data));
