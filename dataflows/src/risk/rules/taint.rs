//! R12: money that came from somebody who is frozen, or of whom staff confirmed an alert. How much of what an account was paid leads back to one, halved at each hand that it went through?
//!
//! ```sql
//! with recursive exposed (account, exposure) as (
//!   select account, 1 from frozen union select account, 1 from confirmed
//!   union
//!   select p.payee, exposure / 2 * sum(p.amount_minor) / (select sum(amount_minor) from payment where payee = p.payee and in window)
//!   from exposed join payment p on p.payer = account where at - window < p.time and p.time <= at
//!   group by p.payer, p.payee)
//! select account, max(exposure) from exposed group by account
//! ```
//!
//! **Definition.** The exposure of who is frozen or confirmed is a million millionths; what the latter were paid counts like anybody's, so that their own alert stands. That of any other account is the largest, over whoever paid it, of half of theirs times
//! the share that they have in what it was paid; below the smallest threshold of the catalogue, a sixteenth, it is nothing. Each hand halves it, so no path of more than four
//! matters, circles of hands sustain nothing, and there is one solution, whatever it is worked out from.
//!
//! 1. Whoever is touched, by a payment from somebody exposed or to somebody exposed, by time, or by who was frozen or confirmed, is measured from what stands of
//!    those who paid them: one look at one window.
//! 2. Where that changed, those whom they paid are measured next, until nothing changes: at most five rounds.
//!
//! This costs less than an iteration in the dataflow, which would keep every payment of 90 days arranged, to find that almost none is tainted: where nobody is frozen or confirmed, a
//! payment costs one look at an empty set. It also is less than a search back from each payee, up to 18 windows a payment.
//!
//! Merchants, agents and the house pass nothing on, unless they are frozen or confirmed; nor does whoever paid more than [`crate::risk::graph::NEIGHBOURS_MAX`] times in what is not forgotten. It is measured as of
//! now: what comes late counts where it stands, if that is in the window of now.

use crate::risk::LATE_MS_MAX;
use crate::risk::graph::{Edge, Graph, Node, Slot};
use crate::risk::rules::{Key, Measures, Reading, Rule, Shape, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;
use std::collections::{BTreeMap, BTreeSet};

/// All of it.
const ALL_PPM: i64 = 1_000_000;

/// No path of more hands matters.
const HOPS_MAX: usize = 4;

pub(super) const RULE: Rule = Rule {
    id: RuleId::Taint,
    // It needs what stands of others, see [`spread`].
    concerns: |_, _, _| {},
    measure: |_, _, _, _| Reading::default(),
    // It is never measured of an earlier moment.
    reach_ms: |shape| hours_ms(shape[0]).saturating_sub(LATE_MS_MAX),
    window_ms: |shape| hours_ms(shape[0]),
};

/// What stands of an account, in millionths; 0 is nothing.
pub(crate) type Exposures<'a> = dyn Fn(Node) -> i64 + 'a;

/// What there is of an account.
pub(crate) fn measure(graph: &Graph, exposures: &Exposures<'_>, node: Node, now: Epoch, shape: &Shape) -> Reading {
    if graph.is_frozen(node) || graph.is_hub(node) {
        return Reading::default();
    }
    let window_ms = hours_ms(shape[0]);
    let Some((ppm, worst)) = largest(graph, exposures, node, now, window_ms) else {
        let window = graph.received(node, now, window_ms);
        // What is not looked at now may be again once others are given back.
        return Reading { again: window.oldest().filter(|_| window.is_capped).map(|oldest| oldest + window_ms), ..Reading::default() };
    };
    let window = graph.received(node, now, window_ms);
    let (mut edges, mut is_capped) = (Vec::<Slot>::new(), window.is_capped);
    let (mut payee, mut payer) = (node, worst);
    for _ in 0..HOPS_MAX {
        let window = graph.received(payee, now, window_ms);
        is_capped |= window.is_capped;
        edges.extend(window.sides().filter(|side| side.other == payer).map(|side| side.slot));
        if graph.is_source(payer) {
            break;
        }
        let Some((_, next)) = largest(graph, exposures, payer, now, window_ms) else { break };
        (payee, payer) = (payer, next);
    }
    let row: (u8, Measures) = (0, [ppm, 0, 0, 0]);
    Reading { rows: vec![row], edges, again: window.oldest().map(|oldest| oldest + window_ms), is_capped, ..Reading::default() }
}

/// The largest exposure by one who paid an account, and who that is; none where nobody is exposed who passes it on.
fn largest(graph: &Graph, exposures: &Exposures<'_>, node: Node, now: Epoch, window_ms: u64) -> Option<(i64, Node)> {
    let (mut paid, mut all) = (BTreeMap::<Node, i128>::new(), 0i128);
    for (_, edge) in graph.received(node, now, window_ms).edges() {
        all += i128::from(edge.amount_minor);
        if edge.payer != node && passes(graph, exposures, edge.payer) > 0 {
            *paid.entry(edge.payer).or_default() += i128::from(edge.amount_minor);
        }
    }
    let of = |(payer, amount): (Node, i128)| {
        let ppm = i128::from(passes(graph, exposures, payer)) * amount / (2 * all);
        (i64::try_from(ppm).expect("it is at most a half"), payer)
    };
    // Of several the same, who came first.
    paid.into_iter().map(of).max_by_key(|(ppm, payer)| (*ppm, std::cmp::Reverse(*payer)))
}

/// What somebody passes on.
fn passes(graph: &Graph, exposures: &Exposures<'_>, payer: Node) -> i64 {
    let ppm = if graph.is_source(payer) {
        ALL_PPM
    } else if graph.is_hub(payer) {
        0
    } else {
        exposures(payer)
    };
    if ppm > 0 && graph.is_overflowing(payer) { 0 } else { ppm }
}

/// 1. Who is touched by payments that came, went or became less, and by who paid too often or does no more.
pub(crate) fn touched<'a>(
    graph: &Graph,
    exposures: &Exposures<'_>,
    stands: impl Fn(Key) -> bool,
    edges: impl Iterator<Item = &'a Edge>,
    crossed: &[Node],
) -> BTreeSet<Node> {
    let by_edge = edges.filter(|edge| stands(Key::account(edge.payee)) || passes(graph, exposures, edge.payer) > 0).map(|edge| edge.payee);
    let may_pass = |node: &&Node| graph.is_source(**node) || exposures(**node) > 0;
    by_edge.chain(crossed.iter().filter(may_pass).flat_map(|node| graph.payees(*node))).collect()
}

#[cfg(test)]
mod tests;
