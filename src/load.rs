//! `orion load`: a demo and a load generator. Opens accounts, drives a day of mobile-money traffic through the
//! REST API, measures it, and checks the books in Kafka and in Postgres.
//!
//! In: a plan, from a seed or from a PaySim file. Out: a page on stdout, `--out` as JSON, and exit code 0 only if
//! every payment is final and the books balance. It calls the bank as any client would and reads its topics and
//! views; it writes to neither.

mod bank;
mod books;
mod check;
mod drive;
mod events;
mod generate;
mod kafka;
mod latency;
mod open;
mod order;
mod paysim;
mod plan;
mod postgres;
mod progress;
/// Random numbers from a seed.
pub mod random;
mod report;
mod requests;
mod suspects;
mod token;
mod tour;
mod trouble;

use crate::exit::Exit;
use bank::Bank;
use drive::Pace;
use kafka::Topics;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use token::Tokens;
use trouble::Trouble;

/// The run gives up after this long without any decision.
const PATIENCE: Duration = Duration::from_secs(120);
/// Payments of a day that is made up.
const PAYMENTS: usize = 20_000;

const EXAMPLES: &str = "\
Examples:
  orion load                                   20,000 payments of seed 1, as fast as they are answered
  orion load --payments 2000 --rate 200        2,000 payments, 200 a second
  orion load --input paysim.csv.gz             a day out of a PaySim log

Exit codes: 0 all payments final and the books balance; 1 something is off; 64 no usable key; 65 bad input file;
69 the bank, Kafka or Postgres is not there.";

/// Open accounts and drive a day of mobile-money traffic through the bank, then check its books.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Number of payments [default: 20000; with --input all rows]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub payments: Option<u32>,
    /// Seed of the made-up traffic: the same seed gives the same day
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "input")]
    pub seed: u64,
    /// PaySim log to replay instead, as .csv or .csv.gz
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Requests at a time; the payments of an account keep their order all the same
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub clients: u16,
    /// Payments per second; a payment's latency counts from the time at which it was due [default: no limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// Measure the view in Postgres for one settled payment in N
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub view_every: u32,
    /// Afterwards launder some money, and print the alerts as they stream
    #[arg(long)]
    pub suspects: bool,
    /// Where to write the result as JSON
    #[arg(long, value_name = "FILE", default_value = ".orion/demo.json")]
    pub out: PathBuf,
}

/// Where the bank is, and how to call it.
#[derive(Clone, Debug)]
pub struct LoadConfig {
    /// Base of the REST API, such as `http://127.0.0.1:8080`.
    pub url: String,
    /// Bootstrap servers, comma separated.
    pub kafka_brokers: String,
    /// The views database.
    pub database_url: String,
    /// PEM file with the Ed25519 key that signs the tokens.
    pub jwt_private_key_path: PathBuf,
    /// `iss` of the tokens.
    pub issuer: String,
    /// `aud` of the tokens.
    pub audience: String,
}

/// Runs the whole day. What stops it is an [`Exit`] with one sentence; what is off at its end is said on stderr.
pub async fn run(args: Args, config: LoadConfig) -> anyhow::Result<ExitCode> {
    let stopped = |trouble: Trouble| Exit { code: trouble.exit_code(), sentence: trouble.to_string() };
    Ok(day(args, config).await.map_err(stopped)?)
}

async fn day(args: Args, config: LoadConfig) -> Result<ExitCode, Trouble> {
    let rows = args.payments.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
    let plan = Arc::new(match &args.input {
        Some(path) => paysim::read(path, rows)?,
        None => generate::generate(args.seed, rows.unwrap_or(PAYMENTS)),
    });
    let pace = Pace { clients: args.clients.into(), rate: args.rate, view_every: args.view_every };
    let tokens = Tokens::read(&config.jwt_private_key_path, &config.issuer, &config.audience)?;
    let bank = Arc::new(Bank::new(&config.url, tokens, pace.clients, PATIENCE)?);
    let topics = Topics { brokers: config.kafka_brokers.clone() };

    // Everything that the end of the run needs must answer before it begins.
    bank.ready().await?;
    postgres::upper(&mut postgres::connect(&config.database_url).await?).await?;
    tokio::task::spawn_blocking({
        let topics = topics.clone();
        move || topics.answer()
    })
    .await??;
    let opened = open::open(&bank, &plan, pace.clients).await?;
    let follower = events::follow(topics.clone()).await?;
    let (day, opened) = drive::drive(&bank, &plan, opened, pace).await?;
    let checked = check::check(&bank, &day, plan.payments.len(), follower, &topics, &config.database_url).await;

    let report = report::Report::of(&day, &checked, plan.payments.len());
    println!("\nRun {} against {}\n\n{}", bank.run, bank.url, report.page());
    println!("{}", tour::tour(&bank, &plan, &day, &opened, &config.jwt_private_key_path));
    report.write(&args.out).map_err(|error| Trouble::Write { file: args.out.display().to_string(), reason: error.to_string() })?;
    println!("Written to {}.", args.out.display());
    let alerts = if args.suspects { Some(suspects::launder(&bank).await?) } else { None };
    if alerts == Some(0) {
        eprintln!("orion: money was laundered, and nothing was said of it");
        return Ok(ExitCode::FAILURE);
    }
    if checked.faults.is_empty() {
        println!("Every payment is final. Kafka and Postgres agree on {} accounts and {} transactions.", checked.accounts, checked.settled);
        return Ok(ExitCode::SUCCESS);
    }
    for fault in &checked.faults {
        eprintln!("orion: {fault}");
    }
    Ok(ExitCode::FAILURE)
}
