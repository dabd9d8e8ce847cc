//! R09: several pay one, who pays several. Who gathers from several and then scatters what was gathered?
//!
//! ```sql
//! select account, senders, receivers, out_minor as amount_minor
//! from (every payment that the account made within the window, as the first of those that scatter: `first`)
//!   senders   = distinct payers of what was received within the window up to first.time + overlap
//!   receivers = distinct payees of what was paid from first.time on
//! where out_minor >= in_minor * kept_percent / 100 and every role is 'customer'
//!   and no payment o between the same two, the same way, has at - window - known < o.time and o.time <= at - window
//! order by least(senders, receivers) desc, out_minor desc, first limit 1
//! ```
//!
//! Who paid an account before the window, or whom it paid, is known there, as in a fan: a family, a tenant, a supplier. What they pay or are paid says
//! nothing new, and counts on neither side.

use crate::risk::graph::{Edge, Graph, Node, Slot, Window};
use crate::risk::rules::fan_in::others;
use crate::risk::rules::{Key, Reading, Rule, Shape, count, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;
use std::collections::BTreeSet;

/// Fewer on a side are no candidate.
const SIDE_MIN: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: RuleId::GatherScatter,
    concerns: |graph, watched, keys| {
        let Edge { payer, payee, .. } = *watched.edge;
        if !graph.is_hub(payer) && !graph.is_hub(payee) {
            keys.extend([Key::account(payer), Key::account(payee)]);
        }
    },
    measure,
    reach_ms: |shape| hours_ms(shape[0]) + hours_ms(shape[3]),
    window_ms: |shape| hours_ms(shape[0]),
};

/// Payments with others who are neither hubs nor known from before.
fn plain<'a>(graph: &'a Graph, inside: Window<'a>, outside: Window<'a>) -> Vec<(Slot, &'a Edge)> {
    let known = others(outside);
    let is_plain = |other: Node| !graph.is_hub(other) && known.binary_search(&other).is_err();
    inside.sides().filter(|side| is_plain(side.other)).map(|side| (side.slot, graph.edge(side.slot))).collect()
}

/// Whether there are enough others who are not hubs.
fn is_wide(graph: &Graph, window: Window<'_>) -> bool {
    window.len() >= SIDE_MIN && others(window).into_iter().filter(|other| !graph.is_hub(*other)).nth(SIDE_MIN - 1).is_some()
}

/// How many others there are, and how much, after each payment of a list.
fn running<'a>(edges: impl Iterator<Item = &'a (Slot, &'a Edge)>, other: impl Fn(&Edge) -> Node) -> Vec<(usize, i128)> {
    let (mut others, mut sum) = (BTreeSet::new(), 0);
    let add = |(_, edge): &(Slot, &Edge)| {
        others.insert(other(edge));
        sum += i128::from(edge.amount_minor);
        (others.len(), sum)
    };
    edges.map(add).collect()
}

fn measure(graph: &Graph, key: Key, at: Epoch, shape: &Shape) -> Reading {
    let node = key.node();
    let (window_ms, overlap_ms, known_ms) = (hours_ms(shape[0]), hours_ms(shape[2]), hours_ms(shape[3]));
    let inside = [graph.received(node, at, window_ms), graph.paid(node, at, window_ms)];
    if !inside.into_iter().all(|window| is_wide(graph, window)) {
        return Reading::default();
    }
    let before = at.saturating_sub(window_ms);
    let outside = [graph.received(node, before, known_ms), graph.paid(node, before, known_ms)];
    // What leaves the window may leave more of it paid on than before, and make others known; who is no longer known may count again.
    let leaves = inside.into_iter().filter_map(|window| window.first(window_ms, at)).map(|first| first + window_ms);
    let again = leaves.chain(outside.into_iter().filter_map(Window::oldest).map(|oldest| oldest + window_ms + known_ms)).min();
    let is_capped = inside.into_iter().any(|window| window.is_capped);
    let (received, paid) = (plain(graph, inside[0], outside[0]), plain(graph, inside[1], outside[1]));
    let senders = running(received.iter(), |edge| edge.payer);
    let mut receivers = running(paid.iter().rev(), |edge| edge.payee);
    receivers.reverse();
    let mut best: Option<(usize, i128, usize, usize, usize)> = None;
    for (first, (receivers, out_minor)) in receivers.iter().enumerate() {
        // Of several that count from the same moment, all scatter.
        if first > 0 && paid[first - 1].1.time == paid[first].1.time {
            continue;
        }
        let until = received.partition_point(|(_, edge)| edge.time <= paid[first].1.time + overlap_ms);
        let Some((senders, in_minor)) = until.checked_sub(1).map(|last| senders[last]) else { continue };
        if *out_minor * 100 < in_minor * i128::from(shape[1]) {
            continue;
        }
        let least = senders.min(*receivers);
        if best.is_none_or(|(best, minor, ..)| (least, *out_minor) > (best, minor)) {
            best = Some((least, *out_minor, senders, first, until));
        }
    }
    let Some((_, out_minor, senders, first, until)) = best else { return Reading { again, ..Reading::default() } };
    let amount_minor = i64::try_from(out_minor).unwrap_or(i64::MAX);
    Reading {
        rows: vec![(0, [count(senders), count(receivers[first].0), amount_minor, 0])],
        edges: received[..until].iter().chain(&paid[first..]).map(|(slot, _)| *slot).collect(),
        again,
        is_capped,
        ..Reading::default()
    }
}

#[cfg(test)]
mod tests;
