//! See `weir_fuzz::target::profile`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::profile::run(data));
