//! From committed records back to whole epochs. Pure.
//!
//! **Definition.** Kafka shows a transaction partition by partition. An epoch is whole when, for every
//! partition that its commit record names, as many records of that epoch are here as it says, and their digest
//! is the one that it says. Only then is it handed on, and epochs are handed on in order.

use schemas::topic::Topic;
use schemas::wire::{self, Decoder, WireError};
use schemas::{Entry, Epoch, EpochEvents, Event, Output, Records, SealedEpoch, audit};
use std::collections::{BTreeMap, VecDeque};

/// What contradicts the journal.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// A record can't be read.
    #[error("a committed record can't be read")]
    Wire(#[from] WireError),
    /// More records than the journal says.
    #[error("{topic} partition {partition} holds a record of epoch {found} where epoch {expected} is due")]
    Unexpected {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Its epoch.
        found: Epoch,
        /// The epoch due.
        expected: Epoch,
    },
    /// Other records than the journal says.
    #[error("{topic} partition {partition} does not match the digest of epoch {epoch}")]
    Digest {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The epoch.
        epoch: Epoch,
    },
    /// Records that the journal names are not there any more.
    #[error("{topic} partition {partition} does not hold the records of epoch {epoch} any more: they were deleted")]
    Gone {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The epoch.
        epoch: Epoch,
    },
    /// The journal goes back.
    #[error("the journal holds epoch {found} after epoch {previous}")]
    Disorder {
        /// The epoch found.
        found: Epoch,
        /// The epoch before it.
        previous: Epoch,
    },
}

/// A committed record as it stands in Kafka.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its epoch, from its header; zero without one.
    pub epoch: Epoch,
    /// Its trace context, from its header.
    pub traceparent: String,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

impl Record {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.traceparent.len() + self.key.len() + self.value.len()
    }
}

/// Records of a partition, and what they take.
#[derive(Debug, Default)]
struct Waiting {
    records: VecDeque<Record>,
    bytes: usize,
}

impl Waiting {
    fn push(&mut self, record: Record) {
        self.bytes += record.bytes();
        self.records.push_back(record);
    }

    fn pop(&mut self) -> Option<Record> {
        let record = self.records.pop_front()?;
        self.bytes -= record.bytes();
        Some(record)
    }

    /// Whether an output of the epoch that is due is here, whole. A partition is in the order of epochs, so where its last
    /// record is, all of them are. This is asked for every record that comes: it must not count them.
    fn holds(&self, output: &Output, epoch: Epoch) -> bool {
        let last = usize::try_from(output.count).unwrap_or(usize::MAX).saturating_sub(1);
        self.records.get(last).is_some_and(|record| record.epoch <= epoch)
    }
}

/// Records and commit records, until they make whole epochs.
#[derive(Debug)]
pub struct Assembly {
    /// Epochs before this are not wanted.
    from: Epoch,
    previous: Epoch,
    pinned: u64,
    rules: u32,
    /// Whether what is handed on has the leaves of its events.
    hashes: bool,
    decoder: Decoder,
    commits: VecDeque<SealedEpoch>,
    records: BTreeMap<(Topic, i32), Waiting>,
}

impl Assembly {
    /// Wants every epoch at or after `from`.
    ///
    /// `decoder` knows the schemas that the journal holds; [`Self::decoder`] learns those that it will hold.
    pub fn new(from: Epoch, decoder: Decoder) -> Self {
        Self { from, previous: 0, pinned: 0, rules: 0, hashes: false, decoder, commits: VecDeque::new(), records: BTreeMap::new() }
    }

    /// Hands on the leaves of the audit chain as well, hashed from the bytes that Kafka holds.
    #[must_use]
    pub const fn hashing(mut self) -> Self {
        self.hashes = true;
        self
    }

    /// What the journal's schema records and entries are read with.
    pub const fn decoder(&mut self) -> &mut Decoder {
        &mut self.decoder
    }

    /// The next journal entry.
    pub fn journal(&mut self, entry: Entry) -> Result<(), AssemblyError> {
        match entry {
            Entry::Claim(_) => {}
            Entry::Commit(commit) => {
                for sealed in commit.epochs {
                    let (found, previous) = (sealed.binding.epoch, self.previous);
                    if found <= previous {
                        return Err(AssemblyError::Disorder { found, previous });
                    }
                    (self.previous, self.pinned, self.rules) = (found, sealed.pinned, sealed.binding.code_version);
                    if found >= self.from {
                        self.commits.push_back(sealed);
                    }
                }
            }
        }
        Ok(())
    }

    /// The last epoch that the journal holds.
    pub const fn last(&self) -> Epoch {
        self.previous
    }

    /// How many decisions the ledger kept at the last epoch that the journal holds.
    pub const fn pinned(&self) -> u64 {
        self.pinned
    }

    /// By which version of the rules the last epoch that the journal holds was decided; zero without one.
    pub const fn rules(&self) -> u32 {
        self.rules
    }

    /// The next record of a partition. One without an epoch is not settlement's, whoever wrote it.
    pub fn record(&mut self, topic: Topic, partition: i32, record: Record) {
        if record.epoch >= self.from.max(1) {
            self.records.entry((topic, partition)).or_default().push(record);
        }
    }

    /// How many records of a partition wait; of the journal, how many epochs.
    pub fn waiting(&self, topic: Topic, partition: i32) -> usize {
        match topic {
            Topic::SettlementJournal => self.commits.len(),
            _ => self.records.get(&(topic, partition)).map_or(0, |waiting| waiting.records.len()),
        }
    }

    /// How many bytes the records of a partition take that wait.
    pub fn waiting_bytes(&self, topic: Topic, partition: i32) -> usize {
        self.records.get(&(topic, partition)).map_or(0, |waiting| waiting.bytes)
    }

    /// Whether the epoch that is due needs more records of a partition: then nothing else can make it whole.
    pub fn lacks(&self, topic: Topic, partition: i32) -> bool {
        let Some(sealed) = self.commits.front() else { return false };
        let due = sealed.outputs.iter().find(|output| output.topic == topic.as_str() && output.partition == partition);
        let waiting = self.records.get(&(topic, partition));
        due.is_some_and(|output| !waiting.is_some_and(|waiting| waiting.holds(output, sealed.binding.epoch)))
    }

    /// The next epoch, if it is whole.
    pub fn poll(&mut self) -> Result<Option<EpochEvents>, AssemblyError> {
        let Some(sealed) = self.commits.front() else { return Ok(None) };
        let ours: Vec<(Topic, &Output)> = sealed
            .outputs
            .iter()
            .filter_map(|output| {
                output.topic.parse::<Topic>().ok().filter(|topic| Topic::EVENTS.contains(topic)).map(|topic| (topic, output))
            })
            .collect();
        let epoch = sealed.binding.epoch;
        for (topic, output) in &ours {
            let waiting = self.records.get(&(*topic, output.partition));
            if !waiting.is_some_and(|waiting| waiting.holds(output, epoch)) {
                // What is not before a later one is nowhere.
                return match waiting.and_then(|waiting| waiting.records.back()) {
                    Some(newest) if newest.epoch > epoch => {
                        Err(AssemblyError::Gone { topic: topic.to_string(), partition: output.partition, epoch })
                    }
                    _ => Ok(None),
                };
            }
        }
        let (mut events, mut hashed) = (Vec::new(), Vec::new());
        for (topic, output) in &ours {
            let waiting = self.records.get_mut(&(*topic, output.partition)).expect("counted above");
            take(&self.decoder, *topic, output, epoch, waiting, |event, record, datum| {
                if self.hashes {
                    hashed.push((event.id, audit::leaf(topic.as_str(), &record.key, datum)));
                }
                events.push(event);
            })?;
        }
        let sealed = self.commits.pop_front().expect("looked at above");
        // Partitions came in any order; the events' ids restore the one in which the bank decided.
        events.sort_unstable_by_key(|event: &Event| event.id);
        hashed.sort_unstable_by_key(|(id, _)| *id);
        let leaves = hashed.into_iter().map(|(_, leaf)| leaf).collect();
        Ok(Some(EpochEvents { binding: sealed.binding, events, waited: sealed.waited, leaves }))
    }
}

/// Takes an epoch's records of one partition, and checks that they are those that were committed.
fn take(
    decoder: &Decoder,
    topic: Topic,
    output: &Output,
    epoch: Epoch,
    waiting: &mut Waiting,
    mut each: impl FnMut(Event, &Record, &[u8]),
) -> Result<(), AssemblyError> {
    let mut digest = Records::default();
    for _ in 0..output.count {
        let record = waiting.pop().expect("counted above");
        if record.epoch != epoch {
            return Err(AssemblyError::Unexpected {
                topic: topic.to_string(),
                partition: output.partition,
                found: record.epoch,
                expected: epoch,
            });
        }
        let (_, datum) = wire::datum(&record.value)?;
        digest.add(&record.key, datum);
        each(decoder.event(topic, &record.value, &record.traceparent)?, &record, datum);
    }
    if digest.digest() != output.digest {
        return Err(AssemblyError::Digest { topic: topic.to_string(), partition: output.partition, epoch });
    }
    match waiting.records.front() {
        Some(next) if next.epoch <= epoch => {
            Err(AssemblyError::Unexpected { topic: topic.to_string(), partition: output.partition, found: next.epoch, expected: epoch + 1 })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
