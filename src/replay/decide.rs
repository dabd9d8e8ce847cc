//! Epochs in, decisions out: the same pure functions that the settlement cell runs, without anything around them.

use super::bound::BoundEpochs;
use super::input::Take;
use crate::exit::{self, Exit};
use dataflows::settlement;
use schemas::{Bound, EpochInput, EpochOutput};
use state::Ledger;
use std::sync::mpsc::sync_channel;

/// Epochs that wait between two threads: few, so that what one thread leaves is still near when the next takes it.
const WAITING_MAX: usize = 16;

/// An epoch that was decided.
pub struct Decided {
    /// What was decided.
    pub output: EpochOutput,
    /// Its commands, if somebody wants to write them.
    pub commands: Vec<Bound>,
}

/// The bank as it is after the last epoch.
pub struct Ledgers {
    ledger: Ledger,
    previous: u64,
    keep_commands: bool,
}

impl Ledgers {
    /// A bank before its first command.
    pub fn new(keep_commands: bool) -> Self {
        Self { ledger: Ledger::default(), previous: 0, keep_commands }
    }

    /// A bank at the end of an epoch.
    pub fn at(ledger: Ledger) -> Self {
        Self { previous: ledger.epoch(), ledger, keep_commands: false }
    }

    /// The version of the rules that decides the next epoch; the newest where nothing was decided yet.
    pub fn next_rules(&self) -> u32 {
        match self.ledger.next_rules() {
            0 => state::CODE_VERSION,
            version => version,
        }
    }

    /// Decides the next epoch.
    pub fn decide(&mut self, input: EpochInput) -> anyhow::Result<Decided> {
        let (epoch, version) = (input.binding.epoch, input.binding.code_version);
        let bad = |sentence| Exit { code: exit::BAD_INPUT, sentence };
        if epoch <= self.previous || epoch > schemas::epoch::LAST_EPOCH {
            return Err(bad(format!("epoch {epoch} does not follow {}", self.previous)).into());
        }
        if !(1..=state::CODE_VERSION).contains(&version) {
            let newest = state::CODE_VERSION;
            return Err(
                bad(format!("epoch {epoch} was decided by version {version} of the rules, and this binary has 1 to {newest}")).into()
            );
        }
        let in_force = self.ledger.next_rules();
        if ![0, version].contains(&in_force) {
            return Err(
                bad(format!("epoch {epoch} was decided by version {version} of the rules, and version {in_force} was in force")).into()
            );
        }
        self.previous = epoch;
        let commands = if self.keep_commands { input.commands.clone() } else { Vec::new() };
        Ok(Decided { output: settlement::decide(input, &mut self.ledger), commands })
    }
}

/// Decides what a journal binds; how many commands come after the last binding.
///
/// Reading and decoding, deciding, and whatever `take` does are three threads: a line of work, in order.
pub(super) fn decide(mut bound: BoundEpochs, mut ledgers: Ledgers, take: &mut Take<'_>) -> anyhow::Result<u64> {
    let (epochs_in, epochs_out) = sync_channel(WAITING_MAX);
    let (decided_in, decided_out) = sync_channel(WAITING_MAX);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || -> anyhow::Result<u64> {
            while let Some(epoch) = bound.next_epoch()? {
                if epochs_in.send(epoch).is_err() {
                    return Ok(0);
                }
            }
            drop(epochs_in);
            let mut rest = 0;
            while bound.next_unbound()?.is_some() {
                rest += 1;
            }
            Ok(rest)
        });
        let decider = scope.spawn(move || -> anyhow::Result<()> {
            for epoch in epochs_out {
                if decided_in.send(ledgers.decide(epoch)?).is_err() {
                    return Ok(());
                }
            }
            Ok(())
        });
        for decided in decided_out {
            if !take(decided)? {
                break;
            }
        }
        decider.join().expect("a panic has ended the process")?;
        reader.join().expect("a panic has ended the process")
    })
}
