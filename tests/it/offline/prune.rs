//! A bank goes on without what was pruned: what a cell needs is still there, and what nobody needs is gone.

use super::{another_claim, junk, often, tool};
use crate::house::House;
use crate::http::{Server, walk};
use anyhow::{Context, ensure};
use egress::snapshots::Store;
use std::time::{Duration, Instant};

#[test]
fn offline_a_bank_goes_on_without_what_was_pruned() -> anyhow::Result<()> {
    let Some(mut house) = House::start_with("prune", often)? else { return Ok(()) };
    let (server, runtime) = (Server::at(&house.base, house.auth())?, tokio::runtime::Runtime::new()?);
    let dir = house.file("archive").to_string_lossy().into_owned();
    runtime.block_on(walk(&server))?;
    junk()?;

    // The next generations of settlement and of the door say their schemas again: from there on a log can begin.
    ensure!(house.stop_run()?.success());
    let stopped = snapshots(&house, "settlement")?.into_iter().max().context("a stop in order leaves a snapshot")?;
    house.start_run()?;
    house.kill_serve()?;
    house.wait_ready()?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while oldest(&house)?.is_none_or(|oldest| oldest <= stopped) {
        ensure!(Instant::now() < deadline, "no newer snapshots come");
        runtime.block_on(walk(&server))?;
    }
    tool(&house, 0, &["archive", "--dir", &dir])?;
    let said = tool(&house, 0, &["archive", "--dir", &dir, "--prune"])?;
    for log in ["orion.commands.v1", "orion.settlement.journal.v1"] {
        ensure!(said.contains(&format!("{log} partition 0: offsets 0 to ")), "{said}");
    }
    let said = tool(&house, 65, &["replay", "--from-kafka"])?;
    ensure!(said.contains("orion.settlement.journal.v1 partition 0 starts at offset "), "{said}");

    // Everybody finds what they need.
    for cell in ["settlement", "views", "risk"] {
        another_claim(&mut house, cell)?;
    }
    house.kill_serve()?;
    house.wait_ready()?;
    runtime.block_on(walk(&server))?;
    for (command, what) in [
        (&["verify", "books"][..], "postgres: compared at epoch"),
        (&["verify", "digests"], "right"),
        (&["replay", "--shadow"], "every row is the same"),
        (&["archive", "--dir", &dir], "orion.settlement.journal.v1 partition 0: "),
        (&["archive", "--dir", &dir, "--check"], " epochs up to "),
        (&["replay", "--archive", &dir, "--quiet"], "epochs give what was committed"),
    ] {
        let said = tool(&house, 0, command)?;
        ensure!(said.contains(what), "{}: {said}", command.join(" "));
    }

    // Without any snapshot the bank does not begin anew.
    ensure!(house.stop_run()?.success());
    std::fs::rename(house.file("snapshots/settlement"), house.file("put-away"))?;
    house.start_run()?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while !std::fs::read_to_string(house.file("run.log"))?.contains("no snapshot is of use: one of this bank has to be brought back") {
        ensure!(Instant::now() < deadline, "settlement does not say why it can't start");
        std::thread::sleep(Duration::from_millis(20));
    }
    house.end_run()?;
    std::fs::remove_dir_all(house.file("snapshots/settlement"))?;
    std::fs::rename(house.file("put-away"), house.file("snapshots/settlement"))?;
    house.start_run()?;
    runtime.block_on(walk(&server))?;
    house.forget()
}

/// The epochs of a cell's snapshots.
fn snapshots(house: &House, cell: &str) -> anyhow::Result<Vec<u64>> {
    Ok(Store::whole(&house.file(&format!("snapshots/{cell}")))?.into_iter().map(|name| name.epoch).collect())
}

/// The oldest of all; none as long as one cell has none.
fn oldest(house: &House) -> anyhow::Result<Option<u64>> {
    let oldest = |cell| anyhow::Ok(snapshots(house, cell)?.into_iter().min());
    let all = ["settlement", "views", "risk"].map(oldest).into_iter().collect::<anyhow::Result<Option<Vec<u64>>>>()?;
    Ok(all.and_then(|all| all.into_iter().min()))
}
