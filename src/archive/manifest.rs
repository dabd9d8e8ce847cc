//! The manifest of an archive: every segment in the order in which it was written, each chained to the one before.
//!
//! One JSON object a line; `previous` is the SHA-256 of the line before. The last line counts the others and holds
//! the digest of the last, so a manifest that was cut short is found. The file is replaced whole, by rename.

use super::ArchiveError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Its file.
pub(super) const FILE: &str = "manifest.jsonl";
/// What the first line follows.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A segment as the manifest has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// File in the archive.
    pub file: String,
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// First offset that it covers: where the segment before it ended.
    pub from: i64,
    /// Offset of its last record.
    pub last: i64,
    /// Exclusive end of what it covers. Offsets that hold no record are Kafka's own markers, or were aborted.
    pub next: i64,
    /// Records.
    pub records: u64,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// SHA-256 of the manifest's line before this one.
    pub previous: String,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    segments: usize,
    head: String,
}

/// A manifest whose chain holds.
#[derive(Clone, Debug)]
pub struct Manifest {
    folder: PathBuf,
    lines: Vec<String>,
    entries: Vec<Entry>,
}

impl Manifest {
    /// Reads the manifest of a folder and follows its chain; an empty one where there is none.
    pub fn read(folder: &Path) -> Result<Self, ArchiveError> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::empty(folder)),
            Err(source) => return Err(ArchiveError::File { path, source }),
        };
        let mut manifest = Self::empty(folder);
        let broken = |line: usize, what: String| ArchiveError::Manifest { line, what };
        let mut lines: Vec<&str> = text.lines().collect();
        let cut = || "it does not end with its closing line: it was cut short".to_owned();
        let closing = lines.pop().ok_or_else(|| broken(0, cut()))?;
        let closing: Closing = serde_json::from_str(closing).map_err(|_| broken(lines.len() + 1, cut()))?;
        for (number, line) in (1..).zip(lines) {
            let entry: Entry = serde_json::from_str(line).map_err(|error| broken(number, format!("it is no segment: {error}")))?;
            if entry.previous != manifest.head() {
                return Err(broken(number, "it does not follow the line before it: a line was changed or is missing".to_owned()));
            }
            manifest.lines.push(line.to_owned());
            manifest.entries.push(entry);
        }
        if closing.segments != manifest.entries.len() || closing.head != manifest.head() {
            let what = format!("the closing line says {} segments, and {} are there", closing.segments, manifest.entries.len());
            return Err(broken(manifest.entries.len() + 1, what));
        }
        if !text.ends_with('\n') {
            return Err(broken(manifest.entries.len() + 1, cut()));
        }
        Ok(manifest)
    }

    fn empty(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), lines: Vec::new(), entries: Vec::new() }
    }

    /// Every segment, in the order in which it was written.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The segments of a partition, in order.
    pub fn partition<'a>(&'a self, topic: &'a str, partition: i32) -> impl DoubleEndedIterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.topic == topic && entry.partition == partition)
    }

    /// The digest that stands for the whole archive: that of the last segment's line.
    pub fn head(&self) -> String {
        self.lines.last().map_or_else(|| NOTHING.to_owned(), |line| sha256(line.as_bytes()))
    }

    /// The archive as it was when its head was this; none if it never was.
    pub fn up_to(mut self, segments: usize, head: &str) -> Option<Self> {
        if segments > self.lines.len() {
            return None;
        }
        self.lines.truncate(segments);
        self.entries.truncate(segments);
        (self.head() == head).then_some(self)
    }

    /// Where a segment's file is.
    pub fn path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(&entry.file)
    }

    /// Adds a segment whose bytes are not on disk yet: first the file, then the manifest that names it.
    ///
    /// A death before the second rename leaves a file that no line names. The next run writes it anew, under the
    /// same name: the first offset has not changed.
    pub fn add(&mut self, bytes: &[u8], entry: Entry) -> Result<(), ArchiveError> {
        let entry = Entry { previous: self.head(), bytes: len(bytes), sha256: sha256(bytes), ..entry };
        replace(&self.folder, &entry.file, bytes)?;
        self.lines.push(serde_json::to_string(&entry).expect("texts and numbers are JSON"));
        self.entries.push(entry);
        let closing = Closing { segments: self.entries.len(), head: self.head() };
        let closing = serde_json::to_string(&closing).expect("texts and numbers are JSON");
        let text: String = self.lines.iter().chain([&closing]).flat_map(|line| [line.as_str(), "\n"]).collect();
        replace(&self.folder, FILE, text.as_bytes())
    }
}

/// Writes a file whole or not at all: a temporary one, to the disk, then renamed.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
    let (path, temporary) = (folder.join(name), folder.join(format!("{name}.tmp")));
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|source| ArchiveError::File { path: path.clone(), source })
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("no memory is larger than a u64")
}

#[cfg(test)]
mod tests;
