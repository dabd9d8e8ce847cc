//! The views' database is lost: their cell alone, started on the log as it is, makes every row again.

use super::reader::views_url;
use crate::house::House;
use anyhow::{Context, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn the_views_alone_make_every_row_again() -> anyhow::Result<()> {
    let Some(mut house) = House::start("rebuild")? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    ensure!(house.orion().args(["load", "--payments", "600", "--rate", "200"]).stdout(Stdio::null()).status()?.success());
    ensure!(house.stop_run()?.success());
    house.end_serve()?;
    let (epoch, before) = runtime.block_on(rows(&views_url()?))?;
    ensure!(before.len() > 15 && before["posting"].0 > 1_000, "{before:?}");

    // With its snapshots, which lie beyond an empty database, and nothing else that runs.
    runtime.block_on(drop_database())?;
    ensure!(house.orion().arg("migrate").stdout(Stdio::null()).status()?.success());
    let mut cell = house.start_another(&["run", "--cells", "views"], "rebuild.log")?;
    let deadline = Instant::now() + Duration::from_secs(60);
    let after = loop {
        let (now, after) = runtime.block_on(rows(&views_url()?))?;
        // What settlement said last, when the views had ended, is that nothing happened.
        if now >= epoch {
            break after;
        }
        ensure!(Instant::now() < deadline, "epoch {now} of {epoch}; the log is {}", house.file("rebuild.log").display());
        std::thread::sleep(Duration::from_millis(100));
    };
    cell.kill()?;
    cell.wait()?;
    assert_eq!(after, before);
    house.forget()
}

/// The progress; and of every table how many rows it has, and a digest of them, whatever their order.
pub(super) async fn rows(url: &str) -> anyhow::Result<(i64, BTreeMap<String, (i64, String)>)> {
    let mut connection = PgConnection::connect(url).await?;
    let mut snapshot = connection.begin_with("begin isolation level repeatable read read only").await?;
    let epoch = sqlx::query_scalar("select epoch from sink_progress").fetch_one(&mut *snapshot).await?;
    // Partitions are read by their parents; the progress and its schemas are not made of events, and alerts are made by another cell.
    let query = "select relname::text from pg_class c join pg_namespace n on n.oid = relnamespace
                 where nspname = 'public' and relkind in ('r', 'p') and not relispartition
                   and relname not in ('_sqlx_migrations', 'sink_progress', 'sink_schema', 'risk_progress', 'cell_address', 'alert', 'alert_cleared', 'alert_standing')";
    let tables: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut *snapshot).await?;
    let mut rows = BTreeMap::new();
    for table in tables {
        let query = format!("select count(*), coalesce(md5(string_agg(t::text, ' ' order by t::text)), '') from {table} t");
        rows.insert(table, sqlx::query_as(AssertSqlSafe(query)).fetch_one(&mut *snapshot).await?);
    }
    Ok((epoch, rows))
}

async fn drop_database() -> anyhow::Result<()> {
    let mut server = PgConnection::connect(&std::env::var("DATABASE_URL").context("a database")?).await?;
    sqlx::raw_sql("drop database orion_views with (force)").execute(&mut server).await?;
    Ok(())
}
