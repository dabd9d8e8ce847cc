//! The nemesis: kills, one at a time, and waits after each until a new command is decided.

use super::client::Crowd;
use super::disk;
use super::ground::Ground;
use super::random::Random;
use crate::house::{House, signal};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

/// How long anything may take to be back.
const PATIENCE: Duration = Duration::from_secs(90);

/// One blow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// A process dies by itself, at a point of [`faults::POINTS`].
    Point(&'static str),
    /// A process, by -9, at whatever moment.
    Kill(&'static str),
    /// A cell is stopped, replaced by a second one, and wakes up.
    Zombie(&'static str),
    /// Settlement's clock is off by this many seconds, and right again.
    Clock(i64),
    /// The disk of a service is full for a while.
    DiskFull(&'static str),
}

/// What has been done, and how long it took to get over it.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(crate) struct Toll {
    /// Deaths by -9, by process or point.
    pub(crate) kills: BTreeMap<String, u64>,
    /// Everything else, by name.
    pub(crate) others: BTreeMap<String, u64>,
    /// Milliseconds from a death of settlement to the answer to a command that was sent after it.
    pub(crate) recovery_ms: Vec<u64>,
    /// The same, of every other process.
    pub(crate) other_recovery_ms: Vec<u64>,
}

/// All that the nemesis has at hand.
pub(crate) struct Nemesis<'a> {
    pub(crate) house: &'a mut House,
    pub(crate) crowd: &'a Crowd,
    pub(crate) ground: &'a Ground,
    pub(crate) faults: PathBuf,
    pub(crate) toll: Toll,
}

impl Nemesis<'_> {
    /// Strikes once, and waits until the bank decides again.
    pub(crate) fn strike(&mut self, strike: Strike, random: &mut Random) -> anyhow::Result<()> {
        // Some work between two blows, of an amount that varies.
        std::thread::sleep(Duration::from_millis(150 + u64::try_from(random.below(500))?));
        println!("{:>8} ms  {strike:?}", self.crowd.now() / 1000);
        self.blow(strike).with_context(|| format!("{strike:?}"))
    }

    fn blow(&mut self, strike: Strike) -> anyhow::Result<()> {
        match strike {
            Strike::Point(point) => {
                self.reach(point)?;
                self.killed(point, point.starts_with("settlement"))
            }
            Strike::Kill(process) => {
                match process {
                    "serve" => self.house.kill_serve()?,
                    "run" => self.house.kill_run()?,
                    "settlement" | "views" | "risk" => self.house.kill_cell(process)?,
                    service => signal("KILL", self.ground.process(&format!("{service}.child"))?)?,
                }
                self.killed(process, process == "settlement")
            }
            Strike::Zombie(cell) => self.zombie(cell),
            Strike::Clock(seconds) => self.clock(seconds),
            Strike::DiskFull(service) => {
                let Some(disk) = disk::small(self.ground, service)? else { return Ok(()) };
                self.recover()?;
                disk.fill()?;
                std::thread::sleep(Duration::from_secs(6));
                disk.free()?;
                self.recover()?;
                disk.restore(self.ground)?;
                self.recover()?;
                self.count(&format!("{service} disk full"))
            }
        }
    }

    /// Arms a point and waits until a process has died there.
    fn reach(&mut self, point: &str) -> anyhow::Result<()> {
        let armed = self.faults.join(point);
        std::fs::write(&armed, "")?;
        let deadline = Instant::now() + PATIENCE;
        let mut again = Instant::now();
        while armed.exists() {
            // What happens only at the start of a cell needs one. There may be nothing to replay at the first.
            if let Some((cell, "claimed" | "replay")) = point.split_once('.')
                && again <= Instant::now()
            {
                self.house.kill_cell(cell)?;
                *self.toll.kills.entry(cell.to_owned()).or_default() += 1;
                again = Instant::now() + Duration::from_secs(25);
            }
            ensure!(Instant::now() < deadline, "nobody passed {point}");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn killed(&mut self, what: &str, settlement: bool) -> anyhow::Result<()> {
        let took = self.recover()?;
        *self.toll.kills.entry(what.to_owned()).or_default() += 1;
        if settlement { &mut self.toll.recovery_ms } else { &mut self.toll.other_recovery_ms }.push(took);
        Ok(())
    }

    fn count(&mut self, what: &str) -> anyhow::Result<()> {
        *self.toll.others.entry(what.to_owned()).or_default() += 1;
        Ok(())
    }

    /// Waits until a command that was sent from now on is decided; how many milliseconds that took.
    pub(crate) fn recover(&mut self) -> anyhow::Result<u64> {
        let since = self.crowd.now();
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.house.keep_serving()?;
            if let Some(decided) = self.crowd.decided_since(since) {
                return Ok((decided - since) / 1000);
            }
            ensure!(Instant::now() < deadline, "nothing was decided for {} s", PATIENCE.as_secs());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A cell that was stopped past its replacement must end as soon as it wakes, and write nothing. What it would
    /// have written is for the checker to find; here it must say that it was replaced. The supervisor then starts
    /// the cell again, which replaces the second one in turn.
    fn zombie(&mut self, cell: &'static str) -> anyhow::Result<()> {
        // The one that has the cell, and not one that is on its way to it.
        let mut attempts = 0;
        let first = loop {
            let (first, since) = (self.house.cell(cell)?, self.crowd.now());
            self.recover()?;
            wait("the views go on", || Ok(self.crowd.shown_since(since)))?;
            // One that has lived through what came before may still end of it.
            if self.house.cell(cell)? == first {
                break first;
            }
            attempts += 1;
            ensure!(attempts < 3, "{cell} ends again and again");
        };
        signal("STOP", first)?;
        let (run, log) = (self.house.file("run.log"), format!("second-{cell}-{first}.log"));
        let before = replaced(&run)?;
        let mut second = self.house.start_another(&["run", "--cells", cell], &log)?;
        let woken = self.second_life(cell, first, &run, before, &log, &mut second);
        if woken.is_err() {
            // What follows must not meet a process that sleeps, or a second one at work.
            drop(signal("CONT", first));
            drop(second.kill());
            drop(second.wait());
        }
        woken
    }

    fn second_life(
        &mut self,
        cell: &'static str,
        first: u32,
        run: &Path,
        before: usize,
        log: &str,
        second: &mut Child,
    ) -> anyhow::Result<()> {
        // A replacement of views decides nothing, but says when it is there.
        wait("the second process takes over", || Ok(std::fs::read_to_string(self.house.file(log))?.contains("the cell is ours")))?;
        if cell == "settlement" {
            self.recover()?;
        } else {
            let since = self.crowd.now();
            wait("the second views go on", || Ok(self.crowd.shown_since(since)))?;
        }
        signal("CONT", first)?;
        wait("the zombie ends", || Ok(!Path::new(&format!("/proc/{first}")).exists()))?;
        ensure!(replaced(run)? > before, "the zombie did not say that it was replaced; its log is {}", run.display());
        let mut ended = None;
        wait("the second process is replaced in turn", || {
            ended = second.try_wait()?;
            Ok(ended.is_some())
        })?;
        ensure!(replaced(&self.house.file(log))? >= 1, "the second {cell} did not say that it was replaced");
        ensure!(ended.is_some_and(|status| status.code() == Some(70)), "the second {cell} ended with {ended:?}");
        self.recover()?;
        self.count(&format!("{cell} zombie"))
    }

    /// Settlement starts with a clock that is off, and again with the right one. It is the only process whose clock
    /// anything depends on.
    fn clock(&mut self, seconds: i64) -> anyhow::Result<()> {
        let file = self.faults.join("clock");
        std::fs::write(&file, (seconds * 1000).to_string())?;
        self.house.kill_cell("settlement")?;
        self.recover()?;
        std::fs::remove_file(&file)?;
        self.house.kill_cell("settlement")?;
        self.recover()?;
        *self.toll.kills.entry("settlement".to_owned()).or_default() += 2;
        self.count(&format!("clock {seconds:+} s"))
    }
}

/// How often a log says that a cell was taken over by somebody else. Views that are stopped in the middle of a
/// transaction hear it from Postgres, which has ended the transaction. A commit that meets the takeover half way is answered by Kafka
/// with an error that it has no name for.
fn replaced(log: &Path) -> anyhow::Result<usize> {
    let words = ["another process has taken", "idle-in-transaction timeout", "kafka failed at: commit"];
    let says = |line: &&str| words.iter().any(|words| line.contains(words));
    Ok(std::fs::read_to_string(log)?.lines().filter(says).count())
}

fn wait(what: &str, mut done: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(40);
    while !done()? {
        ensure!(Instant::now() < deadline, "{what}: not within 40 s");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
