//! The events that a restored bank goes on from: those of the epochs that its views do not have.
//!
//! They are kept as they are, though the commands give them again: a restore then takes as long as it takes to write
//! them, not as long as the bank's whole life takes to be decided. Whether they are those that the journal says, a
//! check counts and hashes.

use super::BackupError;
use super::journal::each_sealed;
use super::point::Point;
use crate::archive::{BYTES_MAX, Manifest, RECORDS_MAX, size};
use crate::progress::Progress;
use egress::topics::Topics;
use ingress::partition::{Ends, Until};
use schemas::topic::{COMMANDS_DLQ, EPOCH_HEADER};
use schemas::wire::{datum, segment};
use schemas::{Epoch, Output, Records, Stored, Topic};
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::path::{Path, PathBuf};

/// Folder of the events in that of a point.
pub(crate) const FOLDER: &str = "events";

/// Every partition that settlement writes events or dead letters to.
pub(crate) fn partitions() -> Vec<(&'static str, i32)> {
    let topics = Topics::committed();
    let names = Topic::EVENTS.iter().map(|topic| topic.as_str()).chain([COMMANDS_DLQ]);
    names.flat_map(|topic| (0..topics.partitions(topic).unwrap_or(1)).map(move |partition| (topic, partition))).collect()
}

/// Copies the events of the epochs from `from` to `last`.
pub(super) fn copy(brokers: &str, folder: &Path, from: Epoch, last: Epoch, quiet: bool) -> Result<(), BackupError> {
    std::fs::create_dir_all(folder).map_err(|source| BackupError::File { path: folder.to_owned(), source })?;
    let kafka = Ends::connect(brokers)?;
    for (topic, partition) in partitions() {
        let start = kafka.offset_at(topic, partition, from)?;
        // The journal shows the epochs: what they wrote is written. Kafka may only show it a moment later.
        let mut reader = kafka.open(topic, partition, Some(start), Until::Decided)?;
        let mut progress = Progress::new(topic, u64::try_from(reader.end() - start).unwrap_or(0), quiet);
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        while let Some(record) = reader.read()? {
            progress.add(1);
            let epoch = epoch_of(&record);
            if epoch < from.max(1) || epoch > last {
                continue;
            }
            bytes += size(&record);
            waiting.push(record);
            if waiting.len() >= RECORDS_MAX || bytes >= BYTES_MAX {
                write(folder, topic, partition, &waiting)?;
                waiting.clear();
                bytes = 0;
            }
        }
        if !waiting.is_empty() {
            write(folder, topic, partition, &waiting)?;
        }
    }
    Ok(())
}

fn epoch_of(record: &Stored) -> Epoch {
    record.header(EPOCH_HEADER).parse().unwrap_or(0)
}

fn write(folder: &Path, topic: &str, partition: i32, records: &[Stored]) -> Result<(), BackupError> {
    let first = records.first().map_or(0, |record| record.offset);
    let path = folder.join(format!("{topic}-{partition}-{first:020}.avro"));
    let damaged = |error: schemas::wire::WireError| BackupError::Damaged { file: path.display().to_string(), what: error.to_string() };
    let bytes = segment::encode(records).map_err(damaged)?;
    super::write_file(&path, &bytes)
}

/// The records of a partition, in order. The files have been checked.
pub(crate) fn read(dir: &Path, point: &Point, topic: &str, partition: i32) -> impl Iterator<Item = Result<Stored, BackupError>> + use<> {
    let prefix = format!("{FOLDER}/{topic}-{partition}-");
    let mut files: Vec<PathBuf> =
        point.files.iter().filter(|file| file.path.starts_with(&prefix)).map(|file| dir.join(&point.folder).join(&file.path)).collect();
    files.sort_unstable();
    files.into_iter().flat_map(|path| {
        let (records, failed) = match open(path) {
            Ok(records) => (Some(records), None),
            Err(error) => (None, Some(Err(error))),
        };
        records.into_iter().flatten().chain(failed)
    })
}

fn open(path: PathBuf) -> Result<impl Iterator<Item = Result<Stored, BackupError>>, BackupError> {
    let bytes = std::fs::read(&path).map_err(|source| BackupError::File { path: path.clone(), source })?;
    let damaged = move |error: schemas::wire::WireError| BackupError::Damaged { file: path.display().to_string(), what: error.to_string() };
    let records = segment::decode(bytes).map_err(&damaged)?;
    Ok(records.map(move |record| record.map_err(&damaged)))
}

/// The records of one partition, of which epoch after epoch is taken.
type Source = Peekable<Box<dyn Iterator<Item = Result<Stored, BackupError>>>>;

/// Whether the events are those that the journal says; the first that is not, as a sentence.
pub(super) fn compare(dir: &Path, point: &Point, manifest: &Manifest, quiet: bool) -> anyhow::Result<Option<String>> {
    let mut sources: BTreeMap<(String, i32), Source> = BTreeMap::new();
    for (topic, partition) in partitions() {
        let records: Box<dyn Iterator<Item = _>> = Box::new(read(dir, point, topic, partition));
        sources.insert((topic.to_owned(), partition), records.peekable());
    }
    let (mut fault, mut progress) = (None, Progress::new("events", 0, quiet));
    each_sealed(manifest, |sealed| {
        let epoch = sealed.binding.epoch;
        for output in sealed.outputs.iter().filter(|_| epoch >= point.events_from) {
            let Some(source) = sources.get_mut(&(output.topic.clone(), output.partition)) else { continue };
            let (count, digest) = take(source, epoch, output.topic != COMMANDS_DLQ)?;
            progress.add(u64::from(count));
            if (count, digest) != (output.count, output.digest) {
                fault.get_or_insert_with(|| differs(output, epoch, count));
            }
        }
        Ok(())
    })?;
    let left = sources.into_iter().find_map(|((topic, partition), mut source)| source.next().map(|_| (topic, partition)));
    Ok(fault.or(left.map(|(topic, partition)| format!("the events of {topic} partition {partition} are more than the journal says"))))
}

/// An epoch's records of a partition: how many, with which digest. A dead letter is no Avro, whatever it looks like.
fn take(source: &mut Source, epoch: Epoch, framed: bool) -> anyhow::Result<(u32, [u8; 16])> {
    let mut records = Records::default();
    while let Some(record) = source.next_if(|record| record.as_ref().map_or(true, |record| epoch_of(record) == epoch)) {
        let record = record.map_err(crate::exit::Exit::from)?;
        let value = if framed { datum(record.value()).map_or(record.value(), |(_, datum)| datum) } else { record.value() };
        records.add(record.key(), value);
    }
    Ok((records.count(), records.digest()))
}

fn differs(output: &Output, epoch: Epoch, count: u32) -> String {
    let Output { topic, partition, count: said, .. } = output;
    if count == *said {
        format!("the events of {topic} partition {partition} in epoch {epoch} have another digest than the journal says")
    } else {
        format!("the events of {topic} partition {partition} in epoch {epoch} are {count}, and the journal says {said}")
    }
}
