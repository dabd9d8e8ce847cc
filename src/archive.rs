//! `orion archive`: what everything is rebuilt from, on disk, whole and provably unchanged.
//!
//! In: the topics of class `log` in Kafka. Out: immutable segments, each an Avro object container file (zstd) of the
//! records of one partition, and a manifest that chains their digests. Only committed records, in order, without a
//! gap. Never: a segment changed once it is named in the manifest; a file half written; anything deleted from Kafka
//! that is not here, verified.
//!
//! Avro, since every data tool reads it without us, it says its own schema, and it holds bytes as they are; JSON
//! would have to spell them. `--export` writes what a person can read.

/// Whether an archive is what it says.
mod check;
/// From Kafka to segments.
mod copy;
/// From which epoch on Kafka must have everything.
mod floor;
/// Segments and their chain.
mod manifest;
/// Deletes from Kafka what the archive has.
mod prune;
/// Records back from segments.
mod read;
/// Where a log can be cut so that what is left says its own schemas.
mod schemas_kept;

pub(crate) use check::bound_epochs;
pub use check::{Checked, check};
pub use copy::copy;
pub(crate) use copy::{BYTES_MAX, RECORDS_MAX, lock, size};
pub(crate) use manifest::sha256;
pub use manifest::{Entry, Manifest};
pub(crate) use prune::delete;
pub use read::records;

use crate::config::Config;
use crate::exit::{self, Exit};
use ingress::kafka::ReadError;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `orion archive`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion archive --dir /archive                        copy what is new since the last run\n  orion archive --dir /archive --check                read everything again; 65 and a sentence where it is not whole\n  orion archive --dir /archive --export log.jsonl     commands and bindings as JSON lines, for `orion replay --input`\n  orion archive --dir /archive --prune                delete from Kafka what is archived, verified and older than what\n                                                      any cell goes on from: the oldest snapshots, and Postgres\n\nExit codes: 0 done; 64 usage; 65 the archive is damaged, or is not of Kafka's log; 69 Kafka, Postgres or a snapshot is not there.\nKeep the printed head somewhere else: it stands for the whole archive."
)]
pub struct Args {
    /// Folder of the archive.
    #[arg(long)]
    pub dir: PathBuf,
    /// Verify digests, offsets and what the journal binds; reads nothing but the archive.
    #[arg(long, conflicts_with_all = ["prune", "export"])]
    pub check: bool,
    /// Write commands and bindings as JSON lines to this file; reads nothing but the archive.
    #[arg(long, value_name = "FILE", conflicts_with = "prune")]
    pub export: Option<PathBuf>,
    /// Delete from Kafka what is archived, verified and no longer needed.
    #[arg(long)]
    pub prune: bool,
    /// With --prune: keep what this epoch and later ones need, even if no cell does.
    #[arg(long, value_name = "EPOCH", requires = "prune")]
    pub keep_from: Option<u64>,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// What ends a run.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file can't be read or written.
    #[error("can't read or write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The manifest contradicts itself.
    #[error("manifest.jsonl line {line}: {what}")]
    Manifest {
        /// Its line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A segment is not what the manifest says.
    #[error("segment {file}: {what}")]
    Segment {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// The journal and the commands don't fit.
    #[error("the archive's journal and commands contradict each other: {0}")]
    Inputs(String),
    /// Kafka's log is not the one that the archive began.
    #[error("{topic} partition {partition}: {what}")]
    Log {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// What is wrong.
        what: String,
    },
    /// Someone else writes it.
    #[error("another process writes the archive in {}", .0.display())]
    Busy(PathBuf),
    /// Kafka can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<ArchiveError> for Exit {
    fn from(error: ArchiveError) -> Self {
        let code = match &error {
            ArchiveError::Manifest { .. } | ArchiveError::Segment { .. } | ArchiveError::Inputs(_) | ArchiveError::Log { .. } => {
                exit::BAD_INPUT
            }
            ArchiveError::Read(_) | ArchiveError::Busy(_) => exit::UNAVAILABLE,
            ArchiveError::File { .. } => exit::FAILURE,
        };
        Self { code, sentence: format!("{:#}", anyhow::Error::from(error)) }
    }
}

/// Does it.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    if args.check {
        let checked = check(&args.dir, args.quiet)?;
        checked.print();
        return Ok(if checked.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::BAD_INPUT) });
    }
    if let Some(file) = &args.export {
        existing(&args.dir)?;
        let exported = crate::replay::export(&args.dir, file, args.quiet)?;
        println!("{}: {exported}", file.display());
        return Ok(ExitCode::SUCCESS);
    }
    if args.prune {
        return prune::run(&args.dir, args.keep_from, config, args.quiet);
    }
    let (manifest, copied) = copy(&args.dir, &config.kafka.brokers, args.quiet).map_err(Exit::from)?;
    for line in &copied {
        println!("{line}");
    }
    println!("archive: {} segments, head {}", manifest.entries().len(), manifest.head());
    Ok(ExitCode::SUCCESS)
}

/// The manifest of a folder that must be an archive.
pub(crate) fn existing(folder: &Path) -> Result<Manifest, Exit> {
    if !folder.join(manifest::FILE).exists() {
        return Err(Exit {
            code: exit::BAD_INPUT,
            sentence: format!("there is no archive in {}: it has no manifest.jsonl", folder.display()),
        });
    }
    Ok(Manifest::read(folder)?)
}
