//! The aggregates are the sum of what happened: whatever dies while they are written, and whatever was written before any of it was counted.

use super::log;
use super::paid::history;
use super::reader::views_url;
use super::sink::on_a_database;
use crate::exactly_once::check::positions::Bank;
use crate::exactly_once::check::rows::derive;
use crate::exactly_once::evidence::Table;
use crate::exactly_once::gather;
use crate::house::House;
use crate::http::Server;
use anyhow::{Context, ensure};
use egress::postgres::aggregates::{Compared, compare};
use egress::postgres::{Views, Written};
use schemas::{Aggregates, Epoch, EpochEvents, Event};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

const TABLES: [&str; 6] = ["volume", "turnover", "position", "liability", "activity", "customer_activity"];

/// As newer code writes it, which knows what was before.
fn counted(bank: &mut Bank, epochs: &[EpochEvents]) -> Vec<Written> {
    let written = |events: &EpochEvents| {
        let aggregates = bank.count(&events.events);
        Written { events: Arc::new(events.clone()), imbalances: Vec::new(), aggregates }
    };
    epochs.iter().map(written).collect()
}

/// As before the migration that brought volume and turnover, and before the one that brought the others.
const FORGET: &str = "delete from volume; delete from turnover; update sink_progress set aggregates_epoch = 0";
const FORGET_NEWER: &str = "delete from position; delete from liability; delete from activity; delete from customer_activity;
                            update sink_progress set positions_epoch = 0";

/// As code that counts nothing writes it.
fn uncounted(events: &EpochEvents) -> Written {
    Written { events: Arc::new(events.clone()), imbalances: Vec::new(), aggregates: Aggregates::default() }
}

fn expected<'a>(events: impl Iterator<Item = &'a Event>) -> [Table; 6] {
    let mut tables = derive(events);
    TABLES.map(|table| tables.remove(table).unwrap_or_default())
}

async fn found(url: &str) -> anyhow::Result<[Table; 6]> {
    let mut tables = gather::rows(url).await?.tables;
    Ok(TABLES.map(|table| tables.remove(table).unwrap_or_default()))
}

#[test]
fn what_older_code_wrote_is_counted_once_at_the_next_start() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let bank = history();
        let (first, rest) = bank.epochs.split_at(bank.epochs.len() / 3);
        let (second, third) = rest.split_at(rest.len() / 2);
        let events = |epochs: usize| bank.epochs[..epochs].iter().flat_map(|epoch| &epoch.events);
        let run = async |query: &str| {
            sqlx::raw_sql(AssertSqlSafe(query.to_owned())).execute(&mut database.connect().await?).await?;
            Ok::<_, anyhow::Error>(())
        };
        let mut connection = database.connect().await?;

        // Newer code, several epochs in a transaction: a bucket gets something of each.
        let mut views = Views::claim(&database.url, 1).await?;
        let mut counter = Bank::default();
        for group in first.chunks(7) {
            views.write(&counted(&mut counter, group), 0, &[]).await?;
        }
        assert_eq!(found(&database.url).await?, expected(events(first.len())));

        // Older code goes on, which knows neither tables nor column.
        let at: i64 = sqlx::query_scalar("select aggregates_epoch from sink_progress").fetch_one(&mut connection).await?;
        views.write(&second.iter().map(uncounted).collect::<Vec<_>>(), 0, &[]).await?;
        run(&format!("update sink_progress set aggregates_epoch = {at}, positions_epoch = {at}")).await?;
        assert_eq!(compare(&mut connection).await?, [], "it is not counted yet");

        // Newer code again, and again: what was written is counted once.
        for generation in [2, 3] {
            views = Views::claim(&database.url, generation).await?;
            let counted = expected(events(first.len() + second.len()));
            assert_eq!(found(&database.url).await?, counted, "generation {generation}");
        }
        drop(counted(&mut counter, second));
        views.write(&counted(&mut counter, third), 0, &[]).await?;
        let all = expected(events(bank.epochs.len()));
        assert_eq!(found(&database.url).await?, all);

        // A bank that is older than some of the tables, and one that is older than all.
        run(FORGET_NEWER).await?;
        drop(Views::claim(&database.url, 4).await?);
        assert_eq!(found(&database.url).await?, all);
        run(FORGET).await?;
        run(FORGET_NEWER).await?;
        drop(Views::claim(&database.url, 5).await?);
        assert_eq!(found(&database.url).await?, all);
        let rows = all.each_ref().map(|table| i64::try_from(table.len()).expect("a few rows"));
        ensure!(rows[0] > 10 && rows[1] > 1 && rows[2] > 10 && rows[3] > 3 && rows[4] > 5 && rows[5] > 0, "{rows:?}");
        let compared = |differences: [(i64, i64); 2]| {
            let (rows, differing) = (differences.map(|(rows, _)| rows), differences.map(|(_, differing)| differing));
            let rows = rows
                .into_iter()
                .chain(TABLES.iter().skip(2).zip(&all[2..]).map(|(_, table)| i64::try_from(table.len()).expect("a few rows")));
            TABLES
                .iter()
                .copied()
                .zip(rows)
                .zip(differing.into_iter().chain([0; 4]))
                .map(|((table, rows), differing)| (table, rows, differing))
                .collect::<Vec<_>>()
        };
        let mut say = async || {
            let said = compare(&mut connection).await?.into_iter();
            Ok::<_, anyhow::Error>(said.map(|Compared { table, rows, differing, .. }| (table, rows, differing)).collect::<Vec<_>>())
        };
        assert_eq!(say().await?, compared([(rows[0], 0), (rows[1], 0)]));

        // A sum that is wrong is found, both as it is and as it should be, and so is one that is not there.
        run("update volume set amount_minor = amount_minor + 1 where (span, operation, reason) = ('day', 'transfer', '')").await?;
        assert_eq!(say().await?, compared([(rows[0], 2), (rows[1], 0)]));
        run("delete from volume where (span, operation, reason) = ('day', 'transfer', '')").await?;
        run("delete from turnover where operation = 'merchant_payment'").await?;
        assert_eq!(say().await?, compared([(rows[0] - 1, 1), (rows[1] - 1, 1)]));
        Ok(())
    })
}

#[test]
fn the_aggregates_survive_the_death_of_the_views_and_a_start_on_an_old_bank() -> anyhow::Result<()> {
    let Some(mut house) = House::start_with("aggregates", |_| Ok(vec![("ORION_VIEWS__WORKERS", "2".into())]))? else { return Ok(()) };
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
        sqlx::raw_sql(FORGET).execute(&mut connection).await?;
        sqlx::raw_sql(FORGET_NEWER).execute(&mut connection).await?;
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

/// Compares the tables with Kafka's events, and both with what the API and `orion verify` say, once the bank rests; how many
/// payments settled.
fn is_counted(house: &House, runtime: &tokio::runtime::Runtime) -> anyhow::Result<i64> {
    let rows = runtime.block_on(gather::rows(&views_url()?))?;
    let log = gather::log(&std::env::var("KAFKA_BROKERS")?)?;
    let mut events: Vec<_> = log.events.iter().map(|recorded| &recorded.event).filter(|event| event.epoch < rows.upper).collect();
    events.sort_by_key(|event| event.id);
    let expected = expected(events.iter().copied());
    for (table, expected) in TABLES.iter().zip(&expected) {
        assert_eq!(&rows.tables[table], expected, "{table}");
        ensure!(!expected.is_empty(), "the load has nothing for {table}");
    }
    let verify = house.orion().args(["verify", "books", "--quiet"]).output()?;
    let said = String::from_utf8_lossy(&verify.stdout);
    ensure!(verify.status.success() && TABLES.iter().all(|table| said.contains(&format!(" rows of {table}"))), "{said}");

    let server = Server::at(&house.base, house.auth())?;
    let token = server.token("controller", "reports:read")?;
    let now: Epoch = rows.upper;
    let path = format!("/v1/aggregates/volume?from={}&to={now}&by=day&at_least={}", now - 86_400_000 * 2, now - 1);
    let report = runtime.block_on(server.get(&token, &path))?.json()?;
    let lines = report["volume"].as_array().context("lines")?;
    let settled = lines.iter().filter(|line| line["status"] == "settled").filter_map(|line| line["count"].as_i64()).sum::<i64>();
    let in_rows = expected[0].iter().filter(|(key, _)| key.starts_with("day ") && key.ends_with(" none"));
    let in_rows = in_rows.filter_map(|(_, row)| row.split(' ').next()?.parse::<i64>().ok()).sum::<i64>();
    assert_eq!(settled, in_rows);
    Ok(settled)
}
