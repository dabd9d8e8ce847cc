//! Watchlists on the real processes: a list is loaded by `orion lists`, who is on it is alerted and frozen, and what changes is heard of.
//! The risk cell dies at every phase meanwhile; its alerts are those of a run that nobody interrupts, and each of the listed is frozen once.

mod files;
mod paid;

use crate::house::House;
use crate::http::{STAFF, Server};
use crate::risk;
use anyhow::{Context, ensure};
use schemas::{AlertChange, Fact, PartyChange, RuleId};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(90);
/// More than what may go at once is a tenth of.
const ENTRIES: usize = 40;

/// Names of nobody: syllables in an order of their own.
fn name(number: usize) -> String {
    const FIRST: [&str; 5] = ["Zarbatu", "Konyema", "Fotso", "Nguessan", "Watara"];
    const LAST: [&str; 8] = ["Brindelo", "Okasanti", "Murevane", "Tchilombo", "Adzakpor", "Velimaso", "Herindaka", "Quenumbe"];
    format!("{} {}", LAST[number % LAST.len()], FIRST[number / LAST.len() % FIRST.len()])
}

/// A list of all but some.
fn list(without: &[usize], upto: usize) -> String {
    let rows = (0..upto).filter(|number| !without.contains(number)).map(|number| format!("L-{number:03},{},,ML\n", name(number)));
    format!("id,name,dob,country\n{}", rows.collect::<String>())
}

struct Bank {
    server: Server,
    runtime: tokio::runtime::Runtime,
    staff: String,
}

impl Bank {
    fn post(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let key = uuid::Uuid::new_v4().to_string();
        let headers = [("prefer", "wait=30"), ("idempotency-key", key.as_str())];
        let answer = self.runtime.block_on(self.server.post(&self.staff, path, &headers, body))?;
        let said = if answer.status < 400 { answer.json()? } else { serde_json::to_value(answer.problem()?)? };
        Ok((answer.status, said))
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.runtime.block_on(self.server.get(&self.staff, path))?;
        ensure!(answer.status == 200, "{path}: {answer:?}");
        answer.json()
    }

    /// A customer with a wallet.
    fn enrol(&self, name: &str, country: Option<&str>) -> anyhow::Result<(String, String)> {
        let (_, customer) = self.post("/v1/customers", &json!({"full_name": name, "country": country}))?;
        let id = |value: &Value| value["id"].as_str().map(str::to_owned).context("an id");
        let (_, account) = self.post("/v1/accounts", &json!({"customer_id": customer["id"], "type": "wallet", "currency": "XOF"}))?;
        Ok((id(&customer)?, id(&account)?))
    }

    fn alerts(&self, customer: &str, status: &str) -> anyhow::Result<Vec<Value>> {
        let told = self.get(&format!("/admin/aml/alerts?customer_id={customer}&rule=sanction_hit&status={status}"))?;
        Ok(told["alerts"].as_array().context("alerts")?.clone())
    }

    /// So many of them, once they are there.
    fn until(&self, customer: &str, status: &str, count: usize) -> anyhow::Result<Vec<Value>> {
        let deadline = Instant::now() + WAIT;
        loop {
            let alerts = self.alerts(customer, status)?;
            if alerts.len() == count {
                return Ok(alerts);
            }
            ensure!(Instant::now() < deadline, "{} alerts of {customer} are {status}, not {count}", alerts.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The case of an alert, once it is there: one alone.
    fn until_case(&self, alert: &Value) -> anyhow::Result<Value> {
        let id = alert["id"].as_str().context("an id")?;
        let deadline = Instant::now() + WAIT;
        loop {
            let told = self.get(&format!("/admin/kyc/cases?alert_id={id}"))?;
            let cases = told["cases"].as_array().context("cases")?;
            ensure!(cases.len() <= 1, "{told}");
            if let Some(case) = cases.first() {
                return Ok(case.clone());
            }
            ensure!(Instant::now() < deadline, "there is no case of {id}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Until a deposit to an account is refused since its holder is frozen.
    fn until_frozen(&self, account: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + WAIT;
        loop {
            let (status, told) =
                self.post("/v1/transactions/deposit", &json!({"account_credit": account, "amount": "5", "currency": "XOF"}))?;
            if status == 422 && told["code"] == "credit_party_frozen" {
                return Ok(());
            }
            ensure!(status == 201, "{status} {told}");
            ensure!(Instant::now() < deadline, "{account} is not frozen");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Exit code, standard output, standard error.
fn orion(house: &House, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String, String)> {
    let done = house.orion().arg("lists").args(arguments).output()?;
    Ok((done.status.code(), String::from_utf8(done.stdout)?, String::from_utf8(done.stderr)?))
}

#[test]
fn who_is_on_a_list_is_alerted_and_frozen_once_whenever_the_cell_dies() -> anyhow::Result<()> {
    let prepare = |folder: &std::path::Path| {
        let faults = folder.join("faults");
        std::fs::create_dir(&faults)?;
        Ok(vec![("ORION_FAULTS", faults.into())])
    };
    let Some(house) = House::start_with("lists", prepare)? else { return Ok(()) };
    let server = Server::at(&house.base, house.auth())?;
    let staff = server.token("teller", STAFF)?;
    let bank = Bank { server, runtime: tokio::runtime::Runtime::new()?, staff };
    let file = |name: &str, text: String| -> anyhow::Result<String> {
        let path: PathBuf = house.file(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    };
    let whole = file("whole.csv", list(&[], ENTRIES))?;

    // One before the list comes, one after; the second is nobody's countryman, so that staff looks first.
    let (before, of_before) = bank.enrol(&name(0), Some("ML"))?;
    let (code, said, error) = orion(&house, &["load", &whole, "--list", "demo", "--dry-run"])?;
    ensure!(code == Some(0) && said.contains("40 came, 0 went, 0 changed"), "{said}{error}");
    ensure!(orion(&house, &["show"])?.1.lines().count() == 1, "a dry run loads nothing");
    let (code, said, error) = orion(&house, &["load", &whole, "--list", "demo"])?;
    ensure!(code == Some(0) && said.contains("version 1 of demo is in force"), "{said}{error}");
    ensure!(bank.until(&before, "open", 1)?[0]["evidence"]["match"]["entry"] == "L-000", "it says which entry");
    bank.until_frozen(&of_before)?;
    let (namesake, of_namesake) = bank.enrol(&name(1), None)?;
    let alert = bank.until(&namesake, "open", 1)?.remove(0);
    ensure!(alert["customer_id"] == namesake.as_str() && alert["evidence"]["match"]["score"] == 10_000, "{alert}");
    ensure!(alert["text"]["fr"].as_str().is_some_and(|text| text.contains("liste demo")), "{alert}");
    let case = bank.until_case(&alert)?;
    ensure!(case["kind"] == "hit" && case["customer_id"] == namesake.as_str() && case["status"] == "open", "{case}");
    let risk_of = bank.get(&format!("/admin/aml/customers/{namesake}/risk"))?;
    ensure!(risk_of["score"] == 100, "{risk_of}");
    let (status, _) = bank.post("/v1/transactions/deposit", &json!({"account_credit": of_namesake, "amount": "5", "currency": "XOF"}))?;
    ensure!(status == 201, "who may be a namesake is not frozen");

    // Staff knows better.
    let (status, told) = bank.post(&format!("/admin/aml/matches/{namesake}/demo/L-001/clear"), &json!({"reason": "another birth"}))?;
    ensure!(status == 200 && told["cleared_by"] == "teller", "{status} {told}");
    bank.until(&namesake, "cleared", 1)?;

    // Somebody is struck off, and the list is as short as a broken file.
    let second = file("second.csv", list(&[0], ENTRIES))?;
    let (code, said, error) = orion(&house, &["load", &second, "--list", "demo"])?;
    ensure!(code == Some(0) && said.contains("- L-000"), "{said}{error}");
    bank.until(&before, "cleared", 1)?;
    let half = file("half.csv", list(&[0], ENTRIES / 2))?;
    let (code, _, error) = orion(&house, &["load", &half, "--list", "demo"])?;
    ensure!(code == Some(65) && error.contains("--force"), "{error}");
    let refused = json!({"version": 3, "parts": 1, "count": 1, "digest": "00".repeat(32)});
    let (status, told) = bank.post("/admin/aml/lists/demo/versions", &refused)?;
    ensure!((status, told["code"].as_str()) == (422, Some("list_not_as_loaded")), "{told}");
    let (code, said, error) = orion(&house, &["load", &half, "--list", "demo", "--force", "--kind", "sanctions"])?;
    ensure!(code == Some(0) && said.contains("version 3"), "{said}{error}");
    let shown = orion(&house, &["show"])?.1;
    ensure!(shown.contains("demo,sanctions,3,19,orion-lists,"), "{shown}");

    // Whoever comes while the cell dies is alerted and frozen all the same.
    let mut listed = vec![(before, of_before)];
    let points = if cfg!(feature = "faults") { faults::POINTS } else { &[] };
    for (round, (point, _)) in points.iter().filter(|(_, process)| ["risk", "alerts"].contains(process)).enumerate() {
        let armed = house.file("faults").join(point);
        std::fs::write(&armed, "")?;
        if point.ends_with("claimed") {
            house.kill_cell("risk")?;
        }
        let (customer, account) = bank.enrol(&name(2 + round), Some("ML"))?;
        let deadline = Instant::now() + WAIT;
        while armed.exists() {
            ensure!(Instant::now() < deadline, "nobody passed {point}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let alert = bank.until(&customer, "open", 1)?.remove(0);
        bank.until_frozen(&account)?;
        bank.until_case(&alert)?;
        listed.push((customer, account));
    }

    let (brokers, url) = (std::env::var("KAFKA_BROKERS")?, crate::views::reader::views_url()?);
    let epochs = risk::all_epochs(&brokers, 0)?;
    let last = epochs.last().context("an epoch")?.epoch();
    bank.runtime.block_on(risk::reached(&url, last))?;
    let expected = risk::uninterrupted(&epochs);
    let hits = expected.iter().filter(|change| matches!(change, AlertChange::Raised(alert) if alert.rule == RuleId::SanctionHit)).count();
    ensure!(hits == listed.len() + 1, "{hits} alerts about {} who are listed", listed.len());
    let in_kafka = risk::alerts_in_kafka(&brokers, last)?;
    let of_topic =
        |raised: bool| expected.iter().filter(|change| matches!(change, AlertChange::Raised(_)) == raised).cloned().collect::<Vec<_>>();
    for (topic, raised) in [(schemas::Topic::AlertRaised, true), (schemas::Topic::AlertCleared, false)] {
        assert_eq!(in_kafka.get(&topic).cloned().unwrap_or_default(), of_topic(raised), "{topic}");
    }
    bank.runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await?;
        let frozen: Vec<String> = sqlx::query_scalar("select customer_id::text from party_change where change = 'frozen' order by 1")
            .fetch_all(&mut connection)
            .await?;
        let mut wanted: Vec<String> = listed.iter().map(|(customer, _)| customer.clone()).collect();
        wanted.sort();
        assert_eq!(frozen, wanted, "each is frozen once");
        stands(&mut connection, &url, last).await
    })?;
    house.forget()
}

/// What Postgres would give to a cell that begins without history, says the same: the alerts that are open, and no others.
async fn stands(connection: &mut PgConnection, url: &str, last: u64) -> anyhow::Result<()> {
    let facts = egress::postgres::lists::at(url, last).await?;
    let frozen = facts.iter().any(|fact| matches!(fact, Fact::PartyChanged(changed) if changed.change == PartyChange::Frozen));
    ensure!(frozen, "somebody on the list is frozen");
    let open = egress::postgres::wishes::open(url, last).await?;
    ensure!(!open.is_empty(), "somebody is on the list");
    let given = dataflows::risk::Given::Open { epoch: last + 1, unheard: last, alerts: std::sync::Arc::new(open) };
    let found = risk::begun(given, facts, last + 3);
    ensure!(found.is_empty(), "a start without history says {found:?}");
    let names: i64 = sqlx::query_scalar("select count(*) from customer").fetch_one(connection).await?;
    ensure!(names > 1, "there are customers");
    Ok(())
}
