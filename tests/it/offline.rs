//! The offline tools on a live bank: archive, replay, shadow, verify. What is right passes, and every kind of damage is
//! found and named.

mod damage;
mod prune;

use crate::house::{Environment, House};
use crate::http::{Server, scenes, walk};
use anyhow::{Context, ensure};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const JUNK: [&[u8]; 2] = [b"no command", b"\0\0\0\0\x07\xff\xfe"];

#[test]
fn offline_tools_agree_with_a_live_bank_and_find_every_damage() -> anyhow::Result<()> {
    let Some(mut house) = House::start_with("offline", often)? else { return Ok(()) };
    let server = Server::at(&house.base, house.auth())?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        walk(&server).await?;
        scenes(&server).await
    })?;
    junk()?;
    another_claim(&mut house, "views")?;
    let archive = house.file("archive");
    let dir = archive.to_string_lossy().into_owned();
    let before = archived_twice(&house, &dir, || {
        runtime.block_on(walk(&server))?;
        tool(&house, 0, &["load", "--payments", "300", "--out", &house.file("demo.json").to_string_lossy()]).map(drop)
    })?;
    replays_are_the_same(&house, &dir)?;
    damage::archive(&house, &archive, &before)?;
    damage::prune(&house, &archive)?;

    // Right on a bank that goes on working.
    let books = tool(&house, 0, &["verify", "books"])?;
    ensure!(books.contains("XOF: sum 0,") && books.contains("postgres: compared at epoch"), "{books}");
    let digests = tool(&house, 0, &["verify", "digests"])?;
    ensure!(digests.contains("orion.commands.dlq.v1 partition 0:"), "{digests}");
    // What the first generation of the views would have open.
    let mut first = runtime.block_on(damage::views(Some("orion views 1")))?;
    let shadow = tool(&house, 0, &["replay", "--shadow"])?;
    runtime.block_on(sqlx::query("select 1").execute(&mut first)).context("the shadow ended a session of the live views")?;
    ensure!(shadow.contains("every row is the same") && shadow.contains("posting: "), "{shadow}");

    house.stop_run()?;
    damage::postgres(&house, &runtime)?;
    damage::kafka(&house, &runtime)?;
    house.forget()
}

/// Snapshots of the views as often as of settlement.
fn often(_: &Path) -> anyhow::Result<Environment> {
    Ok(vec![("ORION_VIEWS__SNAPSHOT_EVERY_MS", "500".into())])
}

/// A cell dies and is taken over: its journal then has a claim that counts no more.
fn another_claim(house: &mut House, cell: &str) -> anyhow::Result<()> {
    let newest = |house: &House| -> anyhow::Result<Option<u64>> {
        let journal = tool(house, 0, &["tap", &format!("orion.{cell}.journal.v1"), "--from", "beginning", "--until-end"])?;
        Ok(lines(journal.as_bytes())?.iter().filter_map(|line| line["value"]["generation"].as_u64()).max())
    };
    let before = newest(house)?;
    house.kill_cell(cell)?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while newest(house)? == before {
        ensure!(Instant::now() < deadline, "nobody took {cell} over");
    }
    house.wait_ready()
}

/// Archives, lets the bank go on, archives again; the manifest as it was in between.
fn archived_twice(house: &House, dir: &str, goes_on: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<String> {
    tool(house, 0, &["archive", "--dir", dir])?;
    let first = files(Path::new(dir))?;
    goes_on()?;
    let said = tool(house, 0, &["archive", "--dir", dir])?;
    ensure!(said.contains("head "), "{said}");
    let second = files(Path::new(dir))?;
    for (name, bytes) in first.iter().filter(|(name, _)| name.ends_with(".avro")) {
        ensure!(second.get(name) == Some(bytes), "{name} was changed");
    }
    ensure!(second.len() >= first.len() + 2, "journal and commands got a segment each: {:?}", second.keys());
    let checked = tool(house, 0, &["archive", "--dir", dir, "--check"])?;
    ensure!(!checked.contains("not in the manifest") && checked.contains(" epochs up to "), "{checked}");
    Ok(String::from_utf8(first["manifest.jsonl"].clone())?)
}

/// From the archive, from its export, and from Kafka: every epoch gives what was committed, and the records are those
/// of the topics.
fn replays_are_the_same(house: &House, dir: &str) -> anyhow::Result<()> {
    let path = |name: &str| house.file(name).to_string_lossy().into_owned();
    let said = tool(house, 0, &["archive", "--dir", dir, "--export", &path("log.jsonl")])?;
    ensure!(said.contains("commands in"), "{said}");
    let from_file =
        tool(house, 0, &["replay", "--input", &path("log.jsonl"), "--out", &path("from-file"), "--bind", &path("again.jsonl")])?;
    let from_archive = tool(house, 0, &["replay", "--archive", dir, "--out", &path("from-archive")])?;
    for said in [&from_file, &from_archive] {
        ensure!(said.contains("epochs give what was committed") && said.contains("commands/s"), "{said}");
    }
    ensure!(files(&house.file("from-file"))? == files(&house.file("from-archive"))?, "a file and an archive give other records");
    ensure!(tool(house, 0, &["replay", "--from-kafka", "--quiet"])?.contains("epochs give what was committed"), "from kafka");
    let bound = |name: &str| anyhow::Ok(std::fs::read_to_string(house.file(name))?.lines().map(str::to_owned).collect::<Vec<_>>());
    let (exported, again) = (bound("log.jsonl")?, bound("again.jsonl")?);
    ensure!(exported.starts_with(&again) && !again.is_empty(), "a log that was bound again is another log");

    let out = files(&house.file("from-archive"))?;
    for (topic, partition) in [
        ("transaction.settled.v1", 0),
        ("transaction.linked.v1", 0),
        ("hold.updated.v1", 0),
        ("policy.updated.v1", 0),
        ("orion.outcomes.v1", 0),
        ("orion.outcomes.v2", 0),
        ("orion.commands.dlq.v1", 0),
    ] {
        let replayed = lines(out.get(&format!("{topic}-{partition}.jsonl")).with_context(|| format!("{topic} was not replayed"))?)?;
        let tapped = tool(house, 0, &["tap", topic, "--from", "beginning", "--until-end"])?;
        let tapped = lines(tapped.as_bytes())?;
        // Offsets are Kafka's own business: its markers take some.
        let shown = |lines: &[Value]| -> Vec<Value> {
            let of_partition = lines.iter().filter(|line| line["partition"] == partition);
            of_partition.map(|line| serde_json::json!([line["key"], line["epoch"], line["trace_id"], line["value"]])).collect()
        };
        ensure!(!replayed.is_empty() && shown(&tapped).starts_with(&shown(&replayed)), "{topic} partition {partition} is another");
    }

    // A changed command is another bank.
    let changed = exported.iter().map(|line| line.replacen("\"amount\":\"300\"", "\"amount\":\"299\"", 1)).collect::<Vec<_>>();
    ensure!(changed != exported, "the walk pays 300");
    std::fs::write(house.file("changed.jsonl"), changed.join("\n"))?;
    let said = tool(house, 1, &["replay", "--input", &path("changed.jsonl"), "--quiet"])?;
    ensure!(said.contains("DIFFERS: epoch ") && said.contains("transaction.settled.v1"), "{said}");
    Ok(())
}

/// Records that are no command, one of them no text either.
fn junk() -> anyhow::Result<()> {
    let producer: BaseProducer = rdkafka::ClientConfig::new().set("bootstrap.servers", std::env::var("KAFKA_BROKERS")?).create()?;
    for junk in JUNK {
        producer.send(BaseRecord::to("orion.commands.v1").key("x").payload(junk)).map_err(|(error, _)| error)?;
    }
    Ok(producer.flush(Duration::from_secs(10))?)
}

/// Runs a tool that must end with a code; everything that it said.
fn tool(house: &House, code: i32, arguments: &[&str]) -> anyhow::Result<String> {
    tool_with(house, code, arguments, &[])
}

/// The same, with other settings.
fn tool_with(house: &House, code: i32, arguments: &[&str], settings: &[(&str, &str)]) -> anyhow::Result<String> {
    let output = house.orion().args(arguments).envs(settings.iter().copied()).output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.code() == Some(code), "orion {} ended with {}: {said}", arguments.join(" "), output.status);
    Ok(if code == 0 { String::from_utf8(output.stdout)? } else { said })
}

fn lines(bytes: &[u8]) -> anyhow::Result<Vec<Value>> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| Ok(serde_json::from_slice(line)?)).collect()
}

/// The files of a folder.
fn files(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        files.insert(path.file_name().context("a file has a name")?.to_string_lossy().into_owned(), std::fs::read(&path)?);
    }
    Ok(files)
}
