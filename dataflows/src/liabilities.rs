//! The liabilities: how much does the bank owe, and how much of that is held?
//!
//! In: the positions, and what each epoch holds and gives free. Out: what each epoch adds, by currency. Never: the house's own
//! accounts, which stand against all of this.
//!
//! **Definition.** What is owed of a currency is the sum of its positions but the house's. What is held is on accounts of
//! customers and stays there until it is paid, so it is a part of what is owed.

use crate::positions::Position;
use crate::route::{fold, mix};
use differential_dataflow::VecCollection;
use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::trace::implementations::ord_neu::{OrdKeyBatcher, OrdKeySpine};
use schemas::{Currency, Epoch, EpochEvents, Fact, Group, HoldChanged, Role};
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Concat;
use timely::dataflow::operators::vec::Map;

/// What is owed, and what of it is held, in minor units.
pub type Owed = (i128, i128);

/// Something that is held, or free again: of what, when, and how much.
pub type Change = (Currency, Epoch, Owed);

/// What an epoch holds and gives free.
pub fn changes(epoch: &EpochEvents) -> impl Iterator<Item = Change> {
    let time = epoch.epoch();
    held(epoch).map(move |held| (held.amount.currency, time, (0, held.held_minor().into())))
}

/// How many changes that is.
pub fn len(epoch: &EpochEvents) -> usize {
    held(epoch).count()
}

fn held(epoch: &EpochEvents) -> impl Iterator<Item = &HoldChanged> {
    epoch.events.iter().filter_map(|event| match &event.fact {
        Fact::HoldChanged(held) => Some(held),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::Transaction(_)
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
        | Fact::Refused { .. }
        | Fact::Repeated(_) => None,
    })
}

/// Where a currency's work is done.
pub fn route(currency: &Currency) -> u64 {
    mix(fold(&[currency.code()]))
}

/// What each epoch adds to every currency, by the positions of this worker and the holds that were brought to it.
pub fn liabilities<'scope>(
    positions: VecCollection<'scope, Epoch, Group, Position>,
    held: StreamVec<'scope, Epoch, Change>,
) -> VecCollection<'scope, Epoch, Currency, Owed> {
    type Batches = OrdKeySpine<Currency, Epoch, Owed>;
    let owed = positions.inner.flat_map(|(group, epoch, (_, balance_minor))| {
        let is_owed = group.role != Role::House && balance_minor != 0;
        is_owed.then_some(((group.currency, ()), epoch, (balance_minor, 0)))
    });
    let held = held.map(|(currency, epoch, sum)| ((currency, ()), epoch, sum));
    let added =
        arrange_core::<_, _, OrdKeyBatcher<Currency, Epoch, Owed>, Batches>(owed.concat(held), Pipeline, "liabilities", OrdKeyBatcher::new);
    added.as_collection(|currency, ()| *currency)
}

#[cfg(test)]
mod tests;
