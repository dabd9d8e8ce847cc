//! From committed records back to whole epochs. Pure.
//!
//! **Definition.** Kafka shows a transaction partition by partition. An epoch is whole when, for every
//! partition that its commit record names, as many records of that epoch are here as it says, and their digest
//! is the one that it says. Only then is it handed on, and epochs are handed on in order.

use schemas::topic::Topic;
use schemas::wire::{self, Decoder, WireError};
use schemas::{Entry, Epoch, EpochEvents, Output, Records, SealedEpoch};
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

/// Records and commit records, until they make whole epochs.
#[derive(Debug)]
pub struct Assembly {
    /// Epochs before this are not wanted.
    from: Epoch,
    previous: Epoch,
    decoder: Decoder,
    commits: VecDeque<SealedEpoch>,
    records: BTreeMap<(Topic, i32), VecDeque<Record>>,
}

impl Assembly {
    /// Wants every epoch at or after `from`.
    ///
    /// `decoder` knows the schemas that the journal holds; [`Self::decoder`] learns those that it will hold.
    pub fn new(from: Epoch, decoder: Decoder) -> Self {
        Self { from, previous: 0, decoder, commits: VecDeque::new(), records: BTreeMap::new() }
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
                    self.previous = found;
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

    /// The next record of a partition. One without an epoch is not settlement's, whoever wrote it.
    pub fn record(&mut self, topic: Topic, partition: i32, record: Record) {
        if record.epoch >= self.from.max(1) {
            self.records.entry((topic, partition)).or_default().push_back(record);
        }
    }

    /// How many records of a partition wait; of the journal, how many epochs.
    pub fn waiting(&self, topic: Topic, partition: i32) -> usize {
        match topic {
            Topic::SettlementJournal => self.commits.len(),
            _ => self.records.get(&(topic, partition)).map_or(0, VecDeque::len),
        }
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
            // A partition is in the order of epochs: where its last record is here, all of them are. This is asked for
            // every record that comes, so it must not count them.
            let records = self.records.get(&(*topic, output.partition));
            let last = usize::try_from(output.count).unwrap_or(usize::MAX).saturating_sub(1);
            if records.and_then(|records| records.get(last)).is_none_or(|record| record.epoch > epoch) {
                return Ok(None);
            }
        }
        let mut events = Vec::new();
        for (topic, output) in &ours {
            let records = self.records.get_mut(&(*topic, output.partition)).expect("counted above");
            take(&self.decoder, *topic, output, epoch, records, &mut events)?;
        }
        let sealed = self.commits.pop_front().expect("looked at above");
        // Partitions came in any order; the events' ids restore the one in which the bank decided.
        events.sort_unstable_by_key(|event: &schemas::Event| event.id);
        Ok(Some(EpochEvents { binding: sealed.binding, events }))
    }
}

/// Takes an epoch's records of one partition, and checks that they are those that were committed.
fn take(
    decoder: &Decoder,
    topic: Topic,
    output: &Output,
    epoch: Epoch,
    records: &mut VecDeque<Record>,
    events: &mut Vec<schemas::Event>,
) -> Result<(), AssemblyError> {
    let mut digest = Records::default();
    for _ in 0..output.count {
        let record = records.pop_front().expect("counted above");
        if record.epoch != epoch {
            return Err(AssemblyError::Unexpected {
                topic: topic.to_string(),
                partition: output.partition,
                found: record.epoch,
                expected: epoch,
            });
        }
        digest.add(&record.key, wire::datum(&record.value)?.1);
        events.push(decoder.event(topic, &record.value, &record.traceparent)?);
    }
    if digest.digest() != output.digest {
        return Err(AssemblyError::Digest { topic: topic.to_string(), partition: output.partition, epoch });
    }
    match records.front() {
        Some(next) if next.epoch <= epoch => {
            Err(AssemblyError::Unexpected { topic: topic.to_string(), partition: output.partition, found: next.epoch, expected: epoch + 1 })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
