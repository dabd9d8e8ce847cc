//! Pins: every decision, a refusal included, under the id of its command, for the horizon.
//!
//! A retry of the command within the horizon gets the first decision. Afterwards the same key is a new
//! operation. Pins leave in the order in which they came, a bounded number an epoch.

use crate::index::Index;
use schemas::{CommandId, Epoch, Fingerprint, Refusal};
use std::collections::VecDeque;

/// How long a decision is kept: seven days of epochs.
pub const HORIZON_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Most pins forgotten in one epoch, so that a jump of the clock never forgets a week's worth at once.
const FORGOTTEN_MAX: usize = 4096;

/// A decision, as far as its command does not say it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// What the command said.
    pub fingerprint: Fingerprint,
    /// When it was decided.
    pub epoch: Epoch,
    /// The number of the resource that came of it, among those of its kind in that epoch.
    pub number: u32,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
}

/// All decisions within the horizon.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    by_command: Index<CommandId, Pin>,
    by_age: VecDeque<(Epoch, CommandId)>,
}

impl Pins {
    /// The decision on a command.
    pub fn get(&self, command: CommandId) -> Option<&Pin> {
        self.by_command.get(&command)
    }

    /// Keeps a decision that must be the first on its command.
    pub fn keep(&mut self, command: CommandId, pin: Pin) {
        self.by_age.push_back((pin.epoch, command));
        self.by_command.insert(command, pin);
    }

    /// Forgets what is older than the horizon at `epoch`.
    pub fn forget(&mut self, epoch: Epoch) {
        for _ in 0..FORGOTTEN_MAX {
            match self.by_age.front() {
                Some((decided, command)) if decided + HORIZON_MS < epoch => {
                    self.by_command.remove(command);
                    self.by_age.pop_front();
                }
                _ => break,
            }
        }
    }

    /// How many decisions are kept.
    pub fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.by_age.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(epoch: Epoch) -> Pin {
        Pin { fingerprint: Fingerprint([0; 16]), epoch, number: 0, refusal: None }
    }

    #[test]
    fn a_decision_is_kept_for_the_horizon_and_no_longer() {
        let mut pins = Pins::default();
        let command = CommandId::derive("alice", "transfer", "k");
        pins.keep(command, pin(1_000));
        pins.forget(1_000 + HORIZON_MS);
        assert!(pins.get(command).is_some());
        pins.forget(1_001 + HORIZON_MS);
        assert!(pins.get(command).is_none());
        pins.keep(command, pin(1_001 + HORIZON_MS));
    }

    #[test]
    fn a_jump_of_the_clock_forgets_in_bounded_steps() {
        let mut pins = Pins::default();
        for number in 0..10_000u32 {
            pins.keep(CommandId::derive("alice", "transfer", &number.to_string()), pin(1_000));
        }
        pins.forget(2 * HORIZON_MS);
        assert_eq!(pins.len(), 10_000 - FORGOTTEN_MAX);
    }
}
