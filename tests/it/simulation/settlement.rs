//! A process of settlement, step by step: the steps of the real cell in their order, and between them whatever the
//! scheduler chooses. What is decided in a step, the cell's own functions decide.

use super::broker::{self, Handle, Record};
use super::mistakes::Mistake;
use super::world::{World, journal};
use egress::records::Writer;
use egress::snapshots::Store;
use ingress::commands::{Schemas, Source, SourceError, Start};
use ingress::epochs::Policy;
use ingress::journal::Journal;
use orion::cell::recovery::{self, Recovered};
use orion::cell::snapshots::{Cadence, OnDisk, Place};
use running::{Running, Sink};
use schemas::Topic;
use schemas::topic::SCHEMA_HEADER;
use schemas::wire::Decoder;
use state::Ledger;
use state::pins::Pages;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

mod running;

const PRODUCER: &str = "orion-settlement";

/// What a process of settlement may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    Fence,
    Recover,
    SendClaim,
    CommitClaim,
    Read,
    Bind,
    Decide,
    Verify,
    Begin,
    Send,
    Commit,
    Heard,
    Snapshot,
}

impl Step {
    /// What comes before the first epoch.
    pub(super) const STARTS: [Self; 4] = [Self::Fence, Self::Recover, Self::SendClaim, Self::CommitClaim];
}

/// Why a process ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Another took over.
    Fenced,
    /// The clock is too far ahead for a start without a person.
    Gap,
    /// The disk has lost a page of pins, without which nothing is decided.
    Unread,
}

/// Pins of a full segment: days are short, and some of what was decided in them has to lie on the disk alone.
pub(super) const FULL: usize = 2;

pub(super) struct Settlement {
    /// By how much the clock of this life is off.
    pub(super) clock_off_ms: i64,
    /// How soon a snapshot is due, in commands.
    every_commands: u64,
    phase: Phase,
}

enum Phase {
    New,
    Fenced(Handle),
    /// Without a handle only if the journal was read before the fence, by mistake.
    Recovered(Option<Handle>, Box<(Store, Recovered)>),
    Claiming(Box<(Store, Recovered, Writer)>, Handle),
    Running(Box<Running>),
}

/// The disk, as a ledger reads pins from it.
pub(super) fn shelf(store: &Store) -> Arc<Pages> {
    Pages::on(OnDisk(store.clone()))
}

impl Settlement {
    pub(super) const fn new(clock_off_ms: i64, every_commands: u64) -> Self {
        Self { clock_off_ms, every_commands, phase: Phase::New }
    }

    /// What can be done now.
    pub(super) fn enabled(&self, world: &World) -> Vec<Step> {
        let settled = world.broker.is_settled(PRODUCER);
        match &self.phase {
            Phase::New if world.makes(Mistake::JournalUnfenced) => readable(world).then_some(Step::Recover).into_iter().collect(),
            Phase::New | Phase::Recovered(None, _) => vec![Step::Fence],
            Phase::Fenced(_) => (settled && readable(world)).then_some(Step::Recover).into_iter().collect(),
            Phase::Recovered(Some(_), _) => settled.then_some(Step::SendClaim).into_iter().collect(),
            Phase::Claiming(..) => vec![Step::CommitClaim],
            Phase::Running(running) => running.enabled(world),
        }
    }

    /// Does it.
    pub(super) fn act(&mut self, step: Step, world: &mut World) -> Result<(), End> {
        match (step, std::mem::replace(&mut self.phase, Phase::New)) {
            (Step::Fence, phase) => {
                let unfenced = world.makes(Mistake::KafkaUnfenced);
                let handle = if unfenced { world.broker.join(PRODUCER) } else { world.broker.fence(PRODUCER) };
                self.phase = match phase {
                    Phase::Recovered(_, recovered) => Phase::Recovered(Some(handle), recovered),
                    _ => Phase::Fenced(handle),
                };
            }
            (Step::Recover, phase) => {
                let handle = if let Phase::Fenced(handle) = phase { Some(handle) } else { None };
                let store = Store::open(&world.folder.join("settlement")).expect("the disk is there");
                let recovered = recovery::find(&store, &shelf(&store), &mut |from| Ok(read_journal(world, from)));
                match recovered {
                    Ok(recovered) => self.phase = Phase::Recovered(handle, Box::new((store, recovered))),
                    Err(error) => world.is_wrong(format!("settlement does not recover: {error:#}")),
                }
            }
            (Step::SendClaim, Phase::Recovered(Some(handle), boxed)) => {
                let (store, recovered) = *boxed;
                let generation = recovered.generation + 1;
                let partitions = world.partitions.clone();
                let writer = Writer { encoder: world.encoder(), journal: Topic::SettlementJournal, partitions, generation };
                world.broker.begin(handle).map_err(|_| End::Fenced)?;
                let now_ms = world.now_ms.saturating_add_signed(self.clock_off_ms);
                let mut records = Vec::new();
                writer.claim(state::CODE_VERSION, |sent| keep(&mut records, Record::of(&sent, now_ms))).expect("a claim can be encoded");
                records.into_iter().try_for_each(|record| world.broker.send(handle, record)).map_err(|_| End::Fenced)?;
                self.phase = Phase::Claiming(Box::new((store, recovered, writer)), handle);
            }
            (Step::CommitClaim, Phase::Claiming(boxed, handle)) => {
                let (store, recovered, writer) = *boxed;
                world.commit(handle).map_err(|_| End::Fenced)?;
                world.generation = world.generation.max(writer.generation);
                self.phase = Phase::Running(Box::new(self.start(store, recovered, writer, handle, world)?));
            }
            (step, Phase::Running(mut running)) => {
                running.act(step, world, self.clock_off_ms)?;
                self.phase = Phase::Running(running);
            }
            (step, _) => unreachable!("{step:?} is not enabled"),
        }
        Ok(())
    }

    /// As in the cell: the claim stands, and the source begins where the ledger is.
    fn start(&self, store: Store, recovered: Recovered, writer: Writer, handle: Handle, world: &mut World) -> Result<Running, End> {
        let Recovered { found, generation, bound, mut journal_schemas } = recovered;
        journal_schemas.extend(writer.encoder.schemas().into_iter().map(|schema| (schema.id, schema.schema.to_owned())));
        journal_schemas.sort_unstable();
        journal_schemas.dedup();
        if let Some(found) = &found {
            world.snapshot(found.name, "used");
        }
        let (after, replayed) = (found.as_ref().map_or(0, |found| found.name.epoch), bound.len());
        let (mut ledger, parts, uppers, schemas) = match found {
            Some(found) => (found.ledger, found.parts, found.uppers, found.commands_schemas),
            None => (Ledger::default(), BTreeMap::new(), BTreeMap::new(), Vec::new()),
        };
        ledger.fill_segments_with(FULL);
        let start =
            Start { after, uppers, schemas, bound, generation: generation + 1, newest_rules: state::CODE_VERSION, accept_gap: false };
        let marks = BTreeMap::from([(0, (0, world.broker.stable(&commands_place())))]);
        let policy = Policy { age_max_ms: 5, weight_max: 4, pause_max_ms: 3, tick_ms: 1_000, in_flight_max: 3 };
        let shared = Schemas::default();
        let now_ms = world.now_ms.saturating_add_signed(self.clock_off_ms);
        let (source, read) = match Source::start(policy, start, &marks, shared.clone(), now_ms) {
            Ok(started) => started,
            Err(SourceError::Gap { .. }) => return Err(End::Gap),
            Err(error) => {
                world.is_wrong(format!("settlement does not start: {error}"));
                return Err(End::Gap);
            }
        };
        Ok(Running {
            handle,
            writer,
            source,
            read,
            in_flight: 0,
            rules: ledger.next_rules(),
            replayed,
            bound: VecDeque::new(),
            ledger,
            cadence: Cadence::new(200, self.every_commands, after),
            decided: VecDeque::new(),
            sink: Sink::Idle,
            taken: VecDeque::new(),
            on_shelf: None,
            place: Place {
                shelf: shelf(&store),
                store,
                kept: 2,
                commands_schemas: shared,
                journal_schemas,
                parts,
                named: BTreeMap::new(),
                written: BTreeMap::new(),
            },
        })
    }

    /// Whether there is something to bind, while the clock stands still.
    pub(super) fn would_bind(&self, world: &World) -> bool {
        let Phase::Running(running) = &self.phase else { return false };
        let Running { source, in_flight, .. } = running.as_ref();
        let has_more = world.broker.committed(&commands_place()).any(|record| record.offset >= running.read[&0] && record.key.is_some());
        source.replays() || (*in_flight == 0 && (has_more || !source.is_idle()))
    }

    /// How many epochs it replays, once it runs.
    pub(super) fn replayed(&self) -> usize {
        if let Phase::Running(running) = &self.phase { running.replayed } else { 0 }
    }

    /// What tells one state of this process from another.
    pub(super) fn fingerprint(&self) -> String {
        match &self.phase {
            Phase::New => "new".to_owned(),
            Phase::Fenced(handle) => format!("fenced {handle:?}"),
            Phase::Recovered(handle, boxed) => format!("recovered {handle:?} {} {}", boxed.1.generation, boxed.1.bound.len()),
            Phase::Claiming(boxed, handle) => format!("claiming {handle:?} {}", boxed.1.bound.len()),
            Phase::Running(running) => running.fingerprint(),
        }
    }
}

pub(super) const fn commands_place() -> broker::Place {
    (Topic::Commands.as_str(), 0)
}

/// Collects what a writer sends.
pub(super) fn keep<T>(records: &mut Vec<T>, record: T) -> Result<(), schemas::wire::WireError> {
    records.push(record);
    Ok(())
}

/// Whoever reads the journal whole waits until all of it is decided.
fn readable(world: &World) -> bool {
    world.broker.is_stable(&journal(Topic::SettlementJournal))
}

fn read_journal(world: &World, from: recovery::From) -> Journal {
    let place = journal(Topic::SettlementJournal);
    let (mut next, decoder) = match from {
        Some((epoch, decoder)) => (world.broker.offset_at(&place, epoch), decoder),
        None => (0, Decoder::default()),
    };
    let mut read = Journal { decoder, ..Journal::default() };
    while let Some(record) = world.broker.next(&place, next, false) {
        next = record.offset + 1;
        match record.header(SCHEMA_HEADER) {
            "" => read.entries.push(read.decoder.entry(Topic::SettlementJournal, &record.value).expect("entries are ours")),
            id => read.decoder.learn_record(id, &record.value).expect("schemas are ours"),
        }
    }
    read
}
