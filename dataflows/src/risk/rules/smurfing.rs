//! R04b: several people who pay one, each below the threshold. Who was paid that much in parts by several?
//!
//! ```sql
//! select payee, count(distinct payer) as senders, sum(amount_minor) as amount_minor
//! from payment
//! where at - window < time and time <= at and role(payee) = 'customer' and amount_minor < threshold_minor
//! group by payee
//! ```
//!
//! An agent who takes cash in is one sender, and so is the house's own counter.

use crate::risk::graph::{Node, Slot};
use crate::risk::rules::{Key, Reading, Rule, count, hours_ms};
use schemas::aml::RuleId;
use std::collections::BTreeSet;

/// Fewer are no candidate.
const SENDERS_MIN: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: RuleId::Smurfing,
    concerns: |graph, watched, keys| {
        if !graph.is_hub(watched.edge.payee) {
            keys.push(Key::account(watched.edge.payee));
        }
    },
    measure: |graph, key, at, shape| {
        let [window_hours, threshold_minor, ..] = *shape;
        let window_ms = hours_ms(window_hours);
        let window = graph.received(key.node(), at, window_ms);
        if window.len() < SENDERS_MIN {
            return Reading::default();
        }
        let (mut senders, mut edges, mut amount_minor) = (BTreeSet::<Node>::new(), Vec::<Slot>::new(), 0i64);
        for (slot, edge) in window.edges().filter(|(_, edge)| edge.amount_minor < threshold_minor) {
            senders.insert(edge.payer);
            edges.push(slot);
            amount_minor = amount_minor.saturating_add(edge.amount_minor);
        }
        Reading {
            rows: vec![(0, [count(senders.len()), amount_minor, 0, 0])],
            again: edges.first().map(|slot| graph.edge(*slot).time + window_ms),
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
