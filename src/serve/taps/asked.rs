//! What the caller of a tap asks for.
//!
//! In: the topic, the query and the headers. Out: all of it understood, or every parameter that is not.

use crate::tap::{Field, Wanted};
use api::sse;
use axum::http::HeaderMap;
use ingress::taps::{From, Positions};
use schemas::Problem;
use schemas::problem::FieldError;

/// Most fields that may be named by `where`.
const FIELDS_MAX: usize = 16;
/// Most partitions that an id may name.
const PARTITIONS_MAX: usize = 1024;

/// Where to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// As a tap is told to.
    From(From),
    /// Behind what a client has seen.
    Behind(Positions),
}

/// All that is asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) topic: String,
    pub(super) start: Start,
    pub(super) wanted: Wanted,
    /// How many records at most.
    pub(super) limit: u64,
    /// Whether to go on behind the end that the topic has now.
    pub(super) follow: bool,
    /// As server-sent events, not as lines.
    pub(super) as_events: bool,
}

impl Asked {
    pub(super) fn read(topic: &str, query: &[(String, String)], headers: &HeaderMap) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let (mut from, mut limit, mut follow, mut wanted) = (None, None, None, Wanted::default());
        for (name, value) in query {
            let wrong = match name.as_str() {
                "from" => once(&mut from, value.parse::<From>().map_err(|error| error.to_string())),
                "limit" => once(&mut limit, value.parse::<u64>().ok().filter(|limit| *limit > 0).ok_or_else(|| LIMIT.to_owned())),
                "follow" => once(&mut follow, value.parse::<bool>().map_err(|_| "expected true or false".to_owned())),
                "key" => once(&mut wanted.key, Ok(value.clone())),
                "trace" => once(&mut wanted.trace, trace(value)),
                "where" => match value.parse::<Field>() {
                    Ok(_) if wanted.fields.len() == FIELDS_MAX => Some(format!("stands more than {FIELDS_MAX} times")),
                    Ok(field) => {
                        wanted.fields.push(field);
                        None
                    }
                    Err(error) => Some(error.to_string()),
                },
                _ => Some("is no parameter of this request; its parameters are from, key, trace, where, limit, follow".to_owned()),
            };
            errors.extend(wrong.map(|detail| FieldError { pointer: name.chars().take(64).collect(), detail }));
        }
        let mut start = Start::From(from.unwrap_or(From::Now));
        if let Some(id) = headers.get(sse::LAST_EVENT_ID) {
            match id.to_str().ok().and_then(positions) {
                Some(positions) => start = Start::Behind(positions),
                None => errors.push(FieldError { pointer: sse::LAST_EVENT_ID.to_owned(), detail: BAD_ID.to_owned() }),
            }
        }
        if !errors.is_empty() {
            return Err(Problem::fields(errors));
        }
        let follow = follow.unwrap_or(limit.is_none());
        let (topic, limit, as_events) = (topic.to_owned(), limit.unwrap_or(u64::MAX), sse::is_wanted(headers));
        Ok(Self { topic, start, wanted, limit, follow, as_events })
    }
}

const LIMIT: &str = "expected a number of records, at least 1";
/// What is said of an id that no tap gave.
pub(super) const BAD_ID: &str = "is not an id of this topic's tap, which names the next offset of each partition, such as 0:17,1:4";

/// Puts a value where none is yet; what is wrong otherwise.
fn once<T>(place: &mut Option<T>, value: Result<T, String>) -> Option<String> {
    match value {
        Err(detail) => Some(detail),
        Ok(value) => place.replace(value).map(|_| "stands more than once".to_owned()),
    }
}

fn trace(text: &str) -> Result<String, String> {
    let is_trace = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if is_trace { Ok(text.to_owned()) } else { Err("expected a trace id: 32 lower-case hexadecimal digits".to_owned()) }
}

/// The id of a record: of each partition the next offset.
pub(super) fn id(positions: &Positions) -> String {
    let parts: Vec<_> = positions.iter().map(|(partition, offset)| format!("{partition}:{offset}")).collect();
    parts.join(",")
}

/// And back.
fn positions(id: &str) -> Option<Positions> {
    if !id.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b',')) {
        return None;
    }
    let mut positions = Positions::new();
    for part in id.split(',') {
        let (partition, offset) = part.split_once(':')?;
        let twice = positions.insert(partition.parse().ok()?, offset.parse().ok()?).is_some();
        if twice || positions.len() > PARTITIONS_MAX {
            return None;
        }
    }
    Some(positions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn read(query: &[(&str, &str)], last: Option<&str>) -> Result<Asked, Vec<String>> {
        let query: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let headers = last.map(|last| (HeaderName::from_static("last-event-id"), HeaderValue::from_str(last).unwrap()));
        let problem = |problem: Problem| problem.errors.into_iter().map(|error| error.pointer).collect();
        Asked::read("t", &query, &headers.into_iter().collect()).map_err(problem)
    }

    #[test]
    fn parameters_are_read_or_named() {
        let asked = read(&[], None).unwrap();
        assert!(asked.follow && asked.limit == u64::MAX && asked.start == Start::From(From::Now));
        let asked = read(&[("limit", "5"), ("from", "beginning"), ("where", "a=1"), ("where", "b.c=2")], None).unwrap();
        assert!(!asked.follow && asked.limit == 5 && asked.start == Start::From(From::Beginning) && asked.wanted.fields.len() == 2);
        assert!(read(&[("limit", "5"), ("follow", "true")], None).unwrap().follow);
        let all = [
            ("from", "yesterday"),
            ("limit", "0"),
            ("follow", "yes"),
            ("trace", "4BF9"),
            ("where", "currency"),
            ("until", "now"),
            ("key", "a"),
            ("key", "b"),
        ];
        let named = ["from", "limit", "follow", "trace", "where", "until", "key"];
        assert_eq!(read(&all, None).unwrap_err(), named);
        let many = [("where", "a=1"); FIELDS_MAX + 1];
        assert_eq!(read(&many, None).unwrap_err(), ["where"]);
    }

    #[test]
    fn an_id_names_the_next_offsets_and_wins() {
        let start = |last: &str| read(&[("from", "beginning")], Some(last)).map(|asked| asked.start);
        let positions = Positions::from([(0, 17), (1, 4)]);
        assert_eq!(start(&id(&positions)), Ok(Start::Behind(positions)));
        for bad in ["", "17", "0:", "0:x", "0:1,", "0:1,0:2", "0:-1", "a:1", "0:99999999999999999999", "0:1;1:2"] {
            assert_eq!(start(bad).unwrap_err(), [sse::LAST_EVENT_ID], "{bad}");
        }
    }
}
