//! Which part of a list?
//!
//! In: the query of a list. Out: what to list, from where on and how much of it; every bad parameter is named.

use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::Query;
use schemas::problem::FieldError;
use schemas::{OrderChange, OrderId, Problem};

/// Entries of an answer, unless fewer or more are asked for.
const LIMIT: i64 = 100;
/// Most entries of an answer.
const LIMIT_MAX: i64 = 500;

/// A part of the orders of an account, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Only those that stand so.
    pub(crate) status: Option<OrderChange>,
    /// The last that was told; what follows is older.
    pub(crate) cursor: Option<OrderId>,
    /// How many at most.
    pub(crate) limit: i64,
}

impl Page {
    /// Reads the query of a list.
    pub(crate) fn read(parameters: Parameters) -> Result<(Self, Freshness), Problem> {
        let (mut status, mut cursor, mut limit) = (None, None, None);
        let (mut others, mut errors) = (Vec::new(), Vec::new());
        let Query(parameters) = parameters.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
        for (name, value) in parameters {
            let taken = match name.as_str() {
                "status" => set(&mut status, value.parse::<OrderChange>().map_err(|error| format!("expected {}", error.expected))),
                "cursor" => set(&mut cursor, value.parse::<OrderId>().map_err(|_| "expected the next_cursor of an answer".to_owned())),
                "limit" => set(&mut limit, number(&value).ok_or_else(|| format!("expected 1 to {LIMIT_MAX}"))),
                "at_least" | "at" => {
                    others.push((name.clone(), value));
                    Ok(())
                }
                _ => Err("is no parameter of this request; its parameters are status, cursor, limit, at_least, at".to_owned()),
            };
            if let Err(detail) = taken {
                errors.push(FieldError { pointer: name.chars().take(64).collect(), detail });
            }
        }
        match Freshness::read(Ok(Query(others)), Past::Readable) {
            Ok(freshness) if errors.is_empty() => Ok((Self { status, cursor, limit: limit.unwrap_or(LIMIT) }, freshness)),
            Ok(_) => Err(Problem::fields(errors)),
            Err(problem) => Err(Problem::fields(errors.into_iter().chain(problem.errors).collect())),
        }
    }
}

/// Takes what a parameter says, once.
pub(crate) fn set<T>(to: &mut Option<T>, read: Result<T, String>) -> Result<(), String> {
    if to.replace(read?).is_some() { Err("stands more than once".to_owned()) } else { Ok(()) }
}

fn number(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|limit| digits && (1..=LIMIT_MAX).contains(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_or_named() {
        let read = |query: &[(&str, &str)]| {
            let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let pointers = |problem: Problem| problem.errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>();
            Page::read(Ok(Query(query))).map(|(page, freshness)| (page, freshness.at)).map_err(pointers)
        };
        let (all, last) = (Page { status: None, cursor: None, limit: LIMIT }, OrderId::mint(7, 1));
        let cursor = last.to_string();
        let wrong = |names: &[&str]| Err(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for (query, expected) in [
            (&[][..], Ok((all, None))),
            (&[("status", "scheduled"), ("at", "7")], Ok((Page { status: Some(OrderChange::Scheduled), ..all }, Some(7)))),
            (&[("cursor", &cursor), ("limit", "500")], Ok((Page { cursor: Some(last), limit: 500, ..all }, None))),
            (&[("status", "waiting"), ("cursor", "1"), ("limit", "0"), ("at", "x")], wrong(&["status", "cursor", "limit", "at"])),
            (&[("limit", "501"), ("page", "2")], wrong(&["limit", "page"])),
            (&[("limit", "+5")], wrong(&["limit"])),
            (&[("limit", "5"), ("limit", "5")], wrong(&["limit"])),
        ] {
            assert_eq!(read(query), expected, "{query:?}");
        }
    }
}
