//! R17: mostly round amounts. Whose payments are for the most part whole multiples of a large sum?
//!
//! ```sql
//! select account, count(*) as payments, 100 * count(*) filter (where amount_minor % unit_minor = 0) / count(*) as round_percent
//! from payment where at - window < time and time <= at and role(account) = 'customer' and account in (payer, payee)
//! group by account
//! ```

use crate::risk::graph::{Edge, Slot};
use crate::risk::rules::{Key, Reading, Rule, count, hours_ms};
use schemas::aml::RuleId;

pub(super) const RULE: Rule = Rule {
    id: RuleId::RoundAmounts,
    concerns: |graph, watched, keys| {
        let Edge { payer, payee, .. } = *watched.edge;
        keys.extend([payer, payee].into_iter().filter(|node| !graph.is_hub(*node)).map(Key::account));
    },
    measure: |graph, key, at, shape| {
        let [window_hours, unit_minor, ..] = *shape;
        let window_ms = hours_ms(window_hours);
        let windows = [graph.paid(key.node(), at, window_ms), graph.received(key.node(), at, window_ms)];
        let all: usize = windows.iter().map(|window| window.len()).sum();
        if all < PAYMENTS_MIN {
            return Reading::default();
        }
        let edges = windows.iter().flat_map(|window| window.edges());
        let edges: Vec<Slot> = edges.filter(|(_, edge)| edge.amount_minor % unit_minor == 0).map(|(slot, _)| slot).collect();
        Reading {
            rows: vec![(0, [count(all), count(edges.len() * 100 / all), 0, 0])],
            again: windows.iter().filter_map(|window| window.sides().next()).map(|side| side.time + window_ms).min(),
            is_capped: windows.iter().any(|window| window.is_capped),
            edges,
            ..Reading::default()
        }
    },
    reach_ms: |shape| hours_ms(shape[0]),
    window_ms: |shape| hours_ms(shape[0]),
};

/// Fewer are no candidate.
const PAYMENTS_MIN: usize = 3;

#[cfg(test)]
mod tests;
