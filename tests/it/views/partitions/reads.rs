//! What the API reads of a bank of many months, against the events that it was written from.

use super::history::{events, legs};
use crate::http::server::{Ground, STAFF, Server};
use crate::views::paid::Bank;
use anyhow::{Context, ensure};
use schemas::{AccountId, Dated, Epoch, Fact, OrderChange};
use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Asks for everything in every form. The database has all epochs of the bank.
pub(super) async fn read(url: &str, bank: &Bank) -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().max_connections(3).connect_with(api::planned_once(url.parse()?)).await?;
    let server = Server::start(Ground { pool: pool.clone(), ..Ground::none()? }).await?;
    let reader = Reader { token: server.token("teller", STAFF)?, server };
    let opened = events(bank).filter_map(|event| match &event.fact {
        Fact::AccountOpened(account) => Some((account.id, event.epoch)),
        _ => None,
    });
    for (account, opened) in opened.collect::<Vec<_>>() {
        statements(&reader, bank, account).await?;
        balances(&reader, bank, account, opened).await?;
        payments(&reader, bank, account).await?;
    }
    one_by_one(&reader, bank).await?;
    reader.server.stop_streams();
    pool.close().await;
    Ok(())
}

/// How often each month of the postings was looked at, by sessions that have ended.
async fn looks(connection: &mut PgConnection) -> anyhow::Result<BTreeMap<String, i64>> {
    let query = "select relname::text, (coalesce(seq_scan, 0) + coalesce(idx_scan, 0))::bigint
                 from pg_stat_user_tables where relname like 'posting\\_%'";
    Ok(sqlx::query_as::<_, (String, i64)>(query).fetch_all(connection).await?.into_iter().collect())
}

/// A balance is read in the newest month that has a posting of the account, and in no month before: these are looked at, and no other.
pub(super) async fn balance_stops(url: &str, account: AccountId, months: &[&str]) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    // What a session has looked at is counted when it ends at the latest: so do those before, which filled these months.
    let others = "select count(*) from pg_stat_activity
                  where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()";
    all_end(&mut connection, others).await?;
    let before = looks(&mut connection).await?;
    let options: PgConnectOptions = url.parse()?;
    let pool = PgPoolOptions::new().connect_with(api::planned_once(options)).await?;
    let server = Server::start(Ground { pool: pool.clone(), ..Ground::none()? }).await?;
    let token = server.token("teller", STAFF)?;
    for _ in 0..7 {
        assert_eq!(server.get(&token, &format!("/v1/accounts/{account}/balance")).await?.status, 200);
    }
    server.stop_streams();
    pool.close().await;
    all_end(&mut connection, others).await?;
    let after = looks(&mut connection).await?;
    let looked: Vec<_> = after.iter().filter(|(name, looks)| before.get(*name) != Some(*looks)).map(|(name, _)| name.as_str()).collect();
    assert_eq!(looked, months);
    Ok(())
}

/// Waits until a count of sessions comes to nothing.
async fn all_end(connection: &mut PgConnection, sessions: &'static str) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while sqlx::query_scalar::<_, i64>(sessions).fetch_one(&mut *connection).await? > 0 {
        ensure!(Instant::now() < deadline, "a session does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

struct Reader {
    server: Server,
    token: String,
}

impl Reader {
    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.server.get(&self.token, path).await?;
        ensure!(answer.status == 200, "{path}: {answer:?}");
        answer.json()
    }

    /// All parts of a list.
    async fn all(&self, path: &str, query: &str, entries: &str) -> anyhow::Result<Vec<Value>> {
        let (mut found, mut next) = (Vec::new(), format!("{path}?{query}"));
        loop {
            let part = self.get(&next).await?;
            found.extend(part[entries].as_array().context("a list")?.iter().cloned());
            let Some(cursor) = part["next_cursor"].as_str() else { return Ok(found) };
            next = format!("{path}?limit=7&cursor={cursor}");
        }
    }
}

/// How the payment of an order ended, as a timeline says it.
fn order_end(change: OrderChange) -> &'static str {
    if change == OrderChange::Failed { "failed" } else { "settled" }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// By both days and in both orders, in parts that end anywhere in a month; and between the borders of two months.
async fn statements(reader: &Reader, bank: &Bank, account: AccountId) -> anyhow::Result<()> {
    let path = format!("/v1/accounts/{account}/entries");
    let mut expected = legs(bank, account);
    let told = |entry: &Value| {
        (text(&entry["transaction_id"]), text(&entry["amount"]), text(&entry["balance"]), entry["epoch"].as_u64().unwrap_or_default())
    };
    let between = "from=2025-10-01T00:00:00Z&to=2025-12-01T00:00:00Z";
    let within = |epoch: u64| (1_759_276_800_000..1_764_547_200_000).contains(&epoch);
    let found: Vec<_> = reader.all(&path, &format!("limit=7&order=asc&{between}"), "entries").await?.iter().map(told).collect();
    assert_eq!(found, expected.iter().filter(|leg| within(leg.3)).cloned().collect::<Vec<_>>(), "{account} {between}");
    let found: Vec<_> = reader.all(&path, "limit=7&order=asc", "entries").await?.iter().map(told).collect();
    assert_eq!(found, expected, "{account}");
    expected.reverse();
    let found: Vec<_> = reader.all(&path, "limit=7", "entries").await?.iter().map(told).collect();
    assert_eq!(found, expected, "{account}");

    // By the days from which they count, the same entries stand elsewhere, and the balances follow.
    let effective = reader.all(&path, "limit=7&by=effective&order=asc", "entries").await?;
    let known: BTreeSet<_> = expected.iter().map(|leg| (leg.0.clone(), leg.1.clone())).collect();
    assert_eq!(effective.iter().map(|entry| (text(&entry["transaction_id"]), text(&entry["amount"]))).collect::<BTreeSet<_>>(), known);
    let mut balance = 0;
    for entry in &effective {
        balance += text(&entry["amount"]).parse::<i64>()?;
        assert_eq!(text(&entry["balance"]), balance.to_string(), "{account}: {entry}");
    }
    let mut back = reader.all(&path, "limit=7&by=effective", "entries").await?;
    back.reverse();
    assert_eq!(back, effective, "{account}");
    Ok(())
}

/// At every epoch of the bank, and a moment before it.
async fn balances(reader: &Reader, bank: &Bank, account: AccountId, opened: Epoch) -> anyhow::Result<()> {
    let legs = legs(bank, account);
    for epoch in bank.epochs.iter().map(schemas::EpochEvents::epoch) {
        for at in [epoch - 1, epoch].into_iter().filter(|at| *at >= opened) {
            let shown = reader.get(&format!("/v1/accounts/{account}/balance?at={at}")).await?;
            let newest = legs.iter().rfind(|leg| leg.3 <= at).map_or_else(|| "0".to_owned(), |leg| leg.2.clone());
            assert_eq!(text(&shown["balance_posted"]), newest, "{account} at {at}");
        }
    }
    Ok(())
}

async fn payments(reader: &Reader, bank: &Bank, account: AccountId) -> anyhow::Result<()> {
    let sides = |event: &schemas::Event| match &event.fact {
        Fact::Transaction(of) if [of.account_debit, of.account_credit].contains(&account) => Some((of.id.to_string(), of.refusal)),
        _ => None,
    };
    let mut expected: Vec<_> = events(bank).filter_map(sides).collect();
    expected.reverse();
    let ids = |rows: Vec<Value>| rows.iter().map(|row| text(&row["id"])).collect::<Vec<_>>();
    let found = ids(reader.all("/v1/transactions", &format!("limit=7&account={account}"), "transactions").await?);
    assert_eq!(found, expected.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), "{account}");
    let found = ids(reader.all("/v1/transactions", &format!("limit=7&status=failed&account={account}"), "transactions").await?);
    let failed = expected.iter().filter(|(_, refusal)| refusal.is_some());
    assert_eq!(found, failed.map(|(id, _)| id.clone()).collect::<Vec<_>>(), "{account}");
    Ok(())
}

/// Each payment, hold, order, batch and command by its id.
async fn one_by_one(reader: &Reader, bank: &Bank) -> anyhow::Result<()> {
    let (mut holds, mut given_back, mut asked) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    for event in events(bank) {
        let command = event.cause.command_id;
        match &event.fact {
            Fact::Transaction(transaction) => {
                let shown = reader.get(&format!("/v1/transactions/{}", transaction.id)).await?;
                assert_eq!(shown["epoch"].as_u64(), Some(event.epoch), "{shown}");
                assert_eq!(shown["status"], transaction.status().as_str(), "{shown}");
                if let Some(original) = transaction.link.and_then(schemas::Link::original).filter(|_| transaction.refusal.is_none()) {
                    given_back.insert(original, event.id.to_string());
                }
                // An item of a batch is no operation of its own, and no more is what a clock brings about.
                if asked.insert(command) && shown["batch_id"].is_null() && shown["order_id"].is_null() {
                    let operation = reader.get(&format!("/v1/operations/{command}")).await?;
                    assert_eq!(operation["epoch"].as_u64(), Some(event.epoch), "{operation}");
                }
            }
            Fact::HoldChanged(held) => drop(holds.insert(held.id, (held.open, event.epoch))),
            Fact::BatchDecided(decided) => {
                let shown = reader.get(&format!("/v1/batches/{command}")).await?;
                assert_eq!(shown["outcomes"].as_array().map(Vec::len), Some(decided.outcomes.len()), "{shown}");
                assert_eq!(shown["epoch"].as_u64(), Some(event.epoch), "{shown}");
            }
            Fact::OrderChanged(order) if order.transaction_id.is_some() => {
                let shown = reader.get(&format!("/v1/orders/{}", order.id)).await?;
                assert_eq!((&shown["status"], shown["epoch"].as_u64()), (&order.change.as_str().into(), Some(event.epoch)), "{shown}");
                let paid = order.transaction_id.map(|id| format!("/v1/transactions/{id}")).unwrap_or_default();
                assert_eq!(reader.get(&paid).await?["order_id"], order.id.to_string());
                let timeline = reader.all(&format!("{paid}/timeline"), "limit=7", "events").await?;
                // One that counts from an earlier day was never waited for.
                let first = if matches!(order.dated, Dated::ExecuteAt(_)) { "ordered" } else { order_end(order.change) };
                assert_eq!(timeline[0]["event"], first, "{timeline:?}");
            }
            Fact::Refused { .. } => {
                let operation = reader.get(&format!("/v1/operations/{command}")).await?;
                assert_eq!((&operation["status"], operation["epoch"].as_u64()), (&"failed".into(), Some(event.epoch)), "{operation}");
            }
            _ => {}
        }
    }
    ensure!(holds.len() > 20 && given_back.len() > 20, "{} holds, {} given back", holds.len(), given_back.len());
    for (hold, (open, epoch)) in &holds {
        let shown = reader.get(&format!("/v1/holds/{hold}")).await?;
        assert_eq!((shown["status"] == "held", shown["epoch"].as_u64()), (*open, Some(*epoch)), "{shown}");
    }
    for (original, event) in &given_back {
        let timeline = reader.all(&format!("/v1/transactions/{original}/timeline"), "limit=7", "events").await?;
        ensure!(timeline.iter().any(|happened| &text(&happened["event_id"]) == event), "{original}: {timeline:?}");
    }
    Ok(())
}
