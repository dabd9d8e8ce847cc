//! The books as the views in Postgres have them: every number from one snapshot, at one epoch.

use super::books::Sums;
use super::trouble::Trouble;
use schemas::{AccountId, Currency, Epoch};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};
use std::collections::HashMap;
use uuid::Uuid;

/// What the views say.
pub(super) struct Views {
    /// They hold every epoch below this one, and nothing of it or later.
    pub upper: Epoch,
    /// Transactions that moved money.
    pub settled: u64,
    /// The newest balance of every account that was ever moved.
    pub balances: HashMap<AccountId, (Currency, i64)>,
}

impl Views {
    /// Per currency the sum of all balances: zero.
    pub(super) fn sums(&self) -> Sums {
        let mut sums = Sums::new();
        for (currency, balance) in self.balances.values() {
            *sums.entry(*currency).or_default() += i128::from(*balance);
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
    let upper: Option<i64> =
        sqlx::query_scalar("select min(epoch) from sink_progress").fetch_one(connection).await.map_err(|error| trouble(&error))?;
    Epoch::try_from(upper.unwrap_or_default()).map_err(|error| trouble(&error))
}

/// The views at one epoch.
pub(super) async fn views(connection: &mut PgConnection) -> Result<Views, Trouble> {
    let mut snapshot = connection.begin_with("begin isolation level repeatable read read only").await.map_err(|error| trouble(&error))?;
    let upper = upper(&mut snapshot).await?;
    let settled: i64 = sqlx::query_scalar("select count(distinct transaction_id) from posting")
        .fetch_one(&mut *snapshot)
        .await
        .map_err(|error| trouble(&error))?;
    let settled = u64::try_from(settled).map_err(|error| trouble(&error))?;
    let rows = sqlx::query(
        "select newest.account_id, account.currency, newest.balance_minor
         from (select distinct on (account_id) account_id, balance_minor from posting order by account_id, epoch desc, number desc) newest
         left join account on account.id = newest.account_id",
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(|error| trouble(&error))?;
    let mut balances = HashMap::with_capacity(rows.len());
    for row in rows {
        let account: Uuid = row.try_get(0).map_err(|error| trouble(&error))?;
        let currency: Option<String> = row.try_get(1).map_err(|error| trouble(&error))?;
        let balance: i64 = row.try_get(2).map_err(|error| trouble(&error))?;
        let currency = currency.ok_or_else(|| trouble(&format!("account {account} has postings but is not in the table of accounts")))?;
        balances.insert(AccountId(account), (currency.parse().map_err(|error| trouble(&error))?, balance));
    }
    snapshot.rollback().await.map_err(|error| trouble(&error))?;
    Ok(Views { upper, settled, balances })
}

fn trouble(reason: &dyn std::fmt::Display) -> Trouble {
    Trouble::Postgres { reason: reason.to_string() }
}
