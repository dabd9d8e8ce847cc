//! Batches, orders and proofs: what is a command at all, and the fingerprints, which never change.

use super::{check_distinct, print, reserve, transfer};
use crate::batch::{Batch, BatchMode, ITEMS_MAX};
use crate::command::*;
use crate::hold::{Capture, Release, Reserve};
use crate::id::{HoldId, OrderId};
use crate::order::{CancelOrder, Dated, Order};
use crate::policy::Bearer;
use crate::proof::{LEAF_ROWS, Paid};
use crate::transaction::Channel;
use std::collections::BTreeSet;
use uuid::Uuid;

fn batch(items: Vec<Operation>) -> Batch {
    Batch { mode: BatchMode::AllOrNothing, dry_run: false, items }
}

/// One of each that a batch can have.
fn items() -> Vec<Operation> {
    let (hold_id, transaction_id) = (HoldId(Uuid::from_u128(5)), TransactionId(Uuid::from_u128(6)));
    let amount = Money { minor: 350, currency: Currency::XOF };
    vec![
        Operation::Pay(transfer()),
        Operation::Reserve(reserve()),
        Operation::Capture(Capture { hold_id, amount, last: true }),
        Operation::Release(Release { hold_id }),
        Operation::Refund(Refund { transaction_id, amount, proof: None }),
        Operation::Reverse(Reverse { transaction_id, proof: None }),
    ]
}

fn order(dated: Dated) -> Operation {
    Operation::Order(Order { payment: transfer(), dated })
}

fn cancel(number: u128) -> Operation {
    Operation::CancelOrder(CancelOrder { order_id: OrderId(Uuid::from_u128(number)) })
}

fn proof(rows: usize, path: usize) -> Option<Arc<Proof>> {
    let paid = Paid {
        id: TransactionId(Uuid::from_u128(6)),
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        bearer: Bearer::Payer,
        payer: AccountId(Uuid::from_u128(1)),
        payee: AccountId(Uuid::from_u128(2)),
        currency: Currency::XOF,
        amount_minor: 350,
        fee_minor: 5,
    };
    Some(Arc::new(Proof { rows: vec![paid; rows], leaf: 0, path: vec![[7; 32]; path] }))
}

/// Both that can have a proof, with this one.
fn proven(proof: &Option<Arc<Proof>>) -> [Operation; 2] {
    let (transaction_id, amount) = (TransactionId(Uuid::from_u128(6)), Money { minor: 350, currency: Currency::XOF });
    [
        Operation::Refund(Refund { transaction_id, amount, proof: proof.clone() }),
        Operation::Reverse(Reverse { transaction_id, proof: proof.clone() }),
    ]
}

#[test]
fn a_batch_has_some_items_of_the_kinds_that_move_or_hold_money() {
    let passes = |items: Vec<Operation>| Operation::Batch(batch(items)).check().is_ok();
    let pay = Operation::Pay(transfer());
    assert!(passes(items()));
    for (count, expected) in [(0, false), (1, true), (ITEMS_MAX, true), (ITEMS_MAX + 1, false)] {
        assert_eq!(passes(vec![pay.clone(); count]), expected, "{count}");
    }
    let activate = Operation::ActivateRules(ActivateRules { version: 5 });
    for other in [activate, order(Dated::ExecuteAt(1)), cancel(1), Operation::Batch(batch(items()))] {
        assert!(!passes(vec![pay.clone(), other.clone()]), "{}", other.name());
    }
    // Each item has its form too.
    assert!(!passes(vec![Operation::Pay(Payment { kind: PaymentKind::Refund, ..transfer() })]));
    assert!(!passes(vec![pay, Operation::Reserve(Reserve { expires_in_ms: 0, ..reserve() })]));
}

#[test]
fn an_order_is_of_a_payment_that_can_be_asked_for() {
    for kind in PaymentKind::ALL {
        let order = Order { payment: Payment { kind: *kind, ..transfer() }, dated: Dated::ExecuteAt(1) };
        assert_eq!(Operation::Order(order).check().is_ok(), PaymentKind::ASKED.contains(kind), "{kind}");
    }
}

#[test]
fn a_proof_has_a_leaf_and_a_way() {
    for (rows, path, expected) in [(1, 0, true), (LEAF_ROWS, 32, true), (0, 0, false), (LEAF_ROWS + 1, 0, false), (1, 33, false)] {
        for operation in proven(&proof(rows, path)) {
            assert_eq!(operation.check().is_ok(), expected, "{rows} {path}");
            assert_eq!(Operation::Batch(batch(vec![operation])).check().is_ok(), expected, "{rows} {path}");
        }
    }
}

#[test]
fn every_field_of_a_batch_or_an_order_changes_the_fingerprint() {
    let base = batch(items());
    let swapped = items().into_iter().rev().collect();
    let without = |place| {
        let mut items = items();
        items.remove(place);
        Operation::Batch(batch(items))
    };
    let qr = Payment { channel: Channel::Qr, ..transfer() };
    let bill = Payment { kind: PaymentKind::BillPayment, ..transfer() };
    let ordered = |payment| Operation::Order(Order { payment, dated: Dated::ExecuteAt(1) });
    let mut all = vec![
        Operation::Batch(base.clone()),
        Operation::Batch(Batch { mode: BatchMode::Independent, ..base.clone() }),
        Operation::Batch(Batch { dry_run: true, ..base }),
        Operation::Batch(batch(swapped)),
        Operation::Batch(batch(vec![Operation::Pay(transfer())])),
        Operation::Batch(batch(vec![Operation::Pay(transfer()); 2])),
        Operation::Pay(transfer()),
        order(Dated::ExecuteAt(1)),
        order(Dated::ExecuteAt(2)),
        order(Dated::EffectiveAt(1)),
        ordered(qr),
        ordered(bill),
        cancel(1),
        cancel(2),
    ];
    all.extend((0..items().len()).map(without));
    check_distinct(&all);
}

#[test]
fn a_proof_is_no_part_of_what_is_asked() {
    for (with, without) in proven(&proof(1, 1)).into_iter().zip(proven(&None)) {
        assert_eq!(print(&with), print(&without), "{}", with.name());
        let [with, without] = [with, without].map(|item| print(&Operation::Batch(batch(vec![item]))));
        assert_eq!(with, without);
    }
}

#[test]
fn the_fingerprint_of_a_batch_or_an_order_is_fixed_for_good() {
    let independent = Batch { mode: BatchMode::Independent, ..batch(items()) };
    let dry_run = Batch { dry_run: true, ..batch(items()) };
    for (operation, expected) in [
        (Operation::Batch(batch(items())), "a105e7546480e9ad69203d085cee05a6"),
        (Operation::Batch(independent), "a72638b627b157edb3567b7fe959915e"),
        (Operation::Batch(dry_run), "0377123e7b128d1ef094fc42c813182c"),
        (order(Dated::ExecuteAt(1_764_000_000_000)), "f82c2ead9934e7405e25ab58eb383c21"),
        (order(Dated::EffectiveAt(1_764_000_000_000)), "b0be77a787a5a0902e09de5992be2a3f"),
        (cancel(7), "f746f4ca39dfa9a15263e9b0c5461428"),
    ] {
        assert_eq!(print(&operation), expected, "{operation:?}");
    }
}

#[test]
fn no_two_items_of_a_command_have_one_id_and_none_has_the_command_s() {
    for low in [0, 1, 0xfffe, 0xffff, 0xe0bf] {
        let id = CommandId(Uuid::from_u64_pair(0xce4c_e417_9f96_5967, 0xbcb6_f9ee_fab9_0000 | low));
        let last = u16::try_from(ITEMS_MAX).unwrap();
        let items: BTreeSet<CommandId> = (0..=last).map(|number| id.item(number)).collect();
        assert_eq!(items.len(), ITEMS_MAX + 1, "{low}");
        assert!(!items.contains(&id), "{low}");
        // The version and all that is above the last two bytes stay.
        assert!(items.iter().all(|item| item.0.as_u128() >> 16 == id.0.as_u128() >> 16), "{low}");
    }
    // Fixed for good: what is given back later is found by it.
    let id = CommandId::derive("alice", "batch", "k1");
    assert_eq!(id.item(0).to_string(), "46c7b757-e66f-518f-90a8-82beed017ea2");
    assert_eq!(id.item(7_999).to_string(), "46c7b757-e66f-518f-90a8-82beed019de1");
}
