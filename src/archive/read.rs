//! Records back from an archive: segment by segment, each verified against the manifest before it is believed.

use super::ArchiveError;
use super::manifest::{Entry, Manifest, sha256};
use schemas::Stored;
use schemas::wire::segment;

/// The bytes of a segment, if they are those that were written.
pub(super) fn bytes(manifest: &Manifest, entry: &Entry) -> Result<Vec<u8>, ArchiveError> {
    let broken = |what: String| ArchiveError::Segment { file: entry.file.clone(), what };
    let path = manifest.path(entry);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(broken("it is missing".to_owned())),
        Err(source) => return Err(ArchiveError::File { path, source }),
    };
    if u64::try_from(bytes.len()) != Ok(entry.bytes) {
        return Err(broken(format!("it has {} bytes, and was written with {}", bytes.len(), entry.bytes)));
    }
    if sha256(&bytes) != entry.sha256 {
        return Err(broken("its bytes are not those that were written: the digest differs".to_owned()));
    }
    Ok(bytes)
}

/// The records of a segment.
pub(super) fn segment_records(
    manifest: &Manifest,
    entry: &Entry,
) -> Result<impl Iterator<Item = Result<Stored, ArchiveError>> + use<>, ArchiveError> {
    let file = entry.file.clone();
    let broken = move |error: schemas::wire::WireError| ArchiveError::Segment { file: file.clone(), what: error.to_string() };
    let records = segment::decode(bytes(manifest, entry)?).map_err(&broken)?;
    Ok(records.map(move |record| record.map_err(&broken)))
}

/// Every record of a partition, in order.
pub fn records(manifest: &Manifest, topic: &str, partition: i32) -> impl Iterator<Item = Result<Stored, ArchiveError>> + use<> {
    let entries: Vec<Entry> = manifest.partition(topic, partition).cloned().collect();
    let manifest = manifest.clone();
    entries.into_iter().flat_map(move |entry| {
        let (records, failed) = match segment_records(&manifest, &entry) {
            Ok(records) => (Some(records), None),
            Err(error) => (None, Some(Err(error))),
        };
        records.into_iter().flatten().chain(failed)
    })
}
