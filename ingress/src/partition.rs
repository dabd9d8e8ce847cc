//! One partition, record by record, from an offset to the end that it has at the start: only what was committed.
//!
//! For tools that read what there is and then stop. Nothing is skipped and nothing interpreted: an aborted record
//! and Kafka's own markers are no records, so offsets have gaps.

use crate::kafka::{self, ReadError, Reader, UP_TO_ENDS};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use schemas::Stored;
use schemas::stored::StoredHeader;
use std::time::{Duration, Instant};

/// Where a reader stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At the last stable offset: the first open transaction hides what follows it.
    Stable,
    /// Behind everything that was written by now, once every transaction among it has ended.
    Decided,
}

/// How long Kafka may be silent before a reader gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// What waits in the client. A tool reads a dozen partitions side by side.
const QUEUED_MAX_KBYTES: &str = "8192";

/// A reader of a partition.
pub struct Partition {
    consumer: Reader,
    topic: String,
    low: i64,
    next: i64,
    end: i64,
}

/// Kafka, as far as it is asked where partitions end.
pub struct Ends {
    brokers: String,
    stable: Reader,
    written: Reader,
}

impl Ends {
    /// Connects.
    pub fn connect(brokers: &str) -> Result<Self, ReadError> {
        let written = kafka::build(brokers, &[("isolation.level", "read_uncommitted")])?;
        Ok(Self { brokers: brokers.to_owned(), stable: kafka::consumer(brokers)?, written })
    }

    /// First and exclusive last offset of all that was ever written to a partition.
    pub fn marks(&self, topic: &str, partition: i32) -> Result<(i64, i64), ReadError> {
        kafka::ends(&self.written, topic, partition)
    }

    /// An offset of a partition before which no committed record is of `epoch` or later.
    pub fn offset_at(&self, topic: &str, partition: i32, epoch: u64) -> Result<i64, ReadError> {
        kafka::offsets_at(&self.stable, topic, epoch)?.remove(&partition).ok_or_else(|| ReadError::NoTopic(topic.to_owned()))
    }

    /// Reads a partition from `from`, or from its first record where it starts later or none is given.
    pub fn open(&self, topic: &str, partition: i32, from: Option<i64>, until: Until) -> Result<Partition, ReadError> {
        let (low, high) = kafka::ends(&self.written, topic, partition)?;
        let stable = || kafka::ends(&self.stable, topic, partition).map(|(_, stable)| stable);
        let end = match until {
            Until::Stable => stable()?,
            Until::Decided => {
                // Kafka decides for a writer that died, when its transaction has timed out.
                while stable()? < high {
                    std::thread::sleep(Duration::from_millis(10));
                }
                high
            }
        };
        let changes = [&UP_TO_ENDS[..], &[("queued.max.messages.kbytes", QUEUED_MAX_KBYTES)]].concat();
        let consumer = kafka::build(&self.brokers, &changes)?;
        let next = from.unwrap_or(low).max(low);
        kafka::assign(&consumer, &[(topic.to_owned(), partition, next)])?;
        Ok(Partition { consumer, topic: topic.to_owned(), low, next, end })
    }
}

impl Partition {
    /// The first offset that the partition still has.
    pub const fn low(&self) -> i64 {
        self.low
    }

    /// The exclusive end of what is read.
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// The next record; none at the end.
    pub fn read(&mut self) -> Result<Option<Stored>, ReadError> {
        let mut heard = Instant::now();
        while self.next < self.end {
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    self.next = message.offset() + 1;
                    // What came after the end was set is not part of it.
                    if self.next <= self.end {
                        return Ok(Some(stored(&message)));
                    }
                }
                // Nothing but markers is left before the end, and the client skips those by itself.
                Some(Err(KafkaError::PartitionEOF(_))) => self.next = self.end,
                Some(Err(source)) if !kafka::is_passing(&source) => return Err(ReadError::Kafka { topic: self.topic.clone(), source }),
                Some(Err(_)) | None => {
                    if heard.elapsed() > PATIENCE {
                        return Err(ReadError::Silent { topic: self.topic.clone(), seconds: PATIENCE.as_secs() });
                    }
                    continue;
                }
            }
            heard = Instant::now();
        }
        Ok(None)
    }
}

impl Iterator for Partition {
    type Item = Result<Stored, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn stored(message: &BorrowedMessage<'_>) -> Stored {
    let bytes = |bytes: &[u8]| serde_bytes::ByteBuf::from(bytes.to_vec());
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    Stored {
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key().map(bytes),
        value: message.payload().map(bytes),
        headers: headers.map(|header| StoredHeader { name: header.key.to_owned(), value: header.value.map(bytes) }).collect(),
    }
}
