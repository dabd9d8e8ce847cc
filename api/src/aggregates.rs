//! What did the bank do as a whole? Sums that the views keep, each at the epoch of all the other rows.
//!
//! A sum is right at the epoch of the progress row alone, so both are read from one snapshot, and the past is not to be had.

use crate::failure::{Failure, ViewError};
use crate::freshness::epoch;
use schemas::epoch::LAST_EPOCH;
use schemas::{Epoch, Problem};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

/// Who received and handled most.
pub(crate) mod merchants;
/// How much there was of each operation.
pub(crate) mod volume;

/// A moment that a parameter names.
pub(crate) fn time(text: &str) -> Result<Epoch, String> {
    epoch(text).filter(|epoch| *epoch <= LAST_EPOCH).ok_or_else(|| "expected milliseconds since 1970, such as 1764000000000".to_owned())
}

/// Milliseconds, as a row has them.
pub(crate) fn moment(epoch: Epoch) -> Result<i64, ViewError> {
    Ok(i64::try_from(epoch)?)
}

/// One snapshot of everything.
pub(crate) async fn snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    pool.begin_with("begin isolation level repeatable read read only").await
}

/// The last epoch that is counted.
///
/// Where older code writes the views, what it wrote is counted at the next start of newer code and not before.
pub(crate) async fn as_of(snapshot: &mut PgConnection) -> Result<Epoch, Failure> {
    let query = "select epoch, aggregates_epoch from sink_progress where sink = 'views'";
    let row: Option<(i64, i64)> = sqlx::query_as(query).fetch_optional(snapshot).await?;
    let (epoch, counted) = row.ok_or(ViewError::NoProgress)?;
    if epoch != counted {
        let detail = "The views are written by a version that does not count; what it wrote is counted when this version's cells start.";
        return Err(Problem::new(503, "aggregates_behind", detail).into());
    }
    Ok(u64::try_from(epoch).map_err(ViewError::from)?.saturating_sub(1))
}
