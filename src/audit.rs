//! `orion audit`: the keys of the audit chain, and the chain in files that whoever audits takes along.
//!
//! In: a running bank, or a file of an earlier run. Out: the keys; records and links as lines of JSON; whether such a file is whole.
//! `check` asks no server: all that it needs is the file and a public key from elsewhere. `orion verify audit` does the same where the bank is.

/// Whether a file is whole.
mod check;
/// Whether records are those that were signed.
pub mod compare;
/// Records and links into a file.
mod export;
/// The lines of such a file.
pub mod line;

/// Keys, in files.
pub mod keys;
/// The chain as Postgres has it.
pub mod table;

use crate::config::Config;
use egress::postgres::{SINK, alerts};
use schemas::audit::{RISK, SETTLEMENT};
use schemas::{Epoch, Topic};
use std::path::PathBuf;
use std::process::ExitCode;

/// `orion audit`.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Make the key with which the cells sign the chain, if there is none, and write its public half beside it.
    Key,
    /// Write the records of some epochs and the links of the chain over them to a file.
    #[command(
        after_help = "Examples:\n  orion audit export --out audit.jsonl\n  orion audit export --from 1764000000000 --to 1764003600000 --out hour.jsonl\n\nExit codes: 0 done; 65 Kafka no longer has all of it; 69 Kafka or Postgres is not there."
    )]
    Export(Export),
    /// Verify such files, in their order, without any server.
    #[command(
        after_help = "Example:\n  orion audit check audit.jsonl --public-key audit.public.pem\n\nExit codes: 0 all of it is right; 1 something is not, and the first differences are printed; 65 a file can't be read."
    )]
    Check(Check),
}

/// What is exported.
#[derive(Clone, Debug, clap::Args)]
pub struct Export {
    /// Whose chain: settlement's is over all that was decided, risk's over alerts.
    #[arg(long, default_value = SETTLEMENT, value_parser = clap::builder::PossibleValuesParser::new(schemas::audit::CELLS))]
    pub cell: String,
    /// The first epoch; without it, the first that Kafka still has and the chain holds.
    #[arg(long)]
    pub from: Option<Epoch>,
    /// The last epoch; without it, the last of the chain.
    #[arg(long)]
    pub to: Option<Epoch>,
    /// The file, which must not be there yet.
    #[arg(long)]
    pub out: PathBuf,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// What is checked.
#[derive(Clone, Debug, clap::Args)]
pub struct Check {
    /// The files, the oldest first.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// PEM files with the public keys that may have signed.
    #[arg(long, required = true, num_args = 1..)]
    pub public_key: Vec<PathBuf>,
}

/// A cell that has a chain, and where it is.
#[derive(Debug)]
pub(crate) struct Audited {
    /// Its name in the chain.
    pub cell: &'static str,
    /// Whose progress says how far the chain is written.
    pub sink: &'static str,
    /// What it has committed.
    pub journal: Topic,
    /// What it says; where records have no number of their own, this is their order.
    pub topics: &'static [Topic],
}

/// Every cell that has one.
pub(crate) const AUDITED: [Audited; 2] = [
    Audited { cell: SETTLEMENT, sink: SINK, journal: Topic::SettlementJournal, topics: Topic::EVENTS },
    Audited { cell: RISK, sink: alerts::SINK, journal: Topic::RiskJournal, topics: Topic::ALERTS },
];

/// Does it.
pub fn run(action: &Action, config: &Config) -> anyhow::Result<ExitCode> {
    match action {
        Action::Key => {
            let what = keys::ensure(&config.audit)?.word();
            let (public, private) = (config.audit.public_key_file.display(), config.audit.key_file.display());
            println!("audit key {}: {private} (private), {public} (public)", what);
            println!("audit key: it is called {}", keys::signer(&config.audit)?.key_id());
            Ok(ExitCode::SUCCESS)
        }
        Action::Export(args) => export::run(args, config),
        Action::Check(args) => check::run(args),
    }
}
