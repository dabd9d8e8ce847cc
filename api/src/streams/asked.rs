//! What the caller of a stream asks for.

use crate::freshness::{Parameters, epoch};
use crate::page::set;
use crate::sse::LAST_EVENT_ID;
use axum::extract::Query;
use axum::http::HeaderMap;
use schemas::epoch::LAST_EPOCH;
use schemas::problem::FieldError;
use schemas::{AccountId, Epoch, Problem};

/// What the client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// Nothing.
    Beginning,
    /// All that it wants of what is shown now.
    Now,
    /// Everything up to this epoch, as this parameter or header says.
    Epoch(Epoch, &'static str),
}

impl Since {
    /// The epoch that the client has, 0 where it is nothing; `as_of` is shown now, and lies where `shown` says.
    pub(crate) fn has(self, as_of: Epoch, shown: &str) -> Result<Epoch, Problem> {
        match self {
            Self::Beginning => Ok(0),
            Self::Now => Ok(as_of),
            Self::Epoch(epoch, _) if epoch <= as_of => Ok(epoch),
            Self::Epoch(_, pointer) => Err(Problem::field(pointer, format!("lies beyond what {shown}, which is {as_of}"))),
        }
    }
}

/// All that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) since: Since,
    pub(crate) account: Option<AccountId>,
}

impl Asked {
    /// Reads the query and the headers; what a stream begins with unless it is said depends on the stream.
    pub(crate) fn read(parameters: Parameters, headers: &HeaderMap, unsaid: Since) -> Result<Self, Problem> {
        let Query(parameters) = parameters.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
        let (mut since, mut account, mut errors) = (None, None, Vec::new());
        for (name, value) in &parameters {
            let taken = match name.as_str() {
                "since" => set(&mut since, since_of(value)),
                "account" => {
                    set(&mut account, value.parse::<AccountId>().map_err(|unreadable| format!("expected {}", unreadable.expected)))
                }
                _ => Err("is no parameter of this request; its parameters are since, account".to_owned()),
            };
            errors.extend(taken.err().map(|detail| FieldError { pointer: name.chars().take(64).collect(), detail }));
        }
        if let Some(id) = headers.get(LAST_EVENT_ID) {
            match id.to_str().ok().and_then(known) {
                Some(epoch) => since = Some(Since::Epoch(epoch, LAST_EVENT_ID)),
                None => {
                    let detail = "expected the id of a progress event, which is an epoch, such as 1764000000123".to_owned();
                    errors.push(FieldError { pointer: LAST_EVENT_ID.to_owned(), detail });
                }
            }
        }
        if errors.is_empty() { Ok(Self { since: since.unwrap_or(unsaid), account }) } else { Err(Problem::fields(errors)) }
    }
}

fn since_of(text: &str) -> Result<Since, String> {
    match text {
        "beginning" => Ok(Since::Beginning),
        "now" => Ok(Since::Now),
        _ => known(text)
            .map(|epoch| Since::Epoch(epoch, "since"))
            .ok_or_else(|| "expected beginning, now, or an epoch, such as 1764000000123".to_owned()),
    }
}

/// An epoch that a client can have been told.
fn known(text: &str) -> Option<Epoch> {
    epoch(text).filter(|epoch| *epoch <= LAST_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn read(query: &[(&str, &str)], last: Option<&str>) -> Result<Since, Vec<String>> {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let last = last.map(|last| (HeaderName::from_static("last-event-id"), HeaderValue::from_str(last).unwrap()));
        let asked = Asked::read(Ok(Query(query)), &last.into_iter().collect(), Since::Now);
        asked.map(|asked| asked.since).map_err(|problem| problem.errors.into_iter().map(|error| error.pointer).collect())
    }

    #[test]
    fn what_a_client_has_is_read_or_named() {
        let named = |pointer: &str| Err(vec![pointer.to_owned()]);
        for (query, last, expected) in [
            (&[][..], None, Ok(Since::Now)),
            (&[("since", "beginning")], None, Ok(Since::Beginning)),
            (&[("since", "now")], None, Ok(Since::Now)),
            (&[("since", "7")], None, Ok(Since::Epoch(7, "since"))),
            (&[("since", "beginning")], Some("9"), Ok(Since::Epoch(9, LAST_EVENT_ID))),
            (&[("since", "+7")], None, named("since")),
            (&[("since", "")], None, named("since")),
            (&[("since", "253402300800000")], None, named("since")),
            (&[("since", "7"), ("since", "7")], None, named("since")),
            (&[("account", "x")], None, named("account")),
            (&[("at_least", "7")], None, named("at_least")),
            (&[], Some("0:7"), named(LAST_EVENT_ID)),
            (&[], Some(""), named(LAST_EVENT_ID)),
        ] {
            assert_eq!(read(query, last), expected, "{query:?} {last:?}");
        }
    }
}
