//! Which stretches of time? What a report by minutes, hours, days or months is asked.

use super::{past, time};
use crate::freshness::{Freshness, Parameters, Past};
use crate::page::set;
use axum::extract::Query;
use schemas::money::Unreadable;
use schemas::problem::FieldError;
use schemas::{Epoch, Problem};
use std::fmt::Display;
use std::str::FromStr;

/// Most stretches of an answer.
pub(crate) const STRETCHES_MAX: u64 = 1_500;

/// What to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked<B> {
    pub(crate) from: Epoch,
    /// Exclusive.
    pub(crate) to: Epoch,
    pub(crate) by: B,
}

/// Reads the query; every bad parameter is named. `width_ms` is how long a stretch is at least.
pub(crate) fn read<B>(parameters: Parameters, width_ms: impl Fn(B) -> u64) -> Result<(Asked<B>, Freshness), Problem>
where
    B: Copy + Display + FromStr<Err = Unreadable>,
{
    let Query(parameters) = parameters.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
    let (mut from, mut to, mut by) = (None, None, None);
    let (mut others, mut errors) = (Vec::new(), Vec::new());
    for (name, value) in parameters {
        let taken = match name.as_str() {
            "from" => set(&mut from, time(&value)),
            "to" => set(&mut to, time(&value)),
            "by" => set(&mut by, value.parse::<B>().map_err(|error| format!("expected {}", error.expected))),
            "at_least" | "at" => {
                others.push((name.clone(), value));
                Ok(())
            }
            _ => Err("is no parameter of this request; its parameters are from, to, by, at_least, at".to_owned()),
        };
        if let Err(detail) = taken {
            errors.push(FieldError { pointer: name.chars().take(64).collect(), detail });
        }
    }
    errors.extend(range(from, to, by.as_ref(), width_ms, &errors));
    let freshness = fresh(others).unwrap_or_else(|problem| {
        errors.extend(problem.errors);
        Freshness::default()
    });
    match (from, to, by) {
        (Some(from), Some(to), Some(by)) if errors.is_empty() => Ok((Asked { from, to, by }, freshness)),
        _ => Err(Problem::fields(errors)),
    }
}

/// What is missing of a range, or wrong with it, unless it was said already.
pub(crate) fn range<B: Copy + Display>(
    from: Option<Epoch>,
    to: Option<Epoch>,
    by: Option<&B>,
    width_ms: impl Fn(B) -> u64,
    said: &[FieldError],
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut wrong = |name: &str, detail: String| {
        if said.iter().all(|error| error.pointer != name) {
            errors.push(FieldError { pointer: name.to_owned(), detail });
        }
    };
    for (name, is_missing) in [("from", from.is_none()), ("to", to.is_none()), ("by", by.is_none())] {
        if is_missing {
            wrong(name, "is missing".to_owned());
        }
    }
    match (from, to, by) {
        (Some(from), Some(to), _) if from >= to => wrong("to", "is not after from".to_owned()),
        (Some(from), Some(to), Some(by)) if (to - from).div_ceil(width_ms(*by)) > STRETCHES_MAX => {
            wrong("to", format!("is more than {STRETCHES_MAX} times a {by} after from"));
        }
        _ => {}
    }
    errors
}

/// How fresh, or as of which minute's end.
pub(crate) fn fresh(parameters: Vec<(String, String)>) -> Result<Freshness, Problem> {
    let freshness = Freshness::read(Ok(Query(parameters)), Past::Readable)?;
    past::check(freshness).map(|()| freshness)
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::Period;

    #[test]
    fn parameters_are_read_or_named() {
        let read = |query: &[(&str, &str)]| {
            let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let pointers = |problem: Problem| problem.errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>();
            read(Ok(Query(query)), |_: Period| 86_400_000).map(|(asked, freshness)| (asked, freshness.at)).map_err(pointers)
        };
        let wrong = |names: &[&str]| Err(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let asked = Asked { from: 1, to: 2, by: Period::Month };
        let (from, to, by) = (("from", "1"), ("to", "2"), ("by", "month"));
        for (query, expected) in [
            (&[from, to, by][..], Ok((asked, None))),
            (&[from, to, by, ("at", "59999"), ("at_least", "0:7")], Ok((asked, Some(59_999)))),
            (&[from, to, by, ("at", "60000")], wrong(&["at"])),
            (&[from, to, by, ("at", "-1"), ("at", "59999"), ("limit", "1")], wrong(&["limit", "at"])),
            (&[], wrong(&["from", "to", "by"])),
            (&[to, ("from", "2"), ("by", "year")], wrong(&["by", "to"])),
            (&[from, ("to", "129600000002"), by, by], wrong(&["by", "to"])),
        ] {
            assert_eq!(read(query), expected, "{query:?}");
        }
    }
}
