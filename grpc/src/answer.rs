//! The answer of a route as that of its method.
//!
//! In: the response of a route. Out: a message with the metadata of the answer, or a status. Where a method may answer with several
//! resources, the route says which of them it is (`schemas::resource::Shown`).

use crate::methods::Method;
use crate::{json, status};
use axum::body::{Body, to_bytes};
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderName, Response};
use prost_reflect::{DynamicMessage, Kind, Value as Field};
use schemas::resource::Shown;
use schemas::{Problem, TraceContext};
use serde_json::Value;
use tonic::Status;
use tonic::metadata::MetadataMap;

/// What of an answer's headers is metadata here.
const HEADERS: [HeaderName; 6] = [
    HeaderName::from_static("orion-epoch"),
    HeaderName::from_static("idempotency-replayed"),
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("retry-after"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
];

/// A statement of a thousand entries is a quarter of it; a batch of 8,000 outcomes a half.
const BODY_MAX_BYTES: usize = 8 << 20;

/// The answer of a method.
pub(crate) async fn answer(
    method: &Method,
    response: Response<Body>,
    trace: &TraceContext,
) -> Result<tonic::Response<DynamicMessage>, Status> {
    let (parts, body) = response.into_parts();
    let metadata = metadata(&parts.headers);
    if !parts.status.is_success() {
        let problem = parts.extensions.get::<Problem>().cloned();
        let problem = problem.unwrap_or_else(|| Problem::new(parts.status.as_u16(), "invalid_request", "The request can't be served."));
        let mut status = refused(problem, trace);
        *status.metadata_mut() = metadata;
        return Err(status);
    }
    let message = message(method, &parts, body).await.map_err(|error| {
        tracing::error!(method = method.name, %error, "an answer has no place in its message");
        refused(internal_error(), trace)
    })?;
    let mut response = tonic::Response::new(message);
    *response.metadata_mut() = metadata;
    Ok(response)
}

/// A problem as a status, with the trace of its call.
pub(crate) fn refused(problem: Problem, trace: &TraceContext) -> Status {
    status::of(&Problem { trace_id: Some(trace.trace_id().to_owned()), ..problem })
}

pub(crate) fn internal_error() -> Problem {
    Problem::new(500, "internal_error", "Something went wrong here. It has been logged.")
}

async fn message(method: &Method, parts: &Parts, body: Body) -> Result<DynamicMessage, String> {
    let body = to_bytes(body, BODY_MAX_BYTES).await.map_err(|error| error.to_string())?;
    let Value::Object(object) = serde_json::from_slice(&body).map_err(|error| error.to_string())? else {
        return Err("it is no object".to_owned());
    };
    let Some(choice) = method.output.oneofs().find(|oneof| oneof.name() == "answer") else {
        return json::from_json(&method.output, &object);
    };
    let Some(Shown(shown)) = parts.extensions.get() else { return Err("the route does not say what it shows".to_owned()) };
    let fits = |kind: &Kind| kind.as_message().is_some_and(|message| message.name() == shown);
    let member = choice.fields().find(|field| fits(&field.kind())).ok_or_else(|| format!("{} is none of its answers", shown))?;
    let Kind::Message(descriptor) = member.kind() else { return Err("an answer is a message".to_owned()) };
    let mut message = DynamicMessage::new(method.output.clone());
    message.set_field(&member, Field::Message(json::from_json(&descriptor, &object)?));
    Ok(message)
}

fn metadata(headers: &HeaderMap) -> MetadataMap {
    let said = HEADERS.into_iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone())));
    MetadataMap::from_headers(said.collect())
}
