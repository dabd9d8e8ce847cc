//! What did the bank do as a whole? Sums that the views keep, each at the epoch of all the other rows.
//!
//! A sum is right at the epoch of the progress row alone, so both are read from one snapshot. The past is to be had at the end of
//! every minute, since that is how finely what was added is kept.

use crate::failure::{Failure, ViewError};
use crate::freshness::{Freshness, Parameters, epoch};
use crate::page::set;
use axum::extract::Query;
use schemas::epoch::LAST_EPOCH;
use schemas::problem::FieldError;
use schemas::{Currency, Epoch, Problem};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

/// How many customers were active.
pub(crate) mod customers;
/// How long commands waited.
pub(crate) mod latency;
/// What the bank owes.
pub(crate) mod liabilities;
/// Who received and handled most.
pub(crate) mod merchants;
/// Sums as they were.
pub(crate) mod past;
/// How many accounts there are, and what is on them.
pub(crate) mod positions;
mod stretches;
/// How much there was of each operation.
pub(crate) mod volume;

/// A moment that a parameter names.
pub(crate) fn time(text: &str) -> Result<Epoch, String> {
    epoch(text).filter(|epoch| *epoch <= LAST_EPOCH).ok_or_else(|| "expected milliseconds since 1970, such as 1764000000000".to_owned())
}

/// The currency that a report is about, if it is about one, and how fresh it has to be; every bad parameter is named.
pub(crate) fn currency(parameters: Parameters) -> Result<(Option<Currency>, Freshness), Problem> {
    let Query(parameters) = parameters.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
    let (mut currency, mut others, mut errors) = (None, Vec::new(), Vec::new());
    for (name, value) in parameters {
        let taken = match name.as_str() {
            "currency" => set(&mut currency, value.parse::<Currency>().map_err(|error| format!("expected {}", error.expected))),
            "at_least" | "at" => {
                others.push((name.clone(), value));
                Ok(())
            }
            _ => Err("is no parameter of this request; its parameters are currency, at_least, at".to_owned()),
        };
        if let Err(detail) = taken {
            errors.push(FieldError { pointer: name.chars().take(64).collect(), detail });
        }
    }
    match stretches::fresh(others) {
        Ok(freshness) if errors.is_empty() => Ok((currency, freshness)),
        Ok(_) => Err(Problem::fields(errors)),
        Err(problem) => Err(Problem::fields(errors.into_iter().chain(problem.errors).collect())),
    }
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
    let query = "select epoch, least(aggregates_epoch, positions_epoch) from sink_progress where sink = 'views'";
    let row: Option<(i64, i64)> = sqlx::query_as(query).fetch_optional(snapshot).await?;
    let (epoch, counted) = row.ok_or(ViewError::NoProgress)?;
    if epoch != counted {
        let detail = "The views are written by a version that does not count; what it wrote is counted when this version's cells start.";
        return Err(Problem::new(503, "aggregates_behind", detail).into());
    }
    Ok(u64::try_from(epoch).map_err(ViewError::from)?.saturating_sub(1))
}
