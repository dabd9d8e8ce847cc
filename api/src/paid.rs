//! What was paid in a minute? The proof of an old payment is made of it.
//!
//! Ids sort by the order of the decisions, so a minute is a range of the primary key. The rows are those of which the ledger keeps
//! a hash, all and in its order, or nothing is told: a proof out of a part would be refused for good.

use crate::failure::{Failure, ViewError};
use crate::freshness::behind;
use crate::progress::Shown;
use schemas::proof::{TREE_MS, minute as minute_of};
use schemas::{AccountId, Bearer, Paid, PaymentKind, Problem, TransactionId};
use sqlx::PgPool;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    operation: String,
    channel: String,
    account_debit: Uuid,
    account_credit: Uuid,
    amount_minor: i64,
    fee_minor: i64,
    currency: String,
    fee_bearer: Option<String>,
}

/// Where the row does not say who bore the fee, the payer's leg does, the first of the transaction: it is of the amount alone where
/// the payee did.
const SELECT: &str = "
    select t.id, t.operation, t.channel, t.account_debit, t.account_credit, t.amount_minor, t.fee_minor, t.currency,
           case when t.fee_bearer is null and t.fee_minor > 0
                then (select case when p.amount_minor = -t.amount_minor then 'payee' else 'payer' end
                      from posting p
                      where p.account_id = t.account_debit and p.epoch = t.epoch and p.transaction_id = t.id
                      order by p.number
                      limit 1)
                else t.fee_bearer end as fee_bearer
    from transaction t
    where t.id >= $1 and t.id < $2 and t.status = 'settled' and t.operation = any($3)
    order by t.id";

/// Every payment that settled in a minute since 1970, in the order of their ids; refunds and reversals are none.
pub async fn paid(pool: &PgPool, minute: u64) -> Result<Vec<Paid>, Problem> {
    let shown = Shown::read(pool).await.map_err(Failure::from)?.ok_or(ViewError::NoProgress).map_err(Failure::from)?;
    // Rows are never changed, so those of a minute that is shown whole are all that it will ever have.
    if minute_of(shown.epoch) <= minute {
        return Err(behind());
    }
    Ok(rows(pool, minute).await.map_err(Failure::from)?)
}

async fn rows(pool: &PgPool, minute: u64) -> Result<Vec<Paid>, ViewError> {
    let first = |minute: u64| TransactionId::mint(minute * TREE_MS, 0).0;
    let asked: Vec<&str> = PaymentKind::ASKED.iter().map(|kind| kind.as_str()).collect();
    let rows: Vec<Row> = sqlx::query_as(SELECT).bind(first(minute)).bind(first(minute + 1)).bind(asked).fetch_all(pool).await?;
    rows.into_iter().map(Row::into_paid).collect()
}

impl Row {
    fn into_paid(self) -> Result<Paid, ViewError> {
        Ok(Paid {
            id: TransactionId(self.id),
            kind: self.operation.parse()?,
            channel: self.channel.parse()?,
            bearer: self.fee_bearer.map_or(Ok(Bearer::Payer), |bearer| bearer.parse())?,
            payer: AccountId(self.account_debit),
            payee: AccountId(self.account_credit),
            currency: self.currency.parse()?,
            amount_minor: self.amount_minor,
            fee_minor: self.fee_minor,
        })
    }
}
