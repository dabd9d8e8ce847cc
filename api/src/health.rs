//! Is the server up, can it serve, what does it count, what does it speak?

use crate::View;
use crate::failure::Failure;
use crate::progress::Shown;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemas::problem::FieldError;
use schemas::{Caller, Problem, Scope};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// Longest that a check may take.
const CHECK_MAX: Duration = Duration::from_secs(1);

/// The whole OpenAPI document, as the root hands it down.
#[derive(Clone, Debug)]
pub struct Document(pub Arc<str>);

/// The server is up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `alive`.
    #[schema(example = "alive")]
    status: &'static str,
}

/// The server can serve. Each check says `ok`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Always `ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// What was checked.
    checks: Checks,
}

/// What readiness consists of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checks {
    /// The log has been read up to where it ended at the start.
    #[schema(example = "ok")]
    log: &'static str,
    /// Postgres answers.
    #[schema(example = "ok")]
    postgres: &'static str,
    /// The views have begun to show what was decided.
    #[schema(example = "ok")]
    views: &'static str,
}

/// Say whether the server is up
#[utoipa::path(get, path = "/livez", tag = "Server", responses((status = 200, description = "It is.", body = Alive)))]
pub(crate) async fn livez() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Say whether the server can serve
#[utoipa::path(
    get, path = "/readyz", tag = "Server",
    responses(
        (status = 200, description = "It can.", body = Ready),
        (status = 503, description = "`not_ready`: `errors` names each check that fails.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn readyz(State(view): State<View>) -> Result<Json<Ready>, Failure> {
    let mut errors = Vec::new();
    let mut wrong = |check: &str, detail: &str| errors.push(FieldError { pointer: check.to_owned(), detail: detail.to_owned() });
    if !(view.caught_up)() {
        wrong("log", "is still being read, or does not say yet by which rules the bank goes");
    }
    match tokio::time::timeout(CHECK_MAX, Shown::read(&view.pool)).await {
        // Migrations make the row, so it says nothing yet about the cell that moves it. Views that have come to a stand
        // later delay reads, which each read says for itself; they must not close the door to payments.
        Ok(Ok(Some(Shown { epoch: 0, .. }))) => wrong("views", "have shown no epoch yet"),
        Ok(Ok(Some(_))) => {}
        Ok(Ok(None)) => wrong("views", "have no progress row"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "postgres does not answer");
            wrong("postgres", "does not answer");
        }
        Err(_) => wrong("postgres", "does not answer in time"),
    }
    if errors.is_empty() {
        return Ok(Json(Ready { status: "ready", checks: Checks { log: "ok", postgres: "ok", views: "ok" } }));
    }
    Err(Problem { errors, ..Problem::new(503, "not_ready", "The server can't serve yet.") }.into())
}

/// Show what the server counts
#[utoipa::path(
    get, path = "/metrics", tag = "Server",
    responses((status = 200, description = "Prometheus text.", body = String, content_type = "text/plain")),
    security(("bearer" = ["metrics:read"])),
)]
pub(crate) async fn metrics(Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    caller.require(Scope::MetricsRead)?;
    let text = meters::text().map_err(|error| {
        tracing::error!(%error, "the metrics can't be written");
        Problem::new(500, "internal_error", "The metrics can't be written.")
    })?;
    Ok(([(CONTENT_TYPE, meters::MEDIA_TYPE)], text).into_response())
}

/// Show this document
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "Server",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json")),
)]
pub(crate) async fn openapi(Extension(document): Extension<Document>) -> Response {
    ([(CONTENT_TYPE, "application/json")], document.0.to_string()).into_response()
}
