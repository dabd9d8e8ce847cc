//! `batch_events`: how fast settlement works a backlog off that came in batches of 8,000 transfers, each of which stands by itself.
//!
//! As `drain_events` otherwise: an event for each transfer, and what is refused is counted too.

use crate::Extent;
use crate::backlog::{self, SEED};
use crate::bank::Bank;
use crate::drain::drain;
use crate::figures::Figure;
use crate::services::Services;
use anyhow::ensure;
use schemas::Topic;
use schemas::batch::ITEMS_MAX;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let count = extent.commands;
    let mut rate = Figure::new("batch_events_per_s", "events/s", "the same, given in batches of 8,000 transfers");
    for run in 1..=extent.runs {
        let bank = Bank::fresh(services, &format!("batch_events-{run}"))?;
        let name = format!("batch_events {run}/{}", extent.runs);
        let drained = drain(&bank, &name, count, |parties| Box::new(backlog::batches(parties, SEED, count, ITEMS_MAX)))?;
        let (answered, batches) = (backlog::records(&bank, Topic::BatchDecided)?, u64::try_from(count.div_ceil(ITEMS_MAX))?);
        ensure!(answered == batches, "{answered} batches were decided, and {batches} were given");
        rate.add(drained.per_s);
    }
    Ok(vec![rate])
}
