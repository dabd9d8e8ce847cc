//! `orion backup`: archive, snapshots and Postgres as one point to which the bank can be restored, while it runs.
//!
//! In: a running bank. Out: a folder with an archive of the logs that only grows, the files of one point, and
//! `backup.json`, which makes them one. Never: a point whose parts don't fit; a point named before all of it is on the
//! disk.
//!
//! The order makes the parts fit:
//! 1. the snapshots: each was written after Kafka, that of the views after Postgres, had its epoch;
//! 2. Postgres, at a moment whose progress is known, so it shows at least the epoch of the views' snapshot;
//! 3. the archive, journals last: whatever was shown before is in the journal by now, and its commands before it;
//! 4. the events from the epoch on that cells and doors go on from, up to the last that the archived journal has;
//! 5. a look whether all of it fits, and only then `backup.json`.

/// Whether a backup is what it says.
mod check;
/// The views' database.
pub(crate) mod database;
/// Events that a restored bank goes on from.
pub(crate) mod events;
/// Settlement's journal in an archive.
mod journal;
/// What `backup.json` says.
pub(crate) mod point;
/// Snapshots from one folder to another.
pub(crate) mod snapshots;

pub(crate) use check::check;

use crate::archive::{self, ArchiveError, Manifest};
use crate::config::Config;
use crate::exit::{self, Exit};
use egress::registry::Registry;
use egress::snapshots::SnapshotError;
use ingress::kafka::ReadError;
use point::{Archived, FORMAT, Listed, Point, Schema};
use schemas::wire::schema_json;
use schemas::{Epoch, Topic};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// `orion backup`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion backup --dir /backup                add what is new to the archive, and make a new point to restore to\n  orion backup --dir /backup --check        read everything again; 65 and a sentence where it is not whole\n  orion backup --dir /backup --all-events   keep every event that Kafka still has, for readers of topics\n\nThe bank goes on meanwhile. A run that dies changes nothing: the point before it stands.\n\nExit codes: 0 done; 64 usage; 65 the backup is damaged, or is not of this bank; 69 Kafka, Postgres, the registry or\npg_dump is not there."
)]
pub struct Args {
    /// Folder of the backup.
    #[arg(long)]
    pub dir: PathBuf,
    /// Verify every file, and that they fit; reads nothing but the backup.
    #[arg(long, conflicts_with = "all_events")]
    pub check: bool,
    /// Keep every event that Kafka still has, not only those that the bank goes on from.
    #[arg(long)]
    pub all_events: bool,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// What ends a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    /// There is none.
    #[error("there is no backup in {}: it has no backup.json, which a run writes last", .0.display())]
    None(PathBuf),
    /// A newer binary wrote it.
    #[error("this backup is of a newer version: {0}: restore it with the newer binary")]
    Newer(String),
    /// It is not what was written.
    #[error("{file} is damaged: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// A file can't be read or written.
    #[error("can't read or write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A snapshot can't be copied.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Kafka can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<BackupError> for Exit {
    fn from(error: BackupError) -> Self {
        let code = match error {
            BackupError::Archive(error) => return error.into(),
            BackupError::None(_)
            | BackupError::Newer(_)
            | BackupError::Damaged { .. }
            | BackupError::Snapshot(SnapshotError::Damaged { .. }) => exit::BAD_INPUT,
            BackupError::Read(_) => exit::UNAVAILABLE,
            BackupError::File { .. } | BackupError::Snapshot(SnapshotError::Disk { .. } | SnapshotError::TooLong { .. }) => exit::FAILURE,
        };
        Self { code, sentence: format!("{:#}", anyhow::Error::from(error)) }
    }
}

/// Does it.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    if args.check {
        let point = Point::read(&args.dir).map_err(Exit::from)?;
        let faults = check(&args.dir, &point, args.quiet)?;
        for fault in &faults {
            println!("DAMAGED: {fault}");
        }
        say(&point);
        return Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::BAD_INPUT) });
    }
    let begun = Instant::now();
    let point = make(args, config)?;
    say(&point);
    println!("backup: done in {:.1} s; keep its digest somewhere else", begun.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

/// What a point is, in a few lines.
pub(crate) fn say(point: &Point) {
    let of = |snapshot: Option<point::Snapshot>| snapshot.map_or("none".to_owned(), |snapshot| format!("of epoch {}", snapshot.epoch));
    println!("archive: {} segments up to epoch {}, head {}", point.archive.segments, point.last_epoch, point.archive.head);
    println!("snapshots: settlement {}, views {}, risk {}", of(point.settlement), of(point.views), of(point.risk));
    println!("postgres: up to epoch {}; events from epoch {} on", point.postgres.epoch.saturating_sub(1), point.events_from);
    let bytes: u64 = point.files.iter().map(|file| file.bytes).sum();
    println!(
        "backup: taken {}, {} files with {bytes} bytes beside the archive, digest {}",
        point.taken_at,
        point.files.len(),
        point.sha256
    );
}

fn make(args: &Args, config: &Config) -> anyhow::Result<Point> {
    let dir = &args.dir;
    let file = |source| Exit::from(BackupError::File { path: dir.clone(), source });
    std::fs::create_dir_all(dir).map_err(file)?;
    let _lock = archive::lock(dir).map_err(Exit::from)?;
    match Point::read(dir) {
        Ok(point) => remove_others(dir, &point.folder).map_err(Exit::from)?,
        Err(BackupError::None(_)) => remove_others(dir, "").map_err(Exit::from)?,
        // What can't be read may still be of use to somebody, with all that it names.
        Err(_) => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let name = format!("point-{now_ms}");
    let folder = dir.join(&name);
    std::fs::create_dir(&folder).map_err(file)?;
    // 1.
    let snapshots = |cell: &str| snapshots::newest(&config.snapshots.folder.join(cell), &folder.join(cell)).map_err(Exit::from);
    let views = snapshots("views")?.map(Into::into);
    let risk = snapshots("risk")?.map(Into::into);
    let settlement = snapshots("settlement")?.map(Into::into);
    for (cell, none) in [("settlement", settlement.is_none()), ("views", views.is_none()), ("risk", risk.is_none())] {
        if none {
            let folder = config.snapshots.folder.join(cell);
            println!("note: {} has no snapshot, so a restored {cell} goes through all of its past first", folder.display());
        }
    }
    // 2.
    let postgres = runtime.block_on(database::dump(config, &folder.join(database::FILE)))?;
    // 3.
    let (manifest, _) = archive::copy(&archive_folder(dir), &config.kafka.brokers, args.quiet).map_err(Exit::from)?;
    let last_epoch = last_epoch(&manifest)?;
    // 4.
    let needed = Point::needed_from([views, risk], postgres.epoch);
    let events_from = match whole_from(config, postgres.epoch) {
        Ok(whole) if args.all_events || risk.is_none() => needed.min(whole),
        Err(exit) if args.all_events => return Err(exit.into()),
        // Without a snapshot of risk, what Kafka has no more is not known to a restored one either.
        Ok(_) | Err(_) => needed,
    };
    let to = folder.join(events::FOLDER);
    events::copy(&config.kafka.brokers, &to, events_from, last_epoch, args.quiet).map_err(Exit::from)?;
    // 5.
    let point = Point {
        format: FORMAT,
        orion: crate::VERSION.to_owned(),
        code_version: state::CODE_VERSION,
        taken_at: schemas::rfc3339(now_ms),
        folder: name,
        last_epoch,
        archive: Archived { segments: manifest.entries().len(), head: manifest.head() },
        settlement,
        views,
        risk,
        postgres,
        events_from,
        schemas: runtime.block_on(registered(config))?,
        files: list(&folder).map_err(Exit::from)?,
        sha256: String::new(),
    };
    if let Some(fault) = check::fits(dir, &point, &manifest, args.quiet)? {
        let sentence = format!("what was copied does not fit together, so there is no new backup: {fault}");
        return Err(Exit { code: exit::BAD_INPUT, sentence }.into());
    }
    let point = point.write(dir).map_err(Exit::from)?;
    remove_others(dir, &point.folder).map_err(Exit::from)?;
    Ok(point)
}

/// The first epoch of which Kafka still has every event.
fn whole_from(config: &Config, written: Epoch) -> Result<Epoch, Exit> {
    match crate::verify::visible(&config.kafka.brokers, written.saturating_sub(1))? {
        Ok(visible) => Ok(visible.from),
        Err(sentence) => Err(Exit { code: exit::BAD_INPUT, sentence }),
    }
}

/// Where the archive of a backup is.
pub(crate) fn archive_folder(dir: &Path) -> PathBuf {
    dir.join("archive")
}

/// The last epoch of settlement's journal in an archive.
pub(crate) fn last_epoch(manifest: &Manifest) -> anyhow::Result<Epoch> {
    let mut last = 0;
    journal::each_sealed(manifest, |sealed| {
        last = sealed.binding.epoch;
        Ok(())
    })?;
    Ok(last)
}

/// The schemas under which the bank writes now, and their ids.
async fn registered(config: &Config) -> anyhow::Result<Vec<Schema>> {
    let ids = Registry::new(&config.registry.url).ids(Topic::ALL).await.map_err(Exit::unavailable)?;
    let schema = |(topic, id)| Schema { id, topic, schema: schema_json(topic).to_owned() };
    let mut schemas: Vec<Schema> = ids.into_iter().map(schema).collect();
    schemas.sort_unstable_by_key(|schema| schema.id);
    Ok(schemas)
}

/// Every file of a folder, by path.
fn list(folder: &Path) -> Result<Vec<Listed>, BackupError> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        let failed = |source| BackupError::File { path: next.clone(), source };
        for entry in std::fs::read_dir(&next).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let (bytes, sha256) = digest(&path)?;
            // What other tools wrote may not have reached the disk.
            File::open(&path).and_then(|file| file.sync_all()).map_err(failed)?;
            let path = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            files.push(Listed { path, bytes, sha256 });
        }
        File::open(&next).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The size of a file, and its digest.
fn digest(path: &Path) -> Result<(u64, String), BackupError> {
    let failed = |source| BackupError::File { path: path.to_owned(), source };
    let (mut file, mut hash, mut bytes) = (File::open(path).map_err(failed)?, Sha256::new(), 0u64);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += u64::try_from(read).expect("a buffer's length fits a u64");
    }
    Ok((bytes, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    File::create(path).and_then(|mut file| file.write_all(bytes)).map_err(|source| BackupError::File { path: path.to_owned(), source })
}

/// Removes what belongs to no point any more: those before, and what a run that died left.
fn remove_others(dir: &Path, kept: &str) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { path: dir.to_owned(), source };
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("point-") && name != kept {
            std::fs::remove_dir_all(&path).map_err(failed)?;
        }
    }
    Ok(())
}
