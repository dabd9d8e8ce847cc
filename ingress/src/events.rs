//! Settlement's events as everything downstream reads them: committed epochs, whole, in order.
//!
//! In: settlement's journal and the event topics. Out: an epoch at a time. What one partition is ahead of the
//! others is bounded: a partition with too much waiting is paused.

use crate::assembly::{Assembly, AssemblyError, Record};
use crate::journal::{self, JournalError};
use crate::kafka::{self, ReadError};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use schemas::topic::{EPOCH_HEADER, SCHEMA_HEADER, TRACE_HEADER};
use schemas::{Epoch, EpochEvents, Topic};
use std::collections::BTreeSet;
use std::time::Duration;

/// What ends the source.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// Kafka can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The journal can't be read.
    #[error("can't read settlement's journal")]
    Journal(#[from] JournalError),
    /// What Kafka holds contradicts the journal.
    #[error("settlement's events contradict its journal")]
    Assembly(#[from] AssemblyError),
}

/// A partition with this much waiting is paused until half of it is gone. More than an epoch ever holds.
const WAITING_MAX: usize = 65_536;

/// A reader of committed epochs.
pub struct Events {
    consumer: BaseConsumer,
    assembly: Assembly,
    paused: BTreeSet<(Topic, i32)>,
    /// The last epoch that the journal held at the start.
    at_start: Epoch,
    /// The last epoch handed on.
    handed_on: Epoch,
}

impl Events {
    /// Reads every epoch at or after `from`.
    pub fn new(brokers: &str, from: Epoch) -> Result<Self, EventsError> {
        let topic = Topic::SettlementJournal;
        // The journal is read from its start: it holds the schemas of everything that follows.
        let journal = journal::read(brokers, topic)?;
        let mut assembly = Assembly::new(from, journal.decoder);
        journal.entries.into_iter().try_for_each(|entry| assembly.journal(entry))?;

        let consumer = kafka::consumer(brokers)?;
        let mut offsets = vec![(topic.as_str().to_owned(), 0, journal.end)];
        for topic in Topic::EVENTS {
            for (partition, offset) in kafka::offsets_at(&consumer, topic.as_str(), from)? {
                offsets.push((topic.as_str().to_owned(), partition, offset));
            }
        }
        kafka::assign(&consumer, &offsets)?;
        let at_start = assembly.last();
        Ok(Self { consumer, assembly, paused: BTreeSet::new(), at_start, handed_on: from.saturating_sub(1) })
    }

    /// Whether every epoch that was committed when the reader started has been handed on.
    pub const fn caught_up(&self) -> bool {
        self.handed_on >= self.at_start
    }

    /// The next whole epoch, if one comes in time.
    pub fn next(&mut self, wait: Duration) -> Result<Option<EpochEvents>, EventsError> {
        if let Some(epoch) = self.poll()? {
            return Ok(Some(epoch));
        }
        self.resume()?;
        let Some(message) = kafka::next(&self.consumer, "settlement's events", wait)? else { return Ok(None) };
        let topic: Topic = message.topic().parse().expect("only topics of ours are assigned");
        let partition = message.partition();
        let value = message.payload().unwrap_or_default();
        if topic == Topic::SettlementJournal {
            match kafka::header(&message, SCHEMA_HEADER) {
                "" => {
                    let entry = self.assembly.decoder().entry(topic, value).map_err(AssemblyError::Wire)?;
                    self.assembly.journal(entry)?;
                }
                id => self.assembly.decoder().learn_record(id, value).map_err(AssemblyError::Wire)?,
            }
        } else {
            let epoch = kafka::header(&message, EPOCH_HEADER).parse().unwrap_or(0);
            let traceparent = kafka::header(&message, TRACE_HEADER).to_owned();
            let key = message.key().unwrap_or_default().to_vec();
            self.assembly.record(topic, partition, Record { epoch, traceparent, key, value: value.to_vec() });
        }
        drop(message);
        if self.assembly.waiting(topic, partition) >= WAITING_MAX {
            self.pause(topic, partition)?;
        }
        self.poll()
    }

    fn poll(&mut self) -> Result<Option<EpochEvents>, EventsError> {
        let epoch = self.assembly.poll()?;
        if let Some(epoch) = &epoch {
            self.handed_on = epoch.epoch();
        }
        Ok(epoch)
    }

    fn pause(&mut self, topic: Topic, partition: i32) -> Result<(), EventsError> {
        if self.paused.insert((topic, partition)) {
            self.consumer.pause(&list(topic, partition)).map_err(|source| failed(topic, source))?;
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<(), EventsError> {
        let ready: Vec<_> =
            self.paused.iter().filter(|(topic, partition)| self.assembly.waiting(*topic, *partition) < WAITING_MAX / 2).copied().collect();
        for (topic, partition) in ready {
            self.paused.remove(&(topic, partition));
            self.consumer.resume(&list(topic, partition)).map_err(|source| failed(topic, source))?;
        }
        Ok(())
    }
}

fn list(topic: Topic, partition: i32) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic.as_str(), partition);
    list
}

fn failed(topic: Topic, source: rdkafka::error::KafkaError) -> EventsError {
    EventsError::Read(ReadError::Kafka { topic: topic.to_string(), source })
}
