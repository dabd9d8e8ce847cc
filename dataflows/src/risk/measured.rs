//! What is measured of a subject, compared with what stood.
//!
//! In: what a rule says of a subject, now and at earlier moments. Out: which candidates come and go, and what those that come rest on. Never: a candidate
//! below what the catalogue says is the smallest threshold.

use crate::risk::evidence;
use crate::risk::features::Said;
use crate::risk::graph::{Edge, Graph};
use crate::risk::holds::{Candidate, Clause};
use crate::risk::rules::{self, Key, Measures, Reading};
use crate::risk::settings::{Settings, Watch, is_candidate, reaches};
use schemas::Epoch;
use std::collections::{BTreeMap, BTreeSet};

/// What is measured of a rule in a shape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) stood: BTreeMap<Key, Stood>,
    /// When they are to be measured again.
    pub(crate) due: BTreeSet<(Epoch, Key)>,
}

/// What stands of a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stood {
    /// Candidates, in order, each once.
    pub(crate) rows: Vec<(u8, Measures)>,
    pub(crate) again: Option<Epoch>,
}

/// What is measured, of which graph, when, and whether thresholds are others since.
#[derive(Clone, Copy)]
pub(crate) struct Looking<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) settings: &'a Settings,
    pub(crate) watch: Watch,
    pub(crate) now: Epoch,
    pub(crate) is_set: bool,
}

impl Measured {
    /// What stands from now on.
    pub(crate) fn stand(&mut self, key: Key, stood: Stood) {
        if let Some(before) = self.stood.remove(&key)
            && let Some(again) = before.again
        {
            self.due.remove(&(again, key));
        }
        if let Some(again) = stood.again {
            self.due.insert((again, key));
        }
        if stood != Stood::default() {
            self.stood.insert(key, stood);
        }
    }

    /// Compares readings, that of now first, with what stood; whether anything is different.
    pub(crate) fn compare(
        &mut self,
        looking: Looking<'_>,
        key: Key,
        readings: &[(Epoch, Reading)],
        traceparent: &str,
        said: &mut Said,
    ) -> bool {
        let Looking { graph, settings, watch, now, is_set } = looking;
        let mut rows: Vec<_> = readings.iter().flat_map(|(_, reading)| reading.rows.clone()).collect();
        rows.retain(|(clause, measures)| is_candidate(watch.rule, *clause, measures));
        rows.sort_unstable();
        rows.dedup();
        let again = readings.iter().map(|(at, reading)| if *at < now { Some(now + 1) } else { reading.again });
        let again = again.flatten().min();
        let stood = self.stood.get(&key);
        // Of most there was nothing and is nothing, or it is as it was.
        let is_as_it_was = stood.map_or(rows.is_empty() && again.is_none(), |stood| stood.rows == rows && stood.again == again);
        if is_as_it_was && (!is_set || rows.is_empty()) {
            return false;
        }
        let before = stood.map(|stood| stood.rows.clone()).unwrap_or_default();
        let gone = before.iter().filter(|row| !rows.contains(row));
        said.candidates.extend(gone.map(|row| (candidate(graph, watch, key, row), -1)));
        for row in &rows {
            let comes = !before.contains(row);
            let row = candidate(graph, watch, key, row);
            if (comes || is_set) && may_hold(settings, &row) {
                said.witness(graph, &row, readings, now, traceparent);
            }
            if comes {
                said.candidates.push((row, 1));
            }
        }
        let is_other = before != rows;
        self.stand(key, Stood { rows, again });
        is_other
    }
}

impl Said {
    fn witness(&mut self, graph: &Graph, row: &(Clause, Candidate), readings: &[(Epoch, Reading)], now: Epoch, traceparent: &str) {
        let (clause, candidate) = row;
        let rests = readings.iter().find(|(_, reading)| reading.rows.contains(&(clause.clause, candidate.measures)));
        let (at, reading) = rests.expect("every candidate is of a reading");
        let window_ms = (rules::rule(clause.rule).window_ms)(&clause.shape);
        let witness = evidence::witness(graph, &candidate.subject, reading, (*at, window_ms), now, traceparent);
        self.witnesses.entry(row.clone()).or_insert(witness);
    }
}

/// What is measured now, then at every earlier moment that a late payment may have changed, the latest first.
pub(crate) fn readings(graph: &Graph, watch: Watch, key: Key, now: Epoch, late: &[Epoch]) -> Vec<(Epoch, Reading)> {
    let rule = rules::rule(watch.rule);
    let mut moments: BTreeSet<Epoch> = BTreeSet::new();
    for from in late {
        let until = now.min(from + (rule.window_ms)(&watch.shape).saturating_sub(1));
        moments.extend(moments_of(graph, key, *from, until));
    }
    moments.remove(&now);
    let measure = |at| (at, (rule.measure)(graph, key, at, &watch.shape));
    let is_late = |edge: &Edge| edge.minted.0 == now && edge.is_late();
    // What an earlier window says without them was said when it was there.
    let by_them = |(_, reading): &(Epoch, Reading)| reading.edges.iter().any(|slot| is_late(graph.edge(*slot)));
    std::iter::once(measure(now)).chain(moments.into_iter().rev().map(measure).filter(by_them)).collect()
}

/// When a payment of a subject counts from, between two moments.
fn moments_of(graph: &Graph, key: Key, from: Epoch, until: Epoch) -> Vec<Epoch> {
    let accounts = match key.who {
        rules::Who::Account(node) => vec![node],
        rules::Who::Customer(node) | rules::Who::Ring(node) => graph.holder(node).accounts.clone(),
    };
    let window_ms = until.saturating_sub(from) + 1;
    let windows = accounts.into_iter().flat_map(|node| [graph.paid(node, until, window_ms), graph.received(node, until, window_ms)]);
    windows.flat_map(|window| window.edges().map(|(_, edge)| edge.time).collect::<Vec<_>>()).collect()
}

/// Whether a candidate reaches what is set in some lane.
pub(crate) fn may_hold(settings: &Settings, (clause, candidate): &(Clause, Candidate)) -> bool {
    let thresholds = settings.required(clause);
    thresholds.into_iter().any(|required| reaches(clause.rule, clause.clause, &candidate.measures, &required))
}

pub(crate) fn candidate(graph: &Graph, Watch { rule, shape }: Watch, key: Key, (clause, measures): &(u8, Measures)) -> (Clause, Candidate) {
    let subject = evidence::subject(graph, key.who);
    (Clause { rule, shape, clause: *clause }, Candidate { subject, measures: *measures })
}
