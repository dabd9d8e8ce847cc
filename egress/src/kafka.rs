//! The transactional producer of a cell.
//!
//! In: decided epochs, in order. Out: in one Kafka transaction, their records, their bindings and their commit
//! record. Never: an epoch in two transactions, or part of one; anything after another process took over.
//!
//! What may or may not have happened when a process dies, and why each is safe:
//! 1. before `commit_transaction` was sent: Kafka aborts; the next generation finds no binding and mints anew;
//! 2. after it, with the outcome unknown: the next generation fences first, which settles the outcome one way
//!    or the other, and then reads the journal: either the bindings are there, or case 1 holds.

pub use crate::producer::ProduceError;

use crate::producer::Producer;
use crate::records::{Sent, Writer};
use schemas::topic::COMMANDS_DLQ;
use schemas::wire::{Encoder, SchemaRecord, WireError};
use schemas::{Epoch, EpochOutput, Output, Topic};
use std::collections::{BTreeMap, BTreeSet};

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
        source: ProduceError,
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

/// The sink of a cell.
pub struct Sink {
    producer: Producer,
    writer: Writer,
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
        let producer = Producer::fence(brokers, transactional_id).map_err(failed("take the cell over"))?;
        Ok(Self { producer, writer: Writer { encoder, journal, partitions, generation: 0 } })
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

    /// Ends a transaction whose end Kafka has lost, in each of these partitions, which are this cell's alone, before it writes anything. Whoever dies between two
    /// of them leaves the rest hanging, for which the next process finds the same end: by what was ended here.
    pub fn end(&mut self, places: &BTreeSet<(String, i32)>, commits: bool) -> Result<(), SinkError> {
        for (topic, partition) in places {
            self.producer.end_hanging(topic, *partition, commits).map_err(failed("end what hangs"))?;
        }
        Ok(())
    }

    /// The schemas that this sink writes.
    pub fn schemas(&self) -> Vec<SchemaRecord> {
        self.writer.encoder.schemas()
    }

    /// Commits the claim of a generation, and the schemas that it writes, before anything else.
    pub fn claim(&mut self, generation: u64, code_version: u32) -> Result<(), SinkError> {
        self.writer.generation = generation;
        self.transaction(|writer, producer| writer.claim(code_version, |record| send(producer, &record)))
    }

    /// Commits epochs in one transaction.
    pub fn write(&mut self, epochs: &[EpochOutput]) -> Result<(), SinkError> {
        if epochs.is_empty() {
            return Ok(());
        }
        self.producer.begin().map_err(failed("begin a transaction"))?;
        faults::point("settlement.begin");
        self.writer.transaction(epochs, |record| send(&mut self.producer, &record))?;
        faults::point("settlement.sent");
        self.producer.delivered().map_err(failed("deliver a record"))?;
        faults::point("settlement.commit");
        self.producer.commit().map_err(failed("commit"))?;
        faults::point("settlement.committed");
        Ok(())
    }

    /// Commits records that belong to no epoch of the cell, in one transaction.
    pub fn publish<'a>(&mut self, records: impl IntoIterator<Item = Sent<'a>>) -> Result<(), SinkError> {
        self.transaction(|_, producer| records.into_iter().try_for_each(|record| send(producer, &record)))
    }

    /// One transaction with what `write` sends.
    fn transaction(&mut self, write: impl FnOnce(&Writer, &mut Producer) -> Result<(), SinkError>) -> Result<(), SinkError> {
        self.producer.begin().map_err(failed("begin a transaction"))?;
        write(&self.writer, &mut self.producer)?;
        self.producer.delivered().map_err(failed("deliver a record"))?;
        self.producer.commit().map_err(failed("commit"))
    }

    /// Checks that an epoch of a replay gives what was committed; writes nothing.
    pub fn verify(&self, epoch: &EpochOutput, committed: &[Output]) -> Result<(), SinkError> {
        match self.writer.differs(epoch, committed)? {
            None => Ok(()),
            Some(what) => Err(SinkError::Diverged { epoch: epoch.binding.epoch, what }),
        }
    }
}

fn send(producer: &mut Producer, sent: &Sent<'_>) -> Result<(), SinkError> {
    producer.append(sent).map_err(failed("send a record"))
}

/// What Kafka says to a process whose cell was taken over is not an error of this step.
fn failed(step: &'static str) -> impl FnOnce(ProduceError) -> SinkError {
    move |source| match source {
        ProduceError::Lost(error) => {
            tracing::warn!(%error, step, "kafka does not answer any more");
            SinkError::Lost
        }
        source if source.is_fenced() => SinkError::Fenced,
        source => SinkError::Kafka { step, source },
    }
}
