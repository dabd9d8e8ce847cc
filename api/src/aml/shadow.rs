//! What does a rule in shadow say that the live one does not?
//!
//! Of the alerts that a rule has raised in both lanes within a time, or that still stand: about whom did only one of them speak?

use super::{require, stand};
use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::Parameters;
use crate::page::Asked;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::alert::SubjectKind;
use schemas::aml::Lane;
use schemas::{AlertId, Caller, Epoch, Problem, RuleId};
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where nobody says from when on: 30 days.
const LOOK_BACK_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// What the two settings of a rule have found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShadowDifference {
    /// The rule.
    rule: RuleId,
    /// Alerts raised from then on.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    from: Epoch,
    /// Alerts raised before then.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    to: Epoch,
    /// About how many both have spoken.
    #[schema(minimum = 0)]
    both: u64,
    /// About how many the live setting alone.
    #[schema(minimum = 0)]
    only_live: u64,
    /// About how many the one in shadow alone.
    #[schema(minimum = 0)]
    only_shadow: u64,
    /// About whom one alone; the newest first, as many as `limit` says.
    subjects: Vec<Difference>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// Somebody about whom one setting alone has spoken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// Which of the two.
    lane: Lane,
    /// What it is about.
    subject_kind: SubjectKind,
    /// Which.
    subject_id: String,
    /// How often.
    #[schema(minimum = 1)]
    alerts: u64,
    /// The last of these alerts.
    alert_id: AlertId,
    /// When that was raised.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    epoch: Epoch,
}

#[derive(FromRow)]
struct Row {
    lane: Option<String>,
    subject_kind: Option<String>,
    subject_id: Option<String>,
    alerts: Option<i64>,
    alert_id: Option<Uuid>,
    epoch: Option<i64>,
    both: i64,
    only_live: i64,
    only_shadow: i64,
}

/// The counts stand beside each subject, and alone where there is none.
const SELECT: &str = "
    with said as (
        select subject_kind, subject_id, bool_or(lane = 'live') as live, bool_or(lane = 'shadow') as shadow, count(*) as alerts,
               (array_agg(id order by epoch desc, number desc))[1] as alert_id, max(epoch) as epoch
        from (
            select * from alert where rule = $1 and epoch >= $2 and epoch < $3 and epoch <= $4
            union all
            select a.*
            from alert_standing s
            join alert a on a.id = s.alert_id
            where a.rule = $1 and a.epoch < $2
              and not exists (select from alert_cleared cleared where cleared.alert_id = a.id and cleared.epoch <= $4)
        ) considered
        group by subject_kind, subject_id
    ), counted as (
        select count(*) filter (where live and shadow) as both, count(*) filter (where not shadow) as only_live,
               count(*) filter (where not live) as only_shadow
        from said
    ), different as (
        select case when live then 'live' else 'shadow' end as lane, subject_kind, subject_id, alerts, alert_id, epoch
        from said
        where live <> shadow
        order by epoch desc, alert_id
        limit $5
    )
    select different.*, counted.*
    from counted left join different on true
    order by epoch desc, alert_id";

/// Compare a rule with its shadow
///
/// By the alerts of both that were raised within a time, the last 30 days where nothing is said, or that still stand: about whom one alone
/// has spoken, and how often.
#[utoipa::path(
    get, path = "/admin/aml/rules/{rule}/shadow", tag = "Risk",
    params(
        ("rule" = RuleId, Path),
        ("from" = Option<String>, Query, description = "Alerts raised from then on: an epoch, or RFC 3339 in UTC."),
        ("to" = Option<String>, Query, description = "Alerts raised before then."),
    ),
    responses((status = 200, description = "What differs.", body = ShadowDifference)),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn shadow(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(rule): Path<String>,
    parameters: Parameters,
) -> Result<Json<ShadowDifference>, Failure> {
    require(&caller)?;
    let rule: RuleId = rule.parse().map_err(|_| not_found("rule"))?;
    if rule.is_gate() {
        let detail = "What this rule says in shadow stands in transaction.assessed.v1, with each payment.";
        return Err(Problem::new(422, "rule_not_compared", detail).into());
    }
    let mut asked = Asked::read(parameters, format!("/admin/aml/rules/{rule}/shadow"), &["from", "to"])?;
    let (from, to) = (asked.moment("from"), asked.moment("to"));
    let named = asked.range(from, to);
    let page = asked.page()?;
    let as_of = stand(&view, page.freshness, &named).await?;
    let to = to.unwrap_or(as_of + 1);
    let from = from.unwrap_or_else(|| to.saturating_sub(LOOK_BACK_MS));
    let int = |epoch: Epoch| i64::try_from(epoch).map_err(ViewError::from);
    let rows: Vec<Row> = sqlx::query_as(SELECT)
        .bind(rule.as_str())
        .bind(int(from)?)
        .bind(int(to)?)
        .bind(int(as_of)?)
        .bind(i64::try_from(page.limit).map_err(ViewError::from)?)
        .fetch_all(&view.pool)
        .await
        .map_err(ViewError::from)?;
    let counts = rows.first().ok_or(ViewError::NoProgress)?;
    let count = |count: i64| u64::try_from(count).map_err(ViewError::from);
    let (both, only_live, only_shadow) = (count(counts.both)?, count(counts.only_live)?, count(counts.only_shadow)?);
    let subjects = rows.into_iter().filter_map(Row::into_difference).collect::<Result<Vec<_>, ViewError>>()?;
    Ok(Json(ShadowDifference { rule, from, to, both, only_live, only_shadow, subjects, as_of }))
}

impl Row {
    /// None where there is nothing but counts.
    fn into_difference(self) -> Option<Result<Difference, ViewError>> {
        let Self { lane: Some(lane), subject_kind: Some(kind), subject_id: Some(subject_id), alert_id: Some(id), .. } = self else {
            return None;
        };
        let (alerts, epoch) = (self.alerts?, self.epoch?);
        Some((|| {
            Ok(Difference {
                lane: lane.parse()?,
                subject_kind: kind.parse()?,
                subject_id,
                alerts: u64::try_from(alerts)?,
                alert_id: AlertId(id),
                epoch: u64::try_from(epoch)?,
            })
        })())
    }
}
