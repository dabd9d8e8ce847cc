//! Reports as they are and as they were at the end of any minute, against what the events up to there add up to. Needs `DATABASE_URL`.

use super::bank::{Bank, bank};
use super::server::CUSTOMER;
use super::written::url;
use crate::exactly_once::check::latency;
use crate::exactly_once::check::positions::Bank as Counter;
use crate::exactly_once::check::rows::derive;
use crate::exactly_once::evidence::Table;
use crate::views::positions::history;
use anyhow::{Context, ensure};
use egress::postgres::{Views, Written};
use schemas::{Aggregates, Currency, Epoch, EpochEvents, Total, Waited, rfc3339};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const MINUTE: Epoch = 60_000;
const DAY: Epoch = 86_400_000;

/// A bank with another history than its own: a few weeks of one, with levels, closings and holds.
async fn rewritten(bank: &Bank) -> anyhow::Result<Vec<EpochEvents>> {
    let tables = "truncate customer, account, transaction, posting, account_status, refusal";
    sqlx::raw_sql(tables).execute(&bank.pool).await?;
    sqlx::raw_sql("update sink_progress set epoch = 0").execute(&bank.pool).await?;
    let (mut epochs, mut counter) = (history().epochs, Counter::default());
    let mut written = Vec::new();
    for (step, events) in (0u32..).zip(&mut epochs) {
        events.waited = vec![Waited { over_ms: 0, count: 1 + step }, Waited { over_ms: if step % 2 == 0 { 5 } else { 5_000 }, count: 2 }];
        let aggregates = Aggregates { latency: events.waited.clone(), ..counter.count(&events.events) };
        written.push(Written { events: Arc::new(events.clone()), imbalances: Vec::new(), aggregates });
    }
    let mut views = Views::claim(&url(bank)?, 1).await?;
    for group in written.chunks(5) {
        views.write(group, 0, &[]).await?;
    }
    Ok(epochs)
}

fn amount(minor: &str, currency: &str) -> anyhow::Result<String> {
    let currency: Currency = currency.parse()?;
    Ok(Total { minor: minor.parse()?, currency }.to_string())
}

/// The rows of a table whose key begins with a word, the rest of the key and the columns apart.
fn rows<'a>(table: &'a Table, first: &'a str) -> impl Iterator<Item = (Vec<&'a str>, Vec<&'a str>)> {
    let rest = move |(key, row): (&'a String, &'a String)| {
        Some((key.strip_prefix(first)?.trim_start().split(' ').collect(), row.split(' ').collect::<Vec<_>>()))
    };
    table.iter().filter_map(rest)
}

/// Lines of an answer in an order of their own.
fn sorted(mut lines: Vec<Value>) -> Vec<Value> {
    lines.iter_mut().for_each(Value::sort_all_objects);
    lines.sort_by_key(Value::to_string);
    lines
}

fn positions(tables: &BTreeMap<&str, Table>) -> anyhow::Result<Vec<Value>> {
    let mut lines = Vec::new();
    for (key, row) in rows(&tables["position"], "ever 0 ") {
        let mut line = json!({"currency": key[0], "type": key[1], "role": key[2], "accounts": row[0].parse::<i64>()?,
            "balance": amount(row[1], key[0])?});
        if key[3] != "none" {
            line["level"] = json!(key[3]);
        }
        if (row[0], row[1]) != ("0", "0") {
            lines.push(line);
        }
    }
    Ok(sorted(lines))
}

fn liabilities(tables: &BTreeMap<&str, Table>) -> anyhow::Result<Vec<Value>> {
    let line = |(key, row): (Vec<&str>, Vec<&str>)| {
        Ok(json!({"currency": key[0], "owed": amount(row[0], key[0])?, "held": amount(row[1], key[0])?}))
    };
    rows(&tables["liability"], "ever 0 ").map(line).collect::<anyhow::Result<_>>().map(sorted)
}

fn customers(tables: &BTreeMap<&str, Table>, by: &str) -> anyhow::Result<Vec<Value>> {
    let line = |(key, row): (Vec<&str>, Vec<&str>)| Ok(json!({"start": rfc3339(key[0].parse()?), "active": row[0].parse::<i64>()?}));
    rows(&tables["activity"], &format!("{by} {by} ")).map(line).collect::<anyhow::Result<_>>().map(sorted)
}

fn volume(tables: &BTreeMap<&str, Table>, by: &str) -> anyhow::Result<Vec<Value>> {
    let mut lines = Vec::new();
    for (key, row) in rows(&tables["volume"], &format!("{by} ")) {
        let status = if key[4] == "none" { "settled" } else { "failed" };
        let mut line = json!({"start": rfc3339(key[0].parse()?), "operation": key[1], "status": status, "count": row[0].parse::<i64>()?});
        if key[2] != "none" {
            (line["channel"], line["currency"]) = (json!(key[2]), json!(key[3]));
            (line["amount"], line["fee"]) = (json!(amount(row[1], key[3])?), json!(amount(row[2], key[3])?));
        }
        if key[4] != "none" {
            line["reason"] = json!(key[4]);
        }
        lines.push(line);
    }
    Ok(sorted(lines))
}

/// Start, count, and of each bucket how many.
fn waits(lines: &[Value]) -> BTreeMap<String, BTreeMap<String, i64>> {
    let buckets = |line: &Value| {
        let buckets = line["buckets"].as_array().into_iter().flatten();
        buckets.map(|bucket| (bucket["over_ms"].to_string(), bucket["count"].as_i64().unwrap_or_default())).collect()
    };
    lines.iter().map(|line| (line["start"].as_str().unwrap_or_default().to_owned(), buckets(line))).collect()
}

/// What the rows of a view say, those aside that say that there is nothing.
fn told(views: &Value, name: &str) -> Vec<Value> {
    let none = |value: &Value, field: &str| value[field].as_str().is_none_or(|sum| sum.bytes().all(|byte| matches!(byte, b'0' | b'.')));
    let nothing = |value: &Value| match name {
        "positions" => value["accounts"] == 0 && none(value, "balance"),
        "liabilities" => none(value, "owed") && none(value, "held"),
        _ => false,
    };
    let rows = views["views"][name]["rows"].as_array().into_iter().flatten();
    sorted(rows.map(|row| row["value"].clone()).filter(|value| !nothing(value)).collect())
}

#[tokio::test]
async fn reports_are_what_the_events_up_to_any_minute_add_up_to() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let epochs = rewritten(&bank).await?;
    let token = bank.server.token("controller", "reports:read")?;
    let (first, last) = (epochs[0].epoch(), epochs.last().context("an epoch")?.epoch());
    let (from, to) = (first / DAY * DAY - 31 * DAY, last + DAY);
    // In the first there are only customers, whom nothing counts.
    let ends = epochs.iter().skip(1).map(|epoch| epoch.epoch() / MINUTE * MINUTE + MINUTE - 1);
    let ends = ends.filter(|end| *end <= last).map(Some);
    let mut asked = 0;
    for at in ends.chain([None]) {
        let upto = at.unwrap_or(last);
        let known = || epochs.iter().filter(|epoch| epoch.epoch() <= upto);
        let tables = derive(known().flat_map(|epoch| &epoch.events));
        let past = at.map(|at| format!("&at={at}")).unwrap_or_default();
        let get = async |path: String, lines: &str| {
            let report = bank.server.get(&token, &format!("{path}{past}")).await?.json()?;
            ensure!(report["as_of"] == upto, "{path}{past}: {report}");
            Ok::<_, anyhow::Error>(report[lines].as_array().context("lines")?.clone())
        };
        assert_eq!(sorted(get("/v1/aggregates/positions?at_least=0".to_owned(), "positions").await?), positions(&tables)?, "{past}");
        assert_eq!(sorted(get("/v1/aggregates/liabilities?at_least=0".to_owned(), "liabilities").await?), liabilities(&tables)?, "{past}");
        for by in ["day", "month"] {
            let path = format!("/v1/aggregates/customers?by={by}&from={from}&to={to}");
            assert_eq!(sorted(get(path, "customers").await?), customers(&tables, by)?, "{past} by {by}");
        }
        let table = latency::table(known().map(|epoch| (epoch.epoch(), &epoch.waited[..])));
        for by in ["minute", "hour", "day"] {
            // A range around the moment; of minutes a day would be too many.
            let (from, to) = if by == "minute" { (upto / DAY * DAY, upto + MINUTE) } else { (from, to) };
            let inside =
                |line: &Value| line["start"].as_str().is_some_and(|start| start >= rfc3339(from).as_str() && start < rfc3339(to).as_str());
            let path = format!("/v1/aggregates/volume?by={by}&from={from}&to={to}");
            let expected: Vec<Value> = volume(&tables, by)?.into_iter().filter(inside).collect();
            assert_eq!(sorted(get(path, "volume").await?), expected, "{past} by {by}");
            let mut expected: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
            for (key, row) in rows(&table, &format!("{by} ")) {
                let start: Epoch = key[0].parse()?;
                if (from..to).contains(&start) {
                    expected.entry(rfc3339(start)).or_default().insert(key[1].to_owned(), row[0].parse()?);
                }
            }
            let path = format!("/v1/aggregates/latency?by={by}&from={from}&to={to}");
            assert_eq!(waits(&get(path, "latency").await?), expected, "{past} by {by}");
        }
        let names = "positions,liabilities,volume_by_day,latency_by_day";
        let views = bank.server.get(&token, &format!("/v1/views?names={names}{past}")).await?.json()?;
        ensure!(views["as_of"] == upto, "{past}: {views}");
        assert_eq!(told(&views, "positions"), positions(&tables)?, "{past}");
        assert_eq!(told(&views, "liabilities"), liabilities(&tables)?, "{past}");
        assert_eq!(told(&views, "volume_by_day"), volume(&tables, "day")?, "{past}");
        let line = |(key, row): (Vec<&str>, Vec<&str>)| {
            Ok(json!({"start": rfc3339(key[0].parse()?), "over_ms": key[1].parse::<i64>()?, "count": row[0].parse::<i64>()?}))
        };
        let waited = rows(&table, "day ").map(line).collect::<anyhow::Result<Vec<_>>>()?;
        assert_eq!(told(&views, "latency_by_day"), sorted(waited), "{past}");
        asked += 1;
    }
    ensure!(asked > 40, "{asked} moments");
    let only = bank.server.get(&token, "/v1/aggregates/positions?currency=EUR").await?.json()?;
    let of_euro = only["positions"].as_array().context("lines")?.iter().all(|line| line["currency"] == "EUR");
    ensure!(of_euro && only["positions"][0].is_object(), "{only}");
    refused(&bank, first, last).await?;
    bank.close().await
}

/// What can't be told is said.
async fn refused(bank: &Bank, first: Epoch, last: Epoch) -> anyhow::Result<()> {
    let token = bank.server.token("controller", "reports:read")?;
    let early = first / MINUTE * MINUTE - 1;
    let last_end = last / MINUTE * MINUTE - 1;
    let soon = (last + 10 * DAY) / MINUTE * MINUTE - 1;
    for (path, at, code, detail) in [
        ("positions?", "60000", "invalid_request", "the nearest are 59999 and 119999"),
        ("liabilities?", "x", "invalid_request", "expected an epoch"),
        ("positions?currency=FCFA&currency=XOF", &early.to_string(), "invalid_request", ""),
        ("positions?", &early.to_string(), "invalid_request", "lies before the first minute"),
        ("liabilities?", &early.to_string(), "invalid_request", "lies before the first minute"),
        ("customers?by=day&from=0&to=1", &early.to_string(), "invalid_request", "lies before the first minute"),
        ("latency?by=day&from=0&to=1", &early.to_string(), "invalid_request", "lies before the first minute"),
        ("volume?by=day&from=0&to=1", &early.to_string(), "invalid_request", "lies before the first minute"),
        ("positions?", "253402300799999", "invalid_request", "lies in the future"),
        ("positions?", &soon.to_string(), "view_behind", ""),
        ("merchants?day=1&currency=XOF", "59999", "invalid_request", "turnover is kept by the day"),
        ("customers?by=week&from=0&to=1", "59999", "invalid_request", "expected day, month"),
        ("latency?by=month&from=0&to=1", "59999", "invalid_request", "expected minute, hour, day"),
        ("customers?by=day&from=0&to=129600000001", "59999", "invalid_request", "is more than 1500 times a day after from"),
        ("positions?by=day", "59999", "invalid_request", "its parameters are currency, at_least, at"),
        ("../views?names=turnover", &last_end.to_string(), "invalid_request", "turnover can't be read at a past epoch"),
        ("../views?names=active_customers", &last_end.to_string(), "invalid_request", "active_customers can't be read at a past epoch"),
        ("../views?names=liabilities", "60000", "invalid_request", "the nearest are 59999 and 119999"),
        ("../views?names=liabilities", &early.to_string(), "invalid_request", "lies before the first minute"),
    ] {
        let separator = if path.ends_with('?') { "" } else { "&" };
        let problem = bank.server.get(&token, &format!("/v1/aggregates/{path}{separator}at={at}")).await?.problem()?;
        assert_eq!(problem.code, code, "{path} {at}");
        let said = problem.errors.iter().any(|error| error.detail.contains(detail));
        ensure!(said || detail.is_empty(), "{path} {at}: {problem:?}");
    }
    let customer = bank.server.token(&bank.customer(0).to_string(), CUSTOMER)?;
    for path in ["positions", "liabilities", "customers?by=day&from=0&to=1", "latency?by=day&from=0&to=1"] {
        let problem = bank.server.get(&customer, &format!("/v1/aggregates/{path}")).await?.problem()?;
        assert_eq!((problem.status, problem.code.as_str()), (403, "insufficient_scope"), "{path}");
    }
    // Where older code has written last, nothing is shown rather than too little.
    sqlx::raw_sql("update sink_progress set positions_epoch = 0").execute(&bank.pool).await?;
    let problem = bank.server.get(&token, "/v1/aggregates/positions").await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (503, "aggregates_behind"));
    Ok(())
}
