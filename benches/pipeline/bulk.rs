//! Many commands at once: the records that a door appends, through one client that never waits for a single one.

use crate::bank::Bank;
use anyhow::{Context, bail};
use egress::registry::Registry;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use schemas::wire::Encoder;
use schemas::{Command, Topic};
use std::time::Duration;

const FLUSH: Duration = Duration::from_secs(60);

/// A client that appends in order, idempotent, acknowledged by every replica.
pub(crate) struct Bulk {
    encoder: Encoder,
    producer: ThreadedProducer<DefaultProducerContext>,
}

impl Bulk {
    pub(crate) fn open(bank: &Bank<'_>) -> anyhow::Result<Self> {
        // A door records the schemas.
        bank.append(std::iter::empty())?;
        let config = &bank.services.config;
        let encoder = Encoder::new(bank.services.runtime.block_on(Registry::new(&config.registry.url).ids(&[Topic::Commands]))?);
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &config.kafka.brokers)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "5")
            .set("compression.type", "lz4")
            .set("queue.buffering.max.messages", "100000")
            .create()?;
        Ok(Self { encoder, producer })
    }

    /// Whoever waits for the decisions sees that no command is missing.
    pub(crate) fn append(&self, commands: impl Iterator<Item = (Command, String)>) -> anyhow::Result<()> {
        for (command, traceparent) in commands {
            let (key, value) = (command.id().to_string(), self.encoder.command(&command)?);
            let headers = OwnedHeaders::new().insert(Header { key: schemas::topic::TRACE_HEADER, value: Some(&traceparent) });
            let mut record = BaseRecord::to(Topic::Commands.as_str()).key(&key).payload(&value).headers(headers);
            loop {
                match self.producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                        record = again;
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    Err((error, _)) => bail!("can't append a command: {error}"),
                }
            }
        }
        self.producer.flush(FLUSH).context("Kafka does not take the last commands")
    }
}
