//! What did a view of sums say at the end of a past minute?
//!
//! The tables keep what was added in each minute, hour and day, so a sum of then is put together of whole stretches
//! (`aggregates::past`), and takes the place of the table. Of an account's day, and of who was active first, there are no smaller
//! stretches in the same form: those views have no past.

use super::{Asked, Row, oldest, sql, told};
use crate::aggregates::past::Pieces;
use crate::failure::ViewError;
use schemas::{Epoch, Span, ViewName};
use sqlx::PgConnection;
use uuid::Uuid;

const VOLUME: &str = "(select SHOWN, operation, channel, currency, reason, sum(count)::bigint as count, sum(amount_minor) as amount_minor,
                              sum(fee_minor) as fee_minor, max(epoch) as epoch
                       from volume s join PIECES group by 1, 2, operation, channel, currency, reason) volume";

const LATENCY: &str = "(select SHOWN, over_ms, sum(count)::bigint as count, max(epoch) as epoch
                        from latency s join PIECES group by 1, 2, over_ms) latency";

const POSITIONS: &str = "(select SHOWN, currency, account_type, role, level, sum(accounts)::bigint as accounts,
                                 sum(balance_minor) as balance_minor, max(epoch) as epoch
                          from position s join PIECES group by 1, 2, currency, account_type, role, level) position";

const LIABILITIES: &str = "(select SHOWN, currency, sum(owed_minor) as owed_minor, sum(held_minor) as held_minor, max(epoch) as epoch
                            from liability s join PIECES group by 1, 2, currency) liability";

/// The rows as of the end of a minute; none of a view that has no past.
pub(super) async fn rows(connection: &mut PgConnection, name: ViewName, at: Epoch) -> Result<Option<Vec<Row>>, ViewError> {
    let Some(table) = table(name, at)? else { return Ok(None) };
    let asked = Asked { since: 0, as_of: at, owner: None, after: Uuid::nil(), limit: 0 };
    Ok(Some(told(connection, sql(name, asked, &table), name, asked).await?.rows))
}

fn table(name: ViewName, at: Epoch) -> Result<Option<String>, ViewError> {
    let by = |table, span: Span| Ok(Some(of(table, span.as_str(), &Pieces::of(span, span.start(oldest(span, at)), at + 1, Some(at))?)));
    match name {
        ViewName::VolumeByMinute => by(VOLUME, Span::Minute),
        ViewName::VolumeByHour => by(VOLUME, Span::Hour),
        ViewName::VolumeByDay => by(VOLUME, Span::Day),
        ViewName::LatencyByMinute => by(LATENCY, Span::Minute),
        ViewName::LatencyByHour => by(LATENCY, Span::Hour),
        ViewName::LatencyByDay => by(LATENCY, Span::Day),
        ViewName::Positions => Ok(Some(of(POSITIONS, "ever", &Pieces::ever(at)?))),
        ViewName::Liabilities => Ok(Some(of(LIABILITIES, "ever", &Pieces::ever(at)?))),
        ViewName::Accounts
        | ViewName::Customers
        | ViewName::Transactions
        | ViewName::Holds
        | ViewName::Orders
        | ViewName::Turnover
        | ViewName::ActiveCustomers
        | ViewName::Imbalances => Ok(None),
    }
}

/// A table of sums as of these pieces, shown as stretches of a span. Every value is a number or a word of ours.
fn of(table: &str, span: &str, pieces: &Pieces) -> String {
    let bounds = pieces.span.iter().zip(&pieces.from).zip(&pieces.to).zip(&pieces.start);
    let rows = bounds.map(|(((span, from), to), start)| {
        let start = start.map_or_else(|| "null".to_owned(), |start| start.to_string());
        format!("('{span}', {from}, {to}, {start}::bigint)")
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    let pieces = format!(
        "(values {rows}) piece (span, from_at, to_at, told_at)
         on s.span = piece.span and s.start_at >= piece.from_at and s.start_at < piece.to_at"
    );
    table.replace("SHOWN", &format!("'{span}'::text as span, coalesce(piece.told_at, s.start_at) as start_at")).replace("PIECES", &pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_past_is_whole() {
        for name in ViewName::ALL {
            let Some(table) = table(*name, 1_764_000_059_999).unwrap() else { continue };
            assert!(!table.contains("PIECES") && !table.contains("SHOWN") && table.contains("values ("), "{name}: {table}");
        }
    }
}
