//! Lists of accounts and of payments: whose they are, each filter, and parts that stay as they are. Needs `DATABASE_URL`.

use super::bank::{Bank, TRACE, bank, command};
use super::server::{CUSTOMER, STAFF};
use super::written::{epoch, views};
use egress::postgres::Views;
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Channel, Currency, CustomerId, Epoch, Fact, HoldChange, HoldChanged, HoldId, Link,
    Money, PaymentKind, Posting, Refusal, Role, Transaction, TransactionId, rfc3339,
};
use serde_json::{Value, json};

const XOF: Currency = Currency::XOF;

fn opened(bank: &Bank, number: u32, account_type: AccountType, currency: &str) -> anyhow::Result<Fact> {
    Ok(Fact::AccountOpened(Account {
        id: AccountId::mint(bank.t0 + 20, number),
        customer_id: Some(bank.customer(0)),
        account_type,
        role: Role::Customer,
        currency: currency.parse()?,
        status: AccountStatus::Active,
    }))
}

/// The ids of what a list tells.
fn ids(listed: &Value, name: &str) -> Vec<String> {
    listed[name].as_array().into_iter().flatten().map(|entry| entry["id"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn the_accounts_of_a_customer() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let (t0, owner) = (bank.t0, bank.customer(0));
    let mut views = views(&bank).await?;
    let held = HoldChanged {
        id: HoldId::mint(t0 + 21, 0),
        change: HoldChange::Reserved,
        kind: PaymentKind::Transfer,
        channel: Channel::Qr,
        account_debit: bank.account(0),
        account_credit: bank.account(1),
        amount: Money { minor: 200, currency: XOF },
        fee_minor: 4,
        open: true,
        expires_at: t0 + 60_000,
    };
    let more = vec![
        (command("savings"), opened(&bank, 0, AccountType::Savings, "XOF")?),
        (command("euros"), opened(&bank, 1, AccountType::Wallet, "EUR")?),
    ];
    views.write(&[epoch(t0 + 20, more), epoch(t0 + 21, vec![(command("hold"), Fact::HoldChanged(held))])], 0, &[]).await?;
    let mine = bank.staff(&format!("/v1/accounts?customer_id={owner}&currency=XOF&type=wallet")).await?;
    let expected = json!({
        "accounts": [{
            "id": bank.account(0), "customer_id": owner, "type": "wallet", "role": "customer", "currency": "XOF", "status": "active",
            "balance_available": "496", "epoch": t0 + 1, "balance_posted": "700", "balance_held": "204",
        }],
        "as_of": t0 + 21,
    });
    assert_eq!(mine, expected);
    let [wallet, savings, euros, other] =
        [bank.account(0), AccountId::mint(t0 + 20, 0), AccountId::mint(t0 + 20, 1), bank.account(1)].map(|id| id.to_string());
    let others = bank.customer(1);
    for (query, expected) in [
        (format!("customer_id={owner}"), vec![&wallet, &savings, &euros]),
        (format!("customer_id={owner}&type=savings"), vec![&savings]),
        (format!("customer_id={owner}&currency=EUR"), vec![&euros]),
        (format!("customer_id={owner}&status=closed"), vec![]),
        (format!("customer_id={owner}&at={}", t0 + 19), vec![&wallet]),
        (format!("customer_id={others}&status=active"), vec![&other]),
        (format!("customer_id={others}&status=suspended"), vec![]),
        (format!("customer_id={others}&status=suspended&at={}", t0 + 7), vec![&other]),
    ] {
        let listed = bank.staff(&format!("/v1/accounts?{query}")).await?;
        assert_eq!(ids(&listed, "accounts").iter().collect::<Vec<_>>(), expected, "{query}");
    }
    // In parts, while another is opened.
    let first = bank.staff(&format!("/v1/accounts?customer_id={owner}&limit=2")).await?;
    views.write(&[epoch(t0 + 22, vec![(command("late"), opened(&bank, 2, AccountType::Wallet, "XOF")?)])], 0, &[]).await?;
    let rest = bank.staff(&format!("/v1/accounts?cursor={}", first["next_cursor"].as_str().unwrap_or_default())).await?;
    assert_eq!((ids(&first, "accounts"), ids(&rest, "accounts")), (vec![wallet.clone(), savings], vec![euros]));
    assert_eq!((&rest["as_of"], rest.get("next_cursor")), (&json!(t0 + 21), None));

    // A customer need not say whose, and is nobody else.
    let token = bank.server.token(&owner.to_string(), CUSTOMER)?;
    assert_eq!(ids(&bank.server.get(&token, "/v1/accounts").await?.json()?, "accounts").len(), 4);
    assert_eq!(bank.seen(0, &format!("/v1/accounts?customer_id={owner}")).await?, (200, String::new()));
    assert_eq!(bank.seen(1, &format!("/v1/accounts?customer_id={owner}")).await?, (404, "customer_not_found".to_owned()));
    let (staff, nobody) = (bank.server.token("teller", STAFF)?, CustomerId::mint(t0, 77));
    let problem = bank.server.get(&staff, &format!("/v1/accounts?customer_id={nobody}")).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (404, "customer_not_found"));
    bank.close().await
}

/// A payment of one to the other of the bank's two accounts.
struct Paid<'a> {
    kind: PaymentKind,
    sides: [usize; 2],
    minor: i64,
    currency: &'a str,
    channel: Channel,
    refusal: Option<Refusal>,
    link: Option<Link>,
}

const PLAIN: Paid<'static> =
    Paid { kind: PaymentKind::Transfer, sides: [0, 1], minor: 10, currency: "XOF", channel: Channel::Wallet, refusal: None, link: None };

fn paid(bank: &Bank, after: Epoch, number: u32, paid: &Paid<'_>) -> anyhow::Result<Fact> {
    // The third account is a stranger's.
    let accounts = [bank.account(0), bank.account(1), AccountId::mint(bank.t0 + 1, 7)];
    let [account_debit, account_credit] = paid.sides.map(|side| accounts[side]);
    let leg = |account, amount_minor| Posting { account, amount_minor, balance_minor: 0 };
    let legs = vec![leg(account_debit, -paid.minor), leg(account_credit, paid.minor)];
    Ok(Fact::Transaction(Transaction {
        id: TransactionId::mint(bank.t0 + after, number),
        kind: paid.kind,
        account_debit,
        account_credit,
        amount: Money { minor: paid.minor, currency: paid.currency.parse()? },
        fee_minor: 0,
        channel: paid.channel,
        refusal: paid.refusal,
        link: paid.link,
        postings: if paid.refusal.is_none() { legs } else { Vec::new() },
    }))
}

/// At t0 + 20 come eight payments, of which only the last is between strangers.
async fn payments() -> anyhow::Result<Option<(Bank, Views)>> {
    let Some(bank) = bank().await? else { return Ok(None) };
    let mut views = views(&bank).await?;
    let all = [
        PLAIN,
        Paid { kind: PaymentKind::MerchantPayment, channel: Channel::Qr, minor: 25, ..PLAIN },
        Paid { sides: [1, 0], channel: Channel::Card, ..PLAIN },
        Paid { refusal: Some(Refusal::InsufficientFunds), minor: 9_000, ..PLAIN },
        Paid { sides: [1, 0], refusal: Some(Refusal::NotAuthorized), ..PLAIN },
        Paid { currency: "EUR", refusal: Some(Refusal::CurrencyMismatch), minor: 350, ..PLAIN },
        Paid { kind: PaymentKind::Refund, sides: [1, 0], link: Some(Link::Original(TransactionId::mint(bank.t0 + 5, 0))), ..PLAIN },
        Paid { sides: [2, 2], ..PLAIN },
    ];
    let facts = (0..).zip(&all).map(|(number, payment)| Ok((command(&format!("paid {number}")), paid(&bank, 20, number, payment)?)));
    views.write(&[epoch(bank.t0 + 20, facts.collect::<anyhow::Result<_>>()?)], 0, &[]).await?;
    Ok(Some((bank, views)))
}

/// The numbers of the payments of t0 + 20 that are told, those of before as 100 and what they come after t0.
fn numbers(bank: &Bank, listed: &Value) -> Vec<u64> {
    let minted = ids(listed, "transactions").into_iter().filter_map(|id| id.parse::<TransactionId>().ok()?.minted());
    minted.map(|(epoch, number)| if epoch == bank.t0 + 20 { number.into() } else { 100 + epoch - bank.t0 }).collect()
}

#[tokio::test]
async fn payments_by_what_they_are() -> anyhow::Result<()> {
    let Some((bank, _views)) = payments().await? else { return Ok(()) };
    let (t0, [first, second]) = (bank.t0, [bank.account(0), bank.account(1)]);
    let house = AccountId::house("cash", XOF);
    for (query, expected) in [
        (String::new(), vec![7, 6, 5, 4, 3, 2, 1, 0, 106, 105, 102]),
        (format!("account={first}"), vec![6, 5, 4, 3, 2, 1, 0, 106, 105, 102]),
        (format!("account={second}"), vec![6, 5, 4, 3, 2, 1, 0, 106, 105]),
        (format!("account={house}"), vec![102]),
        (format!("account={first}&status=failed"), vec![5, 4, 3, 106]),
        ("status=settled".to_owned(), vec![7, 6, 2, 1, 0, 105, 102]),
        ("status=pending".to_owned(), vec![]),
        ("operation=merchant_payment".to_owned(), vec![1]),
        ("operation=refund".to_owned(), vec![6]),
        ("operation=reversal".to_owned(), vec![]),
        ("operation=deposit&channel=wallet".to_owned(), vec![102]),
        ("channel=qr".to_owned(), vec![1]),
        ("channel=card&status=settled".to_owned(), vec![2]),
        ("currency=EUR".to_owned(), vec![5]),
        ("currency=EUR&amount_min=3.50&amount_max=3.50".to_owned(), vec![5]),
        ("currency=EUR&amount_min=3.51".to_owned(), vec![]),
        ("currency=XOF&amount_min=25&amount_max=1000".to_owned(), vec![1, 105, 102]),
        (format!("account={second}&currency=XOF&amount_max=10&operation=transfer"), vec![4, 2, 0]),
        ("reason=insufficient_funds".to_owned(), vec![3, 106]),
        (format!("reason=insufficient_funds&from={}", t0 + 7), vec![3]),
        (format!("reason=currency_mismatch&account={first}"), vec![5]),
        (format!("trace_id={TRACE}&to={}", t0 + 20), vec![106, 105, 102]),
        (format!("trace_id={TRACE}&operation=refund"), vec![6]),
        (format!("trace_id={TRACE}&account={house}"), vec![102]),
        (format!("trace_id={}", TRACE.replace('4', "5")), vec![]),
        (format!("from={}&to={}", t0 + 5, t0 + 6), vec![105]),
        (format!("from={}&to={}&account={first}", rfc3339(t0 + 5), rfc3339(t0 + 20)), vec![106, 105]),
        (format!("at={}", t0 + 5), vec![105, 102]),
        (format!("at_least={}&limit=1000&status=failed", t0 + 20), vec![5, 4, 3, 106]),
    ] {
        let listed = bank.staff(&format!("/v1/transactions?{query}")).await?;
        assert_eq!((numbers(&bank, &listed), listed.get("next_cursor")), (expected, None), "{query}");
    }
    // Each looks as it does by itself.
    let listed = bank.staff(&format!("/v1/transactions?at_least={}", t0 + 20)).await?;
    for entry in listed["transactions"].as_array().into_iter().flatten() {
        let mut alone = bank.staff(&format!("/v1/transactions/{}", entry["id"].as_str().unwrap_or_default())).await?;
        alone.as_object_mut().and_then(|alone| alone.remove("as_of"));
        assert_eq!(*entry, alone);
    }
    bank.close().await
}

#[tokio::test]
async fn payments_are_whose_they_are() -> anyhow::Result<()> {
    let Some((bank, _views)) = payments().await? else { return Ok(()) };
    for (number, expected) in [(0, vec![6, 5, 4, 3, 2, 1, 0, 106, 105, 102]), (1, vec![6, 5, 4, 3, 2, 1, 0, 106, 105]), (7, vec![])] {
        let token = bank.server.token(&bank.customer(number).to_string(), CUSTOMER)?;
        let listed = bank.server.get(&token, &format!("/v1/transactions?at_least={}", bank.t0 + 20)).await?.json()?;
        assert_eq!(numbers(&bank, &listed), expected, "{number}");
        let traced = bank.server.get(&token, &format!("/v1/transactions?trace_id={TRACE}")).await?.json()?;
        assert_eq!(numbers(&bank, &traced), expected, "{number}");
    }
    assert_eq!(bank.seen(0, &format!("/v1/transactions?account={}", bank.account(1))).await?, (404, "account_not_found".to_owned()));
    assert_eq!(bank.seen(0, &format!("/v1/transactions?account={}", bank.account(0))).await?, (200, String::new()));
    let token = bank.server.token("awa", CUSTOMER)?;
    assert_eq!(ids(&bank.server.get(&token, "/v1/transactions").await?.json()?, "transactions"), Vec::<String>::new());
    bank.close().await
}

#[tokio::test]
async fn parts_of_a_list_stay_as_they_are() -> anyhow::Result<()> {
    let Some((bank, mut views)) = payments().await? else { return Ok(()) };
    let first = bank.account(0);
    let mut after = 30;
    for query in [
        String::new(),
        format!("account={first}"),
        "status=settled".to_owned(),
        format!("trace_id={TRACE}"),
        "currency=XOF&amount_min=10".to_owned(),
    ] {
        let whole = bank.staff(&format!("/v1/transactions?{query}&at={}", bank.t0 + 20)).await?;
        let token = bank.server.token("teller", STAFF)?;
        for limit in [1, 3] {
            let as_of = whole["as_of"].clone();
            let (mut parts, mut next) = (Vec::new(), format!("{query}&limit={limit}&at={as_of}"));
            loop {
                let part = bank.staff(&format!("/v1/transactions?{next}")).await?;
                assert_eq!(part["as_of"], as_of);
                parts.extend(part["transactions"].as_array().cloned().unwrap_or_default());
                let Some(cursor) = part["next_cursor"].as_str() else { break };
                next = format!("limit={limit}&cursor={cursor}");
                let late = vec![(command(&format!("late {after}")), paid(&bank, after, 0, &PLAIN)?)];
                views.write(&[epoch(bank.t0 + after, late)], 0, &[]).await?;
                after += 1;
                // The same list goes on, no other.
                for (other, said) in [("channel=qr", "goes on without channel"), ("at=7", "goes on as of")] {
                    let problem = bank.server.get(&token, &format!("/v1/transactions?{other}&cursor={cursor}")).await?.problem()?;
                    assert_eq!((problem.status, problem.code.as_str(), &*problem.errors[0].pointer), (400, "invalid_request", "cursor"));
                    assert!(problem.detail.contains(said), "{}", problem.detail);
                }
                if !query.is_empty() {
                    bank.staff(&format!("/v1/transactions?{query}&cursor={cursor}")).await?;
                }
            }
            assert_eq!(json!(parts), whole["transactions"], "{query} {limit}");
        }
    }
    bank.close().await
}

/// What is rare is looked for in bounded steps: parts may hold nothing, and yet nothing is left out.
#[tokio::test]
async fn what_is_rare_is_found_step_by_step() -> anyhow::Result<()> {
    let Some((bank, mut views)) = payments().await? else { return Ok(()) };
    let (first, mut facts) = (bank.account(0), Vec::new());
    for number in 0..20_050 {
        facts.push((command("many"), paid(&bank, 21, number, &PLAIN)?));
    }
    views.write(&[epoch(bank.t0 + 21, facts)], 0, &[]).await?;
    for (query, expected) in [
        ("channel=qr".to_owned(), vec![1]),
        (format!("account={first}&channel=qr"), vec![1]),
        (format!("account={first}&status=failed"), vec![5, 4, 3, 106]),
        ("currency=EUR".to_owned(), vec![5]),
    ] {
        let (mut found, mut parts, mut next) = (Vec::new(), 0, query.clone());
        loop {
            let part = bank.staff(&format!("/v1/transactions?at_least={}&{next}", bank.t0 + 21)).await?;
            found.extend(numbers(&bank, &part));
            parts += 1;
            let Some(cursor) = part["next_cursor"].as_str() else { break };
            next = format!("cursor={cursor}");
        }
        assert_eq!((found, parts), (expected, 2), "{query}");
    }
    bank.close().await
}
