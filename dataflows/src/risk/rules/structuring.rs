//! R04: several payments just below a threshold. Who was paid, or paid, several times almost as much as has to be reported?
//!
//! ```sql
//! select account, direction, count(*) as payments
//! from payment
//! where at - window < time and time <= at and role(account) = 'customer'
//!   and threshold_minor * below_percent / 100 <= amount_minor and amount_minor < threshold_minor
//! group by account, direction
//! ```

use crate::risk::graph::{Edge, Slot};
use crate::risk::rules::{Key, Reading, Rule, Who, count, hours_ms};
use schemas::aml::RuleId;

pub(super) const RULE: Rule = Rule {
    id: RuleId::Structuring,
    concerns: |graph, watched, keys| {
        let Edge { payer, payee, .. } = *watched.edge;
        let sides = [(payee, 0), (payer, 1)].into_iter().filter(|(node, _)| !graph.is_hub(*node));
        keys.extend(sides.map(|(node, direction)| Key { who: Who::Account(node), which: (0, direction) }));
    },
    measure: |graph, key, at, shape| {
        let [window_hours, threshold_minor, below_percent, ..] = *shape;
        let (node, window_ms) = (key.node(), hours_ms(window_hours));
        let window = if key.which.1 == 0 { graph.received(node, at, window_ms) } else { graph.paid(node, at, window_ms) };
        let below = |edge: &Edge| is_just_below(edge.amount_minor, threshold_minor, below_percent);
        let edges: Vec<Slot> = window.edges().filter(|(_, edge)| below(edge)).map(|(slot, _)| slot).collect();
        Reading {
            rows: vec![(0, [count(edges.len()), 0, 0, 0])],
            again: edges.first().map(|slot| graph.edge(*slot).time + window_ms),
            is_capped: window.is_capped,
            edges,
            ..Reading::default()
        }
    },
    reach_ms: |shape| hours_ms(shape[0]),
    window_ms: |shape| hours_ms(shape[0]),
};

/// Whether an amount is below a threshold, and at least so much of it.
pub(super) fn is_just_below(amount_minor: i64, threshold_minor: i64, percent: i64) -> bool {
    amount_minor < threshold_minor && i128::from(amount_minor) * 100 >= i128::from(threshold_minor) * i128::from(percent)
}

#[cfg(test)]
mod tests;
