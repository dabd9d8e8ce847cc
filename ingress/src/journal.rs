//! A cell's journal, read whole: which generations there were, and what they sealed.

use crate::kafka::{self, ReadError};
use rdkafka::message::Message;
use schemas::topic::SCHEMA_HEADER;
use schemas::wire::{Decoder, WireError};
use schemas::{Entry, Topic};

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

/// A whole journal.
#[derive(Debug, Default)]
pub struct Journal {
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// The schemas that it records.
    pub decoder: Decoder,
    /// The offset after it.
    pub end: i64,
}

impl Journal {
    /// The newest generation; zero if nobody has claimed the cell yet.
    pub fn generation(&self) -> u64 {
        self.entries.iter().map(Entry::generation).max().unwrap_or(0)
    }
}

/// Reads a journal up to its present end.
pub fn read(brokers: &str, topic: Topic) -> Result<Journal, JournalError> {
    let mut journal = Journal::default();
    let Journal { entries, decoder, .. } = &mut journal;
    let end = kafka::read_all(brokers, topic.as_str(), 0, |message| {
        let value = message.payload().unwrap_or_default();
        match kafka::header(message, SCHEMA_HEADER) {
            "" => entries.push(decoder.entry(topic, value)?),
            id => decoder.learn_record(id, value)?,
        }
        Ok::<(), JournalError>(())
    })?;
    journal.end = end;
    Ok(journal)
}
