//! How far Postgres shows the commands log.

use crate::bank::Process;
use crate::decided;
use crate::services::Services;
use anyhow::{Context, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use schemas::Topic;
use sqlx::PgConnection;
use std::time::{Duration, Instant};

/// The views stand still for this long only if they are stuck.
const PATIENCE: Duration = Duration::from_secs(60);
const LINE_EVERY: Duration = Duration::from_secs(3);

/// Waits until the views cover the log up to `end`; settlement and views are the cells.
pub(crate) fn wait(
    services: &Services,
    connection: &mut PgConnection,
    name: &str,
    (from, end): (i64, i64),
    cells: &mut [Process],
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let (mut last, mut moved, mut line) = (0, begun, begun);
    loop {
        let upper: Option<i64> = services
            .runtime
            .block_on(sqlx::query_scalar("select commands_upper[1] from sink_progress where sink = 'views'").fetch_one(&mut *connection))?;
        let upper = upper.unwrap_or(0);
        if upper >= end {
            return Ok(());
        }
        if upper > last {
            (last, moved) = (upper, Instant::now());
        }
        if line.elapsed() >= LINE_EVERY {
            line = Instant::now();
            decided::say(name, u64::try_from((upper - from).max(0))?, u64::try_from(end - from)?, begun);
        }
        cells.iter_mut().try_for_each(Process::check)?;
        let [settlement, views] = [0, 1].map(|cell| cells[cell].log().to_string());
        ensure!(moved.elapsed() < PATIENCE, "{name}: the views stand still; see {views} and {settlement}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The offset after the last command. The log has one partition.
pub(crate) fn end_of_log(services: &Services) -> anyhow::Result<i64> {
    let consumer: BaseConsumer =
        rdkafka::ClientConfig::new().set("bootstrap.servers", &services.config.kafka.brokers).set("group.id", "orion-bench").create()?;
    let (_, end) =
        consumer.fetch_watermarks(Topic::Commands.as_str(), 0, Duration::from_secs(10)).context("Kafka does not say where the log ends")?;
    Ok(end)
}
