//! The transactional producer of a cell.
//!
//! In: decided epochs, in order. Out: in one Kafka transaction, their records, their bindings and their commit
//! record. Never: an epoch in two transactions, or part of one; anything after another process took over.
//!
//! What may or may not have happened when a process dies, and why each is safe:
//! 1. before `commit_transaction` was sent: Kafka aborts; the next generation finds no binding and mints anew;
//! 2. after it, with the outcome unknown: the next generation fences first, which settles the outcome one way
//!    or the other, and then reads the journal: either the bindings are there, or case 1 holds.

use crate::records::{Sent, Writer};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, NoCustomPartitioner, Producer, ProducerContext, ThreadedProducer};
use rdkafka::util::Timeout;
use schemas::topic::{BATCH_MAX_BYTES, COMMANDS_DLQ, FILLER, RECORD_MAX_BYTES, SCHEMA_HEADER};
use schemas::wire::{Encoder, SchemaRecord, WireError};
use schemas::{Epoch, EpochOutput, Output, Topic};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What ends a sink. Every one of them ends the process: the next one recovers from the journal.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A step of the transaction failed.
    #[error("kafka failed at: {step}")]
    Kafka {
        /// What was being done.
        step: &'static str,
        /// Why.
        #[source]
        source: KafkaError,
    },
    /// The connection to Kafka was lost: what became of a transaction is found out by whoever comes next.
    #[error("the connection to kafka was lost")]
    Lost,
    /// Another process took the cell over.
    #[error("another process has taken this cell over")]
    Fenced,
    /// An event can't be written.
    #[error("an event can't be encoded")]
    Wire(#[from] WireError),
    /// A replay gave something else than what was committed.
    #[error("epoch {epoch} of the replay differs from what was committed: {what}")]
    Diverged {
        /// The epoch.
        epoch: Epoch,
        /// Where.
        what: String,
    },
}

/// How long a transaction may stay open before Kafka aborts it for a writer that died.
const TRANSACTION_TIMEOUT_MS: &str = "10000";

/// Records of a partition in one request: with the default, a quarter of this, the client seemed to take more of the processor.
const AT_ONCE_BYTES: usize = 4_000_000;
// Bytes that can't be compressed grow a little.
const _: () = assert!(AT_ONCE_BYTES + AT_ONCE_BYTES / 64 < BATCH_MAX_BYTES, "a request is larger than a topic takes");

/// Between two looks whether Kafka has every record: short beside the few milliseconds that this takes, and never long.
const LOOK_MIN: Duration = Duration::from_micros(50);
const LOOK_MAX: Duration = Duration::from_millis(2);

/// The sink of a cell.
pub struct Sink {
    producer: ThreadedProducer<Told, NoCustomPartitioner>,
    deliveries: Arc<Deliveries>,
    writer: Writer,
}

/// What the client says of records that it was given.
#[derive(Default)]
struct Deliveries {
    /// Whether Kafka has gone away since the cell was taken over.
    lost: AtomicBool,
    /// The first record that Kafka refused, by why.
    refused: Mutex<Option<KafkaError>>,
}

struct Told(Arc<Deliveries>);

impl ClientContext for Told {
    fn error(&self, error: KafkaError, reason: &str) {
        // Forty times a second while Kafka is away.
        tracing::debug!(%error, reason, "kafka");
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.0.lost.store(true, Ordering::Release);
        }
    }
}

impl ProducerContext for Told {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.refused.lock().expect("nothing panics while it holds the error").get_or_insert_with(|| error.clone());
        }
    }
}

impl Sink {
    /// Fences every other process of the cell. After this returns, none of them commits anything any more,
    /// so the journal can be read: it holds everything that was ever committed.
    pub fn fence(
        brokers: &str,
        transactional_id: &str,
        journal: Topic,
        encoder: Encoder,
        partitions: BTreeMap<Topic, i32>,
    ) -> Result<Self, SinkError> {
        let deliveries = Arc::new(Deliveries::default());
        let producer: ThreadedProducer<Told, NoCustomPartitioner> = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("transactional.id", transactional_id)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS)
            .set("message.timeout.ms", "9000")
            // A command of the largest size must fit into the dead letters, with the reason beside it.
            .set("message.max.bytes", RECORD_MAX_BYTES.to_string())
            .set("linger.ms", "1")
            // A client opens no second connection before half of this has passed, and needs two to begin.
            .set("reconnect.backoff.ms", "20")
            .set("compression.type", "lz4")
            .set("batch.size", AT_ONCE_BYTES.to_string())
            .set("queue.buffering.max.messages", "500000")
            .set("queue.buffering.max.kbytes", "262144")
            // A report of each record that is well would cost as much as to encode it.
            .set("delivery.report.only.error", "true")
            .create_with_context(Told(Arc::clone(&deliveries)))
            .map_err(|source| SinkError::Kafka { step: "create the producer", source })?;
        producer.init_transactions(Duration::from_secs(60)).map_err(|source| failed("take the cell over", source))?;
        let sink = Self { producer, deliveries, writer: Writer { encoder, journal, partitions, generation: 0 } };
        // It may have come from a time before Kafka was there.
        sink.deliveries.lost.store(false, Ordering::Release);
        Ok(sink)
    }

    /// Every partition that it writes, its journal first.
    pub fn places(&self) -> Vec<(String, i32)> {
        let Writer { journal, partitions, .. } = &self.writer;
        let mut written = vec![(journal.as_str(), 1)];
        if *journal == Topic::SettlementJournal {
            written.extend(Topic::EVENTS.iter().map(|topic| (topic.as_str(), partitions.get(topic).copied().unwrap_or(1))));
            written.push((COMMANDS_DLQ, 1));
        }
        written.into_iter().flat_map(|(topic, count)| (0..count).map(move |partition| (topic.to_owned(), partition))).collect()
    }

    /// Ends a transaction whose end Kafka has lost: the marker of one with a filler in each of these partitions, and in no
    /// other, ends what hangs there.
    pub fn end(&self, places: &BTreeSet<(String, i32)>, commits: bool) -> Result<(), SinkError> {
        self.begin()?;
        for (topic, partition) in places {
            // Readers take no notice of a record without an epoch, and a journal's know that of a schema.
            let schemas = if topic == self.writer.journal.as_str() { self.schemas() } else { Vec::new() };
            let (id, value) = schemas.first().map_or((String::new(), ""), |schema| (schema.id.to_string(), schema.schema));
            let headers = &[(SCHEMA_HEADER, id.as_str())][..schemas.len().min(1)];
            self.send(&Sent { topic, partition: *partition, key: FILLER, value: value.as_bytes(), headers, epoch: None })?;
        }
        self.delivered()?;
        if commits {
            return self.commit();
        }
        self.producer.abort_transaction(Timeout::Never).map_err(|source| self.failed("abort", source))
    }

    /// The schemas that this sink writes.
    pub fn schemas(&self) -> Vec<SchemaRecord> {
        self.writer.encoder.schemas()
    }

    /// Commits the claim of a generation, and the schemas that it writes, before anything else.
    pub fn claim(&mut self, generation: u64, code_version: u32) -> Result<(), SinkError> {
        self.writer.generation = generation;
        self.begin()?;
        self.writer.claim(code_version, |record| self.send(&record))?;
        self.delivered()?;
        self.commit()
    }

    /// Commits epochs in one transaction.
    pub fn write(&mut self, epochs: &[EpochOutput]) -> Result<(), SinkError> {
        if epochs.is_empty() {
            return Ok(());
        }
        self.begin()?;
        faults::point("settlement.begin");
        self.writer.transaction(epochs, |record| self.send(&record))?;
        faults::point("settlement.sent");
        self.delivered()?;
        faults::point("settlement.commit");
        self.commit()?;
        faults::point("settlement.committed");
        Ok(())
    }

    /// Commits records that belong to no epoch of the cell, in one transaction.
    pub fn publish<'a>(&self, records: impl IntoIterator<Item = Sent<'a>>) -> Result<(), SinkError> {
        self.begin()?;
        for record in records {
            self.send(&record)?;
        }
        self.delivered()?;
        self.commit()
    }

    /// Checks that an epoch of a replay gives what was committed; writes nothing.
    pub fn verify(&self, epoch: &EpochOutput, committed: &[Output]) -> Result<(), SinkError> {
        match self.writer.differs(epoch, committed)? {
            None => Ok(()),
            Some(what) => Err(SinkError::Diverged { epoch: epoch.binding.epoch, what }),
        }
    }

    fn send(&self, sent: &Sent<'_>) -> Result<(), SinkError> {
        let headers = sent.headers.iter().fold(OwnedHeaders::new_with_capacity(sent.headers.len()), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(*value) })
        });
        let mut record = BaseRecord::to(sent.topic).partition(sent.partition).key(sent.key).payload(sent.value).headers(headers);
        if let Some(epoch) = sent.epoch {
            record = record.timestamp(i64::try_from(epoch).expect("an epoch is before the year 10000"));
        }
        self.producer.send(record).map_err(|(source, _)| self.failed("send a record", source))
    }

    /// The client hears of a take-over in its own thread; whatever is under way then fails for other words.
    fn failed(&self, step: &'static str, source: KafkaError) -> SinkError {
        match self.producer.client().fatal_error() {
            Some((code, _)) if is_fenced(code) => SinkError::Fenced,
            _ => failed(step, source),
        }
    }

    fn begin(&self) -> Result<(), SinkError> {
        // A transaction before may have lost its end with the broker. Another one would end parts of it.
        if self.deliveries.lost.load(Ordering::Acquire) {
            return Err(SinkError::Lost);
        }
        self.producer.begin_transaction().map_err(|source| self.failed("begin a transaction", source))
    }

    /// Waits until Kafka has every record. The client's own flush, inside its commit, sleeps 100 ms whenever
    /// something is under way; nothing is after this.
    fn delivered(&self) -> Result<(), SinkError> {
        let begun = Instant::now();
        // A record that was refused counts as under way until we were told of it.
        while self.producer.in_flight_count() > 0 {
            if self.deliveries.lost.load(Ordering::Acquire) {
                return Err(SinkError::Lost);
            }
            std::thread::sleep((begun.elapsed() / 16).clamp(LOOK_MIN, LOOK_MAX));
        }
        match self.deliveries.refused.lock().expect("nothing panics while it holds the error").take() {
            Some(source) => Err(self.failed("deliver a record", source)),
            None => Ok(()),
        }
    }

    fn commit(&self) -> Result<(), SinkError> {
        loop {
            match self.producer.commit_transaction(Timeout::Never) {
                Ok(()) => return Ok(()),
                // Both cases are safe: a commit that happened answers the same again.
                Err(KafkaError::Transaction(error)) if error.is_retriable() => {
                    tracing::warn!(%error, "the outcome of a commit is unknown; asking again");
                }
                Err(source) => return Err(self.failed("commit", source)),
            }
        }
    }
}

/// What Kafka says to a process whose cell was taken over is not an error of this step.
fn failed(step: &'static str, source: KafkaError) -> SinkError {
    if source.rdkafka_error_code().is_some_and(is_fenced) { SinkError::Fenced } else { SinkError::Kafka { step, source } }
}

const fn is_fenced(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced | RDKafkaErrorCode::InvalidProducerEpoch)
}
