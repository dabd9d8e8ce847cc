//! Batches: items decided one after the other, each on what those before it have left.

use super::{Asking, Decision, Ledger};
use crate::ahead::{AHEAD, Ahead};
use crate::pins::{Batched, Effect, Pin};
use schemas::{Batch, BatchDecided, BatchMode, Cause, Epoch, Event, Fact, HoldId, ItemStatus, Operation, Outcome, Refusal, TransactionId};

impl Ledger {
    pub(super) fn batch(&mut self, asking: Asking<'_>, batch: &Batch, events: &mut Vec<Event>) -> Decision {
        let (numbers, said) = (self.numbers.clone(), events.len());
        let (mut effects, mut refused) = (Vec::with_capacity(batch.items.len()), Vec::new());
        let mut ahead = Ahead::default();
        let whole = batch.mode == BatchMode::AllOrNothing;
        self.undo = (whole || batch.dry_run).then(Vec::new);
        for (item, operation) in (0u16..).zip(&batch.items) {
            let number = usize::from(item);
            let named = asking.named.get(number..).unwrap_or_default();
            if number.is_multiple_of(AHEAD) {
                let upper = batch.items.len().min(number + AHEAD);
                self.look_at_items(&batch.items[number..upper], named, &mut ahead);
            }
            let cause = Cause { command_id: asking.cause.command_id.item(item), ..asking.cause.clone() };
            let item_asking = Asking { cause: &cause, near: ahead.places(number % AHEAD), may_wait: !whole, named, ..asking };
            let decision = self.decide(item_asking, operation, events);
            self.publish(cause, decision.fact, events);
            if let Effect::Moved(moved) = &decision.effect {
                self.moved_in_batch.push(*moved);
            }
            effects.push(decision.effect);
            // What is held for a review is noted beside the refused: its kind alone does not say that it is held.
            let is_held = matches!((operation, &effects.last()), (Operation::Pay(_), Some(Effect::Promised(_))));
            let noted = decision.refusal.or(is_held.then_some(Refusal::ReviewRequired));
            refused.extend(noted.map(|refusal| (item, refusal)));
            if whole && decision.refusal.is_some() {
                break;
            }
        }
        let batched = Batched { pin: 0, refused };
        let decided = Self::outcomes(self.epoch, numbers.transactions, batch, &effects, &batched);
        if batch.dry_run || decided.undone_by().is_some() {
            self.undo_all();
            self.numbers = numbers.clone();
            events.truncate(said);
            effects.clear();
        }
        self.undo = None;
        self.moved_in_batch.clear();
        let effect = Effect::Batch(effects, batched);
        Decision { fact: Fact::BatchDecided(Box::new(decided)), number: numbers.transactions, refusal: None, effect }
    }

    /// What was decided on a batch, from its pin and what is kept beside it.
    pub(super) fn batch_again(pin: &Pin, batch: &Batch, effect: &Effect) -> Fact {
        let Effect::Batch(effects, batched) = effect else { unreachable!("what became of a batch is kept with its pin") };
        Fact::BatchDecided(Box::new(Self::outcomes(pin.epoch, pin.number, batch, effects, batched)))
    }

    /// What became of the items: which were refused is known, and the others have the numbers that follow and their effects in order.
    fn outcomes(epoch: Epoch, first: u32, batch: &Batch, effects: &[Effect], batched: &Batched) -> BatchDecided {
        let undone = batch.mode == BatchMode::AllOrNothing && !batched.refused.is_empty();
        let mut number = first;
        let mut refused = batched.refused.iter().peekable();
        let mut moved = effects.iter().filter_map(Effect::moved);
        let mut promised = effects.iter().filter_map(Effect::promised);
        let mut outcome = |(item, operation): (u16, &Operation)| {
            let refusal = refused.next_if(|(place, _)| *place == item).map(|(_, refusal)| *refusal);
            if undone {
                let status = if refusal.is_some() { ItemStatus::Refused } else { ItemStatus::Undone };
                return Outcome::without(status, refusal);
            }
            let status = status(operation, batch.mode, refusal);
            let mut outcome = Outcome::without(status, refusal);
            match status {
                ItemStatus::Settled => outcome.fee_minor = moved.next().map_or(0, |moved| moved.fee_minor),
                ItemStatus::Reserved | ItemStatus::Released => outcome.fee_minor = promised.next().map_or(0, |promised| promised.fee_minor),
                ItemStatus::Failed | ItemStatus::Refused | ItemStatus::Undone => {}
            }
            if let (Operation::Release(release), ItemStatus::Released, false) = (operation, status, batch.dry_run) {
                outcome.hold_id = Some(release.hold_id);
            }
            let numbered = matches!(status, ItemStatus::Settled | ItemStatus::Failed | ItemStatus::Reserved);
            if numbered && !batch.dry_run {
                match status {
                    ItemStatus::Reserved => outcome.hold_id = Some(HoldId::mint(epoch, number)),
                    _ => outcome.transaction_id = Some(TransactionId::mint(epoch, number)),
                }
            }
            number += u32::from(numbered);
            outcome
        };
        let outcomes = (0..).zip(&batch.items).map(&mut outcome).collect();
        BatchDecided { mode: batch.mode, dry_run: batch.dry_run, outcomes }
    }
}

/// What is said of an item by itself.
fn status(operation: &Operation, mode: BatchMode, refusal: Option<Refusal>) -> ItemStatus {
    match (operation, refusal) {
        (Operation::Pay(_), Some(Refusal::ReviewRequired)) if mode == BatchMode::Independent => ItemStatus::Reserved,
        (Operation::Pay(_), Some(refusal)) if refusal != Refusal::OperationNotInForce => ItemStatus::Failed,
        (_, Some(_)) => ItemStatus::Refused,
        (Operation::Reserve(_), None) => ItemStatus::Reserved,
        (Operation::Release(_), None) => ItemStatus::Released,
        (_, None) => ItemStatus::Settled,
    }
}
