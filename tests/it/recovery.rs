//! How settlement comes back: from its newest snapshot, from the one before, or from the logs alone; each time with
//! the same bank.

mod shelved;

use crate::house::{Environment, House, signal};
use crate::http::{STAFF, Server};
use anyhow::{Context, ensure};
use egress::snapshots::{Name, SnapshotError, Store};
use serde_json::{Value, json};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[test]
fn settlement_comes_back_from_whatever_is_left() -> anyhow::Result<()> {
    let Some(mut house) = House::start("recovery")? else { return Ok(()) };
    let bank = Bank::open(&house)?;

    // An orderly stop leaves a snapshot of the last epoch: nothing is replayed.
    let first = bank.deposit("first")?;
    stop(&mut house)?;
    let (after, epochs) = start(&mut house)?;
    ensure!(after > 0 && epochs == 0, "{epochs} epochs were replayed after {after}, although all was on the disk");
    ensure!(bank.deposit("first")? == first, "the repeat of a payment that stands in a snapshot got another answer");
    ensure!(bank.balance()? == 100);

    // The newest is damaged: the one before, and a replay.
    bank.deposit("second")?;
    stop(&mut house)?;
    let snapshots = snapshots(&house)?;
    ensure!(snapshots.len() == 2, "{snapshots:?}");
    let mut bytes = std::fs::read(&snapshots[0])?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&snapshots[0], bytes)?;
    let (after_damage, epochs) = start(&mut house)?;
    ensure!(after_damage >= after && epochs > 0, "{epochs} epochs after {after_damage}");
    ensure!(!snapshots[0].exists(), "what is damaged is removed");
    ensure!(bank.balance()? == 200);

    // A snapshot, whole, of an epoch that its generation never committed: it goes, and the one that was serves.
    bank.deposit("third")?;
    stop(&mut house)?;
    let (true_one, never) = forge(&house)?;
    let (after, epochs) = start(&mut house)?;
    ensure!((after, epochs) == (true_one.epoch, 0), "{epochs} epochs after {after}, and not {true_one:?}");
    ensure!(!house.file(&format!("snapshots/settlement/{never}")).exists(), "what was never committed is removed");
    ensure!(bank.balance()? == 300);

    // Nothing is left but the logs.
    stop(&mut house)?;
    std::fs::remove_dir_all(house.file("snapshots"))?;
    let (after, epochs) = start(&mut house)?;
    ensure!(after == 0 && epochs > 3, "{epochs} epochs after {after}");
    ensure!(bank.deposit("first")? == first);
    ensure!(bank.balance()? == 300);

    // A disk that takes no snapshot costs no payment. (A file stands where the folder was: root is refused nothing else.)
    std::fs::rename(house.file("snapshots/settlement"), house.file("snapshots/before"))?;
    std::fs::write(house.file("snapshots/settlement"), "")?;
    let deadline = Instant::now() + Duration::from_secs(90);
    let said = log(&house)?.len();
    let mut paid = 0;
    while !log(&house)?.iter().skip(said).any(|line| line["level"] == "ERROR" && line["message"] == "a snapshot can't be written") {
        ensure!(Instant::now() < deadline, "nobody says that no snapshot can be written");
        paid += 1;
        bank.deposit(&format!("no-disk-{paid}"))?;
    }
    ensure!(bank.balance()? == 300 + 100 * paid);
    house.forget()
}

#[test]
fn a_cell_that_says_nothing_is_replaced() -> anyhow::Result<()> {
    let Some(mut house) = House::start_with("stuck", impatient)? else { return Ok(()) };
    let bank = Bank::open(&house)?;
    bank.deposit("before")?;
    for cell in ["settlement", "views"] {
        signal("STOP", house.cell(cell)?)?;
    }
    // Both are killed after five seconds, and their successors go on.
    bank.deposit("after")?;
    ensure!(bank.balance()? == 200);
    let log = log(&house)?;
    let stuck: Vec<&Value> = log.iter().filter(|line| line["message"] == "the cell is stuck: it is killed and starts again").collect();
    for cell in ["settlement", "views"] {
        ensure!(stuck.iter().any(|line| line["cell"] == cell), "{cell} was not stuck: {stuck:?}");
    }
    ensure!(house.stop_run()?.success());
    house.forget()
}

/// Writes the newest snapshot again as that of a later generation, which minted the epoch and died.
fn forge(house: &House) -> anyhow::Result<(Name, Name)> {
    let store = Store::open(&house.file("snapshots/settlement"))?;
    let newest = *store.list()?.first().context("a snapshot")?;
    let mut chunks = Vec::new();
    store.read(newest, |chunk| {
        chunks.push(chunk.to_vec());
        Ok::<(), SnapshotError>(())
    })?;
    let never = Name { generation: newest.generation + 9, ..newest };
    let mut head: Value = serde_json::from_slice(&chunks[0])?;
    head["generation"] = never.generation.into();
    chunks[0] = serde_json::to_vec(&head)?;
    store.write(never, chunks)?;
    Ok((newest, never))
}

/// Little patience with a cell that says nothing.
fn impatient(_folder: &Path) -> anyhow::Result<Environment> {
    Ok(vec![("ORION_RUN__STUCK_MS", "5000".into())])
}

/// An account, and a caller.
struct Bank {
    server: Server,
    runtime: tokio::runtime::Runtime,
    staff: String,
    account: String,
    /// Of the newest decision.
    epoch: Cell<u64>,
}

impl Bank {
    fn open(house: &House) -> anyhow::Result<Self> {
        let (server, runtime) = (Server::at(&house.base, house.auth())?, tokio::runtime::Runtime::new()?);
        let staff = server.token("teller", STAFF)?;
        let mut bank = Self { server, runtime, staff, account: String::new(), epoch: Cell::new(0) };
        let customer = bank.post("/v1/customers", "", &json!({"full_name": "Awa Diop"}))?;
        let open = json!({"customer_id": customer["id"], "type": "wallet", "currency": "XOF"});
        bank.account = bank.post("/v1/accounts", "", &open)?["id"].as_str().context("an id")?.to_owned();
        Ok(bank)
    }

    /// Pays 100 in; the id of the transaction.
    fn deposit(&self, key: &str) -> anyhow::Result<Value> {
        let key = format!("{}/{key}", self.account);
        let body = json!({"account_credit": self.account, "amount": "100", "currency": "XOF"});
        Ok(self.post("/v1/transactions/deposit", &key, &body)?["id"].take())
    }

    fn balance(&self) -> anyhow::Result<u64> {
        let path = format!("/v1/accounts/{}/balance?at_least={}", self.account, self.epoch.get());
        let deadline = Instant::now() + Duration::from_secs(90);
        let answer = loop {
            let answer = self.runtime.block_on(self.server.get(&self.staff, &path))?;
            // The views may just be coming back, too.
            if answer.status != 503 || Instant::now() > deadline {
                break answer;
            }
        };
        let balance = answer.json()?;
        Ok(balance["balance_posted"].as_str().context("a balance")?.parse()?)
    }

    fn post(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Value> {
        self.answered(201, path, key, body)
    }

    fn answered(&self, status: u16, path: &str, key: &str, body: &Value) -> anyhow::Result<Value> {
        let mut headers = vec![("prefer", "wait=30")];
        headers.extend((!key.is_empty()).then_some(("idempotency-key", key)));
        let ask = || self.runtime.block_on(self.server.post(&self.staff, path, &headers, body));
        let mut answer = ask()?;
        // A slow machine takes nothing for a while; what it did not take is asked again.
        for _ in 0..60 {
            let undecided = answer.status == 202 && status != 202 && !key.is_empty();
            if answer.status != 429 && !undecided {
                break;
            }
            std::thread::sleep(Duration::from_secs(1));
            answer = ask()?;
        }
        ensure!(answer.status == status, "{answer:?}");
        self.epoch.set(self.epoch.get().max(answer.header("orion-epoch").parse()?));
        answer.json()
    }
}

/// Stops the cells.
fn stop(house: &mut House) -> anyhow::Result<()> {
    let status = house.stop_run()?;
    ensure!(status.success(), "orion run ended with {status}");
    Ok(())
}

/// Starts the cells, and says after which epoch settlement replayed how many.
fn start(house: &mut House) -> anyhow::Result<(u64, u64)> {
    let before = log(house)?.len();
    house.start_run()?;
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let lines = log(house)?;
        let replay = lines.iter().skip(before).find(|line| line["message"] == "replaying what is bound");
        if let Some(line) = replay {
            return Ok((line["after"].as_u64().context("after")?, line["epochs"].as_u64().context("epochs")?));
        }
        ensure!(Instant::now() < deadline, "settlement does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn log(house: &House) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(house.file("run.log"))?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Newest first.
fn snapshots(house: &House) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(house.file("snapshots/settlement"))? {
        files.push(entry?.path());
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "snapshot"));
    files.sort_unstable_by(|a, b| b.cmp(a));
    Ok(files)
}
