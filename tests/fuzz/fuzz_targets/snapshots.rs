//! Runs `fuzz::snapshots` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::seeds::write("snapshots"), |bytes: &[u8]| fuzz::snapshots::run(bytes));
