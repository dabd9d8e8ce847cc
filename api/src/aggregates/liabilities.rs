//! How much does the bank owe, and how much of that is held?

use super::{as_of, past, snapshot};
use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::Parameters;
use axum::extract::State;
use axum::{Extension, Json};
use schemas::{Caller, Currency, Epoch, Scope, Total};
use serde::Serialize;
use utoipa::ToSchema;

/// What the bank owes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiabilitiesReport {
    /// By currency. What is not owed has no line.
    liabilities: Vec<LiabilityLine>,
    /// The epoch that this is true at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// What it owes of a currency.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LiabilityLine {
    /// Of what.
    currency: Currency,
    /// The balances of all accounts but the house's.
    #[schema(example = "525000")]
    owed: String,
    /// How much of it is held for payees.
    #[schema(example = "1500")]
    held: String,
}

const NOW: &str = "
    select currency, owed_minor::text, held_minor::text
    from liability
    where span = 'ever' and ($1::text is null or currency = $1) and (owed_minor <> 0 or held_minor <> 0)
    order by currency";

const THEN: &str = "
    select currency, sum(owed_minor)::text, sum(held_minor)::text
    from unnest($2::text[], $3::bigint[], $4::bigint[]) as piece (span, from_at, to_at)
    join liability on liability.span = piece.span and start_at >= from_at and start_at < to_at
    where $1::text is null or currency = $1
    group by currency
    having sum(owed_minor) <> 0 or sum(held_minor) <> 0
    order by currency";

/// Add up what the bank owes
///
/// By currency: the balances of all accounts but its own, and how much of that holds hold.
#[utoipa::path(
    get, path = "/v1/aggregates/liabilities", tag = "Aggregates",
    params(
        ("currency" = Option<Currency>, Query, description = "Only this currency.", example = "XOF"),
        ("at" = Option<u64>, Query, description = "The end of a past minute, in milliseconds since 1970; now without it.", example = 1_764_000_059_999_u64),
    ),
    responses((status = 200, description = "What is owed.", body = LiabilitiesReport)),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn liabilities(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<LiabilitiesReport>, Failure> {
    caller.require(Scope::ReportsRead)?;
    let (currency, freshness) = super::currency(parameters)?;
    freshness.wait(&view, None).await?;
    let mut snapshot = snapshot(&view.pool).await?;
    let shown = as_of(&mut snapshot).await?;
    let code = currency.map(Currency::code);
    let rows: Vec<(String, String, String)> = match freshness.at {
        None => sqlx::query_as(NOW).bind(code).fetch_all(&mut *snapshot).await?,
        Some(at) => {
            past::begun(&mut snapshot, freshness.at, past::COUNTED).await?;
            let pieces = past::Pieces::ever(at)?;
            let query = sqlx::query_as(THEN).bind(code).bind(pieces.span).bind(pieces.from).bind(pieces.to);
            query.fetch_all(&mut *snapshot).await?
        }
    };
    snapshot.rollback().await?;
    let liabilities = rows.into_iter().map(line).collect::<Result<Vec<_>, ViewError>>()?;
    Ok(Json(LiabilitiesReport { liabilities, as_of: freshness.at.unwrap_or(shown) }))
}

fn line((currency, owed, held): (String, String, String)) -> Result<LiabilityLine, ViewError> {
    let currency: Currency = currency.parse()?;
    let total = |minor: &str| Ok::<_, ViewError>(Total { minor: minor.parse().map_err(ViewError::Sum)?, currency }.to_string());
    Ok(LiabilityLine { currency, owed: total(&owed)?, held: total(&held)? })
}
