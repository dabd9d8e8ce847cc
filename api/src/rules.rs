//! By which rules does the bank decide?

use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::State;
use axum::{Extension, Json};
use schemas::resource::Rules;
use schemas::{Caller, Scope};

#[derive(sqlx::FromRow)]
struct Row {
    version: Option<i64>,
    epoch: Option<i64>,
    as_of: i64,
}

const SELECT: &str = "
    select newest.version, newest.epoch, greatest(progress.epoch - 1, 0) as as_of
    from sink_progress progress
    left join lateral (select version, epoch from rules_activation order by event_id desc limit 1) newest on true
    where progress.sink = 'views'";

/// Show the rules in force
///
/// The version that decides; `null` as long as the bank goes by the version that it began with.
#[utoipa::path(
    get, path = "/v1/rules", tag = "Rules",
    responses((status = 200, description = "The rules.", body = Rules)),
    security(("bearer" = ["rules:read"])),
)]
pub(crate) async fn rules(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Rules>, Failure> {
    caller.require(Scope::RulesRead)?;
    Freshness::read(parameters, Past::Not)?.wait(&view, None).await?;
    let row: Option<Row> = sqlx::query_as(SELECT).fetch_optional(&view.pool).await?;
    Ok(Json(row.ok_or(ViewError::NoProgress)?.into_rules()?))
}

impl Row {
    fn into_rules(self) -> Result<Rules, ViewError> {
        Ok(Rules {
            version: self.version.map(u32::try_from).transpose()?,
            epoch: self.epoch.map(u64::try_from).transpose()?,
            as_of: Some(u64::try_from(self.as_of)?),
        })
    }
}
