//! Batches: what is said of the items is what they did themselves, at the same place and in the same epoch, and nothing else is.

use super::super::history::Item;
use super::{Case, Findings, Kind};
use crate::exactly_once::evidence::{Recorded, resource};
use schemas::{BatchDecided, CommandId, Fact, HoldChange, ItemStatus, Position, Refusal};

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let none = Vec::new();
    for (position, answer) in &case.answered {
        let items = case.items.get(position).unwrap_or(&none);
        let (id, epoch) = (answer.event.cause.command_id, answer.event.epoch);
        let wrong = match &answer.event.fact {
            Fact::BatchDecided(decided) => items
                .iter()
                .find(|item| item.event.epoch != epoch)
                .map(|item| format!("event {} is of another epoch", item.event.id))
                .or_else(|| differs(id, decided, items)),
            _ => items.first().map(|item| format!("event {} is of an item, and no batch was decided", item.event.id)),
        };
        if let Some(wrong) = wrong {
            findings.add(Kind::BatchDiffers, format!("batch {id} at {position}: {wrong}"));
        }
    }
    let unanswered = |position: &&Position| !case.answered.contains_key(position);
    for position in case.items.keys().filter(unanswered) {
        findings.add(Kind::BatchDiffers, format!("items of a batch at {position} did something, and it was not decided"));
    }
}

/// What is wrong with a batch, if something is.
fn differs(id: CommandId, decided: &BatchDecided, items: &[&Recorded]) -> Option<String> {
    let refused = decided.undone_by();
    if decided.dry_run || refused.is_some() {
        let one = |(place, outcome): (usize, &schemas::Outcome)| {
            let is_it = refused.is_some_and(|(refused, _)| refused == place);
            let due = if is_it { ItemStatus::Refused } else { ItemStatus::Undone };
            let nothing = outcome.transaction_id.is_none() && outcome.hold_id.is_none();
            let due = refused.is_none() || (outcome.status == due && outcome.refusal.is_some() == is_it && outcome.fee_minor == 0);
            nothing && due
        };
        let wrong = decided.outcomes.iter().enumerate().position(|outcome| !one(outcome));
        let said = items.first().map(|item| format!("nothing of it was to be done, and event {} was said", item.event.id));
        return said
            .or_else(|| wrong.map(|place| format!("nothing of it was done, and of item {place} it says {:?}", decided.outcomes[place])));
    }
    let mut rest = items;
    for (place, outcome) in (0..).zip(&decided.outcomes) {
        let own = rest.iter().take_while(|item| item.event.cause.command_id == id.item(place)).count();
        let (own, others) = rest.split_at(own);
        rest = others;
        let mut answers = own.iter().filter(|item| item.event.answers());
        let (answer, more) = (answers.next(), answers.next());
        let did = answer.and_then(|answer| did(&answer.event.fact));
        let fits = did.is_some_and(|(item, fee_minor)| item == Item::of(outcome) && fee_minor == outcome.fee_minor);
        if !fits || more.is_some() {
            return Some(format!(
                "of item {place} it says {outcome:?}, and its events {:?}",
                own.iter().map(|item| &item.event.fact).collect::<Vec<_>>()
            ));
        }
    }
    rest.first().map(|item| format!("event {} is of no item, or not of the next", item.event.id))
}

/// What an item did, and the fee with it; none of what no item does.
fn did(fact: &Fact) -> Option<(Item, i64)> {
    let item = |status, reason: Option<Refusal>| Item { status, made: resource(fact), reason };
    match fact {
        Fact::Transaction(transaction) => {
            let status = if transaction.refusal.is_some() { ItemStatus::Failed } else { ItemStatus::Settled };
            Some((item(status, transaction.refusal), transaction.fee_minor))
        }
        Fact::HoldChanged(held) if held.change.begins() => Some((item(ItemStatus::Reserved, None), held.fee_minor)),
        Fact::HoldChanged(held) if held.change == HoldChange::Released => Some((item(ItemStatus::Released, None), held.fee_minor)),
        Fact::Refused { refusal, .. } => Some((item(ItemStatus::Refused, Some(*refusal)), 0)),
        Fact::HoldChanged(_)
        | Fact::CustomerCreated(_)
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
