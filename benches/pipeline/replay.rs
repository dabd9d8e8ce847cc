//! `replay`: how fast history is decided again, every epoch compared with the digests that it was committed with.
//!
//! A backlog is appended and settled, once. Then, `runs` times each:
//! - `orion replay --archive`, over the archive of that log: `replay_per_s`;
//! - settlement itself, started without a snapshot: from its start until it has replayed the log from Kafka and has
//!   committed the first new decision: `replay_start_per_s`.
//!
//! Commands are counted over the time from the start of the process, with everything that it does before the first one.

use crate::Extent;
use crate::backlog::{self, SEED};
use crate::bank::Bank;
use crate::decided::Decided;
use crate::figures::{Figure, per_second};
use crate::services::Services;
use anyhow::{Context, ensure};
use std::process::Stdio;
use std::time::Instant;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut archive = Figure::new("replay_per_s", "commands/s", "orion replay of an archive, every digest compared");
    let mut start =
        Figure::new("replay_start_per_s", "commands/s", "settlement's own, from Kafka without a snapshot, to its first new decision");
    let bank = Bank::fresh(services, "replay")?;
    let mut decided = Decided::by(&bank)?;
    let parties = backlog::parties(&bank, "replay", &mut decided)?;
    let mut settlement = bank.settlement()?;
    let count = extent.replayed();
    eprintln!("{:<24} a log of {count} transfers is settled", "replay");
    bank.append(backlog::transfers(&parties, SEED, count))?;
    let target = decided.payments() + u64::try_from(count)?;
    decided.wait("replay", Decided::payments, target, &mut [&mut settlement])?;
    drop(settlement);

    let folder = bank.file("archive");
    let archived = bank.orion().args(["archive", "--quiet", "--dir"]).arg(&folder).stdout(Stdio::null()).status()?;
    ensure!(archived.success(), "orion archive ended with {archived}");
    let mut commands = 0;
    for run in 1..=extent.runs {
        let started = Instant::now();
        let output = bank.orion().args(["replay", "--quiet", "--archive"]).arg(&folder).output()?;
        let took = started.elapsed();
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success() && said.contains("epochs give what was committed"),
            "orion replay ended with {}: {said}",
            output.status
        );
        // "replay: 512004 commands in 86 epochs, ..."
        commands = said.split_whitespace().nth(1).and_then(|count| count.parse().ok()).with_context(|| format!("it said {said}"))?;
        eprintln!("{:<24} {}", format!("replay {run}/{}", extent.runs), said.trim());
        archive.add(per_second(commands, took));
    }
    for run in 1..=extent.runs {
        let snapshots = bank.file("snapshots");
        std::fs::remove_dir_all(&snapshots).with_context(|| format!("can't remove {}", snapshots.display()))?;
        // One more than last time: the new decision.
        bank.append(backlog::transfers(&parties, SEED, count + run).skip(count + run - 1))?;
        let target = decided.payments() + 1;
        let started = Instant::now();
        let mut settlement = bank.settlement()?;
        let (_, last) = decided.wait("replay from Kafka", Decided::payments, target, &mut [&mut settlement])?;
        start.add(per_second(commands, last - started));
    }
    Ok(vec![archive, start])
}
