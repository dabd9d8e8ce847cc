//! `postgres_ledger`: what a ledger of stored procedures does on the same PostgreSQL, as the peer that this bank is compared with.
//!
//! `peer/ledger.sql` is the ledger: idempotent, both accounts locked in their order, funds checked, a transfer and two postings with
//! running balances written. pgbench calls it, prepared, each call a transaction that is durable before it is answered: first as different
//! numbers of clients, then as the best of them. It has a database of its own, which is dropped afterwards, and its books are checked.

use crate::Extent;
use crate::figures::Figure;
use crate::services::Services;
use anyhow::{Context, ensure};
use sqlx::{Connection, PgConnection};
use std::process::Command;
use std::time::Duration;

const DATABASE: &str = "orion_bench_peer";
const LEDGER: &str = include_str!("peer/ledger.sql");
const CLIENTS: [u16; 4] = [8, 16, 32, 64];

/// What a client of pgbench runs, and how many transfers that is.
struct Call {
    name: &'static str,
    script: &'static str,
    transfers: u32,
}

const SINGLE: Call = Call { name: "postgres_ledger", script: "benches/pipeline/peer/transfer.sql", transfers: 1 };
const FIFTY: Call = Call { name: "postgres_ledger_batch", script: "benches/pipeline/peer/transfers.sql", transfers: 50 };

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let single = Figure::new("postgres_ledger_per_s", "transfers/s", "stored procedures on the same PostgreSQL, one transfer a call");
    let fifty = Figure::new("postgres_ledger_batch_per_s", "transfers/s", "the same, fifty transfers a call");
    [(SINGLE, single), (FIFTY, fifty)].into_iter().map(|(call, figure)| measured(services, extent, &call, figure)).collect()
}

fn measured(services: &Services, extent: &Extent, call: &Call, mut figure: Figure) -> anyhow::Result<Figure> {
    let peer = Peer::fresh(services)?;
    peer.call(call, CLIENTS[0], extent.time / 4)?;
    let mut best = (0.0, CLIENTS[0]);
    for clients in CLIENTS {
        let per_s = peer.call(call, clients, extent.time / 2)?;
        eprintln!("{:<24} {per_s:>8.0}/s by {clients} clients", call.name);
        if per_s > best.0 {
            best = (per_s, clients);
        }
    }
    for _ in 1..=extent.runs {
        figure.add(peer.call(call, best.1, extent.time * 3 / 4)?);
    }
    peer.check()?;
    peer.services.drop_database(DATABASE)?;
    Ok(figure)
}

struct Peer<'a> {
    services: &'a Services,
    url: String,
}

impl<'a> Peer<'a> {
    /// With no transfer yet.
    fn fresh(services: &'a Services) -> anyhow::Result<Self> {
        services.drop_database(DATABASE)?;
        let mut postgres = services.config.postgres.clone();
        postgres.views_database = DATABASE.to_owned();
        let peer = Self { services, url: postgres.views_url()? };
        services.runtime.block_on(async {
            let create = format!("create database {DATABASE}");
            // A name can't be a parameter; this one is a constant of ours.
            sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut PgConnection::connect(&postgres.url).await?).await?;
            let mut database = PgConnection::connect(&peer.url).await?;
            sqlx::raw_sql(LEDGER).execute(&mut database).await?;
            sqlx::raw_sql("vacuum (analyze)").execute(&mut database).await?;
            anyhow::Ok(peer)
        })
    }

    /// Calls it for a while; transfers a second.
    fn call(&self, call: &Call, clients: u16, time: Duration) -> anyhow::Result<f64> {
        let mut pgbench = Command::new("pgbench");
        // What is an argument, other processes can read.
        let mut url = reqwest::Url::parse(&self.url)?;
        if let Some(password) = url.password() {
            pgbench.env("PGPASSWORD", password);
        }
        ensure!(url.set_password(None).is_ok(), "the URL of Postgres has no host");
        pgbench.args(["--no-vacuum", "--protocol", "prepared", "--jobs", "2", "--file", call.script]);
        pgbench.args(["--client", &clients.to_string(), "--time", &time.as_secs().max(1).to_string()]).arg(url.as_str());
        let output =
            pgbench.env("PGOPTIONS", "-c synchronous_commit=on").output().context("can't start pgbench, which comes with PostgreSQL")?;
        let (said, trouble) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(
            output.status.success() && said.contains("failed transactions: 0 ("),
            "pgbench ended with {}: {said}{trouble}",
            output.status
        );
        // "tps = 4321.000000 (without initial connection time)"
        let line = said.lines().find_map(|line| line.strip_prefix("tps = "));
        let calls: f64 = line.and_then(|line| line.split(' ').next()?.parse().ok()).with_context(|| format!("pgbench said {said}"))?;
        Ok(calls * f64::from(call.transfers))
    }

    /// Whether money was only moved, each settled transfer has its two postings, and each balance is that of the last one.
    fn check(&self) -> anyhow::Result<()> {
        let sql = "select
            (select sum(balance) = count(*) * 1000000000000 from account)
            and (select count(*) from posting) = 2 * (select count(*) from transfer where settled)
            and (select sum(amount) = 0 from posting)
            and (select bool_or(not settled) and bool_or(settled) from transfer)
            and not exists (
                select from (select distinct on (account) account, balance from posting order by account, transfer desc) last
                join account on account.id = last.account where account.balance <> last.balance
            )";
        let whole: Option<bool> = self.services.runtime.block_on(async {
            let mut database = PgConnection::connect(&self.url).await?;
            sqlx::query_scalar(sql).fetch_one(&mut database).await
        })?;
        ensure!(whole == Some(true), "the books of the peer don't balance");
        Ok(())
    }
}
