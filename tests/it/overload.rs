//! Overload: whoever pushes harder than the bank can take hears so, what was accepted is never lost, and no process takes
//! more memory than is stated, whether Postgres, settlement or Kafka stands still.

use crate::house::{Environment, House, signal};
use crate::http::{Answer, STAFF, Server};
use anyhow::{Context, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::cell::Cell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Most resident memory that a process of this bank may ever have had: its few accounts take none of it.
const CEILINGS_MB: [(&str, u64); 3] = [("views", 256), ("settlement", 160), ("serve", 192)];
/// Operations that the door lets wait.
const PENDING_MAX: usize = 5_000;
/// Requests at a time.
const CLIENTS: usize = 64;

#[test]
fn overload_is_answered_bounded_and_loses_nothing() -> anyhow::Result<()> {
    let Some(house) = House::start_with("overload", tight)? else { return Ok(()) };
    let bank = Bank::open(&house)?;
    postgres_stands_still(&house)?;
    settlement_stands_still(&house, &bank)?;
    under_the_ceilings(&house)?;
    // Cells may end and start again when Kafka is away.
    kafka_stands_still(&bank)?;
    under_the_ceilings(&house)?;
    house.forget()
}

#[test]
fn a_ledger_that_keeps_as_many_decisions_as_it_may_takes_nothing_new() -> anyhow::Result<()> {
    let few = |_: &Path| Ok(vec![("ORION_HTTP__PINNED_MAX", "20".into()), patient()]);
    let Some(mut house) = House::start_with("full", few)? else { return Ok(()) };
    let bank = Bank::open(&house)?;
    // A door forgets what the views show.
    let views = house.cell("views")?;
    signal("STOP", views)?;
    let before = ends("orion.commands.v1")?;
    let paid = Cell::new(1);
    let full = || -> anyhow::Result<bool> {
        let (_, answer) = bank.deposits(&uuid::Uuid::new_v4().to_string(), 1, "wait=30")?.pop().context("an answer")?;
        if answer.status == 201 {
            paid.set(paid.get() + 1);
            return Ok(false);
        }
        ensure!(answer.problem()?.code == "idempotency_horizon_full", "{answer:?}");
        Ok(true)
    };
    let first = || Ok::<_, anyhow::Error>(bank.deposits("first", 1, "wait=30")?.pop().context("an answer")?.1);
    ensure!(first()?.status == 201);
    wait("the ledger keeps 20 decisions", full)?;
    // A customer and an account are two of them, and cases that risk may open for amounts so alike; the marks of their transactions are in the log
    // as well. The balance shows that what was refused is not.
    let taken = ends("orion.commands.v1")? - before;
    ensure!((15..=18).contains(&paid.get()) && taken >= paid.get(), "{taken} commands of {paid:?} deposits");
    // A retry that the door remembers adds nothing.
    let again = first()?;
    ensure!(again.status == 201 && again.header("idempotency-replayed") == "true", "{again:?}");
    signal("CONT", views)?;
    wait("all deposits are shown", || Ok(bank.balance()? == 100 * paid.get()))?;
    // Neither the ledger that is read back nor a door that has just started forgets it.
    house.kill_cell("settlement")?;
    house.kill_serve()?;
    house.wait_ready()?;
    ensure!(full()?, "what was read back is less than before");
    // This door does not know the retry; it says where the first one is found.
    let problem = first()?.problem()?;
    let operation = problem.operation_id.context("no operation is named")?;
    let found = bank.runtime.block_on(bank.server.get(&bank.staff, &format!("/v1/operations/{operation}")))?;
    ensure!(problem.status == 503 && found.json()?["status"] == "settled", "{found:?}");
    // The rules are not held up.
    let rules = bank.server.token("teller", "rules:write operator")?;
    let first = json!({"version": 1});
    let activated = bank.runtime.block_on(bank.server.post(&rules, "/v1/rules", &[("prefer", "wait=30")], &first))?;
    ensure!(activated.status == 201, "{activated:?}");
    house.forget()
}

fn under_the_ceilings(house: &House) -> anyhow::Result<()> {
    for (process, ceiling) in CEILINGS_MB {
        let most = most_memory_mb(house, process)?;
        println!("{process}: at most {most} MB of {ceiling}");
        ensure!(most <= ceiling, "{process} had {most} MB, and {ceiling} are stated");
    }
    Ok(())
}

/// A cell that a test makes stand still is not replaced meanwhile.
pub(crate) fn patient() -> (&'static str, OsString) {
    ("ORION_RUN__STUCK_MS", "120000".into())
}

/// A small bound of what waits, so that it is soon reached, and little patience with Kafka.
fn tight(_: &Path) -> anyhow::Result<Environment> {
    Ok(vec![("ORION_HTTP__REMEMBERED_MAX", PENDING_MAX.to_string().into()), ("ORION_HTTP__APPEND_TIMEOUT_MS", "2000".into()), patient()])
}

/// The backend that writes the views stops for a while (`OVERLOAD_SECONDS`) under full speed: payments go on, and then all of
/// them are shown.
fn postgres_stands_still(house: &House) -> anyhow::Result<()> {
    let out = house.file("load.json").to_string_lossy().into_owned();
    let settled = || ends("transaction.settled.v1");
    let begun = settled()?;
    let seconds: u64 = std::env::var("OVERLOAD_SECONDS").map_or(Ok(20), |seconds| seconds.parse())?;
    let payments = (seconds * 1_500).to_string();
    let mut load = house.start_another(&["load", "--payments", &payments, "--out", &out], "load.log")?;
    wait("the load pays", || Ok(settled()? > begun + 1_000))?;
    let backend = Runtime::new()?.block_on(async {
        let mut connection = PgConnection::connect(&views_url()?).await?;
        let writes = "select pid from pg_stat_activity where application_name like 'orion views %'";
        let process: i32 = sqlx::query_scalar(writes).fetch_one(&mut connection).await?;
        anyhow::Ok(u32::try_from(process)?)
    })?;
    signal("STOP", backend)?;
    let before = settled();
    std::thread::sleep(Duration::from_secs(seconds));
    let meanwhile = settled();
    signal("CONT", backend)?;
    let meanwhile = meanwhile? - before?;
    println!("{meanwhile} payments settled in {seconds} s without Postgres");
    ensure!(meanwhile > 1_000, "only {meanwhile} payments settled while Postgres stood still");
    // It ends well only if every payment is final, and the books in Kafka and Postgres balance.
    ensure!(load.wait()?.success(), "the load failed; its log is {}", house.file("load.log").display());
    Ok(())
}

/// Settlement stops: the door takes what it may remember and refuses the rest; all that it took is decided afterwards.
fn settlement_stands_still(house: &House, bank: &Bank) -> anyhow::Result<()> {
    let (before, appended) = (bank.balance()?, ends("orion.commands.v1")?);
    let settlement = house.cell("settlement")?;
    signal("STOP", settlement)?;
    let asked = bank.deposits("flood", PENDING_MAX + 500, "respond-async");
    signal("CONT", settlement)?;
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for (key, answer) in asked? {
        match answer.status {
            202 => accepted.push((key, answer.header("location").to_owned())),
            429 => {
                let problem = answer.problem()?;
                ensure!(problem.code == "too_many_pending" && answer.header("retry-after") == "1", "{answer:?}");
                refused += 1;
            }
            _ => anyhow::bail!("{key}: {answer:?}"),
        }
    }
    println!("{} commands waited for settlement, {refused} were refused", accepted.len());
    // Whoever was let in before the door knew of the others may come on top.
    ensure!(accepted.len() >= PENDING_MAX && accepted.len() <= PENDING_MAX + 2 * CLIENTS && refused > 0);
    let took = ends("orion.commands.v1")? - appended;
    // Risk may open cases about the load meanwhile, which are in the log too. The balance shows that nothing of what was refused is.
    ensure!(usize::try_from(took)? >= accepted.len(), "{took} commands were appended, and {} accepted", accepted.len());
    for (key, location) in &accepted {
        let mut operation = Value::Null;
        wait(key, || {
            operation = bank.get(location)?;
            Ok(operation["status"] != "pending")
        })?;
        ensure!(operation["status"] == "settled", "{key} was accepted, and is {operation}");
    }
    let paid = i64::try_from(accepted.len())? * 100;
    wait("the balance", || Ok(bank.balance()? == before + paid))
}

/// Kafka stops: the door says so; the same keys, sent again, settle once each.
fn kafka_stands_still(bank: &Bank) -> anyhow::Result<()> {
    let Some(kafka) = broker()? else { return Ok(()) };
    let before = bank.balance()?;
    signal("STOP", kafka)?;
    let asked = bank.deposits("dark", CLIENTS, "wait=1");
    signal("CONT", kafka)?;
    for (key, answer) in asked? {
        ensure!(answer.status == 503 && answer.problem()?.code == "log_unavailable", "{key}: {answer:?}");
        ensure!(answer.header("retry-after") == "1", "{answer:?}");
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut open = CLIENTS;
    while open > 0 {
        ensure!(Instant::now() < deadline, "{open} of {CLIENTS} payments are not decided a minute after Kafka is back");
        let again = bank.deposits("dark", CLIENTS, "wait=10")?;
        open = again.iter().filter(|(_, answer)| answer.status != 201).count();
        let bad = again.iter().find(|(_, answer)| ![201, 202, 503].contains(&answer.status));
        ensure!(bad.is_none(), "{bad:?}");
    }
    let paid = i64::try_from(CLIENTS)? * 100;
    wait("the balance", || Ok(bank.balance()? >= before + paid))?;
    ensure!(bank.balance()? == before + paid, "{CLIENTS} payments were made, and the balance went from {before} to {}", bank.balance()?);
    Ok(())
}

/// The process of a Kafka that this test may stop; none, and a word about it, where it may not.
pub(crate) fn broker() -> anyhow::Result<Option<u32>> {
    let (Some(_), Some(state)) = (std::env::var_os("ORION_DISPOSABLE"), std::env::var_os("ORION_STATE")) else {
        println!("skipped: Kafka is not a stack's own from deploy/local/with-stack.sh");
        return Ok(None);
    };
    let text = std::fs::read_to_string(PathBuf::from(state).join("run/kafka.child"))?;
    Ok(Some(text.split_whitespace().next().context("no process id")?.parse()?))
}

/// The most resident memory that a process has ever had.
fn most_memory_mb(house: &House, process: &str) -> anyhow::Result<u64> {
    let id = if process == "serve" { house.door() } else { house.cell(process)? };
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    Ok(line.split_whitespace().next().context("a size")?.parse::<u64>()? / 1024)
}

/// Where the partitions of a topic end, added up.
pub(crate) fn ends(topic: &str) -> anyhow::Result<i64> {
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", std::env::var("KAFKA_BROKERS")?).create()?;
    let wait = Duration::from_secs(10);
    let metadata = consumer.fetch_metadata(Some(topic), wait)?;
    let partitions = metadata.topics().first().context("the topic")?.partitions();
    partitions.iter().map(|partition| Ok(consumer.fetch_watermarks(topic, partition.id(), wait)?.1)).sum()
}

fn views_url() -> anyhow::Result<String> {
    let mut url = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
    url.set_path("orion_views");
    Ok(url.to_string())
}

fn wait(what: &str, mut done: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done()? {
        ensure!(Instant::now() < deadline, "{what}: not within 60 s");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// An account, and clients that pay into it.
struct Bank {
    server: Arc<Server>,
    runtime: Runtime,
    staff: String,
    account: String,
}

impl Bank {
    fn open(house: &House) -> anyhow::Result<Self> {
        let (server, runtime) = (Arc::new(Server::at(&house.base, house.auth())?), Runtime::new()?);
        let staff = server.token("teller", STAFF)?;
        let post = |path: &str, body: Value| {
            let answer = runtime.block_on(server.post(&staff, path, &[("prefer", "wait=30")], &body))?;
            anyhow::Ok(answer.json()?["id"].as_str().context("an id")?.to_owned())
        };
        let customer = post("/v1/customers", json!({"full_name": "Awa Diop"}))?;
        let account = post("/v1/accounts", json!({"customer_id": customer, "type": "wallet", "currency": "XOF"}))?;
        Ok(Self { server, runtime, staff, account })
    }

    /// Pays 100 in, so many times, each under a key of its own, with a few clients side by side; every answer.
    fn deposits(&self, run: &str, count: usize, prefer: &'static str) -> anyhow::Result<Vec<(String, Answer)>> {
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (server, staff) = (Arc::clone(&self.server), self.staff.clone());
            let body = json!({"account_credit": self.account, "amount": "100", "currency": "XOF"});
            let keys: Vec<String> = (client..count).step_by(CLIENTS).map(|number| format!("{run}-{number}")).collect();
            let pays = async move {
                let mut answers = Vec::new();
                for key in keys {
                    let headers = [("prefer", prefer), ("idempotency-key", key.as_str())];
                    let answer = server.post(&staff, "/v1/transactions/deposit", &headers, &body).await?;
                    answers.push((key, answer));
                }
                anyhow::Ok(answers)
            };
            clients.spawn_on(pays, self.runtime.handle());
        }
        let mut answers = Vec::new();
        while let Some(client) = self.runtime.block_on(clients.join_next()) {
            answers.extend(client??);
        }
        Ok(answers)
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.runtime.block_on(self.server.get(&self.staff, path))?;
        ensure!(answer.status == 200, "{path}: {answer:?}");
        answer.json()
    }

    fn balance(&self) -> anyhow::Result<i64> {
        let balance = self.get(&format!("/v1/accounts/{}/balance", self.account))?;
        Ok(balance["balance_posted"].as_str().context("a balance")?.parse()?)
    }
}
