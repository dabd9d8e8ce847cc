//! What do people have to look at, and where do customers stand?
//!
//! Cases are read as they stand: their files follow what happened to them, and are never older than `as_of`.

/// Where does a customer stand with their identity?
pub(crate) mod kyc;
/// Who holds an account, as a report tells it, and what of theirs is frozen?
mod parties;
/// What was taken and is not over?
pub(crate) mod pending;
/// What would a case be, reported to the financial intelligence unit?
pub(crate) mod report;

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use crate::page::Asked;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::diligence::{CaseKind, CaseStatus};
use schemas::resource::diligence::{Case, CaseEvent, CaseHistory};
use schemas::{AccountId, AlertId, Caller, CaseId, CustomerId, Epoch, HoldId, Problem, Scope};
use serde::Serialize;
use sqlx::{FromRow, Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

/// Some of the cases.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cases {
    /// The oldest first.
    cases: Vec<Case>,
    /// Where the next part begins: `cursor` of the next request; absent where this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    status: String,
    customer_id: Option<Uuid>,
    account_id: Option<Uuid>,
    alert_id: Option<Uuid>,
    hold_id: Option<Uuid>,
    assignee: Option<String>,
    escalation: i32,
    opened_at: i64,
    due_at: i64,
    snoozed_until: Option<i64>,
    maker: Option<String>,
    outcome: Option<String>,
    level: Option<String>,
    closed_at: Option<i64>,
}

#[derive(FromRow)]
struct Change {
    change: String,
    status: String,
    previous: Option<String>,
    value: Option<String>,
    outcome: Option<String>,
    level: Option<String>,
    updated_by: String,
    reason: Option<String>,
    epoch: i64,
}

/// All of cases; what follows is a condition.
const SELECT: &str = "
    select id, kind, status, customer_id, account_id, alert_id, hold_id, assignee, escalation, opened_at, due_at, snoozed_until, maker,
           outcome, level, closed_at
    from case_file where ";

/// Cases and what customers presented are for staff alone: whoever is looked at must not be told.
#[allow(clippy::result_large_err, reason = "a problem is made once a request, and ends it")]
fn require(caller: &Caller) -> Result<(), Problem> {
    caller.require(Scope::CasesRead)?;
    caller.require(Scope::Operator)
}

/// List the cases
///
/// The oldest first, each with its age. Staff only.
#[utoipa::path(
    get, path = "/admin/kyc/cases", tag = "Cases",
    params(
        ("kind" = Option<CaseKind>, Query, description = "Only those of this kind."),
        ("status" = Option<CaseStatus>, Query, description = "Only those that stand so; all that are not closed without it."),
        ("assignee" = Option<String>, Query, description = "Only those of this subject."),
        ("overdue" = Option<bool>, Query, description = "Only those whose due date is over and that are not closed; or only the others."),
        ("customer_id" = Option<CustomerId>, Query, description = "Only those about this customer."),
        ("account_id" = Option<AccountId>, Query, description = "Only those about this account."),
        ("alert_id" = Option<AlertId>, Query, description = "Only those about this alert."),
    ),
    responses((status = 200, description = "The cases.", body = Cases)),
    security(("bearer" = ["cases:read", "operator"])),
)]
pub(crate) async fn cases(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Cases>, Failure> {
    require(&caller)?;
    let filters = ["kind", "status", "assignee", "overdue", "customer_id", "account_id", "alert_id"];
    let mut asked = Asked::read(parameters, "/admin/kyc/cases", &filters)?;
    let (kind, status) = (asked.word::<CaseKind>("kind"), asked.word::<CaseStatus>("status"));
    let assignee = asked.take("assignee", |text| {
        let fits = !text.is_empty() && text.chars().nth(255).is_none() && !text.chars().any(char::is_control);
        if fits { Ok(text.to_owned()) } else { Err("expected the subject of a member of staff".to_owned()) }
    });
    let overdue = asked.take("overdue", |text| text.parse::<bool>().map_err(|_| "expected true or false".to_owned()));
    let (customer, account, alert) =
        (asked.word::<CustomerId>("customer_id"), asked.word::<AccountId>("account_id"), asked.word::<AlertId>("alert_id"));
    let after: Option<Uuid> = asked.after();
    let page = asked.page()?;
    page.freshness.wait(&view, None).await?;
    let as_of = view.as_of().await?;
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    match status {
        Some(status) => query.push("status = ").push_bind(status.as_str()),
        None => query.push("closed_at is null"),
    };
    if let Some(kind) = kind {
        query.push(" and kind = ").push_bind(kind.as_str());
    }
    if let Some(assignee) = assignee {
        query.push(" and assignee = ").push_bind(assignee);
    }
    if let Some(overdue) = overdue {
        query.push(if overdue { " and closed_at is null and due_at <= " } else { " and not (closed_at is null and due_at <= " });
        query.push_bind(i64::try_from(as_of).map_err(ViewError::from)?);
        query.push(if overdue { "" } else { ")" });
    }
    for (column, id) in
        [("customer_id", customer.map(|id| id.0)), ("account_id", account.map(|id| id.0)), ("alert_id", alert.map(|id| id.0))]
    {
        if let Some(id) = id {
            query.push(format!(" and {column} = ")).push_bind(id);
        }
    }
    if let Some(after) = after {
        query.push(" and id > ").push_bind(after);
    }
    query.push(" order by id limit ").push_bind(page.rows());
    let rows: Vec<Row> = query.build_query_as().fetch_all(&view.pool).await?;
    let more = rows.len() > page.limit;
    let last = rows.iter().take(page.limit).next_back().map(|row| row.id);
    let cases = rows.into_iter().take(page.limit).map(|row| row.into_case(as_of)).collect::<Result<_, ViewError>>()?;
    let next_cursor = last.filter(|_| more).map(|last| page.cursor(as_of, last));
    Ok(Json(Cases { cases, next_cursor, as_of }))
}

/// Show the case to look at next
///
/// The most urgent that is nobody's or the caller's: those overdue first, then by escalation, then by when they are due. Cases that sleep
/// or wait for somebody else are none, nor are those about the caller.
#[utoipa::path(
    get, path = "/admin/kyc/cases/next", tag = "Cases",
    responses((status = 200, description = "The case, with what happened to it.", body = CaseHistory)),
    security(("bearer" = ["cases:read", "operator"])),
)]
pub(crate) async fn next(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<CaseHistory>, Failure> {
    require(&caller)?;
    Freshness::read(parameters, Past::Not)?.wait(&view, None).await?;
    let as_of = view.as_of().await?;
    let subject = &caller.principal.subject;
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("closed_at is null and (assignee is null or assignee = ").push_bind(subject.clone());
    // What somebody has decided waits for anybody but them.
    query.push(") and (status = 'open' or status = 'awaiting_confirmation' and maker <> ").push_bind(subject.clone());
    query.push(") and customer_id::text is distinct from ").push_bind(subject.clone());
    query.push(" order by due_at <= ").push_bind(i64::try_from(as_of).map_err(ViewError::from)?);
    query.push(" desc, escalation desc, due_at, id limit 1");
    let row: Option<Row> = query.build_query_as().fetch_optional(&view.pool).await?;
    Ok(Json(with_history(&view, row.ok_or_else(|| not_found("case"))?, as_of).await?))
}

/// Show a case
///
/// With everything that happened to it.
#[utoipa::path(
    get, path = "/admin/kyc/cases/{id}", tag = "Cases", params(("id" = CaseId, Path)),
    responses((status = 200, description = "The case.", body = CaseHistory)),
    security(("bearer" = ["cases:read", "operator"])),
)]
pub(crate) async fn case(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<CaseHistory>, Failure> {
    require(&caller)?;
    let id: CaseId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    if !Freshness::read(parameters, Past::Not)?.wait(&view, id.epoch()).await? {
        return Err(not_found("case"));
    }
    let as_of = view.as_of().await?;
    Ok(Json(with_history(&view, Row::find(&view, id).await?.ok_or_else(|| not_found("case"))?, as_of).await?))
}

async fn with_history(view: &View, row: Row, as_of: Epoch) -> Result<CaseHistory, ViewError> {
    let changes: Vec<Change> = sqlx::query_as(
        "select change, status, previous, value, outcome, level, updated_by, reason, epoch
         from case_change where case_id = $1 order by event_id",
    )
    .bind(row.id)
    .fetch_all(&view.pool)
    .await?;
    let history = changes.into_iter().map(Change::into_event).collect::<Result<_, _>>()?;
    Ok(CaseHistory { case: row.into_case(as_of)?, history, as_of })
}

impl Row {
    async fn find(view: &View, id: CaseId) -> Result<Option<Self>, ViewError> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        query.push("id = ").push_bind(id.0);
        Ok(query.build_query_as().fetch_optional(&view.pool).await?)
    }

    fn into_case(self, as_of: Epoch) -> Result<Case, ViewError> {
        let (opened_at, due_at) = (u64::try_from(self.opened_at)?, u64::try_from(self.due_at)?);
        let closed_at = self.closed_at.map(u64::try_from).transpose()?;
        Ok(Case {
            id: CaseId(self.id),
            kind: self.kind.parse()?,
            status: self.status.parse()?,
            customer_id: self.customer_id.map(CustomerId),
            account_id: self.account_id.map(AccountId),
            alert_id: self.alert_id.map(AlertId),
            hold_id: self.hold_id.map(HoldId),
            assignee: self.assignee,
            escalation: u32::try_from(self.escalation)?,
            opened_at,
            due_at,
            overdue: closed_at.is_none() && due_at <= as_of,
            age_ms: closed_at.unwrap_or(as_of).saturating_sub(opened_at),
            snoozed_until: self.snoozed_until.map(u64::try_from).transpose()?,
            maker: self.maker,
            outcome: self.outcome.map(|word| word.parse()).transpose()?,
            level: self.level.map(|word| word.parse()).transpose()?,
            closed_at,
        })
    }
}

impl Change {
    fn into_event(self) -> Result<CaseEvent, ViewError> {
        Ok(CaseEvent {
            change: self.change.parse()?,
            status: self.status.parse()?,
            previous: self.previous,
            value: self.value,
            outcome: self.outcome.map(|word| word.parse()).transpose()?,
            level: self.level.map(|word| word.parse()).transpose()?,
            by: self.updated_by,
            reason: self.reason,
            epoch: u64::try_from(self.epoch)?,
        })
    }
}
