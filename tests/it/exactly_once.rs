//! Exactly once, under any failure: clients move money over HTTP while every process is killed by -9, at random
//! moments and at every phase of a commit. Afterwards a checker that shares no rule with the ledger compares what the
//! clients saw with what Kafka and Postgres hold.
//!
//! The short form is part of every run of the tests; `make chaos SECONDS=1800 SEED=7` is the long one. Both need the
//! feature `faults`, and a stack of their own, which `with-stack.sh` makes.

pub(crate) mod asked;
mod campaign;
pub(crate) mod chain;
pub(crate) mod check;
mod client;
mod disk;
pub(crate) mod evidence;
pub(crate) mod gather;
mod ground;
pub(crate) mod history;
mod known;
pub(crate) mod memory;
mod nemesis;
pub(crate) mod random;
mod report;
mod wire;

use campaign::{Campaign, Mistake};
use check::Kind;

/// What a run must find when a mistake is planted: any of these.
const MISTAKES: &[(&str, Mistake, &[Kind])] = &[
    ("event-twice", Mistake::Slip, &[Kind::DoubledDecision]),
    ("event-left-out", Mistake::Slip, &[Kind::NeverDecided, Kind::BatchDiffers, Kind::OrderDiffers]),
    ("credit-differs", Mistake::Slip, &[Kind::BooksUnbalanced]),
    ("repeat-decided-anew", Mistake::Slip, &[Kind::DoubledDecision]),
    ("outcome-differs", Mistake::Slip, &[Kind::BatchDiffers]),
    ("order-executed-twice", Mistake::Slip, &[Kind::OrderDiffers]),
    ("row-left-out", Mistake::Slip, &[Kind::RowsDiffer]),
    ("append-skipped", Mistake::Bug, &[Kind::NeverDecided]),
    ("at-least-ignored", Mistake::Bug, &[Kind::MissedWrite]),
    ("progress-back", Mistake::Bug, &[Kind::BackInTime]),
    ("read-uncommitted", Mistake::EarlyAnswer, &[Kind::LostDecision, Kind::AnswerContradictsLog]),
];

/// Those that every run of the tests plants; `make chaos-bugs` plants all, and `CHAOS_BUGS` names others.
const ALWAYS: [&str; 3] = ["event-left-out", "append-skipped", "row-left-out"];

#[test]
fn every_death_leaves_each_command_decided_once() -> anyhow::Result<()> {
    let seconds = number("CHAOS_SECONDS");
    let campaign = match seconds {
        Some(seconds) => Campaign::long(seed(), seconds),
        None => Campaign::short(seed()),
    };
    let Some(report) = campaign.run("exactly-once")? else { return skipped(seconds.is_some()) };
    report.print();
    report.judge(&campaign)
}

#[test]
fn every_planted_mistake_is_found() -> anyhow::Result<()> {
    let asked = std::env::var("CHAOS_BUGS").unwrap_or_default();
    let wanted = |name: &str| match asked.as_str() {
        "" => ALWAYS.contains(&name),
        "all" => true,
        names => names.split(',').any(|asked| asked == name),
    };
    let known = |name: &str| MISTAKES.iter().any(|(mistake, ..)| *mistake == name);
    anyhow::ensure!(matches!(asked.as_str(), "" | "all") || asked.split(',').all(known), "CHAOS_BUGS is {asked:?}, which is no mistake");
    for (name, mistake, expected) in MISTAKES.iter().filter(|(name, ..)| wanted(name)) {
        let Some(report) = Campaign::planted(seed(), name, *mistake).run(name)? else { return skipped(!asked.is_empty()) };
        let found = report.kinds();
        println!("{name}: {found:?}");
        anyhow::ensure!(expected.iter().any(|kind| found.contains_key(kind)), "{name} was planted, and not found: {found:?}");
    }
    Ok(())
}

#[test]
fn a_binary_says_whether_it_can_be_told_to_fail() -> anyhow::Result<()> {
    let said = std::process::Command::new(env!("CARGO_BIN_EXE_orion")).arg("--version").output()?;
    let said = String::from_utf8(said.stdout)?;
    assert_eq!(said.contains("+faults"), cfg!(feature = "faults"), "{said}");
    Ok(())
}

/// A run that fails names its seed; `CHAOS_SEED` runs it again.
fn seed() -> u64 {
    number("CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()))
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}; it must be a whole number")))
}

/// Where services may not be killed, a run of all tests goes on; whoever asked for deaths by name is told.
fn skipped(asked: bool) -> anyhow::Result<()> {
    anyhow::ensure!(!asked, "this needs services of its own: unset KAFKA_BROKERS, DATABASE_URL and SCHEMA_REGISTRY_URL");
    Ok(())
}
