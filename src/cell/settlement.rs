//! The settlement cell: commands in, decisions out, one Kafka transaction for as many epochs as have passed.

mod measures;

use super::measures::Snapshots;
use super::pulse::Pulse;
use super::recovery::{Recovered, recover};
use super::snapshots::{Cadence, Found, OnDisk, OnShelf, Place, Writer};
use super::{Cell, Life, hand_on};
use crate::config::Config;
use dataflows::settlement::{Decided, settle};
use egress::kafka::{Sink, SinkError};
use egress::snapshots::Store;
use ingress::commands::{self, Shared, Start};
use ingress::epochs::Policy;
use ingress::lag::{self, Uppers};
use measures::Measures;
use meters::queue;
use schemas::{Binding, Epoch, EpochInput, EpochOutput, Topic};
use state::pins::Pages;
use state::{Frozen, Ledger};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use timely::dataflow::InputHandle;
use timely::dataflow::operators::{Input, Probe};

/// A commit that takes this long is worth a line in the log.
const SLOW_MS: u64 = 250;

/// Runs the cell until it ends, or until it is told to stop.
pub fn run(config: &Config, accept_gap: bool, life: &Life) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut sink = super::fence(&config.kafka.brokers, &config.registry.url, "orion-settlement", Topic::SettlementJournal)?;
    let fenced_ms = milliseconds(begun.elapsed());
    let store = Store::open(&config.snapshots.folder.join("settlement"))?;
    let shelf = Pages::on(OnDisk(store.clone()));
    let begun = Instant::now();
    let Recovered { found, generation, bound, mut journal_schemas } = recover(config, &store, &shelf)?;
    let loaded_ms = milliseconds(begun.elapsed());
    let generation = super::claim(Cell::Settlement, &mut sink, generation)?;
    faults::point("settlement.claimed");
    journal_schemas.extend(sink.schemas().into_iter().map(|schema| (schema.id, schema.schema.to_owned())));
    journal_schemas.sort_unstable();
    journal_schemas.dedup();

    let after = found.as_ref().map_or(0, |found| found.name.epoch);
    tracing::info!(after, epochs = bound.len(), fenced_ms, loaded_ms, "replaying what is bound");
    let epochs = &config.epochs;
    let policy = Policy {
        age_max_ms: epochs.age_max_ms,
        weight_max: epochs.weight_max,
        pause_max_ms: epochs.pause_max_ms,
        tick_ms: epochs.tick_ms,
        in_flight_max: epochs.in_flight_max,
    };
    let (ledger, parts, uppers, schemas) = match found {
        Some(Found { ledger, parts, uppers, commands_schemas, .. }) => (ledger, parts, uppers, commands_schemas),
        None => (Ledger::default(), BTreeMap::new(), BTreeMap::new(), Vec::new()),
    };
    let start = Start { after, uppers, schemas, bound, generation, newest_rules: state::CODE_VERSION, accept_gap };
    let rules = Arc::new(AtomicU32::new(ledger.next_rules()));
    let shared = Shared { stop: life.stop.clone(), rules, ..Shared::default() };
    let uppers = Uppers::default();
    uppers.begin(start.uppers.clone());
    lag::watch(&config.kafka.brokers, vec![Topic::Commands], uppers.clone())?;
    let in_flight = Arc::clone(&shared.in_flight);
    meters::look(move || meters::IN_FLIGHT.with_label_values(meters::NONE).set(meters::number(in_flight.load(Ordering::Relaxed))));
    let measures = Measures::begin(config.http.pinned_max, uppers);
    let place = Place {
        store,
        kept: config.snapshots.kept,
        commands_schemas: shared.schemas.clone(),
        journal_schemas,
        parts,
        named: BTreeMap::new(),
        shelf,
        written: BTreeMap::new(),
    };
    let snapshots = Snapshots::begin(Cell::Settlement.name(), &place.store, (after > 0).then_some(after));
    let (snapshots, on_shelf) = Writer::start(place, snapshots)?;
    queue::DECIDE.bound(epochs.in_flight_max);
    queue::COMMIT.bound(epochs.in_flight_max);
    let (epochs_in, epochs_out) = sync_channel::<EpochInput>(epochs.in_flight_max);
    let (decided_in, decided_out) = sync_channel::<Decided>(epochs.in_flight_max);

    let (brokers, minted) = (config.kafka.brokers.clone(), shared.clone());
    super::thread("source", move || commands::run(&brokers, policy, start, &minted, &epochs_in))?;
    let weight_max = epochs.commit_weight_max;
    super::thread("sink", move || Commits { sink, shared, snapshots, measures, weight_max }.run(&decided_out))?;
    let mut cadence = Cadence::new(config.snapshots.every_ms, config.snapshots.every_commands, after);
    let stop = life.stop.clone();
    let due = move |epoch: &EpochInput| cadence.due(epoch) || stop.is_last(epoch.binding.epoch);
    decide(epochs_out, ledger, due, on_shelf, decided_in, life.pulse.clone());
    Ok(())
}

/// Runs the dataflow over epochs as they come, one message an epoch, until the source ends.
fn decide(
    epochs: Receiver<EpochInput>,
    ledger: Ledger,
    due: impl FnMut(&EpochInput) -> bool + Send + 'static,
    on_shelf: Receiver<OnShelf>,
    decided: SyncSender<Decided>,
    pulse: Pulse,
) {
    // Timely wants whatever enters its thread to be shareable, although nobody shares it.
    let ends = Mutex::new((epochs, ledger, due, on_shelf, decided));
    timely::execute_directly(move |worker| {
        let (epochs, ledger, due, on_shelf, decided) = ends.into_inner().expect("never locked");
        let mut input = InputHandle::new();
        let probe = worker.dataflow::<Epoch, _, _>(|scope| {
            let shelve = move |ledger: &mut Ledger| on_shelf.try_iter().for_each(|segments| ledger.shelve(segments));
            let stream = settle(scope.input_from(&mut input), ledger, due, shelve);
            hand_on(stream.clone(), decided, &queue::COMMIT, pulse.clone());
            stream.probe().0
        });
        for epoch in epochs {
            queue::DECIDE.leaves();
            pulse.works();
            let (time, commands, begun) = (epoch.binding.epoch, epoch.commands.len(), Instant::now());
            input.advance_to(time);
            input.send(epoch);
            input.advance_to(time + 1);
            worker.step_while(|| probe.less_than(&(time + 1)));
            // What a snapshot costs is in here: freezing, and afterwards copying what is changed.
            tracing::debug!(epoch = time, commands, took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), "decided");
            pulse.waits();
        }
    });
}

/// The sink thread.
struct Commits {
    sink: Sink,
    shared: Shared,
    snapshots: Writer,
    measures: Measures,
    /// Most commands in one transaction.
    weight_max: usize,
}

impl Commits {
    /// Commits decided epochs, as many at once as are there; checks those of a replay; hands on frozen ledgers once
    /// what they have seen is committed.
    fn run(mut self, decided: &Receiver<Decided>) -> Result<(), SinkError> {
        let started = Instant::now();
        let mut replayed = 0u64;
        while let Ok(first) = decided.recv() {
            queue::COMMIT.leaves();
            let mut sizes = first.sizes;
            if let Some(committed) = &first.output.committed {
                self.sink.verify(&first.output, committed)?;
                faults::point("settlement.replay");
                replayed += 1;
                self.measures.replayed(&first.output, sizes);
                self.shared.rules.store(first.next_rules, Ordering::Release);
                self.shared.in_flight.fetch_sub(1, Ordering::AcqRel);
                if let Some(frozen) = first.frozen {
                    self.snapshots.offer(frozen, first.output.binding);
                }
                continue;
            }
            if replayed > 0 {
                let seconds = started.elapsed().as_secs_f64();
                tracing::info!(epoch = first.output.binding.epoch, epochs = replayed, seconds, "the replay gave what was committed");
                replayed = 0;
            }
            faults::point("settlement.decide");
            let (group, next_rules, frozen) = gather(first, self.weight_max, || {
                let next = decided.try_recv().ok()?;
                queue::COMMIT.leaves();
                sizes = next.sizes;
                Some(next)
            });
            let begun = Instant::now();
            self.sink.write(&group)?;
            let took = begun.elapsed();
            report(&group, took);
            self.measures.committed(&group, sizes, took);
            self.shared.rules.store(next_rules, Ordering::Release);
            self.shared.in_flight.fetch_sub(group.len(), Ordering::AcqRel);
            let last = group.last().is_some_and(|output| self.shared.stop.is_last(output.binding.epoch));
            match frozen {
                Some((frozen, binding)) if last => {
                    self.snapshots.finish(frozen, binding);
                    tracing::info!("stopped: all that was begun is committed, and the ledger is on the disk");
                    std::process::exit(0);
                }
                Some((frozen, binding)) => self.snapshots.offer(frozen, binding),
                None => {}
            }
        }
        Ok(())
    }
}

/// What is there to be committed together, up to a weight, the rules after it, and the newest ledger among it.
pub fn gather(
    first: Decided,
    weight_max: usize,
    mut more: impl FnMut() -> Option<Decided>,
) -> (Vec<EpochOutput>, u32, Option<(Frozen, Binding)>) {
    let (mut group, mut rules, mut frozen, mut weight, mut next) = (Vec::new(), 0, None, 0, Some(first));
    while let Some(epoch) = next {
        weight += epoch.output.events.len();
        rules = epoch.next_rules;
        frozen = epoch.frozen.map(|ledger| (ledger, epoch.output.binding.clone())).or(frozen);
        group.push(epoch.output);
        next = if weight < weight_max { more() } else { None };
    }
    (group, rules, frozen)
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// Says that a commit took long; at `debug`, what every commit took.
fn report(group: &[EpochOutput], took: Duration) {
    let events: usize = group.iter().map(|epoch| epoch.events.len()).sum();
    let took_ms = milliseconds(took);
    let epoch = group.last().map(|epoch| epoch.binding.epoch);
    if took_ms >= SLOW_MS {
        tracing::warn!(epoch, epochs = group.len(), events, took_ms, "a commit took long");
    } else if events > 0 {
        tracing::debug!(epoch, epochs = group.len(), events, took_ms, "committed");
    }
}
