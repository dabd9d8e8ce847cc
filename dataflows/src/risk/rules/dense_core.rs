//! R11: many who all pay the same many. Which payment completes a core in which every payer pays several of the payees, and every payee is
//! paid by several of the payers?
//!
//! **Definition.** The core of a payment is looked for around it, by what counts up to it within the window: its candidates are whoever paid
//! its payee, and whomever these paid. Whoever pays fewer than `sides_min` of the candidates who are left, or is paid by fewer, is left out, again and
//! again, until nobody is. What is left is the core, if both sides of the payment are in it. It does not depend on the order in which
//! they are left out.
//!
//! **Bound.** What is looked at of an account is what was the newest when the payment came, so later payments change nothing of it, and time alone only
//! takes from it. Whoever paid the payee is looked at by both sides: by a payment that is among those looked at of the payee, and of the payer too.
//! So all that a core rests on is in its evidence, and when the first of it leaves the window, the core is measured again.
//!
//! As a cycle, a core is found at the payment that completes it, so a payment that is the newest is looked at once, and alone. One that came
//! late, or went, may be part of what others have completed since: the newest payments to anybody whom its payer paid beside it. These are up to
//! 1,000 each, to up to 2,000 others.

use crate::risk::graph::{Edge, Graph, Node, Slot};
use crate::risk::rules::{How, Key, Reading, Rule, Shape, Watched, Who, count, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    id: RuleId::DenseCore,
    concerns,
    measure,
    // From a moment to the payment, and from there as far again.
    reach_ms: |shape| 2 * hours_ms(shape[0]),
    window_ms: |shape| hours_ms(shape[0]),
};

fn completed_by(edge: &Edge) -> Key {
    Key { who: Who::Account(edge.payee), which: edge.minted }
}

fn concerns(graph: &Graph, watched: &Watched<'_>, keys: &mut Vec<Key>) {
    let Watched { edge, how, shape } = *watched;
    if !graph.is_hub(edge.payer) && !graph.is_hub(edge.payee) {
        keys.push(completed_by(edge));
    }
    if how == How::Amid {
        let window_ms = hours_ms(shape[0]);
        // What a hub pays or is paid is in no core, but has its place among what is looked at.
        let beside = if graph.is_hub(edge.payer) { BTreeSet::from([edge.payee]) } else { graph.paid_beside(edge, window_ms) };
        let payees = beside.into_iter().filter(|payee| !graph.is_hub(*payee));
        let since = payees.flat_map(|payee| graph.received(payee, edge.time + window_ms, window_ms + 1).edges());
        keys.extend(since.map(|(_, edge)| completed_by(edge)));
    }
}

fn measure(graph: &Graph, key: Key, at: Epoch, shape: &Shape) -> Reading {
    let (window_ms, least) = (hours_ms(shape[0]), usize::try_from(shape[1]).expect("the catalogue has a few"));
    let received = graph.received(key.node(), at, window_ms);
    if received.len() < least {
        return Reading::default();
    }
    let Some((_, last)) = received.edges().rev().find(|(_, edge)| edge.minted == key.which) else { return Reading::default() };
    if graph.paid(last.payer, last.time, window_ms).len() < least || graph.is_hub(last.payer) || graph.is_hub(last.payee) {
        return Reading::default();
    }
    let (paid, is_capped) = around(graph, last, at, window_ms);
    let (payers, payees) = peel(&paid, least);
    if !payers.contains(&last.payer) || !payees.contains(&last.payee) {
        return Reading::default();
    }
    let inside = paid.into_iter().filter(|(payer, payee, _)| payers.contains(payer) && payees.contains(payee));
    let edges: Vec<Slot> = inside.map(|(_, _, slot)| slot).collect();
    Reading {
        rows: vec![(0, [count(payers.len()), count(payees.len()), 0, 0])],
        again: edges.iter().map(|slot| graph.edge(*slot).time + window_ms).min(),
        edges,
        is_capped,
        ..Reading::default()
    }
}

/// Who paid whom by which payment, of all who paid whoever was paid last, up to that payment: those that have not left the window since.
fn around(graph: &Graph, last: &Edge, at: Epoch, window_ms: u64) -> (Vec<(Node, Node, Slot)>, bool) {
    let received = graph.received(last.payee, last.time, window_ms);
    let before = received.edges().filter(|(_, edge)| edge.order() <= last.order());
    let payers: BTreeSet<Node> = before.map(|(_, edge)| edge.payer).filter(|payer| !graph.is_hub(*payer)).collect();
    let each = graph.most.around.checked_div(payers.len()).unwrap_or_default();
    let (mut paid, mut is_capped) = (Vec::new(), received.is_capped);
    for payer in payers {
        let window = graph.paid(payer, last.time, window_ms);
        is_capped |= window.is_capped || each < window.len();
        let stays = |edge: &Edge| edge.order() <= last.order() && at < edge.time + window_ms && !graph.is_hub(edge.payee);
        let (from, mut is_near) = (paid.len(), false);
        for (slot, edge) in window.edges().rev().take(each).filter(|(_, edge)| stays(edge)) {
            is_near |= edge.payee == last.payee;
            paid.push((payer, edge.payee, slot));
        }
        if !is_near {
            paid.truncate(from);
        }
    }
    (paid, is_capped)
}

/// Who is left.
fn peel(paid: &[(Node, Node, Slot)], least: usize) -> (BTreeSet<Node>, BTreeSet<Node>) {
    let mut left: Vec<(Node, Node)> = paid.iter().map(|(payer, payee, _)| (*payee, *payer)).collect();
    left.sort_unstable();
    left.dedup();
    loop {
        let before = left.len();
        // By payee, then by payer, then by payee again, each side together.
        for _ in 0..2 {
            let mut kept = Vec::with_capacity(left.len());
            for one in left.chunk_by(|(one, _), (other, _)| one == other).filter(|chunk| chunk.len() >= least) {
                kept.extend(one.iter().map(|(one, other)| (*other, *one)));
            }
            kept.sort_unstable();
            left = kept;
        }
        if left.len() == before {
            return (left.iter().map(|(_, payer)| *payer).collect(), left.iter().map(|(payee, _)| *payee).collect());
        }
    }
}

#[cfg(test)]
mod tests;
