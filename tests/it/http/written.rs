//! Epochs that the sink itself writes into a bank of the tests.

use super::bank::{Bank, TRACE};
use egress::postgres::{Views, Written};
use schemas::{Aggregates, Binding, Cause, CommandId, Epoch, EpochEvents, Event, EventId, Fact, Position};
use std::sync::Arc;

/// An epoch whose facts are events, each caused by the command of the id.
pub(super) fn epoch(epoch: Epoch, facts: Vec<(CommandId, Fact)>) -> Written {
    let event = |(number, (command_id, fact)): (u32, (CommandId, Fact))| {
        let cause =
            Cause { command_id, position: Position { partition: 0, offset: 0 }, traceparent: format!("00-{TRACE}-00f067aa0ba902b7-01") };
        Event { id: EventId::mint(epoch, number), epoch, cause, fact }
    };
    let binding = Binding { epoch, generation: 1, code_version: 5, inputs: Vec::new() };
    let events = EpochEvents { binding, events: (0..).zip(facts).map(event).collect(), waited: Vec::new(), leaves: Vec::new() };
    Written { events: Arc::new(events), imbalances: Vec::new(), aggregates: Aggregates::default() }
}

/// The sink, taken over.
pub(super) async fn views(bank: &Bank) -> anyhow::Result<Views> {
    Ok(Views::claim(&url(bank)?, 1).await?)
}

/// The bank's database.
pub(super) fn url(bank: &Bank) -> anyhow::Result<String> {
    let mut url = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
    url.set_path(bank.pool.connect_options().get_database().unwrap_or_default());
    Ok(url.to_string())
}
