//! Payments that the ledger has forgotten are found by a proof, in minutes of any size, and only by the one that there is.

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "user_asks/bank.rs"]
mod bank;
#[path = "shown/mod.rs"]
mod shown;

use bank::{Bank, DAY_MS, payment, settled, xof};
use schemas::{Batch, BatchMode, Event, Fact, Operation, PaymentKind, Proof, Refund, Refusal, Role, Transaction, TransactionId};
use std::sync::Arc;

/// What it does to a proof, and how.
type Forgery = (&'static str, fn(&mut Proof));

fn refund(bank: &mut Bank, transaction_id: TransactionId, proof: Option<Proof>) -> Result<Transaction, Refusal> {
    settled(bank.ask(Operation::Refund(Refund { transaction_id, amount: xof(1), proof: proof.map(Arc::new) })))
}

/// A bank that has forgotten so many payments of a minute, all of which were made by themselves or by a batch.
fn forgetful(count: usize, by_batch: bool) -> (Bank, Vec<Transaction>) {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 1_000), bank.account(Role::Customer, 1_000));
    bank.later(60_000);
    let pay = Operation::Pay(payment(PaymentKind::Transfer, Some(payer), Some(payee), 1));
    let events: Vec<Event> = if by_batch {
        bank.tell("batch", Operation::Batch(Batch { mode: BatchMode::AllOrNothing, dry_run: false, items: vec![pay; count] }))
    } else {
        (0..count).flat_map(|number| bank.tell(&format!("pay {number}"), pay.clone())).collect()
    };
    let paid = events.into_iter().filter_map(|event| if let Fact::Transaction(paid) = event.fact { Some(paid) } else { None });
    let minute: Vec<Transaction> = paid.collect();
    assert_eq!(minute.len(), count);
    bank.later(7 * DAY_MS + 1);
    (bank, minute)
}

#[test]
fn every_payment_of_a_minute_of_any_size_can_be_proven() {
    for (count, by_batch) in
        [1, 2, 31, 32, 33, 63, 64, 65, 96, 97, 128, 129, 500].into_iter().flat_map(|count| [(count, false), (count, true)])
    {
        let (mut bank, minute) = forgetful(count, by_batch);
        for (place, paid) in minute.iter().enumerate() {
            assert_eq!(refund(&mut bank, paid.id, None), Err(Refusal::OriginalNotFound));
            let proof = shown::proof(paid.id, minute.iter());
            assert!(refund(&mut bank, paid.id, proof).is_ok(), "{place} of {count}");
        }
    }
}

#[test]
fn nothing_else_proves_a_payment() {
    let (mut bank, minute) = forgetful(100, false);
    let (of, beside) = (minute[40].id, minute[70].id);
    let proof = shown::proof(of, minute.iter()).unwrap();
    let forgeries: [Forgery; 10] = [
        ("another amount", |proof| proof.rows[8].amount_minor += 1),
        ("another amount beside it", |proof| proof.rows[9].amount_minor += 1),
        ("another payee", |proof| proof.rows[8].payee = proof.rows[8].payer),
        ("a fee", |proof| proof.rows[8].fee_minor = 1),
        ("another leaf", |proof| proof.leaf += 1),
        ("a leaf that there is not", |proof| proof.leaf = u32::MAX),
        ("a row less", |proof| proof.rows.truncate(31)),
        ("another order", |proof| proof.rows.swap(8, 9)),
        ("a hash less", |proof| proof.path.truncate(1)),
        ("a hash more", |proof| proof.path.push([0; 32])),
    ];
    for (forgery, forge) in forgeries {
        let mut forged = proof.clone();
        forge(&mut forged);
        assert_eq!(refund(&mut bank, of, Some(forged)), Err(Refusal::OriginalNotFound), "{forgery}");
    }
    // That of another payment, which shows those of its leaf alone; and of a payment that never was, in a minute without any.
    assert_eq!(refund(&mut bank, beside, Some(proof.clone())), Err(Refusal::OriginalNotFound));
    assert_eq!(refund(&mut bank, TransactionId::mint(1, 0), Some(proof.clone())), Err(Refusal::OriginalNotFound));
    assert!(refund(&mut bank, minute[41].id, Some(proof.clone())).is_ok(), "of the same leaf");
    assert!(refund(&mut bank, of, Some(proof)).is_ok());
}

#[test]
fn a_root_is_no_leaf_and_half_a_minute_is_no_minute() {
    let (mut bank, minute) = forgetful(33, false);
    let shown_alone = shown::proof(minute[32].id, minute[32..].iter());
    assert_eq!(refund(&mut bank, minute[32].id, shown_alone), Err(Refusal::OriginalNotFound));
    let first_leaf = shown::proof(minute[0].id, minute[..32].iter());
    assert_eq!(refund(&mut bank, minute[0].id, first_leaf), Err(Refusal::OriginalNotFound));
}
