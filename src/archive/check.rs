//! Whether an archive is what it says.
//!
//! 1. The manifest's chain holds.
//! 2. Every segment has the digest with which it was written.
//! 3. Its records are as many as it says, in order, inside the offsets that it covers.
//! 4. Segments join: each begins where the one before it ended, and the first at 0.
//! 5. Every epoch of settlement's journal finds as many commands in the archive as it bound.
//!
//! What the commands decide, and whether that gives the digests of the journal, `orion replay --archive` says.

use super::copy::JOURNAL;
use super::manifest::{Entry, FILE, Manifest};
use super::{ArchiveError, existing, read, records};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::replay::{BoundEpochs, Records};
use schemas::Topic;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Segments.
    pub segments: usize,
    /// Records in them.
    pub records: u64,
    /// Epochs whose commands are all here.
    pub epochs: u64,
    /// The last of them.
    pub last_epoch: Option<u64>,
    /// Where each partition's archive ends.
    pub ends: BTreeMap<(String, i32), i64>,
    /// The digest that stands for all of it.
    pub head: String,
    /// What is wrong, a sentence each.
    pub faults: Vec<String>,
    /// Files that no line names: a run was cut short, and the next one writes them anew.
    pub unlisted: Vec<String>,
}

impl Checked {
    /// Prints it.
    pub fn print(&self) {
        for ((topic, partition), end) in &self.ends {
            println!("{topic} partition {partition}: archived up to offset {end}");
        }
        for file in &self.unlisted {
            println!("not in the manifest: {file} (a run was cut short; the next one writes it anew)");
        }
        for fault in &self.faults {
            println!("DAMAGED: {fault}");
        }
        let last = self.last_epoch.map_or_else(String::new, |epoch| format!(" up to {epoch}"));
        println!("archive: {} segments, {} records, {} epochs{last}, head {}", self.segments, self.records, self.epochs, self.head);
    }
}

/// Reads all of it.
pub fn check(folder: &Path, quiet: bool) -> Result<Checked, Exit> {
    let manifest = existing(folder)?;
    let mut checked =
        Checked { segments: manifest.entries().len(), head: manifest.head(), unlisted: unlisted(folder, &manifest)?, ..Checked::default() };
    let mut progress = Progress::new("segments", manifest.entries().iter().map(|entry| entry.records).sum(), quiet);
    for entry in manifest.entries() {
        let end = checked.ends.entry((entry.topic.clone(), entry.partition)).or_default();
        if *end != entry.from {
            checked
                .faults
                .push(format!("segment {}: it begins at offset {}, and the one before it ended at {end}", entry.file, entry.from));
        }
        *end = entry.next;
        match segment(&manifest, entry, &mut progress) {
            Ok(records) => checked.records += records,
            Err(error) => checked.faults.push(error.to_string()),
        }
    }
    drop(progress);
    if checked.faults.is_empty()
        && let Err(error) = inputs(&manifest, &mut checked, quiet)
    {
        checked.faults.push(ArchiveError::Inputs(format!("{error:#}")).to_string());
    }
    Ok(checked)
}

fn segment(manifest: &Manifest, entry: &Entry, progress: &mut Progress) -> Result<u64, ArchiveError> {
    let broken = |what: String| ArchiveError::Segment { file: entry.file.clone(), what };
    let (mut count, mut next, mut last) = (0, entry.from, None);
    for record in read::segment_records(manifest, entry)? {
        let record = record?;
        if record.offset < next || record.offset >= entry.next {
            return Err(broken(format!("it holds offset {}, where {next} to {} is due", record.offset, entry.next)));
        }
        next = record.offset + 1;
        last = Some(record.offset);
        count += 1;
        progress.add(1);
    }
    if count != entry.records || last != Some(entry.last) {
        return Err(broken(format!("it holds {count} records, and was written with {}", entry.records)));
    }
    Ok(count)
}

/// Every epoch of the journal with its commands.
fn inputs(manifest: &Manifest, checked: &mut Checked, quiet: bool) -> anyhow::Result<()> {
    let mut bound = bound_epochs(manifest);
    let mut progress = Progress::new("epochs", 0, quiet);
    while let Some(epoch) = bound.next_epoch()? {
        checked.epochs += 1;
        checked.last_epoch = Some(epoch.binding.epoch);
        progress.add(1);
    }
    Ok(())
}

/// The epochs that an archive holds.
pub(crate) fn bound_epochs(manifest: &Manifest) -> BoundEpochs {
    let read = |topic: &str, partition| -> Records {
        Box::new(records(manifest, topic, partition).map(|record| record.map_err(|error| Exit::from(error).into())))
    };
    let commands = Topic::Commands.as_str();
    let partitions = egress::topics::Topics::committed().partitions(commands).unwrap_or(1);
    BoundEpochs::new(read(JOURNAL.as_str(), 0), (0..partitions).map(|partition| (partition, read(commands, partition))).collect())
}

fn unlisted(folder: &Path, manifest: &Manifest) -> Result<Vec<String>, Exit> {
    let failed = |source| Exit::from(ArchiveError::File { path: folder.to_owned(), source });
    let listed: BTreeSet<&str> = manifest.entries().iter().map(|entry| entry.file.as_str()).collect();
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder).map_err(failed)? {
        let name = file.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name != FILE && name != ".lock" && !listed.contains(name.as_str()) {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}
