//! The `orion` command: parse, configure, do one thing, say how it went.

use clap::Parser;
use orion::config::Config;
use orion::{exit, migrate, run, tap, topics};
use std::process::ExitCode;

/// The streaming core of a bank.
#[derive(Debug, Parser)]
#[command(
    version,
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
    /// Create the databases and their tables.
    Migrate,
    /// Topics and schemas.
    #[command(subcommand)]
    Topics(topics::Action),
    /// Print the configuration in force and exit.
    Config,
    /// Print a topic as JSON lines.
    Tap(tap::Args),
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
        Command::Migrate => block_on(migrate::run(&config))?,
        Command::Topics(action) => block_on(topics::run(&action, &config))?,
        Command::Config => print!("{}", config.print()),
        Command::Tap(args) => tap::run(&args, &config)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
