//! Golden logs: what a released version of the rules decided, every later binary decides again, byte for byte.
//!
//! `tests/golden/vN.jsonl` holds commands, bindings, and the digests of what each epoch wrote under version N. No
//! server is needed. A new version of the rules adds a file (`ORION_BLESS=1` writes only what is missing); a file that
//! is there never changes, since it stands for logs that are out in the world.

mod generate;

use anyhow::{Context, ensure};
use orion::replay::{self, LogFile, Rule, START_MS};
use schemas::{Event, Fact, PaymentKind, Refusal, StatusChange, Verdict};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const RULE: Rule = Rule { every: 1, start_ms: START_MS };

/// The golden log of a version; only that of the newest is ever written.
fn log(version: u32) -> anyhow::Result<PathBuf> {
    static BLESSING: Mutex<()> = Mutex::new(());
    let _one = BLESSING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = PathBuf::from(format!("tests/golden/v{version}.jsonl"));
    if !path.exists() && std::env::var_os("ORION_BLESS").is_some() && version == state::CODE_VERSION {
        bless(&path)?;
    }
    ensure!(path.exists(), "{} is missing; ORION_BLESS=1 writes it", path.display());
    Ok(path)
}

#[test]
fn golden_logs_of_every_released_version_give_the_same_bytes() -> anyhow::Result<()> {
    for version in 1..=state::CODE_VERSION {
        let path = log(version)?;
        let replayed = replay::file(&path, RULE, |decided, _| {
            ensure!(decided.output.binding.code_version == version, "epoch {} is of another version", decided.output.binding.epoch);
            Ok(())
        })?;
        ensure!(replayed.differing == 0, "version {version} decides otherwise now: {}", replayed.differences.join("; "));
        ensure!(replayed.compared == replayed.epochs && replayed.epochs > 20, "every epoch of {} is compared", path.display());
    }
    Ok(())
}

#[test]
fn golden_logs_hold_every_operation_and_every_refusal() -> anyhow::Result<()> {
    let path = log(state::CODE_VERSION)?;
    let (mut events, mut epochs, mut dead_letters) = (Vec::new(), Vec::new(), 0);
    replay::file(&path, RULE, |decided, _| {
        epochs.push(decided.output.binding.epoch);
        dead_letters += decided.output.dead_letters.len();
        events.extend(decided.output.events.iter().cloned());
        Ok(())
    })
    .with_context(|| format!("{} can't be replayed", path.display()))?;
    let any = |has: &dyn Fn(&Fact) -> bool| events.iter().any(|event: &Event| has(&event.fact));
    for kind in PaymentKind::ALL {
        ensure!(any(&|fact| matches!(fact, Fact::Transaction(paid) if paid.kind == *kind && paid.refusal.is_none())), "{kind} settles");
    }
    for change in StatusChange::ALL {
        ensure!(any(&|fact| matches!(fact, Fact::StatusChanged(changed) if changed.change == *change)), "{change} is done");
    }
    // The newest version knows every operation.
    for refusal in Refusal::ALL.iter().filter(|refusal| **refusal != Refusal::OperationNotInForce) {
        let refuses = |fact: &Fact| match fact {
            Fact::Transaction(paid) => paid.refusal == Some(*refusal),
            Fact::Refused { refusal: reason, .. } => reason == refusal,
            Fact::CustomerCreated(_)
            | Fact::AccountOpened(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::Repeated(_) => false,
        };
        ensure!(any(&refuses), "{refusal} is a reason");
    }
    for verdict in Verdict::ALL {
        ensure!(any(&|fact| matches!(fact, Fact::Repeated(repeat) if repeat.verdict() == *verdict)), "{verdict} is a verdict");
    }
    ensure!(events.len() > 300 && dead_letters >= 3, "{} events, {dead_letters} dead letters", events.len());
    ensure!(epochs.windows(2).any(|pair| pair[1] - pair[0] > 7 * 86_400_000), "longer than pins are kept");
    Ok(())
}

#[test]
fn golden_logs_that_are_changed_say_where_they_differ() -> anyhow::Result<()> {
    let text = std::fs::read_to_string(log(1)?)?;
    let line =
        text.lines().find(|line| line.contains("\"transfer\"") && line.contains("\"amount\":\"125\"")).context("the first transfer")?;
    let changed = text.replacen(line, &line.replace("\"amount\":\"125\"", "\"amount\":\"126\""), 1);
    let path = std::env::temp_dir().join(format!("orion-golden-{}.jsonl", uuid::Uuid::new_v4()));
    std::fs::write(&path, changed)?;
    let replayed = replay::file(&path, RULE, |_, _| Ok(()))?;
    std::fs::remove_file(&path)?;
    ensure!(replayed.differing > 0, "a changed amount is found");
    let first = replayed.differences.first().context("said")?;
    ensure!(first.contains("transaction.settled.v1 partition") && first.contains("have another digest"), "{first}");
    Ok(())
}

/// Writes the golden log of the newest version: what the generator asks, and what the rules say to it now.
fn bless(path: &Path) -> anyhow::Result<()> {
    let asked = std::env::temp_dir().join(format!("orion-golden-{}.jsonl", uuid::Uuid::new_v4()));
    let lines: Vec<String> = generate::log(1).iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    std::fs::write(&asked, lines.join("\n"))?;
    let mut log = LogFile::create(path)?;
    replay::file(&asked, RULE, |decided, outputs| log.epoch(&decided.commands, &decided.output.binding, outputs))?;
    std::fs::remove_file(&asked)?;
    log.finish()
}
