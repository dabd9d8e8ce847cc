//! How fast the bank is: the real binary on real Kafka and Postgres, measured from outside, as an operator would.
//!
//! In: `KAFKA_BROKERS`, `DATABASE_URL` and `SCHEMA_REGISTRY_URL` of services that hold no bank yet, and how much to
//! measure. Out: a table, and `target/bench/summary.json`. Never: a setting that a bank would not run with.
//!
//! A measurement is a file with one function, and a line in [`MEASUREMENTS`].

mod alerts;
mod at_rate;
mod at_scale;
mod backlog;
mod bank;
mod batch_events;
mod bulk;
mod closed_loop;
mod connection;
mod covered;
mod decided;
mod drain;
mod drain_events;
mod drain_views;
mod fanout;
mod figures;
mod flatness;
mod hot_account;
mod http;
mod http_batch;
mod ledger;
mod machine;
mod open_bank;
mod peer;
mod ratios;
mod reads;
mod replay;
mod risk;
mod screen;
mod services;
mod single_caller;
mod stack_cpu;

use anyhow::{Context, ensure};
use figures::Figure;
use services::Services;
use std::process::ExitCode;
use std::time::Duration;

/// As in the bank itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Everything that is measured, in this order.
const MEASUREMENTS: &[(&str, Measure)] = &[
    ("ledger", ledger::measure),
    ("drain_events", drain_events::measure),
    ("batch_events", batch_events::measure),
    ("hot_account", hot_account::measure),
    ("drain_views", drain_views::measure),
    ("postgres_ledger", peer::measure),
    ("http", http::measure),
    ("http_batch", http_batch::measure),
    ("single_caller", single_caller::measure),
    ("at_200", at_rate::at_200),
    ("at_2000", at_rate::at_2000),
    ("reads", reads::measure),
    ("fanout", fanout::measure),
    ("alerts", alerts::measure),
    ("replay", replay::measure),
    ("at_scale", at_scale::measure),
    ("risk", risk::measure),
    ("screen", screen::measure),
    (FLATNESS, flatness::measure),
];

/// Takes long and fills a disk: measured only by its name, or where the variable says how long a history is.
const FLATNESS: &str = "flatness";
const HISTORY: &str = "ORION_BENCH_HISTORY";

/// A measurement: each drain with a fresh bank, the latencies with one for all runs; all of them as figures.
type Measure = fn(&Services, &Extent) -> anyhow::Result<Vec<Figure>>;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Transfers of the backlog that settlement drains.
    commands: usize,
    /// Runs of each measurement; the median counts.
    runs: usize,
    /// Decisions that the large bank keeps; one in ten of them opened an account.
    pins: usize,
    /// Payments that the detection takes.
    risk: usize,
    /// Transfers of the long history.
    history: usize,
    /// How long clients that wait for their answers ask.
    time: Duration,
}

impl Extent {
    /// Transfers of the backlog that the views drain.
    const fn views(&self) -> usize {
        self.commands / 5
    }

    /// Transfers of the log that is replayed.
    const fn replayed(&self) -> usize {
        self.commands / 2
    }
}

fn main() -> ExitCode {
    match kept().unwrap_or_else(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
            eprintln!("bench: {}", chain.join(": "));
            ExitCode::FAILURE
        }
    }
}

/// This very program again, with memory as settlement has it; none where this is it.
fn kept() -> Option<anyhow::Result<()>> {
    let (variable, value) = orion::run::KEEP_MEMORY;
    if std::env::var_os(variable).is_some() {
        return None;
    }
    let again = std::env::current_exe().and_then(|bench| {
        let mut command = std::process::Command::new(bench);
        command.args(std::env::args_os().skip(1)).env(variable, value).status()
    });
    Some(match again {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(anyhow::anyhow!("it ended with {status}")),
        Err(error) => Err(error.into()),
    })
}

fn run() -> anyhow::Result<()> {
    if ["KAFKA_BROKERS", "DATABASE_URL", "SCHEMA_REGISTRY_URL"].iter().any(|variable| std::env::var(variable).is_err()) {
        println!("skipped: KAFKA_BROKERS, DATABASE_URL and SCHEMA_REGISTRY_URL are not set; `make bench` starts all three");
        return Ok(());
    }
    let extent = Extent {
        commands: number("ORION_BENCH_COMMANDS", 1_000_000)?,
        runs: number("ORION_BENCH_RUNS", 3)?,
        pins: number("ORION_BENCH_PINS", 10_000_000)?,
        risk: number("ORION_BENCH_RISK", 2_000_000)?,
        history: number(HISTORY, 10_000_000)?,
        time: Duration::from_secs(u64::try_from(number("ORION_BENCH_SECONDS", 20)?)?),
    };
    ensure!(extent.pins >= 100_000, "ORION_BENCH_PINS is {}; a bank with fewer than 100,000 is none to be measured at", extent.pins);
    ensure!(extent.commands >= 1_000, "ORION_BENCH_COMMANDS is {}; a backlog of fewer than 1,000 says nothing", extent.commands);
    ensure!(extent.history >= 10_000, "{HISTORY} is {}; a bank with fewer than 10,000 has none", extent.history);
    // Cargo adds options of its own; a word is the name of a measurement.
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| match wanted.as_slice() {
        [] => name != FLATNESS || std::env::var_os(HISTORY).is_some(),
        wanted => wanted.iter().any(|wanted| name.contains(wanted.as_str())),
    };
    let chosen: Vec<_> = MEASUREMENTS.iter().filter(|(name, _)| is_wanted(name)).collect();
    let names: Vec<_> = MEASUREMENTS.iter().map(|(name, _)| *name).collect();
    ensure!(!chosen.is_empty(), "no measurement is called {}; there are {}", wanted.join(" or "), names.join(", "));

    let load_before = machine::load_average()?;
    let services = Services::of_environment()?;
    let mut figures = Vec::new();
    for (name, measure) in &chosen {
        figures.extend(measure(&services, &extent).with_context(|| format!("{name} could not be measured"))?);
    }
    figures.extend(ratios::of(&figures));
    services.forget_bank()?;
    let machine = machine::describe(&services, load_before)?;
    print!("{}", figures::table(&figures, &machine));
    if wanted.is_empty() {
        println!("\nWritten to {}.", figures::write(&figures, machine, extent)?.display());
    } else {
        println!("\nNothing is written, since only {} was asked for.", wanted.join(" and "));
    }
    Ok(())
}

/// A number that the environment may set.
fn number(variable: &str, default: usize) -> anyhow::Result<usize> {
    let Ok(text) = std::env::var(variable) else { return Ok(default) };
    text.parse().ok().filter(|number| *number > 0).with_context(|| format!("{variable} is {text:?}; it must be a whole number from 1 on"))
}
