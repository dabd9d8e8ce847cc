//! The books as the views in Postgres have them: every number from one snapshot, at one epoch.

use super::books::Sums;
use super::trouble::Trouble;
use schemas::{AccountId, Currency, Epoch};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection, Row};
use std::collections::HashMap;
use uuid::Uuid;

/// What the views say.
pub(super) struct Views {
    /// They hold every epoch below this one, and nothing of it or later.
    pub upper: Epoch,
    /// Transactions that are shown as settled.
    pub settled: u64,
    /// Transactions that have postings.
    pub moved: u64,
    /// Every account that was ever moved.
    pub balances: HashMap<AccountId, Balance>,
}

/// What the views say of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Balance {
    /// Of the account.
    pub currency: Currency,
    /// After its newest posting.
    pub minor: i64,
    /// The sum of all its postings.
    pub moved_minor: i64,
}

impl Views {
    /// Per currency the sum of all balances: zero.
    pub(super) fn sums(&self) -> Sums {
        let mut sums = Sums::new();
        for balance in self.balances.values() {
            *sums.entry(balance.currency).or_default() += i128::from(balance.minor);
        }
        sums
    }
}

/// A connection to the views database.
pub(super) async fn connect(url: &str) -> Result<PgConnection, Trouble> {
    PgConnection::connect(url).await.map_err(|error| trouble(&error))
}

/// The first epoch that the views do not have yet; 0 before the first.
pub(super) async fn upper(connection: &mut PgConnection) -> Result<Epoch, Trouble> {
    let upper: Option<i64> = sqlx::query_scalar("select epoch from sink_progress where sink = 'views'")
        .fetch_optional(connection)
        .await
        .map_err(|error| trouble(&error))?;
    Epoch::try_from(upper.unwrap_or_default()).map_err(|error| trouble(&error))
}

/// The views at one epoch.
pub(super) async fn views(connection: &mut PgConnection) -> Result<Views, Trouble> {
    let mut snapshot = connection.begin_with("begin isolation level repeatable read read only").await.map_err(|error| trouble(&error))?;
    let upper = upper(&mut snapshot).await?;
    let settled = count(&mut snapshot, "select count(*) from transaction where status = 'settled'").await?;
    let moved = count(&mut snapshot, "select count(distinct transaction_id) from posting").await?;
    let rows = sqlx::query(
        "select newest.account_id, account.currency, newest.balance_minor, moved.amount_minor
         from (select distinct on (account_id) account_id, balance_minor from posting order by account_id, epoch desc, number desc) newest
         join (select account_id, sum(amount_minor)::bigint amount_minor from posting group by account_id) moved using (account_id)
         left join account on account.id = newest.account_id",
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(|error| trouble(&error))?;
    let mut balances = HashMap::with_capacity(rows.len());
    for row in rows {
        let (account, currency, balance, moved) = read(&row).map_err(|error| trouble(&error))?;
        let currency = currency.ok_or_else(|| trouble(&format!("account {account} has postings but is not in the table of accounts")))?;
        let currency = currency.parse().map_err(|error| trouble(&error))?;
        balances.insert(AccountId(account), Balance { currency, minor: balance, moved_minor: moved });
    }
    snapshot.rollback().await.map_err(|error| trouble(&error))?;
    Ok(Views { upper, settled, moved, balances })
}

async fn count(connection: &mut PgConnection, sql: &'static str) -> Result<u64, Trouble> {
    let count: i64 = sqlx::query_scalar(sql).fetch_one(connection).await.map_err(|error| trouble(&error))?;
    u64::try_from(count).map_err(|error| trouble(&error))
}

fn read(row: &PgRow) -> Result<(Uuid, Option<String>, i64, i64), sqlx::Error> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
}

fn trouble(reason: &dyn std::fmt::Display) -> Trouble {
    Trouble::Postgres { reason: reason.to_string() }
}
