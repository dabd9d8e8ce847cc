//! What settlement shows of itself, by what the sink has committed: once a transaction, on the sink's thread. The thread
//! that decides counts nothing.

use ingress::lag::Uppers;
use meters::since::{self, Since};
use meters::{
    ACCOUNTS, CASES, CUSTOMERS, DEAD_LETTERS, DECISIONS, EPOCH_AGE, EPOCHS, FRESHNESS, HOLDS, KAFKA_COMMIT, NONE, ORDERS, PINS, PINS_COLD,
    PINS_MAX, REFUSALS, number,
};
use schemas::{EpochOutput, Event, Fact, HoldChange, OrderChange, Topic};
use state::Sizes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const CELL: &str = "settlement";

/// What the sink says.
pub(super) struct Measures {
    fresh: Arc<Since>,
    uppers: Uppers,
}

impl Measures {
    /// Nothing is committed yet; `pinned_max` decisions may be kept. `uppers` is told how far the log is decided.
    pub(super) fn begin(pinned_max: u64, uppers: Uppers) -> Self {
        PINS_MAX.with_label_values(NONE).set(number(pinned_max));
        DEAD_LETTERS.with_label_values(NONE).inc_by(0);
        EPOCHS.with_label_values(&[CELL]).inc_by(0);
        Self { fresh: since::of(&FRESHNESS, CELL), uppers }
    }

    /// An epoch of the replay gave what was committed: how far the bank is, and nothing that happened now.
    pub(super) fn replayed(&self, output: &EpochOutput, sizes: Sizes) {
        self.stand(output, sizes);
    }

    /// Epochs were committed in one transaction; `sizes` is what the ledger keeps after them.
    pub(super) fn committed(&self, group: &[EpochOutput], sizes: Sizes, took: Duration) {
        let Some(last) = group.last() else { return };
        KAFKA_COMMIT.with_label_values(&[CELL]).observe(took.as_secs_f64());
        EPOCHS.with_label_values(&[CELL]).inc_by(u64::try_from(group.len()).unwrap_or_default());
        let ages = EPOCH_AGE.with_label_values(&["committed"]);
        let (now_ms, mut dead, mut told, mut refused) = (since::now_ms(), 0, BTreeMap::<_, u64>::new(), BTreeMap::<_, u64>::new());
        for output in group {
            ages.observe(since::seconds(now_ms.saturating_sub(output.binding.epoch)));
            dead += output.dead_letters.len();
            for Decision { operation, outcome, reason } in output.events.iter().filter_map(decision) {
                *told.entry((operation, outcome)).or_default() += 1;
                if let Some(reason) = reason {
                    *refused.entry((operation, reason)).or_default() += 1;
                }
            }
        }
        told.into_iter().for_each(|((operation, outcome), count)| DECISIONS.with_label_values(&[operation, outcome]).inc_by(count));
        refused.into_iter().for_each(|((operation, reason), count)| REFUSALS.with_label_values(&[operation, reason]).inc_by(count));
        DEAD_LETTERS.with_label_values(NONE).inc_by(u64::try_from(dead).unwrap_or_default());
        self.stand(last, sizes);
    }

    fn stand(&self, last: &EpochOutput, sizes: Sizes) {
        self.fresh.at(last.binding.epoch);
        let commands = last.binding.inputs.iter().filter(|input| input.topic == Topic::Commands.as_str());
        self.uppers.set(commands.map(|input| (input.partition, input.upper)).collect());
        let Sizes { customers, accounts, holds, orders, cases, cold_pins } = sizes;
        let parties = [(&CUSTOMERS, customers), (&ACCOUNTS, accounts)];
        let kept = parties.into_iter().chain([(&HOLDS, holds), (&CASES, cases), (&ORDERS, orders), (&PINS_COLD, cold_pins)]);
        for (gauge, count) in kept {
            gauge.with_label_values(NONE).set(number(count));
        }
        PINS.with_label_values(NONE).set(number(last.pinned));
    }
}

/// A decision as it is counted.
#[derive(Debug, PartialEq, Eq)]
struct Decision<'a> {
    operation: &'a str,
    outcome: &'static str,
    reason: Option<&'static str>,
}

/// What an event decides; none if it only tells what else came of a decision, or of time.
fn decision(event: &Event) -> Option<Decision<'_>> {
    let accepted = |operation| Some(Decision { operation, outcome: "accepted", reason: None });
    let refused = |operation, reason| Some(Decision { operation, outcome: "refused", reason: Some(reason) });
    if !event.answers() {
        return None;
    }
    match &event.fact {
        Fact::CustomerCreated(_) => accepted("create_customer"),
        Fact::AccountOpened(_) => accepted("open_account"),
        Fact::RulesActivated { .. } => accepted("activate_rules"),
        Fact::StatusChanged(changed) => accepted(changed.change.as_str()),
        Fact::PolicyChanged(policy) => accepted(policy.operation()),
        Fact::HoldChanged(held) => match held.change {
            HoldChange::Reserved => accepted("reserve"),
            HoldChange::Released => accepted("release"),
            // Allowed or not, a payment that somebody has to look at is not decided yet.
            HoldChange::Reviewed => Some(Decision { operation: held.kind.as_str(), outcome: "review", reason: None }),
            HoldChange::ReviewRefused => accepted("decide_review"),
            HoldChange::Captured | HoldChange::Closed | HoldChange::Expired | HoldChange::ReviewExpired => None,
        },
        Fact::AmlChanged(changed) => accepted(changed.setting.operation()),
        Fact::ListChanged(changed) => accepted(changed.change.operation()),
        Fact::PartyChanged(changed) => accepted(changed.operation()),
        Fact::Diligence(told) => accepted(told.operation()),
        Fact::Assessed(_) => None,
        Fact::OrderChanged(order) => match order.change {
            OrderChange::Scheduled => accepted("order"),
            OrderChange::Cancelled => accepted("cancel_order"),
            OrderChange::Executed | OrderChange::Failed => None,
        },
        Fact::Transaction(transaction) => match transaction.refusal {
            None => accepted(transaction.operation()),
            Some(refusal) => refused(transaction.operation(), refusal.as_str()),
        },
        // What is only tried is refused to nobody, and of the items of the others each is its own.
        Fact::BatchDecided(batch) if batch.dry_run => accepted("batch_dry_run"),
        Fact::BatchDecided(batch) => match batch.undone_by() {
            None => accepted("batch"),
            Some((_, refusal)) => refused("batch", refusal.as_str()),
        },
        Fact::Refused { operation, refusal } => refused(operation, refusal.as_str()),
        Fact::Repeated(repeat) => Some(match repeat.first {
            Some(_) => Decision { operation: &repeat.operation, outcome: "replayed", reason: None },
            None => Decision { operation: &repeat.operation, outcome: "key_reused", reason: Some("idempotency_key_reused") },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{BatchDecided, BatchMode, Cause, CommandId, EventId, ItemStatus, Outcome, Position, Refusal, Repeat};

    fn told(fact: Fact) -> Option<(String, &'static str, Option<&'static str>)> {
        let cause = Cause {
            command_id: CommandId::derive("a", "b", "c"),
            position: Position { partition: 0, offset: 0 },
            traceparent: String::new(),
        };
        let event = Event { id: EventId::mint(7, 0), epoch: 7, cause, fact };
        decision(&event).map(|Decision { operation, outcome, reason }| (operation.to_owned(), outcome, reason))
    }

    #[test]
    fn a_decision_is_counted_once_by_what_came_of_it() {
        let refusal = Refusal::NotAuthorized;
        let repeat = |first| Fact::Repeated(Box::new(Repeat { operation: "transfer".to_owned(), first_epoch: 1, first }));
        let batch = |mode, dry_run| {
            let outcomes = vec![Outcome::without(ItemStatus::Failed, Some(Refusal::HoldNotOpen))];
            Fact::BatchDecided(Box::new(BatchDecided { mode, dry_run, outcomes }))
        };
        let rules = || Fact::RulesActivated { version: 2 };
        for (fact, operation, outcome, reason) in [
            (rules(), "activate_rules", "accepted", None),
            (Fact::Refused { operation: "reserve".to_owned(), refusal }, "reserve", "refused", Some("not_authorized")),
            (repeat(Some(rules())), "transfer", "replayed", None),
            (repeat(None), "transfer", "key_reused", Some("idempotency_key_reused")),
            (batch(BatchMode::Independent, false), "batch", "accepted", None),
            (batch(BatchMode::AllOrNothing, false), "batch", "refused", Some("hold_not_open")),
            (batch(BatchMode::AllOrNothing, true), "batch_dry_run", "accepted", None),
        ] {
            assert_eq!(told(fact), Some((operation.to_owned(), outcome, reason)));
        }
    }
}
