//! How many customers were active, by day and by month?

use super::{as_of, past, snapshot, stretches};
use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::Parameters;
use axum::extract::State;
use axum::{Extension, Json};
use past::Pieces;
use schemas::{Caller, Epoch, Period, Scope, Span, rfc3339};
use serde::Serialize;
use utoipa::ToSchema;

/// Who took part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomersReport {
    /// How long each stretch is.
    #[schema(example = "day")]
    by: Period,
    /// By beginning. A day or month in which nobody was has no line.
    customers: Vec<CustomersLine>,
    /// The epoch that this is true at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// The customers of a day or a month.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CustomersLine {
    /// Its beginning, in UTC.
    #[schema(example = "2025-11-24T00:00:00.000Z")]
    start: String,
    /// How many had a part in a payment that settled, on either side; each counts once.
    #[schema(example = 42)]
    active: i64,
}

const SELECT: &str = "
    select coalesce(piece.start_at, activity.start_at) as start_at, sum(count)::bigint
    from unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) as piece (span, from_at, to_at, start_at)
    join activity on period = $1 and activity.span = piece.span and activity.start_at >= from_at and activity.start_at < to_at
    group by 1
    order by 1";

/// Count active customers by day or month
///
/// A customer is active in a day and in a month by a payment that settled, as payer or payee, and counts once. A day and a month of
/// several days do not add up: who was active on each of them counts once in the month.
#[utoipa::path(
    get, path = "/v1/aggregates/customers", tag = "Aggregates",
    params(
        ("from" = u64, Query, description = "Days or months that begin here or later, in milliseconds since 1970.", example = 1_763_942_400_000_u64),
        ("to" = u64, Query, description = "And before this; at most 1500 days later, or of months as many.", example = 1_764_028_800_000_u64),
        ("by" = Period, Query, description = "In what a customer counts once.", example = "day"),
        ("at" = Option<u64>, Query, description = "The end of a past minute, in milliseconds since 1970; now without it.", example = 1_764_000_059_999_u64),
    ),
    responses((status = 200, description = "How many.", body = CustomersReport)),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn customers(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<CustomersReport>, Failure> {
    caller.require(Scope::ReportsRead)?;
    let (stretches::Asked { from, to, by }, freshness) = stretches::read(parameters, |by| match by {
        Period::Day => Span::Day.width_ms(),
        Period::Month => 28 * Span::Day.width_ms(),
    })?;
    freshness.wait(&view, None).await?;
    let mut snapshot = snapshot(&view.pool).await?;
    let shown = as_of(&mut snapshot).await?;
    past::begun(&mut snapshot, freshness.at, past::COUNTED).await?;
    let pieces = pieces(by, from, to, freshness.at)?;
    let query = sqlx::query_as(SELECT).bind(by.as_str()).bind(pieces.span).bind(pieces.from).bind(pieces.to).bind(pieces.start);
    let rows: Vec<(i64, i64)> = query.fetch_all(&mut *snapshot).await?;
    snapshot.rollback().await?;
    let line = |(start, active)| Ok(CustomersLine { start: rfc3339(u64::try_from(start)?), active });
    let customers = rows.into_iter().map(line).collect::<Result<Vec<_>, ViewError>>()?;
    Ok(Json(CustomersReport { by, customers, as_of: freshness.at.unwrap_or(shown) }))
}

/// The rows of the stretches; of a month that was not over, its days, hours and minutes.
fn pieces(by: Period, from: Epoch, to: Epoch, at: Option<Epoch>) -> Result<Pieces, ViewError> {
    match (by, at) {
        (Period::Day, at) => Pieces::of(Span::Day, from, to, at),
        (Period::Month, None) => {
            let mut pieces = Pieces::default();
            pieces.add(by.as_str(), from, to, None)?;
            Ok(pieces)
        }
        (Period::Month, Some(at)) => {
            let (mut pieces, last) = (Pieces::default(), by.start(at));
            pieces.add(by.as_str(), from, to.min(last), None)?;
            if from <= last && last < to {
                pieces.rest(last, &[Span::Day, Span::Hour, Span::Minute], at, last)?;
            }
            Ok(pieces)
        }
    }
}
