//! Runs `fuzz::tariffs` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::seeds::write("tariffs"), |bytes: &[u8]| fuzz::tariffs::run(bytes));
