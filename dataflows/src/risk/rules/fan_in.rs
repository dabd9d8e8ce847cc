//! R06: many pay one. Who was paid by many others within the window that had not paid them before?
//!
//! ```sql
//! select payee, count(distinct payer) as senders, sum(amount_minor) as amount_minor
//! from payment p
//! where at - window < time and time <= at and role(payer) = 'customer' and role(payee) = 'customer'
//!   and not exists (select from payment o where (o.payer, o.payee) = (p.payer, p.payee)
//!                   and at - window - known < o.time and o.time <= at - window)
//! group by payee
//! ```
//!
//! Who paid an account before the window is known there: a family, a tenant, a round of savings. They say nothing new.

use crate::risk::graph::{Edge, Graph, Node, Slot, Window};
use crate::risk::rules::{Key, Reading, Rule, Shape, count, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;

pub(super) const RULE: Rule = Rule {
    id: RuleId::FanIn,
    concerns: |graph, watched, keys| {
        let Edge { payer, payee, .. } = *watched.edge;
        if !graph.is_hub(payer) && !graph.is_hub(payee) {
            keys.push(Key::account(payee));
        }
    },
    measure: |graph, key, at, shape| {
        let node = key.node();
        fan(graph, shape, at, |at, window_ms| graph.received(node, at, window_ms))
    },
    reach_ms,
    window_ms,
};

pub(super) fn reach_ms([window_hours, known_hours, ..]: &Shape) -> u64 {
    hours_ms(*window_hours) + hours_ms(*known_hours)
}

pub(super) fn window_ms([window_hours, ..]: &Shape) -> u64 {
    hours_ms(*window_hours)
}

/// How many others, and how much, on one side of an account.
pub(super) fn fan<'a>(graph: &Graph, shape: &Shape, at: Epoch, window: impl Fn(Epoch, u64) -> Window<'a>) -> Reading {
    let (window_ms, reach_ms) = (window_ms(shape), reach_ms(shape));
    let inside = window(at, window_ms);
    let mut others = if inside.len() < OTHERS_MIN { Vec::new() } else { others(inside) };
    others.retain(|other| !graph.is_hub(*other));
    if others.len() < OTHERS_MIN {
        return Reading::default();
    }
    let outside = window(at.saturating_sub(window_ms), reach_ms - window_ms);
    if outside.len() > 0 && at >= window_ms {
        let known = self::others(outside);
        others.retain(|other| known.binary_search(other).is_err());
    }
    // What leaves the window may make its sender known, and what is no longer known may count again.
    let leaves = inside.first(window_ms, at).map(|first| first + window_ms);
    let again = leaves.into_iter().chain(outside.oldest().map(|oldest| oldest + reach_ms)).min();
    if others.len() < OTHERS_MIN {
        return Reading { again, ..Reading::default() };
    }
    let counted = inside.sides().filter(|side| others.binary_search(&side.other).is_ok());
    let edges: Vec<Slot> = counted.map(|side| side.slot).collect();
    let amount_minor = edges.iter().fold(0i64, |sum, slot| sum.saturating_add(graph.edge(*slot).amount_minor));
    Reading { rows: vec![(0, [count(others.len()), amount_minor, 0, 0])], edges, again, is_capped: inside.is_capped, ..Reading::default() }
}

/// Whoever is on the other side, in order, each once.
pub(super) fn others(window: Window<'_>) -> Vec<Node> {
    let mut others: Vec<Node> = window.sides().map(|side| side.other).collect();
    others.sort_unstable();
    others.dedup();
    others
}

/// Fewer are no candidate.
const OTHERS_MIN: usize = 3;

#[cfg(test)]
mod tests;
