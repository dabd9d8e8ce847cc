//! Batches: what is said to have become of the items is what their own events say, no more and no less.

use super::Faults;
use schemas::batch::ITEMS_MAX;
use schemas::{BatchDecided, Event, Fact, HoldChange, ItemStatus, Outcome, Refusal};

/// A batch, and what was said at its place before it.
pub(super) fn check(batch: &Event, decided: &BatchDecided, said: &[Event], faults: &mut Faults) {
    let (id, items) = (batch.cause.command_id, decided.outcomes.len());
    if !(1..=ITEMS_MAX).contains(&items) {
        faults.add(|| format!("batch {id} has {items} items"));
    }
    let undone = decided.undone_by();
    let done = !decided.dry_run && undone.is_none();
    let mut rest = said;
    for (item, outcome) in (0..).zip(&decided.outcomes) {
        let own = if done { rest.iter().take_while(|event| event.cause.command_id == id.item(item)).count() } else { 0 };
        let (own, others) = rest.split_at(own);
        rest = others;
        let right = match undone {
            Some((refused, _)) => undoes(outcome, usize::from(item) == refused),
            None if decided.dry_run => foresees(outcome),
            None => says(own, outcome),
        };
        if !right {
            faults.add(|| format!("batch {id} says of item {item} {outcome:?}, and its events do not"));
        }
    }
    if let Some(stray) = rest.first() {
        faults.add(|| format!("event {} is said at the place of batch {id}, and no item of it did that", stray.id));
    }
}

/// One item is refused, and all others with it.
fn undoes(outcome: &Outcome, refused: bool) -> bool {
    let status = if refused { ItemStatus::Refused } else { ItemStatus::Undone };
    let refusal = outcome.refusal.filter(|_| refused);
    *outcome == Outcome::without(status, refusal)
}

/// What would become of it has no id yet, and a reason if it would be refused.
fn foresees(outcome: &Outcome) -> bool {
    let refused = outcome.refusal.is_some() && outcome.fee_minor == 0;
    let fits = match outcome.status {
        // What would be held until somebody has looked at it says so.
        ItemStatus::Reserved => outcome.refusal.is_none_or(|refusal| refusal == Refusal::ReviewRequired),
        ItemStatus::Settled | ItemStatus::Released => outcome.refusal.is_none(),
        ItemStatus::Failed | ItemStatus::Refused => refused,
        ItemStatus::Undone => false,
    };
    fits && outcome.transaction_id.is_none() && outcome.hold_id.is_none()
}

/// The last event of an item answers it, no other does, and it says the same.
fn says(own: &[Event], outcome: &Outcome) -> bool {
    let Some((answer, before)) = own.split_last() else { return false };
    !before.iter().any(Event::answers) && said(&answer.fact) == Some(*outcome)
}

/// What an event says of its item; none of what no item does.
fn said(fact: &Fact) -> Option<Outcome> {
    match fact {
        Fact::Transaction(transaction) => Some(Outcome {
            status: if transaction.refusal.is_none() { ItemStatus::Settled } else { ItemStatus::Failed },
            transaction_id: Some(transaction.id),
            hold_id: None,
            fee_minor: transaction.fee_minor,
            refusal: transaction.refusal,
        }),
        Fact::HoldChanged(held) => {
            let status = match held.change {
                HoldChange::Reserved | HoldChange::Reviewed => ItemStatus::Reserved,
                HoldChange::Released => ItemStatus::Released,
                HoldChange::Captured | HoldChange::Closed | HoldChange::Expired => return None,
                HoldChange::ReviewRefused | HoldChange::ReviewExpired => return None,
            };
            let refusal = (held.change == HoldChange::Reviewed).then_some(Refusal::ReviewRequired);
            Some(Outcome { status, transaction_id: None, hold_id: Some(held.id), fee_minor: held.fee_minor, refusal })
        }
        Fact::Refused { refusal, .. } => Some(Outcome::without(ItemStatus::Refused, Some(*refusal))),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::BatchDecided(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Diligence(_)
        | Fact::Assessed(_)
        | Fact::Repeated(_) => None,
    }
}
