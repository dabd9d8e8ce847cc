//! Arbitrary batches, orders and proofs, as asked for and as decided.

use super::{account_id, currency, id, item, money, payment, transaction_id};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use schemas::epoch::LAST_EPOCH;
use schemas::{
    Batch, BatchDecided, BatchMode, Bearer, Channel, Dated, Fact, HoldId, ItemStatus, Order, OrderChange, OrderChanged, OrderId, Outcome,
    Paid, PaymentKind, Proof, Refusal,
};
use std::sync::Arc;

pub(super) fn batch() -> impl Strategy<Value = Batch> {
    (select(BatchMode::ALL), any::<bool>(), vec(item(), 1..9)).prop_map(|(mode, dry_run, items)| Batch { mode, dry_run, items })
}

pub(super) fn order() -> impl Strategy<Value = Order> {
    (payment(), dated()).prop_map(|(payment, dated)| Order { payment, dated })
}

pub(super) fn order_id() -> impl Strategy<Value = OrderId> {
    id().prop_map(OrderId)
}

fn dated() -> impl Strategy<Value = Dated> {
    prop_oneof![(0..=LAST_EPOCH).prop_map(Dated::ExecuteAt), (0..=LAST_EPOCH).prop_map(Dated::EffectiveAt)]
}

pub(super) fn proof() -> impl Strategy<Value = Option<Arc<Proof>>> {
    let bearer = select(Bearer::ALL);
    let paid = (transaction_id(), select(PaymentKind::ASKED), select(Channel::ALL), bearer, (account_id(), account_id()), currency());
    let paid =
        (paid, any::<i64>(), any::<i64>()).prop_map(|((id, kind, channel, bearer, (payer, payee), currency), amount_minor, fee_minor)| {
            Paid { id, kind, channel, bearer, payer, payee, currency, amount_minor, fee_minor }
        });
    let proof = (vec(paid, 1..5), any::<u32>(), vec(any::<[u8; 32]>(), 0..4));
    option::of(proof.prop_map(|(rows, leaf, path)| Arc::new(Proof { rows, leaf, path })))
}

pub(super) fn decided() -> impl Strategy<Value = BatchDecided> {
    let ids = (option::of(transaction_id()), option::of(id().prop_map(HoldId)));
    let outcome = (select(ItemStatus::ALL), ids, any::<i64>(), select(Refusal::ALL)).prop_map(
        |(status, (transaction_id, hold_id), fee_minor, refusal)| {
            let refusal = matches!(status, ItemStatus::Failed | ItemStatus::Refused).then_some(refusal);
            Outcome { status, transaction_id, hold_id, fee_minor, refusal }
        },
    );
    (select(BatchMode::ALL), any::<bool>(), vec(outcome, 1..9)).prop_map(|(mode, dry_run, outcomes)| BatchDecided {
        mode,
        dry_run,
        outcomes,
    })
}

/// An order that waits for its day ends in a transaction or is cancelled; one that counts from an earlier day is executed at once.
pub(super) fn changed() -> BoxedStrategy<OrderChanged> {
    let sides = (select(PaymentKind::ASKED), select(Channel::ALL), account_id(), account_id());
    (order_id(), select(OrderChange::ALL), sides, money(), dated(), transaction_id())
        .prop_map(|(id, change, (kind, channel, account_debit, account_credit), amount, dated, transaction)| {
            let change = if dated.effective_at().is_some() { OrderChange::Executed } else { change };
            let ended = matches!(change, OrderChange::Executed | OrderChange::Failed);
            let transaction_id = ended.then_some(transaction);
            OrderChanged { id, change, kind, channel, account_debit, account_credit, amount, dated, transaction_id }
        })
        .boxed()
}

/// The decision of a batch or of an order that is told again.
pub(super) fn answered() -> BoxedStrategy<Fact> {
    let batch = decided().prop_map(|decided| Fact::BatchDecided(Box::new(BatchDecided { dry_run: false, ..decided })));
    let waiting = (changed(), 0..=LAST_EPOCH, any::<bool>()).prop_map(|(changed, epoch, cancelled)| {
        let change = if cancelled { OrderChange::Cancelled } else { OrderChange::Scheduled };
        Fact::OrderChanged(Box::new(OrderChanged { change, dated: Dated::ExecuteAt(epoch), transaction_id: None, ..changed }))
    });
    prop_oneof![batch, waiting].boxed()
}
