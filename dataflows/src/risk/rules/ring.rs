//! R13: customers who share a device, a telephone, a document, or a home. Which of them are tied together, by whomever it may be?
//!
//! ```sql
//! with recursive member (ring, customer) as (
//!   select customer, customer from tie
//!   union
//!   select least(m.ring, …), other.customer from member m join tie own on own.customer = m.customer join tie other on other.shared = own.shared)
//! select min(ring) as ring, count(distinct customer) as members, count(distinct frozen customer) as frozen_members
//! from member left join frozen using (customer) group by ring
//! ```
//!
//! A tie stands between a customer and a thing that two at least and `shared_max` at most use ([`crate::risk::ties`]). A ring is a component of what is tied
//! so; it goes by the first of its members who was enrolled, whose id is the least.
//!
//! 1. Every customer calls the ring by themselves. In each round, whoever is tied takes the least of the names that are beside them, until no name
//!    changes. That is an iteration in the dataflow: a tie that comes or goes is a difference, and so is each name that changes by it, in the round in which it
//!    does; nothing else is looked at. Whatever lost a name by a tie that went takes what is left, since a name of round `n` rests on those of `n - 1` alone.
//! 2. How many are in a ring, and how many of them are frozen, are counts of these names: what changes is added.
//! 3. Who they are goes to the episodes, as they come and go, for the alert to name them.

use crate::risk::holds::{Candidate, Clause};
use crate::risk::rules::{Key, Measures, Reading, Rule, Shape, Who, hours_ms};
use crate::risk::settings::is_candidate;
use crate::risk::ties::{Mark, Row, Shared};
use crate::risk::{graph::Graph, ties::Lens};
use differential_dataflow::operators::Iterate;
use differential_dataflow::{AsCollection, VecCollection};
use schemas::alert::Subject;
use schemas::aml::RuleId;
use schemas::{CustomerId, Epoch};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use timely::dataflow::StreamVec;

pub(super) const RULE: Rule = Rule {
    id: RuleId::Ring,
    // The dataflow finds it, from ties.
    concerns: |_, _, _| {},
    measure: |_, _, _, _| Reading::default(),
    reach_ms: |_| 0,
    window_ms: |shape| hours_ms(shape[0]),
};

/// A customer, or what they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum End {
    Customer(CustomerId),
    Shared(Shared),
}

/// A ring, by the shape that its rule is set in, and its first member.
pub(crate) type Ring = (Shape, CustomerId);

/// Something of which a ring consists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Member {
    /// A customer.
    Customer(CustomerId),
    /// What is known of a member.
    Marked(CustomerId, Mark),
}

/// Rows of ties, as they come: each with the shape that sees it.
pub(crate) type Rows<'scope> = StreamVec<'scope, Epoch, ((Shape, Row), Epoch, isize)>;

/// A collection that changes with the epochs.
type Changing<'scope, D> = VecCollection<'scope, Epoch, D, isize>;

/// Rings that are large, or have somebody who is frozen.
type Candidates<'scope> = Changing<'scope, (Clause, Candidate)>;

/// Of what each ring consists.
type Members<'scope> = Changing<'scope, (Ring, Member)>;

/// The candidates, and of what each ring consists.
pub(crate) fn rings<'scope>(rows: Rows<'scope>) -> (Candidates<'scope>, Members<'scope>) {
    let rows = rows.as_collection();
    let ties = rows.clone().flat_map(|(shape, row)| match row {
        Row::Tie(shared, customer) => Some((shape, shared, customer)),
        Row::Mark(..) => None,
    });
    let marks = rows.flat_map(|(shape, row)| match row {
        Row::Mark(customer, mark) => Some(((shape, customer), mark)),
        Row::Tie(..) => None,
    });
    // 1.
    let ends = ties.clone().flat_map(|(shape, shared, customer)| {
        let (shared, customer) = (End::Shared(shared), End::Customer(customer));
        [((shape, shared), customer), ((shape, customer), shared)]
    });
    let selves = ties.map(|(shape, _, customer)| ((shape, End::Customer(customer)), customer)).distinct();
    let names = selves.clone().iterate(move |scope, names| {
        let (ends, selves) = (ends.enter(scope), selves.enter(scope));
        let beside = names.join_map(ends, |(shape, _), name, other| ((*shape, *other), *name));
        beside.concat(selves).reduce(|_, names, least| least.push((*names[0].0, 1)))
    });
    let members = names.flat_map(|((shape, end), name)| match end {
        End::Customer(customer) => Some(((shape, customer), name)),
        End::Shared(_) => None,
    });
    // 2.
    let sizes = members.clone().map(|((shape, _), name)| (shape, name)).count();
    let marked = members.clone().join_map(marks, |(shape, customer), name, mark| ((*shape, *name), Member::Marked(*customer, *mark)));
    let frozen = marked.clone().flat_map(|(ring, member)| matches!(member, Member::Marked(_, Mark::Frozen)).then_some(ring)).count();
    let candidates = sizes.map(|row| (0, row)).concat(frozen.map(|row| (1, row)));
    let candidates = candidates.flat_map(|(clause, ((shape, first), count))| candidate(shape, clause, first, count));
    // 3.
    let members = members.map(|((shape, customer), name)| ((shape, name), Member::Customer(customer))).concat(marked);
    (candidates, members)
}

fn candidate(shape: Shape, clause: u8, first: CustomerId, count: isize) -> Option<(Clause, Candidate)> {
    let count = i64::try_from(count).expect("what is in memory fits an i64");
    let measures: Measures = [count, 0, 0, 0];
    let row = (Clause { rule: RuleId::Ring, shape, clause }, Candidate { subject: Subject::Ring(first), measures });
    is_candidate(RuleId::Ring, clause, &measures).then_some(row)
}

/// The same from scratch, for whoever asks what if: by joining sets.
pub(crate) fn all(graph: &Graph, shape: &Shape, now: Epoch) -> Vec<(Key, (u8, Measures))> {
    let ties: Vec<_> = graph.beside.ties.all().map(|(shared, customer, _)| (shared, customer)).collect();
    let rows = Lens::of(shape).look(graph, now, ties, &BTreeSet::new());
    let (mut by_thing, mut frozen) = (BTreeMap::<Shared, Vec<CustomerId>>::new(), BTreeSet::new());
    for (row, _) in rows {
        match row {
            Row::Tie(shared, customer) => by_thing.entry(shared).or_default().push(customer),
            Row::Mark(customer, Mark::Frozen) => {
                frozen.insert(customer);
            }
            Row::Mark(_, Mark::Hub(_) | Mark::Account(_)) => {}
        }
    }
    let mut above: BTreeMap<CustomerId, CustomerId> = BTreeMap::new();
    for customers in by_thing.values() {
        for customer in customers {
            let (one, other) = (first(&above, customers[0]), first(&above, *customer));
            above.insert(one.max(other), one.min(other));
        }
    }
    let mut rings: BTreeMap<CustomerId, (usize, usize)> = BTreeMap::new();
    for customer in above.keys() {
        let (members, marked) = rings.entry(first(&above, *customer)).or_default();
        (*members, *marked) = (*members + 1, *marked + usize::from(frozen.contains(customer)));
    }
    let rows = rings.into_iter().filter_map(|(first, (members, frozen))| {
        let key = Key { who: Who::Ring(graph.customer(first)?), which: (0, 0) };
        Some([(key, (0, [super::count(members), 0, 0, 0])), (key, (1, [super::count(frozen), 0, 0, 0]))])
    });
    rows.flatten().filter(|(_, (clause, measures))| is_candidate(RuleId::Ring, *clause, measures)).collect()
}

/// The first of whoever is tied to a customer, as far as it is known; the first is above itself.
fn first(above: &BTreeMap<CustomerId, CustomerId>, mut customer: CustomerId) -> CustomerId {
    while let Some(next) = above.get(&customer).filter(|next| **next != customer) {
        customer = *next;
    }
    customer
}

#[cfg(test)]
mod tests;
