//! Settlement once it runs: the source, the dataflow, the sink and the thread that writes snapshots, a step each.

use super::{End, Step, commands_place, keep};
use crate::simulation::broker::{Handle, Record};
use crate::simulation::mistakes::Mistake;
use crate::simulation::world::World;
use dataflows::settlement::Decided;
use egress::records::Writer;
use ingress::commands::{self, Source};
use orion::cell::settlement::gather;
use orion::cell::snapshots::{Cadence, OnShelf, Place};
use schemas::topic::{SCHEMA_HEADER, TRACE_HEADER};
use schemas::{Binding, EpochInput, EpochOutput, Position, Topic};
use state::{Frozen, Ledger};
use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Epochs between two threads.
const WAITING_MAX: usize = 3;
/// Weight of a transaction.
const WEIGHT_MAX: usize = 6;

pub(super) struct Running {
    pub(super) handle: Handle,
    pub(super) writer: Writer,
    pub(super) source: Source,
    pub(super) read: BTreeMap<i32, i64>,
    pub(super) in_flight: usize,
    /// What decides the epoch after those that are committed.
    pub(super) rules: u32,
    /// Epochs that were bound before.
    pub(super) replayed: usize,
    pub(super) bound: VecDeque<EpochInput>,
    pub(super) ledger: Ledger,
    pub(super) cadence: Cadence,
    pub(super) decided: VecDeque<Decided>,
    pub(super) sink: Sink,
    /// Ledgers on their way to the disk.
    pub(super) taken: VecDeque<(Frozen, Binding)>,
    /// What the ledger may let go of.
    pub(super) on_shelf: Option<OnShelf>,
    pub(super) place: Place,
}

pub(super) enum Sink {
    Idle,
    Begun(Group),
    Sent(Group),
    /// Records without their journal entry, by mistake.
    Bare(Group),
    Decided(Group),
}

pub(super) type Group = (Vec<EpochOutput>, u32, Option<(Frozen, Binding)>);

impl Running {
    /// To bind may be too early: then nothing happens.
    pub(super) fn enabled(&self, world: &World) -> Vec<Step> {
        let mut steps = Vec::new();
        let next = world.broker.next(&commands_place(), self.read[&0], false);
        if next.is_some() && (self.source.replays() || !self.source.is_full()) {
            steps.push(Step::Read);
        }
        if self.bound.len() < WAITING_MAX {
            steps.push(Step::Bind);
        }
        if !self.bound.is_empty() && self.decided.len() < WAITING_MAX {
            steps.push(Step::Decide);
        }
        let replayed = self.decided.front().map(|decided| decided.output.committed.is_some());
        match &self.sink {
            Sink::Idle if replayed == Some(true) => steps.push(Step::Verify),
            // The client waits while the transaction before is still being marked.
            Sink::Idle if replayed == Some(false) && world.broker.is_settled(super::PRODUCER) => steps.push(Step::Begin),
            Sink::Idle => {}
            Sink::Begun(_) => steps.push(Step::Send),
            Sink::Sent(_) => steps.push(Step::Commit),
            Sink::Bare(_) if world.broker.is_settled(super::PRODUCER) => steps.push(Step::Commit),
            Sink::Bare(_) => {}
            Sink::Decided(_) => steps.push(Step::Heard),
        }
        if !self.taken.is_empty() {
            steps.push(Step::Snapshot);
        }
        steps
    }

    pub(super) fn act(&mut self, step: Step, world: &mut World, clock_off_ms: i64) -> Result<(), End> {
        let now_ms = world.now_ms.saturating_add_signed(clock_off_ms);
        match step {
            Step::Read => self.read(world, now_ms),
            Step::Bind => match self.source.next(now_ms, self.in_flight, self.rules) {
                Ok(Some(input)) => {
                    self.in_flight += 1;
                    self.bound.push_back(input);
                }
                Ok(None) => {}
                Err(error) => world.is_wrong(format!("a replay finds another log: {error}")),
            },
            Step::Decide => self.decide(world)?,
            Step::Verify => self.verify(world),
            Step::Begin => {
                world.broker.begin(self.handle).map_err(|_| End::Fenced)?;
                let Self { decided, sink, .. } = self;
                if let Some(first) = decided.pop_front() {
                    *sink = Sink::Begun(gather(first, WEIGHT_MAX, || decided.pop_front()));
                }
            }
            Step::Send | Step::Commit | Step::Heard => self.transact(step, world, now_ms)?,
            Step::Snapshot => {
                if let Some((frozen, binding)) = self.taken.pop_front() {
                    let name = egress::snapshots::Name { epoch: binding.epoch, generation: binding.generation };
                    match self.place.keep(&frozen, &binding) {
                        Ok(on_shelf) => {
                            self.on_shelf.get_or_insert(on_shelf);
                            world.snapshot(name, "on the disk");
                        }
                        // As in the cell: the bank goes on without it.
                        Err(error) if world.parts_lost == 0 => world.is_wrong(format!("snapshot {name}: {error:#}")),
                        Err(_) => {}
                    }
                }
            }
            Step::Fence | Step::Recover | Step::SendClaim | Step::CommitClaim => unreachable!("a cell that runs has started"),
        }
        Ok(())
    }

    fn read(&mut self, world: &World, now_ms: u64) {
        let Some(record) = world.broker.next(&commands_place(), self.read[&0], false) else { return };
        let record = commands::Record {
            position: Position { partition: 0, offset: record.offset },
            key: record.key.as_deref(),
            value: Some(&record.value),
            schema: record.header(SCHEMA_HEADER),
            traceparent: record.header(TRACE_HEADER),
            appended_ms: Some(record.stamp),
        };
        self.source.read(&record, now_ms);
        self.read.insert(0, record.position.offset + 1);
    }

    fn decide(&mut self, world: &mut World) -> Result<(), End> {
        let Some(input) = self.bound.pop_front() else { return Ok(()) };
        self.on_shelf.take().into_iter().for_each(|segments| self.ledger.shelve(segments));
        let due = self.cadence.due(&input);
        let decided = catch_unwind(AssertUnwindSafe(|| dataflows::settlement::decide(input, &mut self.ledger)));
        let mut output = match decided {
            Ok(output) => output,
            Err(panic) if world.parts_lost > 0 && is_of_a_page(&*panic) => return Err(End::Unread),
            Err(panic) => resume_unwind(panic),
        };
        world.most_cold = world.most_cold.max(self.ledger.sizes().cold_pins);
        if world.makes(Mistake::ReplayEmits) {
            output.committed = None;
        }
        let mut frozen = due.then(|| self.ledger.freeze());
        if world.makes(Mistake::SnapshotEarly) {
            self.taken.extend(frozen.take().map(|frozen| (frozen, output.binding.clone())));
        }
        self.decided.push_back(Decided { output, next_rules: self.ledger.next_rules(), sizes: self.ledger.sizes(), frozen });
        Ok(())
    }

    fn verify(&mut self, world: &mut World) {
        let Some(Decided { output, next_rules, frozen, .. }) = self.decided.pop_front() else { return };
        self.rules = next_rules;
        let committed = output.committed.as_deref().unwrap_or_default();
        if let Some(what) = self.writer.differs(&output, committed).expect("what was committed can be encoded") {
            world.is_wrong(format!("the replay of epoch {} differs: {what}", output.binding.epoch));
        }
        self.in_flight -= 1;
        self.taken.extend(frozen.map(|frozen| (frozen, output.binding)));
    }

    fn transact(&mut self, step: Step, world: &mut World, now_ms: u64) -> Result<(), End> {
        let apart = world.makes(Mistake::BindingApart);
        self.sink = match (step, std::mem::replace(&mut self.sink, Sink::Idle)) {
            (Step::Send, Sink::Begun(group)) => {
                self.send(&group.0, world, now_ms, |topic| !apart || topic != Topic::SettlementJournal.as_str())?;
                Sink::Sent(group)
            }
            (Step::Commit, Sink::Sent(group)) => {
                world.commit(self.handle).map_err(|_| End::Fenced)?;
                if apart { Sink::Bare(group) } else { Sink::Decided(group) }
            }
            (Step::Commit, Sink::Bare(group)) => {
                world.broker.begin(self.handle).map_err(|_| End::Fenced)?;
                self.send(&group.0, world, now_ms, |topic| topic == Topic::SettlementJournal.as_str())?;
                world.commit(self.handle).map_err(|_| End::Fenced)?;
                Sink::Decided(group)
            }
            (Step::Heard, Sink::Decided((group, next_rules, frozen))) => {
                self.rules = next_rules;
                self.in_flight = self.in_flight.saturating_sub(group.len());
                // One is being written and one waits; a third is left out.
                if self.taken.len() < 2 {
                    self.taken.extend(frozen);
                }
                Sink::Idle
            }
            (step, _) => unreachable!("{step:?} is not enabled"),
        };
        Ok(())
    }

    fn send(&self, group: &[EpochOutput], world: &mut World, now_ms: u64, wanted: impl Fn(&str) -> bool) -> Result<(), End> {
        let mut records = Vec::new();
        self.writer.transaction(group, |sent| keep(&mut records, Record::of(&sent, now_ms))).expect("decisions can be encoded");
        let mut wanted = records.into_iter().filter(|(place, _)| wanted(place.0));
        wanted.try_for_each(|record| world.broker.send(self.handle, record)).map_err(|_| End::Fenced)
    }

    pub(super) fn fingerprint(&self) -> String {
        let sink = match &self.sink {
            Sink::Idle => "idle".to_owned(),
            Sink::Begun(group) => format!("begun {}", group.0.len()),
            Sink::Sent(group) => format!("sent {}", group.0.len()),
            Sink::Bare(group) => format!("bare {}", group.0.len()),
            Sink::Decided(group) => format!("decided {}", group.0.len()),
        };
        let epochs = |outputs: &mut dyn Iterator<Item = u64>| outputs.collect::<Vec<_>>();
        format!(
            "{:?} {:?} {} {} {:?} {} {:?} {sink} {:?} {} {}",
            self.handle,
            self.read,
            self.in_flight,
            self.rules,
            epochs(&mut self.bound.iter().map(|input| input.binding.epoch)),
            self.ledger.epoch(),
            epochs(&mut self.decided.iter().map(|decided| decided.output.binding.epoch)),
            epochs(&mut self.taken.iter().map(|(frozen, _)| frozen.epoch)),
            self.ledger.sizes().cold_pins,
            self.on_shelf.as_ref().map_or(0, Vec::len),
        )
    }
}

/// Whether a ledger ended since it could not read a page back, and for nothing else.
fn is_of_a_page(panic: &(dyn Any + Send)) -> bool {
    panic.downcast_ref::<String>().is_some_and(|said| said.contains("can't be read back, and nothing is decided without it"))
}
