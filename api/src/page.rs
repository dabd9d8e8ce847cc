//! Which part of a list?
//!
//! In: the query of a list. Out: what chooses its entries, from where on and how many; every bad parameter is named. A cursor
//! brings what chooses with it: whatever is said beside it has to be the same.

use crate::cursor::Cursor;
use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::Query;
use schemas::epoch::{LAST_EPOCH, from_rfc3339};
use schemas::money::Unreadable;
use schemas::problem::FieldError;
use schemas::{Epoch, Problem};
use std::collections::BTreeMap;
use std::str::FromStr;
use uuid::Uuid;

/// Entries of an answer, unless fewer or more are asked for.
const LIMIT: usize = 100;
/// Most entries of an answer.
const LIMIT_MAX: usize = 1000;
/// What every list can be asked.
const OTHERS: &str = "cursor, limit, at_least, at";

/// What was asked of a list. What chooses its entries is taken from it parameter by parameter.
#[derive(Debug)]
pub(crate) struct Asked {
    list: String,
    filter: BTreeMap<String, String>,
    after: Option<String>,
    limit: usize,
    freshness: Freshness,
    errors: Vec<FieldError>,
}

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Page {
    list: String,
    filter: BTreeMap<String, String>,
    /// How many entries at most.
    pub(crate) limit: usize,
    /// The epoch that it is read at, if that is a past one, and what has to be there by then.
    pub(crate) freshness: Freshness,
}

impl Asked {
    /// Reads the query of the list at a path whose entries some parameters choose.
    pub(crate) fn read(parameters: Parameters, list: impl Into<String>, filters: &[&str]) -> Result<Self, Problem> {
        let Query(parameters) = parameters.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
        let (list, mut filter, mut fresh, mut errors) = (list.into(), BTreeMap::new(), Vec::new(), Vec::new());
        let (mut cursor, mut limit) = (None, None);
        for (name, value) in parameters {
            let taken = match name.as_str() {
                "cursor" => set(&mut cursor, Cursor::read(&value).ok_or_else(|| "expected the next_cursor of an answer".to_owned())),
                "limit" => set(&mut limit, count(&value).ok_or_else(|| format!("expected 1 to {LIMIT_MAX}"))),
                "at_least" | "at" => {
                    fresh.push((name.clone(), value));
                    Ok(())
                }
                known if filters.contains(&known) => match filter.insert(name.clone(), value) {
                    Some(_) => Err("stands more than once".to_owned()),
                    None => Ok(()),
                },
                _ => Err(unknown(filters)),
            };
            errors.extend(taken.err().map(|detail| wrong(&name, detail)));
        }
        let cursor = cursor.filter(|cursor: &Cursor| match goes_on(cursor, &list, &filter, &fresh) {
            Ok(()) => true,
            Err(detail) => {
                errors.push(wrong("cursor", detail));
                false
            }
        });
        let after = cursor.map(|cursor| {
            fresh.retain(|(name, _)| name != "at");
            fresh.push(("at".to_owned(), cursor.as_of.to_string()));
            filter = cursor.filter;
            cursor.after
        });
        let freshness = Freshness::read(Ok(Query(fresh)), Past::Readable).unwrap_or_else(|problem| {
            errors.extend(problem.errors);
            Freshness::default()
        });
        Ok(Self { list, filter, after, limit: limit.unwrap_or(LIMIT), freshness, errors })
    }

    /// What a parameter says, by what reads it; none where it is not said or says nothing that can be read.
    pub(crate) fn take<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let read = self.filter.get(name).map(|text| read(text))?;
        read.map_err(|detail| self.wrong(name, detail)).ok()
    }

    /// An id or a word.
    pub(crate) fn word<T: FromStr<Err = Unreadable>>(&mut self, name: &str) -> Option<T> {
        self.take(name, |text| text.parse().map_err(|unreadable: Unreadable| format!("expected {}", unreadable.expected)))
    }

    /// A moment: an epoch, or the same as RFC 3339.
    pub(crate) fn moment(&mut self, name: &str) -> Option<Epoch> {
        let epoch =
            |text: &str| text.parse().ok().filter(|epoch| *epoch <= LAST_EPOCH && !text.starts_with('+')).or_else(|| from_rfc3339(text));
        self.take(name, |text| {
            epoch(text)
                .ok_or_else(|| "expected an epoch, such as 1764000000123, or a moment in UTC, such as 2026-01-01T00:00:00Z".to_owned())
        })
    }

    /// A range of time, whose upper end is exclusive: the epochs that have to be there for all of it to be told. It ends by the
    /// epoch that is read at.
    pub(crate) fn range(&mut self, from: Option<Epoch>, to: Option<Epoch>) -> Vec<(&'static str, Epoch)> {
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            self.wrong("to", "comes before from");
        }
        let named: Vec<_> = from.map(|from| ("from", from)).into_iter().chain(to.map(|to| ("to", to.saturating_sub(1)))).collect();
        for (name, epoch) in &named {
            if self.freshness.at.is_some_and(|at| *epoch > at) {
                self.wrong(name, "lies after the epoch that is read at");
            }
        }
        named
    }

    /// The last entry that was told, as the list names it.
    pub(crate) fn after<T: FromStr>(&mut self) -> Option<T> {
        let read = self.after.as_ref().map(|text| text.parse())?;
        read.map_err(|_| self.wrong("cursor", "expected the next_cursor of an answer".to_owned())).ok()
    }

    /// Whether a parameter is there, or comes with the cursor.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.filter.contains_key(name)
    }

    /// Says that a parameter is at fault.
    pub(crate) fn wrong(&mut self, name: &str, detail: impl Into<String>) {
        self.errors.push(wrong(name, detail.into()));
    }

    /// The part that was asked for, once everything was taken; or all that is at fault.
    pub(crate) fn page(self) -> Result<Page, Problem> {
        if !self.errors.is_empty() {
            return Err(Problem::fields(self.errors));
        }
        Ok(Page { list: self.list, filter: self.filter, limit: self.limit, freshness: self.freshness })
    }
}

impl Page {
    /// One more than is told says whether more follow.
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.limit + 1).expect("a limit is small")
    }

    /// Where the next part of a list begins of which this was the first and nothing chooses the entries.
    pub(crate) fn cursor_of(&self, list: String, as_of: Epoch, after: Uuid) -> String {
        Cursor { list, filter: BTreeMap::new(), as_of, after: after.to_string() }.text()
    }

    /// Where the next part begins, if this one ends with an entry.
    pub(crate) fn cursor(&self, as_of: Epoch, after: impl ToString) -> String {
        Cursor { list: self.list.clone(), filter: self.filter.clone(), as_of, after: after.to_string() }.text()
    }
}

/// Whether a cursor goes on with what is asked.
fn goes_on(cursor: &Cursor, list: &str, filter: &BTreeMap<String, String>, fresh: &[(String, String)]) -> Result<(), String> {
    if cursor.list != list {
        return Err(format!("goes on with another list, {}", cursor.list));
    }
    for (name, value) in filter {
        match cursor.filter.get(name) {
            Some(said) if said == value => {}
            Some(said) => return Err(format!("goes on with {name}={said}; say the same of {name}, or nothing")),
            None => return Err(format!("goes on without {name}; leave it out, or begin anew without a cursor")),
        }
    }
    match fresh.iter().find(|(name, at)| name == "at" && *at != cursor.as_of.to_string()) {
        Some(_) => Err(format!("goes on as of {}; say the same of at, or nothing", cursor.as_of)),
        None => Ok(()),
    }
}

fn unknown(filters: &[&str]) -> String {
    let filters: String = filters.iter().map(|name| format!("{name}, ")).collect();
    format!("is no parameter of this request; its parameters are {filters}{OTHERS}")
}

fn wrong(name: &str, detail: String) -> FieldError {
    FieldError { pointer: name.chars().take(64).collect(), detail }
}

/// Takes what a parameter says, once.
pub(crate) fn set<T>(to: &mut Option<T>, read: Result<T, String>) -> Result<(), String> {
    if to.replace(read?).is_some() { Err("stands more than once".to_owned()) } else { Ok(()) }
}

fn count(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|limit| digits && (1..=LIMIT_MAX).contains(limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{OrderChange, OrderId};

    const PATH: &str = "/v1/orders";

    /// The page, what chooses it, and where it goes on; or what is at fault.
    type Read = Result<(usize, Option<Epoch>, Option<OrderChange>, Option<Epoch>, Option<OrderId>), Vec<String>>;

    fn read(query: &[(&str, &str)]) -> Read {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let pointers = |problem: Problem| problem.errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>();
        let mut asked = Asked::read(Ok(Query(query)), PATH, &["status", "from"]).map_err(pointers)?;
        let (status, from, after) = (asked.word("status"), asked.moment("from"), asked.after());
        asked.page().map(|page| (page.limit, page.freshness.at, status, from, after)).map_err(pointers)
    }

    fn wrong(names: &[&str]) -> Read {
        Err(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn parameters_are_read_or_named() {
        for (query, expected) in [
            (&[][..], Ok((LIMIT, None, None, None, None))),
            (&[("status", "scheduled"), ("at", "7")], Ok((LIMIT, Some(7), Some(OrderChange::Scheduled), None, None))),
            (&[("limit", "1")], Ok((1, None, None, None, None))),
            (&[("limit", "1000"), ("from", "12")], Ok((1000, None, None, Some(12), None))),
            (&[("from", "1970-01-01T00:00:01Z")], Ok((LIMIT, None, None, Some(1000), None))),
            (&[("status", "waiting"), ("cursor", "1"), ("limit", "0"), ("at", "x")], wrong(&["cursor", "limit", "at", "status"])),
            (&[("limit", "1001"), ("page", "2")], wrong(&["limit", "page"])),
            (&[("limit", "+5")], wrong(&["limit"])),
            (&[("limit", "5"), ("limit", "5")], wrong(&["limit"])),
            (&[("status", "failed"), ("status", "failed")], wrong(&["status"])),
            (&[("from", "yesterday")], wrong(&["from"])),
            (&[("from", "+1")], wrong(&["from"])),
            (&[("from", "253402300800000")], wrong(&["from"])),
            (&[("from", "2026-01-01")], wrong(&["from"])),
        ] {
            assert_eq!(read(query), expected, "{query:?}");
        }
    }

    #[test]
    fn a_cursor_goes_on_with_what_was_asked() {
        let last = OrderId::mint(7, 1);
        let filter = BTreeMap::from([("status".to_owned(), "failed".to_owned())]);
        let cursor = Cursor { list: PATH.to_owned(), filter, as_of: 9, after: last.to_string() };
        let (text, elsewhere) = (cursor.text(), Cursor { list: "/v1/transactions".to_owned(), ..cursor.clone() }.text());
        let nowhere = Cursor { after: "last".to_owned(), ..cursor.clone() }.text();
        let unknown = Cursor { filter: BTreeMap::from([("status".to_owned(), "lost".to_owned())]), ..cursor.clone() }.text();
        let goes_on = |limit| Ok((limit, Some(9), Some(OrderChange::Failed), None, Some(last)));
        for (query, expected) in [
            (&[("cursor", &*text)][..], goes_on(LIMIT)),
            (&[("cursor", &text), ("status", "failed"), ("limit", "5")], goes_on(5)),
            (&[("at", "9"), ("cursor", &text), ("at_least", "8")], goes_on(LIMIT)),
            (&[("cursor", &text), ("status", "executed")], wrong(&["cursor"])),
            (&[("cursor", &text), ("from", "5")], wrong(&["cursor"])),
            (&[("cursor", &text), ("at", "8")], wrong(&["cursor"])),
            (&[("cursor", &elsewhere)], wrong(&["cursor"])),
            (&[("cursor", &nowhere)], wrong(&["cursor"])),
            (&[("cursor", &unknown)], wrong(&["status"])),
            (&[("cursor", &text), ("cursor", &text)], wrong(&["cursor"])),
        ] {
            assert_eq!(read(query), expected, "{query:?}");
        }
    }

    #[test]
    fn a_page_says_where_the_next_begins() {
        let query = [("status", "failed"), ("limit", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let page = Asked::read(Ok(Query(query.to_vec())), PATH, &["status"]).unwrap().page().unwrap();
        assert_eq!(page.rows(), 3);
        let filter = BTreeMap::from([("status".to_owned(), "failed".to_owned())]);
        let expected = Cursor { list: PATH.to_owned(), filter, as_of: 9, after: "7:1".to_owned() };
        assert_eq!(Cursor::read(&page.cursor(9, "7:1")), Some(expected));
    }
}
