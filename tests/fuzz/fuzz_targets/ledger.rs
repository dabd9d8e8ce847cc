//! Runs `fuzz::ledger` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::seeds::write("ledger"), |bytes: &[u8]| fuzz::ledger::run(bytes));
