//! A cell's newest snapshot, from one folder to another: read whole and checked on the way, like every byte of it.
//!
//! The bank goes on, and removes snapshots that are old; where one is gone before it is copied, a newer one is there.

use super::BackupError;
use egress::snapshots::{Name, SnapshotError, Store};
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
    let (from, to) = (Store::at(from), Store::open(to)?);
    let mut chunks = Vec::new();
    from.read(name, |chunk| {
        chunks.push(chunk.to_vec());
        Ok::<(), SnapshotError>(())
    })?;
    for part in chunks.iter().filter_map(|chunk| part(chunk)) {
        to.write_part(&from.read_part(&part)?)?;
    }
    to.write(name, chunks)
}

/// The name of a part, if a chunk is one.
fn part(chunk: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(chunk.strip_prefix(b"P")?).ok()?;
    name.ends_with(".part").then(|| name.to_owned())
}
