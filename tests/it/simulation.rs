//! The whole house in one thread, without a server: the real functions of the cells, of the sources and of the door, in a
//! world that is simulated. What comes next is chosen by a seed, by a script, or is every possibility in turn.
//!
//! A seed that fails says so; `SIM_SEED=n` plays it again and prints all that happens, `SIM_SEEDS=n` plays more.

mod broker;
mod chance;
mod clients;
mod disk;
mod door;
mod flow;
mod house;
mod interleavings;
mod judge;
mod mistakes;
mod postgres;
mod reader;
mod script;
mod settlement;
mod views;
mod world;

use chance::Told;
use interleavings::{Scenario, Seen};
use mistakes::Mistake;
use std::time::Instant;

/// Seeds of every run of the tests.
const SEEDS: u64 = 260;
/// Seeds within which every mistake must be found.
const FOUND_WITHIN: u64 = 400;

#[test]
fn whatever_fails_each_command_is_decided_once() {
    if let Some(seed) = number("SIM_SEED") {
        let told = chance::run(seed, None);
        told.trace.iter().for_each(|happened| println!("{happened:?}"));
        assert!(told.wrong.is_empty(), "{}", sentence(&told));
        return;
    }
    let began = Instant::now();
    let seeds = number("SIM_SEEDS").unwrap_or(SEEDS);
    let mut sum = Told::default();
    for seed in 1..=seeds {
        let told = chance::run(seed, None);
        assert!(told.wrong.is_empty(), "{}", sentence(&told));
        sum.epochs += told.epochs;
        sum.commands += told.commands;
        sum.answers += told.answers;
        sum.faults += told.faults;
        sum.fenced += told.fenced;
        sum.cold += told.cold;
        sum.unread += told.unread;
        told.said.into_iter().for_each(|(name, count)| *sum.said.entry(name).or_default() += count);
    }
    let Told { epochs, commands, answers, faults, fenced, cold, unread, said, .. } = sum;
    println!(
        "{seeds} seeds: {commands} commands in {epochs} epochs, {answers} answers, {faults} faults and starts, {fenced} processes fenced, \
         {cold} decisions on the disk alone, {unread} processes that could not read one, {:?}; {said:?}",
        began.elapsed()
    );
    let least = usize::try_from(seeds).unwrap();
    assert!(answers > least && faults > least && fenced > least && cold > least, "the days are too quiet to show anything");
    assert!(seeds < SEEDS || unread > 0, "no process asks for a page that the disk has lost");
    let newest = ["captured", "closed", "released", "expired", "refund", "reverse", "fee", "set_level_limits"].into_iter().chain([
        "batch",
        "batch_undone",
        "batch_dry_run",
        "scheduled",
        "executed",
        "order_failed",
        "cancelled",
        "back_dated",
    ]);
    let missing: Vec<_> = newest.filter(|name| !said.contains_key(name)).collect();
    assert!(seeds < SEEDS || missing.is_empty(), "no day shows {missing:?}");
}

#[test]
fn a_seed_is_the_same_day_again() {
    for seed in [1, 7, 1_000_003] {
        let (one, other) = (chance::run(seed, None), chance::run(seed, None));
        assert_eq!(one.trace, other.trace, "seed {seed}");
        assert_eq!((one.epochs, one.commands, one.answers), (other.epochs, other.commands, other.answers), "seed {seed}");
    }
}

#[test]
fn every_mistake_is_found() {
    for mistake in Mistake::ALL {
        let found = (1..=FOUND_WITHIN).map(|seed| chance::run(seed, Some(mistake))).find(|told| !told.wrong.is_empty());
        let told = found.unwrap_or_else(|| panic!("{mistake:?} is not found within {FOUND_WITHIN} seeds"));
        println!("{mistake:?}: seed {}: {}", told.seed, told.wrong[0]);
    }
}

/// Every file of `simulation/scripts`, every script.
#[test]
fn every_script_comes_out_as_it_says() {
    let mut played = 0;
    for file in std::fs::read_dir("tests/it/simulation/scripts").unwrap() {
        let path = file.unwrap().path();
        for script in script::scripts(&std::fs::read_to_string(&path).unwrap()) {
            if let Err(error) = script::play(&script) {
                panic!("{}: {}: {error:#}", path.display(), script.name);
            }
            played += 1;
        }
    }
    assert!(played > 25, "only {played} scripts were found");
}

#[test]
fn every_interleaving_of_two_settlements_comes_out_right() {
    every_interleaving(&interleavings::of_settlement());
}

#[test]
fn every_interleaving_of_settlement_and_views_comes_out_right() {
    interleavings::of_views().iter().for_each(every_interleaving);
}

fn every_interleaving(scenario: &Scenario) {
    let began = Instant::now();
    let seen = interleavings::all(scenario, None).unwrap_or_else(|wrong| panic!("{wrong}"));
    let Seen { interleavings, states, ends } = seen;
    println!("{}: {interleavings} interleavings through {states} states to {ends} ends, {:?}", scenario.name, began.elapsed());
    assert!(interleavings > 100 && ends > 1, "{}: {seen:?}", scenario.name);
}

/// Those that need no luck: an order of a few moves shows each.
#[test]
fn an_interleaving_finds_a_mistake() {
    let (settlement, views) = ([interleavings::of_settlement()], interleavings::of_views());
    for (scenarios, mistake) in [
        (&settlement[..], Mistake::SnapshotEarly),
        (&settlement, Mistake::JournalUnfenced),
        (&settlement, Mistake::KafkaUnfenced),
        (&settlement, Mistake::ReplayEmits),
        (&views, Mistake::BindingApart),
        (&views, Mistake::RowUnfenced),
        (&views, Mistake::ProgressApart),
        (&views, Mistake::CountsIgnored),
        (&views, Mistake::ReadsDirty),
    ] {
        let found = scenarios.iter().find_map(|scenario| interleavings::all(scenario, Some(mistake)).err());
        let wrong = found.unwrap_or_else(|| panic!("{mistake:?} is not found"));
        println!("{mistake:?}: {} moves: {}", wrong.lines().count() - 2, wrong.lines().next().unwrap_or_default());
    }
}

fn sentence(told: &Told) -> String {
    let from = told.trace.len().saturating_sub(40);
    let last: Vec<String> = told.trace[from..].iter().map(|happened| format!("  {happened:?}")).collect();
    format!("seed {} (SIM_SEED={} plays it again):\n{}\nat last:\n{}", told.seed, told.seed, told.wrong.join("\n"), last.join("\n"))
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}; it must be a whole number")))
}
