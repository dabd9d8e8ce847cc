//! How many operations, of how much, at what fee; how many were refused, and why?

use super::{as_of, past, snapshot, stretches, time};
use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::{Freshness, Parameters};
use crate::page::set;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use schemas::problem::FieldError;
use schemas::{Caller, Channel, Currency, Epoch, Problem, Refusal, Scope, Span, Total, TransactionStatus, rfc3339};
use serde::Serialize;
use utoipa::ToSchema;

/// Most lines of an answer.
const LINES_MAX: usize = 20_000;

/// What was done and refused in a stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VolumeReport {
    /// How long each stretch is.
    #[schema(example = "hour")]
    by: Span,
    /// By beginning, operation, channel, currency and reason. What did not happen has no line.
    volume: Vec<VolumeLine>,
    /// The epoch that this is true at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// What was counted together.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VolumeLine {
    /// The beginning of the minute, hour or day, in UTC.
    #[schema(example = "2025-11-24T16:00:00.000Z")]
    start: String,
    /// Of a payment its kind, `refund` and `reversal` among them; of what else was refused its operation.
    #[schema(example = "transfer")]
    operation: String,
    /// Of a payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "wallet")]
    channel: Option<Channel>,
    /// Of a payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "XOF")]
    currency: Option<Currency>,
    /// `settled`, or `failed` where it was refused.
    #[schema(pattern = "^(settled|failed)$", example = "settled")]
    status: TransactionStatus,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, example = "insufficient_funds")]
    reason: Option<Refusal>,
    /// How many.
    #[schema(example = 42)]
    count: i64,
    /// Of a payment: all of them together; what was asked for, where they failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "525000")]
    amount: Option<String>,
    /// Of a payment: all fees together; of reversals, the fees that were given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "4200")]
    fee: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    start_at: i64,
    operation: String,
    channel: String,
    currency: String,
    reason: String,
    count: i64,
    amount_minor: String,
    fee_minor: String,
}

const SELECT: &str = "
    select coalesce(piece.start_at, volume.start_at) as start_at, operation, channel, currency, reason, sum(count)::bigint as count,
           sum(amount_minor)::text as amount_minor, sum(fee_minor)::text as fee_minor
    from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as piece (span, from_at, to_at, start_at)
    join volume on volume.span = piece.span and volume.start_at >= from_at and volume.start_at < to_at
    where ($5::text is null or operation = $5) and ($6::text is null or channel = $6) and ($7::text is null or currency = $7)
    group by 1, 2, 3, 4, 5
    order by 1, 2, 3, 4, 5
    limit $8";

/// Count operations by minute, hour or day
///
/// How many settled and how many were refused, their amounts and fees, by operation, channel and currency. Times are those of
/// the decisions. An order counts when it is executed, a hold when it is captured.
#[utoipa::path(
    get, path = "/v1/aggregates/volume", tag = "Aggregates",
    params(
        ("from" = u64, Query, description = "Stretches that begin here or later, in milliseconds since 1970.", maximum = 253_402_300_799_999_u64, example = 1_763_942_400_000_u64),
        ("to" = u64, Query, description = "And before this.", maximum = 253_402_300_799_999_u64, example = 1_764_028_800_000_u64),
        ("by" = Span, Query, description = "How long a stretch is; at most 1500 of them from `from` to `to`.", example = "hour"),
        ("operation" = Option<String>, Query, description = "Only this operation.", example = "transfer"),
        ("channel" = Option<Channel>, Query, description = "Only payments through this channel.", example = "wallet"),
        ("currency" = Option<Currency>, Query, description = "Only payments of this currency.", example = "XOF"),
        ("at" = Option<u64>, Query, description = "The end of a past minute, in milliseconds since 1970; now without it.", example = 1_764_000_059_999_u64),
    ),
    responses((status = 200, description = "What was counted.", body = VolumeReport)),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn volume(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<VolumeReport>, Failure> {
    caller.require(Scope::ReportsRead)?;
    let (asked, freshness) = Asked::read(parameters)?;
    freshness.wait(&view, None).await?;
    let mut snapshot = snapshot(&view.pool).await?;
    let shown = as_of(&mut snapshot).await?;
    past::begun(&mut snapshot, freshness.at, past::COUNTED).await?;
    let pieces = past::Pieces::of(asked.by, asked.from, asked.to, freshness.at)?;
    // One more than is told says whether there are too many.
    let rows: Vec<Row> = sqlx::query_as(SELECT)
        .bind(pieces.span)
        .bind(pieces.from)
        .bind(pieces.to)
        .bind(pieces.start)
        .bind(&asked.operation)
        .bind(asked.channel.map(Channel::as_str))
        .bind(asked.currency.map(Currency::code))
        .bind(i64::try_from(LINES_MAX + 1).map_err(ViewError::from)?)
        .fetch_all(&mut *snapshot)
        .await?;
    snapshot.rollback().await?;
    if rows.len() > LINES_MAX {
        let detail = format!("gives more than {LINES_MAX} lines; name an operation, channel or currency, or ask for less time");
        return Err(Problem::field("to", detail).into());
    }
    let volume = rows.into_iter().map(Row::into_line).collect::<Result<Vec<_>, ViewError>>()?;
    Ok(Json(VolumeReport { by: asked.by, volume, as_of: freshness.at.unwrap_or(shown) }))
}

impl Row {
    fn into_line(self) -> Result<VolumeLine, ViewError> {
        let word = |text: String| (!text.is_empty()).then_some(text);
        let (channel, currency, reason) = (word(self.channel), word(self.currency), word(self.reason));
        let currency: Option<Currency> = currency.map(|code| code.parse()).transpose()?;
        let total = |minor: &str| currency.map(|currency| Ok(Total { minor: minor.parse()?, currency }.to_string())).transpose();
        Ok(VolumeLine {
            start: rfc3339(u64::try_from(self.start_at)?),
            operation: self.operation,
            channel: channel.map(|word| word.parse()).transpose()?,
            currency,
            status: if reason.is_some() { TransactionStatus::Failed } else { TransactionStatus::Settled },
            reason: reason.map(|word| word.parse()).transpose()?,
            count: self.count,
            amount: total(&self.amount_minor).map_err(ViewError::Sum)?,
            fee: total(&self.fee_minor).map_err(ViewError::Sum)?,
        })
    }
}

/// What to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    from: Epoch,
    to: Epoch,
    by: Span,
    operation: Option<String>,
    channel: Option<Channel>,
    currency: Option<Currency>,
}

impl Asked {
    /// Reads the query; every bad parameter is named.
    fn read(parameters: Parameters) -> Result<(Self, Freshness), Problem> {
        const NAMES: &str = "is no parameter of this request; its parameters are from, to, by, operation, channel, currency, at_least, at";
        let Query(parameters) = parameters.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
        let (mut from, mut to, mut by) = (None, None, None);
        let (mut operation, mut channel, mut currency) = (None, None, None);
        let (mut others, mut errors) = (Vec::new(), Vec::new());
        for (name, value) in parameters {
            let taken = match name.as_str() {
                "from" => set(&mut from, time(&value)),
                "to" => set(&mut to, time(&value)),
                "by" => set(&mut by, value.parse::<Span>().map_err(|error| format!("expected {}", error.expected))),
                "operation" => set(&mut operation, word(value)),
                "channel" => set(&mut channel, value.parse::<Channel>().map_err(|error| format!("expected {}", error.expected))),
                "currency" => set(&mut currency, value.parse::<Currency>().map_err(|error| format!("expected {}", error.expected))),
                "at_least" | "at" => {
                    others.push((name.clone(), value));
                    Ok(())
                }
                _ => Err(NAMES.to_owned()),
            };
            if let Err(detail) = taken {
                errors.push(FieldError { pointer: name.chars().take(64).collect(), detail });
            }
        }
        errors.extend(stretches::range(from, to, by.as_ref(), Span::width_ms, &errors));
        let freshness = match stretches::fresh(others) {
            Ok(freshness) => freshness,
            Err(problem) => return Err(Problem::fields(errors.into_iter().chain(problem.errors).collect())),
        };
        match (from, to, by) {
            (Some(from), Some(to), Some(by)) if errors.is_empty() => Ok((Self { from, to, by, operation, channel, currency }, freshness)),
            _ => Err(Problem::fields(errors)),
        }
    }
}

fn word(text: String) -> Result<String, String> {
    let plain = text.len() <= 64 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if plain { Ok(text) } else { Err("expected the name of an operation, such as transfer".to_owned()) }
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
        let all = Asked { from: 60_000, to: 120_000, by: Span::Minute, operation: None, channel: None, currency: None };
        let wrong = |names: &[&str]| Err(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let (from, to, by) = (("from", "60000"), ("to", "120000"), ("by", "minute"));
        let named = Asked {
            operation: Some("transfer".to_owned()),
            channel: Some(Channel::Qr),
            currency: Some(Currency::XOF),
            by: Span::Day,
            ..all.clone()
        };
        for (query, expected) in [
            (&[from, to, by][..], Ok(all.clone())),
            (&[from, to, ("by", "day"), ("operation", "transfer"), ("channel", "qr"), ("currency", "XOF"), ("at_least", "7")], Ok(named)),
            (&[("from", "0"), ("to", "90000000"), by], Ok(Asked { from: 0, to: 90_000_000, ..all })),
            (&[("from", "0"), ("to", "90000001"), by], wrong(&["to"])),
            (&[("from", "120000"), to, by], wrong(&["to"])),
            (&[], wrong(&["from", "to", "by"])),
            (&[("from", "x"), ("to", "253402300800000"), ("by", "week")], wrong(&["from", "to", "by"])),
            (&[from, from, to, by], wrong(&["from"])),
            (
                &[from, to, by, ("operation", ""), ("channel", "post"), ("currency", "xof"), ("at", "7")],
                wrong(&["operation", "channel", "currency", "at"]),
            ),
            (&[from, to, by, ("operation", "Transfer"), ("at_least", "x")], wrong(&["operation", "at_least"])),
        ] {
            assert_eq!(read(query), expected, "{query:?}");
        }
    }

    #[test]
    fn a_line_says_what_its_row_says() {
        let row = |channel: &str, currency: &str, reason: &str| Row {
            start_at: 1_764_000_000_000,
            operation: "transfer".to_owned(),
            channel: channel.to_owned(),
            currency: currency.to_owned(),
            reason: reason.to_owned(),
            count: 3,
            amount_minor: "92233720368547758070".to_owned(),
            fee_minor: "5".to_owned(),
        };
        let settled = row("wallet", "EUR", "").into_line().unwrap();
        assert_eq!(
            (settled.start.as_str(), settled.status, settled.reason),
            ("2025-11-24T16:00:00.000Z", TransactionStatus::Settled, None)
        );
        assert_eq!((settled.amount.as_deref(), settled.fee.as_deref()), (Some("922337203685477580.70"), Some("0.05")));
        let refused = row("", "", "customer_not_found").into_line().unwrap();
        assert_eq!((refused.status, refused.reason), (TransactionStatus::Failed, Some(Refusal::CustomerNotFound)));
        assert_eq!((refused.channel, refused.currency, refused.amount, refused.fee), (None, None, None, None));
        assert!(row("post", "EUR", "").into_line().is_err());
    }
}
