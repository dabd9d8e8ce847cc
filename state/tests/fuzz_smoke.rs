//! The fuzz targets on bytes of a seed, a little of each in every run of the tests. `make fuzz` runs them for long.

#[allow(unreachable_pub, dead_code, reason = "the targets' own crate shows all of it to their binaries")]
#[path = "../../tests/fuzz/src/lib.rs"]
mod fuzz;

use fuzz::TARGETS;
use fuzz::random::Random;

/// Bytes that a target begins with, those a little spoilt, or any.
fn input(target: &fuzz::Target, number: u64) -> Vec<u8> {
    let mut random = Random::new(number);
    if random.below(4) == 0 {
        return random.some_bytes(2048);
    }
    let mut bytes = (target.seed)(&mut random);
    if random.below(4) > 0 {
        random.spoil(&mut bytes);
    }
    bytes
}

/// As many inputs as take about two seconds.
fn check(name: &str, inputs: u64) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("every target is listed");
    for number in 0..inputs {
        let bytes = input(target, number);
        let ran = std::panic::catch_unwind(|| (target.run)(&bytes));
        assert!(ran.is_ok(), "{name} panics on input {number}: {bytes:?}");
    }
}

#[test]
fn no_record_of_commands_is_misread() {
    check("commands", 20_000);
}

#[test]
fn no_record_of_events_is_misread() {
    check("events", 400);
}

#[test]
fn no_sequence_of_commands_breaks_the_books() {
    check("ledger", 400);
}

#[test]
fn no_bytes_are_taken_for_a_snapshot_that_they_are_not() {
    check("snapshots", 400);
}

#[test]
fn no_tariff_makes_money() {
    check("tariffs", 1000);
}

#[test]
fn every_target_is_checked() {
    assert_eq!(TARGETS.len(), 5);
}
