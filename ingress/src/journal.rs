//! A cell's journal: which generations there were, and what they sealed.

use crate::kafka::{self, ReadError};
use rdkafka::message::Message;
use schemas::topic::SCHEMA_HEADER;
use schemas::wire::{Decoder, WireError};
use schemas::{Entry, Epoch, SealedEpoch, Topic};
use std::ops::ControlFlow;

/// A journal that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Kafka can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry can't be decoded.
    #[error("an entry of the journal can't be read")]
    Wire(#[from] WireError),
}

/// A journal, or its later part.
#[derive(Debug, Default)]
pub struct Journal {
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// The schemas that it records.
    pub decoder: Decoder,
    /// The first offset that Kafka still has of it: above 0 if older entries were deleted.
    pub start: i64,
}

impl Journal {
    /// The newest generation; zero if nobody has claimed the cell yet.
    pub fn generation(&self) -> u64 {
        self.entries.iter().map(Entry::generation).max().unwrap_or(0)
    }

    /// The first epoch that it commits.
    pub fn first(&self) -> Option<Epoch> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Claim(_) => None,
            Entry::Commit(commit) => commit.epochs.first().map(|sealed| sealed.binding.epoch),
        })
    }

    /// Every epoch that it commits, in order.
    pub fn into_sealed(self) -> impl Iterator<Item = SealedEpoch> {
        self.entries.into_iter().flat_map(|entry| match entry {
            Entry::Claim(_) => Vec::new(),
            Entry::Commit(commit) => commit.epochs,
        })
    }

    /// Whether it commits this epoch as this generation minted it.
    pub fn commits(&self, epoch: Epoch, generation: u64) -> bool {
        self.entries.iter().any(|entry| match entry {
            Entry::Claim(_) => false,
            Entry::Commit(commit) => {
                commit.epochs.iter().any(|sealed| (sealed.binding.epoch, sealed.binding.generation) == (epoch, generation))
            }
        })
    }
}

/// Reads a whole journal, up to its present end.
pub fn read(brokers: &str, topic: Topic) -> Result<Journal, JournalError> {
    read_on(brokers, topic, None, Decoder::default())
}

/// Reads a journal from the entry that commits an epoch, or from a little earlier; with a decoder that knows the
/// schemas that were recorded before.
pub fn read_from(brokers: &str, topic: Topic, epoch: Epoch, decoder: Decoder) -> Result<Journal, JournalError> {
    read_on(brokers, topic, Some(epoch), decoder)
}

fn read_on(brokers: &str, topic: Topic, from: Option<Epoch>, decoder: Decoder) -> Result<Journal, JournalError> {
    let consumer = kafka::consumer(brokers)?;
    let (start, _) = kafka::ends(&consumer, topic.as_str(), 0)?;
    let mut journal = Journal { decoder, start, ..Journal::default() };
    let Journal { entries, decoder, .. } = &mut journal;
    let first = match from {
        Some(epoch) => kafka::offsets_at(&consumer, topic.as_str(), epoch)?.get(&0).copied().unwrap_or(0),
        None => 0,
    };
    kafka::read_from(brokers, topic.as_str(), 0, first, |message| {
        let value = message.payload().unwrap_or_default();
        match kafka::header(message, SCHEMA_HEADER) {
            "" => entries.push(decoder.entry(topic, value)?),
            id => decoder.learn_record(id, value)?,
        }
        Ok::<_, JournalError>(ControlFlow::Continue(()))
    })?;
    Ok(journal)
}
