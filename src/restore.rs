//! `orion restore`: a bank back from a backup, where there is nothing yet.
//!
//! In: a backup; an empty Kafka, Postgres and folder of snapshots. Out: the bank as it stood at the end of the backup's
//! archive, ready to go on. Never: anything written over; a bank that starts half restored.
//!
//! 1. All of the backup is checked, and that everything it goes to is empty.
//! 2. The registry gives the ids that the logs use, or there is no restore.
//! 3. Postgres, in one transaction; the snapshots.
//! 4. The journals. Nothing names a place in them, so they come back without the gaps that transactions left.
//! 5. The events that cells and doors go on from. Those of epochs that only the archive has are decided again. Where older
//!    ones are not brought back, the first offset is not 0, and readers see that something is gone.
//! 6. The commands log, whose topic is made only now, at the offsets that bindings name. Without it no cell and no
//!    door starts, and with less of it than the journal binds settlement refuses: so whoever starts a bank that is half
//!    restored hears about it.

/// Records back into Kafka.
mod append;
/// Epochs beyond the point.
mod decided;
/// Whether the target is empty.
mod empty;
/// Whether the registry gives the ids of the logs.
mod registry;

use crate::archive::{self, Manifest, records};
use crate::backup::point::{Point, Snapshot};
use crate::backup::{self, BackupError, archive_folder, database, events, last_epoch, snapshots};
use crate::config::Config;
use crate::exit::{self, Exit};
use crate::migrate;
use crate::progress::Progress;
use append::{Appender, filler};
use egress::topics::Topics;
use schemas::Topic;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// `orion restore`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion restore --dir /backup --check     is the backup whole, and is everything empty that it would go to?\n  orion restore --dir /backup             restore into the empty Kafka, Postgres and snapshots of the configuration\n\nNothing of Orion may run meanwhile. Afterwards start `orion run` and `orion serve`; `orion verify books` checks the rest.\nThe next backup of the restored bank goes to another folder: its journals have other offsets.\n\nExit codes: 0 done; 64 something is not empty; 65 the backup is damaged, or of a newer version; 69 Kafka, Postgres, the\nregistry or pg_restore is not there."
)]
pub struct Args {
    /// Folder of the backup.
    #[arg(long)]
    pub dir: PathBuf,
    /// Verify the backup and look at the target; write nothing.
    #[arg(long)]
    pub check: bool,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// What ends a restore in the middle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// Kafka does not take a record as it was.
    #[error("{topic} can't be restored: {what}")]
    Kafka {
        /// The topic.
        topic: String,
        /// Why.
        what: String,
    },
}

impl From<RestoreError> for Exit {
    fn from(error: RestoreError) -> Self {
        Self { code: exit::UNAVAILABLE, sentence: format!("{error}; empty what was restored so far, and start again") }
    }
}

/// Does it.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let (dir, quiet, begun) = (&args.dir, args.quiet, Instant::now());
    // 1.
    let point = Point::read(dir).map_err(Exit::from)?;
    let faults = backup::check(dir, &point, quiet)?;
    if !faults.is_empty() {
        faults.iter().for_each(|fault| println!("DAMAGED: {fault}"));
        println!("restore: nothing was restored");
        return Ok(ExitCode::from(exit::BAD_INPUT));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(empty::check(config))?;
    database::tool("pg_restore")?;
    backup::say(&point);
    if args.check {
        println!("restore: the backup is whole, and what it goes to is empty; nothing was restored");
        return Ok(ExitCode::SUCCESS);
    }
    let manifest = archive::existing(&archive_folder(dir))?;
    let checked_s = begun.elapsed().as_secs_f64();
    // 2.
    runtime.block_on(registry::prepare(config, &point))?;
    // 3.
    runtime.block_on(migrate::create(config))?;
    database::restore(config, &dir.join(&point.folder).join(database::FILE))?;
    runtime.block_on(migrate::run(config))?;
    for (cell, snapshot) in [("settlement", point.settlement), ("views", point.views), ("risk", point.risk)] {
        restore_snapshot(dir, &point, config, cell, snapshot)?;
    }
    // 4.
    let brokers = &config.kafka.brokers;
    let commands = Topic::Commands.as_str();
    runtime.block_on(apply(brokers, &Topics::committed().without(commands)))?;
    let mut appender = Appender::new(brokers).map_err(Exit::from)?;
    for (topic, partition) in partitions(&manifest, |topic| topic != commands)? {
        log(&mut appender, &manifest, &topic, partition, false, quiet)?;
    }
    // 5.
    runtime.block_on(restore_events(&mut appender, dir, &point, brokers, quiet))?;
    if manifest.head() != point.archive.head {
        let (epochs, events) = decided::append(&appender, dir, &point, &manifest, quiet)?;
        println!("events: {events} more of {epochs} epochs that the archive holds beyond the backup, decided again");
    }
    // 6.
    runtime.block_on(apply(brokers, &Topics::committed()))?;
    for (topic, partition) in partitions(&manifest, |topic| topic == commands)? {
        log(&mut appender, &manifest, &topic, partition, true, quiet)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("restore: done in {seconds:.1} s, {checked_s:.1} s of it for the check; the bank stands at epoch {}", last_epoch(&manifest)?);
    println!("restore: start `orion run` and `orion serve` (`--accept-gap` if the backup is older than a day), then `orion verify books`");
    Ok(ExitCode::SUCCESS)
}

fn restore_snapshot(dir: &Path, point: &Point, config: &Config, cell: &str, snapshot: Option<Snapshot>) -> Result<(), Exit> {
    let Some(snapshot) = snapshot else { return Ok(()) };
    let (from, to) = (dir.join(&point.folder).join(cell), config.snapshots.folder.join(cell));
    snapshots::copy(&from, &to, snapshot.name()).map_err(|error| BackupError::from(error).into())
}

async fn apply(brokers: &str, topics: &Topics) -> Result<(), Exit> {
    egress::topics::apply(brokers, topics).await.map(drop).map_err(Exit::unavailable)
}

/// The partitions that an archive holds of some topics, the journal that binds last.
fn partitions(manifest: &Manifest, of: impl Fn(&str) -> bool) -> Result<Vec<(String, i32)>, Exit> {
    let topics = Topics::committed();
    let mut found = Vec::new();
    for entry in manifest.entries().iter().filter(|entry| of(&entry.topic)) {
        let place = (entry.topic.clone(), entry.partition);
        if topics.partitions(&place.0).is_none_or(|partitions| place.1 >= partitions) {
            let sentence = format!("the backup has partition {} of {}, which this binary does not know", place.1, place.0);
            return Err(Exit { code: exit::BAD_INPUT, sentence });
        }
        if !found.contains(&place) {
            found.push(place);
        }
    }
    found.sort_by_key(|(topic, partition)| (topic == Topic::SettlementJournal.as_str(), *partition));
    Ok(found)
}

/// Writes a partition of a log.
fn log(appender: &mut Appender, manifest: &Manifest, topic: &str, partition: i32, in_place: bool, quiet: bool) -> anyhow::Result<()> {
    let entries = manifest.partition(topic, partition);
    let (total, next) = entries.fold((0, 0), |(total, _), entry| (total + entry.records, entry.next));
    let mut progress = Progress::new(topic, total, quiet);
    let records = records(manifest, topic, partition).map(|record| record.map_err(Exit::from));
    let each = || progress.add(1);
    if in_place {
        appender.in_place(topic, partition, next, records.peekable(), each)?;
    } else {
        appender.anywhere(topic, partition, records, each)?;
    }
    drop(progress);
    println!("{topic} partition {partition}: {total} records{}", if in_place { format!(", up to offset {next}") } else { String::new() });
    Ok(())
}

async fn restore_events(appender: &mut Appender, dir: &Path, point: &Point, brokers: &str, quiet: bool) -> anyhow::Result<()> {
    let (mut total, mut progress, mut gone) = (0u64, Progress::new("events", 0, quiet), Vec::new());
    for (topic, partition) in events::partitions() {
        if point.events_from > 0 {
            appender.anywhere(topic, partition, std::iter::once(Ok::<_, Exit>(filler())), || ())?;
            gone.push((topic.to_owned(), partition, 1));
        }
        let records = events::read(dir, point, topic, partition).map(|record| record.map_err(Exit::from));
        appender.anywhere(topic, partition, records, || {
            total += 1;
            progress.add(1);
        })?;
    }
    // Alerts are not brought back: Postgres has them, and the topics say that something is gone.
    for topic in Topic::ALERTS.iter().map(|topic| topic.as_str()) {
        appender.anywhere(topic, 0, std::iter::once(Ok::<_, Exit>(filler())), || ())?;
        gone.push((topic.to_owned(), 0, 1));
    }
    archive::delete(brokers, &gone).await?;
    drop(progress);
    println!("events: {total} records of the epochs from {} on", point.events_from);
    Ok(())
}
