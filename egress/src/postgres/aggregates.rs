//! The aggregates by the rows that were written: what older code left uncounted, and whether what was counted is right.

mod positions;

use crate::postgres::{PostgresError, SINK};
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use std::time::Instant;

/// Every bucket of the volume over the epochs from `$1` to before `$2`: first by the minute, then each minute in its hour and
/// its day.
macro_rules! volume {
    () => {
        "select span, start_at / width * width as start_at, operation, channel, currency, reason, sum(count)::bigint as count,
                sum(amount_minor) as amount_minor, sum(fee_minor) as fee_minor, max(epoch) as epoch
         from (select epoch / 60000 * 60000 as start_at, operation, channel, currency, coalesce(reason, '') as reason, count(*) as count,
                      sum(amount_minor) as amount_minor, sum(fee_minor) as fee_minor, max(epoch) as epoch
               from transaction
               where epoch >= $1 and epoch < $2
               group by 1, 2, 3, 4, 5
               union all
               select epoch / 60000 * 60000, operation, '', '', reason, count(*), 0, 0, max(epoch)
               from refusal
               where epoch >= $1 and epoch < $2
               group by 1, 2, 5) as minute
         cross join (values ('minute', 60000), ('hour', 3600000), ('day', 86400000)) as spans (span, width)
         group by 1, 2, 3, 4, 5, 6"
    };
}

/// The turnover of every merchant and agent over the same epochs: of each side of a payment that counts for it.
macro_rules! turnover {
    () => {
        "select transaction.epoch / 86400000 * 86400000 as day_at, transaction.currency, account.id as account_id, operation,
                count(*) as count, sum(amount_minor) as amount_minor, max(transaction.epoch) as epoch
         from transaction
         cross join lateral (values (account_debit, operation in ('deposit', 'refund', 'reversal')),
                                    (account_credit, operation in ('merchant_payment', 'bill_payment', 'withdrawal', 'refund', 'reversal')))
                            as side (account_id, counts)
         join account on account.id = side.account_id and account.role in ('merchant', 'agent')
         where counts and transaction.status = 'settled' and transaction.epoch >= $1 and transaction.epoch < $2
         group by 1, 2, 3, 4"
    };
}

/// What counts all of it.
const COUNT: [&str; 2] = [
    concat!(
        "insert into volume as old (span, start_at, operation, channel, currency, reason, count, amount_minor, fee_minor, epoch) ",
        volume!(),
        " on conflict (span, start_at, operation, channel, currency, reason) do update
          set count = old.count + excluded.count, amount_minor = old.amount_minor + excluded.amount_minor,
              fee_minor = old.fee_minor + excluded.fee_minor, epoch = excluded.epoch"
    ),
    concat!(
        "insert into turnover as old (day_at, currency, account_id, operation, count, amount_minor, epoch) ",
        turnover!(),
        " on conflict (day_at, currency, account_id, operation) do update
          set count = old.count + excluded.count, amount_minor = old.amount_minor + excluded.amount_minor, epoch = excluded.epoch"
    ),
];

/// What compares: how many rows a table has, how many are not what they should be or should be there, and the first of those.
const COMPARE: [(&str, &str); 2] = [
    (
        "volume",
        concat!(
            "with said as materialized (select span, start_at, operation, channel, currency, reason, count, amount_minor, fee_minor,
                                               epoch from volume),
                  counted as materialized (",
            volume!(),
            "), other as ((table said except all table counted) union all (table counted except all table said))
             select (select count(*) from said), (select count(*) from other),
                    (select min(concat_ws(' ', span, start_at, operation, channel, currency, reason)) from other)"
        ),
    ),
    (
        "turnover",
        concat!(
            "with said as materialized (select day_at, currency, account_id, operation, count, amount_minor, epoch from turnover),
                  counted as materialized (",
            turnover!(),
            "), other as ((table said except all table counted) union all (table counted except all table said))
             select (select count(*) from said), (select count(*) from other),
                    (select min(concat_ws(' ', day_at, currency, account_id, operation)) from other)"
        ),
    ),
];

/// Counts what is written and not counted: all of it, where the bank is older than the tables; what older code wrote,
/// where it was started again in between. In one transaction, and by the generation that holds the row.
///
/// A death before the commit leaves everything as it was, one after it nothing to be done.
pub(super) async fn catch_up(connection: &mut PgConnection, generation: i64) -> Result<(), PostgresError> {
    let failed = |source| PostgresError::Postgres { step: "count what was written by older code", source };
    let started = Instant::now();
    let mut transaction = connection.begin().await.map_err(failed)?;
    let query = "select epoch, aggregates_epoch, positions_epoch from sink_progress where sink = $1 and generation = $2 for update";
    let held: Option<(i64, i64, i64)> =
        sqlx::query_as(query).bind(SINK).bind(generation).fetch_optional(&mut *transaction).await.map_err(failed)?;
    let (epoch, aggregates, positions) = held.ok_or(PostgresError::Fenced(SINK))?;
    if aggregates == epoch && positions == epoch {
        return Ok(());
    }
    let mut rows = 0;
    for (counted, queries) in [(aggregates, &COUNT[..]), (positions, &positions::COUNT)] {
        // What is counted adds nothing, but would be looked through.
        for query in queries.iter().filter(|_| counted < epoch) {
            rows += sqlx::query(*query).bind(counted).bind(epoch).execute(&mut *transaction).await.map_err(failed)?.rows_affected();
        }
    }
    let query = "update sink_progress set aggregates_epoch = epoch, positions_epoch = epoch where sink = $1";
    sqlx::query(query).bind(SINK).execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    let seconds = started.elapsed().as_secs_f64();
    tracing::info!(from = aggregates.min(positions), to = epoch, rows, seconds, "counted what was written by older code");
    Ok(())
}

/// What a table of sums says against the rows that it counts, both as one connection sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The table.
    pub table: &'static str,
    /// Its rows.
    pub rows: i64,
    /// Those that are not the sum of what they count, and sums that have no such row.
    pub differing: i64,
    /// The first of them.
    pub first: Option<String>,
}

/// Compares every sum; nothing where older code has written since, and has not counted. Within a snapshot, so that both
/// sides are of one epoch.
pub async fn compare(connection: &mut PgConnection) -> Result<Vec<Compared>, sqlx::Error> {
    let query = "select aggregates_epoch = epoch and positions_epoch = epoch, epoch from sink_progress where sink = $1";
    let (is_counted, epoch): (bool, i64) = sqlx::query_as(query).bind(SINK).fetch_one(&mut *connection).await?;
    let mut compared = Vec::new();
    for (table, query) in COMPARE.into_iter().chain(positions::COMPARE).filter(|_| is_counted) {
        let (rows, differing, first) = sqlx::query_as(query).bind(0_i64).bind(epoch).fetch_one(&mut *connection).await?;
        compared.push(Compared { table, rows, differing, first });
    }
    Ok(compared)
}
