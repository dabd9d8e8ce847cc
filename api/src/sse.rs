//! Server-sent events (WHATWG HTML, 9.2), as the bytes that go over the wire.
//!
//! In: names, ids and data without line breaks. Out: events. Bytes, not one object a subscriber: what many are sent is written once.

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use std::time::Duration;

/// The media type.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// The header by which a client says which id it has seen last.
pub const LAST_EVENT_ID: &str = "Last-Event-ID";

/// Longest silence: whoever listens, and whatever stands between, hears that the stream is alive.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);

/// Why a stream ends, as its last event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As many were wanted.
    Limit,
    /// Everything that was wanted has been said.
    Complete,
    /// The token has expired; a new one goes on with `Last-Event-ID`.
    TokenExpired,
    /// This server stops; another one, or the next, goes on with `Last-Event-ID`.
    ServerStops,
    /// What is streamed can't be read right now; the same.
    Unavailable,
}

impl End {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Complete => "complete",
            Self::TokenExpired => "token_expired",
            Self::ServerStops => "server_stops",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether the client has everything that it asked for.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Limit | Self::Complete)
    }
}

/// Writes an event; an id is what the client names when it comes back.
pub fn event(out: &mut Vec<u8>, name: &str, id: Option<&str>, data: &str) {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    out.extend_from_slice(format!("event: {name}\n{id}data: {data}\n\n").as_bytes());
}

/// Writes the event that ends a stream.
pub fn end(out: &mut Vec<u8>, end: End) {
    event(out, "end", None, &format!(r#"{{"reason":"{}"}}"#, end.as_str()));
}

/// Writes a comment, so that nobody takes silence for an end; with an id, the client remembers it without an event.
pub fn alive(out: &mut Vec<u8>, id: Option<&str>) {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    out.extend_from_slice(format!(": alive\n{id}\n").as_bytes());
}

/// Whether `Accept` names the media type, and not as what is not wanted.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(ACCEPT).iter().flat_map(|value| value.to_str().unwrap_or_default().split(','));
    ranges.into_iter().any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(MEDIA_TYPE));
        named && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// A stream as an answer. Proxies are asked to hand on what there is.
pub fn answer(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_lines_and_end_with_an_empty_one() {
        let mut out = Vec::new();
        event(&mut out, "row", None, "{}");
        event(&mut out, "progress", Some("7"), r#"{"as_of":7}"#);
        alive(&mut out, None);
        alive(&mut out, Some("8"));
        end(&mut out, End::TokenExpired);
        let text = "event: row\ndata: {}\n\nevent: progress\nid: 7\ndata: {\"as_of\":7}\n\n: alive\n\n: alive\nid: 8\n\n\
                    event: end\ndata: {\"reason\":\"token_expired\"}\n\n";
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn who_accepts_events_gets_them() {
        for (accept, wanted) in [
            ("text/event-stream", true),
            ("application/json, Text/Event-Stream;q=0.5", true),
            ("text/event-stream;q=0", false),
            ("text/*", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(is_wanted(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))])), wanted, "{accept}");
        }
        assert!(!is_wanted(&HeaderMap::new()));
    }
}
