//! The query of a write: whether it is only tried, and what one refused item of a batch means for the others.
//!
//! In: an address. Out: what it asks, or every parameter at fault. One that the route does not know is refused: a `dry_run`
//! that nobody heard would move money.

use axum::extract::Query;
use axum::http::Uri;
use schemas::problem::FieldError;
use schemas::{BatchMode, Problem};

/// What the query of a write may ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Whether it is only to be said what would become of it.
    pub(super) dry_run: Option<bool>,
    /// What one refused item means for the others.
    pub(super) mode: Option<BatchMode>,
}

/// Reads the query; `known` are the parameters of the route.
pub(super) fn read(uri: &Uri, known: &[&str]) -> Result<Asked, Problem> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Query(parameters) = query.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
    let (mut asked, mut errors) = (Asked::default(), Vec::new());
    for (name, value) in &parameters {
        let fault = match name.as_str() {
            name if !known.contains(&name) => Some(unknown(known)),
            "dry_run" => match value.as_str() {
                "true" | "false" => asked.dry_run.replace(value == "true").map(|_| "stands more than once".to_owned()),
                _ => Some("expected true or false".to_owned()),
            },
            _ => match value.parse() {
                Ok(mode) => asked.mode.replace(mode).map(|_| "stands more than once".to_owned()),
                Err(_) => Some("expected all_or_nothing, independent".to_owned()),
            },
        };
        if let Some(detail) = fault {
            errors.push(FieldError { pointer: name.chars().take(64).collect(), detail });
        }
    }
    errors.truncate(ERRORS_MAX);
    if errors.is_empty() { Ok(asked) } else { Err(Problem::fields(errors)) }
}

/// Most faults that an answer lists.
const ERRORS_MAX: usize = 32;

fn unknown(known: &[&str]) -> String {
    match known {
        [] => "is no parameter of this request; it has none".to_owned(),
        known => format!("is no parameter of this request; its parameters are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_not_passed_over() {
        let (some, both): (&[&str], &[&str]) = (&["dry_run"], &["dry_run", "mode"]);
        let asked = |dry_run, mode| Ok(Asked { dry_run, mode });
        for (query, known, expected) in [
            ("", both, asked(None, None)),
            ("?", both, asked(None, None)),
            ("?dry_run=true", some, asked(Some(true), None)),
            ("?mode=independent&dry_run=false", both, asked(Some(false), Some(BatchMode::Independent))),
            ("?mode=all_or_nothing", both, asked(None, Some(BatchMode::AllOrNothing))),
            ("?dry_run=true", &[], Err(vec!["dry_run"])),
            ("?mode=independent", some, Err(vec!["mode"])),
            ("?dry_run", some, Err(vec!["dry_run"])),
            ("?dry_run=1&dry_run=TRUE", some, Err(vec!["dry_run", "dry_run"])),
            ("?dry_run=true&dry_run=true", some, Err(vec!["dry_run"])),
            ("?mode=both&dryrun=true", both, Err(vec!["mode", "dryrun"])),
            ("?mode=independent&mode=independent", both, Err(vec!["mode"])),
        ] {
            let uri = format!("/v1/batches{query}").parse().expect("an address");
            let found = read(&uri, known);
            let found = found.as_ref().map_err(|problem| problem.errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>());
            assert_eq!(found.copied(), expected, "{query}");
        }
    }
}
