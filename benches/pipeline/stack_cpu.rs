//! What the processor did for the bank: its cells, and the services that the local stack keeps, with everything that they started.

use crate::bank::Process;
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Of those that `stack.sh` writes down.
const SERVICES: [&str; 3] = ["kafka", "postgres", "registry"];
/// The kernel counts in hundredths, whatever its own clock does.
const TICKS_A_SECOND: f64 = 100.0;

/// The processes at the root of all that works for a bank.
pub(crate) struct StackCpu(Vec<u32>);

impl StackCpu {
    /// Of these cells, and of the stack that `ORION_STATE` names, as in `make bench`: it has to run on this machine.
    pub(crate) fn of(cells: &[Process]) -> anyhow::Result<Self> {
        let state = std::env::var_os("ORION_STATE").context("ORION_STATE names no stack: deploy/local/with-stack.sh does")?;
        let run = PathBuf::from(state).join("run");
        let mut roots: Vec<u32> = cells.iter().map(Process::id).collect();
        for service in SERVICES {
            let file = run.join(format!("{service}.child"));
            let text = fs::read_to_string(&file).with_context(|| format!("{} does not say which process it is", file.display()))?;
            let id = text.split_whitespace().next().and_then(|id| id.parse().ok());
            roots.push(id.with_context(|| format!("{} does not say which process it is", file.display()))?);
        }
        Ok(Self(roots))
    }

    /// Seconds of one core so far, those of processes that have ended included: whoever waited for them has counted them.
    pub(crate) fn seconds(&self) -> anyhow::Result<f64> {
        let processes: BTreeMap<u32, (u32, u32)> = fs::read_dir("/proc")?.flatten().filter_map(|entry| stat(&entry.path())).collect();
        let mut ticks = 0;
        for root in &self.0 {
            ensure!(processes.contains_key(root), "the process {root} has ended");
        }
        for (process, (_, used)) in &processes {
            let parent = |process: &u32| processes.get(process).map(|(parent, _)| *parent);
            if std::iter::successors(Some(*process), parent).any(|kin| self.0.contains(&kin)) {
                ticks += used;
            }
        }
        Ok(f64::from(ticks) / TICKS_A_SECOND)
    }
}

/// A process, its parent, and what both it and its dead children used; none if it is gone.
fn stat(folder: &Path) -> Option<(u32, (u32, u32))> {
    let process = folder.file_name()?.to_str()?.parse().ok()?;
    let text = fs::read_to_string(folder.join("stat")).ok()?;
    // The name, which stands in brackets, may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let used = fields.get(11..15)?.iter().map(|ticks| ticks.parse::<u32>().ok()).sum::<Option<u32>>()?;
    Some((process, (fields[1].parse().ok()?, used)))
}
