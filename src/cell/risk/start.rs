//! Where the risk cell goes on: the detection as it stood, a reader of what came after, and what Kafka has of that already.
//!
//! 1. With a snapshot: from the epoch after it.
//! 2. Without one, from the first epoch, if Kafka still has them all.
//! 3. If it has not, from where the views stand: what was before is not known, and the log says so. Customers and accounts come from the
//!    rows of Postgres, so that what they are is known all the same.

use super::snapshots::Snapshot;
use crate::config::Config;
use crate::exit::{Exit, UNAVAILABLE};
use anyhow::Context;
use dataflows::risk::Given;
use egress::postgres::Progress;
use ingress::assembly::AssemblyError;
use ingress::events::{Events, EventsError, Start};
use ingress::journal::Journal;
use ingress::kafka::ReadError;
use schemas::{Epoch, Output, Topic};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// What Kafka has of the cell.
#[derive(Debug, Default)]
pub(super) struct Committed {
    /// The first epoch that it does not have.
    pub(super) next: Epoch,
    /// What the epochs wrote that wrote anything, of those that may be gone through again.
    pub(super) outputs: BTreeMap<Epoch, Vec<Output>>,
}

/// A state and the reader of all that came after it.
pub(super) struct Standing {
    pub(super) given: Vec<Given>,
    pub(super) events: Events,
}

/// What the journal says was committed.
pub(super) fn committed(journal: Journal) -> Committed {
    let mut committed = Committed::default();
    for sealed in journal.into_sealed() {
        committed.next = committed.next.max(sealed.binding.epoch + 1);
        committed.outputs.insert(sealed.binding.epoch, sealed.outputs);
    }
    committed
}

/// Refuses to write a database that was written from another Kafka, before anything is claimed.
pub(super) fn refuse_another_kafka(config: &Config, progress: &Progress, known: u64) -> anyhow::Result<()> {
    if progress.generation <= known {
        return Ok(());
    }
    let sentence = format!(
        "the alerts in the database {} were written by generation {}, but {} knows {known}: this Kafka is another one, or it has lost its \
         log. Start on the Kafka that belongs to the database",
        config.postgres.views_database,
        progress.generation,
        Topic::RiskJournal
    );
    Err(Exit { code: UNAVAILABLE, sentence }.into())
}

/// Finds where to go on.
pub(super) fn stand(config: &Config, found: Option<Snapshot>, runtime: &Runtime) -> anyhow::Result<Standing> {
    let brokers = &config.kafka.brokers;
    // 1.
    if let Some(Snapshot { epoch, events_schemas, kept, .. }) = found {
        let events = Events::new(brokers, &Start { epoch: epoch + 1, schemas: events_schemas })?;
        return Ok(Standing { given: vec![Given::Standing(epoch, Arc::new(kept))], events });
    }
    // 2.
    match Events::new(brokers, &Start::default()) {
        Ok(events) => return Ok(Standing { given: Vec::new(), events }),
        Err(EventsError::Assembly(AssemblyError::Gone { .. }) | EventsError::Read(ReadError::StartsLate { .. })) => {}
        Err(error) => return Err(error.into()),
    }
    // 3.
    let Progress { epoch, schemas, .. } = runtime.block_on(Progress::read(&config.postgres.views_url()?))?;
    tracing::error!(from = epoch, "there is no snapshot of the detection and kafka has not all events: what was paid before is not known");
    let events = Events::new(brokers, &Start { epoch, schemas }).context("kafka no longer has what the views lack")?;
    Ok(Standing { given: Vec::new(), events })
}
