//! Settlement under its supervisor, which starts it again; and what the two say.

use crate::bank::{Bank, Process, memory_kb};
use anyhow::ensure;
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

/// A supervisor starts its cell within this time.
const START: Duration = Duration::from_secs(10);

/// A supervisor and its one cell.
pub(super) struct Cell<'a> {
    bank: &'a Bank<'a>,
    name: &'static str,
    supervisor: Process,
}

impl<'a> Cell<'a> {
    /// Starts both, with settings of their own.
    pub(super) fn start(bank: &'a Bank<'a>, name: &'static str, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut settings = settings.to_vec();
        settings.push(("RUST_LOG", "info,orion::cell=debug,rdkafka=off,librdkafka=error"));
        let supervisor = bank.start_with(name, &["run", "--cells", "settlement", "--supervise"], &settings)?;
        Ok(Self { bank, name, supervisor })
    }

    /// Whether the supervisor still runs.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        self.supervisor.check()
    }

    /// Where both write.
    pub(super) fn log(&self) -> std::path::Display<'_> {
        self.supervisor.log()
    }

    /// Kills settlement by -9; it is dead when this returns.
    pub(super) fn kill(&self) -> anyhow::Result<()> {
        let cell = self.process()?;
        ensure!(Command::new("kill").args(["-9", &cell]).status()?.success(), "settlement can't be killed");
        Ok(())
    }

    /// The most memory that the cell that runs now has had.
    pub(super) fn most_memory_kb(&self) -> anyhow::Result<u32> {
        memory_kb(&self.process()?, "VmHWM")
    }

    /// Every line that both have written so far.
    pub(super) fn said(&self) -> anyhow::Result<Vec<Value>> {
        let text = std::fs::read_to_string(self.bank.file(&format!("{}.log", self.name)))?;
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    fn process(&self) -> anyhow::Result<String> {
        let until = Instant::now() + START;
        loop {
            let found = Command::new("pgrep").args(["-P", &self.supervisor.id().to_string()]).output()?;
            let found = String::from_utf8_lossy(&found.stdout).trim().to_owned();
            if !found.is_empty() {
                return Ok(found);
            }
            ensure!(Instant::now() < until, "the supervisor has started no cell; see {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
