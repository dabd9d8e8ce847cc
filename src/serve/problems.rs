//! Every error is a problem (RFC 9457), whoever made it.
//!
//! In: a response; its problem, if a door gave one, is in its extensions. Out: the same status with the problem
//! as its body. What comes from a library (a wrong method, a broken path) gets a problem from its status.

use axum::Extension;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use schemas::Problem;
use schemas::problem::MEDIA_TYPE;
use std::any::Any;
use std::time::Duration;

/// No route has this path.
pub(super) async fn no_route() -> Response {
    respond(Problem::new(404, "route_not_found", "No route has this path; GET /v1/openapi.json lists them all."))
}

/// A request that takes too long is given up. What it appended stays in the log.
pub(super) async fn in_time(limit: Duration, request: Request, next: Next) -> Response {
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        let detail = "The request took longer than this server allows. A command may have been taken: the same Idempotency-Key is safe to send again.";
        respond(Problem::new(503, "timeout", detail))
    })
}

/// A panic ends its own request.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    respond(internal_error())
}

pub(super) fn respond(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Extension(problem)).into_response()
}

pub(super) fn internal_error() -> Problem {
    Problem::new(500, "internal_error", "Something went wrong here. It has been logged.")
}

/// Gives the problem of an error to an outer layer that does not write it as REST does.
pub(super) async fn name(mut response: Response) -> Response {
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && response.extensions().get::<Problem>().is_none() {
        response.extensions_mut().insert(of_status(status));
    }
    response
}

/// Writes the problem of an error; leaves anything else as it is.
pub(super) fn write(response: Response, trace_id: &str) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let problem = parts.extensions.remove::<Problem>().unwrap_or_else(|| of_status(status));
    let problem = Problem { trace_id: Some(trace_id.to_owned()), ..problem };
    let body = serde_json::to_vec(&problem).expect("a problem is plain data");
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if problem.retryable {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Response::from_parts(parts, Body::from(body))
}

/// What a library meant by a status.
fn of_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::BAD_REQUEST => Problem::new(400, "invalid_request", "The request can't be understood."),
        StatusCode::NOT_FOUND => Problem::new(404, "route_not_found", "No route has this path."),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(405, "method_not_allowed", "This path does not take this method; Allow names those it takes.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(413, "body_too_large", "The body is larger than this server takes."),
        status if status.is_client_error() => Problem::new(status.as_u16(), "invalid_request", "The request can't be served."),
        status => Problem { status: status.as_u16(), ..internal_error() },
    }
}
