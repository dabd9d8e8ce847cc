//! A point to which a bank can be restored: what `backup.json` says of it.
//!
//! The file is written last and replaced whole, so a backup that died is none, and the one before it still stands. It
//! names every file by size and digest, and ends with the digest of itself.

use super::BackupError;
use crate::archive::sha256;
use egress::snapshots::Name;
use schemas::{Epoch, SealedEpoch, Topic};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Its file.
pub(crate) const FILE: &str = "backup.json";
/// The form of the file; a binary refuses a newer one.
pub(crate) const FORMAT: u32 = 2;

/// A point.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Point {
    /// [`FORMAT`] of who wrote it.
    pub format: u32,
    /// Version of who wrote it.
    pub orion: String,
    /// The newest rules that it knew.
    pub code_version: u32,
    /// When, for people.
    pub taken_at: String,
    /// The folder of the files that belong to this point alone.
    pub folder: String,
    /// The last epoch of settlement's journal.
    pub last_epoch: Epoch,
    /// The archive as it was.
    pub archive: Archived,
    /// Settlement's snapshot; none where the bank is too young to have one.
    pub settlement: Option<Snapshot>,
    /// The snapshot of the views, of an epoch that Postgres shows.
    pub views: Option<Snapshot>,
    /// The snapshot of risk, of an epoch whose alerts Postgres shows; none in the first format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Snapshot>,
    /// The views' database.
    pub postgres: Database,
    /// Events are here from this epoch on; 0 if all are.
    pub events_from: Epoch,
    /// The schemas that the registry had, by id.
    pub schemas: Vec<Schema>,
    /// Every file of the folder.
    pub files: Vec<Listed>,
    /// SHA-256 of all of it, with nothing here.
    pub sha256: String,
}

/// The archive as it was: later backups only add to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Archived {
    /// Segments.
    pub segments: usize,
    /// Its head.
    pub head: String,
}

/// A snapshot's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    /// Epoch.
    pub epoch: Epoch,
    /// Who minted it.
    pub generation: u64,
}

/// Where Postgres stood.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    /// The first epoch that it does not show.
    pub epoch: Epoch,
    /// Who wrote last.
    pub generation: u64,
    /// What wrote the dump.
    pub tool: String,
}

/// A schema of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schema {
    /// The registry's id.
    pub id: u32,
    /// The topic.
    pub topic: Topic,
    /// The schema as JSON.
    pub schema: String,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listed {
    /// Path in the folder.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: String,
}

/// What every version of the file has.
#[derive(Deserialize)]
struct Versioned {
    format: u32,
    orion: String,
    code_version: u32,
}

impl From<Name> for Snapshot {
    fn from(Name { epoch, generation }: Name) -> Self {
        Self { epoch, generation }
    }
}

impl Snapshot {
    /// The name of its file.
    pub(crate) const fn name(self) -> Name {
        Name { epoch: self.epoch, generation: self.generation }
    }

    /// Whether an epoch was committed as this generation minted it.
    pub(crate) fn is_of(self, sealed: &SealedEpoch) -> bool {
        (sealed.binding.epoch, sealed.binding.generation) == (self.epoch, self.generation)
    }
}

impl Point {
    /// The first epoch whose events a cell or a door goes on from.
    pub(crate) fn needed_from(snapshots: [Option<Snapshot>; 2], written: Epoch) -> Epoch {
        snapshots.into_iter().flatten().map(|snapshot| snapshot.epoch + 1).fold(written, Epoch::min)
    }

    /// Reads the point of a folder.
    pub(crate) fn read(dir: &Path) -> Result<Self, BackupError> {
        let path = dir.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(BackupError::None(dir.to_owned())),
            Err(source) => return Err(BackupError::File { path, source }),
        };
        let damaged = |what: String| BackupError::Damaged { file: FILE.to_owned(), what };
        let versioned: Versioned = serde_json::from_slice(&bytes).map_err(|error| damaged(format!("it can't be read: {error}")))?;
        if versioned.format > FORMAT {
            let Versioned { orion, format, .. } = versioned;
            return Err(BackupError::Newer(format!("orion {orion} wrote it in format {format}, and this binary reads up to {FORMAT}")));
        }
        if versioned.code_version > state::CODE_VERSION {
            let (known, Versioned { orion, code_version, .. }) = (state::CODE_VERSION, versioned);
            let sentence = format!("orion {orion} wrote it with version {code_version} of the rules, and this binary knows up to {known}");
            return Err(BackupError::Newer(sentence));
        }
        let point: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(format!("it can't be read: {error}")))?;
        if point.digest() != point.sha256 {
            return Err(damaged("its digest is not that of what it says".to_owned()));
        }
        Ok(point)
    }

    /// Writes it, whole or not at all.
    pub(crate) fn write(mut self, dir: &Path) -> Result<Self, BackupError> {
        self.sha256 = self.digest();
        let (path, temporary) = (dir.join(FILE), dir.join(format!("{FILE}.tmp")));
        let text = serde_json::to_string_pretty(&self).expect("texts and numbers are JSON");
        let write = || {
            let mut file = File::create(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)?;
            File::open(dir)?.sync_all()
        };
        write().map_err(|source| BackupError::File { path: path.clone(), source })?;
        Ok(self)
    }

    fn digest(&self) -> String {
        let without = Self { sha256: String::new(), ..self.clone() };
        sha256(serde_json::to_string(&without).expect("texts and numbers are JSON").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point() -> Point {
        Point {
            format: FORMAT,
            orion: "0".to_owned(),
            code_version: 1,
            taken_at: String::new(),
            folder: "point-1".to_owned(),
            last_epoch: 9,
            archive: Archived { segments: 2, head: "h".to_owned() },
            settlement: Some(Snapshot { epoch: 8, generation: 1 }),
            views: None,
            risk: None,
            postgres: Database { epoch: 7, generation: 1, tool: String::new() },
            events_from: 7,
            schemas: Vec::new(),
            files: Vec::new(),
            sha256: String::new(),
        }
    }

    #[test]
    fn a_point_is_read_back_as_it_was_written_or_not_at_all() {
        let dir = std::env::temp_dir().join(format!("orion-point-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&dir).unwrap();
        assert!(Point::read(&dir).unwrap_err().to_string().starts_with("there is no backup in "));
        point().write(&dir).unwrap();
        assert_eq!(Point::read(&dir).unwrap().settlement, point().settlement);
        let whole = std::fs::read_to_string(dir.join(FILE)).unwrap();
        for (from, to, sentence) in [
            ("\"last_epoch\": 9", "\"last_epoch\": 6", "backup.json is damaged: its digest is not that of what it says"),
            (
                "\"format\": 2",
                "\"format\": 3",
                "this backup is of a newer version: orion 0 wrote it in format 3, and this binary reads up to 2",
            ),
            (
                "\"code_version\": 1",
                "\"code_version\": 9",
                "this backup is of a newer version: orion 0 wrote it with version 9 of the rules, and",
            ),
            ("\"views\": null", "\"views\": ", "backup.json is damaged: it can't be read: "),
        ] {
            assert!(whole.contains(from), "{from}");
            std::fs::write(dir.join(FILE), whole.replacen(from, to, 1)).unwrap();
            let error = Point::read(&dir).unwrap_err().to_string();
            assert!(error.starts_with(sentence), "{error}");
        }
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn events_are_needed_from_the_books_or_from_what_postgres_lacks() {
        let of = |epoch| Some(Snapshot { epoch, generation: 1 });
        for (views, risk, written, from) in
            [(None, None, 0, 0), (None, None, 9, 9), (of(5), None, 9, 6), (of(8), None, 9, 9), (of(8), of(3), 9, 4), (of(3), of(8), 9, 4)]
        {
            assert_eq!(Point::needed_from([views, risk], written), from, "{views:?} {risk:?}");
        }
    }
}
