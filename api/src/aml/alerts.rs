//! Which alerts are there?

use super::{about, require, stand};
use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use crate::page::Asked;
use crate::progress::Shown;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::alert::{STANDS_MS, SubjectKind};
use schemas::aml::Lane;
use schemas::resource::alert::{self, AlertStatus, AlertText};
use schemas::{AlertId, Caller, CustomerId, Epoch, Problem, RuleId, rfc3339};
use serde::Serialize;
use sqlx::{FromRow, Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

/// Some of the alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alerts {
    /// The newest first.
    alerts: Vec<alert::Alert>,
    /// Where the next part begins: `cursor` of the next request; absent where this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

#[derive(FromRow)]
pub(super) struct Row {
    id: Uuid,
    rule: String,
    code: String,
    lane: String,
    version: i32,
    weight: i32,
    subject_kind: String,
    subject_id: String,
    customer_id: Option<Uuid>,
    pub(super) epoch: i64,
    pub(super) number: i32,
    cleared_epoch: Option<i64>,
    is_late: bool,
    parameters: serde_json::Value,
    measured: serde_json::Value,
    evidence: serde_json::Value,
    text_en: String,
    text_fr: String,
    trace_id: String,
}

/// All of alerts, with whom they are about and, as of the epoch that is bound next, when they were over; what follows is a condition.
pub(super) fn select() -> QueryBuilder<Postgres> {
    select_from("alert a")
}

fn select_from(these: &str) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "select a.id, a.rule, a.code, a.lane, a.version, a.weight, a.subject_kind, a.subject_id, a.epoch, a.number, a.is_late,
                a.parameters, a.measured, a.evidence, a.text_en, a.text_fr, a.trace_id, cleared.epoch as cleared_epoch,
                case a.subject_kind
                    when 'account' then (select customer_id from account where id = a.subject_id::uuid)
                    when 'device' then null
                    when 'match' then split_part(a.subject_id, '/', 1)::uuid
                    when 'counterparty' then split_part(a.subject_id, '/', 1)::uuid
                    else a.subject_id::uuid
                end as customer_id
         from ",
    );
    query.push(these).push(" left join alert_cleared cleared on cleared.alert_id = a.id and cleared.epoch <= ");
    query
}

/// List the alerts
///
/// The newest first; now or `at` a past epoch. Staff only: whoever is suspected must not be told.
#[utoipa::path(
    get, path = "/admin/aml/alerts", tag = "Risk",
    params(
        ("rule" = Option<RuleId>, Query, description = "Only those of this rule."),
        ("lane" = Option<Lane>, Query, description = "Only those by the live setting, or only those in shadow."),
        ("status" = Option<AlertStatus>, Query, description = "Only those that stand so."),
        ("subject_kind" = Option<SubjectKind>, Query, description = "Only those about such."),
        ("subject_id" = Option<String>, Query, description = "Only those about this account, customer, device, match or counterparty."),
        ("customer_id" = Option<CustomerId>, Query, description = "Only those about this customer, an account of theirs, or a ring that they are in."),
        ("from" = Option<String>, Query, description = "Only those raised from then on: an epoch, or RFC 3339 in UTC."),
        ("to" = Option<String>, Query, description = "Only those raised before then."),
    ),
    responses((status = 200, description = "The alerts.", body = Alerts)),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn alerts(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Alerts>, Failure> {
    require(&caller)?;
    let filters = ["rule", "lane", "status", "subject_kind", "subject_id", "customer_id", "from", "to"];
    let mut asked = Asked::read(parameters, "/admin/aml/alerts", &filters)?;
    let wanted = Wanted::take(&mut asked);
    let named = asked.range(wanted.from, wanted.to);
    let after: Option<After> = asked.after();
    let page = asked.page()?;
    let as_of = stand(&view, page.freshness, &named).await?;
    let rows = wanted.rows(&view, as_of, after, page.rows()).await?;
    let more = rows.len() > page.limit;
    let last = rows.iter().take(page.limit).next_back().map(|row| format!("{}:{}", row.epoch, row.number));
    let alerts = rows.into_iter().take(page.limit).map(Row::into_alert).collect::<Result<Vec<_>, ViewError>>()?;
    let next_cursor = last.filter(|_| more).map(|last| page.cursor(as_of, last));
    Ok(Json(Alerts { alerts, next_cursor, as_of }))
}

/// Show an alert
///
/// With the evidence from which it can be found again.
#[utoipa::path(
    get, path = "/admin/aml/alerts/{id}", tag = "Risk",
    params(("id" = AlertId, Path)),
    responses((status = 200, description = "The alert.", body = alert::Alert)),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn alert(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<alert::Alert>, Failure> {
    require(&caller)?;
    let id: AlertId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let as_of = stand(&view, Freshness::read(parameters, Past::Not)?, &[]).await?;
    let alert = one(&view, as_of, Some(id)).await?.ok_or_else(|| not_found("alert"))?;
    Ok(Json(alert::Alert { as_of: Some(as_of), ..alert }))
}

/// Most alerts that stand beside the one of a case and are told with it.
const BESIDE_MAX: i64 = 20;

/// What is suspected where a case is about an alert, a customer or both: the alert first, then what else stands against the customer and has
/// a weight, the newest first.
pub(crate) async fn suspected(
    view: &View,
    as_of: Epoch,
    alert: Option<AlertId>,
    customer: Option<CustomerId>,
) -> Result<Vec<alert::Alert>, ViewError> {
    let mut found: Vec<alert::Alert> = one(view, as_of, alert).await?.into_iter().collect();
    if customer.is_some() {
        let (lane, status) = (Some(Lane::Live), Some(AlertStatus::Open));
        let wanted = Wanted { rule: None, lane, status, kind: None, subject: None, customer, from: None, to: None };
        let others = wanted.rows(view, as_of, None, BESIDE_MAX).await?.into_iter().map(Row::into_alert).collect::<Result<Vec<_>, _>>()?;
        found.extend(others.into_iter().filter(|other| other.weight > 0 && Some(other.id) != alert));
    }
    Ok(found)
}

async fn one(view: &View, as_of: Epoch, id: Option<AlertId>) -> Result<Option<alert::Alert>, ViewError> {
    let Some(id) = id else { return Ok(None) };
    let at = i64::try_from(as_of)?;
    let mut query = select();
    query.push_bind(at).push(" where a.epoch <= ").push_bind(at).push(" and a.id = ").push_bind(id.0);
    let row: Option<Row> = query.build_query_as().fetch_optional(&view.pool).await?;
    row.map(Row::into_alert).transpose()
}

/// What chooses alerts.
struct Wanted {
    rule: Option<RuleId>,
    lane: Option<Lane>,
    status: Option<AlertStatus>,
    kind: Option<SubjectKind>,
    subject: Option<String>,
    customer: Option<CustomerId>,
    from: Option<Epoch>,
    to: Option<Epoch>,
}

impl Wanted {
    fn take(asked: &mut Asked) -> Self {
        let subject = asked.take("subject_id", |text| match text.chars().any(char::is_control) {
            true => Err("expected the id of an account, a customer or a device".to_owned()),
            false => Ok(text.to_owned()),
        });
        Self {
            rule: asked.word("rule"),
            lane: asked.word("lane"),
            status: asked.word("status"),
            kind: asked.word("subject_kind"),
            subject,
            customer: asked.word("customer_id"),
            from: asked.moment("from"),
            to: asked.moment("to"),
        }
    }

    /// The newest first, after the one that was told last.
    async fn rows(&self, view: &View, as_of: Epoch, after: Option<After>, rows: i64) -> Result<Vec<Row>, ViewError> {
        if self.status == Some(AlertStatus::Open) {
            // Few, whatever there has been. What was over by that epoch may be gone from there a day later, so it is looked at afterwards.
            let found = self.query(true, as_of, after, rows)?.build_query_as().fetch_all(&view.pool).await?;
            let now = Shown::read_risk(&view.pool).await?.ok_or(ViewError::NoProgress)?;
            if now.epoch <= as_of + STANDS_MS {
                return Ok(found);
            }
        }
        Ok(self.query(false, as_of, after, rows)?.build_query_as().fetch_all(&view.pool).await?)
    }

    fn query(&self, standing: bool, as_of: Epoch, after: Option<After>, rows: i64) -> Result<QueryBuilder<Postgres>, ViewError> {
        let at = i64::try_from(as_of)?;
        let mut query = select_from(if standing { "alert_standing s join alert a on a.id = s.alert_id" } else { "alert a" });
        query.push_bind(at).push(" where a.epoch <= ").push_bind(at);
        let words = [
            ("a.rule", self.rule.map(RuleId::as_str)),
            ("a.lane", self.lane.map(Lane::as_str)),
            ("a.subject_kind", self.kind.map(SubjectKind::as_str)),
        ];
        for (column, word) in words {
            if let Some(word) = word {
                query.push(format!(" and {column} = ")).push_bind(word);
            }
        }
        if let Some(subject) = &self.subject {
            query.push(" and a.subject_id = ").push_bind(subject.clone());
        }
        match self.status {
            Some(AlertStatus::Open) => query.push(" and cleared.epoch is null"),
            Some(AlertStatus::Cleared) => query.push(" and cleared.epoch is not null"),
            None => &mut query,
        };
        if let Some(customer) = self.customer {
            query.push(" and a.id in (").push(about(&format!("'{customer}'::uuid"))).push(")");
        }
        for (bound, moment) in [(" and a.epoch >= ", self.from), (" and a.epoch < ", self.to)] {
            if let Some(moment) = moment {
                query.push(bound).push_bind(i64::try_from(moment)?);
            }
        }
        if let Some(After { epoch, number }) = after {
            query.push(" and (a.epoch, a.number) < (").push_bind(epoch).push(", ").push_bind(number).push(")");
        }
        query.push(" order by a.epoch desc, a.number desc limit ").push_bind(rows);
        Ok(query)
    }
}

/// The last alert that was told.
#[derive(Clone, Copy)]
struct After {
    epoch: i64,
    number: i32,
}

impl std::str::FromStr for After {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, number) = text.split_once(':').ok_or(())?;
        Ok(Self { epoch: epoch.parse().map_err(drop)?, number: number.parse().map_err(drop)? })
    }
}

impl Row {
    pub(super) fn into_alert(self) -> Result<alert::Alert, ViewError> {
        let epoch = u64::try_from(self.epoch)?;
        let cleared_epoch = self.cleared_epoch.map(u64::try_from).transpose()?;
        Ok(alert::Alert {
            id: AlertId(self.id),
            rule: self.rule.parse()?,
            code: self.code,
            lane: self.lane.parse()?,
            version: u32::try_from(self.version)?,
            weight: u32::try_from(self.weight)?,
            status: if cleared_epoch.is_some() { AlertStatus::Cleared } else { AlertStatus::Open },
            subject_kind: self.subject_kind.parse()?,
            subject_id: self.subject_id,
            customer_id: self.customer_id.map(CustomerId),
            epoch,
            raised_at: rfc3339(epoch),
            cleared_epoch,
            late: self.is_late,
            parameters: serde_json::from_value(self.parameters)?,
            measured: serde_json::from_value(self.measured)?,
            evidence: serde_json::from_value(self.evidence)?,
            text: AlertText { en: self.text_en, fr: self.text_fr },
            trace_id: self.trace_id,
            as_of: None,
        })
    }
}
