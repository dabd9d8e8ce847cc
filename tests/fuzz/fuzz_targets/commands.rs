//! Runs `fuzz::commands` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::seeds::write("commands"), |bytes: &[u8]| fuzz::commands::run(bytes));
