//! The services that a bench runs on, and the bank in them: topics and a views database that are made anew for each
//! run, so that no run replays, reads or stores what another one left.
//!
//! Nothing is ever deleted that this process did not make: services that hold a bank already are refused.

use anyhow::{Context, ensure};
use egress::topics::Topics;
use orion::config::Config;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use sqlx::{Connection, PgConnection};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The database of the views.
const VIEWS: &str = "orion_bench_views";
const QUESTION: Duration = Duration::from_secs(10);
/// How long Kafka may take to forget topics.
const FORGET: Duration = Duration::from_secs(60);

/// Kafka, Postgres and the registry.
pub(crate) struct Services {
    /// As the environment names them, and as the bank's processes are given them.
    pub(crate) config: Config,
    /// Whatever is asynchronous here runs on it, one thing after the other.
    pub(crate) runtime: Runtime,
    pub(crate) admin: AdminClient<DefaultClientContext>,
}

impl Services {
    /// Refuses services with a bank that is not ours.
    pub(crate) fn of_environment() -> anyhow::Result<Self> {
        let mut config = Config::load()?;
        config.postgres.views_database = VIEWS.to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let admin = ClientConfig::new().set("bootstrap.servers", &config.kafka.brokers).create()?;
        let services = Self { config, runtime, admin };
        let there = services.topics()?;
        ensure!(
            there.is_empty(),
            "the brokers hold a bank already ({} and more), which a bench would have to delete: \
             unset KAFKA_BROKERS and run `make bench`, which starts a stack of its own",
            there.first().map_or("", String::as_str)
        );
        Ok(services)
    }

    /// A connection to the views.
    pub(crate) fn views(&self) -> anyhow::Result<PgConnection> {
        Ok(self.runtime.block_on(PgConnection::connect(&self.config.postgres.views_url()?))?)
    }

    /// Deletes the topics and the views of the bank before; its processes have ended.
    pub(crate) fn forget_bank(&self) -> anyhow::Result<()> {
        let there = self.topics()?;
        let names: Vec<&str> = there.iter().map(String::as_str).collect();
        if !names.is_empty() {
            for deleted in self.runtime.block_on(self.admin.delete_topics(&names, &AdminOptions::new()))? {
                deleted.map_err(|(name, code)| anyhow::anyhow!("can't delete the topic {name}: {code}"))?;
            }
        }
        let deadline = Instant::now() + FORGET;
        while !self.topics()?.is_empty() {
            ensure!(Instant::now() < deadline, "Kafka still has topics that were deleted {} s ago", FORGET.as_secs());
            std::thread::sleep(Duration::from_millis(100));
        }
        self.drop_database(VIEWS)
    }

    /// Forgets a database of ours.
    pub(crate) fn drop_database(&self, name: &'static str) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let mut server = PgConnection::connect(&self.config.postgres.url).await.context("can't connect to Postgres")?;
            let drop = format!("drop database if exists {name} with (force)");
            // A name can't be a parameter; this one is a constant of ours.
            sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut server).await?;
            Ok(())
        })
    }

    /// Those of the bank's topics that are there.
    fn topics(&self) -> anyhow::Result<BTreeSet<String>> {
        let committed = Topics::committed();
        let ours: BTreeSet<_> = committed.all().into_iter().map(|(topic, ..)| topic.to_owned()).collect();
        let metadata = self.admin.inner().fetch_metadata(None, QUESTION).context("Kafka does not answer")?;
        Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).filter(|topic| ours.contains(topic)).collect())
    }
}
