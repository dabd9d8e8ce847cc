//! `at_scale`: what a large bank costs to keep and to bring back. A million accounts and ten million pinned decisions, all
//! of them made by commands that settlement decided; then 500 transfers a second, open loop, as a door appends them.
//!
//! | Figure | What |
//! |---|---|
//! | `snapshot_pause_ms` | the longest that the deciding thread spent on one epoch, deciding included, while snapshots were taken one after the other |
//! | `decision_p99_ms_in_snapshots`, `_max_` | seen from outside meanwhile: from when a command is due until its decision is committed |
//! | `recovery_s` | from the death of settlement by -9 until a command is decided, and that committed, that was appended after it |
//! | `settlement_rss_mb` | the most memory that settlement had in any of it |
//! | `bytes_per_account`, `bytes_per_pin` | what its resident memory grew by for each, while the bank was made |
//!
//! The bank takes minutes to make, so this is measured once; only the death comes again.

mod cell;
mod load;
mod prepare;

use crate::Extent;
use crate::bank::Bank;
use crate::decided::Decided;
use crate::figures::{Figure, milliseconds};
use crate::services::Services;
use anyhow::{Context, ensure};
use cell::Cell;
use load::Load;
use std::time::{Duration, Instant};

/// Between snapshots, in the part that measures what they cost.
const SNAPSHOTS_EVERY_MS: &str = "3000";
/// How long that part takes.
const SNAPSHOTS_FOR: Duration = Duration::from_secs(40);
/// Settlement lives for at least this long before it dies again: until it has a snapshot of its own, and until its
/// supervisor thinks it well.
const LIFE: Duration = Duration::from_secs(15);
/// It has to come back within this time.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut pause = Figure::new("snapshot_pause_ms", "ms", "the deciding thread's longest epoch while snapshots are taken");
    let mut p99 = Figure::new("decision_p99_ms_in_snapshots", "ms", "meanwhile, from due to committed, 500 a second");
    let mut longest = Figure::new("decision_max_ms_in_snapshots", "ms", "");
    let mut recovery = Figure::new("recovery_s", "s", "from kill -9 of settlement to the first new decision, committed");
    let mut fenced = Figure::new("recovery_fence_ms", "ms", "of which: taking over from the dead writer");
    let mut loaded = Figure::new("recovery_load_ms", "ms", "of which: journal and snapshot");
    let mut replayed = Figure::new("recovery_replay_ms", "ms", "of which: what is bound after the snapshot");
    let mut memory = Figure::new("settlement_rss_mb", "MB", "the most memory that settlement had");
    let mut each_account = Figure::new("bytes_per_account", "bytes", "what settlement's memory grew by for an account, its pin included");
    let mut each_pin = Figure::new("bytes_per_pin", "bytes", "the same for a settled payment that is pinned");

    let bank = Bank::fresh(services, "at_scale")?;
    let mut decided = Decided::by(&bank)?;
    let prepare::Prepared { accounts, account_bytes, pin_bytes } = prepare::prepare(&bank, extent.pins, &mut decided)?;
    each_account.add(account_bytes);
    each_pin.add(pin_bytes);
    let mut most = 0;

    let mut cell = Cell::start(&bank, "snapshots", &[("ORION_SNAPSHOTS__EVERY_MS", SNAPSHOTS_EVERY_MS)])?;
    let load = Load::start(&bank, accounts)?;
    first_decision(&mut cell, &load, &mut decided)?;
    eprintln!("{:<24} snapshots every {SNAPSHOTS_EVERY_MS} ms for {} s", "at_scale", SNAPSHOTS_FOR.as_secs());
    settle_down(&mut cell, &load, &mut decided, Duration::from_secs(3))?;
    let said = cell.said()?.len();
    let mut waits = settle_down(&mut cell, &load, &mut decided, SNAPSHOTS_FOR)?;
    let lines = cell.said()?.split_off(said);
    let taken = lines.iter().filter(|line| line["message"] == "a snapshot is written").count();
    ensure!(taken >= 3, "{taken} snapshots were written in {} s", SNAPSHOTS_FOR.as_secs());
    let decided_us: Vec<f64> =
        lines.iter().filter(|line| line["message"] == "decided").filter_map(|line| line["took_us"].as_f64()).collect();
    ensure!(decided_us.len() > 1_000, "the log has only {} epochs that were decided while snapshots were taken", decided_us.len());
    pause.add(decided_us.into_iter().fold(0.0, f64::max) / 1e3);
    waits.sort_unstable();
    let due = load::A_SECOND * usize::try_from(SNAPSHOTS_FOR.as_secs())?;
    ensure!(waits.len() * 10 > due * 9, "{} of {due} commands were decided while snapshots were taken", waits.len());
    p99.add(milliseconds(waits[waits.len() * 99 / 100]));
    longest.add(milliseconds(waits[waits.len() - 1]));
    most = most.max(cell.most_memory_kb()?);
    drop(cell);

    // As a bank runs: snapshots as often as they are by default.
    let mut cell = Cell::start(&bank, "recovery", &[])?;
    first_decision(&mut cell, &load, &mut decided)?;
    for run in 1..=extent.runs {
        settle_down(&mut cell, &load, &mut decided, LIFE)?;
        most = most.max(cell.most_memory_kb()?);
        let said = cell.said()?.len();
        cell.kill()?;
        let took = first_decision(&mut cell, &load, &mut decided)?;
        eprintln!("{:<24} back after {:.2} s", format!("at_scale {run}/{}", extent.runs), took.as_secs_f64());
        recovery.add(took.as_secs_f64());
        // The line about the replay is written when the first new epoch is about to be committed.
        let lines = cell.said()?.split_off(said);
        let number = |field: &str| lines.iter().rev().find_map(|line| line[field].as_f64()).with_context(|| format!("no line has {field}"));
        fenced.add(number("fenced_ms")?);
        loaded.add(number("loaded_ms")?);
        replayed.add(number("seconds").unwrap_or(0.0) * 1e3);
    }
    settle_down(&mut cell, &load, &mut decided, Duration::from_secs(1))?;
    most = most.max(cell.most_memory_kb()?);
    memory.add(f64::from(most) / 1024.0);
    load.stop()?;
    Ok(vec![pause, p99, longest, recovery, fenced, loaded, replayed, memory, each_account, each_pin])
}

/// How long it takes from now until a command is decided that was appended after now.
fn first_decision(cell: &mut Cell<'_>, load: &Load, decided: &mut Decided) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut first = None;
    load.forget();
    loop {
        first = first.or_else(|| load.first_since(begun));
        if first.is_some_and(|offset| decided.upper() > offset) {
            load.forget();
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < PATIENCE, "nothing new is decided after {} s; see {}", PATIENCE.as_secs(), cell.log());
        cell.check()?;
        decided.read(Duration::from_millis(5))?;
    }
}

/// Lets the bank decide for a while; how long each command waited.
fn settle_down(cell: &mut Cell<'_>, load: &Load, decided: &mut Decided, time: Duration) -> anyhow::Result<Vec<Duration>> {
    let (begun, mut waits) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        decided.read(Duration::from_millis(5))?;
        waits.extend(load.decided(decided.upper()));
        cell.check()?;
    }
    Ok(waits)
}
