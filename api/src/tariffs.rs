//! What does an operation cost, now and by what is planned?
//!
//! A tariff is kept as the rows that staff has set under its code. Rows are never changed, so those up to an epoch are the
//! same whenever they are read.

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use axum::Json;
use axum::extract::{Path, State};
use schemas::resource::{self, policy::rate_ppm};
use schemas::{Currency, Epoch, Money, Tariff, Tier};
use serde::Serialize;
use utoipa::ToSchema;

/// Tariffs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tariffs {
    /// Those that hold now, in the order of their codes.
    in_force: Vec<resource::Tariff>,
    /// Those that are to hold later, in the order of their codes and of time.
    planned: Vec<resource::Tariff>,
    /// The epoch of the view that this was read from.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// A tariff, as far as it was set and not withdrawn since. Each version says until when it holds: until its own end, or the
/// next version, or until it is withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) tariff: Tariff,
    /// When it was set.
    pub(crate) epoch: Epoch,
}

#[derive(sqlx::FromRow)]
struct Row {
    code: String,
    withdrawn: bool,
    currency: Option<String>,
    operation: Option<String>,
    channel: Option<String>,
    account_type: Option<String>,
    level: Option<String>,
    bearer: Option<String>,
    tiers: Option<String>,
    min_minor: Option<i64>,
    max_minor: Option<i64>,
    free_per_month: Option<i64>,
    effective_from: i64,
    effective_to: Option<i64>,
    epoch: i64,
}

/// By the rows up to $1, what holds at $2 and what is planned for later. What holds by then is the newest row that does; what
/// is planned, a row that no newer one comes before.
const SELECT: &str = "
    select t.code, t.withdrawn, t.currency, t.operation, t.channel, t.account_type, t.level, t.bearer, t.tiers::text as tiers,
           t.min_minor, t.max_minor, t.free_per_month, t.effective_from, t.effective_to, t.epoch
    from tariff t
    where t.epoch <= $1 and ($3::text is null or t.code = $3)
      and not exists (select 1 from tariff newer
                      where newer.code = t.code and newer.event_id > t.event_id and newer.epoch <= $1
                        and newer.effective_from <= greatest(t.effective_from, $2))
    order by t.code, t.effective_from";

/// List the tariffs
///
/// Those in force, and those that are planned. Which is the price of a payment, `POST /v1/fees/quote` tells.
#[utoipa::path(
    get, path = "/v1/tariffs", tag = "Policies",
    responses((status = 200, description = "The tariffs.", body = Tariffs)),
    security(("bearer" = [])),
)]
pub(crate) async fn tariffs(State(view): State<View>, parameters: Parameters) -> Result<Json<Tariffs>, Failure> {
    Freshness::read(parameters, Past::Not)?.wait(&view, None).await?;
    Ok(Json(shown(&view, None).await?))
}

/// Show a tariff
///
/// What is in force under a code, and what is planned.
#[utoipa::path(
    get, path = "/v1/tariffs/{code}", tag = "Policies",
    params(("code" = String, Path, pattern = "^[a-z0-9_-]{1,64}$", example = "transfer-xof")),
    responses((status = 200, description = "The tariff.", body = Tariffs)),
    security(("bearer" = [])),
)]
pub(crate) async fn tariff(State(view): State<View>, Path(code): Path<String>, parameters: Parameters) -> Result<Json<Tariffs>, Failure> {
    Freshness::read(parameters, Past::Not)?.wait(&view, None).await?;
    let shown = shown(&view, Some(&code)).await?;
    if shown.in_force.is_empty() && shown.planned.is_empty() { Err(not_found("tariff")) } else { Ok(Json(shown)) }
}

async fn shown(view: &View, code: Option<&str>) -> Result<Tariffs, Failure> {
    let as_of = view.as_of().await?;
    let versions = versions(view, as_of, as_of, code).await?;
    let (in_force, planned): (Vec<_>, Vec<_>) = versions.into_iter().partition(|version| version.holds(as_of));
    let show = |versions: Vec<Version>| versions.iter().map(|version| resource::Tariff::of(&version.tariff, version.epoch)).collect();
    Ok(Tariffs { in_force: show(in_force), planned: show(planned), as_of })
}

/// By what was set up to the epoch `known`, which tariffs hold at `at`, and which are planned for later.
pub(crate) async fn versions(view: &View, known: Epoch, at: Epoch, code: Option<&str>) -> Result<Vec<Version>, ViewError> {
    let rows: Vec<Row> =
        sqlx::query_as(SELECT).bind(i64::try_from(known)?).bind(i64::try_from(at)?).bind(code).fetch_all(&view.pool).await?;
    read(rows, at)
}

/// Rows in the order of code and time.
fn read(rows: Vec<Row>, at: Epoch) -> Result<Vec<Version>, ViewError> {
    let mut versions = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        let next = rows.peek().filter(|next| next.code == row.code).map(|next| next.effective_from);
        let ends = [row.effective_to, next].into_iter().flatten().min();
        if !row.withdrawn && ends.is_none_or(|ends| u64::try_from(ends).is_ok_and(|ends| ends > at)) {
            versions.push(Row { effective_to: ends, ..row }.into_version()?);
        }
    }
    Ok(versions)
}

impl Version {
    /// Whether it holds at an epoch at which nothing is over.
    pub(crate) fn holds(&self, at: Epoch) -> bool {
        self.tariff.effective_from.is_none_or(|from| from <= at)
    }
}

impl Row {
    fn into_version(self) -> Result<Version, ViewError> {
        let currency: Currency = word(self.currency)?;
        let tiers: Vec<resource::Tier> = serde_json::from_str(&self.tiers.unwrap_or_default())?;
        let tier = |tier: &resource::Tier| {
            let minor = |text: &String| Money::parse(text, currency).map(|money| money.minor);
            Ok(Tier {
                up_to_minor: tier.up_to.as_ref().map(minor).transpose()?,
                fixed_minor: minor(&tier.fixed)?,
                rate_ppm: rate_ppm(&tier.rate)?,
            })
        };
        let tariff = Tariff {
            code: self.code,
            currency,
            operation: self.operation.map(|word| word.parse()).transpose()?,
            channel: self.channel.map(|word| word.parse()).transpose()?,
            account_type: self.account_type.map(|word| word.parse()).transpose()?,
            level: self.level.map(|word| word.parse()).transpose()?,
            bearer: word(self.bearer)?,
            tiers: tiers.iter().map(tier).collect::<Result<_, ViewError>>()?,
            min_minor: self.min_minor,
            max_minor: self.max_minor,
            free_per_month: u32::try_from(self.free_per_month.unwrap_or(0))?,
            effective_from: Some(u64::try_from(self.effective_from)?),
            effective_to: self.effective_to.map(u64::try_from).transpose()?,
        };
        Ok(Version { tariff, epoch: u64::try_from(self.epoch)? })
    }
}

/// A word that every tariff has; where there is none, it is not readable either.
fn word<T: std::str::FromStr<Err = schemas::money::Unreadable>>(word: Option<String>) -> Result<T, schemas::money::Unreadable> {
    word.unwrap_or_default().parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(code: &str, effective_from: i64, effective_to: Option<i64>, withdrawn: bool) -> Row {
        let text = |text: &str| (!withdrawn).then(|| text.to_owned());
        Row {
            code: code.to_owned(),
            withdrawn,
            currency: text("EUR"),
            operation: None,
            channel: text("qr"),
            account_type: None,
            level: text("standard"),
            bearer: text("payee"),
            tiers: text(r#"[{"up_to": "10.00", "fixed": "0.10", "rate": "0"}, {"fixed": "0", "rate": "1.25"}]"#),
            min_minor: None,
            max_minor: Some(500),
            free_per_month: (!withdrawn).then_some(3),
            effective_from,
            effective_to,
            epoch: 1,
        }
    }

    /// What is shown of rows at epoch 10: code, from when on, until when.
    fn shown(rows: Vec<Row>) -> Vec<(String, Option<Epoch>, Option<Epoch>)> {
        let version = |version: Version| (version.tariff.code, version.tariff.effective_from, version.tariff.effective_to);
        read(rows, 10).unwrap().into_iter().map(version).collect()
    }

    #[test]
    fn a_version_holds_until_its_end_or_the_next() {
        let version = |code: &str, from, to| (code.to_owned(), Some(from), to);
        for (rows, expected) in [
            (vec![row("a", 5, None, false)], vec![version("a", 5, None)]),
            (vec![row("a", 5, Some(10), false)], vec![]),
            (vec![row("a", 5, Some(11), false)], vec![version("a", 5, Some(11))]),
            (vec![row("a", 5, None, false), row("a", 20, None, false)], vec![version("a", 5, Some(20)), version("a", 20, None)]),
            (vec![row("a", 5, Some(15), false), row("a", 20, None, false)], vec![version("a", 5, Some(15)), version("a", 20, None)]),
            (vec![row("a", 5, Some(25), false), row("a", 20, None, true)], vec![version("a", 5, Some(20))]),
            (vec![row("a", 5, None, true), row("a", 20, None, false)], vec![version("a", 20, None)]),
            (vec![row("a", 5, None, false), row("b", 6, None, false)], vec![version("a", 5, None), version("b", 6, None)]),
            (vec![row("a", 5, None, true)], vec![]),
        ] {
            assert_eq!(shown(rows), expected);
        }
    }

    #[test]
    fn a_row_is_the_tariff_that_was_set() {
        let tariff = read(vec![row("a", 5, None, false)], 10).unwrap().remove(0).tariff;
        assert_eq!((tariff.fee_minor(1000), tariff.fee_minor(1001), tariff.fee_minor(1_000_000)), (10, 13, 500));
        assert_eq!((tariff.currency.code(), tariff.free_per_month), ("EUR", 3));
        assert!(read(vec![Row { tiers: None, ..row("a", 5, None, false) }], 10).is_err());
        assert!(read(vec![Row { bearer: None, ..row("a", 5, None, false) }], 10).is_err());
    }
}
