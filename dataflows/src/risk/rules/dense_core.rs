//! R11: many who all pay the same many. Which payment completes a core in which every payer pays several of the payees, and every payee is
//! paid by several of the payers?
//!
//! **Definition.** The core of a payment is looked for around it, by what counts up to it within the window: its candidates are whoever paid
//! its payee, and whomever these paid. Whoever pays fewer than `sides_min` of the candidates who are left, or is paid by fewer, is left out, again and
//! again, until nobody is. What is left is the core, if both sides of the payment are in it. It does not depend on the order in which
//! they are left out.
//!
//! As a cycle, a core is found at the payment that completes it, so a payment that is the newest is looked at once, and alone. One that came
//! late, or went, may be part of what others have completed since: those to anybody whom its payer paid.

use crate::risk::graph::{Edge, Graph, Node, Order, Slot};
use crate::risk::rules::{Key, Reading, Rule, Shape, Watched, Who, count, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;
use std::collections::{BTreeMap, BTreeSet};

/// Most payments that are looked at around one; beyond, there may be more than was found.
const STEPS_MAX: usize = 10_000;

pub(super) const RULE: Rule =
    Rule { id: RuleId::DenseCore, concerns, measure, reach_ms: |shape| hours_ms(shape[0]), window_ms: |shape| hours_ms(shape[0]) };

fn completed_by(edge: &Edge) -> Key {
    Key { who: Who::Account(edge.payee), which: edge.minted }
}

fn concerns(graph: &Graph, watched: &Watched<'_>, keys: &mut Vec<Key>) {
    let Watched { edge, is_newest, is_pushed, shape } = *watched;
    if graph.is_hub(edge.payer) || graph.is_hub(edge.payee) {
        return;
    }
    keys.push(completed_by(edge));
    if !is_newest && !is_pushed {
        let (until, window_ms) = (edge.time + hours_ms(shape[0]), 2 * hours_ms(shape[0]));
        let payees: BTreeSet<Node> =
            graph.all_paid(edge.payer, until, window_ms).sides().map(|side| side.other).chain([edge.payee]).collect();
        let into = payees.into_iter().flat_map(|payee| graph.all_received(payee, until, until - edge.time + 1).edges());
        keys.extend(into.map(|(_, edge)| completed_by(edge)));
    }
}

fn measure(graph: &Graph, key: Key, at: Epoch, shape: &Shape) -> Reading {
    let (window_ms, least) = (hours_ms(shape[0]), usize::try_from(shape[1]).expect("the catalogue has a few"));
    let received = graph.received(key.node(), at, window_ms);
    if received.len() < least {
        return Reading::default();
    }
    let Some((_, last)) = received.edges().rev().find(|(_, edge)| edge.minted == key.which) else { return Reading::default() };
    let (within_ms, order) = (window_ms - (at - last.time), last.order());
    if graph.paid(last.payer, last.time, within_ms).len() < least || graph.is_hub(last.payer) || graph.is_hub(last.payee) {
        return Reading::default();
    }
    let (paid, is_capped) = around(graph, key.node(), within_ms, order);
    let (payers, payees) = peel(&paid, least);
    if !payers.contains(&last.payer) || !payees.contains(&last.payee) {
        return Reading::default();
    }
    let inside = paid.into_iter().filter(|((payer, payee), _)| payers.contains(payer) && payees.contains(payee));
    let edges: Vec<Slot> = inside.flat_map(|(_, slots)| slots).collect();
    Reading {
        rows: vec![(0, [count(payers.len()), count(payees.len()), 0, 0])],
        again: edges.iter().map(|slot| graph.edge(*slot).time + window_ms).min(),
        edges,
        is_capped,
        ..Reading::default()
    }
}

/// Who paid whom by which payments, of all who paid an account, up to a payment to it.
fn around(graph: &Graph, node: Node, within_ms: u64, order: Order) -> (BTreeMap<(Node, Node), Vec<Slot>>, bool) {
    let (mut steps, mut paid) = (STEPS_MAX, BTreeMap::<(Node, Node), Vec<Slot>>::new());
    let received = graph.received(node, order.0, within_ms).edges().filter(|(_, edge)| edge.order() <= order);
    let payers: BTreeSet<Node> = received.map(|(_, edge)| edge.payer).filter(|payer| !graph.is_hub(*payer)).collect();
    let mut is_capped = false;
    for payer in payers {
        let window = graph.paid(payer, order.0, within_ms);
        let some = window.len().min(steps);
        is_capped |= some < window.len() || window.is_capped;
        steps -= some;
        for (slot, edge) in window.edges().rev().take(some).filter(|(_, edge)| edge.order() <= order && !graph.is_hub(edge.payee)) {
            paid.entry((payer, edge.payee)).or_default().push(slot);
        }
    }
    (paid, is_capped)
}

/// Who is left.
fn peel(paid: &BTreeMap<(Node, Node), Vec<Slot>>, least: usize) -> (BTreeSet<Node>, BTreeSet<Node>) {
    let mut left: Vec<(Node, Node)> = paid.keys().copied().collect();
    loop {
        let (mut by_payer, mut by_payee) = (BTreeMap::<Node, usize>::new(), BTreeMap::<Node, usize>::new());
        for (payer, payee) in &left {
            *by_payer.entry(*payer).or_default() += 1;
            *by_payee.entry(*payee).or_default() += 1;
        }
        let before = left.len();
        left.retain(|(payer, payee)| by_payer[payer] >= least && by_payee[payee] >= least);
        if left.len() == before {
            return (by_payer.into_keys().collect(), by_payee.into_keys().collect());
        }
    }
}

#[cfg(test)]
mod tests;
