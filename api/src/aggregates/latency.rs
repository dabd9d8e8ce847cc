//! How long did commands wait, from their record to their decision?

use super::{as_of, past, snapshot, stretches};
use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::Parameters;
use axum::extract::State;
use axum::{Extension, Json};
use past::Pieces;
use schemas::waited::OVER_MS;
use schemas::{Caller, Epoch, Scope, Span, rfc3339};
use serde::Serialize;
use utoipa::ToSchema;

/// How quick the bank was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LatencyReport {
    /// How long each stretch is.
    #[schema(example = "hour")]
    by: Span,
    /// By beginning. A stretch in which nothing was decided has no line.
    latency: Vec<LatencyLine>,
    /// The epoch that this is true at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// The commands of a stretch.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LatencyLine {
    /// Its beginning, in UTC.
    #[schema(example = "2025-11-24T16:00:00.000Z")]
    start: String,
    /// How many commands were decided.
    #[schema(example = 42)]
    count: i64,
    /// Half of them waited no longer: the end of the bucket in which that half is full; null where that is the last.
    #[schema(example = 10)]
    p50_ms: Option<u32>,
    /// The same of 95 of 100.
    #[schema(example = 20)]
    p95_ms: Option<u32>,
    /// The same of 99 of 100.
    #[schema(example = 50)]
    p99_ms: Option<u32>,
    /// By how long they waited. One that nothing is in is left out.
    buckets: Vec<LatencyBucket>,
}

/// Commands that waited about as long.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LatencyBucket {
    /// Longer than this; the first, zero, also has those that did not wait.
    #[schema(example = 5)]
    over_ms: u32,
    /// And no longer than this; null of the last.
    #[schema(example = 10)]
    up_to_ms: Option<u32>,
    /// How many.
    #[schema(example = 42)]
    count: i64,
}

const SELECT: &str = "
    select coalesce(piece.start_at, latency.start_at) as start_at, over_ms, sum(count)::bigint
    from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as piece (span, from_at, to_at, start_at)
    join latency on latency.span = piece.span and latency.start_at >= from_at and latency.start_at < to_at
    group by 1, 2
    order by 1, 2";

const FIRST: &str = "select min(start_at) from latency where span = 'minute'";

/// Tell how long commands waited
///
/// From the time stamp of a command's record, which the door gives it, to the epoch that decided it: counted in buckets, by minute,
/// hour or day of the decision, of whatever was decided since settlement counts it.
#[utoipa::path(
    get, path = "/v1/aggregates/latency", tag = "Aggregates",
    params(
        ("from" = u64, Query, description = "Stretches that begin here or later, in milliseconds since 1970.", example = 1_763_942_400_000_u64),
        ("to" = u64, Query, description = "And before this.", example = 1_764_028_800_000_u64),
        ("by" = Span, Query, description = "How long a stretch is; at most 1500 of them from `from` to `to`.", example = "hour"),
        ("at" = Option<u64>, Query, description = "The end of a past minute, in milliseconds since 1970; now without it.", example = 1_764_000_059_999_u64),
    ),
    responses((status = 200, description = "What was counted.", body = LatencyReport)),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn latency(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<LatencyReport>, Failure> {
    caller.require(Scope::ReportsRead)?;
    let (stretches::Asked { from, to, by }, freshness) = stretches::read(parameters, Span::width_ms)?;
    freshness.wait(&view, None).await?;
    let mut snapshot = snapshot(&view.pool).await?;
    let shown = as_of(&mut snapshot).await?;
    past::begun(&mut snapshot, freshness.at, FIRST).await?;
    let Pieces { span, from, to, start } = Pieces::of(by, from, to, freshness.at)?;
    let query = sqlx::query_as(SELECT).bind(span).bind(from).bind(to).bind(start);
    let rows: Vec<(i64, i32, i64)> = query.fetch_all(&mut *snapshot).await?;
    snapshot.rollback().await?;
    let latency = rows.chunk_by(|one, next| one.0 == next.0).map(line).collect::<Result<Vec<_>, ViewError>>()?;
    Ok(Json(LatencyReport { by, latency, as_of: freshness.at.unwrap_or(shown) }))
}

/// The line of a stretch, from its rows.
fn line(rows: &[(i64, i32, i64)]) -> Result<LatencyLine, ViewError> {
    let mut buckets = Vec::with_capacity(rows.len());
    for (_, over_ms, count) in rows {
        let over_ms = u32::try_from(*over_ms)?;
        let up_to_ms = OVER_MS.into_iter().find(|next| *next > over_ms);
        buckets.push(LatencyBucket { over_ms, up_to_ms, count: *count });
    }
    let count: i64 = buckets.iter().map(|bucket| bucket.count).sum();
    let percentile = |percent: i64| {
        let mut so_far = 0;
        let full = buckets.iter().find(|bucket| {
            so_far += bucket.count;
            i128::from(so_far) * 100 >= i128::from(count) * i128::from(percent)
        });
        full.and_then(|bucket| bucket.up_to_ms)
    };
    let start = rows.first().map_or(Ok(0), |(start, ..)| u64::try_from(*start))?;
    let (p50_ms, p95_ms, p99_ms) = (percentile(50), percentile(95), percentile(99));
    Ok(LatencyLine { start: rfc3339(start), count, p50_ms, p95_ms, p99_ms, buckets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_end_of_its_bucket() {
        let percentiles = |rows: &[(i32, i64)]| {
            let rows: Vec<_> = rows.iter().map(|(over_ms, count)| (0, *over_ms, *count)).collect();
            let line = line(&rows).unwrap();
            (line.count, line.p50_ms, line.p95_ms, line.p99_ms)
        };
        assert_eq!(percentiles(&[(0, 1)]), (1, Some(1), Some(1), Some(1)));
        assert_eq!(percentiles(&[(0, 50), (2, 45), (5_000, 5)]), (100, Some(1), Some(5), None));
        assert_eq!(percentiles(&[(0, 49), (2, 46), (100, 4), (2_000, 1)]), (100, Some(5), Some(5), Some(200)));
        assert_eq!(percentiles(&[(0, i64::MAX / 2), (1, i64::MAX / 2)]), (i64::MAX - 1, Some(1), Some(2), Some(2)));
    }
}
