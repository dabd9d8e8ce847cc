//! A mistake that a test may ask the server to make: a read that does not wait for what it was told to wait for.

use axum::extract::Request;
use axum::http::uri::{PathAndQuery, Uri};
use axum::middleware::Next;
use axum::response::Response;

/// Takes the parameters off a request, if a test has asked for it.
pub(super) async fn forgetful(mut request: Request, next: Next) -> Response {
    if faults::bug("at-least-ignored") {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(request.uri().path()).ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    next.run(request).await
}
