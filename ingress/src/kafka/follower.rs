//! A reader that goes on for good: where Kafka comes back, so does it.
//!
//! In: partitions and where each begins. Out: their records, each once and in order. Never: an end.
//!
//! The client connects again by itself. But a partition may then wait for an answer that was lost with the connection, and hear nothing
//! any more, while the others go on (librdkafka, issue 4492; settlement met it after Kafka had stood still for three seconds, and decided
//! nothing for as long as it ran). So when a connection was lost and Kafka answers again, everything is assigned anew from where it was
//! read to; and once more a little later, since the first time may still fall into the disturbance.

use super::{ReadError, Reader, assign, is_passing};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Offset, TopicPartitionList};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Between two looks whether Kafka answers, and the longest that one takes.
const LOOK: Duration = Duration::from_secs(1);
/// When everything is assigned again for the last time, after it was the first time.
const ONCE_MORE: Duration = Duration::from_secs(5);

/// A reader that goes on for good.
pub(crate) struct Follower {
    reader: Reader,
    /// What is read, for whoever reads about it.
    what: &'static str,
    /// Each partition, and from where on it was assigned last.
    assigned: RefCell<Vec<(String, i32, i64)>>,
    paused: RefCell<BTreeSet<(String, i32)>>,
    lost: Cell<Option<Lost>>,
}

/// A connection was lost, and not everything was assigned again yet.
#[derive(Clone, Copy)]
struct Lost {
    look_at: Instant,
    /// Whether it was assigned once.
    once: bool,
}

impl Follower {
    /// Reads partitions from their offsets on.
    pub(crate) fn new(reader: Reader, what: &'static str, offsets: Vec<(String, i32, i64)>) -> Result<Self, ReadError> {
        assign(&reader, &offsets)?;
        Ok(Self { reader, what, assigned: RefCell::new(offsets), paused: RefCell::default(), lost: Cell::new(None) })
    }

    /// The next record, if one comes in time. What the client retries by itself is no error.
    pub(crate) fn next(&self, wait: Duration) -> Result<Option<BorrowedMessage<'_>>, ReadError> {
        if let Some(lost) = self.lost.get().filter(|lost| lost.look_at <= Instant::now()) {
            self.lost.set(self.look(lost)?);
        }
        match self.reader.poll(wait) {
            None | Some(Err(KafkaError::PartitionEOF(_))) => Ok(None),
            Some(Ok(message)) => Ok(Some(message)),
            Some(Err(source)) if is_passing(&source) => {
                tracing::warn!(topic = self.what, error = %source, "reading from kafka is interrupted");
                self.lost.set(Some(Lost { look_at: Instant::now() + LOOK, once: false }));
                Ok(None)
            }
            Some(Err(source)) => Err(self.failed(source)),
        }
    }

    /// Reads no more of a partition for now.
    pub(crate) fn pause(&self, topic: &str, partition: i32) -> Result<(), ReadError> {
        if self.paused.borrow_mut().insert((topic.to_owned(), partition)) {
            self.reader.pause(&list([(topic, partition)])).map_err(|source| self.failed(source))?;
        }
        Ok(())
    }

    /// Reads it again.
    pub(crate) fn resume(&self, topic: &str, partition: i32) -> Result<(), ReadError> {
        if self.paused.borrow_mut().remove(&(topic.to_owned(), partition)) {
            self.reader.resume(&list([(topic, partition)])).map_err(|source| self.failed(source))?;
        }
        Ok(())
    }

    /// Assigns everything again if Kafka answers; when to look next, if again.
    fn look(&self, lost: Lost) -> Result<Option<Lost>, ReadError> {
        let answers = match self.assigned.borrow().first() {
            Some((topic, partition, _)) => self.reader.fetch_watermarks(topic, *partition, LOOK).is_ok(),
            None => return Ok(None),
        };
        if !answers {
            return Ok(Some(Lost { look_at: Instant::now() + LOOK, once: false }));
        }
        self.assign_again()?;
        tracing::info!(topic = self.what, "kafka answers again, and reading goes on from where it was");
        Ok((!lost.once).then(|| Lost { look_at: Instant::now() + ONCE_MORE, once: true }))
    }

    /// What the client has fetched and nobody has taken yet is fetched again.
    fn assign_again(&self) -> Result<(), ReadError> {
        let positions = self.reader.position().map_err(|source| self.failed(source))?;
        let mut assigned = self.assigned.borrow_mut();
        for (topic, partition, from) in assigned.iter_mut() {
            // None before the first record was taken.
            if let Some(Offset::Offset(next)) = positions.find_partition(topic, *partition).map(|found| found.offset()) {
                *from = next;
            }
        }
        assign(&self.reader, &assigned)?;
        // An assignment forgets what was paused.
        let paused = self.paused.borrow();
        if !paused.is_empty() {
            let paused = list(paused.iter().map(|(topic, partition)| (topic.as_str(), *partition)));
            self.reader.pause(&paused).map_err(|source| self.failed(source))?;
        }
        Ok(())
    }

    fn failed(&self, source: KafkaError) -> ReadError {
        ReadError::Kafka { topic: self.what.to_owned(), source }
    }
}

fn list<'a>(partitions: impl IntoIterator<Item = (&'a str, i32)>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (topic, partition) in partitions {
        list.add_partition(topic, partition);
    }
    list
}
