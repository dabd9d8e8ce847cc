//! `drain_events`: how fast settlement works a backlog off.
//!
//! N transfers wait in the commands log while no cell runs. The time counts from the start of `orion run --cells
//! settlement`, its take-over and its replay of the accounts included, until the commit of the last transfer's event.

use crate::Extent;
use crate::backlog;
use crate::bank::Bank;
use crate::decided::Decided;
use crate::figures::{Figure, milliseconds, per_second};
use crate::services::Services;
use anyhow::ensure;
use schemas::Topic;
use std::time::Instant;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let (count, settling) = (extent.commands, backlog::settling(extent.commands));
    let mut rate = Figure::new("drain_events_per_s", "events/s", "a backlog, from settlement's start to its last commit");
    let mut start = Figure::new("drain_events_first_ms", "ms", "of which: from its start to the first commit of the backlog");
    for run in 1..=extent.runs {
        let name = format!("drain_events {run}/{}", extent.runs);
        let bank = Bank::fresh(services, &format!("drain_events-{run}"))?;
        let mut decided = Decided::by(&bank)?;
        let parties = backlog::parties(&bank, &name, &mut decided)?;
        eprintln!("{name:<24} appends a backlog of {count} transfers");
        bank.append(backlog::transfers(&parties, count))?;

        let opened = decided.payments();
        let started = Instant::now();
        let mut settlement = bank.settlement()?;
        let target = opened + u64::try_from(count)?;
        let (first, last) = decided.wait(&name, Decided::payments, target, &mut [&mut settlement])?;
        rate.add(per_second(u64::try_from(count)?, last - started));
        start.add(milliseconds(first - started));
        drop(settlement);

        // What the journal counted is what the topics hold, and what the bank should have decided.
        let (settled, failed) = (records(&bank, Topic::TransactionSettled)?, records(&bank, Topic::TransactionFailed)?);
        let (expected, refused) = (u64::try_from(settling)? + opened, u64::try_from(count - settling)?);
        ensure!((settled, failed) == (expected, refused), "{settled} settled and {failed} failed, instead of {expected} and {refused}");
    }
    Ok(vec![rate, start])
}

fn records(bank: &Bank<'_>, topic: Topic) -> anyhow::Result<u64> {
    Ok(u64::try_from(backlog::records(bank, topic)?)?)
}
