//! Epochs as they travel through a cell: one message an epoch, never one a record.

use crate::command::Bound;
use crate::epoch::Epoch;
use crate::event::{DeadLetter, Event};
use crate::journal::{Binding, Output};
use crate::merkle::Hash;
use crate::waited::{self, Waited};
use sha2::{Digest as _, Sha256};

/// What settlement is given: an epoch with every record that its binding names.
#[derive(Clone, Debug)]
pub struct EpochInput {
    /// What the epoch consists of.
    pub binding: Binding,
    /// Its records, in the order in which they apply.
    pub commands: Vec<Bound>,
    /// In a replay, what the epoch wrote when it was committed; the same must come out again.
    pub committed: Option<Vec<Output>>,
}

impl EpochInput {
    /// How long its commands waited, as far as their records have a time stamp.
    pub fn waited(&self) -> Vec<Waited> {
        let commands = self.commands.iter().filter(|bound| bound.command.is_ok());
        waited::waited(self.binding.epoch, commands.filter_map(|bound| bound.appended_ms))
    }
}

/// What settlement decided in an epoch.
#[derive(Clone, Debug)]
pub struct EpochOutput {
    /// What went in.
    pub binding: Binding,
    /// What became true, in order.
    pub events: Vec<Event>,
    /// What could not be read.
    pub dead_letters: Vec<DeadLetter>,
    /// How many decisions the ledger keeps after it.
    pub pinned: u64,
    /// How long its commands waited.
    pub waited: Vec<Waited>,
    /// In a replay, what must come out.
    pub committed: Option<Vec<Output>>,
}

/// What downstream cells are given: a committed epoch, whole.
#[derive(Clone, Debug)]
pub struct EpochEvents {
    /// What settlement bound.
    pub binding: Binding,
    /// Everything it said, in order.
    pub events: Vec<Event>,
    /// How long its commands waited; none where nobody wrote it down.
    pub waited: Vec<Waited>,
    /// The leaf of each event in the audit chain; none unless the reader was asked for them.
    pub leaves: Vec<Hash>,
}

impl EpochEvents {
    /// The epoch.
    pub const fn epoch(&self) -> Epoch {
        self.binding.epoch
    }
}

/// The digest of what an epoch wrote to one partition, record by record.
#[derive(Clone, Debug, Default)]
pub struct Records {
    count: u32,
    hash: Sha256,
}

impl Records {
    /// Adds a record: its key and its value, without the framing, whose schema id depends on the registry.
    pub fn add(&mut self, key: &[u8], datum: &[u8]) {
        self.count += 1;
        for part in [key, datum] {
            let length = u32::try_from(part.len()).expect("a record is far smaller than 4 GiB");
            self.hash.update(length.to_be_bytes());
            self.hash.update(part);
        }
    }

    /// How many records.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The first 16 bytes of SHA-256 over them.
    pub fn digest(self) -> [u8; 16] {
        let whole: [u8; 32] = self.hash.finalize().into();
        whole[..16].try_into().expect("a SHA-256 digest has 32 bytes")
    }
}
