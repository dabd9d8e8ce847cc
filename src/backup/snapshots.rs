//! A cell's newest snapshot, from one folder to another: read whole and checked on the way, like every byte of it.
//!
//! The bank goes on, and removes snapshots that are old; where one is gone before it is copied, a newer one is there.

use super::BackupError;
use egress::snapshots::{Name, SnapshotError, Store};
use std::fs::File;
use std::path::Path;

/// How often a newer one is looked for.
const ATTEMPTS: usize = 5;

/// Copies the newest that is whole; none where there is none.
pub(super) fn newest(from: &Path, to: &Path) -> Result<Option<Name>, BackupError> {
    let mut failed = None;
    for _ in 0..ATTEMPTS {
        let names = Store::whole(from)?;
        if names.is_empty() {
            return Ok(None);
        }
        for name in names {
            match copy(from, to, name) {
                Ok(()) => return Ok(Some(name)),
                Err(error) => failed = Some(error),
            }
        }
    }
    Err(failed.expect("every attempt without a copy has failed").into())
}

/// Copies a snapshot and the parts that it names; the parts first, so that what has its name is whole.
pub(crate) fn copy(from: &Path, to: &Path, name: Name) -> Result<(), SnapshotError> {
    let (source, target) = (Store::at(from), Store::open(to)?);
    let mut parts = Vec::new();
    source.read(name, |chunk| {
        parts.extend(part(chunk));
        Ok::<(), SnapshotError>(())
    })?;
    for part in parts {
        target.write_part(&source.read_part(&part)?)?;
    }
    // A ledger may be large: its file is copied, and then read.
    let (file, half) = (to.join(name.to_string()), to.join(format!("{name}.tmp")));
    let disk = |source| SnapshotError::Disk { doing: "copy", path: file.clone(), source };
    std::fs::copy(from.join(name.to_string()), &half).map_err(disk)?;
    File::open(&half).and_then(|half| half.sync_all()).and_then(|()| std::fs::rename(&half, &file)).map_err(disk)?;
    File::open(to).and_then(|folder| folder.sync_all()).map_err(disk)?;
    let whole = target.check(name);
    if whole.is_err() {
        target.delete(name)?;
    }
    whole
}

/// The name of a part, if a chunk is one.
fn part(chunk: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(chunk.strip_prefix(b"P")?).ok()?;
    name.ends_with(".part").then(|| name.to_owned())
}
