//! What is in this view? What is in all of these at one epoch?
//!
//! Whoever asks for several gets all of them from one snapshot, so what one says fits what the others say. What is made of rows that
//! are never changed comes in parts and can be had at any past epoch; sums come whole, as they are now or were at the end of a minute.

use super::{Asked, Part, changed, comes_in_parts, past};
use crate::failure::{Failure, ViewError};
use crate::freshness::Parameters;
use crate::page::{self, Page};
use crate::progress::Shown;
use crate::{View, aggregates};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::{Actor, Caller, Epoch, Problem, ViewName};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A row of a view.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ViewRow {
    /// Its name in the view, the same for as long as the row is there.
    #[schema(example = "019ab6f5-1c7b-7002-8000-000000000000")]
    key: String,
    /// When it last changed.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    epoch: Epoch,
    /// What it says, by the view.
    #[schema(value_type = Object)]
    value: Box<RawValue>,
}

/// Rows of a view.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ViewPart {
    /// In a fixed order.
    rows: Vec<ViewRow>,
    /// Where the next part begins: `cursor` of a request for the view; absent where this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Several views at one epoch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Views {
    /// Each by its name.
    #[schema(value_type = BTreeMap<String, ViewPart>)]
    views: BTreeMap<ViewName, ViewPart>,
    /// The epoch that all of them were read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// A view at an epoch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WholeView {
    /// Its name.
    view: ViewName,
    #[serde(flatten)]
    part: ViewPart,
    /// The epoch that it was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// Read several views at one epoch
///
/// Each begins with its first rows; the rest of one is had by its own cursor, as of the same epoch. Customers see what is theirs.
#[utoipa::path(
    get, path = "/v1/views", tag = "Views",
    params(("names" = String, Query, description = "Which, with commas between them.", example = "accounts,volume_by_day")),
    responses((status = 200, description = "The views.", body = Views)),
    security(("bearer" = ["accounts:read"]), ("bearer" = ["customers:read"]), ("bearer" = ["transactions:read"]), ("bearer" = ["reports:read"])),
)]
pub(crate) async fn views(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Views>, Failure> {
    let mut asked = page::Asked::read(parameters, "/v1/views", &["names"])?;
    let names = asked.take("names", read_names).unwrap_or_default();
    if !asked.says("names") {
        asked.wrong("names", "is missing");
    }
    let page = asked.page()?;
    for name in &names {
        caller.require(name.scope())?;
    }
    let (as_of, parts) = read(&view, &caller, &names, &page, None).await?;
    Ok(Json(Views { views: names.into_iter().zip(parts).collect(), as_of }))
}

/// Read a view
///
/// Its rows at one epoch, in parts where it is made of many. Customers see what is theirs.
#[utoipa::path(
    get, path = "/v1/views/{name}", tag = "Views",
    params(("name" = ViewName, Path)),
    responses((status = 200, description = "The view.", body = WholeView)),
    security(("bearer" = ["accounts:read"]), ("bearer" = ["customers:read"]), ("bearer" = ["transactions:read"]), ("bearer" = ["reports:read"])),
)]
pub(crate) async fn view(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Result<Json<WholeView>, Failure> {
    let name = named(&name)?;
    caller.require(name.scope())?;
    let mut asked = page::Asked::read(parameters, location(name), &[])?;
    let after: Option<Uuid> = asked.after();
    let page = asked.page()?;
    let (as_of, mut parts) = read(&view, &caller, &[name], &page, after).await?;
    let part = parts.pop().unwrap_or_else(|| ViewPart { rows: Vec::new(), next_cursor: None });
    Ok(Json(WholeView { view: name, part, as_of }))
}

/// The view of a path.
#[allow(clippy::result_large_err, reason = "a problem is made once a request, and ends it")]
pub(crate) fn named(name: &str) -> Result<ViewName, Problem> {
    name.parse().map_err(|_| Problem::new(404, "view_not_found", format!("There is no view of this name; there are {}.", names())))
}

/// Where a view is.
fn location(name: ViewName) -> String {
    format!("/v1/views/{name}")
}

fn names() -> String {
    ViewName::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

fn read_names(text: &str) -> Result<Vec<ViewName>, String> {
    let read = |name: &str| name.parse::<ViewName>().map_err(|_| format!("expected some of {}, with commas between them", names()));
    let names = text.split(',').map(read).collect::<Result<Vec<_>, _>>()?;
    let twice = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name));
    twice.map_or_else(|| Ok(names.clone()), |(_, name)| Err(format!("names {name} more than once")))
}

/// Whether what a view says of a past epoch has to be put together. What does not balance is written down as it comes and goes.
const fn comes_from_sums(name: ViewName) -> bool {
    !comes_in_parts(name) && !matches!(name, ViewName::Imbalances)
}

async fn read(
    view: &View,
    caller: &Caller,
    names: &[ViewName],
    page: &Page,
    after: Option<Uuid>,
) -> Result<(Epoch, Vec<ViewPart>), Failure> {
    page.freshness.wait(view, None).await?;
    let mut snapshot = aggregates::snapshot(&view.pool).await?;
    // What is not counted yet is only missing from sums.
    let now = if names.iter().copied().any(comes_from_sums) {
        aggregates::as_of(&mut snapshot).await?
    } else {
        Shown::read(&mut *snapshot).await?.ok_or(ViewError::NoProgress)?.as_of()
    };
    let as_of = page.freshness.at.unwrap_or(now);
    let mut parts = Vec::with_capacity(names.len());
    for name in names {
        if as_of != now && comes_from_sums(*name) {
            aggregates::past::check(page.freshness)?;
            aggregates::past::begun(&mut snapshot, Some(as_of), aggregates::past::COUNTED).await?;
            let rows = past::rows(&mut snapshot, *name, as_of).await?;
            let rows = rows.ok_or_else(|| Problem::field("at", format!("{name} can't be read at a past epoch")))?;
            parts.push(shown(Part { rows, next: None }, *name, page, as_of)?);
        } else {
            parts.push(part(&mut snapshot, caller, *name, page, as_of, after).await?);
        }
    }
    snapshot.rollback().await?;
    Ok((as_of, parts))
}

async fn part(
    snapshot: &mut PgConnection,
    caller: &Caller,
    name: ViewName,
    page: &Page,
    as_of: Epoch,
    after: Option<Uuid>,
) -> Result<ViewPart, Failure> {
    let owner = match caller.principal.actor() {
        Actor::Customer(own) if name.is_of_customers() => Some(own.map_or(Uuid::nil(), |own| own.0)),
        Actor::Customer(_) | Actor::Staff => None,
    };
    let asked = Asked { since: 0, as_of, owner, after: after.unwrap_or(Uuid::nil()), limit: page.limit };
    shown(changed(snapshot, name, asked).await?, name, page, as_of)
}

fn shown(found: Part, name: ViewName, page: &Page, as_of: Epoch) -> Result<ViewPart, Failure> {
    let row = |row: super::Row| Ok(ViewRow { key: row.key, epoch: row.epoch, value: RawValue::from_string(row.value)? });
    let rows = found.rows.into_iter().map(row).collect::<Result<Vec<_>, ViewError>>()?;
    let next_cursor = found.next.map(|after| page.cursor_of(location(name), as_of, after));
    Ok(ViewPart { rows, next_cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_or_named() {
        assert_eq!(read_names("accounts,volume_by_day"), Ok(vec![ViewName::Accounts, ViewName::VolumeByDay]));
        for (wrong, says) in [("", "expected some of"), ("accounts,", "expected some of"), ("accounts,accounts", "accounts more than once")]
        {
            assert!(read_names(wrong).unwrap_err().contains(says), "{wrong}");
        }
        assert_eq!(named("balances").unwrap_err().code, "view_not_found");
    }
}
