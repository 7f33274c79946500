//! See `weir_fuzz::target::answers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::answers::run(data));
