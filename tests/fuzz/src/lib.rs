//! What is done with bytes that nobody meant: the bodies of the fuzz targets.
//!
//! Each target is a function of bytes that panics where something is found. libFuzzer calls it with bytes that it grows by what they
//! reach; `state/tests/fuzz_smoke.rs` includes this file and calls it with those of a seed, in every run of the tests.

/// Random bytes of a seed, and bytes that are nearly those of another.
pub mod random;

/// Commands, drawn from bytes.
mod drawn;

/// What is asked of identities and cases, drawn from bytes.
mod diligence;
/// What gates are set and told, drawn from bytes.
mod gates;

/// Policies, drawn from bytes.
mod policies;

/// The codec with the schemas of this binary.
mod wire;

/// Records of the commands log.
pub mod commands;

/// Records of the topics of events.
pub mod events;

/// Sequences of commands and epochs.
pub mod ledger;

/// The books, kept once more from what the ledger says.
mod books;

/// Chunks of snapshots and segments of pins.
pub mod snapshots;

/// Tariffs and the payments under them.
pub mod tariffs;

/// Proofs of payments, as the tests of the ledger make them.
#[path = "../../../state/tests/shown/mod.rs"]
mod shown;

/// What a corpus begins with.
pub mod seeds;

/// A target.
pub struct Target {
    /// Its name, which is that of its binary.
    pub name: &'static str,
    /// What it does with bytes.
    pub run: fn(&[u8]),
    /// Bytes to begin with, by a seed.
    pub seed: fn(&mut random::Random) -> Vec<u8>,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "commands", run: commands::run, seed: commands::seed },
    Target { name: "events", run: events::run, seed: events::seed },
    Target { name: "ledger", run: ledger::run, seed: ledger::seed },
    Target { name: "snapshots", run: snapshots::run, seed: snapshots::seed },
    Target { name: "tariffs", run: tariffs::run, seed: tariffs::seed },
];
