//! The commands log, as a door appends to it.
//!
//! In: a command. Out: its position in the log, once Kafka has it on every in-sync replica. An append whose
//! outcome is unknown may have happened; the caller's retry under the same key is then a repeat.

use crate::Config;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use schemas::topic::{RECORD_MAX_BYTES, Topic};
use schemas::wire::{Encoder, WireError};
use schemas::{Command, CommandId, Position};
use std::time::Duration;

/// An append that failed, or may have.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The command can't be encoded.
    #[error("can't encode the command")]
    Encode(#[source] WireError),
    /// The log is not there.
    #[error("topic {} does not exist; run `orion topics apply`", Topic::Commands)]
    NoTopic,
    /// Kafka did not take it in time.
    #[error("the commands log did not take the command")]
    Append(#[source] rdkafka::error::KafkaError),
}

/// A command as it was written once, and by which schema it can be read.
#[derive(Clone, Copy, Debug)]
pub struct Again<'a> {
    /// Its id.
    pub command_id: CommandId,
    /// The record's value.
    pub value: &'a [u8],
    /// The schema that the value names.
    pub schema_id: u32,
    /// That schema, as JSON.
    pub schema: &'a str,
    /// The trace context with which it came.
    pub traceparent: &'a str,
}

/// The commands log.
pub struct CommandLog {
    producer: FutureProducer,
    encoder: Encoder,
}

impl CommandLog {
    /// Connects, and records the schemas that this door writes in every partition, before their first use.
    pub async fn connect(config: &Config, encoder: Encoder) -> Result<Self, AppendError> {
        let log = Self::new(config, encoder)?;
        log.record_schemas().await?;
        Ok(log)
    }

    /// A log that is reached at the first append, and in which someone else has recorded the schemas.
    pub fn new(config: &Config, encoder: Encoder) -> Result<Self, AppendError> {
        let timeout_ms = config.append_timeout_ms.to_string();
        let producer: FutureProducer = ClientConfig::new()
            .set("bootstrap.servers", &config.brokers)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // What arrives within a millisecond is one request: at thousands a second, a request for each was a large part of the door.
            // With two milliseconds no more were answered, and callers waited longer.
            .set("linger.ms", "1")
            .set("compression.type", "none")
            .set("message.max.bytes", RECORD_MAX_BYTES.to_string())
            .set("message.timeout.ms", &timeout_ms)
            .set("queue.buffering.max.messages", "100000")
            .set("queue.buffering.max.kbytes", "65536")
            .create()
            .map_err(AppendError::Append)?;
        Ok(Self { producer, encoder })
    }

    /// Appends a command; the partition is chosen by its id, so that a retry lands beside the first.
    pub async fn append(&self, command: &Command, traceparent: &str) -> Result<Position, AppendError> {
        let value = self.encoder.command(command).map_err(AppendError::Encode)?;
        let key = command.id().to_string();
        let headers = OwnedHeaders::new().insert(Header { key: schemas::topic::TRACE_HEADER, value: Some(traceparent) });
        let record = FutureRecord::to(Topic::Commands.as_str()).key(&key).payload(&value).headers(headers);
        if faults::bug("append-skipped") {
            return Ok(Position { partition: 0, offset: i64::from(i32::MAX) });
        }
        faults::point("door.append");
        let position = self.send(record).await?;
        faults::point("door.appended");
        Ok(position)
    }

    /// Appends a command as it was written once, behind the schema by which it can be read now.
    pub async fn append_again(&self, again: &Again<'_>) -> Result<Position, AppendError> {
        self.record_schema(again.schema_id, again.schema).await?;
        let key = again.command_id.to_string();
        let headers = OwnedHeaders::new().insert(Header { key: schemas::topic::TRACE_HEADER, value: Some(again.traceparent) });
        self.send(FutureRecord::to(Topic::Commands.as_str()).key(&key).payload(again.value).headers(headers)).await
    }

    async fn record_schemas(&self) -> Result<(), AppendError> {
        for schema in self.encoder.schemas().iter().filter(|schema| schema.topic == Topic::Commands) {
            self.record_schema(schema.id, schema.schema).await?;
        }
        Ok(())
    }

    /// Records a schema in every partition.
    async fn record_schema(&self, id: u32, schema: &str) -> Result<(), AppendError> {
        let timeout = Duration::from_secs(10);
        let metadata = self.producer.client().fetch_metadata(Some(Topic::Commands.as_str()), timeout).map_err(AppendError::Append)?;
        let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        if partitions == 0 {
            return Err(AppendError::NoTopic);
        }
        for partition in 0..i32::try_from(partitions).expect("a topic has a few partitions") {
            let id = id.to_string();
            let headers = OwnedHeaders::new().insert(Header { key: schemas::topic::SCHEMA_HEADER, value: Some(&id) });
            let record = FutureRecord::<str, str>::to(Topic::Commands.as_str()).partition(partition).payload(schema).headers(headers);
            self.send(record).await?;
        }
        Ok(())
    }

    async fn send<K, V>(&self, record: FutureRecord<'_, K, V>) -> Result<Position, AppendError>
    where
        K: rdkafka::message::ToBytes + ?Sized,
        V: rdkafka::message::ToBytes + ?Sized,
    {
        // A full queue is an overload: the caller hears it now, rather than waiting behind it.
        let delivery = self.producer.send(record, Duration::ZERO).await.map_err(|(error, _)| AppendError::Append(error))?;
        Ok(Position { partition: delivery.partition, offset: delivery.offset })
    }
}
