//! What is written together, and when the books are kept. Pure.

use super::findings::Findings;
use super::{IDLE_EPOCHS_MAX, weight};
use dataflows::proof::books::{Subject, Sum};
use dataflows::views::{Given, Proved};
use egress::postgres::Written;
use egress::snapshots::Name;
use schemas::{Epoch, EpochEvents};

/// When there is a snapshot of the books, epoch by epoch.
#[derive(Debug)]
pub struct Cadence {
    every_ms: u64,
    last: Epoch,
    changed: bool,
    since: u64,
}

impl Cadence {
    /// The books that the cell begins with are those at the end of `last`; zero at the very beginning.
    pub const fn new(every_ms: u64, last: Epoch) -> Self {
        Self { every_ms, last, changed: false, since: 0 }
    }

    /// Whether the books are kept at the end of this epoch. `written` is the first that Postgres did not have at the start.
    pub fn due(&mut self, events: &EpochEvents, written: Epoch) -> bool {
        let epoch = events.epoch();
        self.changed |= !events.events.is_empty();
        self.since += 1;
        // An idle bank has an epoch a second, which a restart would replay for ever.
        let aged = self.changed && self.last / self.every_ms < epoch / self.every_ms;
        let due = epoch >= written && (aged || self.since >= IDLE_EPOCHS_MAX);
        if due || !self.changed {
            self.last = epoch;
        }
        if due {
            (self.changed, self.since) = (false, 0);
        }
        due
    }
}

/// Epochs that are written together.
#[derive(Default)]
pub struct Gathered {
    /// Those that Postgres does not have.
    pub group: Vec<Written>,
    /// The books at the end of the last one, if they are kept.
    pub kept: Option<(Name, Vec<(Subject, Sum)>)>,
    /// What all of them weigh.
    pub entered: usize,
}

/// Takes what is there, up to a weight. Epochs before `written` were written by somebody before us.
pub fn gather(
    first: Proved,
    written: Epoch,
    group_max: usize,
    findings: &mut Findings,
    mut more: impl FnMut() -> Option<Proved>,
) -> Gathered {
    let mut gathered = Gathered::default();
    let mut next = Some(first);
    while let Some(Proved { given, imbalances, aggregates, books }) = next {
        let imbalances = findings.add(&imbalances, given.epoch() >= written);
        if let Given::Epoch { events, .. } = given {
            gathered.entered += weight(&events);
            if let Some(books) = books {
                gathered.kept = Some((Name { epoch: events.binding.epoch, generation: events.binding.generation }, books));
            }
            if events.epoch() >= written {
                gathered.group.push(Written { events, imbalances, aggregates });
            }
        }
        // A snapshot is taken of what is written, so it ends a group.
        let goes_on = gathered.entered < group_max && gathered.kept.is_none();
        next = goes_on.then(&mut more).flatten();
    }
    gathered
}
