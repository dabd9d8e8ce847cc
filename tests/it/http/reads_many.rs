//! What the views show of batches and orders, written by the sink itself. Needs `DATABASE_URL`.

use super::bank::{Bank, bank, command};
use super::server::{CUSTOMER, STAFF};
use api::Known;
use egress::postgres::{Views, Written};
use schemas::{
    AccountId, Aggregates, BatchDecided, BatchMode, Binding, Cause, Channel, CommandId, Currency, Dated, Epoch, EpochEvents, Event,
    EventId, Fact, HoldChange, HoldChanged, HoldId, ItemStatus, Link, Money, OrderChange, OrderChanged, OrderId, Outcome, PaymentKind,
    Position, Refusal, Repeat, Transaction, TransactionId, rfc3339,
};
use serde_json::{Value, json};
use std::sync::Arc;

const XOF: Currency = Currency::XOF;

/// An epoch whose facts are events, each caused by the command of the id.
fn epoch(epoch: Epoch, facts: Vec<(CommandId, Fact)>) -> Written {
    let event = |(number, (command_id, fact)): (u32, (CommandId, Fact))| {
        let cause = Cause { command_id, position: Position { partition: 0, offset: 0 }, traceparent: String::new() };
        Event { id: EventId::mint(epoch, number), epoch, cause, fact }
    };
    let binding = Binding { epoch, generation: 1, code_version: 5, inputs: Vec::new() };
    let events = EpochEvents { binding, events: (0..).zip(facts).map(event).collect() };
    Written { events: Arc::new(events), imbalances: Vec::new(), aggregates: Aggregates::default() }
}

fn views_url(bank: &Bank) -> anyhow::Result<String> {
    let mut url = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
    url.set_path(bank.pool.connect_options().get_database().unwrap_or_default());
    Ok(url.to_string())
}

fn paid(kind: PaymentKind, id: TransactionId, sides: [AccountId; 2], link: Option<Link>, refusal: Option<Refusal>) -> Fact {
    let [account_debit, account_credit] = sides;
    let (amount, channel, postings) = (Money { minor: 10, currency: XOF }, Channel::Wallet, Vec::new());
    Fact::Transaction(Transaction { id, kind, account_debit, account_credit, amount, fee_minor: 3, channel, refusal, link, postings })
}

fn decided(mode: BatchMode, dry_run: bool, outcomes: Vec<Outcome>) -> Fact {
    Fact::BatchDecided(Box::new(BatchDecided { mode, dry_run, outcomes }))
}

fn settled(transaction: TransactionId, fee_minor: i64) -> Outcome {
    Outcome { transaction_id: Some(transaction), fee_minor, ..Outcome::without(ItemStatus::Settled, None) }
}

/// The id of a batch that the first customer has sent under this key.
fn sent(bank: &Bank, key: &str) -> CommandId {
    CommandId::derive(&bank.customer(0).to_string(), "batch", key)
}

/// At t0 + 20 the first customer pays, reserves, captures what the second owes, and twice fails; at t0 + 21 comes what is undone,
/// what staff does for both, what is only tried, and the first batch again.
async fn batches() -> anyhow::Result<Option<Bank>> {
    let Some(bank) = bank().await? else { return Ok(None) };
    let mut views = Views::claim(&views_url(&bank)?, 1).await?;
    let (t0, awa, moussa) = (bank.t0, bank.account(0), bank.account(1));
    let (mixed, undone, staffs) = (sent(&bank, "mixed"), sent(&bank, "undone"), command("staff's"));
    let id = |number| TransactionId::mint(t0 + 20, number);
    let hold = HoldId::mint(t0 + 20, 1);
    let held = HoldChanged {
        id: hold,
        change: HoldChange::Reserved,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: awa,
        account_credit: moussa,
        amount: Money { minor: 10, currency: XOF },
        fee_minor: 2,
        open: true,
        expires_at: t0 + 60_000,
    };
    let stranger = AccountId::mint(t0 + 1, 7);
    let failed = |number, refusal| Outcome { transaction_id: Some(id(number)), ..Outcome::without(ItemStatus::Failed, Some(refusal)) };
    let outcomes = vec![
        settled(id(0), 3),
        Outcome { hold_id: Some(hold), fee_minor: 2, ..Outcome::without(ItemStatus::Reserved, None) },
        settled(id(2), 3),
        failed(3, Refusal::InsufficientFunds),
        failed(4, Refusal::NotAuthorized),
        Outcome::without(ItemStatus::Refused, Some(Refusal::HoldNotOpen)),
    ];
    let captured = Link::Hold(HoldId::mint(t0 + 4, 0));
    let facts = vec![
        (mixed.item(0), paid(PaymentKind::Transfer, id(0), [awa, moussa], None, None)),
        (mixed.item(1), Fact::HoldChanged(held)),
        (mixed.item(2), paid(PaymentKind::Transfer, id(2), [moussa, awa], Some(captured), None)),
        (mixed.item(3), paid(PaymentKind::Transfer, id(3), [awa, moussa], None, Some(Refusal::InsufficientFunds))),
        (mixed.item(4), paid(PaymentKind::Transfer, id(4), [stranger, awa], None, Some(Refusal::NotAuthorized))),
        (mixed.item(5), Fact::Refused { operation: "release".to_owned(), refusal: Refusal::HoldNotOpen }),
        (mixed, decided(BatchMode::Independent, false, outcomes.clone())),
    ];
    let first = epoch(t0 + 20, facts);
    let both = vec![settled(TransactionId::mint(t0 + 21, 0), 0), settled(TransactionId::mint(t0 + 21, 1), 0)];
    let left = vec![
        Outcome::without(ItemStatus::Undone, None),
        Outcome::without(ItemStatus::Refused, Some(Refusal::InsufficientFunds)),
        Outcome::without(ItemStatus::Undone, None),
    ];
    let again =
        Repeat { operation: "batch".to_owned(), first_epoch: t0 + 20, first: Some(decided(BatchMode::Independent, false, outcomes)) };
    let facts = vec![
        (undone, decided(BatchMode::AllOrNothing, false, left)),
        (staffs.item(0), paid(PaymentKind::Transfer, TransactionId::mint(t0 + 21, 0), [awa, moussa], None, None)),
        (staffs.item(1), paid(PaymentKind::Transfer, TransactionId::mint(t0 + 21, 1), [moussa, awa], None, None)),
        (staffs, decided(BatchMode::AllOrNothing, false, both)),
        (command("dry"), decided(BatchMode::AllOrNothing, true, vec![Outcome::without(ItemStatus::Settled, None)])),
        (mixed, Fact::Repeated(Box::new(again))),
    ];
    views.write(&[first, epoch(t0 + 21, facts)], 0, &[]).await?;
    Ok(Some(bank))
}

#[tokio::test]
async fn a_batch_is_shown_item_by_item() -> anyhow::Result<()> {
    let Some(bank) = batches().await? else { return Ok(()) };
    let (t0, mixed) = (bank.t0, sent(&bank, "mixed"));
    let id = |number| json!(TransactionId::mint(t0 + 20, number));
    let fee = |amount: &str| json!({"amount": amount, "currency": "XOF"});
    let (category, code) = (Refusal::NotAuthorized.gsma().0, Refusal::NotAuthorized.gsma().1);
    let expected = json!({
        "batch_id": mixed, "mode": "independent", "dry_run": false, "epoch": t0 + 20, "as_of": t0 + 21,
        "counts": {"settled": 2, "failed": 2, "reserved": 1, "released": 0, "refused": 1, "undone": 0},
        "outcomes": [
            {"item": 0, "status": "settled", "transaction_id": id(0), "fee": fee("3")},
            {"item": 1, "status": "reserved", "hold_id": HoldId::mint(t0 + 20, 1), "fee": fee("2")},
            {"item": 2, "status": "settled", "transaction_id": id(2), "fee": fee("3")},
            {"item": 3, "status": "failed", "transaction_id": id(3), "reason": "insufficient_funds", "errorCategory": "businessRule",
             "errorCode": "insufficientFunds"},
            {"item": 4, "status": "failed", "transaction_id": id(4), "reason": "not_authorized", "errorCategory": category, "errorCode": code},
            {"item": 5, "status": "refused", "reason": "hold_not_open", "errorCategory": "identification", "errorCode": "identifierError"},
        ],
    });
    assert_eq!(bank.staff(&format!("/v1/batches/{mixed}")).await?, expected);
    let undone = bank.staff(&format!("/v1/batches/{}", sent(&bank, "undone"))).await?;
    assert_eq!((&undone["counts"]["undone"], &undone["outcomes"][1]["status"]), (&json!(2), &json!("refused")));

    // An item leads to its batch, and has an operation of its own; a payment by itself has none.
    let item = bank.staff(&format!("/v1/transactions/{}", TransactionId::mint(t0 + 20, 2))).await?;
    assert_eq!(item["batch_id"], json!(mixed));
    let alone = bank.staff(&format!("/v1/transactions/{}", TransactionId::mint(t0 + 5, 0))).await?;
    assert_eq!((alone.get("batch_id"), alone.get("order_id"), alone.get("effective_at")), (None, None, None));
    let operation = bank.staff(&format!("/v1/operations/{}", mixed.item(2))).await?;
    assert_eq!((&operation["operation"], &operation["transaction_id"]), (&json!("capture"), &id(2)));
    bank.close().await
}

#[tokio::test]
async fn a_batch_is_whose_it_may_be() -> anyhow::Result<()> {
    let Some(bank) = batches().await? else { return Ok(()) };
    let missing = |what: &str| (404, format!("{what}_not_found"));
    for (number, key, seen) in [(0, "mixed", true), (1, "mixed", false), (0, "undone", false), (1, "undone", false)] {
        for what in ["batch", "operation"] {
            let path = format!("/v1/{}/{}", if what == "batch" { "batches" } else { "operations" }, sent(&bank, key));
            let expected = if seen { (200, String::new()) } else { missing(what) };
            assert_eq!(bank.seen(number, &path).await?, expected, "{number} {path}");
        }
    }
    for number in [0, 1] {
        assert_eq!(bank.seen(number, &format!("/v1/batches/{}", command("staff's"))).await?, missing("batch"), "it moved both");
    }
    assert_eq!(bank.seen(0, "/v1/batches/mixed").await?.0, 400);
    let token = bank.server.token("teller", STAFF)?;
    let dry = bank.server.get(&token, &format!("/v1/batches/{}", command("dry"))).await?;
    assert_eq!(dry.problem()?.code, "batch_not_found", "nothing is left of what was only tried");

    // Who names the key has sent it.
    for (number, key, status) in [(0, "undone", 200), (0, "\"undone\"", 200), (0, "mixed", 404), (1, "undone", 404)] {
        let bearer = format!("Bearer {}", bank.server.token(&bank.customer(number).to_string(), CUSTOMER)?);
        for path in ["batches", "operations"] {
            let path = format!("/v1/{path}/{}", sent(&bank, "undone"));
            let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
            let answer = bank.server.send(reqwest::Method::GET, &path, &headers, Vec::new()).await?;
            assert_eq!(answer.status, status, "{number} {key} {path}");
        }
    }
    bank.close().await
}

#[tokio::test]
async fn operations_of_batches() -> anyhow::Result<()> {
    let Some(bank) = batches().await? else { return Ok(()) };
    let (mixed, undone) = (sent(&bank, "mixed"), sent(&bank, "undone"));
    for (id, status, reason, epoch) in
        [(mixed, "completed", Value::Null, bank.t0 + 20), (undone, "failed", json!("insufficient_funds"), bank.t0 + 21)]
    {
        let shown = bank.staff(&format!("/v1/operations/{id}")).await?;
        let expected = (json!(status), json!("batch"), json!(format!("/v1/batches/{id}")), reason, json!(epoch));
        let found = ["status", "operation", "resource", "reason", "epoch"].map(|field| shown[field].clone());
        assert_eq!(found, <[Value; 5]>::from(expected), "{id}");
    }
    // The log tells it before the views do: then what was done decides who is shown it, once they do.
    let remember = |id, fact| {
        let cause = Cause { command_id: id, position: Position { partition: 0, offset: 0 }, traceparent: String::new() };
        let event = Event { id: EventId::mint(bank.t0 + 20, 9), epoch: bank.t0 + 20, cause, fact };
        bank.recent.lock().expect("nobody panics").insert(id, Known::Decided(Arc::new(event)));
    };
    remember(mixed, decided(BatchMode::Independent, false, vec![settled(TransactionId::mint(bank.t0 + 20, 0), 3)]));
    assert_eq!(bank.seen(0, &format!("/v1/operations/{mixed}")).await?.0, 200);
    assert_eq!(bank.seen(1, &format!("/v1/operations/{mixed}")).await?.0, 404);
    let dry = command("dry");
    remember(dry, decided(BatchMode::Independent, true, vec![Outcome::without(ItemStatus::Settled, None)]));
    assert_eq!(bank.staff(&format!("/v1/operations/{dry}")).await?["operation"], "batch_dry_run");
    assert_eq!(bank.seen(0, &format!("/v1/operations/{dry}")).await?.0, 404);
    bank.close().await
}

fn ordered(bank: &Bank, number: u32, change: OrderChange, dated: Dated, transaction_id: Option<TransactionId>) -> Fact {
    Fact::OrderChanged(Box::new(OrderChanged {
        id: OrderId::mint(bank.t0 + 20, number),
        change,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: bank.account(0),
        account_credit: bank.account(1),
        amount: Money { minor: 10, currency: XOF },
        dated,
        transaction_id,
    }))
}

/// At t0 + 20 five orders are given, one of them for a day that has been; at t0 + 21 one is cancelled; at t0 + 22 one is executed
/// and one fails.
async fn orders() -> anyhow::Result<Option<Bank>> {
    use OrderChange::{Cancelled, Executed, Failed, Scheduled};
    let Some(bank) = bank().await? else { return Ok(None) };
    let mut views = Views::claim(&views_url(&bank)?, 1).await?;
    let (t0, sides) = (bank.t0, [bank.account(0), bank.account(1)]);
    let day = Dated::ExecuteAt(t0 + 22);
    let mut given: Vec<_> =
        (0..4).map(|number| (command(&format!("order {number}")), ordered(&bank, number, Scheduled, day, None))).collect();
    let back = TransactionId::mint(t0 + 20, 4);
    given.push((command("back"), ordered(&bank, 4, Executed, Dated::EffectiveAt(t0 - 5000), Some(back))));
    given.push((command("back"), paid(PaymentKind::Transfer, back, sides, None, None)));
    let cancelled = vec![(command("cancel"), ordered(&bank, 0, Cancelled, day, None))];
    let mut due = Vec::new();
    for (number, change, refusal) in [(1, Executed, None), (2, Failed, Some(Refusal::InsufficientFunds))] {
        let (cause, id) = (command(&format!("order {number}")).item(0), TransactionId::mint(t0 + 22, number));
        due.push((cause, ordered(&bank, number, change, day, Some(id))));
        due.push((cause, paid(PaymentKind::Transfer, id, sides, None, refusal)));
    }
    let again = Repeat { operation: "order".to_owned(), first_epoch: t0 + 20, first: Some(ordered(&bank, 1, Scheduled, day, None)) };
    due.push((command("order 1"), Fact::Repeated(Box::new(again))));
    views.write(&[epoch(t0 + 20, given), epoch(t0 + 21, cancelled), epoch(t0 + 22, due)], 0, &[]).await?;
    Ok(Some(bank))
}

#[tokio::test]
async fn an_order_is_shown_as_it_stands() -> anyhow::Result<()> {
    let Some(bank) = orders().await? else { return Ok(()) };
    let t0 = bank.t0;
    let order = |number| OrderId::mint(t0 + 20, number);
    let executed = TransactionId::mint(t0 + 22, 1);
    let expected = json!({
        "id": order(1), "operation": "transfer", "status": "executed", "account_debit": bank.account(0), "account_credit": bank.account(1),
        "amount": "10", "currency": "XOF", "channel": "wallet", "execute_at": rfc3339(t0 + 22), "transaction_id": executed,
        "epoch": t0 + 22, "as_of": t0 + 22,
    });
    assert_eq!(bank.staff(&format!("/v1/orders/{}", order(1))).await?, expected);
    let yes = (200, String::new());
    let no = (404, "order_not_found".to_owned());
    for (number, status, payee) in
        [(0, "cancelled", &no), (1, "executed", &yes), (2, "failed", &yes), (3, "scheduled", &no), (4, "executed", &yes)]
    {
        let path = format!("/v1/orders/{}", order(number));
        assert_eq!(bank.staff(&path).await?["status"], status, "{number}");
        assert_eq!((&bank.seen(0, &path).await?, &bank.seen(1, &path).await?), (&yes, payee), "{number}");
        assert_eq!(bank.seen(7, &path).await?, no, "{number}");
    }
    assert_eq!(bank.seen(0, &format!("/v1/orders/{}", order(9))).await?, no);
    assert_eq!(bank.seen(0, "/v1/orders/none").await?.0, 400);

    let shown = bank.staff(&format!("/v1/transactions/{executed}")).await?;
    assert_eq!((&shown["order_id"], shown.get("effective_at"), shown.get("batch_id")), (&json!(order(1)), None, None));
    let back = bank.staff(&format!("/v1/transactions/{}", TransactionId::mint(t0 + 20, 4))).await?;
    assert_eq!((&back["order_id"], &back["effective_at"]), (&json!(order(4)), &json!(rfc3339(t0 - 5000))));

    for (key, status, operation, resource) in [
        ("order 1", "completed", "order", format!("/v1/orders/{}", order(1))),
        ("cancel", "completed", "cancel_order", format!("/v1/orders/{}", order(0))),
        ("back", "settled", "transfer", format!("/v1/transactions/{}", TransactionId::mint(t0 + 20, 4))),
    ] {
        let path = format!("/v1/operations/{}", command(key));
        let shown = bank.staff(&path).await?;
        let found = ["status", "operation", "resource"].map(|field| shown[field].clone());
        assert_eq!(found, [json!(status), json!(operation), json!(resource)], "{key}");
        assert_eq!(bank.seen(0, &path).await?, yes, "{key}");
        let payees = if key == "back" { 200 } else { 404 };
        assert_eq!(bank.seen(1, &path).await?.0, payees, "{key}");
    }
    bank.close().await
}

#[tokio::test]
async fn the_orders_of_an_account_in_parts() -> anyhow::Result<()> {
    let Some(bank) = orders().await? else { return Ok(()) };
    let t0 = bank.t0;
    let path = format!("/v1/accounts/{}/orders", bank.account(0));
    let numbers = |listed: &Value| -> Vec<u32> {
        let number = |order: &Value| order["id"].as_str()?.parse::<OrderId>().ok()?.minted();
        listed["orders"].as_array().into_iter().flatten().filter_map(number).map(|(_, number)| number).collect()
    };
    for (query, expected) in [
        (String::new(), &[4, 3, 2, 1, 0][..]),
        ("?status=scheduled".to_owned(), &[3]),
        ("?status=executed".to_owned(), &[4, 1]),
        ("?status=failed".to_owned(), &[2]),
        ("?status=cancelled".to_owned(), &[0]),
        (format!("?status=scheduled&at={}", t0 + 20), &[3, 2, 1, 0]),
        (format!("?status=scheduled&at={}", t0 + 21), &[3, 2, 1]),
        (format!("?status=cancelled&at={}", t0 + 20), &[]),
        (format!("?at={}", t0 + 19), &[]),
        (format!("?limit=5&at_least={}", t0 + 22), &[4, 3, 2, 1, 0]),
    ] {
        let listed = bank.staff(&format!("{path}{query}")).await?;
        assert_eq!((numbers(&listed), listed.get("next_cursor")), (expected.to_vec(), None), "{query}");
    }
    let (mut parts, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let listed = bank.staff(&format!("{path}{query}")).await?;
        parts.push(numbers(&listed));
        let Some(cursor) = listed["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(parts, [vec![4, 3], vec![2, 1], vec![0]]);
    assert_eq!(bank.seen(0, &path).await?, (200, String::new()));
    assert_eq!(bank.seen(1, &path).await?, (404, "account_not_found".to_owned()));
    assert_eq!(bank.seen(0, &format!("{path}?status=open")).await?, (400, "invalid_request".to_owned()));
    let listed = bank.staff(&format!("/v1/accounts/{}/orders", bank.account(1))).await?;
    assert_eq!(listed, json!({"orders": [], "as_of": t0 + 22}), "who is paid has ordered nothing");
    bank.close().await
}
