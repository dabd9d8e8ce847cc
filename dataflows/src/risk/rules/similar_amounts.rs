//! R18: many payments of nearly the same amount. Who was paid several times about as much within the window?
//!
//! ```sql
//! select low.payee, max(count(*)) as payments
//! from payment low join payment of using (payee)
//! where at - window < both times and both times <= at and role(payee) = 'customer'
//!   and low.amount_minor <= of.amount_minor
//!   and of.amount_minor * (100 - within_percent) <= low.amount_minor * (100 + within_percent)
//! group by low
//! ```
//!
//! So all of them lie within so many percent of a middle.

use crate::risk::graph::Slot;
use crate::risk::rules::{Key, Reading, Rule, count, hours_ms};
use schemas::aml::RuleId;

/// Fewer are no candidate.
const PAYMENTS_MIN: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: RuleId::SimilarAmounts,
    concerns: |graph, watched, keys| {
        if !graph.is_hub(watched.edge.payee) {
            keys.push(Key::account(watched.edge.payee));
        }
    },
    measure: |graph, key, at, shape| {
        let [window_hours, within_percent, ..] = *shape;
        let window_ms = hours_ms(window_hours);
        let window = graph.received(key.node(), at, window_ms);
        if window.len() < PAYMENTS_MIN {
            return Reading::default();
        }
        let mut edges: Vec<_> = window.edges().map(|(slot, edge)| (edge.amount_minor, edge.order(), slot)).collect();
        edges.sort_unstable();
        let (mut best, mut from) = (0..0, 0);
        for (to, (most, ..)) in edges.iter().enumerate() {
            let alike =
                |least: i64| i128::from(*most) * i128::from(100 - within_percent) <= i128::from(least) * i128::from(100 + within_percent);
            while !alike(edges[from].0) {
                from += 1;
            }
            if to + 1 - from > best.len() {
                best = from..to + 1;
            }
        }
        let edges: Vec<Slot> = edges[best].iter().map(|(.., slot)| *slot).collect();
        Reading {
            rows: vec![(0, [count(edges.len()), 0, 0, 0])],
            again: edges.iter().map(|slot| graph.edge(*slot).time + window_ms).min(),
            is_capped: window.is_capped,
            edges,
            ..Reading::default()
        }
    },
    reach_ms: |shape| hours_ms(shape[0]),
    window_ms: |shape| hours_ms(shape[0]),
};

#[cfg(test)]
mod tests;
