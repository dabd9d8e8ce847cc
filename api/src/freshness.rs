//! How fresh a read must be.
//!
//! In: `at_least` and `at`, and the epoch inside the id that is asked for. Out: nothing, once the views show all
//! of it; or a problem, when they do not within two seconds. What lies in the future is not waited for.

use crate::View;
use crate::progress::{Mark, Progress};
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use schemas::problem::FieldError;
use schemas::{Epoch, Problem};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Longest wait for the views.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How far the clock that mints epochs may run ahead of what we know.
const AHEAD_MAX_MS: u64 = 1000;

/// The query of a read.
pub(crate) type Parameters = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// Whether a route can read the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    Readable,
    Not,
}

/// What the caller asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Freshness {
    at_least: Option<Mark>,
    /// The past epoch to read.
    pub(crate) at: Option<Epoch>,
}

impl Freshness {
    /// Reads the query; every bad parameter is named.
    pub(crate) fn read(parameters: Parameters, past: Past) -> Result<Self, Problem> {
        let Query(parameters) = parameters.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
        let (mut freshness, mut errors) = (Self::default(), Vec::new());
        for (name, value) in &parameters {
            let mut wrong = |detail: &str| {
                let pointer = name.chars().take(64).collect();
                errors.push(FieldError { pointer, detail: detail.to_owned() });
            };
            match (name.as_str(), past) {
                ("at_least", _) => match mark(value) {
                    Some(mark) if freshness.at_least.replace(mark).is_none() => {}
                    Some(_) => wrong("stands more than once"),
                    None => wrong("expected an epoch, such as 1764000000123, or a position, such as 0:1234"),
                },
                ("at", Past::Readable) => match epoch(value) {
                    Some(epoch) if freshness.at.replace(epoch).is_none() => {}
                    Some(_) => wrong("stands more than once"),
                    None => wrong("expected an epoch, such as 1764000000123"),
                },
                (_, Past::Readable) => wrong("is no parameter of this request; its parameters are at_least, at"),
                (_, Past::Not) => wrong("is no parameter of this request; its parameter is at_least"),
            }
        }
        if errors.is_empty() { Ok(freshness) } else { Err(Problem::fields(errors)) }
    }

    /// Waits for a place of the log, or for what was decided on it.
    pub(crate) async fn reach(view: &View, mark: Mark) -> Result<(), Problem> {
        if view.progress.reach(mark, Instant::now() + WAIT_MAX).await { Ok(()) } else { Err(behind()) }
    }

    /// Waits for everything that the caller asked for, and for the epoch of a minted id.
    ///
    /// False if that epoch lies in the future: the bank has not minted the id, so there is nothing to wait for.
    pub(crate) async fn wait(self, view: &View, minted: Option<Epoch>) -> Result<bool, Problem> {
        self.wait_for(view, minted, &[]).await
    }

    /// The same, and for epochs that other parameters name.
    pub(crate) async fn wait_for(self, view: &View, minted: Option<Epoch>, named: &[(&str, Epoch)]) -> Result<bool, Problem> {
        self.wait_on(view, &view.progress, minted, named).await
    }

    /// The same of what one of the cells writes.
    pub(crate) async fn wait_on(
        self,
        view: &View,
        progress: &Progress,
        minted: Option<Epoch>,
        named: &[(&str, Epoch)],
    ) -> Result<bool, Problem> {
        // The clock that mints may be ahead of ours; what was committed or is shown, it has minted.
        let horizon = now_ms().max(view.progress.shown().epoch).max((view.newest)()).saturating_add(AHEAD_MAX_MS);
        let named = || named.iter().map(|(name, epoch)| (*name, Mark::Epoch(*epoch)));
        let asked = [self.at_least, self.at.map(Mark::Epoch), minted.map(Mark::Epoch)].into_iter().flatten();
        let asked = asked.chain(named().map(|(_, mark)| mark));
        if asked.clone().any(|mark| matches!(mark, Mark::Epoch(epoch) if epoch > horizon)) && !(view.caught_up)() {
            return Err(behind());
        }
        let said = [("at_least", self.at_least), ("at", self.at.map(Mark::Epoch))].into_iter();
        let said = said.filter_map(|(name, mark)| Some((name, mark?)));
        for (name, mark) in said.chain(named()) {
            if matches!(mark, Mark::Epoch(epoch) if epoch > horizon) {
                return Err(Problem::field(name, "lies in the future"));
            }
        }
        if minted.is_some_and(|epoch| epoch > horizon) {
            return Ok(false);
        }
        let deadline = Instant::now() + WAIT_MAX;
        for mark in asked {
            if !progress.reach(mark, deadline).await {
                return Err(behind());
            }
        }
        Ok(true)
    }
}

/// What was told is not shown yet.
pub(crate) fn behind() -> Problem {
    Problem::new(503, "view_behind", "The views do not show this yet.")
}

fn mark(text: &str) -> Option<Mark> {
    epoch(text).map(Mark::Epoch).or_else(|| text.parse().ok().map(Mark::Command))
}

/// An epoch that a parameter names.
pub(crate) fn epoch(text: &str) -> Option<Epoch> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::Position;

    #[test]
    fn parameters_are_read_or_named() {
        let read = |query: &[(&str, &str)], past| {
            let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let pointers = |problem: Problem| problem.errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>();
            Freshness::read(Ok(Query(query)), past).map_err(pointers)
        };
        let position = Mark::Command(Position { partition: 0, offset: 12 });
        let wrong = |names: &[&str]| Err(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for (query, past, expected) in [
            (&[][..], Past::Not, Ok(Freshness::default())),
            (&[("at_least", "7")], Past::Not, Ok(Freshness { at_least: Some(Mark::Epoch(7)), at: None })),
            (&[("at_least", "0:12")], Past::Not, Ok(Freshness { at_least: Some(position), at: None })),
            (&[("at", "7"), ("at_least", "0:12")], Past::Readable, Ok(Freshness { at_least: Some(position), at: Some(7) })),
            (&[("at", "7")], Past::Not, wrong(&["at"])),
            (&[("at", "0:1")], Past::Readable, wrong(&["at"])),
            (&[("at", ""), ("at_least", "-1"), ("atleast", "7")], Past::Readable, wrong(&["at", "at_least", "atleast"])),
            (&[("at_least", "7"), ("at_least", "7")], Past::Not, wrong(&["at_least"])),
            (&[("at_least", "+7")], Past::Not, wrong(&["at_least"])),
            (&[("at_least", "99999999999999999999")], Past::Not, wrong(&["at_least"])),
        ] {
            assert_eq!(read(query, past), expected, "{query:?}");
        }
    }
}
