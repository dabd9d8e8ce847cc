//! Services as on the first day: what an earlier house left, and may have damaged on purpose, is gone.

use anyhow::{Context, ensure};
use egress::topics::Topics;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Whether this process has begun on empty services, so that what they hold is its own.
static OURS: AtomicBool = AtomicBool::new(false);

/// Removes every topic and the views' database. Nothing of Orion runs, and none of it is in use by another test.
///
/// Services that nobody called disposable and that hold a bank when the tests begin are somebody's: they are refused.
pub(crate) fn services() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut server = PgConnection::connect(&std::env::var("DATABASE_URL")?).await?;
        if std::env::var_os("ORION_DISPOSABLE").is_none() && !OURS.load(Ordering::Relaxed) {
            let views: Option<i32> =
                sqlx::query_scalar("select 1 from pg_database where datname = 'orion_views'").fetch_optional(&mut server).await?;
            ensure!(
                views.is_none() && Kafka::connect()?.topics()?.is_empty(),
                "these services hold a bank, which the tests would delete: unset KAFKA_BROKERS, DATABASE_URL and SCHEMA_REGISTRY_URL, and run `make test`"
            );
        }
        OURS.store(true, Ordering::Relaxed);
        sqlx::raw_sql("drop database if exists orion_views with (force)").execute(&mut server).await?;
        Kafka::connect()?.empty().await
    })
}

struct Kafka {
    consumer: BaseConsumer,
    brokers: String,
    ours: BTreeSet<String>,
}

impl Kafka {
    fn connect() -> anyhow::Result<Self> {
        let brokers = std::env::var("KAFKA_BROKERS")?;
        let consumer = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
        let ours = Topics::committed().all().iter().map(|(name, ..)| (*name).to_owned()).collect();
        Ok(Self { consumer, brokers, ours })
    }

    /// Those of ours that are there.
    fn topics(&self) -> anyhow::Result<Vec<String>> {
        let metadata = self.consumer.fetch_metadata(None, Duration::from_secs(30))?;
        Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).filter(|name| self.ours.contains(name)).collect())
    }

    async fn empty(&self) -> anyhow::Result<()> {
        let old = self.topics()?;
        let names: Vec<&str> = old.iter().map(String::as_str).collect();
        if names.is_empty() {
            return Ok(());
        }
        let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", &self.brokers).create()?;
        for deleted in admin.delete_topics(&names, &AdminOptions::new()).await? {
            deleted.map_err(|(topic, error)| anyhow::anyhow!("{topic}: {error}")).context("can't delete a topic")?;
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.topics()?.is_empty() {
            ensure!(Instant::now() < deadline, "Kafka does not delete {old:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}
