//! Streams of what changes: what each client is told, and what none is.

use super::bank::{Bank, bank, command, show};
use super::server::{CUSTOMER, STAFF};
use crate::events::{Event, Events};
use anyhow::{Context, ensure};
use reqwest::Client;
use schemas::{Epoch, EventId, TransactionId};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A view as a client puts it together.
type Rows = BTreeMap<String, (u64, Value)>;

/// The first pays so much to the second, at an epoch that the views then show.
async fn pay(bank: &Bank, epoch: Epoch, amount: i64, left: [i64; 2]) -> anyhow::Result<()> {
    sqlx::query("insert into transaction values ($1, 'transfer', 'settled', $2, $3, $4, 0, 'XOF', 'wallet', null, '', $5, $6, $7)")
        .bind(TransactionId::mint(epoch, 0).0)
        .bind(bank.account(0).0)
        .bind(bank.account(1).0)
        .bind(amount)
        .bind(command(&epoch.to_string()).0)
        .bind(EventId::mint(epoch, 0).0)
        .bind(i64::try_from(epoch)?)
        .execute(&bank.pool)
        .await?;
    for (number, amount) in [(0, -amount), (1, amount)] {
        sqlx::query("insert into posting values ($1, $2, $3, $4, $5, $6)")
            .bind(bank.account(number).0)
            .bind(i64::try_from(epoch)?)
            .bind(i32::try_from(number)?)
            .bind(TransactionId::mint(epoch, 0).0)
            .bind(amount)
            .bind(left[usize::try_from(number)?])
            .execute(&bank.pool)
            .await?;
    }
    come_to(bank, epoch + 1).await
}

/// The views show, and have counted, every epoch before this one.
async fn come_to(bank: &Bank, epoch: Epoch) -> anyhow::Result<()> {
    sqlx::query("update sink_progress set aggregates_epoch = $1, positions_epoch = $1")
        .bind(i64::try_from(epoch)?)
        .execute(&bank.pool)
        .await?;
    show(bank, epoch, 20).await
}

async fn open(bank: &Bank, token: &str, path: &str, last_id: Option<&str>) -> anyhow::Result<Events> {
    Events::open(&Client::new(), &format!("{}{path}", bank.server.base()), token, last_id).await
}

/// Puts rows where their keys are, until the client has everything up to an epoch; says how many of them it did not have. A step that
/// began before the client came tells it once more what it has.
async fn until(events: &mut Events, rows: &mut Rows, epoch: Epoch) -> anyhow::Result<usize> {
    let mut came = 0;
    loop {
        let Event { name, data } = events.next().await?.context("cut off")?;
        match name.as_str() {
            "row" => {
                let (key, of) = (data["key"].as_str().context("no key")?.to_owned(), data["epoch"].as_u64().context("no epoch")?);
                let row = (of, data["value"].clone());
                match rows.get(&key) {
                    Some((before, _)) if *before > of => anyhow::bail!("{key} goes back"),
                    Some(before) if before.0 == of => ensure!(*before == row, "{key} is another at the same epoch: {before:?}, {row:?}"),
                    _ => came += 1,
                }
                rows.insert(key, row);
            }
            "progress" => {
                ensure!(events.last_id == Some(data["as_of"].to_string()), "{data}: {:?}", events.last_id);
                if data["as_of"].as_u64() >= Some(epoch) {
                    return Ok(came);
                }
            }
            other => anyhow::bail!("{other} {data}"),
        }
    }
}

/// A view as a read shows it.
async fn read(bank: &Bank, token: &str, name: &str) -> anyhow::Result<Rows> {
    let view = bank.server.get(token, &format!("/v1/views/{name}")).await?.json()?;
    let rows = view["rows"].as_array().context("no rows")?.iter();
    let row = |row: &Value| Some((row["key"].as_str()?.to_owned(), (row["epoch"].as_u64()?, row["value"].clone())));
    rows.map(row).collect::<Option<_>>().context("a row lacks something")
}

#[tokio::test]
async fn a_snapshot_then_what_changes_then_what_was_missed() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let (staff, t0) = (bank.server.token("teller", STAFF)?, bank.t0);
    let mut rows = Rows::new();
    come_to(&bank, t0 + 10).await?;
    let mut events = open(&bank, &staff, "/v1/views/accounts/stream", None).await?;
    assert_eq!(until(&mut events, &mut rows, t0 + 9).await?, 3, "the snapshot");
    assert_eq!(rows, read(&bank, &staff, "accounts").await?);

    pay(&bank, t0 + 20, 100, [600, 400]).await?;
    assert_eq!(until(&mut events, &mut rows, t0 + 20).await?, 2, "what changed");
    assert_eq!(rows[&bank.account(0).to_string()].1["balance_posted"], "600");
    assert_eq!(rows, read(&bank, &staff, "accounts").await?);

    // Missed, and had again by the id that was seen last.
    let last_id = events.last_id.clone();
    drop(events);
    pay(&bank, t0 + 30, 100, [500, 500]).await?;
    pay(&bank, t0 + 31, 100, [400, 600]).await?;
    let mut events = open(&bank, &staff, "/v1/views/accounts/stream?since=beginning", last_id.as_deref()).await?;
    ensure!(until(&mut events, &mut rows, t0 + 31).await? >= 2, "what was missed");
    assert_eq!(rows, read(&bank, &staff, "accounts").await?);

    // Who says nothing of payments wants those from now on.
    let mut events = open(&bank, &staff, "/v1/transactions/stream", None).await?;
    let mut payments = Rows::new();
    assert_eq!(until(&mut events, &mut payments, t0 + 31).await?, 0);
    pay(&bank, t0 + 40, 5, [395, 605]).await?;
    // One that came a moment before it may be among them.
    ensure!(until(&mut events, &mut payments, t0 + 40).await? >= 1);
    let all = read(&bank, &staff, "transactions").await?;
    let id = TransactionId::mint(t0 + 40, 0).to_string();
    assert_eq!((payments.get(&id), all.len()), (all.get(&id), 7));

    // A view of sums, whose rows do not come in parts, is told whole. The teller has as many streams as one may.
    let controller = bank.server.token("controller", STAFF)?;
    let mut events = open(&bank, &controller, "/v1/views/volume_by_day/stream", None).await?;
    sqlx::query("insert into volume values ('day', $1, 'transfer', 'wallet', 'XOF', '', 1, 5, 0, $2)")
        .bind(i64::try_from(t0 - t0 % 86_400_000)?)
        .bind(i64::try_from(t0 + 50)?)
        .execute(&bank.pool)
        .await?;
    come_to(&bank, t0 + 51).await?;
    let mut sums = Rows::new();
    assert_eq!(until(&mut events, &mut sums, t0 + 50).await?, 1);
    assert_eq!(sums, read(&bank, &staff, "volume_by_day").await?);
    drop(events);
    bank.close().await
}

#[tokio::test]
async fn customers_are_told_what_is_theirs() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let (t0, staff) = (bank.t0, bank.server.token("teller", STAFF)?);
    let [awa, moussa] = [0, 1].map(|number| bank.server.token(&bank.customer(number).to_string(), CUSTOMER));
    let (awa, moussa, nobody) = (awa?, moussa?, bank.server.token("nobody", CUSTOMER)?);
    let of = |number| format!("account={}", bank.account(number));
    let mut streams = Vec::new();
    for (token, path, rows) in [
        (&awa, "/v1/views/accounts/stream".to_owned(), 1),
        (&moussa, "/v1/views/accounts/stream".to_owned(), 1),
        (&staff, format!("/v1/views/accounts/stream?{}", of(1)), 1),
    ] {
        let (mut events, mut told) = (open(&bank, token, &path, None).await?, Rows::new());
        assert_eq!(until(&mut events, &mut told, t0 + 9).await?, rows, "{path}");
        streams.push((events, told));
    }
    // As many as there may be: three.
    pay(&bank, t0 + 20, 100, [600, 400]).await?;
    for (number, (events, told)) in [0, 1, 1].into_iter().zip(&mut streams) {
        assert_eq!(until(events, told, t0 + 20).await?, 1);
        assert_eq!(told.keys().collect::<Vec<_>>(), [&bank.account(number).to_string()]);
    }
    drop(streams);
    for (token, path, rows) in [
        // The deposit, the transfer, the one that failed, and the payment.
        (&awa, "/v1/transactions/stream?since=beginning".to_owned(), 4),
        (&moussa, "/v1/transactions/stream?since=beginning".to_owned(), 3),
        (&nobody, "/v1/transactions/stream?since=beginning".to_owned(), 0),
        (&staff, "/v1/transactions/stream?since=beginning".to_owned(), 4),
        (&staff, format!("/v1/transactions/stream?since=beginning&{}", of(1)), 3),
        (&moussa, "/v1/views/customers/stream".to_owned(), 1),
    ] {
        let mut told = Rows::new();
        let mut events = eventually(async || open(&bank, token, &path, None).await).await?;
        assert_eq!(until(&mut events, &mut told, t0 + 20).await?, rows, "{path}");
    }
    bank.close().await
}

#[tokio::test]
async fn what_can_not_be_streamed_is_said() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let (t0, staff) = (bank.t0, bank.server.token("teller", STAFF)?);
    let awa = bank.server.token(&bank.customer(0).to_string(), CUSTOMER)?;
    let beyond = format!("{}", t0 + 10);
    for (token, path, last_id, status, code, pointers) in [
        (&staff, "/v1/views/balances/stream".to_owned(), None, 404, "view_not_found", vec![]),
        (&staff, format!("/v1/views/accounts/stream?since={beyond}"), None, 400, "invalid_request", vec!["since"]),
        (&staff, "/v1/views/accounts/stream?since=then&account=x".to_owned(), None, 400, "invalid_request", vec!["since", "account"]),
        (&staff, "/v1/transactions/stream?at=7".to_owned(), None, 400, "invalid_request", vec!["at"]),
        (&staff, "/v1/transactions/stream".to_owned(), Some(beyond.as_str()), 400, "invalid_request", vec!["Last-Event-ID"]),
        (&staff, "/v1/transactions/stream".to_owned(), Some("0:7"), 400, "invalid_request", vec!["Last-Event-ID"]),
        (&staff, format!("/v1/views/customers/stream?account={}", bank.account(0)), None, 400, "invalid_request", vec!["account"]),
        (&awa, format!("/v1/transactions/stream?account={}", bank.account(1)), None, 404, "account_not_found", vec![]),
        (&awa, "/v1/views/turnover/stream".to_owned(), None, 403, "insufficient_scope", vec![]),
    ] {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(last_id.map(|id| ("last-event-id", id)));
        let problem = bank.server.send(reqwest::Method::GET, &path, &headers, Vec::new()).await?.problem()?;
        let named: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, problem.code.as_str(), named), (status, code, pointers), "{path} {last_id:?}");
    }
    bank.close().await
}

#[tokio::test]
async fn streams_are_few_and_end_with_a_reason() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let (staff, path) = (bank.server.token("teller", STAFF)?, "/v1/transactions/stream");
    let other = bank.server.token("clerk", STAFF)?;
    let (mut first, second) = (open(&bank, &staff, path, None).await?, open(&bank, &staff, path, None).await?);
    let problem = bank.server.get(&staff, path).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (429, "too_many_streams"));
    ensure!(problem.detail.starts_with("You have"), "{}", problem.detail);
    let third = open(&bank, &other, path, None).await?;
    let problem = bank.server.get(&bank.server.token("auditor", STAFF)?, path).await?.problem()?;
    ensure!(problem.code == "too_many_streams" && problem.detail.starts_with("This server"), "{}", problem.detail);
    // A client that leaves makes room.
    drop(second);
    let mut fourth = eventually(async || open(&bank, &staff, path, None).await).await?;

    let last = async |events: &mut Events| loop {
        let event = events.next().await?.context("cut off")?;
        if event.name != "progress" {
            ensure!(event.name == "end" && events.next().await?.is_none(), "{event:?}");
            return Ok(event.data);
        }
    };
    drop(third);
    let brief = async || open(&bank, &orion::token::sign(&bank.server.auth, "clerk", STAFF, 2)?, path, None).await;
    assert_eq!(last(&mut eventually(brief).await?).await?, json!({"reason": "token_expired"}));
    bank.server.stop_streams();
    for events in [&mut first, &mut fourth] {
        assert_eq!(last(events).await?, json!({"reason": "server_stops"}));
    }
    bank.close().await
}

/// Tries until it comes about: a place is free a moment after its client has left.
async fn eventually<T>(mut come_about: impl AsyncFnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        match come_about().await {
            Err(_) if std::time::Instant::now() < deadline => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            came => return came,
        }
    }
}
