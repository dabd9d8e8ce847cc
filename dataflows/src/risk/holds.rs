//! What holds: candidates, joined with the thresholds that are set.
//!
//! ```sql
//! select rule, lane, version, subject, measures
//! from candidate join threshold using (rule, shape, clause)
//! where candidate.measures reach threshold.measures
//! ```
//!
//! In: candidates and thresholds that come and go. Out: what begins to hold and no longer does. Both sides are arranged by the clause, so
//! a threshold that is set anew meets the candidates of its clause and nothing else.

use crate::risk::features::Said;
use crate::risk::rules::ring::{self, Member, Ring};
use crate::risk::rules::{Measures, Shape};
use crate::risk::settings::reaches;
use crate::{Epochs, route};
use differential_dataflow::VecCollection;
use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::operators::arrange::{Arranged, TraceAgent};
use differential_dataflow::trace::implementations::ord_neu::{OrdValBatcher, OrdValSpine};
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{Lane, RuleId};
use std::sync::Arc;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Concat;
use timely::dataflow::operators::vec::Map;

/// A clause of a rule in a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Clause {
    pub(crate) rule: RuleId,
    pub(crate) shape: Shape,
    pub(crate) clause: u8,
}

/// What was measured of somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Candidate {
    pub(crate) subject: Subject,
    pub(crate) measures: Measures,
}

/// What has to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Threshold {
    pub(crate) lane: Lane,
    pub(crate) version: u32,
    pub(crate) measures: Measures,
}

/// A candidate that reaches what is set in a lane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Held {
    pub(crate) clause: Clause,
    pub(crate) lane: Lane,
    pub(crate) version: u32,
    pub(crate) candidate: Candidate,
}

type Batches<V> = OrdValSpine<Clause, V, Epoch, isize>;

/// A row that comes or goes.
type Row<V> = ((Clause, V), Epoch, isize);

/// What comes to the episodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) enum Change {
    /// A rule holds for somebody.
    Held(Held),
    /// Something belongs to a ring.
    Member(Ring, Member),
}

/// What begins to hold, and what no longer does; and of what rings consist.
pub(crate) fn holds<'scope>(said: Epochs<'scope, Arc<Said>>) -> VecCollection<'scope, Epoch, Change, isize> {
    let at = |said: &Said| said.given.epoch();
    let ties = said.clone().flat_map(move |said| said.ties.iter().map(|(row, diff)| (*row, at(&said), *diff)).collect::<Vec<_>>());
    let (rings, members) = ring::rings(ties);
    let candidates =
        said.clone().flat_map(move |said| said.candidates.iter().map(|(row, diff)| (row.clone(), at(&said), *diff)).collect::<Vec<_>>());
    let thresholds = said.flat_map(move |said| said.thresholds.iter().map(|(row, diff)| (*row, at(&said), *diff)).collect::<Vec<_>>());
    let candidates = arrange::<Candidate>(candidates.concat(rings.inner), "candidates");
    let thresholds = arrange::<Threshold>(thresholds, "thresholds");
    let held = candidates.join_core(thresholds, |clause, candidate, threshold| {
        reaches(clause.rule, clause.clause, &candidate.measures, &threshold.measures).then(|| Held {
            clause: *clause,
            lane: threshold.lane,
            version: threshold.version,
            candidate: candidate.clone(),
        })
    });
    held.map(Change::Held).concat(members.map(|(ring, member)| Change::Member(ring, member)))
}

/// Arranged by the clause, for the join alone: no other handle is kept, so both frontiers of compaction follow the epochs.
fn arrange<'scope, V: differential_dataflow::ExchangeData + std::hash::Hash>(
    rows: StreamVec<'scope, Epoch, Row<V>>,
    name: &str,
) -> Arranged<'scope, TraceAgent<Batches<V>>> {
    let to_the_clause = Exchange::new(|((clause, _), ..): &Row<V>| place(clause));
    arrange_core::<_, _, OrdValBatcher<Clause, V, Epoch, isize>, Batches<V>>(rows, to_the_clause, name, OrdValBatcher::new)
}

/// Where a clause's work is done.
fn place(clause: &Clause) -> u64 {
    route::mix(route::fold(&[clause.rule.as_str(), &clause.clause.to_string()]))
}
