//! The views cell: settlement's committed epochs in, rows in Postgres out, and a standing proof that the books balance.
//!
//! ```text
//! source ─► dataflow of one or more workers ─► sink (Postgres) ─► snapshots
//! ```
//!
//! What is between Kafka and Postgres has a bound by weight ([`super::room`]), so that a Postgres that stands still fills no
//! memory: the source stops reading, and Kafka keeps what waits.

/// What the proof finds, as rows and as lines in the log.
pub mod findings;
/// Epochs through the dataflow.
mod flow;
/// What is written together.
pub mod group;
/// What the cell shows of itself.
mod measures;
/// What has changed, on its way to the topics of the views.
mod relay;
/// The thread that writes snapshots.
pub mod snapshots;
/// Where the cell goes on after it died.
pub mod start;
/// What older versions wrote without the audit chain.
mod unchained;

use super::room::Room;
use super::{Cell, Life, roots};
use crate::audit;
use crate::config::Config;
use anyhow::Context;
use dataflows::views::{Given, Proved};
use egress::postgres::{PostgresError, Progress, Views};
use egress::snapshots::Store;
use findings::Findings;
use group::{Cadence, Gathered};
use ingress::events::{Events, EventsError, Schemas};
use ingress::journal;
use ingress::lag::{self, Uppers};
use measures::Measures;
use meters::queue;
use schemas::audit::SETTLEMENT;
use schemas::{Epoch, EpochEvents, Topic};
use snapshots::Snapshots;
use start::Standing;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Most epochs that wait between two threads; their weight is bounded by the room.
const EPOCHS_MAX: usize = 256;

/// A transaction costs as much as a few hundred payments, and the next could begin as soon as it ends. So there is a rest after one, this
/// many times as long as it took: where the machine is busy it took longer, and more is written at once.
const REST: u32 = 2;
/// The longest rest: so much later, at the most, a payment is seen.
const REST_MAX: Duration = Duration::from_millis(25);
/// There is none while a backlog waits: behind a transaction that had this part of the most that it may have.
const BACKLOG: usize = 16;

/// After this many epochs there is a snapshot, whether anything has happened or not.
const IDLE_EPOCHS_MAX: u64 = 3_600;

/// Runs the cell until it ends.
pub fn run(config: &Config, life: &Life) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = config.postgres.views_url()?;
    let signer = audit::keys::signer(&config.audit)?;
    let progress = runtime.block_on(Progress::read(&url))?;
    let mut claimed = super::fence(&config.kafka.brokers, &config.registry.url, "orion-views", Topic::ViewsJournal)?;
    let known = journal::read(&config.kafka.brokers, Topic::ViewsJournal)?.generation();
    start::refuse_another_kafka(config, progress, known)?;
    let generation = super::claim(Cell::Views, &mut claimed, known)?;
    faults::point("views.claimed");
    let chained = async { Views::claim(&url, generation).await?.chained(SETTLEMENT, signer).await };
    let mut views = runtime.block_on(chained).context("the views can't be written")?;
    unchained::chain_up(config, &mut views, &runtime)?;
    let written = views.epoch();
    let store = Store::open(&config.snapshots.folder.join("views"))?;
    let Standing { given, events } = start::stand(config, &store, &url, written, &runtime)?;
    tracing::info!(from = written, journal_from = events.journal_from(), workers = config.views.workers, "writing the views");

    let read_topics = [Topic::SettlementJournal].iter().chain(Topic::EVENTS).copied().collect();
    lag::watch(&config.kafka.brokers, read_topics, Uppers::default())?;
    queue::PROVE.bound(EPOCHS_MAX);
    queue::WRITE.bound(EPOCHS_MAX);
    queue::ROOM.bound(config.views.waiting_max);
    let (given_in, given_out) = sync_channel::<Given>(EPOCHS_MAX);
    let (proved_in, proved_out) = sync_channel::<Proved>(EPOCHS_MAX);
    let room = Arc::new(Room::new(config.views.waiting_max));
    let taken = Arc::clone(&room);
    meters::look(move || queue::ROOM.holds(taken.taken()));
    let newest = store.list()?.first().map(|name| name.epoch);
    let shown = super::measures::Snapshots::begin(Cell::Views.name(), &store, newest);
    let sink = Sink {
        views,
        written,
        schemas: events.schemas(),
        room: Arc::clone(&room),
        group_max: config.views.group_max,
        findings: Findings::default(),
        snapshots: Snapshots::start(store, config.snapshots.kept, shown)?,
        measures: Measures::begin(written),
    };
    if config.views.topics_every_ms > 0 {
        let config = config.clone();
        super::thread("relay", move || relay::run(&config, generation))?;
    }
    let relayed = config.clone();
    super::thread("roots", move || roots::run(&relayed, SETTLEMENT, &url, generation))?;
    let every_ms = config.views.snapshot_every_ms;
    super::thread("source", move || read(events, given, written, every_ms, &room, &given_in))?;
    super::thread("sink", move || runtime.block_on(sink.run(&proved_out)))?;
    flow::run(config.views.workers, given_out, proved_in, &life.pulse)
}

/// What an epoch weighs: its events, and itself.
fn weight(epoch: &EpochEvents) -> usize {
    epoch.events.len() + 1
}

/// Reads epochs as they come. Those that Postgres has, which come first after a restart, only bring books and accounts up to date.
fn read(
    mut events: Events,
    standing: Option<Given>,
    written: Epoch,
    every_ms: u64,
    room: &Room,
    given: &SyncSender<Given>,
) -> Result<(), EventsError> {
    let mut cadence = Cadence::new(every_ms, standing.as_ref().map_or(0, Given::epoch));
    let hand_on = |next: Given| {
        queue::PROVE.enters();
        given.send(next).is_ok()
    };
    if standing.is_some_and(|standing| !hand_on(standing)) {
        return Ok(());
    }
    loop {
        let Some(events) = events.next(Duration::from_millis(100))? else { continue };
        let keep = cadence.due(&events, written);
        room.enter(weight(&events));
        if !hand_on(Given::Epoch { events: Arc::new(events), keep }) {
            return Ok(());
        }
    }
}

/// The end of the cell.
struct Sink {
    views: Views,
    /// Epochs before this were written by somebody before us.
    written: Epoch,
    schemas: Schemas,
    room: Arc<Room>,
    group_max: usize,
    findings: Findings,
    snapshots: Snapshots,
    measures: Measures,
}

impl Sink {
    /// Writes epochs as they come, as many at once as are there, up to a weight.
    async fn run(mut self, proved: &Receiver<Proved>) -> Result<(), PostgresError> {
        let mut rested = tokio::time::Instant::now();
        while let Ok(first) = proved.recv() {
            queue::WRITE.leaves();
            // What comes meanwhile is written with it.
            tokio::time::sleep_until(rested).await;
            let more = || proved.try_recv().ok().inspect(|_| queue::WRITE.leaves());
            let Gathered { group, kept, entered } = group::gather(first, self.written, self.group_max, &mut self.findings, more);
            let schemas: Vec<_> = self.schemas.lock().expect("nothing panics while it holds the schemas").clone().into_iter().collect();
            let begun = Instant::now();
            self.views.write(&group, self.findings.standing(), &schemas).await?;
            self.measures.written(&group, self.findings.standing(), begun.elapsed());
            let is_backlog = entered >= self.group_max / BACKLOG;
            let rest = if is_backlog { Duration::ZERO } else { (begun.elapsed() * REST).min(REST_MAX) };
            rested = tokio::time::Instant::now() + rest;
            self.room.leave(entered);
            // Postgres has passed the epoch, so no restart will find the snapshot ahead of it.
            if let Some((name, books)) = kept {
                self.snapshots.write(name, books);
            }
        }
        Ok(())
    }
}
