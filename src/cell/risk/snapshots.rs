//! Snapshots of the detection: the thread that writes them, and how one is read.
//!
//! | Chunk | Holds |
//! |---|---|
//! | first | what it is a snapshot of, as JSON: [`Head`] |
//! | others | the state: [`dataflows::risk::Kept`] |

use crate::cell::measures::Snapshots as Measures;
use crate::cell::views::snapshots::chain;
use dataflows::risk::Kept;
use egress::snapshots::{Name, SnapshotError, Store};
use ingress::events::Schemas;
use schemas::Epoch;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

/// What else a start needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// The state is that at the end of this epoch.
    pub(super) epoch: Epoch,
    /// The generation of the cell that wrote it.
    pub(super) generation: u64,
    /// The schemas of the cell's own journal.
    pub(super) journal_schemas: Vec<(u32, String)>,
    /// The schemas of settlement's journal, as far as it was read.
    pub(super) events_schemas: Vec<(u32, String)>,
}

/// A snapshot that was read.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) epoch: Epoch,
    pub(super) generation: u64,
    pub(super) journal_schemas: Vec<(u32, String)>,
    pub(super) events_schemas: Vec<(u32, String)>,
    pub(super) kept: Kept,
}

/// A snapshot that can't be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("its head can't be read")]
    Head(#[from] serde_json::Error),
    #[error("it has no head")]
    NoHead,
    #[error("its state can't be read: {0}")]
    State(String),
}

/// The newest snapshot that can be read and is of an epoch before `written`.
pub(super) fn newest(store: &Store, written: Epoch) -> anyhow::Result<Option<Snapshot>> {
    for name in store.list()? {
        if name.epoch >= written {
            tracing::warn!(%name, written, "removing a snapshot that is ahead of postgres");
            store.delete(name)?;
            continue;
        }
        match read(store, name) {
            Ok(snapshot) => {
                tracing::info!(%name, "the detection stands as in a snapshot");
                return Ok(Some(snapshot));
            }
            Err(error) => {
                tracing::error!(%name, error = chain(&error), "a snapshot can't be used");
                // What a newer binary wrote, or a disk does not give just now, stays for whoever can read it.
                if matches!(error, Unusable::Snapshot(SnapshotError::Damaged { .. })) {
                    store.delete(name)?;
                }
            }
        }
    }
    Ok(None)
}

fn read(store: &Store, name: Name) -> Result<Snapshot, Unusable> {
    let (mut head, mut chunks) = (None::<Head>, Vec::new());
    store.read(name, |chunk| {
        match head {
            None => head = Some(serde_json::from_slice(chunk)?),
            Some(_) => chunks.push(chunk.to_vec()),
        }
        Ok::<(), Unusable>(())
    })?;
    let Head { epoch, generation, journal_schemas, events_schemas } = head.ok_or(Unusable::NoHead)?;
    let kept = Kept::read(chunks).map_err(|error| Unusable::State(error.to_string()))?;
    Ok(Snapshot { epoch, generation, journal_schemas, events_schemas, kept })
}

/// A running thread.
pub(super) struct Snapshots {
    to: SyncSender<(Name, Arc<Kept>)>,
    thread: JoinHandle<()>,
}

impl Snapshots {
    /// Starts it. A snapshot that can't be written ends nothing: there will be another, and a replay is longer without.
    pub(super) fn start(store: Store, kept: usize, head: Head, learnt: Schemas, measures: Measures) -> std::io::Result<Self> {
        let (to, from) = sync_channel::<(Name, Arc<Kept>)>(1);
        let work = move || {
            for (name, state) in from {
                let started = Instant::now();
                match keep(&store, name, &head, &learnt, &state, kept) {
                    Ok(()) => {
                        measures.written(&store, name.epoch, started.elapsed());
                        tracing::info!(epoch = name.epoch, %name, seconds = started.elapsed().as_secs_f64(), "wrote a snapshot");
                    }
                    Err(error) => {
                        measures.failed();
                        tracing::error!(epoch = name.epoch, error = format!("{error:#}"), %name, "a snapshot can't be written");
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("snapshots".to_owned()).spawn(work)?;
        Ok(Self { to, thread })
    }

    /// Writes a snapshot, unless others still wait for the disk: then there will be another, if it is not the last, which waits.
    pub(super) fn write(&self, name: Name, state: Arc<Kept>, is_last: bool) {
        let epoch = name.epoch;
        if is_last {
            // Where nobody writes any more, the log says why already.
            drop(self.to.send((name, state)));
            return;
        }
        match self.to.try_send((name, state)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => tracing::warn!(epoch, "left a snapshot out: the ones before are still being written"),
            Err(TrySendError::Disconnected(_)) => tracing::error!(epoch, "nobody writes snapshots"),
        }
    }
}

impl Snapshots {
    /// Waits until all of them are written.
    pub(super) fn end(self) {
        drop(self.to);
        drop(self.thread.join());
    }
}

fn keep(store: &Store, name: Name, head: &Head, learnt: &Schemas, state: &Kept, kept: usize) -> anyhow::Result<()> {
    // A schema that was learnt since does no harm: of an id it never changes.
    let events_schemas = learnt.lock().expect("nothing panics while it holds the schemas").clone().into_iter().collect();
    let head = serde_json::to_vec(&Head { epoch: name.epoch, events_schemas, ..head.clone() })?;
    let dies = std::iter::from_fn(|| {
        faults::point("risk.snapshot");
        None
    });
    store.write(name, std::iter::once(head).chain(state.chunks().map(<[u8]>::to_vec)).chain(dies))?;
    faults::point("risk.snapshotted");
    Ok(store.list()?.into_iter().skip(kept).try_for_each(|name| store.delete(name))?)
}
