//! The end of the risk cell: what was found goes to Kafka, and what Kafka has goes to Postgres.
//!
//! What may or may not have happened when the process dies, and why each is safe:
//! 1. before Kafka's commit: nothing is seen by anybody, and the same is found again;
//! 2. after it, before that of Postgres: the journal says which epochs Kafka has. They are gone through again from the snapshot, must
//!    say the same, and are written to Postgres alone;
//! 3. after both: the snapshot is behind Postgres, so what follows it is gone through again and written nowhere.

use super::feedback::Feedback;
use super::snapshots::Snapshots;
use super::start::Committed;
use crate::cell::room::Room;
use anyhow::Context;
use dataflows::risk::{DETECTION_VERSION, Found, Given, Screened};
use egress::alerts::Judged;
use egress::postgres::alerts::Alerts;
use egress::snapshots::Name;
use meters::since::{self, Since};
use meters::{EPOCHS, FRESHNESS, KAFKA_COMMIT, POSTGRES_COMMIT, SCREENED, queue};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

const CELL: &str = "risk";
/// Epochs that say nothing are committed together, this rarely.
const QUIET: Duration = Duration::from_secs(1);
/// Most epochs in one transaction.
const GROUP_MAX: usize = 4_096;

/// What an epoch weighs on its way: its events, and itself.
pub(super) fn weight(given: &Given) -> usize {
    match given {
        Given::Epoch { events, .. } => events.events.len() + 1,
        _ => 1,
    }
}

/// Shows whose names were looked at.
fn show(Screened { versions, touched, enrolled, paid, names }: &Screened) {
    let count = |count: &usize| u64::try_from(*count).unwrap_or_default();
    SCREENED.with_label_values(&["touched"]).inc_by(count(touched));
    SCREENED.with_label_values(&["enrolled"]).inc_by(count(enrolled));
    SCREENED.with_label_values(&["paid"]).inc_by(count(paid));
    if *versions > 0 {
        tracing::info!(versions, touched, names, "a watchlist is in force: the names that it touches were looked at");
    }
}

/// The sink thread.
pub(super) struct Sink {
    kafka: egress::kafka::Sink,
    alerts: Alerts,
    committed: Committed,
    room: Arc<Room>,
    snapshots: Snapshots,
    feedback: Feedback,
    /// Epochs that Postgres does not have; those that Kafka does not have either stand behind the others.
    pending: Vec<Judged>,
    /// The last epoch.
    last: Option<Name>,
    flushed: Instant,
    fresh: Arc<Since>,
}

impl Sink {
    pub(super) fn new(
        kafka: egress::kafka::Sink,
        alerts: Alerts,
        committed: Committed,
        room: Arc<Room>,
        snapshots: Snapshots,
        feedback: Feedback,
    ) -> Self {
        let fresh = since::of(&FRESHNESS, CELL);
        fresh.at(alerts.epoch().saturating_sub(1));
        EPOCHS.with_label_values(&[CELL]).inc_by(0);
        Self { kafka, alerts, committed, room, snapshots, feedback, pending: Vec::new(), last: None, flushed: Instant::now(), fresh }
    }

    /// Takes epochs as they come. What says something is written at once, with all that is there by then.
    pub(super) async fn run(mut self, found: &Receiver<Found>) -> anyhow::Result<()> {
        loop {
            let mut next = match found.recv_timeout(QUIET.saturating_sub(self.flushed.elapsed())) {
                Ok(found) => Some(found),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let (mut speaks, mut kept, mut ends) = (false, None, false);
            while let Some(Found { given, alerts, kept: state, screened }) = next {
                queue::ALERT.leaves();
                self.room.leave(weight(&given));
                show(&screened);
                match given {
                    Given::Epoch { events, .. } => {
                        self.feedback.hear(&events);
                        let name = Name { epoch: events.epoch(), generation: events.binding.generation };
                        self.last = Some(name);
                        kept = state.map(|state| (name, state));
                        speaks |= !alerts.is_empty();
                        self.take(Judged { binding: events.binding.clone(), changes: alerts })?;
                    }
                    Given::End(_) => (kept, ends) = (self.last.zip(state), true),
                    Given::Standing(..) | Given::Open { .. } | Given::Settings(..) => {}
                }
                // A snapshot is of what is written, so it ends a group.
                let goes_on = kept.is_none() && !ends && self.pending.len() < GROUP_MAX;
                next = if goes_on { found.try_recv().ok() } else { None };
            }
            if speaks || ends || kept.is_some() || self.pending.len() >= GROUP_MAX || self.flushed.elapsed() >= QUIET {
                self.flush().await?;
            }
            // Postgres has passed the epoch, so no restart will find the snapshot ahead of it.
            if let Some((name, state)) = kept {
                self.snapshots.write(name, state, ends);
            }
            if ends {
                self.snapshots.end();
                std::process::exit(0);
            }
        }
    }

    /// Compares an epoch with what Kafka has of it, if it has it, and keeps it until Postgres has it.
    fn take(&mut self, judged: Judged) -> anyhow::Result<()> {
        let epoch = judged.binding.epoch;
        if epoch < self.committed.next {
            if !self.committed.is_comparable {
                return Ok(());
            }
            let outputs = self.committed.outputs.remove(&epoch).unwrap_or_default();
            let same = self.kafka.verify_alerts(&judged, &outputs);
            self.committed.compare(epoch, self.alerts.epoch(), same)?;
        }
        if epoch >= self.alerts.epoch() {
            self.pending.push(judged);
        }
        Ok(())
    }

    /// Writes what is pending: to Kafka, then to Postgres.
    async fn flush(&mut self) -> anyhow::Result<()> {
        self.flushed = Instant::now();
        let Some(last) = self.pending.last().map(|judged| judged.binding.epoch) else { return Ok(()) };
        let known = self.pending.partition_point(|judged| judged.binding.epoch < self.committed.next);
        let begun = Instant::now();
        self.kafka.write_alerts(&self.pending[known..], DETECTION_VERSION).context("alerts can't be committed")?;
        KAFKA_COMMIT.with_label_values(&[CELL]).observe(begun.elapsed().as_secs_f64());
        faults::point("risk.kafka");
        self.feedback.offer(&self.pending);
        self.committed.next = self.committed.next.max(last + 1);
        let begun = Instant::now();
        let leaves = self.pending.iter().map(|judged| self.kafka.leaves_of_alerts(judged)).collect::<Result<Vec<_>, _>>()?;
        self.alerts.write(&self.pending, &leaves).await.context("alerts can't be written to postgres")?;
        POSTGRES_COMMIT.with_label_values(&[CELL]).observe(begun.elapsed().as_secs_f64());
        EPOCHS.with_label_values(&[CELL]).inc_by(u64::try_from(self.pending.len()).unwrap_or_default());
        self.fresh.at(last);
        self.pending.clear();
        Ok(())
    }
}
