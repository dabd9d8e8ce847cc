//! A statement by the days from which payments count.
//!
//! Nearly every payment counts from the epoch in which it was made; staff may make one that counts from an earlier moment, which
//! its order says. So the balance by these days is not the one that a posting carries:
//!
//! **Definition.** Entries stand in the order of (from when on they count, epoch, number). What is in the account before a place is
//! the sum of all entries that stand before it and were made by the epoch that is read at.
//!
//! 1. What was made before the epoch of the place stands before it: nothing counts from later than it was made. The newest posting
//!    before that epoch carries the sum.
//! 2. Of what was made in that epoch or later, those stand before it that count from earlier: orders say which.
//! 3. Of what was made in just that epoch and counts from it, those with a lower number.

use super::{Order, Place, Range, Row};
use crate::View;
use crate::failure::ViewError;
use schemas::Currency;
use schemas::order::DATED_MS_MAX;
use sqlx::AssertSqlSafe;

/// What $1 was paid or paid, by $4, that counts from a moment from $2 until $3 on which is not the one when it was made, but earlier: so
/// it was made after $2. An account that takes the fees of the currency $5 is no side of the payments of which it takes them.
const BACK: &str = "
    select d.effective_at, p.epoch, p.number, p.transaction_id, p.amount_minor
    from (select o.transaction_id, o.effective_at, o.epoch from order_change o
          where o.account_debit = $1 and o.effective_at >= $2 and o.effective_at < $3 and o.epoch <= $4 and o.event_id >= first_id_of($2)
          union
          select o.transaction_id, o.effective_at, o.epoch from order_change o
          where o.account_credit = $1 and o.effective_at >= $2 and o.effective_at < $3 and o.epoch <= $4 and o.event_id >= first_id_of($2)
          union
          select o.transaction_id, o.effective_at, o.epoch from order_change o
          where o.currency = $5::text and o.effective_at >= $2 and o.effective_at < $3 and o.epoch <= $4 and o.event_id >= first_id_of($2)) d
    join posting p on p.account_id = $1 and p.epoch = d.epoch and p.transaction_id = d.transaction_id";

/// Those of both kinds beyond the place ($6, $7, $8), at most $9 of them.
const CHOSEN: &str = "
    select c.*, 0::bigint as balance_minor
    from ((select p.epoch as counts, p.epoch, p.number, p.transaction_id, p.amount_minor
           from posting p
           where p.account_id = $1 and p.epoch >= $2 and p.epoch < $3 and p.epoch <= $4
             and (p.epoch, p.epoch, p.number) BEYOND ($6, $7, $8)
             and not exists (select 1 from order_change o where o.transaction_id = p.transaction_id and o.effective_at is not null
                                                            and o.event_id >= first_id_of(p.epoch) and o.event_id < first_id_of(p.epoch + 1)
                             offset 0)
           order by p.epoch DIRECTION, p.number DIRECTION
           limit $9)
          union all
          (select b.effective_at, b.epoch, b.number, b.transaction_id, b.amount_minor
           from (BACK) b
           where (b.effective_at, b.epoch, b.number) BEYOND ($6, $7, $8)
           order by b.effective_at DIRECTION, b.epoch DIRECTION, b.number DIRECTION
           limit $9)) c
    order by c.counts DIRECTION, c.epoch DIRECTION, c.number DIRECTION
    limit $9";

/// The three parts of the definition, for the place ($6, $7, $8).
const BEFORE: &str = "
    select (coalesce((select p.balance_minor from posting p
                      where p.account_id = $1 and p.epoch < $6 and p.epoch <= $4
                      order by p.epoch desc, p.number desc
                      limit 1), 0)
            + coalesce((select sum(b.amount_minor) from (BACK) b
                        where b.epoch >= $6 and (b.effective_at, b.epoch, b.number) < ($6, $7, $8)), 0)
            + coalesce((select sum(p.amount_minor) from posting p
                        where p.account_id = $1 and p.epoch = $6 and p.epoch <= $4 and (p.epoch, p.number) < ($7, $8)
                          and not exists (select 1 from order_change o
                                          where o.transaction_id = p.transaction_id and o.effective_at is not null
                                            and o.event_id >= first_id_of(p.epoch) and o.event_id < first_id_of(p.epoch + 1)
                                          offset 0)), 0))::bigint";

/// The query for a part of the statement.
pub(super) fn chosen() -> String {
    CHOSEN.replace("BACK", BACK)
}

/// What is in the account before a place.
pub(super) async fn before(view: &View, range: Range, place: Place) -> Result<i64, ViewError> {
    // Whatever was made in that epoch or later counts from no earlier than this.
    let earliest = place.counts.saturating_sub(i64::try_from(DATED_MS_MAX)?);
    let minor = sqlx::query_scalar(AssertSqlSafe(BEFORE.replace("BACK", BACK)))
        .bind(range.account.0)
        .bind(earliest)
        .bind(place.counts.saturating_add(1))
        .bind(range.as_of)
        .bind(range.fees_of.map(Currency::code))
        .bind(place.counts)
        .bind(place.epoch)
        .bind(place.number)
        .fetch_one(&view.pool)
        .await?;
    Ok(minor)
}

/// Works out the balance after each of a part's entries, which follow each other without a gap.
pub(super) async fn balance(view: &View, range: Range, order: Order, rows: &mut [Row]) -> Result<(), ViewError> {
    let Some(first) = rows.first().map(Row::place) else { return Ok(()) };
    let mut minor = before(view, range, first).await?;
    match order {
        Order::Ascending => {
            for row in rows {
                minor = minor.saturating_add(row.amount_minor);
                row.balance_minor = minor;
            }
        }
        Order::Descending => {
            minor = minor.saturating_add(rows.first().map_or(0, |row| row.amount_minor));
            for row in rows {
                row.balance_minor = minor;
                minor = minor.saturating_sub(row.amount_minor);
            }
        }
    }
    Ok(())
}
