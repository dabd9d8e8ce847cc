//! `drain_events`: how fast settlement works a backlog off.
//!
//! N transfers wait in the commands log while no cell runs. The time counts from the start of `orion run --cells
//! settlement`, its take-over and its replay of the accounts included, until the commit of the last transfer's event.

use crate::Extent;
use crate::backlog::{self, SEED};
use crate::bank::Bank;
use crate::drain::drain;
use crate::figures::{Figure, milliseconds};
use crate::services::Services;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let count = extent.commands;
    let mut rate = Figure::new("drain_events_per_s", "events/s", "a backlog, from settlement's start to its last commit");
    let mut start = Figure::new("drain_events_first_ms", "ms", "of which: from its start to the first commit of the backlog");
    for run in 1..=extent.runs {
        let bank = Bank::fresh(services, &format!("drain_events-{run}"))?;
        let name = format!("drain_events {run}/{}", extent.runs);
        let drained = drain(&bank, &name, count, |parties| Box::new(backlog::transfers(parties, SEED, count)))?;
        rate.add(drained.per_s);
        start.add(milliseconds(drained.first));
    }
    Ok(vec![rate, start])
}
