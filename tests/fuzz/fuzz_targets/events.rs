//! Runs `fuzz::events` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::seeds::write("events"), |bytes: &[u8]| fuzz::events::run(bytes));
