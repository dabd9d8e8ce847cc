//! Batches: many operations, one after the other, and all of it undone where nothing is to stay.

use super::{Books, since};
use schemas::{Batch, BatchDecided, BatchMode, Cause, Fact, HoldChange, ItemStatus, Operation, Outcome, Principal, Refusal};

impl Books {
    pub(super) fn batch(&mut self, cause: &Cause, principal: &Principal, batch: &Batch) -> Fact {
        let Batch { mode, dry_run, items } = batch;
        let before = self.clone();
        let mut outcomes = Vec::new();
        for (number, item) in (0..).zip(items) {
            let cause = Cause { command_id: cause.command_id.item(number), ..cause.clone() };
            // Only what stands by itself can wait for a review.
            let may_wait = *mode == BatchMode::Independent;
            let fact = match item {
                Operation::Pay(payment) if since(item) <= self.rules[0] => self.pay(&cause, principal, payment, may_wait),
                item => self.answer(&cause, principal, item),
            };
            outcomes.push(outcome(item, &fact));
            self.say(&cause, fact);
        }
        // The first that is refused undoes all.
        let refused = outcomes.iter().position(|outcome| outcome.refusal.is_some()).filter(|_| *mode == BatchMode::AllOrNothing);
        if let Some(refused) = refused {
            let refusal = outcomes[refused].refusal;
            outcomes = vec![Outcome::without(ItemStatus::Undone, None); items.len()];
            outcomes[refused] = Outcome::without(ItemStatus::Refused, refusal);
        }
        if refused.is_some() || *dry_run {
            *self = before;
        }
        if *dry_run {
            outcomes.iter_mut().for_each(|outcome| (outcome.transaction_id, outcome.hold_id) = (None, None));
        }
        Fact::BatchDecided(Box::new(BatchDecided { mode: *mode, dry_run: *dry_run, outcomes }))
    }
}

/// What the fact of an item comes to.
fn outcome(item: &Operation, fact: &Fact) -> Outcome {
    let of = |status| Outcome::without(status, None);
    match (item, fact) {
        (Operation::Pay(_), Fact::Transaction(paid)) if paid.refusal.is_some() => {
            Outcome { transaction_id: Some(paid.id), refusal: paid.refusal, ..of(ItemStatus::Failed) }
        }
        (_, Fact::Transaction(paid)) => Outcome { transaction_id: Some(paid.id), fee_minor: paid.fee_minor, ..of(ItemStatus::Settled) },
        (_, Fact::HoldChanged(held)) => {
            let status = if held.change.begins() { ItemStatus::Reserved } else { ItemStatus::Released };
            let refusal = (held.change == HoldChange::Reviewed).then_some(Refusal::ReviewRequired);
            Outcome { hold_id: Some(held.id), fee_minor: held.fee_minor, refusal, ..of(status) }
        }
        (_, Fact::Refused { refusal, .. }) => Outcome { refusal: Some(*refusal), ..of(ItemStatus::Refused) },
        (item, fact) => unreachable!("{item:?} comes to {fact:?}"),
    }
}
