//! Epochs that an older version wrote, which knows no audit chain: they are read again and chained before anything new is.

use crate::config::Config;
use egress::postgres::Views;
use ingress::events::{Events, Start};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Most epochs in one transaction.
const GROUP_MAX: usize = 1024;

/// Brings the chain up to what is written. What Kafka has forgotten by then stays out of it, and `orion verify audit` names it.
pub(super) fn chain_up(config: &Config, views: &mut Views, runtime: &Runtime) -> anyhow::Result<()> {
    let Some(from) = views.unchained() else { return Ok(()) };
    let until = views.epoch();
    tracing::warn!(from, until, "an older version has written epochs without the audit chain: they are read again");
    let mut events = match Events::new(&config.kafka.brokers, &Start { epoch: from, schemas: Vec::new() }) {
        Ok(events) => events.hashing(),
        Err(error) => {
            tracing::error!(from, until, %error, "these epochs are not in the audit chain, and can't be read any more");
            return Ok(());
        }
    };
    let mut group = Vec::new();
    loop {
        let Some(epoch) = events.next(Duration::from_millis(100))? else { continue };
        let last = epoch.epoch();
        group.push(epoch);
        if group.len() == GROUP_MAX || last + 1 >= until {
            runtime.block_on(views.chain_up(&group))?;
            group.clear();
        }
        if last + 1 >= until {
            return Ok(());
        }
    }
}
