//! Cells: each a timely computation in a process of its own, between a source thread and a sink thread.
//!
//! ```text
//! source thread ─► bounded channel ─► dataflow (this thread) ─► bounded channel ─► sink thread
//! ```
//!
//! A cell is crash-only: whatever goes wrong in any thread ends the process, and the next one recovers.

/// What every cell shows of itself.
mod measures;
/// Whether a dataflow is stuck.
pub mod pulse;
/// How settlement starts.
pub mod recovery;
/// Risk: the cell that finds what a human must look at.
pub mod risk;
/// How much may be on its way.
mod room;
/// The audit chain of a cell, on its way to Kafka.
pub mod roots;
/// Settlement: the cell that decides.
pub mod settlement;
/// Snapshots of the ledger.
pub mod snapshots;
/// Views: the cell that writes what the bank looks like to Postgres.
pub mod views;

use crate::config::Config;
use crate::logging;
use egress::kafka::Sink;
use egress::registry::Registry;
use egress::topics::Topics;
use ingress::loose_ends::{self, LooseEnds};
use ingress::stop::Stop;
use meters::queue::Queue;
use meters::{GENERATION, number};
use pulse::Pulse;
use schemas::Topic;
use schemas::wire::Encoder;
use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Operator;

/// What a cell shares with whoever watches it.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// Whether it is to stop.
    pub stop: Stop,
    /// Whether it is stuck.
    pub pulse: Pulse,
}

/// The cells there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Cell {
    /// Decides every command.
    Settlement,
    /// Writes the views to Postgres.
    Views,
    /// Looks for laundering and fraud.
    Risk,
}

impl Cell {
    /// Every cell of a bank.
    pub const ALL: [Self; 3] = [Self::Settlement, Self::Views, Self::Risk];

    /// Its name on the command line and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settlement => "settlement",
            Self::Views => "views",
            Self::Risk => "risk",
        }
    }

    /// Runs the cell in this process until it ends.
    pub fn run(self, config: &Config, accept_gap: bool, life: &Life) -> anyhow::Result<()> {
        match self {
            Self::Settlement => settlement::run(config, accept_gap, life),
            Self::Views => views::run(config, life),
            Self::Risk => risk::run(config, life),
        }?;
        // A dataflow ends when a thread before it has, and that thread ends the process, with its reason and its code.
        loop {
            std::thread::park();
        }
    }
}

/// Fences every other process of a cell, and ends what Kafka may have lost the end of. Nobody else commits any more, so what
/// its journal holds now is all there is.
pub fn fence(brokers: &str, registry: &str, transactional_id: &str, topic: Topic) -> anyhow::Result<Sink> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ids = runtime.block_on(Registry::new(registry).ids(Topic::ALL))?;
    let mut sink = Sink::fence(brokers, transactional_id, topic, Encoder::new(ids), partitions())?;
    if let Some(LooseEnds { places, commits }) = loose_ends::find(brokers, &sink.places())? {
        sink.end(&places, commits)?;
    }
    Ok(sink)
}

/// Commits the claim of the generation after the last, and gives it.
fn claim(cell: Cell, sink: &mut Sink, last: u64) -> anyhow::Result<u64> {
    let generation = last + 1;
    sink.claim(generation, state::CODE_VERSION)?;
    GENERATION.with_label_values(&[cell.name()]).set(number(generation));
    logging::claimed(generation);
    tracing::info!(code_version = state::CODE_VERSION, "the cell is ours");
    Ok(generation)
}

fn partitions() -> BTreeMap<Topic, i32> {
    let topics = Topics::committed();
    Topic::ALL.iter().filter_map(|topic| topics.partitions(topic.as_str()).map(|partitions| (*topic, partitions))).collect()
}

/// The end of a dataflow: hands every result on to the sink thread.
///
/// Every channel of a cell is bounded, and a send that waits is all the back-pressure there is: a slow sink stops the
/// dataflow, which stops the source.
fn hand_on<O: Clone + Send + 'static>(results: dataflows::Epochs<'_, O>, to: SyncSender<O>, queue: &'static Queue, pulse: Pulse) {
    results.sink(Pipeline, "hand on", move |(input, _frontier)| {
        input.for_each_stamp(|_, batches| {
            for result in batches.flat_map(std::mem::take) {
                pulse.waits();
                queue.enters();
                // The sink thread ends the process before it drops its end.
                drop(to.send(result));
                pulse.works();
            }
        });
    });
}

/// Starts a thread of the cell; when its work ends in an error, so does the process.
fn thread<E: Into<anyhow::Error>>(name: &'static str, work: impl FnOnce() -> Result<(), E> + Send + 'static) -> anyhow::Result<()> {
    let run = move || {
        if let Err(error) = work() {
            crate::exit::now(name, &error.into());
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
    Ok(())
}
