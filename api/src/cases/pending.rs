//! What was taken and is not over?
//!
//! Every command that is decided is over but for five: money that is held for a payee, a payment that is held for a review, one whose day has not
//! come, a case that is open, and a customer of whom it is not known who they are. These are here, the oldest first. Of commands that are not decided yet `orion_commands_lag` tells how many
//! there are, and `GET /v1/operations/{id}` tells of each.

use super::require;
use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::Parameters;
use crate::page::Asked;
use axum::extract::State;
use axum::{Extension, Json};
use schemas::resource::diligence::PendingItem;
use schemas::resource::location;
use schemas::{Caller, CaseId, CustomerId, Epoch, HoldId, OrderId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is not over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pending {
    /// The oldest first.
    pending: Vec<PendingItem>,
    /// Where the next part begins: `cursor` of the next request; absent where this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// What is not over by $1, after the id $2, at most $3. Ids sort by when they were minted, and none is of two kinds.
const SELECT: &str = "
    select what, id, since from (
        (select what, id, since from waiting
         where since <= $1 and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
         order by id limit $3)
        union all
        (select 'case', id, opened_at from case_file
         where closed_at is null and opened_at <= $1 and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
         order by id limit $3)
    ) found
    order by id
    limit $3";

/// List what is not over
///
/// Money held for a payee, payments held for a review or until their day, cases that are open, and customers of whom it is not known who
/// they are; the oldest first, each with its age. Staff only.
#[utoipa::path(
    get, path = "/admin/pending", tag = "Cases",
    responses((status = 200, description = "What is not over.", body = Pending)),
    security(("bearer" = ["cases:read", "operator"])),
)]
pub(crate) async fn pending(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Pending>, Failure> {
    require(&caller)?;
    let mut asked = Asked::read(parameters, "/admin/pending", &[])?;
    let after: Option<Uuid> = asked.after();
    let page = asked.page()?;
    page.freshness.wait(&view, None).await?;
    let as_of = view.as_of().await?;
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    let rows: Vec<(String, Uuid, i64)> = sqlx::query_as(SELECT).bind(at).bind(after).bind(page.rows()).fetch_all(&view.pool).await?;
    let more = rows.len() > page.limit;
    let last = rows.iter().take(page.limit).next_back().map(|(_, id, _)| *id);
    let shown = |(what, id, since): (String, Uuid, i64)| {
        let since = u64::try_from(since)?;
        let resource = match &*what {
            "review" | "hold" => location::hold(HoldId(id)),
            "order" => location::order(OrderId(id)),
            "case" => location::case(CaseId(id)),
            _ => location::kyc(CustomerId(id)),
        };
        Ok(PendingItem { what, id, resource, since, age_ms: as_of.saturating_sub(since) })
    };
    let pending = rows.into_iter().take(page.limit).map(shown).collect::<Result<_, ViewError>>()?;
    let next_cursor = last.filter(|_| more).map(|last| page.cursor(as_of, last));
    Ok(Json(Pending { pending, next_cursor, as_of }))
}
