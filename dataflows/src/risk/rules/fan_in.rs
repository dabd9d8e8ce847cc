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

use crate::risk::graph::{Edge, Graph, Node, Window};
use crate::risk::rules::{Key, Reading, Rule, Shape, Who, count, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    id: RuleId::FanIn,
    concerns: |graph, watched, keys| {
        let Edge { payer, payee, .. } = *watched.edge;
        if !graph.is_hub(payer) && !graph.is_hub(payee) {
            keys.push(Key::account(payee));
        }
    },
    measure: |graph, key, at, shape| {
        let (Who::Account(node) | Who::Customer(node)) = key.who;
        fan(graph, shape, at, |at, window_ms| graph.received(node, at, window_ms), |edge| edge.payer)
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
pub(super) fn fan<'a>(
    graph: &'a Graph,
    shape: &Shape,
    at: Epoch,
    window: impl Fn(Epoch, u64) -> Window<'a>,
    other: impl Fn(&Edge) -> Node,
) -> Reading {
    let least = count_least(shape);
    let (window_ms, reach_ms) = (window_ms(shape), reach_ms(shape));
    let inside = window(at, window_ms);
    if inside.len() < least {
        return Reading::default();
    }
    let mut others: Vec<Node> = inside.edges().map(|(_, edge)| other(edge)).filter(|other| !graph.is_hub(*other)).collect();
    others.sort_unstable();
    others.dedup();
    if others.len() < least {
        return Reading::default();
    }
    if let Some(end) = at.checked_sub(window_ms).filter(|_| reach_ms > window_ms) {
        let before: BTreeSet<Node> = window(end, reach_ms - window_ms).edges().map(|(_, edge)| other(edge)).collect();
        others.retain(|other| !before.contains(other));
    }
    let counted: Vec<_> = inside.edges().filter(|(_, edge)| others.binary_search(&other(edge)).is_ok()).collect();
    let amount_minor = counted.iter().fold(0i64, |sum, (_, edge)| sum.saturating_add(edge.amount_minor));
    // What leaves the window may make its sender known, and what is no longer known may count again.
    let next = [inside, window(at.saturating_sub(window_ms), reach_ms - window_ms)].into_iter().zip([window_ms, reach_ms]);
    let again = next.filter_map(|(window, after_ms)| Some(window.edges().next()?.1.time + after_ms)).min();
    Reading {
        rows: vec![(0, [count(others.len()), amount_minor, 0, 0])],
        edges: counted.into_iter().map(|(slot, _)| slot).collect(),
        again,
        is_capped: inside.is_capped,
    }
}

/// Fewer are no candidate.
fn count_least(_: &Shape) -> usize {
    3
}

#[cfg(test)]
mod tests;
