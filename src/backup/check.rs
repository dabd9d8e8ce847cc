//! Whether a backup is what it says, and whether a bank can stand on it.
//!
//! 1. Every file of the point is there, with the digest with which it was written.
//! 2. The archive is whole, and holds this point.
//! 3. Snapshots and Postgres stand at epochs that the archived journal commits, and the views' snapshot is not ahead of
//!    Postgres.
//! 4. The events are those that the journal says, count and digest, in every epoch that a cell or a door goes on from.

use super::journal::each_sealed;
use super::point::{Listed, Point};
use super::{archive_folder, digest, events};
use crate::archive::{self, Manifest};
use crate::exit::{self, Exit};
use crate::progress::Progress;
use egress::snapshots::Store;
use std::path::Path;

/// Reads all of it; what is wrong, a sentence each.
pub(crate) fn check(dir: &Path, point: &Point, quiet: bool) -> anyhow::Result<Vec<String>> {
    // 1.
    let mut faults = files(dir, point, quiet)?;
    // 2.
    let checked = archive::check(&archive_folder(dir), quiet)?;
    faults.extend(checked.faults);
    if !faults.is_empty() {
        return Ok(faults);
    }
    // 3., 4.
    let manifest = archive_of(dir, point)?;
    faults.extend(fits(dir, point, &manifest, quiet)?);
    for (cell, snapshot) in [("settlement", point.settlement), ("views", point.views), ("risk", point.risk)] {
        let Some(snapshot) = snapshot else { continue };
        if let Err(error) = Store::at(&dir.join(&point.folder).join(cell)).check(snapshot.name()) {
            faults.push(format!("{:#}", anyhow::Error::from(error)));
        }
    }
    Ok(faults)
}

/// The archive as it was at this point.
fn archive_of(dir: &Path, point: &Point) -> Result<Manifest, Exit> {
    let manifest = archive::existing(&archive_folder(dir))?;
    manifest.up_to(point.archive.segments, &point.archive.head).ok_or_else(|| Exit {
        code: exit::BAD_INPUT,
        sentence: format!(
            "the archive never had the head {}, which backup.json says: it is the archive of another backup",
            point.archive.head
        ),
    })
}

fn files(dir: &Path, point: &Point, quiet: bool) -> anyhow::Result<Vec<String>> {
    let (mut faults, folder) = (Vec::new(), dir.join(&point.folder));
    let mut progress = Progress::new("files", u64::try_from(point.files.len()).unwrap_or(0), quiet);
    for Listed { path, bytes, sha256 } in &point.files {
        let whole = folder.join(path);
        let fault = |what: &str| format!("{}/{path}: {what}", point.folder);
        if !whole.exists() {
            faults.push(fault("it is missing"));
        } else if digest(&whole).map_err(Exit::from)? != (*bytes, sha256.clone()) {
            faults.push(fault("its bytes are not those that were written: the digest differs"));
        }
        progress.add(1);
    }
    Ok(faults)
}

/// Whether the parts fit together; the first that does not, as a sentence.
pub(super) fn fits(dir: &Path, point: &Point, manifest: &Manifest, quiet: bool) -> anyhow::Result<Option<String>> {
    let shown = point.postgres.epoch.saturating_sub(1);
    let (mut settlement, mut views, mut risk) = (point.settlement.is_none(), point.views.is_none(), point.risk.is_none());
    let (mut postgres, mut last) = (shown == 0, 0);
    each_sealed(manifest, |sealed| {
        last = sealed.binding.epoch;
        postgres |= last == shown;
        settlement |= point.settlement.is_some_and(|snapshot| snapshot.is_of(&sealed));
        views |= point.views.is_some_and(|snapshot| snapshot.is_of(&sealed));
        risk |= point.risk.is_some_and(|snapshot| snapshot.is_of(&sealed));
        Ok(())
    })?;
    let lacks = |what: &str| Some(format!("the archived journal does not hold the epoch of {what}: they are of different banks"));
    if !postgres {
        return Ok(lacks("postgres"));
    }
    if !settlement {
        return Ok(lacks("settlement's snapshot"));
    }
    if !views {
        return Ok(lacks("the views' snapshot"));
    }
    if !risk {
        return Ok(lacks("risk's snapshot"));
    }
    if point.views.is_some_and(|snapshot| snapshot.epoch >= point.postgres.epoch) {
        return Ok(Some("the views' snapshot is ahead of postgres".to_owned()));
    }
    if last != point.last_epoch {
        return Ok(Some(format!("the archived journal ends at epoch {last}, and backup.json says {}", point.last_epoch)));
    }
    events::compare(dir, point, manifest, quiet)
}
