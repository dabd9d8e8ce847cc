//! What may an account do: by terms of its own, and by its holder's level?

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::resource::{AccountTerms, LevelLimits};
use schemas::{AccountId, Caller, Currency, CustomerId, Epoch, KycLevel, Money, Problem, Scope, rfc3339};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The terms of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandingTerms {
    /// Those that hold now; null where it has none of its own.
    in_force: Option<AccountTerms>,
    /// Those that are to hold later, in the order of time.
    planned: Vec<AccountTerms>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// The limits of a level in a currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandingLimits {
    /// Those that hold now; null where there are none.
    in_force: Option<LevelLimits>,
    /// Those that are to hold later, in the order of time.
    planned: Vec<LevelLimits>,
    /// The epoch of the view that this was read from.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

#[derive(sqlx::FromRow)]
struct Row {
    currency: String,
    floor_minor: Option<i64>,
    limits: String,
    effective_from: i64,
    epoch: i64,
}

/// As of tariffs: what holds at $1 and what is planned for later.
const TERMS: &str = "
    select t.currency, t.floor_minor, t.limits::text as limits, t.effective_from, t.epoch
    from account_terms t
    where t.account_id = $2 and t.epoch <= $1
      and not exists (select 1 from account_terms newer
                      where newer.account_id = t.account_id and newer.event_id > t.event_id and newer.epoch <= $1
                        and newer.effective_from <= greatest(t.effective_from, $1))
    order by t.effective_from";

const LIMITS: &str = "
    select t.currency, null::bigint as floor_minor, t.limits::text as limits, t.effective_from, t.epoch
    from level_limits t
    where t.level = $2 and t.currency = $3 and t.epoch <= $1
      and not exists (select 1 from level_limits newer
                      where newer.level = t.level and newer.currency = t.currency and newer.event_id > t.event_id and newer.epoch <= $1
                        and newer.effective_from <= greatest(t.effective_from, $1))
    order by t.effective_from";

/// Show the terms of an account
///
/// Its floor and limits of its own, in force and planned, now or `at` a past epoch.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/terms", tag = "Accounts",
    params(("id" = AccountId, Path)),
    responses((status = 200, description = "The terms.", body = StandingTerms)),
    security(("bearer" = ["accounts:read"])),
)]
pub(crate) async fn terms(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<StandingTerms>, Failure> {
    caller.require(Scope::AccountsRead)?;
    let id: AccountId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let freshness = Freshness::read(parameters, Past::Readable)?;
    if !freshness.wait(&view, id.epoch()).await? {
        return Err(not_found("account"));
    }
    let as_of = match freshness.at {
        Some(at) => at,
        None => view.as_of().await?,
    };
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    let query = "select customer_id from account where id = $1 and epoch <= $2";
    let holder: Option<Option<Uuid>> = sqlx::query_scalar(query).bind(id.0).bind(at).fetch_optional(&view.pool).await?;
    holder.filter(|holder| caller.may_see(holder.map(CustomerId))).ok_or_else(|| not_found("account"))?;
    let rows: Vec<Row> = sqlx::query_as(TERMS).bind(at).bind(id.0).fetch_all(&view.pool).await?;
    let (in_force, planned) = standing(rows, at, |row| row.into_terms(id))?;
    Ok(Json(StandingTerms { in_force, planned, as_of }))
}

/// Show the limits of a level
///
/// For the accounts in a currency of every customer of the level, in force and planned.
#[utoipa::path(
    get, path = "/v1/levels/{level}/limits/{currency}", tag = "Policies",
    params(("level" = KycLevel, Path), ("currency" = Currency, Path)),
    responses((status = 200, description = "The limits.", body = StandingLimits)),
    security(("bearer" = [])),
)]
pub(crate) async fn limits(
    State(view): State<View>,
    Path((level, currency)): Path<(String, String)>,
    parameters: Parameters,
) -> Result<Json<StandingLimits>, Failure> {
    let level: KycLevel = level.parse().map_err(|error| unreadable("level", &error))?;
    let currency: Currency = currency.parse().map_err(|error| unreadable("currency", &error))?;
    Freshness::read(parameters, Past::Not)?.wait(&view, None).await?;
    let as_of = view.as_of().await?;
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    let rows: Vec<Row> = sqlx::query_as(LIMITS).bind(at).bind(level.as_str()).bind(currency.code()).fetch_all(&view.pool).await?;
    let (in_force, planned) = standing(rows, at, |row| row.into_limits(level))?;
    Ok(Json(StandingLimits { in_force, planned, as_of }))
}

pub(crate) fn unreadable(pointer: &str, error: &schemas::money::Unreadable) -> Problem {
    Problem::field(pointer, format!("expected {}", error.expected))
}

/// What holds at an epoch, and what comes later.
fn standing<T>(rows: Vec<Row>, at: i64, show: impl Fn(Row) -> Result<T, ViewError>) -> Result<(Option<T>, Vec<T>), ViewError> {
    let (mut in_force, mut planned) = (None, Vec::new());
    for row in rows {
        if row.effective_from <= at { in_force = Some(show(row)?) } else { planned.push(show(row)?) }
    }
    Ok((in_force, planned))
}

impl Row {
    fn into_terms(self, account_id: AccountId) -> Result<AccountTerms, ViewError> {
        let currency: Currency = self.currency.parse()?;
        Ok(AccountTerms {
            account_id,
            currency,
            floor: self.floor_minor.map(|minor| Money { minor, currency }.to_string()),
            limits: serde_json::from_str(&self.limits)?,
            effective_from: rfc3339(u64::try_from(self.effective_from)?),
            epoch: u64::try_from(self.epoch)?,
            as_of: None,
        })
    }

    fn into_limits(self, level: KycLevel) -> Result<LevelLimits, ViewError> {
        Ok(LevelLimits {
            level,
            currency: self.currency.parse()?,
            limits: serde_json::from_str(&self.limits)?,
            effective_from: rfc3339(u64::try_from(self.effective_from)?),
            epoch: u64::try_from(self.epoch)?,
            as_of: None,
        })
    }
}
