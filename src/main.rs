//! The `orion` command: parse, configure, do one thing, say how it went.

use clap::Parser;
use orion::config::Config;
use orion::{
    aml, archive, audit, backtest, backup, dlq, exit, export, lists, load, migrate, replay, restore, run, screen, serve, tap, token,
    topics, verify,
};
use std::process::ExitCode;

/// Records are allocated in one thread and freed in another, millions a minute: this one is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The streaming core of a bank.
#[derive(Debug, Parser)]
#[command(
    version = orion::VERSION,
    after_help = "Configuration: defaults, then the file named by ORION_CONFIG, then ORION_<SECTION>__<FIELD>, then\nKAFKA_BROKERS, DATABASE_URL and SCHEMA_REGISTRY_URL. `orion config` prints what is in force."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run the cells: settlement decides, views writes Postgres.
    Run(run::Args),
    /// Serve the REST API: commands in, views out.
    Serve,
    /// Create the databases and their tables.
    Migrate,
    /// Topics and schemas.
    #[command(subcommand)]
    Topics(topics::Action),
    /// Print the configuration in force and exit.
    Config,
    /// Make a token for the local stack.
    Token(token::Args),
    /// Drive a day of traffic through the API, measure it, and check the books.
    Load(load::Args),
    /// Print a topic as JSON lines.
    Tap(tap::Args),
    /// Commands that could not be read: list them, show one, hand them in again.
    #[command(subcommand)]
    Dlq(dlq::Action),
    /// Write a view of the schema bi to a file, as Parquet or CSV.
    Export(export::Args),
    /// Copy to a folder what everything is rebuilt from; verify it, export it, prune Kafka.
    Archive(archive::Args),
    /// Copy archive, snapshots and Postgres as one point to restore to, while the bank runs; verify it.
    Backup(backup::Args),
    /// Bring a bank back from a backup, into an empty Kafka, Postgres and folder of snapshots.
    Restore(restore::Args),
    /// Decide a log again without any server, or rebuild the views beside the live ones; compare.
    Replay(replay::Args),
    /// Screen names against lists of sanctions, or compare pairs of names.
    Screen(screen::Args),
    /// Watchlists: load a version and put it in force; print what is.
    #[command(subcommand)]
    Lists(lists::Action),
    /// Recompute books, digests or the audit chain from the events alone.
    Verify(verify::Args),
    /// The audit chain: its key; records and roots into a file; whether such a file is whole.
    #[command(subcommand)]
    Audit(audit::Action),
    /// Run changed rules against laundering over history, beside those in force; print where they differ.
    Backtest(backtest::Args),
    /// Measure the detection of money laundering on payments with labels.
    #[command(subcommand)]
    Aml(aml::Action),
}

fn main() -> ExitCode {
    orion::logging::start();
    let cli = Cli::parse();
    let done = Config::load().map_err(anyhow::Error::from).and_then(|config| dispatch(cli.command, config));
    done.unwrap_or_else(|error| exit::report(&error))
}

fn dispatch(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => run::run(&args, &config)?,
        Command::Serve => block_on(serve::run(config))?,
        Command::Token(args) => token::run(&args, &config)?,
        Command::Load(args) => return block_on(load::run(args, load_config(&config)?)),
        Command::Migrate => block_on(migrate::run(&config))?,
        Command::Topics(action) => block_on(topics::run(&action, &config))?,
        Command::Config => print!("{}", config.print()),
        Command::Tap(args) => tap::run(&args, &config)?,
        Command::Dlq(action) => return dlq::run(&action, &config),
        Command::Export(args) => block_on(export::run(&args, &config))?,
        Command::Archive(args) => return archive::run(&args, &config),
        Command::Backup(args) => return backup::run(&args, &config),
        Command::Restore(args) => return restore::run(&args, &config),
        Command::Replay(args) => return replay::run(&args, &config),
        Command::Screen(args) => screen::run(&args)?,
        Command::Lists(action) => block_on(lists::run(&action, &config))?,
        Command::Verify(args) => return verify::run(&args, &config),
        Command::Audit(action) => return audit::run(&action, &config),
        Command::Backtest(args) => return backtest::run(&args, &config),
        Command::Aml(action) => return aml::run(&action),
    }
    Ok(ExitCode::SUCCESS)
}

fn load_config(config: &Config) -> anyhow::Result<load::LoadConfig> {
    Ok(load::LoadConfig {
        url: format!("http://{}", config.http.listen),
        kafka_brokers: config.kafka.brokers.clone(),
        database_url: config.postgres.views_url()?,
        jwt_private_key_path: config.auth.private_key.clone(),
        issuer: config.auth.issuer.clone(),
        audience: config.auth.audience.clone(),
    })
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
