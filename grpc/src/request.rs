//! A call as a request of its route.
//!
//! In: a method, its message and the metadata of the call. Out: the request that a client of REST would have sent. What can't be
//! said in one is a problem.

use crate::json::{self, Unknown};
use crate::methods::Method;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use prost_reflect::DynamicMessage;
use schemas::Problem;
use serde_json::{Map, Value};
use std::str::FromStr;

/// The metadata that a route reads.
const HEADERS: [HeaderName; 3] = [header::AUTHORIZATION, HeaderName::from_static("idempotency-key"), HeaderName::from_static("prefer")];

/// All that RFC 3986 does not leave unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The request of a call.
pub(crate) fn request(method: &Method, message: &DynamicMessage, metadata: &HeaderMap) -> Result<Request<Body>, Problem> {
    let mut fields = json::to_json(message).map_err(|unknown| unknown_field(&unknown))?;
    let mut path = method.path.clone();
    for name in method.in_path() {
        // A field that is always there may say nothing, and then the path would be another.
        let said = fields.shift_remove(name).ok_or_else(|| Problem::field(name, "is missing"))?;
        path = path.replace(&format!("{{{name}}}"), &encoded(&said));
    }
    let (query, body): (Map<_, _>, Map<_, _>) = fields.into_iter().partition(|(name, _)| method.in_query(name));
    for (number, (name, value)) in query.iter().enumerate() {
        path.push(if number == 0 { '?' } else { '&' });
        path.push_str(&format!("{name}={}", encoded(value)));
    }
    let uri = Uri::from_str(&path).map_err(|_| Problem::new(413, "body_too_large", "The request is larger than this server takes."))?;
    let body = if method.has_body() { Body::from(Value::Object(body).to_string()) } else { Body::empty() };
    let mut request = Request::new(body);
    *request.method_mut() = axum::http::Method::from_str(&method.verb).expect("a test holds the files to five of them");
    *request.uri_mut() = uri;
    for name in HEADERS {
        for value in metadata.get_all(&name) {
            request.headers_mut().append(&name, value.clone());
        }
    }
    if method.has_body() {
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(request)
}

fn encoded(value: &Value) -> String {
    utf8_percent_encode(&json::plain(value), RESERVED).to_string()
}

fn unknown_field(unknown: &Unknown) -> Problem {
    let within = if unknown.within.is_empty() { "this request" } else { "this message" };
    Problem::field(&unknown.within, format!("field {} is none of {within} here; nothing is passed over", unknown.number))
}

#[cfg(test)]
mod tests;
