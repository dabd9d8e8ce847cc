//! Every request is seen: its trace, its time, its outcome.
//!
//! In: a request, with the caller's `traceparent` or without. Out: a trace context for the doors, one log line,
//! one observation, and the answer with our `traceparent`. Bodies, tokens, names and keys are never logged.

use super::problems;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use meters::{HTTP_REQUESTS, RPC_REQUESTS};
use schemas::TraceContext;
use std::time::{Duration, Instant};
use tracing::Instrument;
use uuid::Uuid;

const TRACEPARENT: HeaderName = HeaderName::from_static(schemas::topic::TRACE_HEADER);

/// In which epoch a command was decided, where its answer says so.
const EPOCH: HeaderName = HeaderName::from_static("orion-epoch");

tokio::task_local! {
    static IN_REQUEST: ();
}

/// From here on a panic inside a request ends only that request; elsewhere it still ends what it ended before.
pub(super) fn contain_panics() {
    let elsewhere = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if IN_REQUEST.try_with(|()| ()).is_ok() {
            tracing::error!(%panic, "a request panicked");
        } else {
            elsewhere(panic);
        }
    }));
}

/// The outermost layer of REST.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace = trace(request.headers());
    let method = method(request.method());
    let route = route(&request);
    request.extensions_mut().insert(trace.clone());
    let span = tracing::info_span!("request", trace_id = trace.trace_id(), method, route);

    let response = IN_REQUEST.scope((), next.run(request)).instrument(span.clone()).await;
    let mut response = problems::write(response, trace.trace_id());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    traced(&mut response, &trace);
    span.in_scope(|| saw(method, &route, response.status().as_u16(), epoch(&response), started.elapsed()));
    response
}

/// The outermost layer of gRPC. A stream is answered when it begins.
pub(super) async fn observe_call(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace = trace(request.headers());
    let route = route(&request);
    let (service, method) = route.trim_start_matches('/').split_once('/').unwrap_or(("none", "none"));
    request.extensions_mut().insert(trace.clone());
    let span = tracing::info_span!("call", trace_id = trace.trace_id(), service, method);

    let mut response = IN_REQUEST.scope((), next.run(request)).instrument(span.clone()).await;
    traced(&mut response, &trace);
    span.in_scope(|| saw_call(service, method, grpc::code(&response), epoch(&response), started.elapsed()));
    response
}

fn saw_call(service: &str, method: &str, code: &str, epoch: Option<u64>, latency: Duration) {
    RPC_REQUESTS.with_label_values(&[service, method, code]).observe(latency.as_secs_f64());
    let probe = service == "grpc.health.v1.Health";
    if !(probe && code == "OK") {
        let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(code, epoch, latency_us, "answered");
    }
}

fn route(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned())
}

fn traced(response: &mut Response, trace: &TraceContext) {
    if let Ok(traceparent) = HeaderValue::try_from(trace.traceparent()) {
        response.headers_mut().insert(TRACEPARENT, traceparent);
    }
}

fn epoch(response: &Response) -> Option<u64> {
    response.headers().get(EPOCH)?.to_str().ok()?.parse().ok()
}

fn saw(method: &str, route: &str, status: u16, epoch: Option<u64>, latency: Duration) {
    HTTP_REQUESTS.with_label_values(&[method, route, class(status)]).observe(latency.as_secs_f64());
    // A probe that passes, every few seconds, is no news.
    let probe = matches!(route, "/livez" | "/readyz" | "/metrics");
    if !(probe && status == 200) {
        let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(status, epoch, latency_us, "answered");
    }
}

/// The class of a status as a label.
const fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// The caller's trace under a span of ours, or a new one.
fn trace(headers: &HeaderMap) -> TraceContext {
    let span = || Uuid::new_v4().as_u64_pair().0.to_be_bytes();
    let of_caller = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(|text| TraceContext::of_caller(text, span()));
    of_caller.unwrap_or_else(|| TraceContext::begin(Uuid::new_v4().into_bytes(), span()))
}

/// A method as a label: callers may invent methods, and must not invent time series.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        _ => "_OTHER",
    }
}
