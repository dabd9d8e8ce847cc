//! Which watchlists are in force, and whom do they name?

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::resource::{ListEntries, ListVersion, Watchlists};
use schemas::{Caller, Epoch, Problem};

/// The newest version of each list up to $1; what has ended is none.
const LISTS: &str = "
    select shown::text from (
        select distinct on (list) list, count, shown from list_version where epoch <= $1 order by list, event_id desc
    ) newest
    where count > 0 order by list";

/// A part of the version of a list that is in force at $3.
const PART: &str = "
    with version as (
        select event_id, version, count from list_version where list = $1 and epoch <= $3 order by event_id desc limit 1
    )
    select v.version, p.entries::text
    from version v
    join list_part p on p.list = $1 and p.version = v.version and p.event_id < v.event_id and p.number = $2
    where v.count > 0
    order by p.event_id desc limit 1";

/// List the watchlists
///
/// The version of each that is in force.
#[utoipa::path(
    get, path = "/admin/aml/lists", tag = "Rules",
    responses((status = 200, description = "The lists.", body = Watchlists)),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn lists(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Watchlists>, Failure> {
    let as_of = stand(&view, &caller, parameters).await?;
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    let rows: Vec<String> = sqlx::query_scalar(LISTS).bind(at).fetch_all(&view.pool).await?;
    let lists = rows.iter().map(|shown| serde_json::from_str::<ListVersion>(shown)).collect::<Result<_, _>>().map_err(ViewError::from)?;
    Ok(Json(Watchlists { lists, as_of }))
}

/// Show a part of a watchlist
///
/// Some of the entries of the version in force, by the number of the part.
#[utoipa::path(
    get, path = "/admin/aml/lists/{list}/parts/{number}", tag = "Rules", params(("list" = String, Path), ("number" = u32, Path)),
    responses((status = 200, description = "The entries.", body = ListEntries)),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn part(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path((list, number)): Path<(String, String)>,
    parameters: Parameters,
) -> Result<Json<ListEntries>, Failure> {
    let as_of = stand(&view, &caller, parameters).await?;
    let number: u32 = number.parse().map_err(|_| Problem::field("number", "expected a number from 0 on"))?;
    if !schemas::list::is_list_name(&list) {
        return Err(not_found("list"));
    }
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    let row: Option<(i64, String)> = sqlx::query_as(PART).bind(&list).bind(i64::from(number)).bind(at).fetch_optional(&view.pool).await?;
    let (version, entries) = row.ok_or_else(|| not_found("list"))?;
    let entries = serde_json::from_str(&entries).map_err(ViewError::from)?;
    Ok(Json(ListEntries { list, version: u32::try_from(version).map_err(ViewError::from)?, number, entries, as_of }))
}

async fn stand(view: &View, caller: &Caller, parameters: Parameters) -> Result<Epoch, Failure> {
    super::require(caller)?;
    Freshness::read(parameters, Past::Not)?.wait(view, None).await?;
    Ok(view.as_of().await?)
}
