//! What is old is proven, what is not is left alone, and nothing is asked of the views without need.

use super::*;
use schemas::{AccountId, Batch, BatchMode, Bearer, Channel, Command, Currency, Money, Paid, PaymentKind, Principal, Topic};
use std::sync::Mutex;

const NOW: Epoch = 1_764_000_000_123;

fn paid(epoch: Epoch, number: u32) -> Paid {
    Paid {
        id: TransactionId::mint(epoch, number),
        kind: PaymentKind::MerchantPayment,
        channel: Channel::Wallet,
        bearer: Bearer::Payee,
        payer: AccountId::mint(1, number),
        payee: AccountId::mint(2, number),
        currency: Currency::XOF,
        amount_minor: i64::MAX,
        fee_minor: i64::MAX,
    }
}

fn refund(id: TransactionId) -> Operation {
    Operation::Refund(Refund { transaction_id: id, amount: Money { minor: i64::MAX, currency: Currency::XOF }, proof: None })
}

fn reverse(id: TransactionId) -> Operation {
    Operation::Reverse(Reverse { transaction_id: id, proof: None })
}

fn batch(items: Vec<Operation>) -> Operation {
    Operation::Batch(Batch { mode: BatchMode::Independent, dry_run: false, items })
}

/// The minutes that were asked for; each had a hundred payments in its first epoch.
fn minutes() -> (Minutes, Arc<Mutex<Vec<u64>>>) {
    let asked: Arc<Mutex<Vec<u64>>> = Arc::default();
    let known = Arc::clone(&asked);
    let minutes: Minutes = Arc::new(move |minute| {
        known.lock().expect("never poisoned").push(minute);
        Box::pin(async move { Ok((0..100).map(|number| paid(minute * 60_000, number)).collect()) })
    });
    (minutes, asked)
}

fn proof(operation: &Operation) -> Option<&Proof> {
    match operation {
        Operation::Refund(Refund { proof, .. }) | Operation::Reverse(Reverse { proof, .. }) => proof.as_deref(),
        other => panic!("{other:?} gives nothing back"),
    }
}

#[tokio::test]
async fn what_is_old_is_proven_and_nothing_else_is_asked_for() {
    let minute_ms = (NOW - 8 * DAY_MS) / 60_000 * 60_000;
    let old = TransactionId::mint(minute_ms, 77);
    for operation in [refund(old), reverse(old)] {
        let (minutes, asked) = minutes();
        let mut operation = operation;
        attach(&mut operation, &minutes, NOW).await.expect("the minute is known");
        let expected = Proof::of(old, &(0..100).map(|number| paid(minute_ms, number)).collect::<Vec<_>>());
        assert_eq!((proof(&operation), &*asked.lock().expect("never poisoned")), (expected.as_ref(), &vec![minute_ms / 60_000]));
        assert!(proof(&operation).is_some_and(|proof| proof.check().is_ok()));
    }
    // A little before the horizon the proof is there already; what is younger is remembered, and what the bank never minted is nothing.
    for (id, asks) in [
        (TransactionId::mint(NOW - OLD_MS - 1, 0), true),
        (TransactionId::mint(NOW - OLD_MS, 0), false),
        (TransactionId::mint(NOW + DAY_MS, 0), false),
        (TransactionId(uuid::Uuid::nil()), false),
    ] {
        let (minutes, asked) = minutes();
        attach(&mut refund(id), &minutes, NOW).await.expect("the minute is known");
        assert_eq!(!asked.lock().expect("never poisoned").is_empty(), asks, "{id}");
    }
}

#[tokio::test]
async fn without_views_only_what_is_old_has_to_wait() {
    let minutes: Minutes = Arc::new(|_| Box::pin(async { Err(Problem::new(503, "view_unavailable", "away")) }));
    let young = TransactionId::mint(NOW - DAY_MS, 0);
    let old = TransactionId::mint(NOW - 8 * DAY_MS, 0);
    for (operation, code) in [
        (refund(young), None),
        (batch(vec![reverse(young), refund(young)]), None),
        (refund(old), Some("view_unavailable")),
        (batch(vec![refund(young), reverse(old)]), Some("view_unavailable")),
    ] {
        let mut attached = operation.clone();
        let found = attach(&mut attached, &minutes, NOW).await.map_err(|problem| problem.code);
        assert_eq!(found.err().as_deref(), code);
        assert_eq!(attached, operation, "nothing is proven");
    }
}

#[tokio::test]
async fn a_minute_is_read_once_and_what_is_not_in_it_gets_no_proof() {
    let minute_ms = (NOW - 8 * DAY_MS) / 60_000 * 60_000;
    let (minutes, asked) = minutes();
    let ids = [(minute_ms, 1), (minute_ms - 60_000, 2), (minute_ms, 3), (minute_ms, 100)];
    let mut operation = batch(ids.iter().map(|(epoch, number)| refund(TransactionId::mint(*epoch, *number))).collect());
    attach(&mut operation, &minutes, NOW).await.expect("the minutes are known");
    let Operation::Batch(batch) = &operation else { panic!("a batch") };
    assert_eq!(batch.items.iter().map(|item| proof(item).is_some()).collect::<Vec<_>>(), [true, true, true, false]);
    assert_eq!(*asked.lock().expect("never poisoned"), [minute_ms / 60_000 - 1, minute_ms / 60_000]);
}

#[tokio::test]
async fn the_largest_batch_with_the_most_proofs_fits_into_a_record() {
    let old = |number: usize| TransactionId::mint((NOW - 8 * DAY_MS) / 60_000 * 60_000, u32::try_from(number % 96).expect("small"));
    let mut items: Vec<_> = (0..PROOFS_MAX).map(|number| refund(old(number))).collect();
    let payment = schemas::Payment {
        kind: PaymentKind::MerchantPayment,
        account_debit: Some(AccountId::mint(1, 0)),
        account_credit: Some(AccountId::mint(1, 1)),
        amount_minor: i64::MAX,
        currency: Currency::XOF,
        channel: Channel::Wallet,
        context: None,
    };
    let reserve = schemas::Reserve { payment, expires_in_ms: schemas::hold::RESERVED_MS_MAX };
    items.resize(schemas::batch::ITEMS_MAX, Operation::Reserve(reserve));
    let (minutes, _) = minutes();
    let mut operation = batch(items.clone());
    attach(&mut operation, &minutes, NOW).await.expect("the minute is known");
    let Operation::Batch(attached) = &mut operation else { panic!("a batch") };
    for item in &mut attached.items[..PROOFS_MAX] {
        let Operation::Refund(Refund { proof: Some(proof), .. }) = item else { panic!("it is proven") };
        // As in a minute with the most payments there can be.
        Arc::make_mut(proof).path = vec![[255; 32]; 32];
    }
    let principal = Principal { subject: "s".repeat(255), authority: schemas::Authority::Operator };
    let command = Command { principal, idempotency_key: "k".repeat(255), received_ms: NOW, operation };
    assert_eq!(command.check(), Ok(()));
    let encoder = schemas::wire::Encoder::new([(Topic::Commands, 1)].into());
    let bytes = encoder.command(&command).expect("it can be written").len();
    assert!(bytes + 4096 < schemas::topic::BATCH_MAX_BYTES, "{bytes}");

    items[PROOFS_MAX] = reverse(old(0));
    let problem = attach(&mut batch(items), &minutes, NOW).await.expect_err("one too many");
    assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (400, "/items"));
}
