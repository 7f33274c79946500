//! See `weir_fuzz::target::eventstream`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::eventstream::run(data));
