//! A batch as decided on the wire; the answer to the same batch that came again is the same record with the first epoch filled.

use super::epoch;
use crate::batch::{self, BatchMode, ITEMS_MAX, ItemStatus, Outcome};
use crate::epoch::{Position, rfc3339};
use crate::event::{Cause, Event, Fact, Repeat};
use crate::id::{CommandId, EventId, HoldId, TransactionId};
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

event_record! {
    struct BatchDecided {
        mode: BatchMode,
        dry_run: bool,
        #[serde(borrow)]
        outcomes: Outcomes<'a>,
        #[serde(default)]
        first_epoch: Option<i64>,
        #[serde(borrow)]
        decided_at: Cow<'a, str>,
    }
}

/// Thousands of outcomes, which are not copied to be written.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Outcomes<'a>(#[serde(with = "outcomes")] Cow<'a, [Outcome]>);

pub(super) fn of<'a>(event: &'a Event, decided: &'a batch::BatchDecided, first_epoch: Option<i64>) -> BatchDecided<'a> {
    record!(BatchDecided, event, {
        mode: decided.mode,
        dry_run: decided.dry_run,
        outcomes: Outcomes(Cow::Borrowed(&decided.outcomes)),
        first_epoch: first_epoch,
        decided_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

impl BatchDecided<'_> {
    pub(in crate::wire) fn into_event(mut self, traceparent: &str) -> Result<Event, String> {
        let outcomes = std::mem::take(&mut self.outcomes.0).into_owned();
        if !(1..=ITEMS_MAX).contains(&outcomes.len()) {
            return Err(format!("a batch has 1 to {ITEMS_MAX} outcomes, not {}", outcomes.len()));
        }
        if let Some(place) = outcomes.iter().position(|outcome| !fits(outcome)) {
            return Err(format!("outcome {place} of a batch is {} with or without a reason", outcomes[place].status));
        }
        let decided = batch::BatchDecided { mode: self.mode, dry_run: self.dry_run, outcomes };
        let fact = Fact::BatchDecided(Box::new(decided));
        let fact = match self.first_epoch {
            None => fact,
            Some(_) if self.dry_run => return Err("a dry run is decided anew each time that it comes".to_owned()),
            Some(first) => {
                Fact::Repeated(Box::new(Repeat { operation: "batch".to_owned(), first_epoch: epoch(first)?, first: Some(fact) }))
            }
        };
        self.event(traceparent, fact)
    }
}

/// Whether there is a reason exactly where something was refused, or held until somebody has looked at it.
const fn fits(outcome: &Outcome) -> bool {
    if matches!((outcome.status, outcome.refusal), (ItemStatus::Reserved, Some(Refusal::ReviewRequired))) {
        return true;
    }
    let refused = match outcome.status {
        ItemStatus::Failed | ItemStatus::Refused => true,
        ItemStatus::Settled | ItemStatus::Reserved | ItemStatus::Released | ItemStatus::Undone => false,
    };
    outcome.refusal.is_some() == refused
}

/// A list of outcomes, each in its shape.
mod outcomes {
    use super::{Cow, HoldId, ItemStatus, Outcome, Refusal, TransactionId};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Shaped(#[serde(with = "Shape")] Outcome);

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "Outcome")]
    struct Shape {
        status: ItemStatus,
        #[serde(default)]
        transaction_id: Option<TransactionId>,
        #[serde(default)]
        hold_id: Option<HoldId>,
        fee_minor: i64,
        #[serde(default, rename = "reason")]
        refusal: Option<Refusal>,
    }

    pub(super) fn serialize<S: Serializer>(outcomes: &[Outcome], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(outcomes.iter().map(|outcome| Shaped(*outcome)))
    }

    pub(super) fn deserialize<'a, 'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, [Outcome]>, D::Error> {
        Ok(Vec::<Shaped>::deserialize(deserializer)?.into_iter().map(|Shaped(outcome)| outcome).collect())
    }
}
