//! Which accounts there were at the end of an epoch, and the levels of their holders, by the rows that were written.
//!
//! Rows carry their epochs and are never changed, so the past is exact. This is how the accounts come back to a cell that begins
//! with books of that epoch.

use crate::postgres::{PostgresError, RANGE};
use schemas::{Account, AccountId, AccountStatus, CustomerId, CustomerLevel, Epoch};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// What stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stood {
    /// Of whom staff had set one: the level.
    pub levels: Vec<CustomerLevel>,
    /// The accounts; whether one was closed, its status says.
    pub accounts: Vec<Account>,
}

/// Rows of one question: what is read is small, and a bank may have many accounts.
const PART: i64 = 20_000;

type Row = (Uuid, Option<Uuid>, String, String, String, bool);

/// What stood at the end of an epoch.
pub async fn at(url: &str, epoch: Epoch) -> Result<Stood, PostgresError> {
    let epoch = i64::try_from(epoch).expect(RANGE);
    let mut connection = PgConnection::connect(url).await.map_err(failed)?;
    // All of it from one moment, though nothing that is asked for can change.
    let mut snapshot = connection.begin_with("begin isolation level repeatable read read only").await.map_err(failed)?;
    let (mut stood, mut after) = (Stood::default(), Uuid::nil());
    loop {
        let query = "select distinct on (customer_id) customer_id, level from customer_level
                     where customer_id > $1 and epoch <= $2 order by customer_id, event_id desc limit $3";
        let part: Vec<(Uuid, String)> =
            sqlx::query_as(query).bind(after).bind(epoch).bind(PART).fetch_all(&mut *snapshot).await.map_err(failed)?;
        let Some((last, _)) = part.last() else { break };
        after = *last;
        for (customer, level) in part {
            stood.levels.push(CustomerLevel { customer_id: CustomerId(customer), level: level.parse().map_err(decoded)? });
        }
    }
    after = Uuid::nil();
    loop {
        let query = "select id, customer_id, type, role, currency,
                            exists (select from account_status as closed
                                    where closed.account_id = account.id and closed.status = 'closed' and closed.epoch <= $2)
                     from account where id > $1 and epoch <= $2 order by id limit $3";
        let part: Vec<Row> = sqlx::query_as(query).bind(after).bind(epoch).bind(PART).fetch_all(&mut *snapshot).await.map_err(failed)?;
        let Some((last, ..)) = part.last() else { break };
        after = *last;
        for (id, customer, account_type, role, currency, is_closed) in part {
            stood.accounts.push(Account {
                id: AccountId(id),
                customer_id: customer.map(CustomerId),
                account_type: account_type.parse().map_err(decoded)?,
                role: role.parse().map_err(decoded)?,
                currency: currency.parse().map_err(decoded)?,
                status: if is_closed { AccountStatus::Closed } else { AccountStatus::Active },
            });
        }
    }
    Ok(stood)
}

fn decoded(error: schemas::money::Unreadable) -> PostgresError {
    failed(sqlx::Error::Decode(Box::new(error)))
}

fn failed(source: sqlx::Error) -> PostgresError {
    PostgresError::Postgres { step: "read the accounts", source }
}
