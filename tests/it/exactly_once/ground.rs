//! What a run stands on: services of its own, emptied before and after, that it may kill.

use anyhow::Context;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use sqlx::{Connection, PgConnection};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Services that a test may kill and wipe.
pub(crate) struct Ground {
    pub(crate) brokers: String,
    pub(crate) database_url: String,
    /// The directory of the stack.
    pub(crate) state: PathBuf,
}

impl Ground {
    /// None, and a word about it, where the services may be somebody's or the binary can't be told to fail.
    pub(crate) fn find() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        if !cfg!(feature = "faults") || variable("ORION_DISPOSABLE").is_none() {
            println!("skipped: this needs the feature `faults`, and a stack of its own from deploy/local/with-stack.sh");
            return None;
        }
        let state = PathBuf::from(variable("ORION_STATE")?);
        Some(Self { brokers: variable("KAFKA_BROKERS")?, database_url: variable("DATABASE_URL")?, state })
    }

    /// The database of the views.
    pub(crate) fn views_url(&self) -> anyhow::Result<String> {
        let mut url = reqwest::Url::parse(&self.database_url)?;
        url.set_path("orion_views");
        Ok(url.to_string())
    }

    /// The process of a service, as its keeper wrote it down: `kafka.child`, `postgres.keeper`.
    pub(crate) fn process(&self, name: &str) -> anyhow::Result<u32> {
        let path = self.state.join("run").join(name);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(text.split_whitespace().next().context("no process id")?.parse()?)
    }

    /// Empties the bank: no topic, no table.
    pub(crate) fn wipe(&self) -> anyhow::Result<()> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let mut connection = PgConnection::connect(&self.database_url).await?;
            sqlx::raw_sql("drop database if exists orion_views with (force)").execute(&mut connection).await?;
            let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", &self.brokers).create()?;
            let topics = egress::topics::Topics::committed();
            let topics: Vec<&str> = topics.all().into_iter().map(|(topic, ..)| topic).collect();
            // Those that are not there need not go.
            admin.delete_topics(&topics, &AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)))).await?;
            let deadline = Instant::now() + Duration::from_secs(20);
            loop {
                let there = admin.inner().fetch_metadata(None, Duration::from_secs(5))?;
                if !there.topics().iter().any(|topic| topics.contains(&topic.name())) {
                    return Ok(());
                }
                anyhow::ensure!(Instant::now() < deadline, "topics don't go");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    }
}
