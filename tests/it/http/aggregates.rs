//! What the bank did as a whole: read by whoever may read reports, refused to others. Needs `DATABASE_URL`.

use super::bank::{Bank, bank, command, show};
use super::server::{CUSTOMER, STAFF};
use crate::exactly_once::check::aggregates::count as counted;
use egress::postgres::{Views, Written};
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Binding, Cause, Channel, Currency, Epoch, EpochEvents, Event, EventId, Fact, Money,
    PaymentKind, Position, Refusal, Role, Span, Transaction, TransactionId, rfc3339,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn views_url(bank: &Bank) -> anyhow::Result<String> {
    let mut url = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
    url.set_path(bank.pool.connect_options().get_database().unwrap_or_default());
    Ok(url.to_string())
}

/// Has the views of a small bank counted, as the first start of the cell on an old bank does.
async fn count(bank: &Bank) -> anyhow::Result<()> {
    drop(Views::claim(&views_url(bank)?, 1).await?);
    Ok(())
}

#[tokio::test]
async fn the_volume_of_a_small_bank() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let day = Span::Day.start(bank.t0);
    let path = |by: &str, more: &str| format!("/v1/aggregates/volume?from={day}&to={}&by={by}{more}", day + 2 * 86_400_000);
    let token = bank.server.token("controller", "reports:read")?;
    let behind = bank.server.get(&token, &path("day", "")).await?.problem()?;
    assert_eq!((behind.status, behind.code.as_str()), (503, "aggregates_behind"), "nobody has counted yet");
    count(&bank).await?;

    let line = |operation: &str, reason: Option<&str>, amount: &str| {
        let start = rfc3339(Span::Day.start(bank.t0 + 5));
        let status = if reason.is_some() { "failed" } else { "settled" };
        let mut line = json!({"start": start, "operation": operation, "channel": "wallet", "currency": "XOF", "status": status});
        (line["count"], line["amount"], line["fee"]) = (json!(1), json!(amount), json!("0"));
        if let Some(reason) = reason {
            line["reason"] = json!(reason);
        }
        line
    };
    let account = json!({"start": rfc3339(Span::Day.start(bank.t0 + 7)), "operation": "open_account", "status": "failed",
        "reason": "customer_not_found", "count": 1});
    let (deposit, transfer, failed) =
        (line("deposit", None, "1000"), line("transfer", None, "300"), line("transfer", Some("insufficient_funds"), "5000"));
    let report = |by: &str, volume: &[&Value]| json!({"by": by, "volume": volume, "as_of": bank.t0 + 9});
    for (more, lines) in [
        (String::new(), &[&deposit, &account, &transfer, &failed][..]),
        ("&operation=transfer".to_owned(), &[&transfer, &failed]),
        ("&currency=XOF&channel=wallet".to_owned(), &[&deposit, &transfer, &failed]),
        ("&currency=EUR".to_owned(), &[]),
        ("&channel=qr".to_owned(), &[]),
        (format!("&operation=open_account&at_least={}", bank.t0 + 9), &[&account]),
    ] {
        assert_eq!(bank.server.get(&token, &path("day", &more)).await?.json()?, report("day", lines), "{more}");
    }
    for by in ["minute", "hour"] {
        let (from, to) = (Span::Minute.start(bank.t0), Span::Minute.start(bank.t0) + 120_000);
        let from = if by == "hour" { Span::Hour.start(from) } else { from };
        let path = format!("/v1/aggregates/volume?from={from}&to={to}&by={by}&operation=deposit");
        let found = bank.server.get(&token, &path).await?.json()?;
        let span: Span = by.parse()?;
        assert_eq!(found["volume"][0]["start"], rfc3339(span.start(bank.t0 + 2)), "{found}");
        assert_eq!((&found["volume"][0]["amount"], found["volume"].as_array().map(Vec::len)), (&json!("1000"), Some(1)), "{found}");
    }
    // What older code writes from now on is not there until somebody counts it: nothing is shown rather than too little.
    show(&bank, bank.t0 + 11, 11).await?;
    assert_eq!(bank.server.get(&token, &path("day", "")).await?.problem()?.code, "aggregates_behind");
    count_again(&bank).await?;
    assert_eq!(bank.server.get(&token, &path("day", "")).await?.json()?["as_of"], bank.t0 + 10);
    bank.close().await
}

async fn count_again(bank: &Bank) -> anyhow::Result<()> {
    sqlx::query("update sink_progress set generation = 0").execute(&bank.pool).await?;
    count(bank).await
}

#[tokio::test]
async fn what_is_no_question_is_answered_with_what_is_wrong() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    count(&bank).await?;
    let staff = bank.server.token("teller", STAFF)?;
    for (query, pointers) in [
        ("", &["from", "to", "by"][..]),
        ("?from=1&to=2", &["by"]),
        ("?from=2&to=2&by=day", &["to"]),
        ("?from=0&to=90000001&by=minute", &["to"]),
        ("?from=-1&to=253402300800000&by=week", &["from", "to", "by"]),
        ("?from=1&to=2&by=day&operation=Transfer&channel=post&currency=FCFA", &["operation", "channel", "currency"]),
        ("?from=1&to=2&by=day&at=5&by=day", &["by", "at"]),
        ("?from=1&to=2&by=day&at_least=soon", &["at_least"]),
        ("?from=1&to=2&by=day&at_least=253402300799999", &["at_least"]),
    ] {
        let problem = bank.server.get(&staff, &format!("/v1/aggregates/volume{query}")).await?.problem()?;
        let found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, problem.code.as_str(), &found[..]), (400, "invalid_request", pointers), "{query}");
    }
    let (customer, query) = (bank.server.token(&bank.customer(0).to_string(), CUSTOMER)?, "?from=1&to=2&by=day");
    let problem = bank.server.get(&customer, &format!("/v1/aggregates/volume{query}")).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (403, "insufficient_scope"));

    // Too much for one answer is said, not cut.
    sqlx::query(
        "insert into volume select 'minute', minute * 60000, 'operation_' || number, 'qr', 'XOF', '', 1, 1, 0, 1
         from generate_series(0, 1000) as minute, generate_series(0, 20) as number",
    )
    .execute(&bank.pool)
    .await?;
    let path = "/v1/aggregates/volume?from=0&by=minute&to=";
    let problem = bank.server.get(&staff, &format!("{path}60060000")).await?.problem()?;
    assert_eq!((problem.code.as_str(), problem.errors[0].pointer.as_str()), ("invalid_request", "to"));
    let lines = bank.server.get(&staff, &format!("{path}57120000")).await?.json()?["volume"].as_array().map(Vec::len);
    assert_eq!(lines, Some(952 * 21));
    bank.close().await
}

/// Facts of one epoch: an agent and two shops, what they did, and what was given back.
fn trade(bank: &Bank, epoch: Epoch) -> Vec<Event> {
    let (agent, shop, other) = (AccountId::mint(epoch, 0), AccountId::mint(epoch, 1), AccountId::mint(epoch, 2));
    let opened = |id, role| {
        Fact::AccountOpened(Account {
            id,
            customer_id: Some(bank.customer(0)),
            account_type: AccountType::Wallet,
            role,
            currency: Currency::XOF,
            status: AccountStatus::Active,
        })
    };
    let paid = |number, kind, account_debit, account_credit, minor, refusal| {
        Fact::Transaction(Transaction {
            id: TransactionId::mint(epoch, number),
            kind,
            account_debit,
            account_credit,
            amount: Money { minor, currency: Currency::XOF },
            fee_minor: 0,
            channel: Channel::Qr,
            refusal,
            link: None,
            postings: Vec::new(),
        })
    };
    let customer = bank.account(0);
    let facts = vec![
        opened(agent, Role::Agent),
        opened(shop, Role::Merchant),
        opened(other, Role::Merchant),
        paid(0, PaymentKind::Deposit, agent, customer, 900, None),
        paid(1, PaymentKind::Withdrawal, customer, agent, 100, None),
        paid(2, PaymentKind::MerchantPayment, customer, shop, 70, None),
        paid(3, PaymentKind::BillPayment, customer, shop, 20, None),
        paid(4, PaymentKind::MerchantPayment, customer, other, 200, None),
        paid(5, PaymentKind::MerchantPayment, customer, shop, 5000, Some(Refusal::InsufficientFunds)),
        paid(6, PaymentKind::Refund, shop, customer, 30, None),
        paid(7, PaymentKind::Reversal, agent, customer, 100, None),
        paid(8, PaymentKind::Transfer, customer, bank.account(1), 7, None),
    ];
    let event = |(number, fact): (u32, Fact)| {
        let cause = Cause {
            command_id: command(&format!("trade {number}")),
            position: Position { partition: 0, offset: 0 },
            traceparent: String::new(),
        };
        Event { id: EventId::mint(epoch, number), epoch, cause, fact }
    };
    (0..).zip(facts).map(event).collect()
}

#[tokio::test]
async fn the_turnover_of_merchants_and_agents() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let mut views = Views::claim(&views_url(&bank)?, 1).await?;
    let epoch = bank.t0 + 20;
    let events = trade(&bank, epoch);
    let binding = Binding { epoch, generation: 1, code_version: 5, inputs: Vec::new() };
    let aggregates = counted(events.iter());
    let written = Written {
        events: Arc::new(EpochEvents { binding, events, waited: Vec::new(), leaves: Vec::new() }),
        imbalances: Vec::new(),
        aggregates,
    };
    views.write(&[written], 0, &[]).await?;

    let token = bank.server.token("controller", "reports:read")?;
    let day = rfc3339(Span::Day.start(epoch));
    let line = |number, count: i64, amount: &str, returned: (i64, &str)| {
        json!({"account_id": AccountId::mint(epoch, number), "customer_id": bank.customer(0), "count": count, "amount": amount,
            "returned_count": returned.0, "returned_amount": returned.1})
    };
    let merchants = json!([line(2, 1, "200", (0, "0")), line(1, 2, "90", (1, "30"))]);
    let agents = json!([line(0, 2, "1000", (1, "100"))]);
    for (query, role, accounts) in [
        (format!("day={epoch}&currency=XOF"), "merchant", merchants.clone()),
        (format!("day={epoch}&currency=XOF&role=merchant&at_least={epoch}"), "merchant", merchants),
        (format!("day={epoch}&currency=XOF&role=agent"), "agent", agents),
        (format!("day={}&currency=XOF", epoch - 86_400_000), "merchant", json!([])),
    ] {
        let report = bank.server.get(&token, &format!("/v1/aggregates/merchants?{query}")).await?.json()?;
        let day = if accounts == json!([]) { rfc3339(Span::Day.start(epoch - 86_400_000)) } else { day.clone() };
        assert_eq!(report, json!({"role": role, "day": day, "currency": "XOF", "accounts": accounts, "as_of": epoch}), "{query}");
    }
    for (query, pointers) in [
        ("", &["day", "currency"][..]),
        ("?day=x&currency=xof&role=house", &["day", "currency", "role"]),
        ("?day=1&currency=XOF&at=7", &["at"]),
    ] {
        let problem = bank.server.get(&token, &format!("/v1/aggregates/merchants{query}")).await?.problem()?;
        let found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, problem.code.as_str(), &found[..]), (400, "invalid_request", pointers), "{query}");
    }
    bank.close().await
}
