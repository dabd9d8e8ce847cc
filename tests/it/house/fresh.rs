//! Services as on the first day: what an earlier house left, and may have damaged on purpose, is gone.

use anyhow::{Context, ensure};
use egress::topics::Topics;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Removes every topic and the views' database. Nothing of Orion runs, and none of it is in use by another test.
pub(super) fn services() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut server = PgConnection::connect(&std::env::var("DATABASE_URL")?).await?;
        sqlx::raw_sql("drop database if exists orion_views with (force)").execute(&mut server).await?;
        topics().await
    })
}

async fn topics() -> anyhow::Result<()> {
    let brokers = std::env::var("KAFKA_BROKERS")?;
    let topics = Topics::committed();
    let ours: BTreeSet<String> = topics.all().iter().map(|(name, ..)| (*name).to_owned()).collect();
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    let there = || -> anyhow::Result<Vec<String>> {
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(10))?;
        Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).filter(|name| ours.contains(name)).collect())
    };
    let old = there()?;
    if old.is_empty() {
        return Ok(());
    }
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    let names: Vec<&str> = old.iter().map(String::as_str).collect();
    for deleted in admin.delete_topics(&names, &AdminOptions::new()).await? {
        deleted.map_err(|(topic, error)| anyhow::anyhow!("{topic}: {error}")).context("can't delete a topic")?;
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while !there()?.is_empty() {
        ensure!(Instant::now() < deadline, "Kafka does not delete {old:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
