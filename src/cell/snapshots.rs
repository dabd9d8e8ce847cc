//! Snapshots of the ledger: when one is taken, what stands in it, and how one is found again.
//!
//! Settlement hands on a frozen ledger with the epoch's decisions; the sink passes it on once Kafka has committed
//! them, and a thread of its own writes the file. So a snapshot is never of an epoch that might not have happened, and
//! neither a slow nor a full disk stops a payment.

use crate::cell::measures::Snapshots;
use anyhow::Context;
use egress::snapshots::{Name, SnapshotError, Store};
use ingress::commands::{Learnt, Schemas};
use schemas::{Binding, Bound, Epoch, EpochInput, Input, Position};
use serde::{Deserialize, Serialize};
use state::pins::Segment;
use state::{Frozen, Ledger, Thawing};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

/// When the ledger is frozen, decided epoch by epoch. It changes nothing that is decided.
#[derive(Debug)]
pub struct Cadence {
    every_ms: u64,
    every_commands: u64,
    taken: Epoch,
    commands: u64,
    epochs: u64,
}

/// Threads that read the parts of a snapshot.
const READERS: usize = 2;

/// An idle bank has an epoch a second; after this many there is a snapshot all the same, so that none is replayed twice
/// for ever.
const EPOCHS_MAX: u64 = 3_600;

impl Cadence {
    /// The last snapshot is of `taken`.
    pub const fn new(every_ms: u64, every_commands: u64, taken: Epoch) -> Self {
        Self { every_ms, every_commands, taken, commands: 0, epochs: 0 }
    }

    /// Whether the ledger is frozen after this epoch.
    pub fn due(&mut self, epoch: &EpochInput) -> bool {
        self.commands += u64::try_from(epoch.commands.iter().map(Bound::weight).sum::<usize>()).expect("an epoch's weight is bounded");
        self.epochs += 1;
        // A replay goes through days in seconds: there, only its length counts.
        let (time, live) = (epoch.binding.epoch, epoch.committed.is_none());
        let aged = live && self.commands > 0 && time >= self.taken + self.every_ms;
        let due = aged || self.commands >= self.every_commands || (live && self.epochs >= EPOCHS_MAX);
        if due {
            (self.taken, self.commands, self.epochs) = (time, 0, 0);
        }
        due
    }
}

/// The first chunk of a snapshot: what a source needs to go on from it.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    epoch: Epoch,
    generation: u64,
    code_version: u32,
    /// Exclusive upper offsets of the commands log, by partition.
    uppers: BTreeMap<i32, i64>,
    /// The schemas that the commands log records before them: partition, offset, id, schema.
    commands_schemas: Vec<(i32, i64, u32, String)>,
    /// The schemas that the journal has recorded: id, schema.
    journal_schemas: Vec<(u32, String)>,
}

/// A snapshot that was read back.
pub struct Found {
    /// Which.
    pub name: Name,
    /// The ledger at the end of its epoch.
    pub ledger: Ledger,
    /// Exclusive upper offsets of what it has seen.
    pub uppers: BTreeMap<i32, i64>,
    /// The schemas that the commands log records before them.
    pub commands_schemas: Vec<Learnt>,
    /// The schemas that the journal had recorded.
    pub journal_schemas: Vec<(u32, String)>,
    /// The names of the parts with its full segments of pins, by the number of each segment's first pin.
    pub parts: BTreeMap<u64, String>,
}

/// Reads a snapshot back, whole.
pub fn load(store: &Store, name: Name) -> anyhow::Result<Found> {
    let mut parts = Vec::new();
    store.read(name, |chunk| {
        parts.extend(Frozen::part(chunk).map(str::to_owned));
        Ok::<(), SnapshotError>(())
    })?;
    // It is whole. From here on its bytes are acted on.
    let mut segments = read_parts(store, &parts)?.into_iter();
    let (mut head, mut thawing) = (None::<Head>, Thawing::default());
    store.read(name, |chunk| {
        if head.is_none() {
            head = Some(serde_json::from_slice(chunk).context("its head can't be read")?);
            return Ok(());
        }
        thawing.chunk(chunk, |part| segments.next().with_context(|| format!("the snapshot has changed: part {part} is new")))
    })?;
    let head = head.context("it has no head")?;
    let ledger = Ledger::thaw(thawing)?;
    if (ledger.epoch(), head.epoch, head.generation) != (name.epoch, name.epoch, name.generation) {
        let path = PathBuf::from(name.to_string());
        return Err(SnapshotError::Damaged { path, what: "it is of another epoch or generation than its name says" }.into());
    }
    let learnt = |(partition, offset, id, json)| Learnt { position: Position { partition, offset }, id, json };
    let from = ledger.segments_from();
    let step = u64::from(state::pins::SEGMENT_PINS);
    Ok(Found {
        name,
        ledger,
        uppers: head.uppers,
        commands_schemas: head.commands_schemas.into_iter().map(learnt).collect(),
        journal_schemas: head.journal_schemas,
        parts: (0..).map(|number| from + number * step).zip(parts).collect(),
    })
}

/// The segments that parts hold. At a week of pins this is most of a start, so threads read them side by side.
fn read_parts(store: &Store, parts: &[String]) -> anyhow::Result<Vec<Segment>> {
    let read = |part: &String| anyhow::Ok(Segment::read(&store.read_part(part)?)?);
    std::thread::scope(|scope| {
        let shares = parts.chunks(parts.len().div_ceil(READERS).max(1));
        let readers: Vec<_> = shares.map(|share| scope.spawn(move || share.iter().map(read).collect())).collect();
        let mut segments = Vec::with_capacity(parts.len());
        for reader in readers {
            let read: anyhow::Result<Vec<Segment>> = reader.join().expect("a panic has ended the process");
            segments.extend(read?);
        }
        Ok(segments)
    })
}

/// A ledger on its way to the disk.
struct Taken {
    frozen: Frozen,
    binding: Binding,
}

/// The thread that writes snapshots.
pub struct Writer {
    taken: SyncSender<Taken>,
    thread: JoinHandle<()>,
}

/// What it writes besides the ledger, and where.
pub struct Place {
    /// The files.
    pub store: Store,
    /// How many snapshots are kept.
    pub kept: usize,
    /// The schemas of the commands log, as far as the source has read.
    pub commands_schemas: Schemas,
    /// The schemas of the journal.
    pub journal_schemas: Vec<(u32, String)>,
    /// Parts that are on the disk, by the number of each segment's first pin.
    pub parts: BTreeMap<u64, String>,
    /// The parts that each snapshot names; empty at the start.
    pub named: BTreeMap<Name, Vec<String>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(place: Place, measures: Snapshots) -> anyhow::Result<Self> {
        // One is being written and one waits; a third has to be newer anyway.
        let (taken, waiting) = sync_channel(1);
        let thread = std::thread::Builder::new().name("snapshots".to_owned()).spawn(move || place.write_all(&waiting, &measures))?;
        Ok(Self { taken, thread })
    }

    /// Writes a ledger whose epoch is committed; leaves it out if the disk does not keep up.
    pub fn offer(&self, frozen: Frozen, binding: Binding) {
        match self.taken.try_send(Taken { frozen, binding }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => tracing::debug!("the disk is still busy with the snapshot before: one is left out"),
            Err(TrySendError::Disconnected(_)) => tracing::error!("no more snapshots are written: their thread has ended"),
        }
    }

    /// Writes the last ledger, and returns when it is on the disk.
    pub fn finish(self, frozen: Frozen, binding: Binding) {
        drop(self.taken.send(Taken { frozen, binding }));
        drop(self.taken);
        drop(self.thread.join());
    }
}

impl Place {
    fn write_all(mut self, waiting: &Receiver<Taken>, measures: &Snapshots) {
        while let Ok(taken) = waiting.recv() {
            let begun = Instant::now();
            let name = Name { epoch: taken.binding.epoch, generation: taken.binding.generation };
            let took_ms = || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            // Without snapshots the bank goes on; only its next start takes longer. Someone should see to the disk.
            match self.keep(&taken.frozen, &taken.binding) {
                Ok(()) => {
                    measures.written(&self.store, name.epoch, begun.elapsed());
                    tracing::debug!(epoch = name.epoch, took_ms = took_ms(), "a snapshot is written");
                }
                Err(error) => {
                    measures.failed();
                    tracing::error!(epoch = name.epoch, error = format!("{error:#}"), "a snapshot can't be written");
                }
            }
        }
    }

    /// Writes a ledger whose epoch is committed, and removes what is older than those that are kept.
    pub fn keep(&mut self, frozen: &Frozen, binding: &Binding) -> anyhow::Result<()> {
        let name = Name { epoch: binding.epoch, generation: binding.generation };
        self.write(name, frozen, binding)?;
        self.prune()
    }

    fn write(&mut self, name: Name, frozen: &Frozen, binding: &Binding) -> anyhow::Result<()> {
        let step = u64::from(state::pins::SEGMENT_PINS);
        let numbers: Vec<u64> = (0..).map(|number| frozen.segments_from() + number * step).take(frozen.segments().len()).collect();
        self.parts.retain(|number, _| *number >= frozen.segments_from());
        for (number, segment) in numbers.iter().zip(frozen.segments()) {
            // Whoever removes a part by mistake, such as a process that was replaced, costs one snapshot at most.
            if !self.parts.get(number).is_some_and(|part| self.store.has_part(part)) {
                self.parts.insert(*number, self.store.write_part(&segment.write())?);
            }
        }
        let parts: Vec<String> = self.parts.range(..).take(numbers.len()).map(|(_, part)| part.clone()).collect();
        let head = serde_json::to_vec(&self.head(name, binding)).context("the head can't be written")?;
        let chunks = std::iter::once(head).chain(frozen.chunks(&parts));
        // After the last chunk, before the file has its name.
        let dies = std::iter::from_fn(|| {
            faults::point("settlement.snapshot");
            None
        });
        self.store.write(name, chunks.chain(dies))?;
        faults::point("settlement.snapshotted");
        self.named.insert(name, parts);
        Ok(())
    }

    fn head(&self, name: Name, binding: &Binding) -> Head {
        let commands = schemas::Topic::Commands.as_str();
        let upper = |input: &Input| (input.partition, input.upper);
        let uppers: BTreeMap<i32, i64> = binding.inputs.iter().filter(|input| input.topic == commands).map(upper).collect();
        let plain = |learnt: Learnt| (learnt.position.partition, learnt.position.offset, learnt.id, learnt.json);
        Head {
            epoch: name.epoch,
            generation: name.generation,
            code_version: binding.code_version,
            commands_schemas: self.commands_schemas.before(&uppers).into_iter().map(plain).collect(),
            uppers,
            journal_schemas: self.journal_schemas.clone(),
        }
    }

    /// Removes all snapshots but the newest few, and the parts that none of those names.
    fn prune(&mut self) -> anyhow::Result<()> {
        let names = self.store.list()?;
        let (kept, old) = names.split_at(self.kept.min(names.len()));
        old.iter().try_for_each(|name| self.store.delete(*name))?;
        self.named.retain(|name, _| kept.contains(name));
        for name in kept {
            if !self.named.contains_key(name) {
                self.named.insert(*name, parts_of(&self.store, *name));
            }
        }
        let named: BTreeSet<String> = self.named.values().flatten().chain(self.parts.values()).cloned().collect();
        Ok(self.store.delete_parts_except(&named)?)
    }
}

/// The parts that a snapshot of an earlier process names; of a damaged one, those that can still be read.
fn parts_of(store: &Store, name: Name) -> Vec<String> {
    let mut parts = Vec::new();
    let read = store.read(name, |chunk| {
        parts.extend(Frozen::part(chunk).map(str::to_owned));
        Ok::<(), SnapshotError>(())
    });
    if let Err(error) = read {
        tracing::warn!(%error, "an older snapshot is of no use");
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: Epoch, commands: usize) -> EpochInput {
        let bound = |offset: usize| schemas::Bound {
            position: Position { partition: 0, offset: i64::try_from(offset).unwrap() },
            traceparent: String::new(),
            appended_ms: None,
            command: Err(schemas::Malformed { key: None, value: None, reason: String::new() }),
        };
        let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
        EpochInput { binding, commands: (0..commands).map(bound).collect(), committed: None }
    }

    #[test]
    fn a_ledger_is_frozen_when_it_has_changed_and_time_or_weight_says_so() {
        let mut cadence = Cadence::new(100, 5, 1_000);
        let steps = [(1_050, 1, false), (1_100, 0, true), (1_300, 0, false), (1_301, 1, true), (1_302, 4, false), (1_303, 1, true)];
        for (time, commands, due) in steps {
            assert_eq!(cadence.due(&epoch(time, commands)), due, "{time}");
        }
        let idle = (0..EPOCHS_MAX).filter(|second| cadence.due(&epoch(2_000 + second * 1_000, 0))).count();
        assert_eq!(idle, 1);
    }
}
