//! The risk cell: settlement's committed epochs in; alerts out, to Kafka and then to Postgres.
//!
//! ```text
//! source ─► dataflow ─► sink (Kafka, then Postgres) ─► snapshots
//! ```
//!
//! It reads what is decided and decides nothing: while it is slow, stopped or dead, payments and views go on, and alerts are late.
//! What is between Kafka and the sink has a bound by weight, so a sink that stands still fills no memory.

/// Where it is asked.
pub mod door;
mod feedback;
mod flow;
mod sink;
mod snapshots;
mod start;

use super::room::Room;
use super::{Cell, Life, roots};
use crate::audit;
use crate::config::Config;
use anyhow::Context;
use dataflows::risk::questions::Questions;
use dataflows::risk::{Found, Given};
use egress::postgres::alerts::{self, Alerts};
use egress::postgres::wishes;
use egress::snapshots::Store;
use feedback::Feedback;
use ingress::events::{Events, EventsError};
use ingress::journal;
use ingress::lag::{self, Uppers};
use ingress::stop::Stop;
use meters::queue;
use schemas::audit::RISK;
use schemas::wire::Decoder;
use schemas::{Epoch, Topic};
use sink::Sink;
use snapshots::Snapshots;
use start::Standing;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// Most epochs that wait between two threads; their weight is bounded by the room.
const EPOCHS_MAX: usize = 256;

/// Runs the cell until it ends.
pub fn run(config: &Config, life: &Life) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (brokers, url) = (&config.kafka.brokers, config.postgres.views_url()?);
    let signer = audit::keys::signer(&config.audit)?;
    let mut kafka = super::fence(brokers, &config.registry.url, "orion-risk", Topic::RiskJournal)?;
    let (written_by, written) = runtime.block_on(alerts::progress(&url))?;
    let store = Store::open(&config.snapshots.folder.join("risk"))?;
    // What Postgres has, Kafka had before; so a snapshot that is behind Postgres is of epochs that both have.
    let found = snapshots::newest(&store, written)?;
    let after = found.as_ref().map_or(0, |found| found.epoch);
    let mut decoder = Decoder::default();
    found.iter().flat_map(|found| &found.journal_schemas).try_for_each(|(id, json)| decoder.learn(*id, json))?;
    let journal = journal::read_from(brokers, Topic::RiskJournal, after, decoder)?;
    let known = journal.generation().max(found.as_ref().map_or(0, |found| found.generation));
    start::refuse_another_kafka(config, written_by, known)?;
    let generation = super::claim(Cell::Risk, &mut kafka, known)?;
    faults::point("risk.claimed");
    let questions = Questions::default();
    let address = door::open(&config.risk.listen, questions.clone())?;
    let chained = async { Alerts::claim(&url, generation, &address).await?.chained(RISK, signer).await };
    let alerts = runtime.block_on(chained).context("alerts can't be written")?;
    let journal_schemas = journal.decoder.recorded().map(|(id, json)| (id, json.to_owned()));
    let journal_schemas = journal_schemas.chain(kafka.schemas().into_iter().map(|schema| (schema.id, schema.schema.to_owned()))).collect();
    let mut committed = start::committed(journal);
    let Standing { given, events, knows_all } = start::stand(config, found, [alerts.epoch(), committed.next], &runtime)?;
    committed.is_comparable = knows_all;
    let unheard = if knows_all { 0 } else { committed.next };
    tracing::info!(
        written = alerts.epoch(),
        committed = committed.next,
        journal_from = events.journal_from(),
        "looking for laundering and fraud"
    );

    let read_topics = [Topic::SettlementJournal].iter().chain(Topic::EVENTS).copied().collect();
    lag::watch(brokers, read_topics, Uppers::default())?;
    queue::DETECT.bound(EPOCHS_MAX);
    queue::ALERT.bound(EPOCHS_MAX);
    queue::ROOM.bound(config.risk.waiting_max);
    let (given_in, given_out) = sync_channel::<Given>(EPOCHS_MAX);
    let (found_in, found_out) = sync_channel::<Found>(EPOCHS_MAX);
    let room = Arc::new(Room::new(config.risk.waiting_max));
    let taken = Arc::clone(&room);
    meters::look(move || queue::ROOM.holds(taken.taken()));
    let shown = super::measures::Snapshots::begin(Cell::Risk.name(), &store, (after > 0).then_some(after));
    let head = snapshots::Head { epoch: 0, generation, journal_schemas, events_schemas: Vec::new() };
    let snapshots = Snapshots::start(store, config.snapshots.kept, head, events.schemas(), shown)?;
    let wishes = runtime.block_on(wishes::unheard(&url)).context("the open alerts can't be read")?;
    let feedback = Feedback::start(config, wishes)?;
    let sink = Sink::new(kafka, alerts, committed, Arc::clone(&room), snapshots, feedback);
    let relayed = config.clone();
    super::thread("roots", move || roots::run(&relayed, RISK, &url, generation))?;
    let every_ms = config.risk.snapshot_every_ms;
    let stop = life.stop.clone();
    super::thread("source", move || read(events, given, [written, unheard], every_ms, (&room, &stop), &given_in))?;
    super::thread("sink", move || runtime.block_on(sink.run(&found_out)))?;
    flow::run(given_out, found_in, questions, &life.pulse);
    Ok(())
}

/// Reads epochs as they come. Those that Postgres has, which come first after a restart, only bring the state up to date; no payment is
/// heard of before `unheard`.
fn read(
    mut events: Events,
    standing: Vec<Given>,
    [written, unheard]: [Epoch; 2],
    every_ms: u64,
    (room, stop): (&Room, &Stop),
    given: &SyncSender<Given>,
) -> Result<(), EventsError> {
    let mut cadence = super::views::group::Cadence::new(every_ms, standing.last().map_or(0, Given::epoch));
    let hand_on = |next: Given| {
        queue::DETECT.enters();
        given.send(next).is_ok()
    };
    for standing in standing {
        room.enter(sink::weight(&standing));
        if !hand_on(standing) {
            return Ok(());
        }
    }
    let mut last = 0;
    loop {
        if stop.is_requested() {
            // A snapshot is of what is written; without one, the next start goes through the same again.
            if last < written.max(unheard).max(1) {
                std::process::exit(0);
            }
            let end = Given::End(last + 1);
            room.enter(sink::weight(&end));
            hand_on(end);
            return Ok(());
        }
        let Some(mut events) = events.next(Duration::from_millis(100))? else { continue };
        if events.epoch() < unheard {
            start::without_payments(&mut events);
        }
        last = events.epoch();
        // A snapshot is of what is written.
        let keep = cadence.due(&events, written.max(unheard));
        let next = Given::Epoch { events: Arc::new(events), keep };
        room.enter(sink::weight(&next));
        if !hand_on(next) {
            return Ok(());
        }
    }
}
