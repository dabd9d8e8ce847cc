//! From Kafka to segments: what was committed since the last run.
//!
//! The ends of the journals are set first, and the journals are written last. What a journal binds was in the log
//! before it, so the commands that are read in between hold everything that the journal names up to its end; and
//! wherever a run is killed, what the archived journals bind is archived already.

use super::manifest::{Entry, Manifest};
use super::{ArchiveError, read};
use crate::progress::Progress;
use egress::topics::Topics;
use ingress::partition::{Ends, Partition, Until};
use schemas::{Stored, Topic};
use std::fs::File;
use std::path::Path;

/// A segment ends at this many records or bytes of records, whichever comes first: the bound of what waits here.
pub(crate) const RECORDS_MAX: usize = 65_536;
pub(crate) const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Copies what is new; the manifest, and a line a partition.
pub fn copy(folder: &Path, brokers: &str, quiet: bool) -> Result<(Manifest, Vec<String>), ArchiveError> {
    let file = |source| ArchiveError::File { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(file)?;
    let _lock = lock(folder)?;
    let mut manifest = Manifest::read(folder)?;
    let kafka = Ends::connect(brokers)?;
    let topics = Topics::committed();
    let logs = topics.logs().flat_map(|(topic, partitions)| (0..partitions).map(move |partition| (topic, partition)));
    let (journals, others): (Vec<_>, Vec<_>) = logs.partition(|(topic, _)| topic.ends_with(".journal.v1"));
    let set = |(topic, partition)| Ok((topic, partition, open_same_log(&manifest, &kafka, topic, partition)?));
    let journals = journals.into_iter().map(set).collect::<Result<Vec<_>, ArchiveError>>()?;
    let mut lines = Vec::new();
    for (topic, partition) in others {
        let reader = open_same_log(&manifest, &kafka, topic, partition)?;
        lines.push(copy_partition(&mut manifest, reader, topic, partition, quiet)?);
    }
    for (topic, partition, reader) in journals {
        lines.push(copy_partition(&mut manifest, reader, topic, partition, quiet)?);
    }
    Ok((manifest, lines))
}

/// Held as long as the file is open, whichever way the process ends.
pub(crate) fn lock(folder: &Path) -> Result<File, ArchiveError> {
    let path = folder.join(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| ArchiveError::File { path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(ArchiveError::Busy(folder.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(ArchiveError::File { path, source }),
    }
}

/// Opens a partition of Kafka behind what is archived of it, if it is the log whose beginning is archived.
pub(super) fn open_same_log(manifest: &Manifest, kafka: &Ends, topic: &str, partition: i32) -> Result<Partition, ArchiveError> {
    let log = |what: String| ArchiveError::Log { topic: topic.to_owned(), partition, what };
    let newest = manifest.partition(topic, partition).next_back().cloned();
    let from = newest.as_ref().map_or(0, |entry| entry.next);
    // One record back, to see that this is the log whose beginning is archived.
    let back = newest.as_ref().map_or(from, |entry| entry.last);
    let mut kafka = kafka.open(topic, partition, Some(back), Until::Stable)?;
    if kafka.low() > from {
        return Err(log(format!("records from offset {from} to {} were deleted before they were archived", kafka.low())));
    }
    if kafka.end() < from {
        return Err(log(format!("Kafka ends at offset {} and the archive at {from}: it is another log, or it was truncated", kafka.end())));
    }
    if let Some(entry) = newest.filter(|entry| kafka.low() <= entry.last) {
        let archived = read::segment_records(manifest, &entry)?.last().transpose()?;
        if kafka.read()? != archived {
            return Err(log(format!("the record at offset {} is not the one that was archived: it is another log", entry.last)));
        }
    }
    Ok(kafka)
}

/// Copies what a reader gives; a line that says how much.
fn copy_partition(manifest: &mut Manifest, mut kafka: Partition, topic: &str, partition: i32, quiet: bool) -> Result<String, ArchiveError> {
    let mut from = manifest.partition(topic, partition).next_back().map_or(0, |entry| entry.next);
    let mut progress = Progress::new(topic, u64::try_from(kafka.end() - from).unwrap_or(0), quiet);
    let (mut records, mut bytes, mut copied) = (Vec::new(), 0, 0);
    while let Some(record) = kafka.read()? {
        bytes += size(&record);
        records.push(record);
        progress.add(1);
        if records.len() >= RECORDS_MAX || bytes >= BYTES_MAX {
            copied += records.len();
            from = write(manifest, topic, partition, from, None, &records)?;
            records.clear();
            bytes = 0;
        }
    }
    if !records.is_empty() {
        copied += records.len();
        from = write(manifest, topic, partition, from, Some(kafka.end()), &records)?;
    }
    Ok(format!("{topic} partition {partition}: {copied} records copied, archived up to offset {from}"))
}

pub(crate) fn size(record: &Stored) -> usize {
    let headers = record.headers.iter().map(|header| header.name.len() + header.value.as_ref().map_or(0, |value| value.len()));
    64 + record.key().len() + record.value().len() + headers.sum::<usize>()
}

/// Writes a segment; the offset at which the next one begins.
fn write(
    manifest: &mut Manifest,
    topic: &str,
    partition: i32,
    from: i64,
    next: Option<i64>,
    records: &[Stored],
) -> Result<i64, ArchiveError> {
    let file = format!("{topic}-{partition}-{from:020}.avro");
    let last = records.last().map_or(from, |record| record.offset);
    let next = next.unwrap_or(last + 1);
    let broken = |error: schemas::wire::WireError| ArchiveError::Segment { file: file.clone(), what: error.to_string() };
    let bytes = schemas::wire::segment::encode(records).map_err(broken)?;
    let records = u64::try_from(records.len()).expect("a count of records fits a u64");
    let (sha256, previous) = (String::new(), String::new());
    manifest.add(&bytes, Entry { file, topic: topic.to_owned(), partition, from, last, next, records, bytes: 0, sha256, previous })?;
    Ok(next)
}

/// The topic that binds.
pub(super) const JOURNAL: Topic = Topic::SettlementJournal;
