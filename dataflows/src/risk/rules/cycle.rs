//! R10: money that comes back. Which payment closes a walk of a few payments that began with whoever it pays?
//!
//! ```sql
//! select closing.payee, max(100 * least(of amounts) / greatest(of amounts)) as ratio_percent
//! from payment first join … join payment closing        -- 3 to hops_max payments, each of whose payees is the next one's payer
//! where at - window < first.time and closing.time <= at
//!   and first.payer = closing.payee and no other account stands twice
//!   and no payment counts from before the one before it, and none is of less than hop_amount_minor
//! group by closing
//! ```
//!
//! 1. Every cycle is found at the payment that closes it, so a payment that is the newest is looked at once, and alone.
//! 2. From the account that it pays, walks of up to three payments lead forward; from the account that pays, walks of up to two lead back.
//!    Where they meet and no account stands twice, there is a cycle. Each cycle is cut at one place only, so it is found once.
//! 3. A payment that came late, or went, may lie within cycles that others have closed since: all that it leads to are looked at again.

use crate::risk::graph::{Edge, Graph, Node, Side, Slot, Window, index};
use crate::risk::rules::{How, Key, Reading, Rule, Shape, Watched, Who, hours_ms};
use schemas::Epoch;
use schemas::aml::RuleId;
use std::collections::BTreeSet;

/// Most payments that are looked at for one that may close a cycle, and for one that came late or went, the nearest first; beyond, there
/// may be more than was found, or some that stand although a payment of theirs went until they leave their window.
const STEPS_MAX: usize = 5_000;

/// A sieve of 8 KiB stays in the nearest cache.
const SIEVE_WORDS: usize = 1_024;

pub(super) const RULE: Rule =
    Rule { id: RuleId::Cycle, concerns, measure, reach_ms: |shape| hours_ms(shape[0]), window_ms: |shape| hours_ms(shape[0]) };

fn closed_by(edge: &Edge) -> Key {
    Key { who: Who::Account(edge.payee), which: edge.minted }
}

fn is_hop(graph: &Graph, edge: &Edge, shape: &Shape) -> bool {
    edge.amount_minor >= shape[2] && !graph.is_hub(edge.payer) && !graph.is_hub(edge.payee)
}

fn concerns(graph: &Graph, watched: &Watched<'_>, keys: &mut Vec<Key>) {
    let Watched { edge, how, shape } = *watched;
    if !is_hop(graph, edge, shape) {
        return;
    }
    // 1.
    keys.push(closed_by(edge));
    if matches!(how, How::Newest | How::Pushed) {
        return;
    }
    // 3.
    let (end, mut reached) = (edge.time + hours_ms(shape[0]), BTreeSet::<Slot>::new());
    let mut steps = Steps { left: STEPS_MAX, is_capped: false };
    let mut open: Vec<(Node, Epoch)> = vec![(edge.payee, edge.time)];
    for _ in 1..shape[1] {
        let mut further = Vec::new();
        for (node, time) in open {
            for Side { slot, .. } in steps.of(graph.all_paid(node, end - 1, end - time), 0) {
                let next = graph.edge(*slot);
                if is_hop(graph, next, shape) && reached.insert(*slot) {
                    further.push((next.payee, next.time));
                }
            }
        }
        open = further;
    }
    keys.extend(reached.into_iter().map(|slot| closed_by(graph.edge(slot))));
}

/// Payments one after the other, and the accounts between them.
#[derive(Clone, Copy, Debug)]
struct Walk {
    slots: [Slot; 3],
    nodes: [Node; 3],
    length: usize,
    time: Epoch,
    least: i64,
    most: i64,
}

/// How many payments may still be looked at, and whether there were more.
struct Steps {
    left: usize,
    is_capped: bool,
}

impl Walk {
    const fn begin(time: Epoch) -> Self {
        Self { slots: [0; 3], nodes: [0; 3], length: 0, time, least: i64::MAX, most: 0 }
    }

    fn passes(&self, node: Node) -> bool {
        self.nodes[..self.length].contains(&node)
    }

    fn then(mut self, slot: Slot, edge: &Edge, node: Node) -> Self {
        (self.slots[self.length], self.nodes[self.length]) = (slot, node);
        self.length += 1;
        self.time = edge.time;
        (self.least, self.most) = (self.least.min(edge.amount_minor), self.most.max(edge.amount_minor));
        self
    }
}

fn measure(graph: &Graph, key: Key, at: Epoch, shape: &Shape) -> Reading {
    let first = key.node();
    let (window_ms, hops_max) = (hours_ms(shape[0]), usize::try_from(shape[1]).expect("the catalogue has a few hops"));
    let received = graph.received(first, at, window_ms);
    let Some((closing, edge)) = received.edges().rev().find(|(_, edge)| edge.minted == key.which) else { return Reading::default() };
    let last = edge.payer;
    if !is_hop(graph, edge, shape) {
        return Reading::default();
    }
    // 2.
    let mut steps = Steps { left: STEPS_MAX, is_capped: false };
    let within_ms = window_ms - (at - edge.time);
    let began = (edge.time + 1).saturating_sub(within_ms);
    let paid = |node: Node, from: Epoch| graph.paid(node, edge.time, edge.time - from + 1);
    let back = |node: Node, to: Epoch| graph.received(node, to, to + 1 - began.min(to));
    if paid(first, began).len() == 0 {
        return Reading::default();
    }
    let mut backward: Vec<Walk> = Vec::new();
    let mut begun = 0;
    for length in 1..=2usize.min(hops_max - 2) {
        let from = if length == 1 { vec![Walk::begin(edge.time)] } else { backward[begun..].to_vec() };
        begun = if length == 1 { 0 } else { backward.len() };
        for walk in from {
            let node = if walk.length == 0 { last } else { walk.nodes[walk.length - 1] };
            for Side { slot, other, .. } in steps.of(back(node, walk.time), STEPS_MAX / 2) {
                let hop = graph.edge(*slot);
                // What is near in memory first.
                if *other != first && *other != last && !walk.passes(*other) && !graph.is_hub(*other) && is_hop(graph, hop, shape) {
                    backward.push(walk.then(*slot, hop, *other));
                }
            }
        }
    }
    let ends = Ends::of(&backward);
    let mut best = None;
    let mut edges: Vec<Slot> = Vec::new();
    let mut forward = vec![Walk::begin(began)];
    for length in 1..=3usize.min(hops_max - 2) {
        let mut next = Vec::new();
        for walk in forward {
            let node = if walk.length == 0 { first } else { walk.nodes[walk.length - 1] };
            for Side { slot, other, .. } in steps.of(paid(node, walk.time), 0) {
                let (slot, other, hop) = (*slot, *other, graph.edge(*slot));
                // The last step forward leads nowhere else.
                let leads = length < 3usize.min(hops_max - 2) || ends.may_have(other) && !ends.at(other).is_empty();
                let passed = other == first || other == last || walk.passes(other);
                if !leads || passed || graph.is_hub(other) || !is_hop(graph, hop, shape) {
                    continue;
                }
                let walk = walk.then(slot, hop, other);
                let meeting = ends.at(other).iter().map(|(_, place)| &backward[*place]);
                for back in meeting.filter(|back| is_cut(length, back.length) && length + back.length < hops_max) {
                    let apart = back.nodes[..back.length - 1].iter().all(|node| !walk.passes(*node));
                    if apart && walk.time <= back.time {
                        let (least, most) = (walk.least.min(back.least), walk.most.max(back.most));
                        let (least, most) = (least.min(edge.amount_minor), most.max(edge.amount_minor));
                        best = best.max(Some(i128::from(least) * 100 / i128::from(most)));
                        edges.extend(walk.slots[..walk.length].iter().chain(&back.slots[..back.length]));
                    }
                }
                next.push(walk);
            }
        }
        forward = next;
    }
    let Some(best) = best else { return Reading { is_capped: steps.is_capped, ..Reading::default() } };
    edges.push(closing);
    edges.sort_unstable();
    edges.dedup();
    Reading {
        rows: vec![(0, [i64::try_from(best).expect("a share is at most a hundred percent"), 0, 0, 0])],
        again: edges.iter().map(|slot| graph.edge(*slot).time + window_ms).min(),
        is_capped: steps.is_capped,
        edges,
        ..Reading::default()
    }
}

/// Whether a cycle is cut between so many payments forward and so many back: as many forward as back, or one more.
const fn is_cut(forward: usize, back: usize) -> bool {
    forward == back || forward == back + 1
}

/// Where walks lead back to, by account; and a sieve that most accounts to which none leads fall through, since thousands are asked for.
struct Ends {
    by_node: Vec<(Node, usize)>,
    sieve: Vec<u64>,
}

impl Ends {
    fn of(walks: &[Walk]) -> Self {
        let mut by_node: Vec<(Node, usize)> = (0..).zip(walks).map(|(place, walk)| (walk.nodes[walk.length - 1], place)).collect();
        by_node.sort_unstable();
        let mut sieve = vec![0; SIEVE_WORDS];
        for (node, _) in &by_node {
            let (word, bit) = sieved(*node);
            sieve[word] |= bit;
        }
        Self { by_node, sieve }
    }

    fn may_have(&self, node: Node) -> bool {
        let (word, bit) = sieved(node);
        self.sieve[word] & bit != 0
    }

    /// The walks that lead back to an account, by their places.
    fn at(&self, node: Node) -> &[(Node, usize)] {
        let from = self.by_node.partition_point(|(end, _)| *end < node);
        let count = self.by_node[from..].iter().take_while(|(end, _)| *end == node).count();
        &self.by_node[from..from + count]
    }
}

/// The place of an account in a sieve.
fn sieved(node: Node) -> (usize, u64) {
    (index(node / 64) % SIEVE_WORDS, 1 << (node % 64))
}

impl Steps {
    /// The payments that may still be looked at, if so many steps are to be left.
    fn of<'a>(&mut self, window: Window<'a>, left: usize) -> impl Iterator<Item = &'a Side> + use<'a> {
        let some = window.len().min(self.left.saturating_sub(left));
        self.is_capped |= some < window.len();
        self.left -= some;
        window.sides().take(some)
    }
}

#[cfg(test)]
mod tests;
