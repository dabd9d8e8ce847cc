//! Batches, what is only tried, and payments with a date of their own.

use super::*;
use schemas::{BatchMode, Dated, ItemStatus, OrderChanged, Outcome};

fn outcome(status: ItemStatus, fee_minor: i64) -> Outcome {
    Outcome { fee_minor, ..Outcome::without(status, None) }
}

fn batch(mode: BatchMode, dry_run: bool, outcomes: Vec<Outcome>) -> Fact {
    Fact::BatchDecided(Box::new(BatchDecided { mode, dry_run, outcomes }))
}

fn undone() -> Vec<Outcome> {
    let refused = Outcome::without(ItemStatus::Refused, Some(Refusal::HoldNotOpen));
    vec![outcome(ItemStatus::Undone, 0), refused, outcome(ItemStatus::Undone, 0)]
}

fn epoch() -> (String, String) {
    header("orion-epoch", &EPOCH.to_string())
}

#[tokio::test]
async fn a_batch_is_answered_item_by_item() {
    let settled = Outcome { transaction_id: Some(TransactionId::mint(EPOCH, 0)), ..outcome(ItemStatus::Settled, 5) };
    let failed = Outcome::without(ItemStatus::Failed, Some(Refusal::InsufficientFunds));
    let decision = event(batch(BatchMode::Independent, false, vec![settled, failed, outcome(ItemStatus::Released, 7)]));
    let reply = Reply::Batch(vec![Some(Currency::XOF), Some(Currency::XOF), None]);
    let (status, headers, body) = seen(decided(&decision, &reply)).await;
    assert_eq!((status, headers), (200, vec![epoch()]));
    let expected = json!({
        "batch_id": decision.cause.command_id, "mode": "independent", "dry_run": false,
        "counts": {"settled": 1, "failed": 1, "reserved": 0, "released": 1, "refused": 0, "undone": 0},
        "outcomes": [
            {"item": 0, "status": "settled", "transaction_id": TransactionId::mint(EPOCH, 0), "fee": {"amount": "5", "currency": "XOF"}},
            {"item": 1, "status": "failed", "reason": "insufficient_funds", "errorCategory": "businessRule", "errorCode": "insufficientFunds"},
            {"item": 2, "status": "released"},
        ],
        "epoch": EPOCH,
    });
    assert_eq!(body, expected);
    let again = event(repeated(Some(decision.fact)));
    let (status, headers, mut body) = seen(decided(&again, &reply)).await;
    assert_eq!((status, headers.contains(&header("idempotency-replayed", "true"))), (200, true));
    body["epoch"] = json!(EPOCH);
    assert_eq!(body, expected);
}

#[tokio::test]
async fn all_or_nothing_that_came_to_nothing_is_a_problem() {
    let decision = event(batch(BatchMode::AllOrNothing, false, undone()));
    let (status, headers, body) = seen(decided(&decision, &Reply::Batch(vec![None; 3]))).await;
    assert_eq!((status, headers), (422, vec![epoch()]));
    let expected = json!({
        "type": "urn:orion:problem:hold_not_open", "title": "Hold not open", "status": 422,
        "detail": "Nothing of the batch was done, because of item 1: No open hold has this id.", "code": "hold_not_open",
        "retryable": false, "operation_id": decision.cause.command_id, "item": 1, "errorCategory": "identification",
        "errorCode": "identifierError",
    });
    assert_eq!(body, expected);
    // A question is answered, whatever the answer.
    let tried = event(batch(BatchMode::AllOrNothing, true, undone()));
    let (status, _, body) = seen(decided(&tried, &Reply::Batch(vec![None; 3]))).await;
    assert_eq!((status, &body["dry_run"], &body["counts"]["undone"]), (200, &json!(true), &json!(2)));
}

#[tokio::test]
async fn what_is_only_tried_is_answered_with_what_would_become_of_it() {
    let failed = Outcome::without(ItemStatus::Failed, Some(Refusal::InsufficientFunds));
    for (outcome, currency, expected) in [
        (outcome(ItemStatus::Settled, 5), Some(Currency::XOF), json!({"status": "settled", "fee": {"amount": "5", "currency": "XOF"}})),
        (outcome(ItemStatus::Released, 5), None, json!({"status": "released"})),
        (
            failed,
            Some(Currency::XOF),
            json!({"status": "failed", "reason": "insufficient_funds", "errorCategory": "businessRule", "errorCode": "insufficientFunds"}),
        ),
    ] {
        let decision = event(batch(BatchMode::Independent, true, vec![outcome]));
        let mut expected = expected;
        (expected["dry_run"], expected["epoch"]) = (json!(true), json!(EPOCH));
        let answer = decided(&decision, &Reply::Tried(currency));
        assert_eq!(seen(answer).await, (200, vec![epoch()], expected));
    }
}

#[tokio::test]
async fn an_order_waits_and_may_be_cancelled() {
    let waits = OrderChanged {
        id: OrderId::mint(EPOCH, 0),
        change: OrderChange::Scheduled,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: AccountId::mint(1, 0),
        account_credit: AccountId::mint(1, 1),
        amount: Money { minor: 350, currency: "EUR".parse().expect("a currency") },
        dated: Dated::ExecuteAt(EPOCH + 1000),
        transaction_id: None,
    };
    let expected = |status: &str| {
        json!({
            "id": waits.id, "operation": "transfer", "status": status, "account_debit": waits.account_debit,
            "account_credit": waits.account_credit, "amount": "3.50", "currency": "EUR", "channel": "wallet",
            "execute_at": "2025-11-24T16:00:01.123Z", "epoch": EPOCH,
        })
    };
    let decision = event(Fact::OrderChanged(Box::new(waits.clone())));
    let location = header("location", &format!("/v1/orders/{}", waits.id));
    assert_eq!(seen(told(&decision)).await, (202, vec![location, epoch()], expected("scheduled")));
    let cancelled = event(Fact::OrderChanged(Box::new(OrderChanged { change: OrderChange::Cancelled, ..waits.clone() })));
    assert_eq!(seen(told(&cancelled)).await, (200, vec![epoch()], expected("cancelled")));
}

#[tokio::test]
async fn a_payment_that_counts_from_an_earlier_day_says_so() {
    let decision = event(transaction(None));
    let (status, _, body) = seen(decided(&decision, &Reply::Counts { effective_at: 0 })).await;
    assert_eq!((status, &body["effective_at"]), (201, &json!("1970-01-01T00:00:00.000Z")));
    assert_eq!(body["order_id"], json!(OrderId::mint(EPOCH, 0)), "its order has its number");
    let (_, _, plain) = seen(told(&decision)).await;
    assert_eq!((plain.get("effective_at"), plain.get("order_id")), (None, None));
}
