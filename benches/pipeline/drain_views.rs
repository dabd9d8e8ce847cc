//! `drain_views`: how fast a backlog reaches Postgres.
//!
//! Transfers wait in the commands log while no cell runs. The time counts from the start of settlement and of the views,
//! both at once on the same machine, until the views' progress in Postgres covers the log's end.

use crate::Extent;
use crate::backlog;
use crate::bank::{Bank, Process};
use crate::decided::{self, Decided};
use crate::figures::{Figure, per_second};
use crate::services::Services;
use anyhow::{Context, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use schemas::Topic;
use sqlx::PgConnection;
use std::time::{Duration, Instant};

/// The views stand still for this long only if they are stuck.
const PATIENCE: Duration = Duration::from_secs(60);
const LINE_EVERY: Duration = Duration::from_secs(3);

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let count = extent.commands * 2 / 5;
    let mut rate = Figure::new("drain_views_per_s", "payments/s", "a backlog, from the start of settlement and views to Postgres");
    for run in 1..=extent.runs {
        let name = format!("drain_views {run}/{}", extent.runs);
        let bank = Bank::fresh(services, &format!("drain_views-{run}"))?;
        let parties = backlog::parties(&bank, &name, &mut Decided::by(&bank)?)?;
        eprintln!("{name:<24} appends a backlog of {count} transfers");
        let from = end_of_log(services)?;
        bank.append(backlog::transfers(&parties, count))?;
        let end = end_of_log(services)?;

        let mut connection = services.views()?;
        let started = Instant::now();
        let mut cells = [bank.settlement()?, bank.views()?];
        wait(services, &mut connection, &name, (from, end), &mut cells)?;
        rate.add(per_second(u64::try_from(count)?, started.elapsed()));
        drop(cells);

        let rows: i64 = services
            .runtime
            .block_on(sqlx::query_scalar("select count(*) from transaction where operation = 'transfer'").fetch_one(&mut connection))?;
        ensure!(usize::try_from(rows)? == count, "Postgres shows {rows} transfers, and {count} were given");
    }
    Ok(vec![rate])
}

/// Waits until the views cover the log up to `end`.
fn wait(
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
fn end_of_log(services: &Services) -> anyhow::Result<i64> {
    let consumer: BaseConsumer =
        rdkafka::ClientConfig::new().set("bootstrap.servers", &services.config.kafka.brokers).set("group.id", "orion-bench").create()?;
    let (_, end) =
        consumer.fetch_watermarks(Topic::Commands.as_str(), 0, Duration::from_secs(10)).context("Kafka does not say where the log ends")?;
    Ok(end)
}
