//! See `weir_fuzz::target::accumulate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::accumulate::run(data));
