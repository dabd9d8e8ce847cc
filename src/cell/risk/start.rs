//! Where the risk cell goes on: the detection as it stood, a reader of what came after, and what Kafka has of that already.
//!
//! 1. With a snapshot: from the epoch after it.
//! 2. Without one, from the first epoch, if Kafka still has them all.
//! 3. If it has not, from where the views stand: what was before is not known, and the log says so. Customers and accounts come from the
//!    rows of Postgres, so that what they are is known all the same. What Kafka has of alerts by then is left as it is.

use super::snapshots::Snapshot;
use crate::config::Config;
use crate::exit::{Exit, UNAVAILABLE};
use anyhow::Context;
use dataflows::risk::Given;
use egress::postgres::Progress;
use egress::postgres::accounts::{self, Stood};
use ingress::assembly::AssemblyError;
use ingress::events::{Events, EventsError, Start};
use ingress::journal::Journal;
use ingress::kafka::ReadError;
use schemas::{Binding, Cause, CommandId, Epoch, EpochEvents, Event, EventId, Fact, Output, Policy, Position, Topic};
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
    /// Whether what comes out again can be the same: not where what was before is not known.
    pub(super) is_comparable: bool,
}

/// A state and the reader of all that came after it.
pub(super) struct Standing {
    pub(super) given: Vec<Given>,
    pub(super) events: Events,
    /// Whether everything that was paid is taken into account.
    pub(super) knows_all: bool,
}

/// What the journal says was committed.
pub(super) fn committed(journal: Journal) -> Committed {
    let mut committed = Committed { is_comparable: true, ..Committed::default() };
    for sealed in journal.into_sealed() {
        committed.next = committed.next.max(sealed.binding.epoch + 1);
        committed.outputs.insert(sealed.binding.epoch, sealed.outputs);
    }
    committed
}

/// Refuses to write a database that was written from another Kafka, before anything is claimed.
pub(super) fn refuse_another_kafka(config: &Config, written_by: u64, known: u64) -> anyhow::Result<()> {
    if written_by <= known {
        return Ok(());
    }
    let sentence = format!(
        "the alerts in the database {} were written by generation {}, but {} knows {known}: this Kafka is another one, or it has lost its \
         log. Start on the Kafka that belongs to the database",
        config.postgres.views_database,
        written_by,
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
        return Ok(Standing { given: vec![Given::Standing(epoch, Arc::new(kept))], events, knows_all: true });
    }
    // 2.
    match Events::new(brokers, &Start::default()) {
        Ok(events) => return Ok(Standing { given: Vec::new(), events, knows_all: true }),
        Err(EventsError::Assembly(AssemblyError::Gone { .. }) | EventsError::Read(ReadError::StartsLate { .. })) => {}
        Err(error) => return Err(error.into()),
    }
    // 3.
    let url = config.postgres.views_url()?;
    let Progress { epoch, schemas, .. } = runtime.block_on(Progress::read(&url))?;
    tracing::error!(from = epoch, "there is no snapshot of the detection and kafka has not all events: what was paid before is not known");
    let events = Events::new(brokers, &Start { epoch, schemas }).context("kafka no longer has what the views lack")?;
    let before = epoch.saturating_sub(1);
    let stood = runtime.block_on(accounts::at(&url, before)).context("the accounts can't be read")?;
    Ok(Standing { given: vec![told(before, stood)], events, knows_all: false })
}

/// Who there is, as if an epoch had said it.
fn told(epoch: Epoch, Stood { levels, accounts }: Stood) -> Given {
    let levels = levels.into_iter().map(|set| Fact::PolicyChanged(Box::new(Policy::Level(set))));
    let facts = accounts.into_iter().map(Fact::AccountOpened).chain(levels);
    let nobody =
        Cause { command_id: CommandId(uuid::Uuid::nil()), position: Position { partition: 0, offset: 0 }, traceparent: String::new() };
    let event = |(number, fact)| Event { id: EventId::mint(epoch, number), epoch, cause: nobody.clone(), fact };
    let binding = Binding { epoch, generation: 0, code_version: 0, inputs: Vec::new() };
    let events = EpochEvents { binding, events: (0..).zip(facts).map(event).collect(), waited: Vec::new(), leaves: Vec::new() };
    Given::Epoch { events: Arc::new(events), keep: false }
}
