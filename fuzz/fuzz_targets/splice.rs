//! See `weir_fuzz::target::splice`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::splice::run(data));
