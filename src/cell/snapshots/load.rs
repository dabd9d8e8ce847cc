//! A snapshot of the ledger, read back.

use anyhow::Context;
use egress::snapshots::{Name, SnapshotError, Store};
use ingress::commands::Learnt;
use schemas::{Epoch, Position};
use serde::{Deserialize, Serialize};
use state::pins::{Pages, Segment, Stored, WARM_SEGMENTS};
use state::{Frozen, Ledger, Thawing};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads that read the parts of a snapshot.
const READERS: usize = 2;

/// The first chunk of a snapshot: what a source needs to go on from it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) epoch: Epoch,
    pub(super) generation: u64,
    pub(super) code_version: u32,
    /// Exclusive upper offsets of the commands log, by partition.
    pub(super) uppers: BTreeMap<i32, i64>,
    /// The schemas that the commands log records before them: partition, offset, id, schema.
    pub(super) commands_schemas: Vec<(i32, i64, u32, String)>,
    /// The schemas that the journal has recorded: id, schema.
    pub(super) journal_schemas: Vec<(u32, String)>,
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

/// Reads a snapshot back, whole. Where there is a shelf, on which its parts have to stay, all but the newest segments of pins are left
/// there; otherwise all are in memory.
pub fn load(store: &Store, name: Name, shelf: Option<&Arc<Pages>>) -> anyhow::Result<Found> {
    let mut parts = Vec::new();
    store.read(name, |chunk| {
        parts.extend(Frozen::part(chunk).map(str::to_owned));
        Ok::<(), SnapshotError>(())
    })?;
    // It is whole. From here on its bytes are acted on.
    let mut segments = read_parts(store, &parts, shelf)?.into_iter();
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

/// The segments that parts hold. At a week of pins this is most of a start, so threads read them side by side, each the next that
/// nobody has.
fn read_parts(store: &Store, parts: &[String], shelf: Option<&Arc<Pages>>) -> anyhow::Result<Vec<Stored>> {
    let shelf = shelf.map(|shelf| (shelf, parts.len().saturating_sub(WARM_SEGMENTS)));
    let read = |place: usize, part: &String| -> anyhow::Result<Stored> {
        let bytes = store.read_part(part)?;
        match shelf {
            Some((shelf, shelved)) if place < shelved => Ok(Stored::shelved(&bytes, part, shelf)?),
            Some(_) | None => Ok(Segment::read(&bytes)?.into()),
        }
    };
    let next = AtomicUsize::new(0);
    let mine = || {
        std::iter::from_fn(|| {
            let place = next.fetch_add(1, Ordering::Relaxed);
            parts.get(place).map(|part| read(place, part).map(|stored| (place, stored)))
        })
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(|| mine().collect())).collect();
        let mut segments = BTreeMap::new();
        for reader in readers {
            let read: anyhow::Result<Vec<(usize, Stored)>> = reader.join().expect("a panic has ended the process");
            segments.extend(read?);
        }
        Ok(segments.into_values().collect())
    })
}
