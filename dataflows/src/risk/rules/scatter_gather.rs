//! R08: one pays another through several in between. Who was paid by several whom the same one had paid?
//!
//! ```sql
//! select last.payee, first.payer, count(distinct first.payee) as middles, sum(distinct last.amount_minor) as amount_minor
//! from payment first join payment last on first.payee = last.payer and first.payer <> last.payee
//! where at - window < first.time and first.time <= last.time and last.time <= at
//!   and last.amount_minor >= first.amount_minor * kept_percent / 100 and every role is 'customer'
//! group by last.payee, first.payer
//! ```
//!
//! The subject is whoever was paid in the end; a row is of one payer, who is among the counterparties.

use crate::risk::graph::{Edge, Graph, Node, Side, Slot};
use crate::risk::rules::{How, Key, Reading, Rule, Shape, Watched, Who, count, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;
use std::collections::BTreeSet;

/// Fewer in between are no candidate.
const MIDDLES_MIN: usize = 3;

pub(super) const RULE: Rule =
    Rule { id: RuleId::ScatterGather, concerns, measure, reach_ms: |shape| hours_ms(shape[0]), window_ms: |shape| hours_ms(shape[0]) };

fn between(payer: Node, payee: Node) -> Key {
    Key { who: Who::Account(payee), which: (0, payer) }
}

fn concerns(graph: &Graph, watched: &Watched<'_>, keys: &mut Vec<Key>) {
    let Watched { edge, how, shape } = *watched;
    let (is_newest, window_ms) = (how == How::Newest, hours_ms(shape[0]));
    let Edge { payer, payee, time, .. } = *edge;
    if graph.is_hub(payer) || graph.is_hub(payee) {
        return;
    }
    // As the second of two payments. One that is the newest adds to nobody who was paid by fewer than there must be in between.
    if !is_newest || graph.received(payee, time, window_ms).len() >= MIDDLES_MIN {
        let firsts: BTreeSet<Node> = graph.all_received(payer, time, window_ms).sides().map(|first| first.other).collect();
        let may = |first: &Node| *first != payee && !graph.is_hub(*first);
        let wide = |first: &Node| !is_newest || graph.paid(*first, time, window_ms).len() >= MIDDLES_MIN;
        keys.extend(firsts.into_iter().filter(may).filter(wide).map(|first| between(first, payee)));
    }
    // As the first, of what has followed.
    if !is_newest {
        let lasts: BTreeSet<Node> = graph.all_paid(payee, time + window_ms, window_ms + 1).sides().map(|last| last.other).collect();
        keys.extend(lasts.into_iter().filter(|last| *last != payer && !graph.is_hub(*last)).map(|last| between(payer, last)));
    }
}

fn measure(graph: &Graph, key: Key, at: Epoch, shape: &Shape) -> Reading {
    let last = key.node();
    let first = key.which.1;
    let window_ms = hours_ms(shape[0]);
    let (scattered, gathered) = (graph.paid(first, at, window_ms), graph.received(last, at, window_ms));
    if scattered.len() < MIDDLES_MIN || gathered.len() < MIDDLES_MIN {
        return Reading::default();
    }
    let mut firsts: Vec<(Node, Epoch, Slot)> = scattered.sides().map(|side| (side.other, side.time, side.slot)).collect();
    firsts.sort_unstable();
    let (mut middles, mut edges, mut amount_minor) = (BTreeSet::new(), BTreeSet::new(), 0i64);
    for Side { time, other, slot } in gathered.sides().filter(|side| side.other != first && !graph.is_hub(side.other)) {
        let from = firsts.partition_point(|(middle, ..)| middle < other);
        let of = firsts[from..].iter().take_while(|(middle, before, _)| middle == other && before <= time);
        let keeps = |(_, _, first): &&(Node, Epoch, Slot)| keeps(graph.edge(*first).amount_minor, graph.edge(*slot).amount_minor, shape[1]);
        let before: Vec<Slot> = of.filter(keeps).map(|(_, _, slot)| *slot).collect();
        if before.is_empty() {
            continue;
        }
        middles.insert(*other);
        edges.extend(before);
        edges.insert(*slot);
        amount_minor = amount_minor.saturating_add(graph.edge(*slot).amount_minor);
    }
    if middles.len() < MIDDLES_MIN {
        return Reading::default();
    }
    Reading {
        rows: vec![(0, [count(middles.len()), amount_minor, 0, 0])],
        again: edges.iter().map(|slot| graph.edge(*slot).time + window_ms).min(),
        edges: edges.into_iter().collect(),
        is_capped: scattered.is_capped || gathered.is_capped,
        ..Reading::default()
    }
}

fn keeps(before_minor: i64, after_minor: i64, percent: i64) -> bool {
    i128::from(after_minor) * 100 >= i128::from(before_minor) * i128::from(percent)
}

#[cfg(test)]
mod tests;
