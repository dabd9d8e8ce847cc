//! R05: what comes in goes out again soon. Whose account passes on nearly all that it is paid, within hours?
//!
//! ```sql
//! select account, count(*) as pairs, sum(incoming.amount_minor) as amount_minor
//! from payment incoming join payment outgoing on incoming.payee = outgoing.payer      -- each in at most one pair, the first that fits
//! where at - window < incoming.time and outgoing.time <= at
//!   and incoming.time <= outgoing.time and outgoing.time < incoming.time + hold
//!   and incoming.amount_minor * kept_percent / 100 <= outgoing.amount_minor and outgoing.amount_minor <= incoming.amount_minor
//! group by account
//! having sum(incoming.amount_minor) >= all that came in within the window * passed_percent / 100
//! ```

use crate::risk::graph::{Edge, Graph, Slot};
use crate::risk::rules::{Key, Reading, Rule, Shape, count, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;

pub(super) const RULE: Rule = Rule {
    id: RuleId::PassThrough,
    concerns: |graph, watched, keys| {
        let Edge { payer, payee, .. } = *watched.edge;
        keys.extend([payer, payee].into_iter().filter(|node| !graph.is_hub(*node)).map(Key::account));
    },
    measure,
    reach_ms: |shape| hours_ms(shape[0]),
    window_ms: |shape| hours_ms(shape[0]),
};

fn measure(graph: &Graph, key: Key, at: Epoch, shape: &Shape) -> Reading {
    let [window_hours, hold_hours, kept_percent, passed_percent, ..] = *shape;
    let (window_ms, hold_ms) = (hours_ms(window_hours), hours_ms(hold_hours));
    let (received, paid) = (graph.received(key.node(), at, window_ms), graph.paid(key.node(), at, window_ms));
    if received.len() == 0 || paid.len() == 0 {
        return Reading::default();
    }
    let mut outgoing: Vec<(Slot, &Edge, bool)> = paid.edges().map(|(slot, edge)| (slot, edge, false)).collect();
    let (mut edges, mut pairs, mut passed_minor, mut all_minor) = (Vec::new(), 0usize, 0i64, 0i64);
    for (slot, incoming) in received.edges() {
        all_minor = all_minor.saturating_add(incoming.amount_minor);
        let from = outgoing.partition_point(|(_, out, _)| out.time < incoming.time);
        let fits = |(_, out, used): &&mut (Slot, &Edge, bool)| {
            let kept = i128::from(out.amount_minor) * 100 >= i128::from(incoming.amount_minor) * i128::from(kept_percent);
            !*used && kept && out.amount_minor <= incoming.amount_minor
        };
        let mut soon = outgoing[from..].iter_mut().take_while(|(_, out, _)| out.time < incoming.time + hold_ms);
        if let Some((out, _, used)) = soon.find(fits) {
            *used = true;
            edges.extend([slot, *out]);
            pairs += 1;
            passed_minor = passed_minor.saturating_add(incoming.amount_minor);
        }
    }
    // What came in and stayed may leave the window, and so may what a pair is made of.
    let again = [received, paid].into_iter().filter_map(|window| window.sides().next()).map(|side| side.time + window_ms).min();
    if i128::from(passed_minor) * 100 < i128::from(all_minor) * i128::from(passed_percent) {
        return Reading { again, ..Reading::default() };
    }
    let is_capped = received.is_capped || paid.is_capped;
    Reading { rows: vec![(0, [count(pairs), passed_minor, 0, 0])], edges, again, is_capped, ..Reading::default() }
}

#[cfg(test)]
mod tests;
