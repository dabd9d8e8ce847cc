//! End to end: a day of payments through the REST API, while every process of ours is killed by -9 in turn. Then
//! every payment is final, Kafka and Postgres agree, and the books balance; `orion load` checks all three by
//! adding up the events and the rows itself.

use crate::house::House;
use crate::http::{Server, scenes, walk};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_day_of_payments_survives_the_death_of_every_process() -> anyhow::Result<()> {
    let Some(mut house) = House::start("end-to-end")? else { return Ok(()) };
    junk_goes_to_the_dead_letters(&house)?;
    let server = Server::at(&house.base, house.auth())?;
    tokio::runtime::Runtime::new()?.block_on(async {
        walk(&server).await?;
        scenes(&server).await
    })?;

    let out = house.file("demo.json");
    let mut load = house.orion();
    // Its own pace makes the day last through every death, however fast the machine is.
    load.args(["load", "--payments", "3000", "--rate", "200", "--out"]).arg(&out).stdout(Stdio::piped());
    let mut load = load.spawn()?;
    let mut kills: Vec<&str> = Vec::new();
    let started = Instant::now();
    while load.try_wait()?.is_none() {
        ensure!(started.elapsed() < Duration::from_secs(400), "the load did not end");
        // Traffic has to flow between two deaths; how far it gets does not matter.
        std::thread::sleep(Duration::from_millis(1500));
        let next = ["settlement", "views", "serve", "run"].get(kills.len());
        match next {
            Some(&"serve") => house.kill_serve()?,
            Some(&"run") => house.kill_run()?,
            Some(cell) => house.kill_cell(cell)?,
            None => continue,
        }
        kills.extend(next);
        house.wait_ready()?;
    }
    let Output { status, stdout, .. } = load.wait_with_output()?;
    let said = String::from_utf8(stdout)?;
    ensure!(status.success(), "the load ended with {status}: {said}");
    tour(&said)?;
    ensure!(kills.len() == 4, "the load ended before every process was killed: {kills:?}");

    let result: Value = serde_json::from_slice(&std::fs::read(&out)?)?;
    let failed: u64 = result["failed"].as_object().context("failed")?.values().filter_map(Value::as_u64).sum();
    assert_eq!(result["submitted"], 3000);
    assert_eq!(result["settled"].as_u64().context("settled")? + failed, 3000);
    assert!(failed > 0, "refusals are among them");
    for (currency, balance) in result["trial_balance"].as_object().context("trial_balance")? {
        assert_eq!(balance, "0", "{currency}");
    }

    // Two deaths of settlement: three generations, and the journal never goes back.
    let journal = tap(&house, "orion.settlement.journal.v1")?;
    let generations: Vec<_> = journal.iter().filter_map(|line| line["value"]["generation"].as_u64()).collect();
    assert!(generations.is_sorted());
    assert!(*generations.last().context("an empty journal")? >= 3);
    assert!(journal.iter().all(|line| line["value"]["generation"].is_u64() || line["key"] == "schema"), "every entry can be shown");
    let epochs: Vec<_> = journal
        .iter()
        .filter_map(|line| line["value"]["entry"]["epochs"].as_array())
        .flatten()
        .filter_map(|epoch| epoch["epoch"].as_u64())
        .collect();
    assert!(epochs.len() > 10 && epochs.is_sorted_by(|a, b| a < b), "every epoch is bound once, in order");
    house.forget()
}

/// The lines that `orion load` prints at the end work as they stand, for each user.
fn tour(said: &str) -> anyhow::Result<()> {
    let (_, lines) = said.split_once("Look around:\n").context("it says what to look at")?;
    let (lines, _) = lines.split_once("\n\n").context("an empty line ends it")?;
    // A refusal is an error here.
    let script = lines.replace("curl -s ", "curl -sf ");
    let Output { status, stdout, stderr } = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output()?;
    ensure!(status.success(), "{script}\nended with {status}: {}", String::from_utf8_lossy(&stderr));
    let shown = String::from_utf8(stdout)?;
    for part in [
        "balance_available",
        "\"settled\"",
        "event: progress",
        "\"liabilities\"",
        "transaction.settled.v1",
        "orion_freshness_seconds",
        "\"openapi\"",
    ] {
        ensure!(shown.contains(part), "{part} is not shown: {shown}");
    }
    Ok(())
}

/// What is no command is set aside as it is, with the reason, and stops nothing.
fn junk_goes_to_the_dead_letters(house: &House) -> anyhow::Result<()> {
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
    let brokers = std::env::var("KAFKA_BROKERS")?;
    let producer: BaseProducer = rdkafka::ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    let junk = format!("no command {}", uuid::Uuid::new_v4());
    producer.send(BaseRecord::to("orion.commands.v1").key("x").payload(&junk)).map_err(|(error, _)| error)?;
    producer.flush(Duration::from_secs(10))?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while !tap(house, "orion.commands.dlq.v1")?.iter().any(|line| line["value"] == junk.as_str()) {
        ensure!(Instant::now() < deadline, "the junk did not reach the dead letters");
    }
    Ok(())
}

/// A whole topic, as `orion tap` prints it.
fn tap(house: &House, topic: &str) -> anyhow::Result<Vec<Value>> {
    let output = house.orion().args(["tap", topic, "--from", "beginning", "--until-end"]).output()?;
    ensure!(output.status.success(), "orion tap: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| Ok(serde_json::from_slice(line)?)).collect()
}
