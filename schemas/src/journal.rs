//! The journal of a cell: who runs it (claims), and what it sealed (bindings and commit records).
//!
//! A binding and its commit record stand in one entry, since they are committed in one transaction: an epoch
//! is bound exactly if its outputs are visible. Progress is an exclusive upper bound everywhere.

use crate::epoch::Epoch;
use crate::waited::Waited;

/// One record of a journal topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A process took the cell over.
    Claim(Claim),
    /// A transaction of the cell.
    Commit(Commit),
}

impl Entry {
    /// The generation of the writer.
    pub const fn generation(&self) -> u64 {
        match self {
            Self::Claim(claim) => claim.generation,
            Self::Commit(commit) => commit.generation,
        }
    }
}

/// A process takes a cell over; every older generation is void from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// One more than the last.
    pub generation: u64,
    /// The rules that the process applies.
    pub code_version: u32,
}

/// One Kafka transaction: the epochs that it made visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The writer's generation.
    pub generation: u64,
    /// In order, without a gap to the previous commit.
    pub epochs: Vec<SealedEpoch>,
    /// The version of the detection that found what they say; 0 in other journals, and where nobody wrote it down.
    pub detection: u32,
}

/// An epoch with everything that went in and everything that came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEpoch {
    /// What went in.
    pub binding: Binding,
    /// What came out, by topic and partition; those without records are absent.
    pub outputs: Vec<Output>,
    /// How many decisions the ledger keeps after it for the retries of their commands; zero where nobody wrote it down.
    pub pinned: u64,
    /// How long its commands waited, by bucket; none where nobody wrote it down.
    pub waited: Vec<Waited>,
}

/// What an epoch consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The epoch.
    pub epoch: Epoch,
    /// The generation that minted it.
    pub generation: u64,
    /// The rules that decide it.
    pub code_version: u32,
    /// Every input partition, in the order in which the epoch applies them.
    pub inputs: Vec<Input>,
}

/// The part of an input partition that is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Exclusive upper offset.
    pub upper: i64,
    /// Records since the previous binding; offsets may have gaps, so this is not a difference of uppers.
    pub count: u32,
}

/// What an epoch wrote to one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Records.
    pub count: u32,
    /// First 16 bytes of SHA-256 over the records in order: each key and datum, length-prefixed.
    pub digest: [u8; 16],
}
