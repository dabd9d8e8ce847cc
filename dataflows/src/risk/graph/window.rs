//! Some of an account's payments: those within a time, and no more of them than are looked at.
//!
//! In: an account, a direction, a moment, a length. Out: its payments then, in their order. Never: a copy of them.

use super::{Edge, Graph, Node, Side, Slot};
use schemas::Epoch;
use std::collections::VecDeque;

/// Some of an account's payments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    graph: &'a Graph,
    sides: &'a VecDeque<Side>,
    from: usize,
    to: usize,
    /// Whether there were more.
    pub(crate) is_capped: bool,
}

impl Graph {
    /// What an account paid within `window_ms` up to and with `at`.
    pub(crate) fn paid(&self, node: Node, at: Epoch, window_ms: u64) -> Window<'_> {
        self.window(&self.account(node).paid, at, window_ms)
    }

    /// What an account was paid.
    pub(crate) fn received(&self, node: Node, at: Epoch, window_ms: u64) -> Window<'_> {
        self.window(&self.account(node).received, at, window_ms)
    }

    fn window<'a>(&'a self, sides: &'a VecDeque<Side>, at: Epoch, window_ms: u64) -> Window<'a> {
        let to = if sides.back().is_none_or(|last| last.time <= at) { sides.len() } else { sides.partition_point(|side| side.time <= at) };
        let first = sides.partition_point(|side| side.time + window_ms <= at);
        let from = first.max(to.saturating_sub(self.most.neighbours));
        Window { graph: self, sides, from, to, is_capped: from > first }
    }

    /// All that an account paid within `window_ms` up to and with `at`, for whoever names who is to be measured.
    pub(crate) fn all_paid(&self, node: Node, at: Epoch, window_ms: u64) -> Window<'_> {
        self.window(&self.account(node).paid, at, window_ms).whole(window_ms, at)
    }

    /// All that an account was paid, the same.
    pub(crate) fn all_received(&self, node: Node, at: Epoch, window_ms: u64) -> Window<'_> {
        self.window(&self.account(node).received, at, window_ms).whole(window_ms, at)
    }
}

impl<'a> Window<'a> {
    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.to.saturating_sub(self.from)
    }

    fn whole(self, window_ms: u64, at: Epoch) -> Self {
        let from = if self.is_capped { self.sides.partition_point(|side| side.time + window_ms <= at) } else { self.from };
        Self { from, is_capped: false, ..self }
    }

    /// When the first of them counts from, also of those that are not looked at.
    pub(crate) fn first(self, window_ms: u64, at: Epoch) -> Option<Epoch> {
        self.whole(window_ms, at).oldest()
    }

    /// When the first of them counts from.
    pub(crate) fn oldest(self) -> Option<Epoch> {
        self.sides().next().map(|side| side.time)
    }

    /// Each as the account has it, in their order.
    pub(crate) fn sides(self) -> impl DoubleEndedIterator<Item = &'a Side> + Clone {
        self.sides.range(self.from.min(self.to)..self.to)
    }

    /// Each with its slot, in their order.
    pub(crate) fn edges(self) -> impl DoubleEndedIterator<Item = (Slot, &'a Edge)> {
        let graph = self.graph;
        self.sides().map(move |side| (side.slot, graph.edge(side.slot)))
    }
}
