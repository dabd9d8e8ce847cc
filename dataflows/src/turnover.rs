//! The turnover: how much did each merchant receive and each agent handle, by day?
//!
//! In: what happened in each epoch. Out: what the epoch adds to each account and operation of its day. Never: what an
//! account has in all, nor who it is: an event does not say which role an account has, so whoever keeps the sums leaves
//! out those that are neither a merchant's nor an agent's.
//!
//! **Definition.** As of the volume, one collection of rows whose differences add up, of which nothing is held but the
//! epochs under way.
//!
//! | Operation | Counts for |
//! |---|---|
//! | merchant and bill payment | whoever is paid |
//! | deposit | whoever pays, out of an agent's float or the house's cash |
//! | withdrawal | whoever is paid, the same |
//! | refund, reversal | both sides: one of them took part in the original |
//! | transfer | nobody |

use crate::route::mix;
use differential_dataflow::VecCollection;
use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::trace::implementations::ord_neu::{OrdKeyBatcher, OrdKeySpine};
use schemas::{AccountId, Epoch, EpochEvents, Fact, PaymentKind, Side, Span, Transaction};
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::vec::Map;

/// How many, and how much in minor units.
pub type Sum = (i64, i128);

/// Something that counts for an account: for which and as what, when, and what it adds.
pub type Change = (Side, Epoch, Sum);

/// What an epoch adds, one change for each account that a payment counts for. What failed counts for nobody.
pub fn changes(epoch: &EpochEvents) -> impl Iterator<Item = Change> {
    let time = epoch.epoch();
    settled(epoch).flat_map(move |transaction| {
        let side =
            move |account| Side { day: Span::Day.start(time), currency: transaction.amount.currency, account, operation: transaction.kind };
        accounts(transaction).into_iter().flatten().map(move |account| (side(account), time, (1, transaction.amount.minor.into())))
    })
}

/// How many changes that is.
pub fn len(epoch: &EpochEvents) -> usize {
    settled(epoch).flat_map(|transaction| accounts(transaction).into_iter().flatten()).count()
}

fn settled(epoch: &EpochEvents) -> impl Iterator<Item = &Transaction> {
    epoch.events.iter().filter_map(|event| match &event.fact {
        Fact::Transaction(transaction) => transaction.refusal.is_none().then_some(transaction),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
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

fn accounts(transaction: &Transaction) -> [Option<AccountId>; 2] {
    let (payer, payee) = (transaction.account_debit, transaction.account_credit);
    match transaction.kind {
        PaymentKind::MerchantPayment | PaymentKind::BillPayment | PaymentKind::Withdrawal => [Some(payee), None],
        PaymentKind::Deposit => [Some(payer), None],
        PaymentKind::Refund | PaymentKind::Reversal => [Some(payer), Some(payee)],
        PaymentKind::Transfer => [None, None],
    }
}

/// Where an account's work is done.
pub fn route(side: &Side) -> u64 {
    let (high, low) = side.account.0.as_u64_pair();
    mix(high ^ low.rotate_left(32))
}

/// What each epoch adds to every row, of the changes that were brought to this worker. As of the volume, no handle of the
/// trace is kept, so no batch is.
pub fn turnover<'scope>(changes: StreamVec<'scope, Epoch, Change>) -> VecCollection<'scope, Epoch, Side, Sum> {
    type Batches = OrdKeySpine<Side, Epoch, Sum>;
    let keyed = changes.map(|(side, epoch, sum)| ((side, ()), epoch, sum));
    let added = arrange_core::<_, _, OrdKeyBatcher<Side, Epoch, Sum>, Batches>(keyed, Pipeline, "turnover", OrdKeyBatcher::new);
    added.as_collection(|side, ()| *side)
}

#[cfg(test)]
mod tests;
