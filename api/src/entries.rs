//! What happened on this account, and what was in it after each?
//!
//! In: an account, a range of time and an order. Out: a part of its statement, with the balances at both ends of the range. By the
//! day on which it was recorded a posting carries its balance; by the day from which it counts, `dated` works the balance out.
//! Nothing is ever taken out of the views, so the range may begin as early as the bank, and only the future is refused.

mod csv;
mod dated;

use crate::accept;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::Parameters;
use crate::page::{Asked, Page};
use crate::{View, accounts};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemas::account::HOUSE_FEES;
use schemas::{AccountId, Caller, Channel, Currency, Epoch, Money, PaymentKind, Problem, Scope, TransactionId, rfc3339};
use serde::Serialize;
use sqlx::AssertSqlSafe;
use std::str::FromStr;
use utoipa::ToSchema;
use uuid::Uuid;

/// A part of the statement of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Statement {
    /// The account.
    account_id: AccountId,
    /// Its currency.
    currency: Currency,
    /// What was in it when the range began, as a decimal in the currency's exponent.
    #[schema(example = "12500")]
    opening_balance: String,
    /// What was in it when the range ended.
    #[schema(example = "12000")]
    closing_balance: String,
    /// What was paid in or out within the range, in the order that was asked for.
    entries: Vec<Entry>,
    /// Where the next part begins: `cursor` of the next request; absent where this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// What one transaction did to the account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entry {
    /// The transaction.
    transaction_id: TransactionId,
    /// What it was for.
    operation: PaymentKind,
    /// Through which channel it came.
    channel: Channel,
    /// What was paid in, or out if it is negative, the fee that the account bore included.
    #[schema(example = "-500")]
    amount: String,
    /// What was in the account afterwards; by the day from which it counts, of all that counts up to here.
    #[schema(example = "12000")]
    balance: String,
    /// Who was on the other side; absent from a fee that the bank took.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    counterparty: Option<AccountId>,
    /// From when on it counts, RFC 3339 in UTC; only of one that counts from earlier than it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2025-11-01T00:00:00.000Z")]
    effective_at: Option<String>,
    /// When it was made, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2025-11-24T16:00:00.123Z")]
    recorded_at: String,
    /// The same as an epoch.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    epoch: Epoch,
}

/// By which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Recorded,
    Effective,
}

/// Which end first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Ascending,
    Descending,
}

/// Where an entry stands: from when on it counts, the epoch in which it was made, and its place among the postings of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    counts: i64,
    epoch: i64,
    number: i32,
}

/// What is read: an account in a range, whose upper end is exclusive and not beyond the epoch that it is read at.
#[derive(Clone, Copy, Debug)]
struct Range {
    account: AccountId,
    /// None but of the account that takes the fees of a currency, to which every payment of it may have paid one.
    fees_of: Option<Currency>,
    from: i64,
    to: i64,
    as_of: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    counts: i64,
    epoch: i64,
    number: i32,
    transaction_id: Uuid,
    amount_minor: i64,
    balance_minor: i64,
    operation: String,
    channel: String,
    account_debit: Uuid,
    account_credit: Uuid,
    effective_at: Option<i64>,
}

/// The postings of $1 from $2 until $3, by $4, that stand beyond the place ($7, $8), at most $9 of them.
const RECORDED: &str = "
    select p.epoch as counts, p.epoch, p.number, p.transaction_id, p.amount_minor, p.balance_minor
    from posting p
    where p.account_id = $1 and p.epoch >= $2 and p.epoch < $3 and p.epoch <= $4 and (p.epoch, p.number) BEYOND ($7, $8)
    order by p.epoch DIRECTION, p.number DIRECTION
    limit $9";

/// What else there is to say of entries. A payment is looked up for each, by `offset 0`, in the month of its epoch.
const ENTRIES: &str = "
    select e.*, t.operation, t.channel, t.account_debit, t.account_credit, o.effective_at
    from (CHOSEN) e
    cross join lateral (select * from transaction where transaction.id = e.transaction_id offset 0) t
    left join lateral (select order_change.effective_at from order_change
                       where order_change.transaction_id = e.transaction_id and order_change.effective_at is not null
                         and order_change.event_id >= first_id_of(e.epoch) and order_change.event_id < first_id_of(e.epoch + 1)
                       limit 1) o on true
    order by e.counts DIRECTION, e.epoch DIRECTION, e.number DIRECTION";

const BALANCE: &str = "
    select balance_minor from posting where account_id = $1 and epoch < $2 order by epoch desc, number desc limit 1";

/// Show a statement
///
/// What was paid in and out, with the balance after each, from `from` until `to`, now or as it was known `at` a past epoch. It goes
/// by when payments were recorded or, with `by=effective`, by when they count. With `Accept: text/csv` the same as CSV: the
/// balances and `as_of` are headers then, and `Link` says where the next part is.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/entries", tag = "Accounts",
    params(
        ("id" = AccountId, Path),
        ("from" = Option<String>, Query, description = "The first moment: an epoch, or RFC 3339 in UTC; the beginning unless it is said.", example = "2025-11-01T00:00:00Z"),
        ("to" = Option<String>, Query, description = "The moment before which it ends, not beyond now; now unless it is said.", example = "2025-12-01T00:00:00Z"),
        ("by" = Option<String>, Query, description = "`recorded`, by when a payment was made, or `effective`, by when it counts; `recorded` unless it is said.", pattern = "^(recorded|effective)$", example = "effective"),
        ("order" = Option<String>, Query, description = "`desc`, the newest first, or `asc`; `desc` unless it is said.", pattern = "^(desc|asc)$", example = "asc"),
        ("Accept" = Option<String>, Header, description = "`application/json` or `text/csv`.", example = "text/csv"),
    ),
    responses(
        (status = 200, description = "The statement.", content(
            (Statement = "application/json", example = json!({
                "account_id": "019ab6f5-1c7b-7002-8000-000000000000", "currency": "XOF", "opening_balance": "12500",
                "closing_balance": "12000", "entries": [{
                    "transaction_id": "019ab6f5-1c7b-7001-8000-000000000000", "operation": "transfer", "channel": "wallet",
                    "amount": "-500", "balance": "12000", "counterparty": "019ab6f5-1c7b-7002-8000-000000000001",
                    "recorded_at": "2025-11-24T16:00:00.123Z", "epoch": 1_764_000_000_123_u64,
                }],
                "as_of": 1_764_000_000_456_u64,
            })),
            (String = "text/csv", example = "transaction_id,operation,channel,amount,currency,balance,counterparty,effective_at,recorded_at,epoch\r\n019ab6f5-1c7b-7001-8000-000000000000,transfer,wallet,-500,XOF,12000,019ab6f5-1c7b-7002-8000-000000000001,,2025-11-24T16:00:00.123Z,1764000000123\r\n"),
        ), headers(
            ("Orion-As-Of" = u64, description = "The epoch that it was read at; only of CSV."),
            ("Orion-Opening-Balance" = String, description = "What was in the account when the range began; only of CSV."),
            ("Orion-Closing-Balance" = String, description = "What was in it when the range ended; only of CSV."),
            ("Link" = String, description = "Where the next part is, with `rel=\"next\"`; only of CSV, and absent where this was the last."),
        )),
        (status = 406, description = "`Accept` takes neither JSON nor CSV: `not_acceptable`.", body = Problem, content_type = "application/problem+json", example = json!({
            "type": "urn:orion:problem:not_acceptable", "title": "Not acceptable", "status": 406, "code": "not_acceptable",
            "detail": "This is to be had as application/json or text/csv.", "retryable": false,
        })),
    ),
    security(("bearer" = ["accounts:read"])),
)]
pub(crate) async fn entries(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failure> {
    caller.require(Scope::AccountsRead)?;
    let as_csv = accept::prefers(&headers, accept::CSV)?;
    let id: AccountId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let path = format!("/v1/accounts/{id}/entries");
    let mut asked = Asked::read(parameters, &*path, &["from", "to", "by", "order"])?;
    let (from, to) = (asked.moment("from"), asked.moment("to"));
    let by = asked.take("by", |text| choose(text, [("recorded", By::Recorded), ("effective", By::Effective)]));
    let order = asked.take("order", |text| choose(text, [("desc", Order::Descending), ("asc", Order::Ascending)]));
    let after: Option<Place> = asked.after();
    let named = asked.range(from, to);
    let page = asked.page()?;
    let as_of = view.stand(page.freshness, id.epoch(), &named).await?.ok_or_else(|| not_found("account"))?;
    let currency = accounts::seen(&view, &caller, id, as_of).await?;
    let number = |epoch: Epoch| i64::try_from(epoch).map_err(ViewError::from);
    let range = Range {
        account: id,
        fees_of: Some(currency).filter(|currency| AccountId::house(HOUSE_FEES, *currency) == id),
        from: number(from.unwrap_or_default())?,
        to: number(to.unwrap_or(as_of + 1).min(as_of + 1))?,
        as_of: number(as_of)?,
    };
    let (by, order) = (by.unwrap_or(By::Recorded), order.unwrap_or(Order::Descending));
    let Read { opening_minor, closing_minor, rows, next } = read(&view, range, (by, order), after, &page).await?;
    let money = |minor| Money { minor, currency }.to_string();
    let statement = Statement {
        account_id: id,
        currency,
        opening_balance: money(opening_minor),
        closing_balance: money(closing_minor),
        entries: rows.into_iter().map(|row| row.into_entry(id, currency)).collect::<Result<_, _>>()?,
        next_cursor: next.map(|place| page.cursor(as_of, place)),
        as_of,
    };
    Ok(if as_csv { csv::answer(&statement, &path, page.limit) } else { Json(statement).into_response() })
}

/// What was read of a statement.
struct Read {
    opening_minor: i64,
    closing_minor: i64,
    rows: Vec<Row>,
    /// The last that is told, if more follow.
    next: Option<Place>,
}

/// Rows are never changed, so each statement sees the same as one for all would.
async fn read(view: &View, range: Range, (by, order): (By, Order), after: Option<Place>, page: &Page) -> Result<Read, ViewError> {
    let chosen = match by {
        By::Recorded => RECORDED.to_owned(),
        By::Effective => dated::chosen(),
    };
    let (beyond, direction, least) = match order {
        Order::Ascending => (">", "asc", Place::FIRST),
        Order::Descending => ("<", "desc", Place::LAST),
    };
    let query = ENTRIES.replace("CHOSEN", &chosen).replace("BEYOND", beyond).replace("DIRECTION", direction);
    // What was told need not be passed over again.
    let (from, to) = match (after, order) {
        (Some(after), Order::Ascending) => (range.from.max(after.counts), range.to),
        (Some(after), Order::Descending) => (range.from, range.to.min(after.counts.saturating_add(1))),
        (None, Order::Ascending | Order::Descending) => (range.from, range.to),
    };
    let after = after.unwrap_or(least);
    let mut rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(query))
        .bind(range.account.0)
        .bind(from)
        .bind(to)
        .bind(range.as_of)
        .bind(range.fees_of.map(Currency::code))
        .bind(after.counts)
        .bind(after.epoch)
        .bind(after.number)
        .bind(page.rows())
        .fetch_all(&view.pool)
        .await?;
    let more = rows.len() > page.limit;
    rows.truncate(page.limit);
    if by == By::Effective {
        dated::balance(view, range, order, &mut rows).await?;
    }
    let [opening_minor, closing_minor] = match by {
        By::Recorded => [recorded(view, range, range.from).await?, recorded(view, range, range.to).await?],
        By::Effective => {
            let at = |counts| dated::before(view, range, Place { counts, epoch: 0, number: 0 });
            [at(range.from).await?, at(range.to).await?]
        }
    };
    Ok(Read { opening_minor, closing_minor, next: rows.last().filter(|_| more).map(Row::place), rows })
}

/// What was in the account before an epoch.
async fn recorded(view: &View, range: Range, epoch: i64) -> Result<i64, ViewError> {
    let minor: Option<i64> = sqlx::query_scalar(BALANCE).bind(range.account.0).bind(epoch).fetch_optional(&view.pool).await?;
    Ok(minor.unwrap_or_default())
}

fn choose<T: Copy>(text: &str, words: [(&str, T); 2]) -> Result<T, String> {
    let chosen = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    chosen.ok_or_else(|| format!("expected {}, {}", words[0].0, words[1].0))
}

impl Place {
    /// Before every entry, and after.
    const FIRST: Self = Self { counts: i64::MIN, epoch: i64::MIN, number: i32::MIN };
    const LAST: Self = Self { counts: i64::MAX, epoch: i64::MAX, number: i32::MAX };
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.counts, self.epoch, self.number)
    }
}

impl FromStr for Place {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':').map(Some).chain(std::iter::repeat(None));
        let mut part = || parts.next().flatten().unwrap_or_default();
        Ok(Self { counts: part().parse()?, epoch: part().parse()?, number: part().parse()? })
    }
}

impl Row {
    fn place(&self) -> Place {
        Place { counts: self.counts, epoch: self.epoch, number: self.number }
    }

    fn into_entry(self, account: AccountId, currency: Currency) -> Result<Entry, ViewError> {
        let epoch = u64::try_from(self.epoch)?;
        let other = match account.0 {
            id if id == self.account_debit => Some(self.account_credit),
            id if id == self.account_credit => Some(self.account_debit),
            _ => None,
        };
        Ok(Entry {
            transaction_id: TransactionId(self.transaction_id),
            operation: self.operation.parse()?,
            channel: self.channel.parse()?,
            amount: Money { minor: self.amount_minor, currency }.to_string(),
            balance: Money { minor: self.balance_minor, currency }.to_string(),
            counterparty: other.map(AccountId),
            effective_at: self.effective_at.map(u64::try_from).transpose()?.map(rfc3339),
            recorded_at: rfc3339(epoch),
            epoch,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_or_not_at_all() {
        for place in [Place { counts: 3, epoch: 7, number: 2 }, Place::FIRST, Place::LAST] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for text in ["", "1", "1:2", "1:2:", "1:2:3:4", "a:2:3", "1:2:99999999999"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
