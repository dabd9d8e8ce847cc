//! Records back into Kafka, as they were: key, value, headers, time stamp, order, and where it matters their offset.
//!
//! Kafka gives offsets itself, one after the other, and what was taken back or was Kafka's own has left gaps. A gap is
//! made again by what makes one:
//! - of one offset: the record before it goes in a transaction of its own, whose marker takes the offset;
//! - of n > 1: a transaction of n - 1 records that is aborted, and its marker.
//!
//! Every delivery is compared with the offset that is due, so a log that comes out differently is never a whole one.

use super::RestoreError;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, NoCustomPartitioner, Producer, ProducerContext, ThreadedProducer};
use rdkafka::util::Timeout;
use schemas::Stored;
use schemas::topic::{FILLER, RECORD_MAX_BYTES};
use std::iter::Peekable;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long Kafka may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Any offset will do.
const ANYWHERE: usize = usize::MAX;

/// Two producers: one for records, one for what needs a transaction.
pub(super) struct Appender {
    plain: Writer,
    transactions: Option<Writer>,
    brokers: String,
}

/// A producer, and what became of what it sent.
struct Writer {
    producer: ThreadedProducer<Deliveries, NoCustomPartitioner>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    open: AtomicUsize,
    wrong: Mutex<Option<String>>,
}

struct Deliveries(Arc<State>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, due: usize) {
        let wrong = match result {
            Ok(record) => {
                use rdkafka::Message;
                let offset = record.offset();
                (due != ANYWHERE && usize::try_from(offset) != Ok(due))
                    .then(|| format!("a record came to stand at offset {offset} where {due} is due: somebody else writes this topic"))
            }
            Err((error, _)) => Some(error.to_string()),
        };
        if let Some(wrong) = wrong {
            self.0.wrong.lock().expect("nothing panics while it holds this").get_or_insert(wrong);
        }
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Appender {
    /// Connects.
    pub(super) fn new(brokers: &str) -> Result<Self, RestoreError> {
        Ok(Self { plain: Writer::new(brokers, None)?, transactions: None, brokers: brokers.to_owned() })
    }

    /// Appends records to a partition wherever they come to stand, without gaps.
    pub(super) fn anywhere<E: From<RestoreError>>(
        &mut self,
        topic: &str,
        partition: i32,
        records: impl Iterator<Item = Result<Stored, E>>,
        mut each: impl FnMut(),
    ) -> Result<(), E> {
        for record in records {
            self.plain.send(topic, partition, &record?, ANYWHERE)?;
            each();
        }
        Ok(self.plain.delivered(topic)?)
    }

    /// Appends one record wherever it comes to stand. It is there once [`Self::settled`] has returned.
    pub(super) fn one(&self, topic: &str, partition: i32, record: &Stored) -> Result<(), RestoreError> {
        self.plain.send(topic, partition, record, ANYWHERE)
    }

    /// Waits until all that was sent is there.
    pub(super) fn settled(&self) -> Result<(), RestoreError> {
        self.plain.delivered("an event topic")
    }

    /// Appends records to an empty partition at the offsets that they had; the partition then ends at `next`.
    pub(super) fn in_place<E: From<RestoreError>>(
        &mut self,
        topic: &str,
        partition: i32,
        next: i64,
        records: Peekable<impl Iterator<Item = Result<Stored, E>>>,
        mut each: impl FnMut(),
    ) -> Result<(), E> {
        let mut records = records;
        let first = records.peek().and_then(|record| record.as_ref().ok()).map_or(next, |record| record.offset);
        self.gap(topic, partition, first)?;
        while let Some(record) = records.next() {
            let record = record?;
            let following = match records.peek() {
                Some(Ok(following)) => following.offset,
                Some(Err(_)) => record.offset + 1,
                None => next,
            };
            let gap = following - record.offset - 1;
            if gap == 1 {
                self.plain.delivered(topic)?;
                self.transaction(topic, true, |writer| writer.send(topic, partition, &record, place(record.offset)))?;
            } else {
                self.plain.send(topic, partition, &record, place(record.offset))?;
                self.gap(topic, partition, gap)?;
            }
            each();
        }
        Ok(self.plain.delivered(topic)?)
    }

    /// Makes a gap behind what was sent.
    fn gap(&mut self, topic: &str, partition: i32, length: i64) -> Result<(), RestoreError> {
        match length {
            0 => return Ok(()),
            1 => return Err(failed(topic, "the log begins with a lone marker of Kafka's, which can't be made again")),
            _ => self.plain.delivered(topic)?,
        }
        let filler = filler();
        self.transaction(topic, false, |writer| (1..length).try_for_each(|_| writer.send(topic, partition, &filler, ANYWHERE)))
    }

    fn transaction(
        &mut self,
        topic: &str,
        commits: bool,
        send: impl FnOnce(&Writer) -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError> {
        let kafka = |error: KafkaError| failed(topic, &error.to_string());
        if self.transactions.is_none() {
            let writer = Writer::new(&self.brokers, Some("orion-restore"))?;
            writer.producer.init_transactions(PATIENCE).map_err(kafka)?;
            self.transactions = Some(writer);
        }
        let writer = self.transactions.as_ref().expect("made above");
        writer.producer.begin_transaction().map_err(kafka)?;
        send(writer)?;
        writer.delivered(topic)?;
        if commits {
            writer.producer.commit_transaction(Timeout::After(PATIENCE))
        } else {
            writer.producer.abort_transaction(Timeout::After(PATIENCE))
        }
        .map_err(kafka)
    }
}

impl Writer {
    fn new(brokers: &str, transactional_id: Option<&str>) -> Result<Self, RestoreError> {
        let state = Arc::new(State::default());
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", "55000")
            .set("message.max.bytes", RECORD_MAX_BYTES.to_string())
            .set("linger.ms", "5")
            .set("compression.type", "lz4")
            .set("queue.buffering.max.messages", "100000")
            .set("queue.buffering.max.kbytes", "65536");
        if let Some(id) = transactional_id {
            config.set("transactional.id", id);
        }
        let producer = config
            .create_with_context(Deliveries(Arc::clone(&state)))
            .map_err(|error: KafkaError| failed("a producer", &error.to_string()))?;
        Ok(Self { producer, state })
    }

    /// Sends a record that is to stand at an offset; waits while too many are under way.
    fn send(&self, topic: &str, partition: i32, record: &Stored, due: usize) -> Result<(), RestoreError> {
        let key = record.key.as_ref().map(|key| key.as_slice());
        let value = record.value.as_ref().map(|value| value.as_slice());
        let headers = record.headers.iter().fold(OwnedHeaders::new(), |headers, header| {
            headers.insert(Header { key: &header.name, value: header.value.as_ref().map(|value| value.as_slice()) })
        });
        let mut sent = BaseRecord::<[u8], [u8], usize>::with_opaque_to(topic, due).partition(partition);
        (sent.key, sent.payload, sent.timestamp) = (key, value, record.timestamp_ms);
        // A record without headers is one that has none, not one with an empty list.
        sent.headers = (!record.headers.is_empty()).then_some(headers);
        self.state.open.fetch_add(1, Ordering::AcqRel);
        loop {
            match self.producer.send(sent) {
                Ok(()) => return self.wrong(topic),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    std::thread::sleep(Duration::from_millis(1));
                    sent = back;
                }
                Err((error, _)) => return Err(failed(topic, &error.to_string())),
            }
        }
    }

    /// Waits until Kafka has all of it, each at its place.
    fn delivered(&self, topic: &str) -> Result<(), RestoreError> {
        // Every delivery ends, in time or not: the client gives up on a record before we do.
        while self.state.open.load(Ordering::Acquire) > 0 || self.producer.in_flight_count() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.wrong(topic)
    }

    fn wrong(&self, topic: &str) -> Result<(), RestoreError> {
        match self.state.wrong.lock().expect("nothing panics while it holds this").take() {
            Some(wrong) => Err(failed(topic, &wrong)),
            None => Ok(()),
        }
    }
}

/// A record that says nothing: it is taken back, or deleted. Its time is before any other.
pub(super) fn filler() -> Stored {
    Stored { timestamp_ms: Some(0), key: Some(FILLER.as_bytes().to_vec().into()), value: Some(Vec::new().into()), ..Stored::default() }
}

fn place(offset: i64) -> usize {
    usize::try_from(offset).expect("an offset is never negative")
}

fn failed(topic: &str, what: &str) -> RestoreError {
    RestoreError::Kafka { topic: topic.to_owned(), what: what.to_owned() }
}
