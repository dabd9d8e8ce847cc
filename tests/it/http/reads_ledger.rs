//! What the views show of holds, policies and fees, written by the sink itself. Needs `DATABASE_URL`.

use super::bank::{Bank, bank, command};
use super::server::{CUSTOMER, STAFF};
use egress::postgres::{Views, Written};
use schemas::diligence::{AddressSet, PostalAddress, SetAddress};
use schemas::policy::{Quota, Tier};
use schemas::{
    Account, AccountId, AccountStatus, AccountTerms, AccountType, Aggregates, Bearer, Binding, Cause, Channel, Currency, CustomerLevel,
    Epoch, EpochEvents, Event, EventId, Fact, HoldChange, HoldChanged, HoldId, KycLevel, LevelLimits, Limits, Link, Money, PaymentKind,
    Policy, Position, Posting, Role, Tariff, TariffEnd, Told, Transaction, TransactionId, rfc3339,
};
use serde_json::{Value, json};
use std::sync::Arc;

const XOF: Currency = Currency::XOF;

/// Writes an epoch: each fact is an event of its own, caused by the command of its key.
async fn write(bank: &Bank, views: &mut Views, after: u64, facts: Vec<(&str, Fact)>) -> anyhow::Result<()> {
    let epoch = bank.t0 + after;
    let event = |(number, (key, fact)): (u32, (&str, Fact))| {
        let position = Position { partition: 0, offset: 0 };
        let cause = Cause { command_id: command(key), position, traceparent: String::new() };
        Event { id: EventId::mint(epoch, number), epoch, cause, fact }
    };
    let binding = Binding { epoch, generation: 1, code_version: 4, inputs: Vec::new() };
    let events = EpochEvents { binding, events: (0..).zip(facts).map(event).collect(), waited: Vec::new(), leaves: Vec::new() };
    Ok(views.write(&[Written { events: Arc::new(events), imbalances: Vec::new(), aggregates: Aggregates::default() }], 0, &[]).await?)
}

fn set(policy: Policy, epoch: Epoch) -> Fact {
    Fact::PolicyChanged(Box::new(policy.decided(epoch)))
}

fn tariff(code: &str, bearer: Bearer, operation: PaymentKind, rate_ppm: u32) -> Tariff {
    Tariff {
        code: code.to_owned(),
        currency: XOF,
        operation: Some(operation),
        channel: None,
        account_type: None,
        level: None,
        bearer,
        tiers: vec![Tier { up_to_minor: None, fixed_minor: 0, rate_ppm }],
        min_minor: None,
        max_minor: None,
        free_per_month: 0,
        effective_from: None,
        effective_to: None,
    }
}

fn limits(day_minor: i64) -> Limits {
    Limits { debit: Quota { day_minor: Some(day_minor), ..Quota::default() }, ..Limits::default() }
}

fn hold(bank: &Bank) -> HoldId {
    HoldId::mint(bank.t0 + 21, 0)
}

/// A change of the hold of the first account for the second.
fn held(bank: &Bank, change: HoldChange, minor: i64, fee_minor: i64, open: bool) -> Fact {
    Fact::HoldChanged(HoldChanged {
        id: hold(bank),
        change,
        kind: PaymentKind::Transfer,
        channel: Channel::Qr,
        account_debit: bank.account(0),
        account_credit: bank.account(1),
        amount: Money { minor, currency: XOF },
        fee_minor,
        open,
        expires_at: bank.t0 + 60_000,
    })
}

fn moved(kind: PaymentKind, after: Epoch, link: Link, fee_minor: i64, legs: &[(AccountId, i64, i64)]) -> Transaction {
    Transaction {
        id: TransactionId::mint(after, 0),
        kind,
        account_debit: legs[0].0,
        account_credit: legs[1].0,
        amount: Money { minor: legs[1].1, currency: XOF },
        fee_minor,
        channel: Channel::Qr,
        refusal: None,
        link: Some(link),
        postings: legs
            .iter()
            .map(|(account, amount_minor, balance_minor)| Posting {
                account: *account,
                amount_minor: *amount_minor,
                balance_minor: *balance_minor,
            })
            .collect(),
    }
}

/// At t0 + 20 staff sets everything; at 21 money is reserved; at 22 some of it is captured; at 23 some of the transfer is
/// refunded; at 24 tariffs are withdrawn.
async fn ledger() -> anyhow::Result<Option<Bank>> {
    let Some(bank) = bank().await? else { return Ok(None) };
    let mut url = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
    url.set_path(bank.pool.connect_options().get_database().unwrap_or_default());
    let mut views = Views::claim(url.as_str(), 1).await?;
    let (t0, payer, payee) = (bank.t0, bank.account(0), bank.account(1));
    let set = |policy| set(policy, t0 + 20);
    let terms = |floor_minor, effective_from| AccountTerms {
        account_id: payer,
        currency: XOF,
        floor_minor: Some(floor_minor),
        limits: limits(5000),
        effective_from,
    };
    let level_limits =
        |day_minor, effective_from| LevelLimits { level: KycLevel::Standard, currency: XOF, limits: limits(day_minor), effective_from };
    let transfer = tariff("transfer", Bearer::Payer, PaymentKind::Transfer, 20_000);
    let level = CustomerLevel { customer_id: bank.customer(0), level: KycLevel::Standard };
    let address = PostalAddress { town_name: "Thiès".to_owned(), country: "SN".to_owned(), ..PostalAddress::default() };
    let address = SetAddress { customer_id: bank.customer(0), address: Some(address) };
    let address = Told::Address(AddressSet { set: address, by: "teller".to_owned() });
    let policies = vec![
        ("address", Fact::Diligence(Box::new(address))),
        ("level", set(Policy::Level(level))),
        ("terms", set(Policy::Terms(terms(-500, None)))),
        ("terms later", set(Policy::Terms(terms(-100, Some(t0 + 9_000))))),
        ("limits", set(Policy::Limits(level_limits(100, None)))),
        ("limits later", set(Policy::Limits(level_limits(200, Some(t0 + 8_000))))),
        // Planned for later, and replaced by what comes before it.
        ("limits again", set(Policy::Limits(level_limits(300, Some(t0 + 7_000))))),
        ("transfer", set(Policy::Tariff(transfer.clone()))),
        ("transfer later", set(Policy::Tariff(Tariff { effective_from: Some(t0 + 9_000), ..transfer.clone() }))),
        ("shop", set(Policy::Tariff(tariff("shop", Bearer::Payee, PaymentKind::MerchantPayment, 1_000_000)))),
        ("vip", set(Policy::Tariff(Tariff { level: Some(KycLevel::Enhanced), ..tariff("vip", Bearer::Payer, PaymentKind::Transfer, 1) }))),
        ("free", set(Policy::Tariff(Tariff { free_per_month: 2, ..tariff("free", Bearer::Payee, PaymentKind::Deposit, 10_000) }))),
    ];
    write(&bank, &mut views, 20, policies).await?;
    write(&bank, &mut views, 21, vec![("reserve", held(&bank, HoldChange::Reserved, 200, 4, true))]).await?;
    let fees = AccountId::house("fees", XOF);
    let income = Account {
        id: fees,
        customer_id: None,
        account_type: AccountType::Current,
        role: Role::House,
        currency: XOF,
        status: AccountStatus::Active,
    };
    let captured = moved(PaymentKind::Transfer, t0 + 22, Link::Hold(hold(&bank)), 1, &[(payer, -51, 649), (payee, 50, 350), (fees, 1, 1)]);
    let facts = vec![
        ("capture", Fact::AccountOpened(income)),
        ("capture", held(&bank, HoldChange::Captured, 50, 1, true)),
        ("capture", Fact::Transaction(captured)),
    ];
    write(&bank, &mut views, 22, facts).await?;
    let original = Link::Original(TransactionId::mint(t0 + 5, 0));
    let refunded = moved(PaymentKind::Refund, t0 + 23, original, 0, &[(payee, -100, 250), (payer, 100, 749)]);
    write(&bank, &mut views, 23, vec![("refund", Fact::Transaction(refunded))]).await?;
    let end = |code: &str, effective_from| {
        let end = TariffEnd { code: code.to_owned(), effective_from };
        Fact::PolicyChanged(Box::new(Policy::TariffEnd(end).decided(t0 + 24)))
    };
    write(&bank, &mut views, 24, vec![("end", end("vip", None)), ("end later", end("shop", Some(t0 + 9_000)))]).await?;
    Ok(Some(bank))
}

#[tokio::test]
async fn what_is_held_is_not_available() -> anyhow::Result<()> {
    let Some(bank) = ledger().await? else { return Ok(()) };
    let (t0, id) = (bank.t0, bank.account(0));
    for (at, posted, held, available) in
        [(t0 + 20, "700", "0", "700"), (t0 + 21, "700", "204", "496"), (t0 + 22, "649", "153", "496"), (t0 + 24, "749", "153", "596")]
    {
        for query in [format!("?at={at}"), format!("?at_least={at}")].iter().take(if at == t0 + 24 { 2 } else { 1 }) {
            let balance = bank.staff(&format!("/v1/accounts/{id}/balance{query}")).await?;
            assert_eq!(
                (&balance["balance_posted"], &balance["balance_held"], &balance["balance_available"]),
                (&json!(posted), &json!(held), &json!(available)),
                "{query}"
            );
            assert_eq!(bank.staff(&format!("/v1/accounts/{id}{query}")).await?["balance_available"], available, "{query}");
        }
    }
    let path = format!("/v1/holds/{}", hold(&bank));
    let expected = json!({
        "id": hold(&bank), "operation": "transfer", "status": "held", "account_debit": id, "account_credit": bank.account(1),
        "amount": "150", "held_fee": "3", "currency": "XOF", "channel": "qr", "expires_at": rfc3339(t0 + 60_000), "epoch": t0 + 22,
        "as_of": t0 + 24,
    });
    assert_eq!(bank.staff(&path).await?, expected);
    for (number, seen) in [(0, (200, String::new())), (1, (200, String::new())), (7, (404, "hold_not_found".to_owned()))] {
        assert_eq!(bank.seen(number, &path).await?, seen, "{number}");
    }
    assert_eq!(bank.seen(0, "/v1/holds/none").await?.0, 400);
    let nothing = HoldId::mint(t0 + 21, 1);
    assert_eq!(bank.seen(0, &format!("/v1/holds/{nothing}")).await?, (404, "hold_not_found".to_owned()));

    let captured = bank.staff(&format!("/v1/transactions/{}", TransactionId::mint(t0 + 22, 0))).await?;
    assert_eq!((&captured["hold_id"], &captured["charged_fee"]), (&json!(hold(&bank)), &json!("1")));
    let refund = bank.staff(&format!("/v1/transactions/{}", TransactionId::mint(t0 + 23, 0))).await?;
    let original = json!(TransactionId::mint(t0 + 5, 0));
    assert_eq!((&refund["operation"], &refund["original_transaction_id"]), (&json!("refund"), &original));
    bank.close().await
}

#[tokio::test]
async fn what_staff_has_set_is_in_force_or_planned() -> anyhow::Result<()> {
    let Some(bank) = ledger().await? else { return Ok(()) };
    let (t0, id) = (bank.t0, bank.account(0));
    let levels = [
        bank.staff(&format!("/v1/customers/{}", bank.customer(0))).await?,
        bank.staff(&format!("/v1/customers/{}", bank.customer(1))).await?,
    ];
    assert_eq!(levels.map(|customer| customer["level"].clone()), [json!("standard"), json!("unidentified")]);

    let terms = |floor: &str, from: Epoch| {
        json!({
            "account_id": id, "currency": "XOF", "floor": floor, "limits": {"debit": {"day": "5000"}, "credit": {}},
            "effective_from": rfc3339(from), "epoch": t0 + 20,
        })
    };
    let path = format!("/v1/accounts/{id}/terms");
    let expected = json!({"in_force": terms("-500", t0 + 20), "planned": [terms("-100", t0 + 9_000)], "as_of": t0 + 24});
    assert_eq!(bank.staff(&path).await?, expected);
    let before = json!({"in_force": null, "planned": [], "as_of": t0 + 10});
    assert_eq!(bank.staff(&format!("{path}?at={}", t0 + 10)).await?, before);
    assert_eq!(bank.seen(0, &path).await?.0, 200);
    assert_eq!(bank.seen(1, &path).await?, (404, "account_not_found".to_owned()));

    let limits = |day: &str, from: Epoch| {
        json!({
            "level": "standard", "currency": "XOF", "limits": {"debit": {"day": day}, "credit": {}},
            "effective_from": rfc3339(from), "epoch": t0 + 20,
        })
    };
    let expected = json!({"in_force": limits("100", t0 + 20), "planned": [limits("300", t0 + 7_000)], "as_of": t0 + 24});
    assert_eq!(bank.staff("/v1/levels/standard/limits/XOF").await?, expected);
    assert_eq!(bank.staff("/v1/levels/simplified/limits/XOF").await?, json!({"in_force": null, "planned": [], "as_of": t0 + 24}));
    for path in ["/v1/levels/known/limits/XOF", "/v1/levels/standard/limits/XXX", "/v1/levels/standard/limits/XOF?at=1"] {
        assert_eq!(bank.seen(0, path).await?, (400, "invalid_request".to_owned()), "{path}");
    }
    bank.close().await
}

#[tokio::test]
async fn tariffs_say_until_when_they_hold() -> anyhow::Result<()> {
    let Some(bank) = ledger().await? else { return Ok(()) };
    let t0 = bank.t0;
    let shown = |listed: &Value| -> Vec<(String, String, Value)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let tariff = |tariff: &Value| (text(&tariff["code"]), text(&tariff["effective_from"]), tariff["effective_to"].clone());
        listed.as_array().into_iter().flatten().map(tariff).collect()
    };
    let all = bank.staff("/v1/tariffs").await?;
    let tariff = |code: &str, from: Epoch, to: Option<Epoch>| (code.to_owned(), rfc3339(from), json!(to.map(rfc3339)));
    let in_force =
        [tariff("free", t0 + 20, None), tariff("shop", t0 + 20, Some(t0 + 9_000)), tariff("transfer", t0 + 20, Some(t0 + 9_000))];
    assert_eq!(shown(&all["in_force"]), in_force);
    assert_eq!(shown(&all["planned"]), [tariff("transfer", t0 + 9_000, None)]);
    let one = bank.staff("/v1/tariffs/transfer").await?;
    assert_eq!((shown(&one["in_force"]).len(), shown(&one["planned"]).len(), &one["as_of"]), (1, 1, &json!(t0 + 24)));
    assert_eq!(one["in_force"][0]["tiers"], json!([{"fixed": "0", "rate": "2"}]));
    for code in ["vip", "none"] {
        assert_eq!(bank.seen(0, &format!("/v1/tariffs/{code}")).await?, (404, "tariff_not_found".to_owned()), "{code}");
    }
    assert_eq!(bank.seen(0, "/v1/tariffs").await?, (200, String::new()));
    bank.close().await
}

#[tokio::test]
async fn a_quote_is_what_the_tariffs_say() -> anyhow::Result<()> {
    let Some(bank) = ledger().await? else { return Ok(()) };
    let (t0, payer, payee) = (bank.t0, bank.account(0), bank.account(1));
    let token = bank.server.token(&bank.customer(0).to_string(), CUSTOMER)?;
    let ask = |body: Value| {
        let (server, token) = (&bank.server, &token);
        async move { server.post(token, "/v1/fees/quote", &[], &body).await }
    };
    let told = |fee: &str, bearer: Option<&str>, tariff: Option<&str>, debited: &str, credited: &str| {
        let mut told = json!({"fee": fee, "total_debited": debited, "total_credited": credited, "as_of": t0 + 24});
        bearer.into_iter().for_each(|bearer| told["bearer"] = json!(bearer));
        tariff.into_iter().for_each(|tariff| told["tariff"] = json!(tariff));
        told
    };
    let transfer = json!({"operation": "transfer", "currency": "XOF", "amount": "1000", "account_debit": payer, "account_credit": payee});
    let with = |more: Value| {
        let mut asked = transfer.clone();
        asked.as_object_mut().into_iter().for_each(|asked| asked.extend(more.as_object().cloned().unwrap_or_default()));
        asked
    };
    for (body, expected) in [
        (transfer.clone(), told("20", Some("payer"), Some("transfer"), "1020", "1000")),
        (with(json!({"at": t0 + 15})), told("0", None, None, "1000", "1000")),
        (with(json!({"at": t0 + 9_500, "amount": "25"})), told("1", Some("payer"), Some("transfer"), "26", "25")),
        (with(json!({"operation": "merchant_payment"})), told("1000", Some("payee"), Some("shop"), "1000", "0")),
        (with(json!({"operation": "merchant_payment", "at": t0 + 9_500})), told("0", None, None, "1000", "1000")),
        // The house bears no fee.
        (with(json!({"account_debit": null, "account_credit": payer})), told("0", None, None, "1000", "1000")),
        // One was paid once this month, but for a refund; the other twice, once out of a hold.
        (
            with(json!({"operation": "deposit", "account_debit": payee, "account_credit": payer})),
            told("0", Some("payee"), Some("free"), "1000", "1000"),
        ),
        (with(json!({"operation": "deposit"})), told("10", Some("payee"), Some("free"), "1000", "990")),
    ] {
        let mut answer = ask(body.clone()).await?.json()?;
        for field in ["operation", "channel", "currency", "amount"] {
            answer.as_object_mut().and_then(|answer| answer.remove(field)).ok_or_else(|| anyhow::anyhow!("{field} is missing"))?;
        }
        assert_eq!(answer, expected, "{body}");
    }
    for (body, status, pointer) in [
        (with(json!({"operation": "refund"})), 400, "/operation"),
        (with(json!({"amount": "0"})), 400, "/amount"),
        (with(json!({"amount": "1.5"})), 400, "/amount"),
        (with(json!({"currency": "EUR"})), 400, "/account_debit"),
        (with(json!({"account_debit": "x"})), 400, "/account_debit"),
        (with(json!({"fee": "0"})), 400, ""),
        (with(json!({"account_debit": payee, "account_credit": payee})), 404, "account_not_found"),
        (with(json!({"account_credit": AccountId::mint(t0 + 1, 9)})), 404, "account_not_found"),
    ] {
        let problem = ask(body.clone()).await?.problem()?;
        let named = problem.errors.first().map_or(problem.code.as_str(), |error| error.pointer.as_str());
        assert_eq!((problem.status, named), (status, pointer), "{body}");
    }
    let bearer = format!("Bearer {token}");
    let plain = bank.server.send(reqwest::Method::POST, "/v1/fees/quote", &[("authorization", &bearer)], Vec::new()).await?;
    assert_eq!(plain.problem()?.code, "unsupported_media_type");
    // By rules that know no fees nothing costs anything.
    sqlx::query("insert into rules_activation values ($1, $2, 3, $3)")
        .bind(EventId::mint(t0 + 2, 7).0)
        .bind(command("activate").0)
        .bind(i64::try_from(t0 + 2)?)
        .execute(&bank.pool)
        .await?;
    assert_eq!(ask(transfer.clone()).await?.json()?["fee"], "0");
    bank.close().await
}

#[tokio::test]
async fn operations_of_holds_and_policies() -> anyhow::Result<()> {
    let Some(bank) = ledger().await? else { return Ok(()) };
    let t0 = bank.t0;
    let (capture, refund) = (TransactionId::mint(t0 + 22, 0), TransactionId::mint(t0 + 23, 0));
    for (key, status, operation, resource, seen) in [
        ("reserve", "completed", "reserve", format!("/v1/holds/{}", hold(&bank)), [200, 200]),
        ("capture", "settled", "capture", format!("/v1/transactions/{capture}"), [200, 200]),
        ("refund", "settled", "refund", format!("/v1/transactions/{refund}"), [200, 200]),
        ("level", "completed", "set_customer_level", format!("/v1/customers/{}", bank.customer(0)), [200, 404]),
        ("address", "completed", "set_address", format!("/v1/customers/{}", bank.customer(0)), [200, 404]),
        ("terms", "completed", "set_account_terms", format!("/v1/accounts/{}/terms", bank.account(0)), [200, 404]),
        ("limits", "completed", "set_level_limits", "/v1/levels/standard/limits/XOF".to_owned(), [404, 404]),
        ("shop", "completed", "set_tariff", "/v1/tariffs/shop".to_owned(), [404, 404]),
        ("end later", "completed", "withdraw_tariff", "/v1/tariffs/shop".to_owned(), [404, 404]),
    ] {
        let path = format!("/v1/operations/{}", command(key));
        let shown = bank.staff(&path).await?;
        assert_eq!(
            (&shown["status"], &shown["operation"], &shown["resource"]),
            (&json!(status), &json!(operation), &json!(resource)),
            "{key}"
        );
        assert_eq!([bank.seen(0, &path).await?.0, bank.seen(1, &path).await?.0], seen, "{key}");
        let token = bank.server.token("teller", STAFF)?;
        assert_eq!(bank.server.get(&token, &resource).await?.status, 200, "{resource}");
    }
    bank.close().await
}
