//! The drill: a bank is backed up while it works, goes on, loses everything, and is restored; then it is the bank that it
//! was at the backup, and goes on. What is damaged, missing, newer or in the way is refused with a sentence.

/// What a client of the bank does and sees.
mod client;
/// A bank that is half restored.
mod half;
/// Backups that must not be restored.
mod refused;

use crate::house::{Environment, House, fresh};
use crate::http::{Server, scenes};
use anyhow::{Context, ensure};
use client::Client;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn backup_and_restore_bring_a_lost_bank_back() -> anyhow::Result<()> {
    let Some(mut house) = House::start_with("backup", often)? else { return Ok(()) };
    // Something of every kind, so that all of it comes back.
    let server = Server::at(&house.base, house.auth())?;
    tokio::runtime::Runtime::new()?.block_on(scenes(&server))?;
    let client = Client::open(&house)?;
    let first = client.deposit("first")?;
    let refusal = client.withdraw_too_much("poor")?;
    strangers()?;
    let dir = house.file("backup").to_string_lossy().into_owned();
    let said = tool(&house, 0, &["backup", "--dir", &dir])?;
    ensure!(said.contains("archive: ") && said.contains("postgres: up to epoch "), "{said}");
    let older = point(&dir)?;
    // What a run leaves that dies.
    std::fs::create_dir(Path::new(&dir).join("point-1"))?;
    let second = client.deposit("second")?;
    let (log, log_end) = (commands(&house)?, commands_end()?);

    // At work while it is backed up; what comes after is lost.
    let (out, payments) = (house.file("load.json").to_string_lossy().into_owned(), payments());
    let mut working = house.start_another(&["load", "--payments", &payments, "--seed", "7", "--out", &out], "load.log")?;
    let begun = Instant::now();
    while commands_end()? < log_end + payments.parse::<i64>()? / 2 {
        ensure!(begun.elapsed() < Duration::from_secs(300), "the load does not get to its half");
        std::thread::sleep(Duration::from_millis(20));
    }
    let begun = Instant::now();
    let said = tool(&house, 0, &["backup", "--dir", &dir])?;
    println!("a backup of a bank at work took {:.1} s\n{said}", begun.elapsed().as_secs_f64());
    ensure!(working.wait()?.success(), "the load failed; its log is {}", house.file("load.log").display());
    let of_no_use = [older.as_str(), "point-1"].into_iter().find(|folder| Path::new(&dir).join(folder).exists());
    ensure!(of_no_use.is_none(), "{of_no_use:?} is of no use any more");
    let checked = tool(&house, 0, &["backup", "--dir", &dir, "--check"])?;
    ensure!(checked.contains("digest "), "{checked}");
    // The archive alone goes on, and what it holds is kept. What comes after it is lost.
    let third = client.deposit("third")?;
    tool(&house, 0, &["archive", "--dir", &format!("{dir}/archive")])?;
    let lost = client.deposit("lost")?;
    let events = events(&house)?;
    refused::backups(&house, &dir)?;

    // Everything is gone.
    let said = tool(&house, 64, &["restore", "--dir", &dir])?;
    ensure!(said.contains("is not empty: orion.") && said.contains("nothing was restored"), "{said}");
    house.end_run()?;
    house.end_serve()?;
    refused::targets(&house, &dir)?;
    fresh::services()?;
    std::fs::remove_dir_all(house.file("snapshots"))?;
    half::does_not_start(&house, &dir)?;

    let begun = Instant::now();
    ensure!(tool(&house, 0, &["restore", "--dir", &dir, "--check"])?.contains("nothing was restored"), "a check restores nothing");
    let said = tool(&house, 0, &["restore", "--dir", &dir])?;
    ensure!(said.contains("restore: done in ") && said.contains("epochs that the archive holds beyond the backup"), "{said}");
    house.start_run()?;
    house.wait_ready()?;
    println!("from nothing to a door that is ready: {:.1} s\n{said}", begun.elapsed().as_secs_f64());

    // The same bank: old reads, old decisions under old keys, at their old places.
    ensure!(client.transaction(&first)?["status"] == "settled" && client.transaction(&second)?["status"] == "settled");
    ensure!(client.balance()? == 300, "the balance is {}", client.balance()?);
    ensure!(client.deposit("first")? == first && client.replayed(), "the old key got another answer");
    ensure!(client.withdraw_too_much("poor")? == refusal && client.replayed(), "the old key of a refusal got another answer");
    ensure!(client.deposit("third")? == third && client.replayed(), "what only the archive held is lost");
    let now = self::events(&house)?;
    ensure!(now.len() > 10 && now.is_subset(&events), "events came back that are not those that there were");
    let again = client.deposit("lost")?;
    ensure!(again != lost && !client.replayed(), "what came after the backup is lost, and its key is new");
    ensure!(client.balance()? == 400);
    let restored = commands(&house)?;
    ensure!(restored.starts_with(&log), "the commands log is another, or at other offsets");

    // And it goes on, whole.
    tool(&house, 0, &["load", "--payments", "300", "--seed", "8", "--out", &house.file("after.json").to_string_lossy()])?;
    for (command, what) in [
        (&["verify", "books"][..], "postgres: compared at epoch"),
        (&["verify", "digests"], "right"),
        (&["verify", "audit"], "right"),
        (&["replay", "--from-kafka", "--quiet"], "epochs give what was committed"),
    ] {
        let said = tool(&house, 0, command)?;
        ensure!(said.contains(what), "{}: {said}", command.join(" "));
    }
    let said = tool(&house, 65, &["backup", "--dir", &dir])?;
    ensure!(said.contains("it is another log"), "{said}");
    let next = house.file("next").to_string_lossy().into_owned();
    tool(&house, 0, &["backup", "--dir", &next, "--all-events"])?;
    tool(&house, 0, &["backup", "--dir", &next, "--check"])?;
    ensure!(house.stop_run()?.success());
    house.forget()
}

/// Snapshots of the views as often as of settlement.
fn often(_: &Path) -> anyhow::Result<Environment> {
    Ok(vec![("ORION_VIEWS__SNAPSHOT_EVERY_MS", "500".into())])
}

/// Records of others in the commands log, committed and taken back: Kafka's markers leave gaps of every kind.
fn strangers() -> anyhow::Result<()> {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", std::env::var("KAFKA_BROKERS")?).set("transactional.id", "stranger").create()?;
    let wait = Duration::from_secs(30);
    producer.init_transactions(wait)?;
    for (count, commits) in [(1, true), (1, false), (3, false), (2, true), (2, true)] {
        producer.begin_transaction()?;
        for _ in 0..count {
            producer.send(BaseRecord::to("orion.commands.v1").key("x").payload("no command")).map_err(|(error, _)| error)?;
        }
        producer.flush(wait)?;
        if commits { producer.commit_transaction(wait)? } else { producer.abort_transaction(wait)? }
    }
    Ok(())
}

/// The commands log, record by record.
fn commands(house: &House) -> anyhow::Result<Vec<String>> {
    let said = tool(house, 0, &["tap", "orion.commands.v1", "--from", "beginning", "--until-end"])?;
    Ok(said.lines().map(str::to_owned).collect())
}

/// Every payment event that Kafka has, without its offset.
fn events(house: &House) -> anyhow::Result<BTreeSet<String>> {
    let mut events = BTreeSet::new();
    for topic in ["transaction.settled.v1", "transaction.failed.v1", "orion.commands.dlq.v1"] {
        let said = tool(house, 0, &["tap", topic, "--from", "beginning", "--until-end"])?;
        for line in said.lines() {
            let mut event: serde_json::Value = serde_json::from_str(line)?;
            event["offset"].take();
            events.insert(event.to_string());
        }
    }
    Ok(events)
}

/// Where the commands log ends.
fn commands_end() -> anyhow::Result<i64> {
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", std::env::var("KAFKA_BROKERS")?).create()?;
    Ok(consumer.fetch_watermarks("orion.commands.v1", 0, Duration::from_secs(10))?.1)
}

/// How many payments are made while the bank is backed up: `make drill` takes more, to measure.
fn payments() -> String {
    std::env::var("DRILL_PAYMENTS").unwrap_or_else(|_| "2000".to_owned())
}

/// The folder of the point of a backup.
fn point(dir: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(Path::new(dir).join("backup.json"))?;
    let backup: serde_json::Value = serde_json::from_str(&text)?;
    Ok(backup["folder"].as_str().context("a folder")?.to_owned())
}

/// Runs a tool that must end with a code; everything that it said.
fn tool(house: &House, code: i32, arguments: &[&str]) -> anyhow::Result<String> {
    let output = house.orion().args(arguments).output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.code() == Some(code), "orion {} ended with {}: {said}", arguments.join(" "), output.status);
    Ok(if code == 0 { String::from_utf8(output.stdout)? } else { said })
}
