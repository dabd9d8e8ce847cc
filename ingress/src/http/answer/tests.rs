//! Every kind of decision, and what its caller is answered.

mod batch;

use super::*;
use schemas::{
    Account, AccountId, AccountStatus, AccountTerms, AccountType, Bearer, Cause, Channel, Currency, Customer, CustomerId, CustomerLevel,
    EventId, HoldChanged, HoldId, KycLevel, KycStatus, LevelLimits, Limits, Link, Money, PaymentKind, Repeat, Role, Tariff, TariffEnd,
    Tier, Transaction, TransactionId,
};
use serde_json::{Value, json};

const EPOCH: Epoch = 1_764_000_000_123;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn event(fact: Fact) -> Event {
    let cause = Cause {
        command_id: CommandId::derive("alice", "transfer", "k1"),
        position: Position { partition: 0, offset: 7 },
        traceparent: format!("00-{TRACE}-00f067aa0ba902b7-01"),
    };
    Event { id: EventId::mint(EPOCH, 0), epoch: EPOCH, cause, fact }
}

fn transaction(refusal: Option<Refusal>) -> Fact {
    Fact::Transaction(Transaction {
        id: TransactionId::mint(EPOCH, 0),
        kind: PaymentKind::Transfer,
        account_debit: AccountId::mint(1, 0),
        account_credit: AccountId::mint(1, 1),
        amount: Money { minor: 350, currency: "EUR".parse().expect("a currency") },
        fee_minor: 0,
        channel: Channel::Wallet,
        refusal,
        link: None,
        postings: Vec::new(),
    })
}

fn repeated(first: Option<Fact>) -> Fact {
    Fact::Repeated(Box::new(Repeat { operation: "transfer".to_owned(), first_epoch: EPOCH - 1000, first }))
}

/// The answer to a request that gives nothing to it.
fn told(event: &Event) -> Response {
    decided(event, &Reply::Plain)
}

/// Status, the headers that matter, and the body or the problem.
async fn seen(response: Response) -> (u16, Vec<(String, String)>, Value) {
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()));
    let headers = headers.filter(|(name, _)| !name.starts_with("content-")).collect();
    let body = match parts.extensions.get::<Problem>() {
        Some(problem) => json!(problem),
        None => serde_json::from_slice(&axum::body::to_bytes(body, 1 << 16).await.expect("a body")).expect("json"),
    };
    (parts.status.as_u16(), headers, body)
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[tokio::test]
async fn a_settled_payment_is_created() {
    let (status, headers, body) = seen(told(&event(transaction(None)))).await;
    let id = TransactionId::mint(EPOCH, 0);
    assert_eq!(status, 201);
    assert_eq!(headers, [header("location", &format!("/v1/transactions/{id}")), header("orion-epoch", &EPOCH.to_string())]);
    let expected = json!({
        "id": id, "operation": "transfer", "status": "settled",
        "account_debit": AccountId::mint(1, 0), "account_credit": AccountId::mint(1, 1),
        "amount": "3.50", "currency": "EUR", "channel": "wallet", "charged_fee": "0.00",
        "settled_at": "2025-11-24T16:00:00.123Z", "epoch": EPOCH, "trace_id": TRACE,
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_refused_payment_is_a_problem_with_the_transaction() {
    let refused_event = event(transaction(Some(Refusal::InsufficientFunds)));
    let (status, headers, body) = seen(told(&refused_event)).await;
    assert_eq!((status, headers), (422, vec![header("orion-epoch", &EPOCH.to_string())]));
    let expected = json!({
        "type": "urn:orion:problem:insufficient_funds", "title": "Insufficient funds", "status": 422,
        "detail": "The available balance does not cover the payment.", "code": "insufficient_funds", "retryable": false,
        "transaction_id": TransactionId::mint(EPOCH, 0), "operation_id": refused_event.cause.command_id, "transaction_status": "failed",
        "errorCategory": "businessRule", "errorCode": "insufficientFunds",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn customers_and_accounts_are_created_or_refused() {
    let customer = Customer {
        id: CustomerId::mint(EPOCH, 0),
        full_name: "Awa Diop".to_owned(),
        msisdn: None,
        country: Some("SN".to_owned()),
        kyc_status: KycStatus::Pending,
    };
    let (status, headers, body) = seen(told(&event(Fact::CustomerCreated(customer.clone())))).await;
    assert_eq!((status, &headers[0]), (201, &header("location", &format!("/v1/customers/{}", customer.id))));
    let expected = json!({
        "id": customer.id, "full_name": "Awa Diop", "msisdn": null, "country": "SN", "address": null, "kyc_status": "pending", "level": "unidentified",
        "epoch": EPOCH,
    });
    assert_eq!(body, expected);

    let account = Account {
        id: AccountId::mint(EPOCH, 0),
        customer_id: Some(customer.id),
        account_type: AccountType::Wallet,
        role: Role::Customer,
        currency: "EUR".parse().expect("a currency"),
        status: AccountStatus::Active,
    };
    let (status, _, body) = seen(told(&event(Fact::AccountOpened(account.clone())))).await;
    let expected = json!({
        "id": account.id, "customer_id": customer.id, "type": "wallet", "role": "customer", "currency": "EUR",
        "status": "active", "balance_available": "0.00", "epoch": EPOCH,
    });
    assert_eq!((status, body), (201, expected));

    let (status, headers, body) = seen(told(&event(Fact::RulesActivated { version: 2 }))).await;
    assert_eq!((status, &headers[0], body), (201, &header("location", "/v1/rules"), json!({"version": 2, "epoch": EPOCH})));

    let changed = schemas::StatusChanged { id: AccountId::mint(1, 0), customer_id: None, change: schemas::StatusChange::Suspend };
    let expected = json!({"id": changed.id, "customer_id": null, "status": "suspended", "epoch": EPOCH});
    let (status, _, body) = seen(told(&event(Fact::StatusChanged(changed)))).await;
    assert_eq!((status, body), (200, expected));

    let refusal = Fact::Refused { operation: "open_account".to_owned(), refusal: Refusal::CustomerNotFound };
    let (status, _, body) = seen(told(&event(refusal))).await;
    assert_eq!((status, &body["code"], body.get("transaction_id")), (422, &json!("customer_not_found"), None));
}

#[tokio::test]
async fn a_hold_is_created_and_then_changed() {
    let held = |change, open| HoldChanged {
        id: HoldId::mint(EPOCH, 0),
        change,
        kind: PaymentKind::BillPayment,
        channel: Channel::Card,
        account_debit: AccountId::mint(1, 0),
        account_credit: AccountId::mint(1, 1),
        amount: Money { minor: 500, currency: Currency::XOF },
        fee_minor: 5,
        open,
        expires_at: EPOCH + 1000,
    };
    let expected = |status: &str| {
        json!({
            "id": HoldId::mint(EPOCH, 0), "operation": "bill_payment", "status": status, "account_debit": AccountId::mint(1, 0),
            "account_credit": AccountId::mint(1, 1), "amount": "500", "held_fee": "5", "currency": "XOF", "channel": "card",
            "expires_at": "2025-11-24T16:00:01.123Z", "epoch": EPOCH,
        })
    };
    let epoch = header("orion-epoch", &EPOCH.to_string());
    let reserved = event(Fact::HoldChanged(held(HoldChange::Reserved, true)));
    let location = header("location", &format!("/v1/holds/{}", HoldId::mint(EPOCH, 0)));
    assert_eq!(seen(told(&reserved)).await, (201, vec![location, epoch.clone()], expected("held")));
    let released = event(Fact::HoldChanged(held(HoldChange::Released, false)));
    assert_eq!(seen(told(&released)).await, (200, vec![epoch], expected("released")));
}

#[tokio::test]
async fn what_follows_says_of_what() {
    let Fact::Transaction(base) = transaction(None) else { panic!("a transaction") };
    for (kind, link, field, id) in [
        (PaymentKind::MerchantPayment, Link::Hold(HoldId::mint(1, 2)), "hold_id", HoldId::mint(1, 2).to_string()),
        (PaymentKind::Refund, Link::Original(TransactionId::mint(1, 2)), "original_transaction_id", TransactionId::mint(1, 2).to_string()),
    ] {
        let fact = Fact::Transaction(Transaction { kind, link: Some(link), ..base.clone() });
        let (status, _, body) = seen(told(&event(fact))).await;
        assert_eq!((status, &body["operation"], &body[field]), (201, &json!(kind), &json!(id)));
    }
}

#[tokio::test]
async fn a_policy_is_answered_as_it_was_decided() {
    let limits = Limits { balance_minor: Some(9), ..Limits::default() };
    let tariff = Tariff {
        code: "bills".to_owned(),
        currency: Currency::XOF,
        operation: None,
        channel: None,
        account_type: None,
        level: None,
        bearer: Bearer::Payee,
        tiers: vec![Tier { up_to_minor: None, fixed_minor: 5, rate_ppm: 12_500 }],
        min_minor: None,
        max_minor: None,
        free_per_month: 0,
        effective_from: None,
        effective_to: None,
    };
    let (account_id, customer_id, level, currency) = (AccountId::mint(1, 0), CustomerId::mint(1, 0), KycLevel::Standard, Currency::XOF);
    let terms = AccountTerms { account_id, currency, floor_minor: Some(-50), limits, effective_from: None };
    let from = "2025-11-24T16:00:00.123Z";
    let shown = json!({"balance": "9", "debit": {}, "credit": {}});
    for (policy, status, expected) in [
        (Policy::Level(CustomerLevel { customer_id, level }), 200, json!({"customer_id": customer_id, "level": "standard"})),
        (
            Policy::Terms(terms),
            200,
            json!({"account_id": account_id, "currency": "XOF", "floor": "-50", "limits": shown, "effective_from": from}),
        ),
        (
            Policy::Limits(LevelLimits { level, currency, limits, effective_from: None }),
            200,
            json!({"level": "standard", "currency": "XOF", "limits": shown, "effective_from": from}),
        ),
        (
            Policy::Tariff(tariff),
            201,
            json!({
                "code": "bills", "currency": "XOF", "bearer": "payee", "tiers": [{"fixed": "5", "rate": "1.25"}], "free_per_month": 0,
                "effective_from": from,
            }),
        ),
        (
            Policy::TariffEnd(TariffEnd { code: "bills".to_owned(), effective_from: None }),
            200,
            json!({"code": "bills", "effective_from": from}),
        ),
    ] {
        let decision = event(Fact::PolicyChanged(Box::new(policy.decided(EPOCH))));
        let (answered, headers, body) = seen(told(&decision)).await;
        let mut expected = expected;
        expected["epoch"] = json!(EPOCH);
        assert_eq!((answered, body), (status, expected));
        let location = header("location", "/v1/tariffs/bills");
        let epoch = header("orion-epoch", &EPOCH.to_string());
        assert_eq!(headers, if status == 201 { vec![location, epoch] } else { vec![epoch] });
    }
}

#[tokio::test]
async fn a_repeat_is_the_first_answer_again() {
    for (first, status) in [(transaction(None), 201), (transaction(Some(Refusal::InsufficientFunds)), 422)] {
        let (_, _, mut expected) =
            seen(answer(&first, EPOCH - 1000, "", CommandId::derive("alice", "transfer", "k1"), &Reply::Plain)).await;
        let again = event(repeated(Some(first)));
        let (again_status, headers, body) = seen(told(&again)).await;
        assert_eq!(again_status, status);
        assert!(headers.contains(&header("idempotency-replayed", "true")));
        assert!(headers.contains(&header("orion-epoch", &(EPOCH - 1000).to_string())));
        assert_eq!(body, expected.take());
    }
}

#[tokio::test]
async fn another_command_under_the_same_key_learns_nothing() {
    let reused = event(repeated(None));
    let (status, headers, body) = seen(told(&reused)).await;
    assert_eq!((status, headers, &body["code"]), (422, vec![], &json!("idempotency_key_reused")));
    assert_eq!(body.get("transaction_id"), None);
}

#[tokio::test]
async fn what_is_not_decided_says_where_to_ask() {
    let id = CommandId::derive("alice", "transfer", "k1");
    let (status, headers, body) = seen(pending(id, Position { partition: 3, offset: 42 })).await;
    assert_eq!((status, body), (202, json!({"id": id, "status": "pending", "command": "3:42"})));
    assert_eq!(headers, [header("location", &format!("/v1/operations/{id}")), header("retry-after", "1")]);
}
