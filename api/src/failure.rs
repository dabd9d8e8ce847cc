//! How a read fails.
//!
//! In: a problem, or an error of the database. Out: the status, and the problem for the outermost layer to write.
//! What Postgres said goes to the log, never to the caller.

use axum::Extension;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemas::Problem;
use schemas::money::Unreadable;

/// A problem on its way out. The outermost layer adds the trace and the headers that follow from it.
pub(crate) struct Failure(Problem);

/// A view that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// Postgres says no, or nothing.
    #[error("postgres does not answer")]
    Postgres(#[from] sqlx::Error),
    /// A word or a number in a row is none.
    #[error("a row of the views holds what no view writes")]
    Unreadable(#[from] Unreadable),
    /// JSON in a row is none.
    #[error("a row of the views holds JSON that no view writes")]
    Json(#[from] serde_json::Error),
    /// A number in a row is out of its range.
    #[error("a row of the views holds a number out of its range")]
    Number(#[from] std::num::TryFromIntError),
    /// A hash in a row has another size.
    #[error("a row of the views holds {found} bytes where {expected} stand")]
    Size {
        /// How many it has to have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// A sum in a row is no number.
    #[error("a row of the views holds a sum that is no number")]
    Sum(#[source] std::num::ParseIntError),
    /// The database has no progress row.
    #[error("the views have no progress row; run `orion migrate`")]
    NoProgress,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl From<ViewError> for Failure {
    fn from(error: ViewError) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        match error {
            ViewError::Postgres(_) | ViewError::NoProgress => {
                tracing::warn!(%error, cause, "the views can't be read");
                Self(Problem::new(503, "view_unavailable", "The views can't be read right now."))
            }
            ViewError::Unreadable(_) | ViewError::Json(_) | ViewError::Number(_) | ViewError::Size { .. } | ViewError::Sum(_) => {
                tracing::error!(%error, cause, "the views hold something unreadable");
                Self(Problem::new(500, "internal_error", "This can't be shown. It has been logged."))
            }
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        ViewError::from(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Extension(self.0)).into_response()
    }
}

/// A body that is not what it should be.
pub(crate) fn unread(rejection: JsonRejection) -> Problem {
    match rejection.status().as_u16() {
        413 => Problem::new(413, "body_too_large", "The body is larger than this server takes."),
        415 => Problem::new(415, "unsupported_media_type", "The body must be JSON: Content-Type: application/json."),
        _ => Problem::field("", rejection.body_text()),
    }
}

/// Nothing of this name, or nothing that the caller may see: the two can't be told apart.
pub(crate) fn not_found(what: &str) -> Failure {
    Failure(Problem::new(404, &format!("{what}_not_found"), format!("No {what} of yours has this id.")))
}
