//! How many accounts are there, and how much is on them, by what they are and who holds them?

use super::{as_of, past, snapshot};
use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::Parameters;
use axum::extract::State;
use axum::{Extension, Json};
use schemas::{AccountType, Caller, Currency, Epoch, KycLevel, Role, Scope, Total};
use serde::Serialize;
use utoipa::ToSchema;

/// Where the money lies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PositionsReport {
    /// By currency, product, role and level. What there is nothing of has no line.
    positions: Vec<PositionLine>,
    /// The epoch that this is true at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// Accounts that are counted together.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PositionLine {
    /// Of what.
    currency: Currency,
    /// The product.
    #[serde(rename = "type")]
    #[schema(example = "wallet")]
    account_type: AccountType,
    /// What the holder is to the bank.
    #[schema(example = "customer")]
    role: Role,
    /// How far the identity of the holder is known; none of the house's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "standard")]
    level: Option<KycLevel>,
    /// Those that are not closed.
    #[schema(example = 42)]
    accounts: i64,
    /// All balances together.
    #[schema(example = "525000")]
    balance: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    currency: String,
    account_type: String,
    role: String,
    level: String,
    accounts: i64,
    balance_minor: String,
}

const NOW: &str = "
    select currency, account_type, role, level, accounts, balance_minor::text
    from position
    where span = 'ever' and ($1::text is null or currency = $1) and (accounts <> 0 or balance_minor <> 0)
    order by currency, account_type, role, level";

const THEN: &str = "
    select currency, account_type, role, level, sum(accounts)::bigint as accounts, sum(balance_minor)::text as balance_minor
    from unnest($2::text[], $3::bigint[], $4::bigint[]) as piece (span, from_at, to_at)
    join position on position.span = piece.span and start_at >= from_at and start_at < to_at
    where $1::text is null or currency = $1
    group by currency, account_type, role, level
    having sum(accounts) <> 0 or sum(balance_minor) <> 0
    order by currency, account_type, role, level";

/// Count accounts and add up their balances
///
/// By currency, product, role and level of the holder, the house's own among them: all of a currency together come to nothing.
#[utoipa::path(
    get, path = "/v1/aggregates/positions", tag = "Aggregates",
    params(
        ("currency" = Option<Currency>, Query, description = "Only accounts of this currency.", example = "XOF"),
        ("at" = Option<u64>, Query, description = "The end of a past minute, in milliseconds since 1970; now without it.", example = 1_764_000_059_999_u64),
    ),
    responses((status = 200, description = "What there is.", body = PositionsReport)),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn positions(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<PositionsReport>, Failure> {
    caller.require(Scope::ReportsRead)?;
    let (currency, freshness) = super::currency(parameters)?;
    freshness.wait(&view, None).await?;
    let mut snapshot = snapshot(&view.pool).await?;
    let shown = as_of(&mut snapshot).await?;
    let code = currency.map(Currency::code);
    let rows: Vec<Row> = match freshness.at {
        None => sqlx::query_as(NOW).bind(code).fetch_all(&mut *snapshot).await?,
        Some(at) => {
            past::begun(&mut snapshot, freshness.at, past::COUNTED).await?;
            let pieces = past::Pieces::ever(at)?;
            let query = sqlx::query_as(THEN).bind(code).bind(pieces.span).bind(pieces.from).bind(pieces.to);
            query.fetch_all(&mut *snapshot).await?
        }
    };
    snapshot.rollback().await?;
    let positions = rows.into_iter().map(Row::into_line).collect::<Result<Vec<_>, ViewError>>()?;
    Ok(Json(PositionsReport { positions, as_of: freshness.at.unwrap_or(shown) }))
}

impl Row {
    fn into_line(self) -> Result<PositionLine, ViewError> {
        let currency: Currency = self.currency.parse()?;
        Ok(PositionLine {
            currency,
            account_type: self.account_type.parse()?,
            role: self.role.parse()?,
            level: (!self.level.is_empty()).then(|| self.level.parse()).transpose()?,
            accounts: self.accounts,
            balance: Total { minor: self.balance_minor.parse().map_err(ViewError::Sum)?, currency }.to_string(),
        })
    }
}
