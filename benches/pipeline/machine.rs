//! What the figures were measured on: the machine, and the settings of the services that decide what a commit is worth.

use crate::services::Services;
use anyhow::Context;
use rdkafka::admin::{AdminOptions, ResourceSpecifier};
use serde_json::{Map, Value, json};
use sqlx::{Connection, PgConnection};
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Settings of Postgres without which a commit may be lost.
const POSTGRES: [&str; 7] =
    ["server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "commit_delay", "shared_buffers"];
/// Settings of a broker that say when a record is safe.
const KAFKA: [&str; 6] = [
    "default.replication.factor",
    "min.insync.replicas",
    "log.flush.interval.messages",
    "log.flush.interval.ms",
    "transaction.state.log.replication.factor",
    "transaction.state.log.min.isr",
];

/// How busy the machine was in the last 1, 5 and 15 minutes.
pub(crate) fn load_average() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}

/// Everything that a reader needs to judge the figures.
pub(crate) fn describe(services: &Services, load_before: String) -> anyhow::Result<Map<String, Value>> {
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let described = [
        ("date", json!(schemas::rfc3339(now_ms))),
        ("cores", json!(std::thread::available_parallelism()?.get())),
        ("cpu", json!(field("/proc/cpuinfo", "model name")?)),
        ("memory_mib", json!(field("/proc/meminfo", "MemTotal")?.trim_end_matches(" kB").parse::<u64>()? / 1024)),
        ("kernel", json!(fs::read_to_string("/proc/sys/kernel/osrelease")?.trim())),
        ("load_average_before", json!(load_before)),
        ("kafka", kafka(services)?),
        // What every producer of Orion sets; `egress::producer` and `ingress::log`.
        ("producers", json!({"acks": "all", "enable.idempotence": "true", "transactional": "settlement"})),
        ("postgres", postgres(services)?),
    ];
    Ok(described.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn field(file: &str, name: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    Ok(line.split_once(':').map_or("unknown", |(_, value)| value).trim().to_owned())
}

fn kafka(services: &Services) -> anyhow::Result<Value> {
    let metadata = services.admin.inner().fetch_metadata(None, Duration::from_secs(10))?;
    let broker = metadata.brokers().first().context("Kafka names no broker")?.id();
    let options = AdminOptions::new();
    let described = services.runtime.block_on(services.admin.describe_configs(&[ResourceSpecifier::Broker(broker)], &options))?;
    let config = described.into_iter().next().context("Kafka does not describe its broker")?;
    let config = config.map_err(|code| anyhow::anyhow!("Kafka does not describe its broker: {code}"))?;
    let mut settings = Map::from_iter([("brokers".to_owned(), json!(metadata.brokers().len()))]);
    for name in KAFKA {
        let value = config.get(name).map_or("unknown", |entry| entry.value.as_deref().unwrap_or("unset"));
        settings.insert(name.to_owned(), json!(value));
    }
    Ok(Value::Object(settings))
}

fn postgres(services: &Services) -> anyhow::Result<Value> {
    services.runtime.block_on(async {
        let mut connection = PgConnection::connect(&services.config.postgres.url).await?;
        let mut settings = Map::new();
        for name in POSTGRES {
            let value: String = sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(&mut connection).await?;
            settings.insert(name.to_owned(), json!(value));
        }
        Ok(Value::Object(settings))
    })
}
