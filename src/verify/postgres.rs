//! The same books in Postgres, at one epoch: what the views show against what the events say.

use super::books::{Account, Books, Counts};
use crate::config::Config;
use crate::exit::{self, Exit};
use egress::postgres::aggregates::{self, Compared};
use schemas::{AccountId, Epoch};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Row};
use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;
use std::time::Duration;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// How long a Postgres that is not there is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The views, as they are from here on: one snapshot.
pub(super) struct Views {
    runtime: Runtime,
    connection: PgConnection,
    upper: Epoch,
}

impl Views {
    /// Opens a snapshot; the reason where Postgres is not there. One that is there and shows no views is an error.
    pub(super) fn open(config: &Config) -> anyhow::Result<Result<Self, String>> {
        let url = config.postgres.views_url()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let open = async {
            let mut connection = PgConnectOptions::from_str(&url)?.application_name("orion verify").connect().await?;
            sqlx::raw_sql("begin isolation level repeatable read read only").execute(&mut connection).await?;
            let upper: i64 = sqlx::query_scalar("select epoch from sink_progress where sink = 'views'").fetch_one(&mut connection).await?;
            Ok::<_, sqlx::Error>((connection, u64::try_from(upper).unwrap_or(0)))
        };
        let opened = runtime.block_on(async { tokio::time::timeout(PATIENCE, open).await });
        match opened {
            Err(_) => Ok(Err("it does not answer".to_owned())),
            Ok(Err(error @ (sqlx::Error::Io(_) | sqlx::Error::Tls(_)))) => Ok(Err(error.to_string())),
            Ok(Err(error)) => {
                let sentence = format!("postgres is there, but its views can't be compared: {error}");
                Err(Exit { code: exit::UNAVAILABLE, sentence }.into())
            }
            Ok(Ok((connection, upper))) => Ok(Ok(Self { runtime, connection, upper })),
        }
    }

    /// The last epoch that they have; of views that have none, 0.
    pub(super) fn last(&self) -> Epoch {
        self.upper.saturating_sub(1)
    }

    /// Compares with the books as they were after an epoch; what was compared.
    pub(super) fn compare(&mut self, books: &mut Books, at: Epoch) -> Result<String, Exit> {
        let failed = |error: sqlx::Error| Exit { code: exit::UNAVAILABLE, sentence: format!("postgres failed: {error}") };
        let (from, at_row) = (row(books.from), row(at));
        let Self { runtime, connection, .. } = self;
        let counts = runtime.block_on(counts(connection, from, at_row)).map_err(failed)?;
        let (events, views) = (books.counts, counts);
        if events != views {
            books.faults.add(|| format!("at epoch {at} the events give {events:?}, and postgres has {views:?}"));
        }
        let accounts = runtime.block_on(accounts(connection, from, at_row)).map_err(failed)?;
        let mut seen = HashSet::with_capacity(accounts.len());
        for (id, balance_minor, moved_minor, postings) in &accounts {
            seen.insert(*id);
            let said = books.accounts.get(id);
            let same = said.is_some_and(|account| {
                account.balance_minor == *balance_minor && account.moved_minor.to_string() == *moved_minor && account.postings == *postings
            });
            if !same {
                let events = said.map_or_else(|| "nothing".to_owned(), describe);
                books.faults.add(|| {
                    format!("account {id}: postgres has balance {balance_minor}, sum {moved_minor} of {postings} postings; the events give {events}")
                });
            }
        }
        let missing = books.accounts.iter().filter(|(id, account)| account.postings > 0 && !seen.contains(*id)).map(|(id, _)| *id).min();
        if let Some(id) = missing {
            books.faults.add(|| format!("account {id} has postings in the events and none in postgres"));
        }
        let held = runtime.block_on(held(connection, from, at_row)).map_err(failed)?;
        let of_events = books.holds.held.iter().map(|(account, held)| (*account, held.minor.to_string())).collect::<BTreeMap<_, _>>();
        if let Some(account) = of_events.keys().chain(held.keys()).find(|account| of_events.get(*account) != held.get(*account)) {
            let said = |held: &BTreeMap<AccountId, String>| held.get(account).map_or_else(|| "nothing".to_owned(), String::clone);
            let (events, views) = (said(&of_events), said(&held));
            books.faults.add(|| format!("account {account}: {events} is held by the events, and {views} by postgres"));
        }
        let compared = runtime.block_on(aggregates::compare(connection)).map_err(failed)?;
        for Compared { table, differing, first, .. } in compared.iter().filter(|compared| compared.differing > 0) {
            let first = first.as_deref().unwrap_or_default();
            books.faults.add(|| format!("{table} is not the sum of what it counts: {differing} rows differ, the first is {first}"));
        }
        let counted = match compared.iter().map(|compared| format!("{} rows of {}", compared.rows, compared.table)).collect::<Vec<_>>() {
            none if none.is_empty() => "no aggregates, since older code has written last".to_owned(),
            some => some.join(", "),
        };
        Ok(format!("postgres: compared at epoch {at}, {} accounts, {counted}", accounts.len()))
    }
}

fn describe(account: &Account) -> String {
    format!("balance {}, sum {} of {} postings", account.balance_minor, account.moved_minor, account.postings)
}

fn row(epoch: Epoch) -> i64 {
    i64::try_from(epoch).unwrap_or(i64::MAX)
}

async fn counts(connection: &mut PgConnection, from: i64, at: i64) -> Result<Counts, sqlx::Error> {
    let row = sqlx::query(
        "select (select count(*) from customer where epoch between $1 and $2),
                (select count(*) from account where epoch between $1 and $2),
                (select count(*) from transaction where status = 'settled' and epoch between $1 and $2),
                (select count(*) from transaction where status = 'failed' and epoch between $1 and $2),
                (select count(*) from refusal where epoch between $1 and $2),
                (select count(*) from rules_activation where epoch between $1 and $2),
                (select count(*) from account_status where epoch between $1 and $2),
                (select count(*) from hold_change where epoch between $1 and $2),
                (select count(*) from customer_level where epoch between $1 and $2),
                (select count(*) from account_terms where epoch between $1 and $2),
                (select count(*) from level_limits where epoch between $1 and $2),
                (select count(*) from tariff where epoch between $1 and $2),
                (select count(*) from batch where epoch between $1 and $2),
                (select count(*) from batch_item where epoch between $1 and $2),
                (select count(*) from order_change where epoch between $1 and $2)",
    )
    .bind(from)
    .bind(at)
    .fetch_one(connection)
    .await?;
    let count = |column: usize| row.try_get::<i64, _>(column).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Counts {
        customers: count(0)?,
        accounts: count(1)?,
        settled: count(2)?,
        failed: count(3)?,
        refusals: count(4)?,
        activations: count(5)?,
        statuses: count(6)?,
        holds: count(7)?,
        levels: count(8)?,
        terms: count(9)?,
        limits: count(10)?,
        tariffs: count(11)?,
        batches: count(12)?,
        items: count(13)?,
        orders: count(14)?,
    })
}

/// By account of which something was ever held: what is (as text, as below).
async fn held(connection: &mut PgConnection, from: i64, at: i64) -> Result<BTreeMap<AccountId, String>, sqlx::Error> {
    let query = "select account_debit, sum(held_minor)::text from hold_change where epoch between $1 and $2 group by account_debit";
    let rows: Vec<(Uuid, String)> = sqlx::query_as(query).bind(from).bind(at).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(account, held_minor)| (AccountId(account), held_minor)).collect())
}

/// By account: balance after the newest posting, sum (as text: it may be larger than any balance) and number of postings.
async fn accounts(connection: &mut PgConnection, from: i64, at: i64) -> Result<Vec<(AccountId, i64, String, u64)>, sqlx::Error> {
    let rows = sqlx::query(
        "select newest.account_id, newest.balance_minor, moved.amount_minor, moved.postings
         from (select distinct on (account_id) account_id, balance_minor from posting
               where epoch between $1 and $2 order by account_id, epoch desc, number desc) newest
         join (select account_id, sum(amount_minor)::text amount_minor, count(*) postings from posting
               where epoch between $1 and $2 group by account_id) moved using (account_id)
         order by account_id",
    )
    .bind(from)
    .bind(at)
    .fetch_all(connection)
    .await?;
    let account = |row: &sqlx::postgres::PgRow| {
        let postings: i64 = row.try_get(3)?;
        Ok((AccountId(row.try_get::<Uuid, _>(0)?), row.try_get(1)?, row.try_get(2)?, u64::try_from(postings).unwrap_or(0)))
    };
    rows.iter().map(account).collect()
}
