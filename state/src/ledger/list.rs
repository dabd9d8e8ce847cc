//! Watchlists: parts are loaded, a version comes into force, and a match is cleared. Staff's alone.
//!
//! The entries go on with the event, to whoever looks for names; the ledger keeps of them what [`Lists`](crate::lists::Lists) says.

use super::{Asking, Decision, Ledger, refused};
use crate::pins::Effect;
use schemas::{ClearMatch, Fact, ListChanged, ListCommand, Refusal};

impl Ledger {
    pub(super) fn list(&mut self, asking: Asking<'_>, command: &ListCommand) -> Decision {
        if let Err(refusal) = self.check_list(asking, command) {
            return refused(command.operation(), refusal);
        }
        // From here the command must succeed.
        match command {
            ListCommand::Part(part) => self.lists.load(part),
            ListCommand::Activate(activate) => self.lists.activate(activate),
            // Whoever screens names keeps it.
            ListCommand::Clear(_) => {}
        }
        let changed = ListChanged { change: command.clone(), by: asking.subject.to_owned() };
        Decision { fact: Fact::ListChanged(Box::new(changed)), number: 0, refusal: None, effect: Effect::None }
    }

    fn check_list(&self, asking: Asking<'_>, command: &ListCommand) -> Result<(), Refusal> {
        if !asking.actor.is_staff() {
            return Err(Refusal::NotAuthorized);
        }
        match command {
            ListCommand::Part(part) => self.lists.check_part(part),
            ListCommand::Activate(activate) => self.lists.check_activation(activate),
            ListCommand::Clear(clear) => self.check_clear(asking, clear),
        }
    }

    /// Nobody clears a match of their own.
    fn check_clear(&self, asking: Asking<'_>, clear: &ClearMatch) -> Result<(), Refusal> {
        if asking.subject.parse().is_ok_and(|subject| clear.customer_id == subject) {
            return Err(Refusal::NotAuthorized);
        }
        self.customers.get(clear.customer_id).ok_or(Refusal::CustomerNotFound)?;
        if self.lists.knows(&clear.list) { Ok(()) } else { Err(Refusal::ListNotFound) }
    }
}
