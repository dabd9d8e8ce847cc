//! The views cell: settlement's committed epochs in, rows in Postgres out.

use super::Life;
use crate::config::Config;
use anyhow::Context;
use egress::postgres::{PostgresError, Views};
use ingress::events::{Events, EventsError};
use schemas::{EpochEvents, Topic};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Most epochs in one Postgres transaction, and most that wait for it.
const GROUP_MAX: usize = 256;

/// Runs the cell until it ends.
pub fn run(config: &Config, life: &Life) -> anyhow::Result<()> {
    let (_claimed, _journal, generation) = super::take_over(config, "orion-views", Topic::ViewsJournal)?;
    faults::point("views.claimed");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = config.postgres.views_url()?;
    let views = runtime.block_on(Views::claim(&url, generation)).context("the views can't be written")?;
    let from = views.epoch();
    tracing::info!(from, "writing the views");

    let (epochs_in, epochs_out) = sync_channel::<EpochEvents>(GROUP_MAX);
    let (rows_in, rows_out) = sync_channel::<EpochEvents>(GROUP_MAX);
    let events = Events::new(&config.kafka.brokers, from)?;
    super::thread("source", move || read(events, &epochs_in))?;
    super::thread("sink", move || runtime.block_on(write(views, &rows_out)))?;
    super::flow(epochs_out, EpochEvents::epoch, dataflows::history::history, rows_in, &life.pulse);
    Ok(())
}

fn read(mut events: Events, epochs: &SyncSender<EpochEvents>) -> Result<(), EventsError> {
    loop {
        if let Some(epoch) = events.next(Duration::from_millis(100))?
            && epochs.send(epoch).is_err()
        {
            return Ok(());
        }
    }
}

/// Writes epochs as they come, as many at once as are there.
async fn write(mut views: Views, epochs: &Receiver<EpochEvents>) -> Result<(), PostgresError> {
    while let Ok(first) = epochs.recv() {
        let group: Vec<_> = std::iter::once(first).chain(epochs.try_iter().take(GROUP_MAX - 1)).collect();
        views.write(&group).await?;
    }
    Ok(())
}
