//! R25: more than the customer's profile explains. Whose account was paid far more within the window than its own history explains?
//!
//! ```sql
//! select payee, sum(amount_minor) as amount_minor,
//!   100 * sum(amount_minor) / (sum within base_hours before the window * window / base) as times_percent
//! from payment where at - window < time and time <= at and role(payee) = 'customer'
//! group by payee having the base is not empty
//! ```
//!
//! An account without a history has no profile; that it is new is for another rule to say. A declared income is no fact yet.

use crate::risk::graph::{Graph, Slot, Window};
use crate::risk::rules::{Key, Reading, Rule, Shape, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;

pub(super) const RULE: Rule = Rule {
    id: RuleId::ProfileMismatch,
    concerns: |graph, watched, keys| {
        if !graph.is_hub(watched.edge.payee) {
            keys.push(Key::account(watched.edge.payee));
        }
    },
    measure,
    reach_ms: |shape| hours_ms(shape[0]) + hours_ms(shape[1]),
    window_ms: |shape| hours_ms(shape[0]),
};

fn measure(graph: &Graph, key: Key, at: Epoch, shape: &Shape) -> Reading {
    let [window_hours, base_hours, ..] = *shape;
    let (window_ms, base_ms) = (hours_ms(window_hours), hours_ms(base_hours));
    let window = graph.received(key.node(), at, window_ms);
    let Some(end) = at.checked_sub(window_ms) else { return Reading::default() };
    let before = graph.received(key.node(), end, base_ms);
    if window.len() == 0 || before.len() == 0 {
        // The first payment of the window will be the history of the others.
        return Reading { again: window.first(window_ms, at).map(|first| first + window_ms), ..Reading::default() };
    }
    let sum = |window: Window<'_>| window.edges().map(|(_, edge)| i128::from(edge.amount_minor)).sum::<i128>();
    let (recent_minor, base_minor) = (sum(window), sum(before));
    let times = recent_minor * i128::from(base_hours) * 100 / (base_minor * i128::from(window_hours));
    let number = |number| i64::try_from(number).unwrap_or(i64::MAX);
    let leaves = window.first(window_ms, at).map(|first| first + window_ms);
    let again = leaves.into_iter().chain(before.oldest().map(|oldest| oldest + window_ms + base_ms)).min();
    Reading {
        rows: vec![(0, [number(recent_minor), number(times), 0, 0])],
        edges: window.sides().map(|side| side.slot).collect::<Vec<Slot>>(),
        again,
        is_capped: window.is_capped || before.is_capped,
        ..Reading::default()
    }
}

#[cfg(test)]
mod tests;
