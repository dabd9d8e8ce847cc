//! `GET /v1/taps/{topic}`: what `orion tap` prints, over HTTP.
//!
//! In: a topic that the cells write, where to start, what is wanted. Out: its records as they were committed, a JSON object a line, or as
//! server-sent events whose id says from where on to go on. Events, rows of views and journals only: the commands log and the dead letters hold bytes as somebody
//! wrote them, before anybody has looked at what is in them. Records are read only as fast as the client takes them.

/// What a caller asks for.
mod asked;
/// The thread that reads for one caller.
mod reading;

use self::asked::Asked;
use self::reading::Reading;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use egress::topics::Topics;
use schemas::openapi::parameter;
use schemas::{Caller, Problem, Scope};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::ParameterIn;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Where the records are, and what they mean.
#[derive(Clone, Debug)]
pub struct Kafka {
    /// Kafka's bootstrap servers.
    pub brokers: String,
    /// Base of the schema registry's API.
    pub registry: String,
}

/// What all taps of a server share.
pub struct Taps {
    kafka: Kafka,
    topics: Topics,
    room: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

impl Taps {
    /// So many at once, until the server stops.
    pub fn new(kafka: Kafka, most: usize, stopping: watch::Receiver<bool>) -> Self {
        Self { kafka, topics: Topics::committed(), room: Arc::new(Semaphore::new(most)), stopping }
    }
}

/// The route, with its description.
pub(super) fn routes() -> OpenApiRouter<Arc<Taps>> {
    let mut router = OpenApiRouter::new().routes(routes!(tap));
    describe(router.get_openapi_mut());
    router
}

/// Read a topic, record by record
///
/// What the bank said, as it was committed: the topics of events and of views, and the journals of the cells. One JSON object a line, or as server-sent events by
/// `Accept: text/event-stream`: each `record` has an id, and `Last-Event-ID` goes on exactly behind it; an event `end` says why the stream ends. It ends
/// with the topic as it was at the request, or goes on; with the token at the latest.
#[utoipa::path(
    get, path = "/v1/taps/{topic}", tag = "Server",
    params(("topic" = String, Path, description = "The topic.", example = "transaction.settled.v1")),
    responses(
        (status = 200, description = "Records: `topic`, `partition`, `offset`, `key`, `epoch`, `trace_id` and `value`. A line stream that is cut off is \
         not whole.", content(
            (String = "application/x-ndjson", example = r#"{"topic":"transaction.settled.v1","partition":2,"offset":17,"key":"019ab6f5-1c7b-7002-8000-000000000000","epoch":1764000000123,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","value":{}}"#),
            (String = "text/event-stream"),
        )),
        (status = 400, description = "Not understood: `invalid_request`, with every bad parameter in `errors`.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No topic of this name is to be read here: `topic_not_found`.", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "Records behind `Last-Event-ID` are gone: `position_gone`.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many taps are open: `too_many_taps`.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Kafka does not answer: `log_unavailable`.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["tap"])),
)]
async fn tap(
    State(taps): State<Arc<Taps>>,
    Extension(caller): Extension<Caller>,
    Path(topic): Path<String>,
    query: Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let opened = open(&taps, &caller, &topic, &query, &headers).await;
    opened.unwrap_or_else(super::problems::respond)
}

async fn open(
    taps: &Arc<Taps>,
    caller: &Caller,
    topic: &str,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    caller.require(Scope::Tap)?;
    let asked = Asked::read(topic, query, headers)?;
    if !taps.topics.is_said(topic) {
        return Err(Problem::new(
            404,
            "topic_not_found",
            "No topic of this name is to be read here: the topics of events and of views and the journals are.",
        ));
    }
    let room = Arc::clone(&taps.room).try_acquire_owned().map_err(|_| {
        Problem::new(429, "too_many_taps", "This server has as many taps open as it may; try again when another has ended.")
    })?;
    let as_events = asked.as_events;
    let (sender, receiver) = mpsc::channel(reading::CHUNKS_MAX);
    let (begun, begins) = oneshot::channel();
    let reading = Reading::new(&taps.kafka, caller, asked, sender, taps.stopping.clone());
    let spawned = std::thread::Builder::new().name("tap".to_owned()).spawn(move || {
        reading.run(begun);
        drop(room);
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "no thread for a tap");
        return Err(super::problems::internal_error());
    }
    // A thread that ends before it says anything has panicked, which ends the process.
    begins.await.unwrap_or_else(|_| Err(super::problems::internal_error()))?;
    let body = Body::from_stream(futures_util::stream::unfold(receiver, async |mut receiver: mpsc::Receiver<std::io::Result<Bytes>>| {
        let chunk = receiver.recv().await?;
        Some((chunk, receiver))
    }));
    if as_events {
        return Ok(api::sse::answer(body));
    }
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(LINES))], body).into_response())
}

/// The media type of JSON lines.
pub(super) const LINES: &str = "application/x-ndjson";

/// What the description of the route leaves out: what can be asked for.
fn describe(document: &mut OpenApi) {
    schemas::openapi::know::<Problem>(document);
    for (_, operation) in schemas::openapi::operations(document) {
        let query = [
            ("from", "Where to start: `beginning`, `now` (unless it is said), an epoch, or a time.", "2026-11-28T09:30:00Z"),
            ("key", "Only the records with this key.", "019ab6f5-1c7b-7002-8000-000000000000"),
            ("trace", "Only what happened in this trace.", "4bf92f3577b34da6a3ce929d0e0e4736"),
            (
                "where",
                "Only where a field of the value says this; of a list, where any element does. May stand several times.",
                "currency=XOF",
            ),
            ("limit", "End after so many records.", "10"),
            ("follow", "Whether to go on behind the end that the topic has now; it does unless there is a `limit`.", "false"),
        ];
        let all = operation.parameters.get_or_insert_default();
        all.extend(query.map(|(name, description, example)| parameter(ParameterIn::Query, name, description, example).into()));
        let last = "The id of the last event that was seen; it goes on behind it, whatever `from` says.";
        all.push(parameter(ParameterIn::Header, api::sse::LAST_EVENT_ID, last, "0:17,1:4,2:9,3:0").into());
    }
}
