//! `orion verify`: the books and the digests, from what Kafka holds, by code that shares nothing with the ledger.
//!
//! In: settlement's journal and the event topics, only what is committed, up to the last epoch of the journal. Out: a
//! line a currency or a partition, and the first differences. Never: a silent pass over what is not there any more;
//! where older events are gone, it says from which epoch on it can see.

/// The books again.
mod books;
/// The journal's digests again.
mod digests;
/// Partitions of events, and what is left of them.
mod events;
/// The same books in Postgres.
mod postgres;

pub(crate) use events::{Visible, visible};

use crate::config::Config;
use std::process::ExitCode;

/// `orion verify`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion verify books      every transaction, balance, floor, id and decision; then Postgres, where it is there\n  orion verify digests    what every epoch wrote, against the journal\n\nExit codes: 0 all of it is right; 1 something is not, and the first differences are printed; 69 Kafka is not there."
)]
pub struct Args {
    /// What to recompute.
    #[arg(value_enum)]
    pub what: What,
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
}

/// Does it.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Books => books::run(config, args.quiet),
        What::Digests => digests::run(config, args.quiet),
    }
}

/// Sentences beyond this are counted, not shown.
const SHOWN: usize = 5;

/// What is wrong: the first few, and how many.
#[derive(Debug, Default)]
struct Faults {
    first: Vec<String>,
    count: u64,
}

impl Faults {
    fn add(&mut self, fault: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(fault());
        }
    }

    /// Prints them; the exit code.
    fn finish(&self, what: &str) -> ExitCode {
        for fault in &self.first {
            println!("WRONG: {fault}");
        }
        if self.count == 0 {
            println!("{what}: right");
            return ExitCode::SUCCESS;
        }
        println!("{what}: {} things are wrong", self.count);
        ExitCode::from(crate::exit::NO)
    }
}
