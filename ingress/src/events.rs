//! Settlement's events as everything downstream reads them: committed epochs, whole, in order.
//!
//! In: settlement's journal and the event topics, from where the reader stands. Out: an epoch at a time. What one
//! partition is ahead of the others is bounded: a partition with too much waiting, in records or bytes, is paused.

use crate::assembly::{Assembly, AssemblyError, Record};
use crate::kafka::{self, Follower, ReadError, Reader};
use rdkafka::message::Message;
use schemas::topic::{EPOCH_HEADER, SCHEMA_HEADER, TRACE_HEADER};
use schemas::wire::{Decoder, WireError};
use schemas::{Epoch, EpochEvents, Topic};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

mod held;

/// What ends the source.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// Kafka can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The journal holds what is no entry.
    #[error("an entry of settlement's journal can't be read")]
    Journal(#[from] WireError),
    /// What Kafka holds contradicts the journal.
    #[error("settlement's events contradict its journal")]
    Assembly(#[from] AssemblyError),
    /// The reader has read an epoch that this Kafka does not know.
    #[error("settlement's journal does not hold epoch {0}, which was read from it before: this is another Kafka, or its log was lost")]
    NotHeld(Epoch),
}

/// A partition with this much waiting is paused until half of it is gone, except for what the epoch that is due lacks.
const WAITING_MAX: usize = 16_384;
const WAITING_BYTES_MAX: usize = 8 << 20;

/// Where a reader goes on.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The first epoch that it has not had; zero at the very first start.
    pub epoch: Epoch,
    /// The schemas that the journal had recorded by then; without them, the journal is read from its start.
    pub schemas: Vec<(u32, String)>,
}

impl Start {
    /// The last epoch that the reader has had; none at the very first start.
    fn last(&self) -> Option<Epoch> {
        self.epoch.checked_sub(1)
    }

    fn decoder(&self) -> Result<Decoder, WireError> {
        let mut decoder = Decoder::default();
        self.schemas.iter().try_for_each(|(id, json)| decoder.learn(*id, json))?;
        Ok(decoder)
    }
}

/// The schemas that a reader has learnt so far, for whoever writes down how far it came.
pub type Schemas = Arc<Mutex<BTreeMap<u32, String>>>;

/// A reader of committed epochs.
pub struct Events {
    follower: Follower,
    assembly: Assembly,
    schemas: Schemas,
    journal_from: i64,
    paused: BTreeSet<(Topic, i32)>,
    /// Offset of the last record that the journal held at the start, until it has been read.
    journal_ends: Option<i64>,
    /// The last epoch that the journal held at the start; of use once it has been read that far.
    at_start: Epoch,
    /// The last epoch handed on.
    handed_on: Epoch,
}

impl Events {
    /// Reads every epoch at or after that of `start`. What it costs to start does not depend on what lies before.
    ///
    /// 1. The journal is read from the entry of the last epoch that the reader has had: every schema recorded before
    ///    that entry is among those that it has learnt, and every one after it is read again. Whoever claims settlement
    ///    records schemas by the clock of the day, which need not follow the epochs; an offset found by the epoch before
    ///    does not depend on it.
    /// 2. That entry must be there: Kafka is before everything that was read from it.
    /// 3. The events are read from the first that may be of the first epoch wanted; they must be there too.
    pub fn new(brokers: &str, start: &Start) -> Result<Self, EventsError> {
        let consumer = kafka::patient_consumer(brokers)?;
        // 1. and 2.
        let offset = Self::journal_begins(&consumer, brokers, start)?;
        // 3.
        let journal = Topic::SettlementJournal.as_str();
        let mut offsets = vec![(journal.to_owned(), 0, offset)];
        for topic in Topic::EVENTS {
            for (partition, (low, found)) in kafka::starts_at(&consumer, topic.as_str(), start.epoch)? {
                if low > 0 && found <= low {
                    held::events(brokers, offset, start, (*topic, partition))?;
                }
                offsets.push((topic.as_str().to_owned(), partition, found));
            }
        }
        let events = Self {
            follower: Follower::new(consumer, "settlement's events", offsets)?,
            assembly: Assembly::new(start.epoch, start.decoder()?),
            schemas: Arc::new(Mutex::new(start.schemas.iter().cloned().collect())),
            journal_from: offset,
            paused: BTreeSet::new(),
            journal_ends: kafka::last_offset(brokers, journal, 0)?,
            at_start: 0,
            handed_on: start.epoch.saturating_sub(1),
        };
        Ok(events)
    }

    /// Hands on the leaves of the audit chain as well.
    #[must_use]
    pub fn hashing(mut self) -> Self {
        self.assembly = self.assembly.hashing();
        self
    }

    /// Looks whether this Kafka is before everything that was read from it: the first two steps of [`Events::new`].
    pub fn held_by(brokers: &str, start: &Start) -> Result<(), EventsError> {
        Self::journal_begins(&kafka::consumer(brokers)?, brokers, start).map(drop)
    }

    /// The offset from which the journal is read.
    fn journal_begins(consumer: &Reader, brokers: &str, start: &Start) -> Result<i64, EventsError> {
        let journal = Topic::SettlementJournal.as_str();
        // 1.
        let known = start.last().filter(|_| !start.schemas.is_empty());
        let offset = match known {
            Some(last) => kafka::offsets_at(consumer, journal, last)?.remove(&0),
            None => kafka::watermarks(consumer, journal)?.get(&0).map(|(low, _)| *low),
        };
        let offset = offset.ok_or_else(|| ReadError::NoTopic(journal.to_owned()))?;
        if start.epoch == 0 && offset > 0 {
            // Whoever wants every epoch must have the first; what is left of a journal that was cut is not all.
            return Err(ReadError::StartsLate { topic: journal.to_owned(), partition: 0, low: offset, needed: 0 }.into());
        }
        // 2.
        if let Some(last) = start.last() {
            held::epoch(brokers, offset, start.decoder()?, last)?;
        }
        Ok(offset)
    }

    /// Whether every epoch that was committed when the reader started has been handed on.
    pub const fn caught_up(&self) -> bool {
        self.journal_ends.is_none() && self.handed_on >= self.at_start
    }

    /// How many decisions the ledger keeps, by the newest entry of the journal that was read: that of the last epoch which the
    /// reader had had is the first of them.
    pub const fn pinned(&self) -> u64 {
        self.assembly.pinned()
    }

    /// By which version of the rules the newest epoch of the journal was decided, as far as it was read; zero without one.
    pub const fn rules(&self) -> u32 {
        self.assembly.rules()
    }

    /// The offset of settlement's journal that was read first.
    pub const fn journal_from(&self) -> i64 {
        self.journal_from
    }

    /// What the reader has learnt, now and later.
    pub fn schemas(&self) -> Schemas {
        Arc::clone(&self.schemas)
    }

    /// The next whole epoch, if one comes in time.
    pub fn next(&mut self, wait: Duration) -> Result<Option<EpochEvents>, EventsError> {
        if let Some(epoch) = self.poll()? {
            return Ok(Some(epoch));
        }
        self.resume()?;
        let Some(message) = self.follower.next(wait)? else { return Ok(None) };
        let topic: Topic = message.topic().parse().expect("only topics of ours are assigned");
        let partition = message.partition();
        let value = message.payload().unwrap_or_default();
        if topic == Topic::SettlementJournal {
            match kafka::header(&message, SCHEMA_HEADER) {
                "" => {
                    let entry = self.assembly.decoder().entry(topic, value)?;
                    self.assembly.journal(entry)?;
                }
                id => {
                    self.assembly.decoder().learn_record(id, value)?;
                    let known = self.assembly.decoder().recorded().map(|(id, json)| (id, json.to_owned())).collect();
                    *self.schemas.lock().expect("nothing panics while it holds the schemas") = known;
                }
            }
            if self.journal_ends.is_some_and(|last| message.offset() >= last) {
                self.journal_ends = None;
                self.at_start = self.assembly.last();
            }
        } else {
            let epoch = kafka::header(&message, EPOCH_HEADER).parse().unwrap_or(0);
            let traceparent = kafka::header(&message, TRACE_HEADER).to_owned();
            let key = message.key().unwrap_or_default().to_vec();
            self.assembly.record(topic, partition, Record { epoch, traceparent, key, value: value.to_vec() });
        }
        drop(message);
        if self.is_full(topic, partition, 1) && !self.assembly.lacks(topic, partition) {
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

    /// Whether a `part` of what may wait of a partition waits.
    fn is_full(&self, topic: Topic, partition: i32, part: usize) -> bool {
        self.assembly.waiting(topic, partition) >= WAITING_MAX / part
            || self.assembly.waiting_bytes(topic, partition) >= WAITING_BYTES_MAX / part
    }

    fn pause(&mut self, topic: Topic, partition: i32) -> Result<(), EventsError> {
        if self.paused.insert((topic, partition)) {
            self.follower.pause(topic.as_str(), partition)?;
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<(), EventsError> {
        let is_ready = |(topic, partition): &&(Topic, i32)| self.assembly.lacks(*topic, *partition) || !self.is_full(*topic, *partition, 2);
        let ready: Vec<_> = self.paused.iter().filter(is_ready).copied().collect();
        for (topic, partition) in ready {
            self.paused.remove(&(topic, partition));
            self.follower.resume(topic.as_str(), partition)?;
        }
        Ok(())
    }
}
