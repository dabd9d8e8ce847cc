//! `orion verify`: the books, the digests and the audit chain, from what Kafka holds, by code that shares nothing with the ledger.
//!
//! In: settlement's journal and the event topics, only what is committed, up to the last epoch of the journal. Out: a
//! line a currency or a partition, and the first differences. Never: a silent pass over what is not there any more;
//! where older events are gone, it says from which epoch on it can see.

/// The audit chain again.
mod audit;
/// The books again.
mod books;
/// The journal's digests again.
mod digests;
/// Partitions of events, and what is left of them.
mod events;
/// The same books in Postgres.
mod postgres;

pub(crate) use audit::records::Records as AuditedRecords;
pub(crate) use events::{Journal, Visible, sources_of, visible, whole_from};

use crate::config::Config;
use crate::exit::{self, Exit};
use schemas::Epoch;
use std::path::PathBuf;
use std::process::ExitCode;

/// `orion verify`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion verify books      every transaction, balance, floor, id and decision; then Postgres, where it is there\n  orion verify digests    what every epoch wrote, against the journal\n  orion verify audit      every record, root, head and signature of the audit chain; Postgres and the topic of roots against both\n\nExit codes: 0 all of it is right; 1 something is not, and the first differences are printed; 69 Kafka is not there."
)]
pub struct Args {
    /// What to recompute.
    #[arg(value_enum)]
    pub what: What,
    /// Of the audit chain, the first epoch; all of it without.
    #[arg(long)]
    pub from: Option<Epoch>,
    /// Of the audit chain, the last epoch.
    #[arg(long)]
    pub to: Option<Epoch>,
    /// Of the audit chain, PEM files with the public keys that may have signed; `audit.public_key_file` without.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub public_key: Vec<PathBuf>,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// What can be recomputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// Legs, balances, floors, ids, decisions.
    Books,
    /// Counts and digests of every epoch.
    Digests,
    /// Roots, heads and signatures of the audit chain.
    Audit,
}

/// Does it.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    if args.what != What::Audit && (args.from.is_some() || args.to.is_some() || !args.public_key.is_empty()) {
        let sentence = "--from, --to and --public-key are of `orion verify audit`; the others look at all that there is".to_owned();
        return Err(Exit { code: exit::USAGE, sentence }.into());
    }
    match args.what {
        What::Books => books::run(config, args.quiet),
        What::Digests => digests::run(config, args.quiet),
        What::Audit => audit::run(config, args),
    }
}

/// Sentences beyond this are counted, not shown.
const SHOWN: usize = 5;

/// What is wrong: the first few, and how many.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    first: Vec<String>,
    count: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(fault());
        }
    }

    /// Prints them; the exit code.
    pub(crate) fn finish(&self, what: &str) -> ExitCode {
        for fault in &self.first {
            println!("WRONG: {fault}");
        }
        if self.count == 0 {
            println!("{what}: right");
            return ExitCode::SUCCESS;
        }
        println!("{what}: {} things are wrong", self.count);
        ExitCode::from(exit::NO)
    }
}
