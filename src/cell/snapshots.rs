//! Snapshots of the ledger: when one is taken, what stands in it, and how one is found again.
//!
//! Settlement hands on a frozen ledger with the epoch's decisions; the sink passes it on once Kafka has committed
//! them, and a thread of its own writes the file. So a snapshot is never of an epoch that might not have happened, and
//! neither a slow nor a full disk stops a payment.
//!
//! What a snapshot has of full segments of pins need not stay in memory: once it is there, the thread that decides is told where each
//! lies. It lets go of them at a later epoch, and asks the disk from then on.

mod load;
mod shelf;

pub use load::{Found, load};
pub use shelf::OnDisk;

use crate::cell::measures::Snapshots;
use anyhow::{Context, bail};
use egress::snapshots::{Name, SnapshotError, Store};
use ingress::commands::{Learnt, Schemas};
use load::Head;
use schemas::{Binding, Bound, Epoch, EpochInput, Input};
use state::Frozen;
use state::pins::{Cold, Full, Pages};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
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
    /// The files again, as the ledger reads pins from them.
    pub shelf: Arc<Pages>,
    /// The segments that this process has written, as long as the ledger has them in memory; empty at the start.
    pub written: BTreeMap<u64, Arc<Cold>>,
}

/// Full segments of pins that are on the disk, each under the number of its first pin.
pub type OnShelf = Vec<(u64, Arc<Cold>)>;

impl Writer {
    /// Starts the thread; also gives what it says of segments that need not stay in memory.
    pub(super) fn start(place: Place, measures: Snapshots) -> anyhow::Result<(Self, Receiver<OnShelf>)> {
        // One is being written and one waits; a third has to be newer anyway.
        let (taken, waiting) = sync_channel(1);
        // What the thread that decides has not yet taken is said again after the next snapshot.
        let (shelved, on_shelf) = sync_channel(1);
        let write = move || place.write_all(&waiting, &shelved, &measures);
        let thread = std::thread::Builder::new().name("snapshots".to_owned()).spawn(write)?;
        Ok((Self { taken, thread }, on_shelf))
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
    fn write_all(mut self, waiting: &Receiver<Taken>, shelved: &SyncSender<OnShelf>, measures: &Snapshots) {
        while let Ok(taken) = waiting.recv() {
            let begun = Instant::now();
            let name = Name { epoch: taken.binding.epoch, generation: taken.binding.generation };
            let took_ms = || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            // Without snapshots the bank goes on; only its next start takes longer. Someone should see to the disk.
            match self.keep(&taken.frozen, &taken.binding) {
                Ok(on_shelf) => {
                    measures.written(&self.store, name.epoch, begun.elapsed());
                    tracing::debug!(epoch = name.epoch, took_ms = took_ms(), shelved = on_shelf.len(), "a snapshot is written");
                    drop(shelved.try_send(on_shelf));
                }
                Err(error) => {
                    measures.failed();
                    tracing::error!(epoch = name.epoch, error = format!("{error:#}"), "a snapshot can't be written");
                }
            }
        }
    }

    /// Writes a ledger whose epoch is committed, and removes what is older than those that are kept. Gives the full segments that the
    /// ledger still has in memory, but for the newest.
    pub fn keep(&mut self, frozen: &Frozen, binding: &Binding) -> anyhow::Result<OnShelf> {
        let name = Name { epoch: binding.epoch, generation: binding.generation };
        self.write(name, frozen, binding)?;
        self.prune()?;
        self.on_shelf(frozen)
    }

    fn write(&mut self, name: Name, frozen: &Frozen, binding: &Binding) -> anyhow::Result<()> {
        self.parts.retain(|number, _| *number >= frozen.segments_from());
        self.written.retain(|number, _| *number >= frozen.segments_from());
        for (number, segment) in frozen.numbered() {
            if let Full::Cold(_) = segment {
                self.written.remove(&number);
            }
            // Whoever removes a part by mistake, such as a process that was replaced, costs one snapshot at most.
            if self.parts.get(&number).is_some_and(|part| self.store.has_part(part)) {
                continue;
            }
            match segment {
                Full::Warm(segment) => {
                    let bytes = segment.write();
                    let part = self.store.write_part(&bytes)?;
                    self.written.insert(number, Arc::new(Cold::of(&bytes, &part, &self.shelf)?));
                    self.parts.insert(number, part);
                }
                Full::Cold(cold) => bail!("{} is gone, and memory has it no longer", cold.part()),
            }
        }
        let parts: Vec<String> = self.parts.values().take(frozen.segments().len()).cloned().collect();
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

    /// Where those segments lie that need not stay in memory. What another process has written is read first.
    fn on_shelf(&self, frozen: &Frozen) -> anyhow::Result<OnShelf> {
        let warm = frozen.old().filter(|(_, segment)| matches!(segment, Full::Warm(_)));
        let shelve = |(number, _)| {
            if let Some(cold) = self.written.get(&number) {
                return Ok((number, Arc::clone(cold)));
            }
            let part = &self.parts[&number];
            anyhow::Ok((number, Arc::new(Cold::of(&self.store.read_part(part)?, part, &self.shelf)?)))
        };
        warm.map(shelve).collect()
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
mod tests;
