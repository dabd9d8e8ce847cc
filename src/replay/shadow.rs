//! The views again, beside the live ones: Kafka's events into a schema of their own, by the code that writes the views,
//! and then every row of every table against the live one.
//!
//! In: settlement's committed epochs, the views database. Out: per table how many rows are only here or only there,
//! and the first. The live tables are read in one snapshot and never written. Both sides are compared over the
//! same epochs: from the first that Kafka still has whole to the last that both sides have. What the standing proof has
//! found is no row of an event, and is left to `orion verify books`, as the audit chain is to `orion verify audit`, and alerts are another cell's; the aggregates, whose rows are of many epochs, are
//! compared with the live rows that they count.

use crate::config::Config;
use crate::exit::{self, Exit};
use crate::progress::Progress;
use crate::verify::{Visible, visible};
use anyhow::Context;
use egress::postgres::aggregates::{self, Compared};
use egress::postgres::{SINK, Views, Written};
use ingress::events::{Events, Start};
use schemas::{Aggregates, Epoch};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The schema of the rebuilt tables.
const SHADOW: &str = "orion_shadow";
/// Most epochs in one transaction.
const GROUP_MAX: usize = 1024;
/// Whoever takes the sink over ends the sessions of its generation and of older ones. A cell's first is 1: it goes on.
const GENERATION: u32 = 0;
/// How long nothing may come before the reader gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rebuilds, compares, and drops what was rebuilt.
pub(super) fn run(config: &Config, keep: bool, quiet: bool) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = config.postgres.views_url()?;
    let connect = || async { PgConnectOptions::from_str(&url)?.application_name("orion shadow").connect().await };
    let mut live = runtime.block_on(connect()).map_err(|error| gone(&error))?;
    // First how far the views are: what they have, Kafka has.
    let shown = runtime.block_on(shown(&mut live)).map_err(|error| gone(&error))?;
    let Visible { from, last } = match visible(&config.kafka.brokers, shown)? {
        Ok(visible) => visible,
        Err(fault) => {
            println!("shadow: {fault}");
            return Ok(ExitCode::from(exit::NO));
        }
    };
    if from > 0 {
        println!("shadow: older events are gone; rows from epoch {from} on are compared");
    }
    runtime.block_on(build_schema(&mut live, &url))?;
    let compared = runtime.block_on(async {
        fill(config, &url, from, last, quiet).await?;
        compare(&mut live, from).await
    });
    if keep {
        println!("shadow: the rebuilt tables stay in the schema {SHADOW}");
    } else {
        runtime.block_on(drop_schema(&mut live))?;
    }
    let (differing, upper) = compared?;
    println!("shadow: epochs {from} to {upper}, {}", if differing == 0 { "every row is the same" } else { "the views differ" });
    Ok(if differing == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::NO) })
}

fn gone(error: &sqlx::Error) -> Exit {
    Exit { code: exit::UNAVAILABLE, sentence: format!("postgres failed: {error}") }
}

/// The last epoch that the live views show.
async fn shown(live: &mut PgConnection) -> Result<Epoch, sqlx::Error> {
    let upper: i64 = sqlx::query_scalar("select epoch from sink_progress where sink = $1").bind(SINK).fetch_one(live).await?;
    Ok(u64::try_from(upper).unwrap_or(0).saturating_sub(1))
}

/// The views' own migrations, in the schema of the shadow; its row is to be had by a generation that no cell ever has.
async fn build_schema(live: &mut PgConnection, url: &str) -> anyhow::Result<()> {
    drop_schema(live).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("create schema {SHADOW}"))).execute(live).await?;
    let mut shadow = PgConnectOptions::from_str(url)?.options([("search_path", SHADOW)]).connect().await?;
    sqlx::migrate!("state/migrations/views").run(&mut shadow).await.context("can't make the shadow's tables")?;
    sqlx::query("update sink_progress set generation = $1").bind(i64::from(GENERATION) - 1).execute(&mut shadow).await?;
    Ok(shadow.close().await?)
}

async fn drop_schema(live: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(format!("set client_min_messages = warning; drop schema if exists {SHADOW} cascade")))
        .execute(live)
        .await?;
    Ok(())
}

/// Writes every epoch from `from` to `last`, if there is any.
async fn fill(config: &Config, url: &str, from: Epoch, last: Epoch, quiet: bool) -> anyhow::Result<()> {
    if from > last {
        return Ok(());
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    let mut views = Views::claim(&format!("{url}{separator}options[search_path]={SHADOW}"), u64::from(GENERATION)).await?;
    // `from` is one after an epoch that the journal holds, as a reader wants it.
    let mut events = Events::new(&config.kafka.brokers, &Start { epoch: from, schemas: Vec::new() })?;
    let mut progress = Progress::new("epochs", 0, quiet);
    let mut group = Vec::new();
    let (mut heard, mut written) = (Instant::now(), from.saturating_sub(1));
    while written < last {
        match events.next(Duration::from_millis(100))? {
            Some(epoch) => {
                heard = Instant::now();
                written = epoch.epoch();
                group.push(Written { events: Arc::new(epoch), imbalances: Vec::new(), aggregates: Aggregates::default() });
                progress.add(1);
            }
            None if heard.elapsed() > PATIENCE => {
                let sentence = format!("nothing came from kafka for {} s after epoch {written}", PATIENCE.as_secs());
                return Err(Exit { code: exit::UNAVAILABLE, sentence }.into());
            }
            None => {}
        }
        if group.len() >= GROUP_MAX || written >= last {
            views.write(&group, 0, &[]).await?;
            group.clear();
        }
    }
    Ok(())
}

/// Compares every table; how many rows differ, and the exclusive end of the epochs that were compared.
async fn compare(live: &mut PgConnection, from: Epoch) -> anyhow::Result<(i64, i64)> {
    let mut snapshot = live.begin_with("begin isolation level repeatable read read only").await?;
    let place: String = sqlx::query_scalar("select current_schema()").fetch_one(&mut *snapshot).await?;
    // Both ends are exclusive bounds, so the smaller one is what both sides have.
    let upper: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
        "select least((select epoch from {SHADOW}.sink_progress where sink = $1), (select epoch from {place}.sink_progress where sink = $1))"
    )))
    .bind(SINK)
    .fetch_one(&mut *snapshot)
    .await?;
    // A month is read by the table that it belongs to. What the risk cell writes is no view.
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns
         join pg_class on oid = format('%I.%I', table_schema, table_name)::regclass and not relispartition
         where table_schema = $1 and column_name = 'epoch'
         and table_name not in ('sink_progress', 'imbalance', 'volume', 'turnover', 'position', 'liability', 'activity',
                                'customer_activity', 'latency', 'audit_root', 'risk_progress', 'alert', 'alert_cleared',
                                'alert_standing')
         order by table_name",
    )
    .bind(SHADOW)
    .fetch_all(&mut *snapshot)
    .await?;
    let mut differing = 0;
    for table in &tables {
        differing += compare_table(&mut snapshot, &place, table, i64::try_from(from)?, upper).await?;
    }
    differing += compare_aggregates(&mut snapshot).await?;
    snapshot.rollback().await?;
    Ok((differing, upper))
}

async fn compare_aggregates(snapshot: &mut PgConnection) -> anyhow::Result<i64> {
    let compared = aggregates::compare(snapshot).await?;
    if compared.is_empty() {
        println!("aggregates: not compared, since older code has written last");
    }
    for Compared { table, rows, differing, first } in &compared {
        match first {
            None => println!("{table}: {rows} rows, the sums of what they count"),
            Some(first) => {
                println!("{table}: DIFFERS; {rows} rows live; {differing} are not the sums of what they count, the first is {first}")
            }
        }
    }
    Ok(compared.iter().map(|compared| compared.differing).sum())
}

async fn compare_table(connection: &mut PgConnection, place: &str, table: &str, from: i64, upper: i64) -> anyhow::Result<i64> {
    let rows = |schema: &str| format!("select to_jsonb(row)::text as row from {schema}.{table} row where epoch >= $1 and epoch < $2");
    let query = format!(
        "with shadow as materialized ({}), live as materialized ({}),
              only_shadow as materialized (select row from shadow except all select row from live),
              only_live as materialized (select row from live except all select row from shadow)
         select (select count(*) from shadow), (select count(*) from live),
                (select count(*) from only_shadow), (select count(*) from only_live),
                (select min(row) from only_shadow), (select min(row) from only_live)",
        rows(SHADOW),
        rows(place)
    );
    let found = sqlx::query(AssertSqlSafe(query)).bind(from).bind(upper).fetch_one(connection).await?;
    let count = |column: usize| found.try_get::<i64, _>(column);
    let (shadow, live, only_shadow, only_live) = (count(0)?, count(1)?, count(2)?, count(3)?);
    if only_shadow + only_live == 0 {
        println!("{table}: {live} rows, the same");
        return Ok(0);
    }
    println!("{table}: DIFFERS; {shadow} rows by the events, {live} live; {only_shadow} only by the events, {only_live} only live");
    let first = |column: usize| found.try_get::<Option<String>, _>(column).map(|row| row.unwrap_or_else(|| "none".to_owned()));
    println!("  first by the events: {}", first(4)?);
    println!("  first live:          {}", first(5)?);
    Ok(only_shadow + only_live)
}
