//! Where does a customer stand with their identity?

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::resource::diligence::{DocumentShown, Kyc, KycDocument};
use schemas::{Caller, CaseId, CustomerId, KycLevel, Problem, Scope};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    status: Option<String>,
    sub_status: Option<String>,
    kyc_status: String,
    level: Option<String>,
    open_case: Option<Uuid>,
}

const SELECT: &str = "
    select k.status, k.sub_status, c.kyc_status,
           (select level from customer_level where customer_id = $1 order by event_id desc limit 1) as level,
           (select id from case_file where customer_id = $1 and kind = 'enrolment' and closed_at is null limit 1) as open_case
    from customer c
    left join lateral (select status, sub_status from kyc_change where customer_id = c.id order by event_id desc limit 1) k on true
    where c.id = $1";

const DOCUMENTS: &str = "
    select document::text, duplicate_of, epoch from kyc_change where customer_id = $1 and document is not null order by event_id";

/// Show where a customer stands with their identity
///
/// What they have presented, without numbers, and the case that is open about it. Customers see their own.
#[utoipa::path(
    get, path = "/v1/customers/{id}/kyc", tag = "Customers", params(("id" = CustomerId, Path)),
    responses((status = 200, description = "Where they stand.", body = Kyc)),
    security(("bearer" = ["customers:read"])),
)]
pub(crate) async fn kyc(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Kyc>, Failure> {
    caller.require(Scope::CustomersRead)?;
    let id: CustomerId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let freshness = Freshness::read(parameters, Past::Not)?;
    if !caller.may_see(Some(id)) || !freshness.wait(&view, id.epoch()).await? {
        return Err(not_found("customer"));
    }
    let as_of = view.as_of().await?;
    let row: Option<Row> = sqlx::query_as(SELECT).bind(id.0).fetch_optional(&view.pool).await?;
    let row = row.ok_or_else(|| not_found("customer"))?;
    let presented: Vec<(String, Option<Uuid>, i64)> = sqlx::query_as(DOCUMENTS).bind(id.0).fetch_all(&view.pool).await?;
    // Who else presented it is nobody's business but staff's.
    let is_staff = caller.principal.actor().is_staff();
    let shown = |(document, duplicate_of, epoch): (String, Option<Uuid>, i64)| {
        let document: DocumentShown = serde_json::from_str(&document)?;
        let duplicate_of = duplicate_of.filter(|_| is_staff).map(CustomerId);
        Ok(KycDocument { document, submitted_at: u64::try_from(epoch)?, duplicate_of })
    };
    Ok(Json(Kyc {
        customer_id: id,
        status: row.status.unwrap_or(row.kyc_status).parse().map_err(ViewError::from)?,
        sub_status: row.sub_status.map(|word| word.parse()).transpose().map_err(ViewError::from)?,
        level: row.level.map_or(Ok(KycLevel::Unidentified), |level| level.parse()).map_err(ViewError::from)?,
        documents: presented.into_iter().map(shown).collect::<Result<_, ViewError>>()?,
        open_case: row.open_case.map(CaseId),
        as_of,
    }))
}
