//! A bank that is half restored does not start: without its commands log, whose topic a restore makes last, and with less
//! of it than the journal binds.

use super::tool;
use crate::house::{House, fresh};
use anyhow::ensure;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use std::time::{Duration, Instant};

const COMMANDS: &str = "orion.commands.v1";

/// As it is when a restore dies before the commands are back; then everything is empty again.
pub(super) fn does_not_start(house: &House, dir: &str) -> anyhow::Result<()> {
    tool(house, 0, &["restore", "--dir", dir, "--quiet"])?;
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", std::env::var("KAFKA_BROKERS")?).create()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for deleted in runtime.block_on(admin.delete_topics(&[COMMANDS], &AdminOptions::new()))? {
        deleted.map_err(|(topic, error)| anyhow::anyhow!("{topic}: {error}"))?;
    }
    let missing = "topic orion.commands.v1 does not exist";
    ends(house, &["run", "--cells", "settlement"], missing)?;
    ends(house, &["serve"], missing)?;
    tool(house, 0, &["topics", "apply"])?;
    ends(house, &["run", "--cells", "settlement"], "were bound: the log was truncated")?;
    fresh::services()?;
    Ok(std::fs::remove_dir_all(house.file("snapshots"))?)
}

/// Starts something that must end by itself, and say why.
fn ends(house: &House, arguments: &[&str], sentence: &str) -> anyhow::Result<()> {
    let log = format!("half-{}.log", arguments[0]);
    let mut child = house.start_another(arguments, &log)?;
    let deadline = Instant::now() + Duration::from_secs(60);
    let ended = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => break None,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    if ended.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let said = std::fs::read_to_string(house.file(&log))?;
    ensure!(ended.is_some_and(|status| !status.success()) && said.contains(sentence), "{arguments:?} ended with {ended:?}: {said}");
    Ok(())
}
