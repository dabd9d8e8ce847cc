//! What the accounts add up to, by the rows that were written: where the books of the proof start again when neither a
//! snapshot nor Kafka has them any more.

use crate::postgres::{PostgresError, RANGE};
use schemas::{AccountId, Currency, Epoch, TransactionId};
use sqlx::Connection;
use sqlx::PgConnection;
use uuid::Uuid;

/// An account by its postings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSum {
    /// The account.
    pub account: AccountId,
    /// Its postings, added up.
    pub amount_minor: i128,
    /// Place of the newest: its epoch, and its number among the postings of that epoch.
    pub newest: (Epoch, u32),
    /// The balance beside it.
    pub balance_minor: i64,
}

/// Every account that has postings before an epoch.
pub async fn accounts(url: &str, before: Epoch) -> Result<Vec<AccountSum>, PostgresError> {
    let mut connection = connect(url).await?;
    let rows: Vec<(Uuid, String, i64, i32, i64)> = sqlx::query_as(
        "select sums.account_id, sums.amount_minor::text, newest.epoch, newest.number, newest.balance_minor
         from (select account_id, sum(amount_minor::numeric) as amount_minor from posting where epoch < $1 group by account_id) as sums
         cross join lateral (select epoch, number, balance_minor from posting
                             where posting.account_id = sums.account_id and epoch < $1
                             order by epoch desc, number desc limit 1) as newest",
    )
    .bind(i64::try_from(before).expect(RANGE))
    .fetch_all(&mut connection)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|(account, amount_minor, epoch, number, balance_minor)| {
            Ok(AccountSum {
                account: AccountId(account),
                amount_minor: integer(&amount_minor)?,
                newest: (u64::try_from(epoch).unwrap_or_default(), u32::try_from(number).unwrap_or_default()),
                balance_minor,
            })
        })
        .collect()
}

/// Every transaction before an epoch whose legs do not sum to zero, and what they sum to: none, in a sound bank.
pub async fn unequal(url: &str, before: Epoch) -> Result<Vec<(TransactionId, Currency, i128)>, PostgresError> {
    let mut connection = connect(url).await?;
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(
        "select transaction.id, transaction.currency, legs.amount_minor::text
         from (select transaction_id, sum(amount_minor::numeric) as amount_minor from posting
               where epoch < $1 group by transaction_id having sum(amount_minor::numeric) <> 0) as legs
         join transaction on transaction.id = legs.transaction_id",
    )
    .bind(i64::try_from(before).expect(RANGE))
    .fetch_all(&mut connection)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|(id, currency, amount_minor)| {
            let currency = currency.parse().map_err(|error| failed(sqlx::Error::Decode(Box::new(error))))?;
            Ok((TransactionId(id), currency, integer(&amount_minor)?))
        })
        .collect()
}

async fn connect(url: &str) -> Result<PgConnection, PostgresError> {
    PgConnection::connect(url).await.map_err(failed)
}

fn integer(text: &str) -> Result<i128, PostgresError> {
    text.parse().map_err(|error: std::num::ParseIntError| failed(sqlx::Error::Decode(Box::new(error))))
}

fn failed(source: sqlx::Error) -> PostgresError {
    PostgresError::Postgres { step: "add up the postings", source }
}
