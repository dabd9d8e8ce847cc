//! What is looked at of an account's payments has a bound: which are pushed beyond it, and whose are.
//!
//! In: payments that come and go. Out: those that others push out of what is looked at, or back into it, so that whoever they concern is measured again; and accounts
//! that go over the bound, or come back. Never: more than twice the bound of them for one payment.

use super::{AROUND_MAX, Edge, Graph, NEIGHBOURS_MAX, Node, Slot, place};
use crate::risk::rules::How;
use std::collections::BTreeSet;

/// How much is looked at. It is another much in tests alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    /// Payments of an account in a window and a direction.
    pub(crate) neighbours: usize,
    /// Payments of all who paid an account.
    pub(crate) around: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self { neighbours: NEIGHBOURS_MAX, around: AROUND_MAX }
    }
}

impl Graph {
    /// Whose payments have become more than are looked at, or no more than that.
    pub(crate) fn crossed(&mut self) -> Vec<Node> {
        std::mem::take(&mut self.crossed)
    }

    /// Whom an account paid, each once, in order, of all that is not forgotten.
    pub(crate) fn payees(&self, node: Node) -> Vec<Node> {
        let mut payees: Vec<Node> = self.account(node).paid.iter().map(|side| side.other).collect();
        payees.sort_unstable();
        payees.dedup();
        payees
    }

    /// Whom the payer of a payment paid within a time of it, by as many payments before it and after it as are looked at: whoever may be looked at beside it.
    pub(crate) fn paid_beside(&self, edge: &Edge, within_ms: u64) -> BTreeSet<Node> {
        let (paid, most) = (&self.account(edge.payer).paid, self.most.neighbours);
        let place = place(&self.edges, paid, edge.order());
        let sides = paid.range(place.saturating_sub(most)..paid.len().min(place + most + 1));
        sides.filter(|side| side.time.abs_diff(edge.time) < within_ms).map(|side| side.other).chain([edge.payee]).collect()
    }

    /// Payments that others have pushed out of what is looked at, or that are looked at again.
    pub(crate) fn displaced(&mut self) -> Vec<(Edge, How)> {
        std::mem::take(&mut self.displaced)
    }

    /// Notes which payments of an account others look at otherwise, since one came to this place, or went from it.
    ///
    /// 1. Of now, the newest that are looked at: the one that is the first beyond them, or the last of them.
    /// 2. If what came or went is not the newest, of each moment since then another one: any of as many before it as are looked at.
    pub(super) fn displace(&mut self, (node, is_payer): (Node, bool), place: usize, comes: bool, is_late: bool) {
        let (account, most) = (self.account(node), self.most.neighbours);
        let sides = if is_payer { &account.paid } else { &account.received };
        let first = sides.len().saturating_sub(most);
        let is_newest = comes && !is_late && place + 1 == sides.len();
        let range = if is_newest { first.saturating_sub(1)..first } else { place.saturating_sub(most)..place.min(sides.len()) };
        if sides.len() > most || !comes && sides.len() == most {
            let slots: Vec<Slot> = sides.range(range).map(|side| side.slot).collect();
            let edges: Vec<Edge> = slots.into_iter().map(|slot| *self.edge(slot)).collect();
            let how = if is_newest { How::Pushed } else { How::Shifted };
            self.displaced.extend(edges.into_iter().map(|edge| (edge, how)));
        }
    }

    /// Whether an account paid more often than is looked at.
    pub(crate) fn is_overflowing(&self, node: Node) -> bool {
        self.account(node).paid.len() > self.most.neighbours
    }
}
