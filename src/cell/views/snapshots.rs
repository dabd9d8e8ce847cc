//! Snapshots of the books: the thread that writes them, and how one is read.
//!
//! | Chunk | Holds |
//! |---|---|
//! | first | what it is a snapshot of, and the format's version |
//! | others | rows, by subject: [`dataflows::proof::books::write`] |

use crate::cell::measures::Snapshots as Measures;
use dataflows::proof::books::{self, ROW_BYTES, Subject, Sum};
use egress::snapshots::{Name, SnapshotError, Store};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Instant;

const FORMAT: &[u8] = b"books of the views 1";
/// Rows of a chunk: about a megabyte.
const CHUNK_ROWS: usize = (1 << 20) / ROW_BYTES;

/// The books, by subject.
pub type Rows = Vec<(Subject, Sum)>;

/// A snapshot that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It can't be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// It is of something else, or of another format.
    #[error("it does not hold the books of the views in a format that this version reads")]
    Format,
}

/// A running thread.
pub struct Snapshots {
    to: SyncSender<(Name, Rows)>,
}

impl Snapshots {
    /// Starts it. A snapshot that can't be written ends nothing: there will be another, and a replay is longer without.
    pub(super) fn start(store: Store, kept: usize, measures: Measures) -> std::io::Result<Self> {
        let (to, from) = sync_channel::<(Name, Rows)>(1);
        let work = move || {
            for (name, rows) in from {
                let started = Instant::now();
                match keep(&store, name, &rows, kept) {
                    Ok(()) => {
                        measures.written(&store, name.epoch, started.elapsed());
                        tracing::info!(epoch = name.epoch, %name, subjects = rows.len(), seconds = started.elapsed().as_secs_f64(), "wrote a snapshot");
                    }
                    Err(error) => {
                        measures.failed();
                        tracing::error!(epoch = name.epoch, error = chain(&error), %name, "a snapshot can't be written");
                    }
                }
            }
        };
        std::thread::Builder::new().name("snapshots".to_owned()).spawn(work)?;
        Ok(Self { to })
    }

    /// Writes a snapshot, unless others still wait for the disk: then there will be another.
    pub fn write(&self, name: Name, rows: Rows) {
        let epoch = name.epoch;
        match self.to.try_send((name, rows)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => tracing::warn!(epoch, "left a snapshot out: the ones before are still being written"),
            Err(TrySendError::Disconnected(_)) => tracing::error!(epoch, "nobody writes snapshots"),
        }
    }
}

/// Writes a snapshot of what Postgres has, and removes all but the newest few.
pub fn keep(store: &Store, name: Name, rows: &[(Subject, Sum)], kept: usize) -> Result<(), SnapshotError> {
    let chunk = |rows: &[(Subject, Sum)]| {
        let mut bytes = Vec::with_capacity(rows.len() * ROW_BYTES);
        rows.iter().for_each(|(subject, sum)| books::write(subject, sum, &mut bytes));
        bytes
    };
    store.write(name, std::iter::once(FORMAT.to_vec()).chain(rows.chunks(CHUNK_ROWS).map(chunk)))?;
    store.list()?.into_iter().skip(kept).try_for_each(|name| store.delete(name))
}

/// Reads a snapshot.
pub fn read(store: &Store, name: Name) -> Result<Rows, Unusable> {
    let (mut rows, mut format) = (Rows::new(), None);
    store.read(name, |chunk| {
        if format.is_none() {
            format = Some(chunk == FORMAT);
            return Ok(());
        }
        rows.extend(books::read(chunk).ok_or(Unusable::Format)?);
        Ok::<(), Unusable>(())
    })?;
    if format == Some(true) { Ok(rows) } else { Err(Unusable::Format) }
}

/// An error with its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
