//! The settlement cell: commands in, decisions out, one Kafka transaction for as many epochs as have passed.

use crate::config::Config;
use egress::kafka::{Sink, SinkError};
use ingress::commands::{self, InFlight, Start};
use ingress::epochs::Policy;
use schemas::{Entry, EpochInput, EpochOutput, SealedEpoch, Topic};
use state::Ledger;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

/// A commit that takes this long is worth a line in the log.
const SLOW_MS: u64 = 250;

/// Runs the cell until it ends.
pub fn run(config: &Config, accept_gap: bool) -> anyhow::Result<()> {
    let (sink, journal, generation) = super::take_over(config, "orion-settlement", Topic::SettlementJournal)?;
    faults::point("settlement.claimed");
    let bound = sealed(journal.entries);
    tracing::info!(epochs = bound.len(), "replaying what is bound");

    let epochs = &config.epochs;
    let policy = Policy {
        age_max_ms: epochs.age_max_ms,
        weight_max: epochs.weight_max,
        tick_ms: epochs.tick_ms,
        in_flight_max: epochs.in_flight_max,
    };
    let start = Start { bound, generation, code_version: state::CODE_VERSION, accept_gap };
    let in_flight = InFlight::default();
    let (epochs_in, epochs_out) = sync_channel::<EpochInput>(epochs.in_flight_max);
    let (decided_in, decided_out) = sync_channel::<EpochOutput>(epochs.in_flight_max);

    let (brokers, minted) = (config.kafka.brokers.clone(), InFlight::clone(&in_flight));
    super::thread("source", move || commands::run(&brokers, policy, start, &minted, &epochs_in))?;
    let weight_max = epochs.commit_weight_max;
    super::thread("sink", move || commit(sink, &decided_out, &in_flight, weight_max))?;
    super::flow(epochs_out, |epoch| epoch.binding.epoch, |epochs| dataflows::settlement::settle(epochs, Ledger::default()), decided_in);
    Ok(())
}

/// Every epoch that was ever bound, in order.
fn sealed(entries: Vec<Entry>) -> Vec<SealedEpoch> {
    let epochs = |entry| match entry {
        Entry::Claim(_) => Vec::new(),
        Entry::Commit(commit) => commit.epochs,
    };
    entries.into_iter().flat_map(epochs).collect()
}

/// Commits decided epochs, as many at once as are there; checks those of a replay.
fn commit(mut sink: Sink, decided: &Receiver<EpochOutput>, in_flight: &InFlight, weight_max: usize) -> Result<(), SinkError> {
    let started = Instant::now();
    let mut replayed = 0u64;
    let mut group: Vec<EpochOutput> = Vec::new();
    while let Ok(epoch) = decided.recv() {
        if let Some(committed) = &epoch.committed {
            sink.verify(&epoch, committed)?;
            faults::point("settlement.replay");
            replayed += 1;
            in_flight.fetch_sub(1, Ordering::AcqRel);
            continue;
        }
        if replayed > 0 {
            let seconds = started.elapsed().as_secs_f64();
            tracing::info!(epochs = replayed, seconds, "the replay gave what was committed");
            replayed = 0;
        }
        faults::point("settlement.decide");
        let mut weight = epoch.events.len();
        group.push(epoch);
        while weight < weight_max {
            match decided.try_recv() {
                Ok(epoch) => {
                    weight += epoch.events.len();
                    group.push(epoch);
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        let begun = Instant::now();
        sink.write(&group)?;
        report(&group, begun.elapsed());
        in_flight.fetch_sub(group.len(), Ordering::AcqRel);
        group.clear();
    }
    Ok(())
}

/// Says that a commit took long; at `debug`, what every commit took.
fn report(group: &[EpochOutput], took: Duration) {
    let events: usize = group.iter().map(|epoch| epoch.events.len()).sum();
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if took_ms >= SLOW_MS {
        tracing::warn!(epochs = group.len(), events, took_ms, "a commit took long");
    } else if events > 0 {
        tracing::debug!(epochs = group.len(), events, took_ms, "committed");
    }
}
