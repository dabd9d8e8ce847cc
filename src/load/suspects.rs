//! After the day: some people do what they should not, and the alerts are printed as they stream.
//!
//! Four send money around until it is back where it began; twelve pay one who pays twelve others; one brings cash in pieces that are each
//! just below what has to be reported; one is on a list of sanctions, in another spelling; a stolen telephone pays from five accounts, a
//! thousand kilometres from where the owner of one has just paid. The bank has never seen them before, so nothing else of the day is in it.

use super::bank::{Answer, Bank};
use super::requests::{ACCOUNTS, CUSTOMERS, route};
use super::token::Caller;
use super::trouble::Trouble;
use schemas::hex::hex;
use schemas::list::{EntryKind, ListKind, ListedName, NameStrength, digest};
use schemas::{AccountId, CustomerId, ListEntry, PaymentKind};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const STREAM: &str = "/admin/aml/alerts/stream?since=now";
/// How many people launder money, and how many have lost their telephones to one thief.
const PEOPLE: usize = 30;
const ROBBED: usize = 5;
/// What each begins with.
const OPENING: &str = "5000000";
/// Longest wait for what the last payment brings about.
const WAIT: Duration = Duration::from_secs(15);

/// A list of one, who never lived, and how they spell themselves at the counter.
const LIST: &str = "demo";
const LISTED: &str = "Abdourahmane Tchombé Kassaï-Oubangui";
const SPELT: &str = "KASSAI OUBANGUI, Abdurahman Tchombe";

/// Degrees north and east.
const DAKAR: [&str; 2] = ["14.716677", "-17.467686"];
const ABIDJAN: [&str; 2] = ["5.359952", "-4.008256"];

/// Does all of that; how many alerts came of it.
pub(super) async fn launder(bank: &Arc<Bank>) -> Result<usize, Trouble> {
    println!("\nNow some people do what they should not; what the risk cell says of them:");
    let mut alerts = bank.follow(STREAM).await?;
    let mut people = Vec::new();
    for number in 0..PEOPLE + ROBBED {
        people.push(enrol(bank, number).await?);
    }
    let (people, robbed) = people.split_at(PEOPLE);
    // Around, and back.
    for step in 0..4 {
        transfer(bank, people[step], people[(step + 1) % 4], 900_000 - 10_000 * step).await?;
    }
    // Many to one, one to many.
    let hub = people[4];
    for payer in &people[5..17] {
        transfer(bank, *payer, hub, 250_000).await?;
    }
    for payee in &people[17..29] {
        transfer(bank, hub, *payee, 240_000).await?;
    }
    // Just below, three times.
    for _ in 0..3 {
        pay(bank, PaymentKind::Deposit, json!({"account_credit": people[29], "amount": "14500000", "currency": "XOF"})).await?;
    }
    sanctioned(bank).await?;
    let last = stolen(bank, robbed, people[0]).await?;
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
    let url = &bank.url;
    println!("{count} alerts. `curl … {url}/admin/aml/alerts` shows them with their evidence, {url}/admin/kyc/cases/next the");
    println!("case to look at first, and {url}/admin/cases/$CASE/report what would be reported of it, as goAML.");
    Ok(count)
}

/// A list of sanctions comes into force, and then somebody on it is enrolled.
async fn sanctioned(bank: &Bank) -> Result<(), Trouble> {
    let entries = [ListEntry {
        id: "demo-1".to_owned(),
        kind: EntryKind::Person,
        names: vec![ListedName { name: LISTED.to_owned(), strength: NameStrength::Primary }],
        born: Vec::new(),
        countries: vec!["cd".to_owned()],
        reference: "invented for this".to_owned(),
    }];
    let path = |what: &str| format!("/admin/aml/lists/{LIST}/{what}");
    let part = json!({"version": 1, "number": 0, "entries": entries});
    let key = |what: &str| format!("load-{}-list-{what}", bank.run);
    let loaded = bank.post(Caller::Operator, &path("parts"), &key("part"), &part).await?;
    // It is there since an earlier run.
    if loaded.body.code.as_deref() != Some("list_version_not_newer") {
        done("load a list", &loaded)?;
        let version =
            json!({"kind": ListKind::Sanctions, "version": 1, "parts": 1, "count": 1, "digest": hex(&digest(&[0; 32], &entries))});
        done("put a list in force", &bank.post(Caller::Operator, &path("versions"), &key("version"), &version).await?)?;
    }
    let body = json!({"full_name": SPELT, "country": "CD"});
    id("enrol a customer", &bank.post(Caller::Operator, CUSTOMERS, &key("customer"), &body).await?).map(drop)
}

/// One pays at home; then the thief pays from everybody's account, from elsewhere. The epoch of the last payment.
async fn stolen(bank: &Bank, robbed: &[AccountId], to: AccountId) -> Result<u64, Trouble> {
    let from = |account: AccountId, device: &str, [north, east]: [&str; 2]| {
        let context = json!({"device": format!("{device}-{}", bank.run), "latitude": north, "longitude": east});
        json!({"account_debit": account, "account_credit": to, "amount": "25000", "currency": "XOF", "context": context})
    };
    let mut last = pay(bank, PaymentKind::Transfer, from(robbed[0], "own", DAKAR)).await?;
    for account in robbed {
        last = pay(bank, PaymentKind::Transfer, from(*account, "stolen", ABIDJAN)).await?;
    }
    Ok(last)
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

async fn transfer(bank: &Bank, from: AccountId, to: AccountId, amount: usize) -> Result<u64, Trouble> {
    let body = json!({"account_debit": from, "account_credit": to, "amount": amount.to_string(), "currency": "XOF"});
    pay(bank, PaymentKind::Transfer, body).await
}

/// The epoch in which it settled.
async fn pay(bank: &Bank, kind: PaymentKind, body: Value) -> Result<u64, Trouble> {
    let key = format!("load-{}-suspect-{}", bank.run, Uuid::new_v4());
    let answer = bank.post(Caller::Operator, route(kind), &key, &body).await?;
    id("pay", &answer)?;
    Ok(answer.body.epoch.unwrap_or_default())
}

fn id(what: &str, answer: &Answer) -> Result<Uuid, Trouble> {
    answer.body.id.filter(|_| answer.status == 201).ok_or_else(|| refused(what, answer))
}

fn done(what: &str, answer: &Answer) -> Result<(), Trouble> {
    if answer.status == 200 { Ok(()) } else { Err(refused(what, answer)) }
}

fn refused(what: &str, answer: &Answer) -> Trouble {
    let said = answer.body.detail.clone().or_else(|| answer.body.code.clone()).unwrap_or_default();
    Trouble::Refused { what: what.to_owned(), detail: format!("{} {said}", answer.status) }
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
