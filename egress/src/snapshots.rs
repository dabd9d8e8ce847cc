//! Snapshots of a cell's state, as files.
//!
//! In: the state at the end of an epoch, as chunks of bytes. Out: the same bytes, whole and unchanged, or an error.
//! Never: a file that looks whole and is not.
//!
//! | File | Holds |
//! |---|---|
//! | `<epoch>-<generation>.snapshot` | the state at the end of an epoch that this generation minted |
//! | `<digest>.part` | a piece of state that never changes again, shared by the snapshots that name it |
//! | `*.tmp` | what a process was writing when it died; removed at the next start |
//!
//! A file is chunks, each behind its length, then a length that no chunk has, then the SHA-256 of all before it.
//! It is written under another name, flushed to the disk, and only then given its own.
//!
//! An epoch may be minted, die uncommitted, and be minted again by the next generation with other commands in it.
//! So a snapshot is of `(generation, epoch)`, and whoever loads one first looks whether that epoch is committed.

use schemas::Epoch;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The state is that at the end of this epoch.
    pub epoch: Epoch,
    /// Who minted the epoch.
    pub generation: u64,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:020}-{:010}.snapshot", self.epoch, self.generation)
    }
}

/// A file that can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The disk said no.
    #[error("can't {doing} {path}")]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is more in one chunk than is read back.
    #[error("a chunk of {bytes} bytes is too long for {path}")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// How long.
        bytes: usize,
    },
    /// The file is not what was written.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        what: &'static str,
    },
}

/// First bytes of every file; a later format has another number.
const MAGIC: &[u8] = b"orion snapshot 1\n";
/// Stands where the length of a chunk would, at the end.
const END: u32 = u32::MAX;
/// A chunk is at most this long: what reads one back must know that it fits into memory.
const CHUNK_MAX: usize = 64 << 20;
const DIGEST_BYTES: usize = 32;
/// What stands before the bytes of a part: the first bytes of every file, and the length of its chunk.
const BEFORE_PART: u64 = 17 + 4;
const _: () = assert!(MAGIC.len() == 17);

/// The snapshots of one cell: a folder of its own.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Opens the folder, made if it is not there, and removes what a dead process left half written.
    ///
    /// Only the process that holds the cell may: the caller has fenced every other.
    pub fn open(folder: &Path) -> Result<Self, SnapshotError> {
        std::fs::create_dir_all(folder).map_err(|source| disk("make", folder, source))?;
        let store = Self { folder: folder.to_owned() };
        for name in store.files()?.into_iter().filter(|name| name.ends_with(".tmp")) {
            store.remove(&name)?;
        }
        Ok(store)
    }

    /// The folder for whoever does not hold the cell: nothing is made and nothing removed.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The snapshots of a folder that are whole, for whoever does not hold the cell: nothing is made and nothing removed,
    /// not even what looks half written, since it may be just being written. None where there is no folder.
    pub fn whole(folder: &Path) -> Result<Vec<Name>, SnapshotError> {
        let store = Self::at(folder);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        Ok(store.list()?.into_iter().filter(|name| store.check(*name).is_ok()).collect())
    }

    /// What there is, newest first. Of one epoch, the newer generation first.
    pub fn list(&self) -> Result<Vec<Name>, SnapshotError> {
        let mut names: Vec<Name> = self.files()?.iter().filter_map(|file| read_name(file)).collect();
        names.sort_unstable_by(|a, b| b.cmp(a));
        Ok(names)
    }

    /// Writes a snapshot; it is there, whole and on the disk, when this returns, and not before.
    pub fn write(&self, name: Name, chunks: impl IntoIterator<Item = Vec<u8>>) -> Result<(), SnapshotError> {
        self.write_file(&name.to_string(), chunks)
    }

    /// Reads a snapshot, chunk by chunk. What was read counts only if this returns `Ok`.
    pub fn read<E: From<SnapshotError>>(&self, name: Name, each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.read_chunks(&name.to_string(), true, each)
    }

    /// Writes a part that snapshots may name; gives that name, the digest of its bytes. A part that is there stays, if it is whole.
    pub fn write_part(&self, bytes: &[u8]) -> Result<String, SnapshotError> {
        let name = part_name(bytes);
        if !self.has_part(&name) || self.read_part(&name).is_err() {
            self.write_file(&name, bytes.chunks(CHUNK_MAX).map(<[u8]>::to_vec))?;
        }
        Ok(name)
    }

    /// Whether a part is there.
    pub fn has_part(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Whether a snapshot is whole. Its bytes are read twice by who reads it afterwards, and acted on only once they are
    /// known to be those that were written.
    pub fn check(&self, name: Name) -> Result<(), SnapshotError> {
        self.read(name, |_| Ok(()))
    }

    /// The bytes of a part.
    pub fn read_part(&self, name: &str) -> Result<Vec<u8>, SnapshotError> {
        if !self.has_part(name) {
            return Err(damaged(&self.path(name), "it is gone"));
        }
        let mut bytes = Vec::new();
        // Its own name is a digest of all that is used of it, so that of the file is not taken as well: a start waits for it.
        self.read_chunks(name, false, |chunk| {
            bytes.extend_from_slice(chunk);
            Ok::<(), SnapshotError>(())
        })?;
        if part_name(&bytes) == name { Ok(bytes) } else { Err(damaged(&self.path(name), "it is another part")) }
    }

    /// The bytes of a part in these ranges, one range behind the other. Only who asks can know whether they are those that were
    /// written: nothing else of the part is looked at.
    pub fn read_ranges(&self, name: &str, ranges: &[Range<u32>]) -> Result<Vec<u8>, SnapshotError> {
        let path = self.path(name);
        let failed = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => damaged(&path, "it is gone"),
            std::io::ErrorKind::UnexpectedEof => damaged(&path, "it ends early"),
            _ => disk("read", &path, source),
        };
        // Opened each time, since there may be thousands of parts, and few of them are asked for.
        let file = File::open(&path).map_err(failed)?;
        let mut bytes = Vec::new();
        for range in ranges {
            // All are in the first chunk, which stands behind its length.
            let (begin, end) = (u64::from(range.start), usize::try_from(range.end).expect("a u32 fits a usize"));
            if end > CHUNK_MAX {
                return Err(damaged(&path, "it is too long to be read in pieces"));
            }
            let from = bytes.len();
            bytes.resize(from + range.len(), 0);
            file.read_exact_at(&mut bytes[from..], BEFORE_PART + begin).map_err(failed)?;
        }
        Ok(bytes)
    }

    /// How many bytes all snapshots and their parts take.
    pub fn bytes(&self) -> Result<u64, SnapshotError> {
        // What goes away in between takes nothing.
        Ok(self.files()?.iter().filter_map(|file| std::fs::metadata(self.path(file)).ok()).map(|file| file.len()).sum())
    }

    /// Removes a snapshot.
    pub fn delete(&self, name: Name) -> Result<(), SnapshotError> {
        self.remove(&name.to_string())
    }

    /// Removes every part that none of `named` is.
    pub fn delete_parts_except(&self, named: &std::collections::BTreeSet<String>) -> Result<(), SnapshotError> {
        let stale = |name: &String| name.ends_with(".part") && !named.contains(name);
        self.files()?.iter().filter(|name| stale(name)).try_for_each(|name| self.remove(name))
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    fn files(&self) -> Result<Vec<String>, SnapshotError> {
        let failed = |source| disk("list", &self.folder, source);
        let entries = std::fs::read_dir(&self.folder).map_err(failed)?;
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry.map_err(failed)?.file_name().into_string());
        }
        Ok(names)
    }

    fn remove(&self, file: &str) -> Result<(), SnapshotError> {
        let path = self.path(file);
        match std::fs::remove_file(&path) {
            // A process that was replaced, and does not know it yet, may be tidying up too.
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|source| disk("remove", &path, source)),
        }
    }

    fn write_file(&self, file: &str, chunks: impl IntoIterator<Item = Vec<u8>>) -> Result<(), SnapshotError> {
        let (path, half) = (self.path(file), self.path(&format!("{file}.tmp")));
        let written = self.write_half(&half, chunks).and_then(|()| {
            std::fs::rename(&half, &path).map_err(|source| disk("name", &path, source))?;
            // The new name has to reach the disk too.
            File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(|source| disk("flush", &self.folder, source))
        });
        if written.is_err() {
            // What a full disk has taken of it, others need.
            drop(std::fs::remove_file(&half));
        }
        written
    }

    fn write_half(&self, half: &Path, chunks: impl IntoIterator<Item = Vec<u8>>) -> Result<(), SnapshotError> {
        let failed = |source| disk("write", half, source);
        let mut out = Hashed { to: BufWriter::with_capacity(1 << 20, File::create(half).map_err(failed)?), hash: Sha256::new() };
        out.put(MAGIC).map_err(failed)?;
        for chunk in chunks {
            let length = u32::try_from(chunk.len()).ok().filter(|_| chunk.len() <= CHUNK_MAX);
            let length = length.ok_or_else(|| SnapshotError::TooLong { path: half.to_owned(), bytes: chunk.len() })?;
            out.put(&length.to_le_bytes()).map_err(failed)?;
            out.put(&chunk).map_err(failed)?;
        }
        out.put(&END.to_le_bytes()).map_err(failed)?;
        let Hashed { mut to, hash } = out;
        to.write_all(&hash.finalize()).map_err(failed)?;
        to.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)
    }

    fn read_chunks<E: From<SnapshotError>>(&self, file: &str, verify: bool, mut each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let path = self.path(file);
        let failed = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::UnexpectedEof => damaged(&path, "it ends early"),
            _ => disk("read", &path, source),
        };
        let mut from = BufReader::with_capacity(1 << 20, File::open(&path).map_err(failed)?);
        let mut hash = Sha256::new();
        let mut bytes = vec![0; MAGIC.len()];
        from.read_exact(&mut bytes).map_err(failed)?;
        if bytes != MAGIC {
            return Err(damaged(&path, "it does not start as a snapshot of this format does").into());
        }
        hash.update(&bytes);
        loop {
            let mut length = [0; 4];
            from.read_exact(&mut length).map_err(failed)?;
            hash.update(length);
            let length = u32::from_le_bytes(length);
            if length == END {
                break;
            }
            let length = usize::try_from(length).expect("a u32 fits a usize");
            if length > CHUNK_MAX {
                return Err(damaged(&path, "a chunk is too long").into());
            }
            bytes.resize(length, 0);
            from.read_exact(&mut bytes).map_err(failed)?;
            if verify {
                hash.update(&bytes);
            }
            each(&bytes)?;
        }
        let mut digest = [0; DIGEST_BYTES];
        from.read_exact(&mut digest).map_err(failed)?;
        if verify && digest != <[u8; DIGEST_BYTES]>::from(hash.finalize()) {
            return Err(damaged(&path, "its digest is not that of its bytes").into());
        }
        if from.read(&mut [0]).map_err(failed)? > 0 {
            return Err(damaged(&path, "bytes follow its end").into());
        }
        Ok(())
    }
}

struct Hashed {
    to: BufWriter<File>,
    hash: Sha256,
}

impl Hashed {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hash.update(bytes);
        self.to.write_all(bytes)
    }
}

fn read_name(file: &str) -> Option<Name> {
    let (epoch, generation) = file.strip_suffix(".snapshot")?.split_once('-')?;
    let name = Name { epoch: epoch.parse().ok()?, generation: generation.parse().ok()? };
    (name.to_string() == file).then_some(name)
}

/// 32 hexadecimal digits of the SHA-256 of the bytes.
fn part_name(bytes: &[u8]) -> String {
    let digest: [u8; DIGEST_BYTES] = Sha256::digest(bytes).into();
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.part")
}

fn disk(doing: &'static str, path: &Path, source: std::io::Error) -> SnapshotError {
    SnapshotError::Disk { doing, path: path.to_owned(), source }
}

fn damaged(path: &Path, what: &'static str) -> SnapshotError {
    SnapshotError::Damaged { path: path.to_owned(), what }
}

#[cfg(test)]
mod tests;
