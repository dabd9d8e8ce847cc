//! `orion dlq`: commands that could not be read when they came, and went to the dead letters as they were.
//!
//! In: the dead letters, named by where they stood in the commands log. Out: a line for each, one of them whole, or the
//! command in the log once more. Never: a record in the log that settlement would set aside again, or that the rules in force
//! do not know, which no door writes either.
//!
//! A command that is handed in again is the command that it was: if it was decided after all, it is a repeat. So a death in
//! the middle is mended by doing it again, whether the command was appended, only its schema, or neither.

use crate::config::Config;
use crate::exit::{BAD_INPUT, Exit, NO, UNAVAILABLE};
use crate::tap::Lines;
use egress::registry::Registry;
use ingress::log::{Again, CommandLog};
use ingress::taps::{self, From, Tapped};
use schemas::epoch::rfc3339;
use schemas::topic::{COMMANDS_DLQ, SCHEMA_HEADER, Topic};
use schemas::wire::{Encoder, datum};
use schemas::{Command, Entry, Position};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::ExitCode;

/// How far back the journal is read for the rules: an idle bank has an epoch a second.
const RULES_MS: u64 = 60_000;

/// `orion dlq`.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(
    after_help = "Examples:\n  orion dlq list --from 2026-11-28T00:00:00Z\n  orion dlq show 0:1234\n  orion dlq replay 0:1234 0:1240\n  orion dlq replay --all\n\nA position is where the record stood in the commands log, as the list says it."
)]
pub enum Action {
    /// Every dead letter, a line each: where it stood, when it was set aside, its size, why.
    List {
        /// Where to start: beginning, an epoch in milliseconds, or a time.
        #[arg(long, default_value = "beginning")]
        from: From,
        /// As JSON, one object a line.
        #[arg(long)]
        json: bool,
    },
    /// One of them, whole, as JSON; and the command that it is, if it can be read by now.
    Show {
        /// Where it stood.
        position: Position,
    },
    /// Hand commands in again that can be read by now, since their schema was registered.
    Replay {
        /// Where they stood.
        #[arg(required_unless_present = "all")]
        positions: Vec<Position>,
        /// All that can be read by now.
        #[arg(long, conflicts_with = "positions")]
        all: bool,
    },
}

/// Does it. Where something can't be handed in, the exit code says so.
pub fn run(action: &Action, config: &Config) -> anyhow::Result<ExitCode> {
    match action {
        Action::List { from, json } => list(*from, *json, config)?,
        Action::Show { position } => show(*position, config)?,
        Action::Replay { positions, all } => return replay(positions, *all, config),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(from: From, json: bool, config: &Config) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    taps::read(&config.kafka.brokers, COMMANDS_DLQ, from, true, |record| {
        let (position, reason) = (stood(&record), record.header("reason").unwrap_or_default());
        let line = if json {
            serde_json::json!({
                "position": position.map(|position| position.to_string()),
                "epoch": record.epoch,
                "bytes": record.value.len(),
                "trace_id": schemas::event::trace_id(&record.traceparent),
                "reason": reason,
            })
            .to_string()
        } else {
            let place = position.map_or_else(|| "-".to_owned(), |position| position.to_string());
            let when = record.epoch.map_or_else(|| "-".to_owned(), rfc3339);
            format!("{place:<12} {when}  {:>8} bytes  {reason}", record.value.len())
        };
        // A closed pipe is the reader's way to say: enough.
        Ok::<bool, anyhow::Error>(writeln!(out, "{line}").is_ok())
    })
}

fn show(position: Position, config: &Config) -> anyhow::Result<()> {
    let (mut lines, mut found) = (Lines::new(&config.registry.url)?, None);
    each(config, |letter, stood| {
        found = (stood == position).then(|| letter.clone()).or(found.take());
        Ok(())
    })?;
    let letter = found.ok_or_else(|| missing(position))?;
    let mut line = lines.of(&letter)?;
    line["position"] = position.to_string().into();
    line["reason"] = letter.header("reason").into();
    match readable(&mut lines, &letter) {
        Ok((command, ..)) => line["command_id"] = command.id().to_string().into(),
        Err(reason) => line["still"] = reason.into(),
    }
    println!("{line:#}");
    Ok(())
}

fn replay(positions: &[Position], all: bool, config: &Config) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ids = runtime.block_on(Registry::new(&config.registry.url).ids(&[Topic::Commands]))?;
    let log = CommandLog::new(&config.commands_log(), Encoder::new(ids))?;
    let mut lines = Lines::new(&config.registry.url)?;
    let rules = rules(config, &mut lines)?;
    let (mut found, mut again, mut stay) = (BTreeSet::new(), 0, 0);
    each(config, |letter, stood| {
        if !all && !positions.contains(&stood) {
            return Ok(());
        }
        found.insert(stood);
        let place = stood.to_string();
        match readable(&mut lines, letter) {
            Ok((command, ..)) if command.operation.since() > rules => {
                println!("{place:<12} stays: version {rules} of the rules is in force, which does not know {}", command.operation.name());
                stay += 1;
            }
            Ok((command, schema_id, schema)) => {
                let (command_id, traceparent) = (command.id(), letter.traceparent.as_str());
                let record = Again { command_id, value: &letter.value, schema_id, schema: &schema, traceparent };
                let position = runtime.block_on(log.append_again(&record))?;
                println!("{place:<12} stands at {position} now; GET /v1/operations/{command_id} says what becomes of it");
                again += 1;
            }
            Err(reason) => {
                println!("{place:<12} stays: {reason}");
                stay += 1;
            }
        }
        Ok(())
    })?;
    if let Some(none) = positions.iter().find(|position| !found.contains(*position)) {
        return Err(missing(*none).into());
    }
    println!("{again} handed in again, {stay} stay");
    Ok(if stay == 0 { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

/// The command that a dead letter is, and the schema that it names, or why it is still none.
fn readable(lines: &mut Lines, letter: &Tapped) -> Result<(Command, u32, String), String> {
    let (id, _) = datum(&letter.value).map_err(|error| error.to_string())?;
    let unknown = || format!("the registry does not know schema {id}");
    let schema = lines.learn(id).map_err(|error| format!("{error:#}"))?.ok_or_else(unknown)?;
    let command = lines.decoder().command(&letter.value).map_err(|error| error.to_string())?;
    Ok((command, id, schema))
}

/// The rules that decided the last epoch. An activation comes into force within a second of being decided.
fn rules(config: &Config, lines: &mut Lines) -> anyhow::Result<u32> {
    let (from, mut rules) = (From::At(meters::since::now_ms().saturating_sub(RULES_MS)), None);
    taps::read(&config.kafka.brokers, Topic::SettlementJournal.as_str(), from, true, |record| {
        if record.header(SCHEMA_HEADER).is_none() {
            lines.learn(datum(&record.value)?.0)?;
            if let Entry::Commit(commit) = lines.decoder().entry(Topic::SettlementJournal, &record.value)? {
                rules = commit.epochs.last().map(|sealed| sealed.binding.code_version).or(rules);
            }
        }
        Ok::<bool, anyhow::Error>(true)
    })?;
    let sentence =
        "settlement has decided nothing for a minute, so it is not known which rules are in force; see that it runs, then try again";
    Ok(rules.ok_or_else(|| Exit { code: UNAVAILABLE, sentence: sentence.to_owned() })?)
}

/// Hands on every dead letter that there is now, with where it stood.
fn each(config: &Config, mut each: impl FnMut(&Tapped, Position) -> anyhow::Result<()>) -> anyhow::Result<()> {
    taps::read(&config.kafka.brokers, COMMANDS_DLQ, From::Beginning, true, |letter| {
        stood(&letter).map_or(Ok(()), |stood| each(&letter, stood))?;
        Ok(true)
    })
}

/// Where a dead letter stood in the commands log.
fn stood(record: &Tapped) -> Option<Position> {
    record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()?.parse().ok())
}

fn missing(position: Position) -> Exit {
    let sentence = format!("no dead letter stood at {position}; `orion dlq list` says which there are");
    Exit { code: BAD_INPUT, sentence }
}
