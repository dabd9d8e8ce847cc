//! The months that rows go to: there before the first row of one, and the one after as well.
//!
//! A table by months has no place for a row of a month that was not made, so it is made in the transaction that writes the row, by
//! whatever epoch that is: of an old log, of a clock that is wrong, of a bank that slept. The transaction holds the row of the progress,
//! so nobody makes the same beside it; a death takes back both, and whoever was replaced makes nothing. Most transactions are of a
//! month that the writer has seen, and ask nothing.

use sqlx::postgres::PgConnection;

/// Makes what is missing for these epochs, which ascend, where they are not before `until`; gives the first epoch after what is known to
/// be there then.
pub(super) async fn make(connection: &mut PgConnection, epochs: &[i64], mut until: i64) -> Result<i64, sqlx::Error> {
    for epoch in epochs {
        if *epoch >= until {
            until = sqlx::query_scalar("select make_months($1)").bind(epoch).fetch_one(&mut *connection).await?;
        }
    }
    Ok(until)
}
