//! Which merchants received most in a day, and which agents handled most?

use super::{as_of, moment, snapshot, time};
use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::{Freshness, Parameters, Past};
use crate::page::set;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use schemas::problem::FieldError;
use schemas::{AccountId, Caller, Currency, CustomerId, Epoch, Problem, Role, Scope, Span, Total, rfc3339};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most accounts of an answer.
const ACCOUNTS_MAX: i64 = 100;

/// Those with the largest turnover of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TurnoverReport {
    /// `merchant` or `agent`.
    #[schema(pattern = "^(merchant|agent)$", example = "merchant")]
    role: Role,
    /// The beginning of the day, in UTC.
    #[schema(example = "2025-11-24T00:00:00.000Z")]
    day: String,
    /// Of what.
    currency: Currency,
    /// At most 100, the largest amount first.
    accounts: Vec<TurnoverLine>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// What an account did in a day.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TurnoverLine {
    /// The account.
    account_id: AccountId,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer_id: Option<CustomerId>,
    /// How many payments a merchant received, or how many deposits and withdrawals an agent made.
    #[schema(example = 42)]
    count: i64,
    /// All of them together.
    #[schema(example = "525000")]
    amount: String,
    /// How many refunds and reversals it had a part in.
    #[schema(example = 1)]
    returned_count: i64,
    /// All of those together.
    #[schema(example = "500")]
    returned_amount: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    account_id: Uuid,
    customer_id: Option<Uuid>,
    count: i64,
    amount_minor: String,
    returned_count: i64,
    returned_minor: String,
}

const SELECT: &str = "
    select account_id, customer_id, count, amount_minor::text, returned_count, returned_minor::text
    from (select t.account_id, a.customer_id,
                 coalesce(sum(t.count) filter (where not is_return), 0)::bigint as count,
                 coalesce(sum(t.amount_minor) filter (where not is_return), 0) as amount_minor,
                 coalesce(sum(t.count) filter (where is_return), 0)::bigint as returned_count,
                 coalesce(sum(t.amount_minor) filter (where is_return), 0) as returned_minor
          from turnover t
          cross join lateral (select t.operation in ('refund', 'reversal') as is_return) what
          join account a on a.id = t.account_id
          where t.day_at = $1 and t.currency = $2 and a.role = $3
          group by t.account_id, a.customer_id) as accounts
    order by accounts.amount_minor desc, account_id
    limit $4";

/// List the merchants or agents with the largest turnover
///
/// Of a day and a currency, at most 100: merchants by what they were paid, agents by what they paid in and out. What was given
/// back is told beside it and does not count against it.
#[utoipa::path(
    get, path = "/v1/aggregates/merchants", tag = "Aggregates",
    params(
        ("day" = u64, Query, description = "A moment of the day, in milliseconds since 1970.", maximum = 253_402_300_799_999_u64, example = 1_763_942_400_000_u64),
        ("currency" = Currency, Query, description = "Of what."),
        ("role" = Option<String>, Query, description = "`merchant`, also without it, or `agent`.", pattern = "^(merchant|agent)$", example = "agent"),
    ),
    responses((status = 200, description = "Their turnover.", body = TurnoverReport)),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn merchants(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<TurnoverReport>, Failure> {
    caller.require(Scope::ReportsRead)?;
    let (Asked { day, currency, role }, freshness) = Asked::read(parameters)?;
    freshness.wait(&view, None).await?;
    let mut snapshot = snapshot(&view.pool).await?;
    let as_of = as_of(&mut snapshot).await?;
    let rows: Vec<Row> = sqlx::query_as(SELECT)
        .bind(moment(day)?)
        .bind(currency.code())
        .bind(role.as_str())
        .bind(ACCOUNTS_MAX)
        .fetch_all(&mut *snapshot)
        .await?;
    snapshot.rollback().await?;
    let accounts = rows.into_iter().map(|row| row.into_line(currency)).collect::<Result<Vec<_>, ViewError>>()?;
    Ok(Json(TurnoverReport { role, day: rfc3339(day), currency, accounts, as_of }))
}

impl Row {
    fn into_line(self, currency: Currency) -> Result<TurnoverLine, ViewError> {
        let total = |minor: &str| Ok::<_, ViewError>(Total { minor: minor.parse().map_err(ViewError::Sum)?, currency }.to_string());
        Ok(TurnoverLine {
            account_id: AccountId(self.account_id),
            customer_id: self.customer_id.map(CustomerId),
            count: self.count,
            amount: total(&self.amount_minor)?,
            returned_count: self.returned_count,
            returned_amount: total(&self.returned_minor)?,
        })
    }
}

/// What to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    /// The beginning of the day.
    day: Epoch,
    currency: Currency,
    role: Role,
}

impl Asked {
    /// Reads the query; every bad parameter is named.
    fn read(parameters: Parameters) -> Result<(Self, Freshness), Problem> {
        let Query(parameters) = parameters.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
        let (mut day, mut currency, mut role) = (None, None, None);
        let (mut others, mut errors) = (Vec::new(), Vec::new());
        for (name, value) in parameters {
            let taken = match name.as_str() {
                "day" => set(&mut day, time(&value)),
                "currency" => set(&mut currency, value.parse::<Currency>().map_err(|error| format!("expected {}", error.expected))),
                "role" => set(&mut role, counted(&value)),
                "at_least" => {
                    others.push((name.clone(), value));
                    Ok(())
                }
                "at" => Err("is no parameter of this request: turnover is kept by the day, so no moment within one can be told".to_owned()),
                _ => Err("is no parameter of this request; its parameters are day, currency, role, at_least".to_owned()),
            };
            if let Err(detail) = taken {
                errors.push(FieldError { pointer: name.chars().take(64).collect(), detail });
            }
        }
        for (name, is_missing) in [("day", day.is_none()), ("currency", currency.is_none())] {
            if is_missing && errors.iter().all(|error| error.pointer != name) {
                errors.push(FieldError { pointer: name.to_owned(), detail: "is missing".to_owned() });
            }
        }
        let freshness = match Freshness::read(Ok(Query(others)), Past::Not) {
            Ok(freshness) => freshness,
            Err(problem) => return Err(Problem::fields(errors.into_iter().chain(problem.errors).collect())),
        };
        match (day, currency) {
            (Some(day), Some(currency)) if errors.is_empty() => {
                let role = role.unwrap_or(Role::Merchant);
                Ok((Self { day: Span::Day.start(day), currency, role }, freshness))
            }
            _ => Err(Problem::fields(errors)),
        }
    }
}

fn counted(text: &str) -> Result<Role, String> {
    let role = text.parse().ok().filter(|role| matches!(role, Role::Merchant | Role::Agent));
    role.ok_or_else(|| "expected merchant, agent".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_or_named() {
        let read = |query: &[(&str, &str)]| {
            let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let pointers = |problem: Problem| problem.errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>();
            Asked::read(Ok(Query(query))).map(|(asked, _)| asked).map_err(pointers)
        };
        let wrong = |names: &[&str]| Err(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let merchants = Asked { day: 86_400_000, currency: Currency::XOF, role: Role::Merchant };
        let (day, currency) = (("day", "172799999"), ("currency", "XOF"));
        for (query, expected) in [
            (&[day, currency][..], Ok(merchants)),
            (&[day, currency, ("role", "merchant"), ("at_least", "0:7")], Ok(merchants)),
            (&[day, currency, ("role", "agent")], Ok(Asked { role: Role::Agent, ..merchants })),
            (&[], wrong(&["day", "currency"])),
            (&[("day", "yesterday"), ("currency", "FCFA"), ("role", "customer")], wrong(&["day", "currency", "role"])),
            (&[day, currency, day, ("limit", "7"), ("at_least", "x")], wrong(&["day", "limit", "at_least"])),
            (&[("day", "253402300800000"), currency], wrong(&["day"])),
        ] {
            assert_eq!(read(query), expected, "{query:?}");
        }
    }
}
