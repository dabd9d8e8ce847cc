//! Rules that go by more than payments of one's own: by what others are exposed to, and by what customers share.
//!
//! In: what an epoch touched. Out: candidates of taint, and rows of ties for the components of rings. Never: a look at all of the graph, but where a
//! rule is set in a shape that nobody watched.

use crate::risk::Given;
use crate::risk::beside::News;
use crate::risk::features::{Features, Said, Touch, traceparent};
use crate::risk::graph::Node;
use crate::risk::measured::{Looking, Measured, candidate, may_hold};
use crate::risk::rules::{Key, Measures, Shape, taint};
use crate::risk::settings::{Settings, Watch};
use crate::risk::ties::{Lens, Shared};
use schemas::aml::RuleId;
use schemas::{CustomerId, Epoch, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Features {
    /// Measures by the rule of taint whoever is touched, then whoever is by that.
    pub(crate) fn spread(
        &mut self,
        watch: Watch,
        now: Epoch,
        (touches, news, set): (&[Touch], &News, Option<Option<usize>>),
        events: Option<&[Event]>,
        said: &mut Said,
    ) {
        let (graph, settings) = (&self.graph, self.settings.as_ref().expect("it began"));
        let is_new = !self.measured.contains_key(&watch);
        let measured = self.measured.entry(watch).or_default();
        let mut next: BTreeMap<Node, Option<usize>> = BTreeMap::new();
        if is_new {
            next.extend(graph.sources().into_iter().flat_map(|node| graph.payees(node)).map(|node| (node, set.flatten())));
        }
        if set.is_some() {
            let may = |key: &Key, rows: &[(u8, Measures)]| rows.iter().any(|row| may_hold(settings, &candidate(graph, watch, *key, row)));
            let standing = measured.stood.iter().filter(|(key, stood)| may(key, &stood.rows));
            next.extend(standing.map(|(key, _)| (key.node(), set.flatten())));
        }
        let due = measured.due.range(..=(now, Key::LAST)).map(|(_, key)| (key.node(), None));
        next.extend(due);
        for (source, event) in &news.sources {
            next.extend(graph.payees(*source).into_iter().chain([*source]).map(|node| (node, Some(*event))));
        }
        let exposures = |node| exposure(measured, node);
        let stands = |key: Key| measured.stood.contains_key(&key);
        for touch in touches {
            let of = taint::touched(graph, &exposures, stands, std::iter::once(&touch.edge), &[]);
            next.extend(of.into_iter().map(|node| (node, touch.event)));
        }
        let crossed = taint::touched(graph, &exposures, stands, std::iter::empty(), &news.crossed);
        crossed.into_iter().for_each(|node| {
            next.entry(node).or_insert(None);
        });
        let looking = Looking { graph, settings, watch, now, is_set: set.is_some() };
        settle(looking, measured, next, |event| traceparent(events, event), said);
    }

    /// Everybody's exposure in some shape, from scratch.
    pub(crate) fn exposures(&self, watch: Watch, now: Epoch) -> Measured {
        let (graph, mut measured) = (&self.graph, Measured::default());
        let next = graph.sources().into_iter().flat_map(|node| graph.payees(node)).map(|node| (node, None)).collect();
        // Nobody hears of it, so there is no threshold to reach.
        let settings = Settings(BTreeMap::new());
        let looking = Looking { graph, settings: &settings, watch, now, is_set: false };
        settle(looking, &mut measured, next, |_| "", &mut Said::of(Given::Settings(now, Arc::default())));
        measured
    }

    /// What of the ties comes and goes, by every shape that the rule of rings is set in.
    pub(crate) fn tie(&mut self, now: Epoch, said: &mut Said) {
        let watches = self.settings.as_ref().expect("it began").watches();
        let shapes: BTreeSet<Shape> = watches.iter().filter(|watch| watch.rule == RuleId::Ring).map(|watch| watch.shape).collect();
        let (changed, customers) = (self.graph.beside.ties.changed(), std::mem::take(&mut self.graph.beside.changed));
        self.lenses.retain(|shape, lens| {
            let stays = shapes.contains(shape);
            if !stays {
                said.ties.extend(lens.withdrawn().into_iter().map(|(row, diff)| ((*shape, row), diff)));
            }
            stays
        });
        for shape in shapes {
            let graph = &self.graph;
            let known: BTreeSet<(Shared, CustomerId)> = if self.lenses.contains_key(&shape) {
                changed.clone()
            } else {
                graph.beside.ties.all().map(|(shared, customer, _)| (shared, customer)).collect()
            };
            let lens = self.lenses.entry(shape).or_insert_with(|| Lens::of(&shape));
            said.ties.extend(lens.look(graph, now, known, &customers).into_iter().map(|(row, diff)| ((shape, row), diff)));
        }
    }
}

/// 2. of taint: measures those, then those whom they paid where it changed, until nothing does.
fn settle<'a>(
    looking: Looking<'_>,
    measured: &mut Measured,
    mut next: BTreeMap<Node, Option<usize>>,
    trace: impl Fn(Option<usize>) -> &'a str,
    said: &mut Said,
) {
    let Looking { graph, watch, now, .. } = looking;
    while !next.is_empty() {
        for (node, event) in std::mem::take(&mut next) {
            let reading = taint::measure(graph, &|node| exposure(measured, node), node, now, &watch.shape);
            if measured.compare(looking, Key::account(node), &[(now, reading)], trace(event), said) {
                let payees = if graph.is_overflowing(node) { Vec::new() } else { graph.payees(node) };
                payees.into_iter().for_each(|node| {
                    next.entry(node).or_insert(event);
                });
            }
        }
    }
}

fn exposure(measured: &Measured, node: Node) -> i64 {
    let stood = measured.stood.get(&Key::account(node));
    stood.and_then(|stood| stood.rows.first()).map_or(0, |(_, measures)| measures[0])
}
