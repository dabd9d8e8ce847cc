//! Statements: by when payments were recorded and by when they count, in parts that stay as they are. Needs `DATABASE_URL`.

use super::bank::{Bank, bank, command};
use super::server::{Answer, STAFF};
use super::written::{epoch, views};
use egress::postgres::Views;
use reqwest::Method;
use schemas::account::HOUSE_FEES;
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Channel, Currency, Dated, Epoch, Fact, Money, OrderChange, OrderChanged, OrderId,
    PaymentKind, Posting, Role, Transaction, TransactionId, rfc3339,
};
use serde_json::{Value, json};

const XOF: Currency = Currency::XOF;

/// A payment that settled, from its legs: the payer's, the payee's, and who else took some.
fn moved(id: TransactionId, kind: PaymentKind, fee_minor: i64, legs: &[(AccountId, i64, i64)]) -> Fact {
    let posting = |(account, amount_minor, balance_minor): &(AccountId, i64, i64)| Posting {
        account: *account,
        amount_minor: *amount_minor,
        balance_minor: *balance_minor,
    };
    Fact::Transaction(Transaction {
        id,
        kind,
        account_debit: legs[0].0,
        account_credit: legs[1].0,
        amount: Money { minor: legs[1].1, currency: XOF },
        fee_minor,
        channel: Channel::Wallet,
        refusal: None,
        link: None,
        postings: legs.iter().map(posting).collect(),
    })
}

/// At t0 + 20 the first pays the second 10, three times; at t0 + 21 the second pays back 50 with a fee of 2, which counts from t0 + 3;
/// at t0 + 22 the house pays 5 to the second.
async fn payments() -> anyhow::Result<Option<(Bank, Views)>> {
    let Some(bank) = bank().await? else { return Ok(None) };
    let mut views = views(&bank).await?;
    let (t0, first, second) = (bank.t0, bank.account(0), bank.account(1));
    let (fees, cash) = (AccountId::house(HOUSE_FEES, XOF), AccountId::house("cash", XOF));
    let paid = |number: u32| {
        let paid = 10 * (i64::from(number) + 1);
        moved(TransactionId::mint(t0 + 20, number), PaymentKind::Transfer, 0, &[(first, -10, 700 - paid), (second, 10, 300 + paid)])
    };
    let thrice = (0..3).map(|number| (command(&format!("paid {number}")), paid(number))).collect();
    let income = Account {
        id: fees,
        customer_id: None,
        account_type: AccountType::Current,
        role: Role::House,
        currency: XOF,
        status: AccountStatus::Active,
    };
    let back = TransactionId::mint(t0 + 21, 0);
    let order = OrderChanged {
        id: OrderId::mint(t0 + 21, 0),
        change: OrderChange::Executed,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: second,
        account_credit: first,
        amount: Money { minor: 50, currency: XOF },
        dated: Dated::EffectiveAt(t0 + 3),
        transaction_id: Some(back),
    };
    let dated = vec![
        (command("back"), Fact::AccountOpened(income)),
        (command("back"), Fact::OrderChanged(Box::new(order))),
        (command("back"), moved(back, PaymentKind::Transfer, 2, &[(second, -52, 278), (first, 50, 720), (fees, 2, 2)])),
    ];
    let last =
        vec![(command("in"), moved(TransactionId::mint(t0 + 22, 0), PaymentKind::Deposit, 0, &[(cash, -5, -1005), (second, 5, 283)]))];
    views.write(&[epoch(t0 + 20, thrice), epoch(t0 + 21, dated), epoch(t0 + 22, last)], 0, &[]).await?;
    Ok(Some((bank, views)))
}

/// One more payment of the first to the second, in an epoch of its own.
async fn pay(bank: &Bank, views: &mut Views, after: Epoch) -> anyhow::Result<()> {
    let id = TransactionId::mint(bank.t0 + after, 0);
    let legs = [(bank.account(0), -1, 0), (bank.account(1), 1, 0)];
    let facts = vec![(command(&format!("more {after}")), moved(id, PaymentKind::Transfer, 0, &legs))];
    Ok(views.write(&[epoch(bank.t0 + after, facts)], 0, &[]).await?)
}

/// The amount and the balance of each entry.
fn lines(statement: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    statement["entries"].as_array().into_iter().flatten().map(|entry| (text(&entry["amount"]), text(&entry["balance"]))).collect()
}

fn pairs(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines.iter().map(|(amount, balance)| ((*amount).to_owned(), (*balance).to_owned())).collect()
}

#[tokio::test]
async fn a_statement_by_either_day() -> anyhow::Result<()> {
    let Some((bank, _views)) = payments().await? else { return Ok(()) };
    let (t0, first, second, fees) = (bank.t0, bank.account(0), bank.account(1), AccountId::house(HOUSE_FEES, XOF));
    let recorded = [("1000", "1000"), ("-300", "700"), ("-10", "690"), ("-10", "680"), ("-10", "670"), ("50", "720")];
    let effective = [("1000", "1000"), ("50", "1050"), ("-300", "750"), ("-10", "740"), ("-10", "730"), ("-10", "720")];
    let overdrawn = [("-52", "-52"), ("300", "248"), ("10", "258"), ("10", "268"), ("10", "278"), ("5", "283")];
    let by = "by=effective";
    for (account, query, [opening, closing], expected) in [
        (first, String::new(), ["0", "720"], &recorded[..]),
        (first, format!("from={t0}&to={}", t0 + 23), ["0", "720"], &recorded),
        (first, format!("from={}&to={}", t0 + 4, t0 + 20), ["1000", "700"], &recorded[1..2]),
        (first, format!("from={}&to={}", rfc3339(t0 + 2), rfc3339(t0 + 5)), ["0", "1000"], &recorded[..1]),
        (first, format!("from={}", t0 + 21), ["670", "720"], &recorded[5..]),
        (first, format!("from={}&to={}", t0 + 6, t0 + 6), ["700", "700"], &[]),
        (first, format!("at={}", t0 + 20), ["0", "670"], &recorded[..5]),
        (first, by.to_owned(), ["0", "720"], &effective),
        (first, format!("{by}&from={}&to={}", t0 + 4, t0 + 20), ["1050", "750"], &effective[2..3]),
        (first, format!("{by}&from={}&to={}", t0 + 3, t0 + 4), ["1000", "1050"], &effective[1..2]),
        (first, format!("{by}&from={}&to={}", t0 + 4, t0 + 5), ["1050", "1050"], &[]),
        (first, format!("{by}&from={}", t0 + 20), ["750", "720"], &effective[3..]),
        // What counts from an earlier day was not known yet.
        (
            first,
            format!("{by}&from={}&at={}", t0 + 3, t0 + 20),
            ["1000", "670"],
            &[("-300", "700"), ("-10", "690"), ("-10", "680"), ("-10", "670")],
        ),
        (second, by.to_owned(), ["0", "283"], &overdrawn),
        (second, format!("{by}&to={}", t0 + 20), ["0", "248"], &overdrawn[..2]),
        (fees, format!("{by}&to={}", t0 + 5), ["0", "2"], &[("2", "2")]),
        (fees, format!("{by}&from={}", t0 + 5), ["2", "2"], &[]),
        (fees, format!("from={}", t0 + 5), ["0", "2"], &[("2", "2")]),
    ] {
        let path = format!("/v1/accounts/{account}/entries?{query}&order=asc").replace("?&", "?");
        let statement = bank.staff(&path).await?;
        assert_eq!(lines(&statement), pairs(expected), "{path}");
        assert_eq!((&statement["opening_balance"], &statement["closing_balance"]), (&json!(opening), &json!(closing)), "{path}");
        let newest = bank.staff(&path.replace("order=asc", "order=desc")).await?;
        let mut backwards = lines(&newest);
        backwards.reverse();
        assert_eq!((backwards, &newest["opening_balance"]), (pairs(expected), &json!(opening)), "{path}");
    }
    let statement = bank.staff(&format!("/v1/accounts/{first}/entries?by=effective&from={}&to={}", t0 + 3, t0 + 4)).await?;
    let expected = json!({
        "account_id": first, "currency": "XOF", "opening_balance": "1000", "closing_balance": "1050", "entries": [{
            "transaction_id": TransactionId::mint(t0 + 21, 0), "operation": "transfer", "channel": "wallet", "amount": "50",
            "balance": "1050", "counterparty": second, "effective_at": rfc3339(t0 + 3), "recorded_at": rfc3339(t0 + 21), "epoch": t0 + 21,
        }],
        "as_of": t0 + 22,
    });
    assert_eq!(statement, expected);
    bank.close().await
}

#[tokio::test]
async fn parts_of_a_statement_stay_as_they_are() -> anyhow::Result<()> {
    let Some((bank, mut views)) = payments().await? else { return Ok(()) };
    let mut after = 30;
    for (account, by) in [(0, "recorded"), (0, "effective"), (1, "recorded"), (1, "effective")] {
        for (order, limit) in [("asc", 1), ("asc", 4), ("desc", 1), ("desc", 2)] {
            let path = format!("/v1/accounts/{}/entries", bank.account(account));
            let whole = bank.staff(&format!("{path}?by={by}&order={order}&at={}", bank.t0 + 22)).await?;
            let (mut parts, mut query) = (Vec::new(), format!("?by={by}&order={order}&limit={limit}&at={}", bank.t0 + 22));
            loop {
                let part = bank.staff(&format!("{path}{query}")).await?;
                assert!(lines(&part).len() <= limit);
                assert_eq!([&part["opening_balance"], &part["closing_balance"]], [&whole["opening_balance"], &whole["closing_balance"]]);
                assert_eq!(part["as_of"], whole["as_of"]);
                parts.extend(part["entries"].as_array().cloned().unwrap_or_default());
                let Some(cursor) = part["next_cursor"].as_str() else { break };
                query = format!("?limit={limit}&cursor={cursor}");
                pay(&bank, &mut views, after).await?;
                after += 1;
            }
            assert_eq!((parts.len(), json!(parts)), (6, whole["entries"].clone()), "{account} {by} {order} {limit}");
        }
    }
    bank.close().await
}

#[tokio::test]
async fn statements_of_nothing_of_others_and_of_the_future() -> anyhow::Result<()> {
    let Some((bank, mut views)) = payments().await? else { return Ok(()) };
    let t0 = bank.t0;
    let empty = Account {
        id: AccountId::mint(t0 + 23, 0),
        customer_id: Some(bank.customer(0)),
        account_type: AccountType::Savings,
        role: Role::Customer,
        currency: XOF,
        status: AccountStatus::Active,
    };
    let id = empty.id;
    views.write(&[epoch(t0 + 23, vec![(command("savings"), Fact::AccountOpened(empty))])], 0, &[]).await?;
    for query in ["", "?by=effective&order=asc"] {
        let expected = json!({
            "account_id": id, "currency": "XOF", "opening_balance": "0", "closing_balance": "0", "entries": [], "as_of": t0 + 23,
        });
        assert_eq!(bank.staff(&format!("/v1/accounts/{id}/entries{query}")).await?, expected);
    }
    let (path, missing) = (format!("/v1/accounts/{}/entries", bank.account(0)), (404, "account_not_found".to_owned()));
    assert_eq!(bank.seen(0, &path).await?, (200, String::new()));
    assert_eq!(bank.seen(1, &path).await?, missing);
    assert_eq!(bank.seen(0, &format!("{path}?at={t0}")).await?, missing, "not open yet");
    assert_eq!(bank.seen(0, &format!("/v1/accounts/{}/entries", AccountId::mint(t0 + 20, 0))).await?, missing);
    // What the views do not show yet is waited for, and never told as if nothing were there.
    for query in [format!("?to={}", t0 + 25), format!("?from={}", t0 + 24)] {
        assert_eq!(bank.seen(0, &format!("{path}{query}")).await?, (503, "view_behind".to_owned()), "{query}");
    }
    assert_eq!(bank.staff(&format!("{path}?to={}", t0 + 24)).await?["closing_balance"], "720");
    for name in ["to", "from"] {
        let token = bank.server.token("teller", STAFF)?;
        let problem = bank.server.get(&token, &format!("{path}?{name}={}", t0 + 3_600_000)).await?.problem()?;
        assert_eq!((problem.status, problem.detail), (400, format!("{name}: lies in the future")));
    }
    // A cursor is of one list: of another account it says nothing.
    let first = bank.staff(&format!("{path}?limit=1")).await?;
    let cursor = first["next_cursor"].as_str().unwrap_or_default();
    for other in [format!("/v1/accounts/{}/entries?cursor={cursor}", bank.account(1)), format!("{path}?order=asc&cursor={cursor}")] {
        assert_eq!(bank.seen(0, &other).await?, (400, "invalid_request".to_owned()));
    }
    bank.close().await
}

#[tokio::test]
async fn a_statement_as_csv() -> anyhow::Result<()> {
    let Some((bank, _views)) = payments().await? else { return Ok(()) };
    let (t0, first, second) = (bank.t0, bank.account(0), bank.account(1));
    let bearer = format!("Bearer {}", bank.server.token("teller", STAFF)?);
    let ask = async |path: &str| -> anyhow::Result<Answer> {
        let headers = [("authorization", bearer.as_str()), ("accept", "text/csv")];
        bank.server.send(Method::GET, path, &headers, Vec::new()).await
    };
    let answer = ask(&format!("/v1/accounts/{first}/entries?by=effective&order=asc&limit=2")).await?;
    let (house, head) = (
        AccountId::house("cash", XOF),
        "transaction_id,operation,channel,amount,currency,balance,counterparty,effective_at,recorded_at,epoch",
    );
    let [paid_in, back] = [TransactionId::mint(t0 + 2, 0), TransactionId::mint(t0 + 21, 0)];
    let expected = format!(
        "{head}\r\n{paid_in},deposit,wallet,1000,XOF,1000,{house},,{},{}\r\n{back},transfer,wallet,50,XOF,1050,{second},{},{},{}\r\n",
        rfc3339(t0 + 2),
        t0 + 2,
        rfc3339(t0 + 3),
        rfc3339(t0 + 21),
        t0 + 21
    );
    assert_eq!((answer.status, answer.text.as_str()), (200, expected.as_str()));
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let said = ["orion-as-of", "orion-opening-balance", "orion-closing-balance"].map(|name| answer.header(name).to_owned());
    assert_eq!(said, [(t0 + 22).to_string(), "0".to_owned(), "720".to_owned()]);
    // The parts together are the whole; each says where the next is.
    let whole = ask(&format!("/v1/accounts/{first}/entries?by=effective&order=asc")).await?;
    assert_eq!(whole.header("link"), "");
    let (mut text, mut link) = (answer.text.clone(), answer.header("link").to_owned());
    while let Some((path, _)) = link.strip_prefix('<').and_then(|link| link.split_once(">; rel=\"next\"")) {
        let part = ask(path).await?;
        text += part.text.strip_prefix(&format!("{head}\r\n")).unwrap_or_default();
        link = part.header("link").to_owned();
    }
    assert_eq!(text, whole.text);
    let missing = ask(&format!("/v1/accounts/{}/entries", AccountId::mint(t0 + 20, 9))).await?;
    assert_eq!(missing.problem()?.code, "account_not_found", "a problem is JSON for everybody");
    bank.close().await
}
