//! Where the risk cell goes on: the detection as it stood, a reader of what came after, and what Kafka has of that already.
//!
//! 1. With a snapshot: from the epoch after it.
//! 2. Without one, from the first epoch, if Kafka still has them all.
//! 3. If it has not, from where the views stand: what was before is not known, and the log says so. Customers, accounts and rules come from
//!    the rows of Postgres, and so do names, watchlists, cleared pairs, who is confirmed, and the alerts that are open, as of where the cell itself stood. Alerts of epochs that Kafka has are left as they are: no payment of those is taken into account, so nothing is
//!    said of them that differs from what was said, and nothing ends before the first epoch that is written.

use super::snapshots::Snapshot;
use crate::config::Config;
use crate::exit::{Exit, UNAVAILABLE};
use anyhow::Context;
use dataflows::risk::{DETECTION_VERSION, Given};
use egress::kafka::SinkError;
use egress::postgres::Progress;
use egress::postgres::accounts::{self, Stood};
use egress::postgres::{lists, settings, wishes};
use ingress::assembly::AssemblyError;
use ingress::events::{Events, EventsError, Start};
use ingress::journal::Journal;
use ingress::kafka::ReadError;
use schemas::aml::Setting;
use schemas::resource::AmlRuleSetting;
use schemas::{Binding, Cause, CommandId, Commit, Entry, Epoch, EpochEvents, Event, EventId, Fact, Output, Policy, Position, Topic};
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
    /// Which version of the detection said them: of the last epoch of each transaction, and so of those before it.
    pub(super) versions: BTreeMap<Epoch, u32>,
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
    for entry in &journal.entries {
        if let Entry::Commit(Commit { epochs, detection, .. }) = entry
            && let Some(last) = epochs.last()
        {
            committed.versions.insert(last.binding.epoch, *detection);
        }
    }
    for sealed in journal.into_sealed() {
        committed.next = committed.next.max(sealed.binding.epoch + 1);
        committed.outputs.insert(sealed.binding.epoch, sealed.outputs);
    }
    committed
}

impl Committed {
    /// Which version of the detection said an epoch that Kafka has.
    fn version(&self, epoch: Epoch) -> u32 {
        self.versions.range(epoch..).next().map_or(DETECTION_VERSION, |(_, version)| *version)
    }

    /// Whether it is well that an epoch is, or is not, what Kafka has of it; `written` is the first epoch that Postgres does not have.
    ///
    /// 1. The same version says the same, or something is wrong.
    /// 2. Another one may say otherwise. What it said stays said: Kafka and Postgres have it, nothing is written again.
    /// 3. Where Postgres lacks it, only the binary that said it can write it there.
    pub(super) fn compare(&self, epoch: Epoch, written: Epoch, same: Result<(), SinkError>) -> anyhow::Result<()> {
        let version = self.version(epoch);
        match same {
            Ok(()) => Ok(()),
            Err(SinkError::Diverged { .. }) if version != DETECTION_VERSION && epoch < written => {
                tracing::warn!(epoch, version, "another version of the detection said otherwise: that stands");
                Ok(())
            }
            Err(SinkError::Diverged { .. }) if version != DETECTION_VERSION => {
                let sentence = format!(
                    "version {version} of the detection has alerts of epoch {epoch} in Kafka that the database lacks, and this binary, version \
                     {DETECTION_VERSION}, finds others. Start the binary that wrote them, stop it in order, then start this one"
                );
                Err(Exit { code: UNAVAILABLE, sentence }.into())
            }
            Err(error) => Err(error.into()),
        }
    }
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

/// Finds where to go on; `written` is the first epoch that Postgres does not have, `committed` the first that Kafka has not.
pub(super) fn stand(
    config: &Config,
    found: Option<Snapshot>,
    [written, committed]: [Epoch; 2],
    runtime: &Runtime,
) -> anyhow::Result<Standing> {
    let brokers = &config.kafka.brokers;
    // 1.
    // 2.
    let (start, given) = match found {
        Some(Snapshot { epoch, events_schemas, kept, .. }) => {
            (Start { epoch: epoch + 1, schemas: events_schemas }, vec![Given::Standing(epoch, Arc::new(kept))])
        }
        None => (Start::default(), Vec::new()),
    };
    match Events::new(brokers, &start) {
        Ok(events) => return Ok(Standing { given, events, knows_all: true }),
        Err(EventsError::Assembly(AssemblyError::Gone { .. }) | EventsError::Read(ReadError::StartsLate { .. })) => {}
        Err(error) => return Err(error.into()),
    }
    // 3.
    let url = config.postgres.views_url()?;
    let Progress { epoch, schemas, .. } = runtime.block_on(Progress::read(&url))?;
    tracing::error!(
        from = epoch,
        snapshot = start.epoch.saturating_sub(1),
        "kafka no longer has what follows the snapshot of the detection: what was paid before is not known"
    );
    let events = Events::new(brokers, &Start { epoch, schemas }).context("kafka no longer has what the views lack")?;
    let before = epoch.saturating_sub(1);
    let rules = runtime.block_on(settings::at(&url, before)).context("the rules can't be read")?;
    let rules = rules.into_iter().filter_map(|AmlRuleSetting { rule, lane, enabled, weight, parameters, version, .. }| {
        (!rule.is_gate()).then_some((version, Setting { rule, lane, enabled, weight, parameters }))
    });
    let stood = runtime.block_on(accounts::at(&url, before)).context("the accounts can't be read")?;
    let listed = runtime.block_on(lists::at(&url, before)).context("the watchlists can't be read")?;
    // The cell may have been ahead of the views: what it raised and ended since, it must not say again.
    let known = before.max(written.saturating_sub(1));
    let open = runtime.block_on(wishes::open(&url, known)).context("the open alerts can't be read")?;
    let given = vec![
        Given::Settings(before.saturating_sub(2), Arc::new(rules.collect())),
        Given::Open { epoch: before.saturating_sub(1), unheard: known.max(committed.saturating_sub(1)), alerts: Arc::new(open) },
        told(before, stood, listed),
    ];
    Ok(Standing { given, events, knows_all: false })
}

/// What is taken of an epoch that Kafka has alerts of already, where what was before is not known: all but the payments.
pub(super) fn without_payments(epoch: &mut EpochEvents) {
    epoch.events.retain(|event| !matches!(event.fact, Fact::Transaction(_)));
}

/// Who there is, as if an epoch had said it.
fn told(epoch: Epoch, Stood { levels, accounts }: Stood, listed: Vec<Fact>) -> Given {
    let levels = levels.into_iter().map(|set| Fact::PolicyChanged(Box::new(Policy::Level(set))));
    // Customers come first, as they were first.
    let facts = listed.into_iter().chain(accounts.into_iter().map(Fact::AccountOpened)).chain(levels);
    let nobody =
        Cause { command_id: CommandId(uuid::Uuid::nil()), position: Position { partition: 0, offset: 0 }, traceparent: String::new() };
    let event = |(number, fact)| Event { id: EventId::mint(epoch, number), epoch, cause: nobody.clone(), fact };
    let binding = Binding { epoch, generation: 0, code_version: 0, inputs: Vec::new() };
    let events = EpochEvents { binding, events: (0..).zip(facts).map(event).collect(), waited: Vec::new(), leaves: Vec::new() };
    Given::Epoch { events: Arc::new(events), keep: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Claim, SealedEpoch};

    /// A claim, then transactions, each with its version and epochs.
    fn journal(commits: &[(u32, &[Epoch])]) -> Journal {
        let sealed = |epoch: &Epoch| SealedEpoch {
            binding: Binding { epoch: *epoch, generation: 1, code_version: 1, inputs: Vec::new() },
            outputs: Vec::new(),
            pinned: 0,
            waited: Vec::new(),
        };
        let commit = |(detection, epochs): &(u32, &[Epoch])| {
            Entry::Commit(Commit { generation: 1, epochs: epochs.iter().map(sealed).collect(), detection: *detection })
        };
        let claim = Entry::Claim(Claim { generation: 1, code_version: 1 });
        Journal { entries: std::iter::once(claim).chain(commits.iter().map(commit)).collect(), ..Journal::default() }
    }

    #[test]
    fn what_another_version_said_stands_and_what_this_one_said_is_compared() {
        let older = DETECTION_VERSION - 1;
        let committed = committed(journal(&[(older, &[3, 10]), (DETECTION_VERSION, &[20]), (DETECTION_VERSION + 1, &[30])]));
        assert_eq!(committed.next, 31);
        let diverged = |epoch| Err(SinkError::Diverged { epoch, what: "an alert more".to_owned() });
        // Of whom an epoch without a trace is: of the transaction that came by it.
        for epoch in [1, 3, 7, 10, 21, 30] {
            assert!(committed.compare(epoch, 31, diverged(epoch)).is_ok(), "{epoch} was said by another version");
        }
        for epoch in [11, 20] {
            let error = committed.compare(epoch, 31, diverged(epoch)).unwrap_err();
            assert!(error.downcast_ref::<SinkError>().is_some(), "{epoch} was said by this version: {error}");
        }
        let error = committed.compare(10, 10, diverged(10)).unwrap_err();
        assert!(error.downcast_ref::<Exit>().is_some_and(|exit| exit.code == UNAVAILABLE), "{error}");
        assert!(committed.compare(10, 10, Ok(())).is_ok(), "Postgres gets what both find");
    }
}
