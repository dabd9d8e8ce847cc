//! The volume is the sum of what happened: whatever dies while it is written, and whatever was written before it was counted.

use super::log;
use super::paid::history;
use super::reader::views_url;
use super::sink::on_a_database;
use crate::exactly_once::check::rows::derive;
use crate::exactly_once::check::volume::count;
use crate::exactly_once::evidence::Table;
use crate::exactly_once::gather;
use crate::house::House;
use crate::http::Server;
use anyhow::{Context, ensure};
use egress::postgres::volume::{Compared, compare};
use egress::postgres::{Views, Written};
use schemas::{Epoch, EpochEvents};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

/// As newer code writes it.
fn counted(events: &EpochEvents) -> Written {
    let volume = count(events.events.iter()).into_iter().map(|(volume, _)| volume).collect();
    Written { events: Arc::new(events.clone()), imbalances: Vec::new(), volume }
}

/// As code that knows no volume writes it.
fn uncounted(events: &EpochEvents) -> Written {
    Written { events: Arc::new(events.clone()), imbalances: Vec::new(), volume: Vec::new() }
}

fn expected(epochs: &[EpochEvents]) -> Table {
    derive(epochs.iter().flat_map(|epoch| &epoch.events)).remove("volume").unwrap_or_default()
}

#[test]
fn what_older_code_wrote_is_counted_once_at_the_next_start() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let bank = history();
        let (first, rest) = bank.epochs.split_at(bank.epochs.len() / 3);
        let (second, third) = rest.split_at(rest.len() / 2);
        let table = async || Ok::<_, anyhow::Error>(gather::rows(&database.url).await?.tables.remove("volume").context("a volume")?);
        let run = async |query: &str| {
            sqlx::raw_sql(AssertSqlSafe(query.to_owned())).execute(&mut database.connect().await?).await?;
            Ok::<_, anyhow::Error>(())
        };
        let mut connection = database.connect().await?;

        // Newer code, several epochs in a transaction: a bucket gets something of each.
        let mut views = Views::claim(&database.url, 1).await?;
        for group in first.chunks(7) {
            views.write(&group.iter().map(counted).collect::<Vec<_>>(), 0, &[]).await?;
        }
        assert_eq!(table().await?, expected(first));

        // Older code goes on, which knows neither table nor column.
        let at: i64 = sqlx::query_scalar("select volume_epoch from sink_progress").fetch_one(&mut connection).await?;
        views.write(&second.iter().map(uncounted).collect::<Vec<_>>(), 0, &[]).await?;
        run(&format!("update sink_progress set volume_epoch = {at}")).await?;
        assert_eq!(compare(&mut connection).await?, None, "it is not counted yet");

        // Newer code again, and again: what was written is counted once.
        for generation in [2, 3] {
            views = Views::claim(&database.url, generation).await?;
            assert_eq!(table().await?, expected(&bank.epochs[..first.len() + second.len()]), "generation {generation}");
        }
        views.write(&third.iter().map(counted).collect::<Vec<_>>(), 0, &[]).await?;
        let all = expected(&bank.epochs);
        assert_eq!(table().await?, all);

        // A bank that is older than the table.
        run("delete from volume; update sink_progress set volume_epoch = 0").await?;
        drop(Views::claim(&database.url, 4).await?);
        assert_eq!(table().await?, all);
        let rows = i64::try_from(all.len())?;
        assert_eq!(compare(&mut connection).await?, Some(Compared { rows, differing: 0, first: None }));

        // A sum that is wrong is found, and one that is not there.
        run("update volume set amount_minor = amount_minor + 1 where (span, operation, reason) = ('day', 'transfer', '')").await?;
        let found = compare(&mut connection).await?.context("it is counted")?;
        assert_eq!((found.rows, found.differing), (rows, 2), "the row, and what it should be");
        ensure!(found.first.as_ref().is_some_and(|first| first.starts_with("day ") && first.contains(" transfer qr XOF")), "{found:?}");
        run("delete from volume where span = 'day' and operation = 'transfer' and reason = ''").await?;
        assert_eq!(compare(&mut connection).await?.map(|found| (found.rows, found.differing)), Some((rows - 1, 1)));
        Ok(())
    })
}

#[test]
fn the_volume_survives_the_death_of_the_views_and_a_start_on_an_old_bank() -> anyhow::Result<()> {
    let Some(mut house) = House::start_with("volume", |_| Ok(vec![("ORION_VIEWS__WORKERS", "2".into())]))? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut load = house.orion().args(["load", "--payments", "600", "--rate", "150"]).stdout(Stdio::null()).spawn()?;
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(700));
        house.kill_cell("views")?;
    }
    ensure!(load.wait()?.success(), "the load failed");
    let payments = is_counted(&house, &runtime)?;
    ensure!(payments >= 600, "{payments} payments are counted");

    // As before the migration: nothing is counted, and the cells that start are the first that can.
    house.stop_run()?;
    let mark = log::length(&house)?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&views_url()?).await?;
        sqlx::raw_sql("delete from volume; update sink_progress set volume_epoch = 0").execute(&mut connection).await?;
        Ok::<_, anyhow::Error>(())
    })?;
    house.start_run()?;
    log::wait_for(&house, mark, "counted what was written by older code")?;
    ensure!(
        house.orion().args(["load", "--payments", "100", "--rate", "200"]).stdout(Stdio::null()).status()?.success(),
        "the load failed"
    );
    ensure!(is_counted(&house, &runtime)? >= payments + 100);
    house.forget()
}

/// Compares the table with Kafka's events, and both with what the API and `orion verify` say, once the bank rests; how many
/// payments settled.
fn is_counted(house: &House, runtime: &tokio::runtime::Runtime) -> anyhow::Result<i64> {
    let rows = runtime.block_on(gather::rows(&views_url()?))?;
    let log = gather::log(&std::env::var("KAFKA_BROKERS")?)?;
    let mut events: Vec<_> = log.events.iter().map(|recorded| &recorded.event).filter(|event| event.epoch < rows.upper).collect();
    events.sort_by_key(|event| event.id);
    let expected = derive(events.iter().copied()).remove("volume").context("something happened")?;
    assert_eq!(rows.tables["volume"], expected);

    let verify = house.orion().args(["verify", "books", "--quiet"]).output()?;
    let said = String::from_utf8_lossy(&verify.stdout);
    ensure!(verify.status.success() && said.contains(" rows of the volume are the sums of what they count"), "{said}");

    let server = Server::at(&house.base, house.auth())?;
    let token = server.token("controller", "reports:read")?;
    let now: Epoch = rows.upper;
    let path = format!("/v1/aggregates/volume?from={}&to={now}&by=day&at_least={}", now - 86_400_000 * 2, now - 1);
    let report = runtime.block_on(server.get(&token, &path))?.json()?;
    let lines = report["volume"].as_array().context("lines")?;
    let settled = lines.iter().filter(|line| line["status"] == "settled").filter_map(|line| line["count"].as_i64()).sum::<i64>();
    let in_rows = expected.iter().filter(|(key, _)| key.starts_with("day ") && key.ends_with(" none"));
    let in_rows = in_rows.filter_map(|(_, row)| row.split(' ').next()?.parse::<i64>().ok()).sum::<i64>();
    assert_eq!(settled, in_rows);
    Ok(settled)
}
