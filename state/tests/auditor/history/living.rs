//! A bank in the middle of a history, to which something may happen of which the history knows nothing; then it goes on.

use super::{FIRST, Gap, History, Seen, Step, cause, live};
use schemas::{Asked, Command, Event, Fact};
use state::{CODE_VERSION, Ledger};

#[derive(Clone)]
pub(crate) struct Living {
    pub(crate) ledger: Ledger,
    pub(crate) seen: Seen,
}

impl Living {
    /// A bank that has lived this history by the newest rules, in an epoch after it.
    pub(crate) fn after(history: &History) -> Self {
        let (mut ledger, mut seen) = (Ledger::default(), Seen::default());
        ledger.begin(FIRST, CODE_VERSION, &mut Vec::new());
        live(&mut ledger, &mut seen, CODE_VERSION, &history.steps);
        let mut living = Self { ledger, seen };
        living.later(1);
        living
    }

    pub(crate) fn later(&mut self, ms: u64) -> Vec<Event> {
        let mut events = Vec::new();
        self.ledger.begin(self.ledger.epoch() + ms, CODE_VERSION, &mut events);
        self.seen.hear(&events);
        events
    }

    /// Asks something that no step asks again.
    pub(crate) fn ask(&mut self, command: &Command) -> Vec<Event> {
        let mut events = Vec::new();
        self.ledger.apply(cause(command, 0), &Asked::of(command.clone()), &mut events);
        self.seen.hear(&events);
        events
    }

    /// All that becomes true from here on.
    pub(crate) fn go_on(mut self, steps: &[(Gap, Step)]) -> Vec<Fact> {
        live(&mut self.ledger, &mut self.seen, CODE_VERSION, steps).0.into_iter().map(|event| event.fact).collect()
    }

    pub(crate) fn bytes(&self) -> Vec<Vec<u8>> {
        self.ledger.clone().freeze().chunks(&[]).collect()
    }
}
