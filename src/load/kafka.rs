//! Reading the bank's topics: only what is committed, with the schemas that the journal recorded.

use super::trouble::Trouble;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use schemas::Event;
use schemas::topic::{FILLER, SCHEMA_HEADER, TRACE_HEADER, Topic};
use schemas::wire::{Decoder, WireError};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long the brokers may be away, and how long a read may stand still.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one question to the brokers may take.
const QUESTION: Duration = Duration::from_secs(10);

/// The bank's topics at some brokers.
#[derive(Clone)]
pub(super) struct Topics {
    /// As configured.
    pub brokers: String,
}

/// From where and to where a partition is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Partition.
    pub partition: i32,
    /// The first offset that is still there.
    pub low: i64,
    /// One past the last.
    pub high: i64,
}

impl Topics {
    /// A consumer that reads what it is assigned and belongs to no group.
    pub(super) fn consumer(&self) -> Result<BaseConsumer, Trouble> {
        ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", "orion-load")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            // What waits in the client has a bound, and an empty or failed fetch is tried again at once.
            .set("queued.max.messages.kbytes", "32768")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.error.backoff.ms", "10")
            .set("fetch.queue.backoff.ms", "5")
            // A broker that was killed is looked for again at once.
            .set("reconnect.backoff.max.ms", "500")
            .create()
            .map_err(|error| self.trouble(&error))
    }

    /// Whether the brokers are there, asked once.
    pub(super) fn answer(&self) -> Result<(), Trouble> {
        extents(&self.consumer()?, Topic::SettlementJournal.as_str()).map(drop).map_err(|error| self.trouble(&error))
    }

    /// The partitions of a topic and what they hold; a broker that is just starting again is waited for.
    pub(super) fn extents(&self, consumer: &BaseConsumer, topic: Topic) -> Result<Vec<Extent>, Trouble> {
        let start = Instant::now();
        loop {
            match extents(consumer, topic.as_str()) {
                Ok(extents) if !extents.is_empty() => return Ok(extents),
                Ok(_) if start.elapsed() > PATIENCE => return Err(self.trouble(&format!("there is no topic {topic}"))),
                Err(error) if start.elapsed() > PATIENCE => return Err(self.trouble(&error)),
                Ok(_) | Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    /// Assigns partitions from an offset of each.
    pub(super) fn assign(
        &self,
        consumer: &BaseConsumer,
        topic: Topic,
        extents: &[Extent],
        from: fn(&Extent) -> i64,
    ) -> Result<(), Trouble> {
        let mut list = TopicPartitionList::new();
        for extent in extents {
            list.add_partition_offset(topic.as_str(), extent.partition, Offset::Offset(from(extent)))
                .map_err(|error| self.trouble(&error))?;
        }
        consumer.assign(&list).map_err(|error| self.trouble(&error))
    }

    /// Reads a topic from its first record to its last, once.
    pub(super) fn read(
        &self,
        topic: Topic,
        mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Trouble>,
    ) -> Result<Vec<Extent>, Trouble> {
        let consumer = self.consumer()?;
        let extents = self.extents(&consumer, topic)?;
        self.assign(&consumer, topic, &extents, |extent| extent.low)?;
        let mut open: BTreeSet<i32> = extents.iter().map(|extent| extent.partition).collect();
        let mut heard = Instant::now();
        while !open.is_empty() {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    if !is_filler(&message) {
                        each(&message)?;
                    }
                    heard = Instant::now();
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.remove(&partition);
                    heard = Instant::now();
                }
                // The client reconnects by itself; only a long silence is an end.
                Some(Err(error)) if heard.elapsed() > PATIENCE => return Err(self.trouble(&error)),
                None if heard.elapsed() > PATIENCE => return Err(self.trouble(&format!("{topic} stands still"))),
                Some(Err(_)) | None => {}
            }
        }
        Ok(extents)
    }

    /// A decoder that knows every schema in use: the journal records each before its first use.
    pub(super) fn decoder(&self) -> Result<Decoder, Trouble> {
        let mut decoder = Decoder::default();
        let topic = Topic::SettlementJournal;
        self.read(topic, |message| {
            let id = header(message, SCHEMA_HEADER);
            if id.is_empty() {
                return Ok(());
            }
            let learnt = decoder.learn_record(id, message.payload().unwrap_or_default());
            learnt.map_err(|error| Trouble::Record { topic, reason: error.to_string() })
        })?;
        Ok(decoder)
    }

    /// The event in a record. A schema that is not known yet was recorded since, so the journal is read again.
    pub(super) fn event(&self, decoder: &mut Decoder, topic: Topic, message: &BorrowedMessage<'_>) -> Result<Event, Trouble> {
        let payload = message.payload().unwrap_or_default();
        let trace = header(message, TRACE_HEADER);
        let decoded = match decoder.event(topic, payload, trace) {
            Err(WireError::UnknownSchema(_)) => {
                *decoder = self.decoder()?;
                decoder.event(topic, payload, trace)
            }
            decoded => decoded,
        };
        decoded.map_err(|error| Trouble::Record { topic, reason: error.to_string() })
    }

    fn trouble(&self, reason: &dyn std::fmt::Display) -> Trouble {
        Trouble::Kafka { brokers: self.brokers.clone(), reason: reason.to_string() }
    }
}

fn extents(consumer: &BaseConsumer, topic: &str) -> Result<Vec<Extent>, KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), QUESTION)?;
    let extent = |partition: i32| {
        let (low, high) = consumer.fetch_watermarks(topic, partition, QUESTION)?;
        Ok(Extent { partition, low, high })
    };
    metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|partition| extent(partition.id())).collect()
}

/// Whether it is a record that says nothing.
pub(super) fn is_filler(message: &BorrowedMessage<'_>) -> bool {
    message.key() == Some(FILLER.as_bytes()) && message.payload().is_none_or(<[u8]>::is_empty)
}

/// The text of a header; empty if there is none.
fn header<'a>(message: &'a BorrowedMessage<'_>, key: &str) -> &'a str {
    let header = message.headers().and_then(|headers| headers.iter().find(|header| header.key == key));
    header.and_then(|header| header.value).and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
}
