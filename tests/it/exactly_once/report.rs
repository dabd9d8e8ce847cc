//! What a run did and found.

use super::campaign::Campaign;
use super::check::{Finding, Kind};
use super::history::{Call, Entry, Outcome};
use super::nemesis::Toll;
use anyhow::ensure;
use std::collections::BTreeMap;
use std::path::Path;

/// Kills that a long run must have.
const KILLS_MIN: u64 = 100;

/// The report of a run.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Report {
    seed: u64,
    seconds: u64,
    /// Requests, by what was asked and what came.
    requests: BTreeMap<String, u64>,
    /// Commands, attempts under one key counted once.
    commands: usize,
    /// Commands of which no client knows what became of them.
    unknown: usize,
    events: usize,
    /// The events, by what they say.
    said: BTreeMap<&'static str, usize>,
    epochs: usize,
    generations: u64,
    toll: Toll,
    kills: u64,
    recovery_p50_ms: u64,
    recovery_max_ms: u64,
    violations: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(seed: u64, seconds: u64, evidence: &super::evidence::Evidence, toll: Toll, violations: Vec<Finding>) -> Self {
        let mut requests = BTreeMap::new();
        let mut decided = BTreeMap::new();
        for entry in &evidence.history {
            *requests.entry(name(entry)).or_default() += 1;
            if let Call::Command { id, .. } | Call::Operation { id } = entry.call {
                let shown = matches!(&entry.outcome, Outcome::Operation { status, .. } if status != "pending");
                *decided.entry(id).or_insert(false) |= entry.outcome.is_decision() || shown;
            }
        }
        let commits = evidence.log.journal.iter().filter_map(|entry| match entry {
            schemas::Entry::Commit(commit) => Some(commit.epochs.len()),
            schemas::Entry::Claim(_) => None,
        });
        let mut recovery = toll.recovery_ms.clone();
        recovery.sort_unstable();
        Self {
            seed,
            seconds,
            requests,
            commands: decided.len(),
            unknown: decided.values().filter(|decided| !**decided).count(),
            events: evidence.log.events.len(),
            said: super::evidence::said(evidence.log.events.iter().map(|recorded| &recorded.event)),
            epochs: commits.sum(),
            generations: evidence.log.journal.iter().map(schemas::Entry::generation).max().unwrap_or(0),
            kills: toll.kills.values().sum(),
            recovery_p50_ms: recovery.get(recovery.len() / 2).copied().unwrap_or(0),
            recovery_max_ms: recovery.last().copied().unwrap_or(0),
            toll,
            violations,
        }
    }

    /// How often each kind of finding was made.
    pub(crate) fn kinds(&self) -> BTreeMap<Kind, usize> {
        let mut kinds = BTreeMap::new();
        self.violations.iter().for_each(|finding| *kinds.entry(finding.kind).or_default() += 1);
        kinds
    }

    pub(crate) fn print(&self) {
        println!("seed {}, {} s: {} commands, {} of unknown outcome", self.seed, self.seconds, self.commands, self.unknown);
        println!("{} events in {} epochs of {} generations", self.events, self.epochs, self.generations);
        println!("{:?}", self.said);
        self.requests.iter().for_each(|(name, count)| println!("  {count:>8}  {name}"));
        println!("{} kills", self.kills);
        self.toll.kills.iter().chain(&self.toll.others).for_each(|(name, count)| println!("  {count:>8}  {name}"));
        let (deaths, p50, max) = (self.toll.recovery_ms.len(), self.recovery_p50_ms, self.recovery_max_ms);
        println!("from a death of settlement to the next answer: p50 {p50} ms, longest {max} ms, of {deaths}");
        println!("{} violations", self.violations.len());
        self.violations.iter().take(20).for_each(|finding| println!("  {:?}: {}", finding.kind, finding.sentence));
    }

    /// Writes it to `target/chaos/NAME.json`.
    pub(crate) fn keep(&self, name: &str) -> anyhow::Result<()> {
        let folder = Path::new("target/chaos");
        std::fs::create_dir_all(folder)?;
        Ok(std::fs::write(folder.join(format!("{name}.json")), serde_json::to_vec_pretty(self)?)?)
    }

    /// Whether the run has proved what it was to prove.
    pub(crate) fn judge(&self, campaign: &Campaign) -> anyhow::Result<()> {
        ensure!(
            self.violations.is_empty(),
            "seed {}: {} violations, the first: {:?}",
            self.seed,
            self.violations.len(),
            self.violations[0]
        );
        // Nobody is on a list in a campaign, so no alert asks for anything: `lists` dies there.
        let passed = faults::POINTS.iter().filter(|(_, passes)| *passes != "alerts");
        let missed: Vec<_> = passed.filter(|(point, _)| !self.toll.kills.contains_key(*point)).collect();
        ensure!(missed.is_empty(), "nobody died at {missed:?}");
        ensure!(!campaign.is_long() || self.kills >= KILLS_MIN, "only {} kills; give it more SECONDS", self.kills);
        ensure!(self.commands > 100, "only {} commands: the run proves little", self.commands);
        Ok(())
    }
}

fn name(entry: &Entry) -> String {
    let call = match entry.call {
        Call::Command { .. } => "command",
        Call::Balance { .. } => "balance",
        Call::Transaction { .. } => "transaction",
        Call::Hold { .. } => "hold",
        Call::Order { .. } => "order",
        Call::Operation { .. } => "operation",
    };
    let outcome = match &entry.outcome {
        Outcome::Done { replayed: false, .. } => "done",
        Outcome::Refused { replayed: false, .. } => "refused",
        Outcome::Batch { replayed: false, .. } => "batch done",
        Outcome::Tried { .. } => "tried",
        Outcome::Done { replayed: true, .. } | Outcome::Refused { replayed: true, .. } | Outcome::Batch { replayed: true, .. } => {
            "replayed"
        }
        Outcome::KeyReused => "key reused",
        Outcome::Accepted { .. } => "accepted",
        Outcome::Operation { status, .. } => status,
        Outcome::Balance { .. } | Outcome::Transaction { .. } | Outcome::Hold { .. } | Outcome::Order { .. } => "shown",
        Outcome::Missing => "missing",
        Outcome::NotNow => "not now",
        Outcome::NotInForce => "not in force",
        Outcome::Unknown => "unknown",
        Outcome::Odd { .. } => "odd",
    };
    format!("{call} {outcome}")
}
