//! The views cell, killed and started on every ground that there is: a snapshot, the one before, all of Kafka, the rows
//! of Postgres; and on a Kafka that is not its own, on which it does not start.

use super::log;
use super::reader::views_url;
use crate::house::{House, signal};
use anyhow::{Context, ensure};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sqlx::{Connection, PgConnection};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn the_views_start_on_whatever_is_left() -> anyhow::Result<()> {
    let Some(house) =
        House::start_with("restart", |_| Ok(vec![("ORION_VIEWS__SNAPSHOT_EVERY_MS", "300".into()), ("ORION_VIEWS__WORKERS", "2".into())]))?
    else {
        return Ok(());
    };
    // `orion load` ends only when Kafka and Postgres agree on every payment and every balance, so each round says that
    // what came after the start was written, once.
    load(&house, "400")?;
    let begun = log::wait_for(&house, 0, "the books are added up from the first epoch")?;
    ensure!(begun["level"] == "INFO", "{begun}");

    // 1. From the newest snapshot.
    wait_for_snapshots(&house, 2)?;
    let mark = log::length(&house)?;
    house.kill_cell("views")?;
    log::wait_for(&house, mark, "the books stand as in a snapshot")?;
    load(&house, "100")?;

    // 2. The newest is damaged, and one lies beyond Postgres: both go, and the one before serves.
    wait_for_snapshots(&house, 2)?;
    let mark = log::length(&house)?;
    house.stop_cell("views")?;
    let newest = snapshots(&house)?.pop().context("a snapshot")?;
    let mut bytes = std::fs::read(&newest)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&newest, bytes)?;
    let ahead = newest.with_file_name(format!("{:020}-{:010}.snapshot", u64::MAX / 4, 1));
    std::fs::copy(&newest, &ahead)?;
    house.kill_cell("views")?;
    log::wait_for(&house, mark, "the books stand as in a snapshot")?;
    assert_eq!(log::said(&house, mark, "a snapshot can't be used")?.len(), 1);
    assert_eq!(log::said(&house, mark, "removing a snapshot that is ahead of postgres")?.len(), 1);
    ensure!(!ahead.exists());
    load(&house, "100")?;

    // 3. No snapshot, but all of Kafka.
    let mark = log::length(&house)?;
    lose_snapshots(&house)?;
    log::wait_for(&house, mark, "the books are added up from the first epoch")?;
    load(&house, "100")?;

    // 4. No snapshot, and Kafka has deleted what Postgres shows: the rows, added up. One of them is wrong by now.
    let mut postgres = Postgres::connect()?;
    let account = postgres.spoil()?;
    let mark = log::length(&house)?;
    house.stop_cell("views")?;
    delete_old_events()?;
    lose_snapshots(&house)?;
    let line = log::wait_for(&house, mark, "the books are the rows of postgres, added up: no snapshot, and kafka has not all events")?;
    ensure!(line["level"] == "WARN", "{line}");
    load_unchecked(&house, "100")?;
    let found = log::said(&house, mark, "the books do not balance")?;
    let subjects: Vec<_> = found.iter().filter_map(|line| line["subject"].as_str()).collect();
    ensure!(subjects.len() == 3 && subjects.iter().any(|subject| subject.contains(&account)), "{subjects:?}; {account} is wrong");
    assert_eq!(postgres.number("select imbalances from sink_progress")?, 3);
    assert_eq!(postgres.number("select count(*) from imbalance")?, 0, "it stood before the cell began");

    // 5. Put right, the proof is silent again after the next start.
    postgres.mend()?;
    let mark = log::length(&house)?;
    lose_snapshots(&house)?;
    log::wait_for(&house, mark, "writing the views")?;
    postgres.wait_for("select imbalances from sink_progress", 0)?;
    assert_eq!(log::said(&house, mark, "the books do not balance")?.len(), 0);
    load(&house, "100")?;

    // 6. A database that another Kafka wrote is left alone.
    let generation = postgres.number("select generation from sink_progress")?;
    postgres.run("update sink_progress set generation = generation + 1000")?;
    let mark = log::length(&house)?;
    house.kill_cell("views")?;
    wait_for_text(&house, mark, "is another one, or it has lost its log")?;
    assert_eq!(postgres.number("select generation from sink_progress")?, generation + 1000);
    let epoch = postgres.number("select epoch from sink_progress")?;
    postgres.run(&format!("update sink_progress set generation = {generation}, epoch = epoch + 86400000"))?;
    let mark = log::length(&house)?;
    wait_for_text(&house, mark, "which settlement's journal does not hold")?;
    postgres.run(&format!("update sink_progress set epoch = {epoch}"))?;
    load(&house, "100")?;
    house.forget()
}

fn load(house: &House, payments: &str) -> anyhow::Result<()> {
    let output = house.orion().args(["load", "--payments", payments, "--rate", "200"]).output()?;
    ensure!(output.status.success(), "the load ended with {}: {}", output.status, String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// A load whose check of all rows is not asked for its opinion.
fn load_unchecked(house: &House, payments: &str) -> anyhow::Result<()> {
    let mut load = house.orion();
    load.args(["load", "--payments", payments, "--rate", "200"]).stdout(Stdio::null()).status()?;
    Ok(())
}

fn folder(house: &House) -> PathBuf {
    house.file("snapshots").join("views")
}

/// Oldest first.
fn snapshots(house: &House) -> anyhow::Result<Vec<PathBuf>> {
    let Ok(entries) = std::fs::read_dir(folder(house)) else { return Ok(Vec::new()) };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "snapshot"));
    paths.sort_unstable();
    Ok(paths)
}

fn wait_for_snapshots(house: &House, count: usize) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(90);
    while snapshots(house)?.len() < count {
        ensure!(Instant::now() < deadline, "there are no {count} snapshots in {}", folder(house).display());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Removes every snapshot of a cell that is stopped in between, and lets another begin.
fn lose_snapshots(house: &House) -> anyhow::Result<()> {
    house.stop_cell("views")?;
    std::fs::remove_dir_all(folder(house))?;
    house.kill_cell("views")
}

fn wait_for_text(house: &House, skip: usize, text: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !std::fs::read_to_string(house.file("run.log"))?.lines().skip(skip).any(|line| line.contains(text)) {
        ensure!(Instant::now() < deadline, "nobody said {text:?}; the log is {}", house.file("run.log").display());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Deletes every event that there is, as time would.
fn delete_old_events() -> anyhow::Result<()> {
    let brokers = std::env::var("KAFKA_BROKERS")?;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    let mut ends = TopicPartitionList::new();
    for topic in schemas::Topic::EVENTS {
        let metadata = admin.inner().fetch_metadata(Some(topic.as_str()), Duration::from_secs(30))?;
        for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
            ends.add_partition_offset(topic.as_str(), partition.id(), Offset::End)?;
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(admin.delete_records(&ends, &AdminOptions::new()))?;
    Ok(())
}

struct Postgres {
    runtime: tokio::runtime::Runtime,
    connection: PgConnection,
}

impl Postgres {
    fn connect() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(PgConnection::connect(&views_url()?))?;
        Ok(Self { runtime, connection })
    }

    fn run(&mut self, query: &str) -> anyhow::Result<()> {
        self.runtime.block_on(sqlx::raw_sql(sqlx::AssertSqlSafe(query.to_owned())).execute(&mut self.connection))?;
        Ok(())
    }

    fn number(&mut self, query: &str) -> anyhow::Result<i64> {
        Ok(self.runtime.block_on(sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned())).fetch_one(&mut self.connection))?)
    }

    fn wait_for(&mut self, query: &str, number: i64) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(90);
        while self.number(query)? != number {
            ensure!(Instant::now() < deadline, "{query} does not become {number}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Makes the first posting of all wrong by one; gives its account. An account, a transaction and a currency then do
    /// not balance.
    fn spoil(&mut self) -> anyhow::Result<String> {
        let query = format!("update posting set amount_minor = amount_minor + 1 where {FIRST} returning account_id::text");
        Ok(self.runtime.block_on(sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&mut self.connection))?)
    }

    fn mend(&mut self) -> anyhow::Result<()> {
        self.run(&format!("update posting set amount_minor = amount_minor - 1 where {FIRST}"))
    }
}

const FIRST: &str = "(account_id, epoch, number) = (select account_id, epoch, number from posting order by epoch, number limit 1)";

impl House {
    /// Stops a cell where it stands, so that what it has on the disk can be changed; `kill_cell` ends it.
    fn stop_cell(&self, cell: &str) -> anyhow::Result<()> {
        signal("STOP", self.cell(cell)?)
    }
}
