//! A small bank in a database of its own: what the views cell would have written, and a server that reads it.
//!
//! Two customers with an account each, and the house; at t0 + 2 the house pays 1000 to the first; at t0 + 5 the
//! first pays 300 to the second; at t0 + 6 they lack the money for more; at t0 + 7 an account is refused.

use super::server::{CUSTOMER, Ground, STAFF, Server};
use api::Known;
use schemas::{AccountId, CommandId, CustomerId, Epoch, EventId, TransactionId};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A database of the views, ten seconds of a small bank ago, and a server that reads it.
pub(crate) struct Bank {
    pub(crate) server: Server,
    pub(crate) pool: PgPool,
    url: String,
    database: String,
    pub(crate) recent: Arc<Mutex<BTreeMap<CommandId, Known>>>,
    pub(crate) newest: Arc<AtomicU64>,
    pub(crate) caught_up: Arc<AtomicBool>,
    /// The epoch at which everything began.
    pub(crate) t0: Epoch,
    _services: crate::house::Shared,
}

pub(crate) fn command(key: &str) -> CommandId {
    CommandId::derive("teller", "transfer", key)
}

/// A bank; none, and says so, where there is no Postgres to test with.
pub(crate) async fn bank() -> anyhow::Result<Option<Bank>> {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        println!("skipped: DATABASE_URL is not set");
        return Ok(None);
    };
    let services = crate::house::share_services();
    let database = format!("orion_http_{}", uuid::Uuid::new_v4().simple());
    let mut server = PgConnection::connect(&url).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("create database {database}"))).execute(&mut server).await?;
    let mut views = reqwest::Url::parse(&url)?;
    views.set_path(&database);
    let pool = PgPoolOptions::new().max_connections(4).connect_with(api::planned_once(views.as_str().parse()?)).await?;
    sqlx::migrate!("state/migrations/views").run(&pool).await?;

    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let ground = Ground { pool: pool.clone(), ..Ground::none()? };
    let (recent, newest, caught_up) = (Arc::clone(&ground.recent), Arc::clone(&ground.newest), Arc::clone(&ground.caught_up));
    let server = Server::start(ground).await?;
    let bank = Bank { server, pool, url, database, recent, newest, caught_up, t0: now - 10_000, _services: services };
    fill(&bank).await?;
    show(&bank, bank.t0 + 10, 10).await?;
    bank.staff(&format!("/v1/accounts/{}?at_least={}", bank.account(0), bank.t0 + 9)).await?;
    Ok(Some(bank))
}

async fn fill(bank: &Bank) -> anyhow::Result<()> {
    let (t0, house) = (bank.t0, AccountId::house("cash", "XOF".parse()?));
    sqlx::query("select make_months($1)").bind(i64::try_from(t0)?).execute(&bank.pool).await?;
    for (number, name) in [(0, "Awa"), (1, "Moussa")] {
        sqlx::query("insert into customer values ($1, $2, null, 'SN', 'pending', $3, $4)")
            .bind(bank.customer(number).0)
            .bind(name)
            .bind(command(name).0)
            .bind(i64::try_from(t0)?)
            .execute(&bank.pool)
            .await?;
        sqlx::query("insert into account values ($1, $2, 'wallet', 'customer', 'XOF', 'active', $3, $4)")
            .bind(bank.account(number).0)
            .bind(bank.customer(number).0)
            .bind(command(&format!("{name}/account")).0)
            .bind(i64::try_from(t0 + 1)?)
            .execute(&bank.pool)
            .await?;
    }
    sqlx::query("insert into account values ($1, null, 'current', 'house', 'XOF', 'active', $2, $3)")
        .bind(house.0)
        .bind(command("deposit").0)
        .bind(i64::try_from(t0 + 2)?)
        .execute(&bank.pool)
        .await?;
    for (epoch, key, debit, credit, amount, reason) in [
        (t0 + 2, "deposit", house, bank.account(0), 1000_i64, None),
        (t0 + 5, "transfer", bank.account(0), bank.account(1), 300, None),
        (t0 + 6, "too-much", bank.account(0), bank.account(1), 5000, Some("insufficient_funds")),
    ] {
        let id = TransactionId::mint(epoch, 0);
        sqlx::query("insert into transaction values ($1, $2, $3, $4, $5, $6, 0, 'XOF', 'wallet', $7, $8, $9, $10, $11)")
            .bind(id.0)
            .bind(if key == "deposit" { "deposit" } else { "transfer" })
            .bind(if reason.is_some() { "failed" } else { "settled" })
            .bind(debit.0)
            .bind(credit.0)
            .bind(amount)
            .bind(reason)
            .bind(TRACE)
            .bind(command(key).0)
            .bind(EventId::mint(epoch, 0).0)
            .bind(i64::try_from(epoch)?)
            .execute(&bank.pool)
            .await?;
    }
    for (account_id, epoch, number, amount, balance) in [
        (house, t0 + 2, 0, -1000_i64, -1000_i64),
        (bank.account(0), t0 + 2, 1, 1000, 1000),
        (bank.account(0), t0 + 5, 0, -300, 700),
        (bank.account(1), t0 + 5, 1, 300, 300),
    ] {
        sqlx::query("insert into posting values ($1, $2, $3, $4, $5, $6)")
            .bind(account_id.0)
            .bind(i64::try_from(epoch)?)
            .bind(number)
            .bind(TransactionId::mint(epoch, 0).0)
            .bind(amount)
            .bind(balance)
            .execute(&bank.pool)
            .await?;
    }
    // The second account is suspended, and active again in the same epoch two later.
    for (epoch, number, operation, status) in
        [(t0 + 6, 9, "suspend_account", "suspended"), (t0 + 8, 0, "close_account", "closed"), (t0 + 8, 1, "reactivate_account", "active")]
    {
        sqlx::query("insert into account_status values ($1, $2, $3, $4, $5, $6)")
            .bind(EventId::mint(epoch, number).0)
            .bind(command(operation).0)
            .bind(bank.account(1).0)
            .bind(operation)
            .bind(status)
            .bind(i64::try_from(epoch)?)
            .execute(&bank.pool)
            .await?;
    }
    sqlx::query("insert into refusal values ($1, $2, 'open_account', 'customer_not_found', $3)")
        .bind(EventId::mint(t0 + 7, 0).0)
        .bind(command("refused").0)
        .bind(i64::try_from(t0 + 7)?)
        .execute(&bank.pool)
        .await?;
    Ok(())
}

/// The views now show every epoch before `epoch`, and every command before `upper`.
pub(crate) async fn show(bank: &Bank, epoch: Epoch, upper: i64) -> anyhow::Result<()> {
    let mut transaction = bank.pool.begin().await?;
    sqlx::query("update sink_progress set epoch = $1, commands_upper = array[$2::bigint]")
        .bind(i64::try_from(epoch)?)
        .bind(upper)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("notify orion_views").execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

impl Bank {
    /// One of two customers.
    pub(crate) fn customer(&self, number: u32) -> CustomerId {
        CustomerId::mint(self.t0, number)
    }

    /// The account of one of them.
    pub(crate) fn account(&self, number: u32) -> AccountId {
        AccountId::mint(self.t0 + 1, number)
    }

    /// What staff reads, as soon as the server has seen what is shown: a busy machine may take longer than a read waits.
    pub(crate) async fn staff(&self, path: &str) -> anyhow::Result<Value> {
        let token = self.server.token("teller", STAFF)?;
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = self.server.get(&token, path).await?;
            if !answer.is_behind() || Instant::now() >= deadline {
                return answer.json();
            }
        }
    }

    /// What a customer reads: the status, and the code if it is a problem.
    pub(crate) async fn seen(&self, number: u32, path: &str) -> anyhow::Result<(u16, String)> {
        let answer = self.server.get(&self.server.token(&self.customer(number).to_string(), CUSTOMER)?, path).await?;
        Ok((answer.status, if answer.status == 200 { String::new() } else { answer.problem()?.code }))
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.pool.close().await;
        let mut server = PgConnection::connect(&self.url).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("drop database {} with (force)", self.database))).execute(&mut server).await?;
        Ok(())
    }
}
