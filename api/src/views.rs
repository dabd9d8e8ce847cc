//! What has changed in a view since an epoch?
//!
//! In: a view, the epoch that the asker has, the epoch to come to. Out: the rows whose value has changed in between, each as it is at
//! the later one, with the epoch of its last change. So a snapshot is what has changed since the beginning, and whoever has an
//! earlier epoch, however old, comes to a later one by the same question: nothing has to be kept for them.
//!
//! No table has an index for this. Ids begin with their epoch, so what happened in a stretch of time is a range of ids, and what
//! that is about are the rows that have changed.
//!
//! Where there are many rows they are joined with the units of their currencies: `amount_of` is a query for each value, and was two thirds
//! of what an account cost.

mod accounts;
mod active_customers;
mod customers;
mod holds;
mod imbalances;
mod latency;
mod liabilities;
mod orders;
mod positions;
mod transactions;
mod turnover;
mod volume;

/// A view of sums as it was at the end of a past minute.
mod past;
/// A view as it is at one epoch, or several at the same.
pub(crate) mod read;

use crate::failure::ViewError;
use schemas::{Epoch, Span, ViewName};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

/// Whoever comes from further back looks through the whole view: so many events are more than so many rows.
const NEAR_MS: u64 = 600_000;

/// A row of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name in the view.
    pub key: String,
    /// When it last changed.
    pub epoch: Epoch,
    /// The customers who may see it; of a view of the bank as a whole none.
    pub owners: Vec<Uuid>,
    /// The accounts that it is about, where a view is of accounts.
    pub accounts: Vec<Uuid>,
    /// What it says, as JSON.
    pub value: String,
}

/// Rows of a view, and where the next part begins.
#[derive(Debug)]
pub struct Part {
    /// In the order of their keys' ids, or of their keys.
    pub rows: Vec<Row>,
    /// The id that the next part begins after; none where this was the last.
    pub next: Option<Uuid>,
}

/// What is asked of a view.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// What the asker has: rows that changed later are told. Zero for all.
    pub since: Epoch,
    /// What it comes to.
    pub as_of: Epoch,
    /// Whose rows alone are looked at, of a view of customers.
    pub owner: Option<Uuid>,
    /// The id that the part begins after.
    pub after: Uuid,
    /// Most rows that are looked at.
    pub limit: usize,
}

/// Whether rows are made of what is never changed, as all that is said of customers is, so that parts of them, one after the other, are
/// of the same epoch. The others are told at once, from a snapshot of the database whose progress is the epoch to come to.
pub const fn comes_in_parts(name: ViewName) -> bool {
    name.is_of_customers()
}

#[derive(sqlx::FromRow)]
struct Found {
    key: String,
    epoch: Option<i64>,
    owners: Vec<Uuid>,
    accounts: Vec<Uuid>,
    value: String,
}

/// A part of what has changed. A view that does not come in parts is told whole, whatever `after` and `limit` are.
pub async fn changed(connection: &mut PgConnection, name: ViewName, asked: Asked) -> Result<Part, ViewError> {
    told(connection, sql(name, asked, table(name)), name, asked).await
}

async fn told(connection: &mut PgConnection, sql: String, name: ViewName, asked: Asked) -> Result<Part, ViewError> {
    // Every text that is put in is a number or an id. How much there is decides how it is best had, so each is planned by itself.
    let query = sqlx::query_as(AssertSqlSafe(sql)).persistent(false);
    let found: Vec<Found> = query.fetch_all(connection).await?;
    let last = found.last().filter(|_| comes_in_parts(name) && found.len() == asked.limit);
    let next = last.and_then(|found| found.key.parse().ok());
    let mut rows = Vec::with_capacity(found.len());
    for Found { key, epoch, owners, accounts, value } in found {
        let epoch = u64::try_from(epoch.unwrap_or_default())?;
        // What happened need not have changed the row.
        if epoch > asked.since || asked.since == 0 {
            rows.push(Row { key, epoch, owners, accounts, value });
        }
    }
    Ok(Part { rows, next })
}

/// The table of sums that a view is made of, where it is.
const fn table(name: ViewName) -> &'static str {
    match name {
        ViewName::VolumeByMinute | ViewName::VolumeByHour | ViewName::VolumeByDay => "volume",
        ViewName::LatencyByMinute | ViewName::LatencyByHour | ViewName::LatencyByDay => "latency",
        ViewName::Positions => "position",
        ViewName::Liabilities => "liability",
        ViewName::Accounts
        | ViewName::Customers
        | ViewName::Transactions
        | ViewName::Holds
        | ViewName::Orders
        | ViewName::Turnover
        | ViewName::ActiveCustomers
        | ViewName::Imbalances => "",
    }
}

fn sql(name: ViewName, asked: Asked, table: &str) -> String {
    let Asked { since, as_of, owner, after, limit } = asked;
    let is_near = since > 0 && as_of.saturating_sub(since) <= NEAR_MS;
    let text = match name {
        ViewName::Accounts => accounts::ROWS.replace("CHOSEN", if is_near { accounts::CHANGED } else { accounts::ALL }),
        ViewName::Customers => customers::ROWS.replace("CHOSEN", if is_near { customers::CHANGED } else { customers::ALL }),
        ViewName::Holds => holds::ROWS.replace("CHOSEN", if is_near { holds::CHANGED } else { holds::ALL }),
        ViewName::Orders => orders::ROWS.replace("CHOSEN", if is_near { orders::CHANGED } else { orders::ALL }),
        ViewName::Transactions => transactions::rows(),
        ViewName::VolumeByMinute => volume::rows(Span::Minute, since, as_of),
        ViewName::VolumeByHour => volume::rows(Span::Hour, since, as_of),
        ViewName::VolumeByDay => volume::rows(Span::Day, since, as_of),
        ViewName::Turnover => turnover::rows(since, as_of),
        ViewName::Positions => positions::ROWS.to_owned(),
        ViewName::Liabilities => liabilities::ROWS.to_owned(),
        ViewName::ActiveCustomers => active_customers::ROWS.to_owned(),
        ViewName::LatencyByMinute => latency::rows(Span::Minute, since, as_of),
        ViewName::LatencyByHour => latency::rows(Span::Hour, since, as_of),
        ViewName::LatencyByDay => latency::rows(Span::Day, since, as_of),
        ViewName::Imbalances => imbalances::ROWS.to_owned(),
    };
    let (own_id, own_sides) = owner.map_or_else(Default::default, |owner| {
        let own = format!("(select id from account where customer_id = '{owner}'::uuid)");
        (format!("and {} = '{owner}'::uuid", owned(name)), format!("and (account_debit in {own} or account_credit in {own})"))
    });
    text.replace("TABLE", table)
        .replace("OF_OWNER", &own_id)
        .replace("OF_SIDES", &own_sides)
        .replace("FIRST_ID", &format!("'{}'::uuid", lowest(since.saturating_add(1))))
        .replace("END_ID", &format!("'{}'::uuid", lowest(as_of.saturating_add(1))))
        .replace("AFTER_ID", &format!("'{after}'::uuid"))
        .replace("AS_OF", &as_of.to_string())
        .replace("SINCE", &since.to_string())
        .replace("PART", &limit.to_string())
}

/// The beginning of a view by minute, hour or day, where it is told since an epoch. An epoch adds to the buckets that it lies in, so what
/// has changed since one is in its own bucket or in a later one. A snapshot begins a day back by minute, 31 days by hour, and with the
/// first by day.
fn first_bucket(span: Span, since: Epoch, as_of: Epoch) -> String {
    span.start(oldest(span, as_of).max(since)).to_string()
}

const fn oldest(span: Span, as_of: Epoch) -> Epoch {
    match span {
        Span::Minute => as_of.saturating_sub(Span::Day.width_ms()),
        Span::Hour => as_of.saturating_sub(31 * Span::Day.width_ms()),
        Span::Day => 0,
    }
}

/// The column that says whose a row is, where one does.
const fn owned(name: ViewName) -> &'static str {
    if matches!(name, ViewName::Customers) { "id" } else { "customer_id" }
}

/// Below every id of an epoch, and above those of the one before.
fn lowest(epoch: Epoch) -> Uuid {
    Uuid::from_u64_pair(epoch.min(schemas::epoch::LAST_EPOCH + 1) << 16, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{AccountId, EventId};

    #[test]
    fn ids_of_an_epoch_lie_between_its_bounds() {
        for epoch in [1, 1_764_000_000_123, schemas::epoch::LAST_EPOCH] {
            for id in [EventId::mint(epoch, 0).0, AccountId::mint(epoch, u32::MAX).0] {
                assert!(lowest(epoch) < id && id < lowest(epoch + 1), "{epoch}");
            }
        }
    }

    #[test]
    fn every_question_is_whole() {
        let asked = Asked { since: 0, as_of: 1_764_000_000_123, owner: None, after: Uuid::nil(), limit: 7 };
        for name in ViewName::ALL {
            for since in [0, 1_764_000_000_100, 1] {
                let sql = sql(*name, Asked { since, ..asked }, table(*name));
                let left = ["TABLE", "CHOSEN", "OF_", "_ID", "AS_OF", "SINCE", "PART", "START", "SPAN"];
                assert!(left.iter().all(|word| !sql.contains(word)), "{name}: {sql}");
            }
        }
    }
}
