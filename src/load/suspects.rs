//! After the day: some people launder money, and the alerts are printed as they stream.
//!
//! Four send money around until it is back where it began; twelve pay one who pays twelve others; one brings cash in pieces that are each
//! just below what has to be reported. Whoever they are, the bank has never seen them before, so nothing else of the day is in it.

use super::bank::{Answer, Bank};
use super::requests::{ACCOUNTS, CUSTOMERS, route};
use super::token::Caller;
use super::trouble::Trouble;
use schemas::{AccountId, CustomerId, PaymentKind};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const STREAM: &str = "/admin/aml/alerts/stream?since=now";
/// How many people there are.
const PEOPLE: usize = 30;
/// What each begins with.
const OPENING: &str = "20000000";
/// Longest wait for what the last payment brings about.
const WAIT: Duration = Duration::from_secs(15);

/// Launders money; how many alerts came of it.
pub(super) async fn launder(bank: &Arc<Bank>) -> Result<usize, Trouble> {
    println!("\nNow thirty people launder money; what the risk cell says of them:");
    let mut alerts = bank.follow(STREAM).await?;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(enrol(bank, number).await?);
    }
    // Around, and back.
    for step in 0..4 {
        pay(bank, PaymentKind::Transfer, Some(people[step]), people[(step + 1) % 4], 900_000 - 10_000 * step).await?;
    }
    // Many to one, one to many.
    let hub = people[4];
    for payer in &people[5..17] {
        pay(bank, PaymentKind::Transfer, Some(*payer), hub, 250_000).await?;
    }
    for payee in &people[17..29] {
        pay(bank, PaymentKind::Transfer, Some(hub), *payee, 240_000).await?;
    }
    // Just below, three times.
    let mut last = 0;
    for _ in 0..3 {
        last = pay(bank, PaymentKind::Deposit, None, people[29], 14_500_000).await?;
    }
    let (mut count, deadline) = (0, Instant::now() + WAIT);
    while Instant::now() < deadline {
        let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(200), alerts.recv()).await else { continue };
        match event {
            Told::Raised(text) => {
                count += 1;
                println!("  {text}");
            }
            Told::Progress(epoch) if epoch >= last => break,
            Told::Progress(_) => {}
        }
    }
    println!("{count} alerts. `curl … {}/admin/aml/alerts` shows them with their evidence.", bank.url);
    Ok(count)
}

/// What a stream of alerts says.
pub(super) enum Told {
    /// A new one, as a sentence.
    Raised(String),
    /// Everything up to this epoch was told.
    Progress(u64),
}

impl Told {
    /// Reads an event of the stream; none of those that say something else.
    pub(super) fn read(event: &str) -> Option<Self> {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        match field("event: ") {
            "raised" => {
                let alert: Value = serde_json::from_str(field("data: ")).ok()?;
                Some(Self::Raised(alert["text"]["en"].as_str()?.to_owned()))
            }
            "progress" => field("id: ").parse().ok().map(Self::Progress),
            _ => None,
        }
    }
}

async fn enrol(bank: &Bank, number: usize) -> Result<AccountId, Trouble> {
    let key = |what: &str| format!("load-{}-suspect-{what}-{number}", bank.run);
    let body = json!({"full_name": format!("Suspect {number}"), "country": "SN"});
    let customer = CustomerId(id("enrol a customer", &bank.post(Caller::Operator, CUSTOMERS, &key("customer"), &body).await?)?);
    let body = json!({"customer_id": customer, "type": "wallet", "currency": "XOF"});
    let account = AccountId(id("open an account", &bank.post(Caller::Operator, ACCOUNTS, &key("account"), &body).await?)?);
    let body = json!({"account_credit": account, "amount": OPENING, "currency": "XOF"});
    id("pay in", &bank.post(Caller::Operator, route(PaymentKind::Deposit), &key("opening"), &body).await?)?;
    Ok(account)
}

/// The epoch in which it settled.
async fn pay(bank: &Bank, kind: PaymentKind, from: Option<AccountId>, to: AccountId, amount: usize) -> Result<u64, Trouble> {
    let mut body = json!({"account_credit": to, "amount": amount.to_string(), "currency": "XOF"});
    if let Some(from) = from {
        body["account_debit"] = json!(from);
    }
    let key = format!("load-{}-suspect-{}", bank.run, Uuid::new_v4());
    let answer = bank.post(Caller::Operator, route(kind), &key, &body).await?;
    id("pay", &answer)?;
    Ok(answer.body.epoch.unwrap_or_default())
}

fn id(what: &str, answer: &Answer) -> Result<Uuid, Trouble> {
    answer.body.id.filter(|_| answer.status == 201).ok_or_else(|| {
        let said = answer.body.detail.clone().or_else(|| answer.body.code.clone()).unwrap_or_default();
        Trouble::Refused { what: what.to_owned(), detail: format!("{} {said}", answer.status) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stream_says_is_read() {
        let raised = Told::read("event: raised\ndata: {\"id\":\"a\",\"text\":{\"en\":\"R06 Many\",\"fr\":\"R06\"}}");
        assert!(matches!(raised, Some(Told::Raised(text)) if text == "R06 Many"));
        assert!(matches!(Told::read("event: progress\nid: 7\ndata: {\"as_of\":7}"), Some(Told::Progress(7))));
        assert!(Told::read(": alive").is_none());
        assert!(Told::read("event: cleared\ndata: {}").is_none());
    }
}
