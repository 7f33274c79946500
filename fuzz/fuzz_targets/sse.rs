//! See `weir_fuzz::target::sse`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::target::sse::run(data));
