//! `orion replay`: the bank again, from its commands, with no server and no clock.
//!
//! In: a log file, an archive, or Kafka's log. Out: every record that settlement writes, and digests; where the input
//! says what was committed, every epoch is compared with it. The decisions are made by the functions that the cell
//! itself runs, so the same commands in the same epochs give the same bytes.

/// Epochs from a journal and the commands that it binds.
mod bound;
/// From epochs to decisions.
mod decide;
/// A log file read.
mod input;
/// A line of a log file.
mod line;
/// A log file written.
mod output;
/// What came out, and how it differs.
mod result;
/// The views again, beside the live ones.
mod shadow;

pub use bound::{BoundEpochs, Records};
pub use decide::{Decided, Ledgers};
pub use input::Rule;
pub use line::{Asked, Junk, Line, Shown};
pub use output::LogFile;
pub use result::Replayed;

use crate::archive;
use crate::config::Config;
use crate::exit::{self, Exit};
use crate::progress::Progress;
use egress::topics::Topics;
use ingress::partition::{Ends, Until};
use schemas::Topic;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// `orion replay`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("from").required(true),
    after_help = "Examples:\n  orion replay --input log.jsonl --out DIR       decide a log file; DIR gets a file a partition, and digests.json\n  orion replay --archive /archive --quiet        decide an archive, compare with its journal, say how fast\n  orion replay --from-kafka                      the same from Kafka's log\n  orion replay --shadow                          the views again from Kafka's events, compared with the live ones\n\nA log file has one JSON object a line. With bindings it is replayed as bound; without, it is bound here:\n  {\"command\": {\"operation\": \"create_customer\", \"full_name\": \"Awa Diop\"}, \"as\": \"awa\"}\n  {\"command\": {\"operation\": \"open_account\", \"customer_id\": \"@awa\", \"type\": \"wallet\", \"currency\": \"XOF\"}, \"as\": \"w\"}\n  {\"command\": {\"operation\": \"deposit\", \"account_credit\": \"@w\", \"amount\": \"12500\", \"currency\": \"XOF\"}, \"as\": \"d\"}\n  {\"command\": {\"operation\": \"refund\", \"transaction\": \"@d\", \"amount\": \"500\", \"currency\": \"XOF\"}}\n  {\"junk\": {\"text\": \"no command\"}}\n  {\"binding\": {\"epoch\": 1767225600000}}\n`as` names what a command creates, `@name` is its id. Operations, and what each names beside amount and currency:\n  create_customer, open_account, suspend_account, reactivate_account, close_account, activate_rules\n  deposit, withdrawal, transfer, merchant_payment, bill_payment: account_debit, account_credit, channel\n  reserve: the same, kind and expires_in_ms; capture: hold, last; release: hold\n  refund, reverse: transaction\n  set_customer_level: customer_id, level; set_account_terms: account, floor, limits; set_level_limits: level, limits\n  set_tariff: tariff; withdraw_tariff: code\n\nExit codes: 0 done; 1 something differs; 64 usage; 65 the input is wrong, with its line; 69 Kafka or Postgres is not there."
)]
pub struct Args {
    /// A log file.
    #[arg(long, group = "from", value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// An archive.
    #[arg(long, group = "from", value_name = "DIR")]
    pub archive: Option<PathBuf>,
    /// Kafka's log, from its first record.
    #[arg(long, group = "from")]
    pub from_kafka: bool,
    /// Rebuild the views from Kafka's events in a schema of their own, and compare all rows.
    #[arg(long, group = "from", conflicts_with_all = ["out", "bind"])]
    pub shadow: bool,
    /// Write what comes out to this folder, which must be empty.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write the log again with bindings and digests to this file.
    #[arg(long, value_name = "FILE")]
    pub bind: Option<PathBuf>,
    /// In a log file without bindings, close an epoch after this many commands.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub epoch_every: u32,
    /// In a log file without bindings, the first epoch: 2026-01-01 without it.
    #[arg(long, value_name = "EPOCH", default_value_t = START_MS)]
    pub start: u64,
    /// With --shadow: leave the rebuilt tables in the schema `orion_shadow`.
    #[arg(long, requires = "shadow")]
    pub keep: bool,
    /// No progress and no partitions: only differences, and a last line with the speed.
    #[arg(long)]
    pub quiet: bool,
}

/// 2026-01-01T00:00:00Z.
pub const START_MS: u64 = 1_767_225_600_000;

/// Does it.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    if args.shadow {
        return shadow::run(config, args.keep, args.quiet);
    }
    let started = Instant::now();
    let mut replayed = Replayed::new(args.out.as_deref())?;
    let mut log = args.bind.as_deref().map(LogFile::create).transpose()?;
    let mut progress = Progress::new("commands", 0, args.quiet);
    let mut take = |decided: Decided| {
        let outputs = replayed.take(&decided)?;
        if let Some(log) = &mut log {
            log.epoch(&decided.commands, &decided.output.binding, &outputs)?;
        }
        progress.add(u64::try_from(decided.output.events.len()).unwrap_or(0));
        Ok(true)
    };
    let mut ledgers = Ledgers::new(args.bind.is_some());
    let undecided = match (&args.input, &args.archive) {
        (Some(file), _) => {
            let every = usize::try_from(args.epoch_every).expect("a u32 fits a usize");
            input::decide(file, Rule { every, start_ms: args.start }, &mut ledgers, &mut take)?
        }
        (None, Some(folder)) => decide::decide(archive::bound_epochs(&archive::existing(folder)?), ledgers, &mut take)?,
        (None, None) => decide::decide(kafka(&config.kafka.brokers)?, ledgers, &mut take)?,
    };
    drop(progress);
    let seconds = started.elapsed().as_secs_f64();
    if let Some(log) = log {
        log.finish()?;
    }
    let (commands, epochs, compared, differing) = (replayed.commands, replayed.epochs, replayed.compared, replayed.differing);
    let differences = std::mem::take(&mut replayed.differences);
    replayed.differences.clone_from(&differences);
    let digests = replayed.finish(undecided)?;
    if !args.quiet {
        for partition in digests["partitions"].as_array().into_iter().flatten() {
            let text = |field: &str| partition[field].as_str().unwrap_or_default().to_owned();
            println!("{} partition {}: {} records, digest {}", text("topic"), partition["partition"], partition["count"], text("digest"));
        }
    }
    for difference in &differences {
        println!("DIFFERS: {difference}");
    }
    if undecided > 0 {
        println!("{undecided} commands come after the last binding and are not decided");
    }
    let verdict = match (compared, differing) {
        (0, _) => "nothing to compare with".to_owned(),
        (compared, 0) => format!("all {compared} epochs give what was committed"),
        (compared, differing) => format!("{differing} of {compared} epochs differ from what was committed"),
    };
    #[allow(clippy::cast_precision_loss, reason = "a speed for people")]
    let speed = commands as f64 / seconds.max(1e-9);
    println!("replay: {commands} commands in {epochs} epochs, {verdict}; {seconds:.3} s, {speed:.0} commands/s");
    Ok(if differing == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::NO) })
}

/// Replays a log file with bindings, as the test of released versions does; what came out.
pub fn file(path: &Path, rule: Rule, mut take: impl FnMut(&Decided, &[schemas::Output]) -> anyhow::Result<()>) -> anyhow::Result<Replayed> {
    let mut replayed = Replayed::new(None)?;
    let mut each = |decided: Decided| {
        let outputs = replayed.take(&decided)?;
        take(&decided, &outputs)?;
        Ok(true)
    };
    input::decide(path, rule, &mut Ledgers::new(true), &mut each)?;
    Ok(replayed)
}

/// Decides what an archive binds, for whoever wants to see each epoch.
pub(crate) fn each(bound: BoundEpochs, ledgers: Ledgers, mut take: impl FnMut(Decided) -> anyhow::Result<()>) -> anyhow::Result<()> {
    decide::decide(bound, ledgers, &mut |decided| take(decided).map(|()| true)).map(drop)
}

/// Writes the log of an archive as JSON lines.
pub fn export(folder: &Path, file: &Path, quiet: bool) -> anyhow::Result<String> {
    let mut progress = Progress::new("epochs", 0, quiet);
    output::export(archive::bound_epochs(&archive::existing(folder)?), file, || progress.add(1))
}

/// The epochs that Kafka's log holds. The journal's end is set first, so the commands hold all that it binds.
fn kafka(brokers: &str) -> anyhow::Result<BoundEpochs> {
    let kafka = Ends::connect(brokers).map_err(Exit::unavailable)?;
    let open = |topic: Topic, partition| {
        let reader = kafka.open(topic.as_str(), partition, None, Until::Decided).map_err(Exit::unavailable)?;
        if reader.low() > 0 {
            let sentence = format!("{topic} partition {partition} starts at offset {}: replay the archive instead", reader.low());
            return Err(Exit { code: exit::BAD_INPUT, sentence });
        }
        let records: Records = Box::new(reader.map(|record| record.map_err(|error| Exit::unavailable(error).into())));
        Ok(records)
    };
    let journal = open(Topic::SettlementJournal, 0)?;
    let partitions = Topics::committed().partitions(Topic::Commands.as_str()).unwrap_or(1);
    let commands = (0..partitions).map(|partition| Ok((partition, open(Topic::Commands, partition)?))).collect::<Result<_, Exit>>()?;
    Ok(BoundEpochs::new(journal, commands))
}
