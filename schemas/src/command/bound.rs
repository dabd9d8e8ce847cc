//! Commands where they stand in the log.

use super::{Command, Fingerprint, Operation};
use crate::Reserve;
use crate::context::{Context, Named};
use crate::epoch::{Epoch, Position};
use crate::id::CommandId;
use crate::principal::Actor;

/// A command with its id, its fingerprint, its actor and what it names, which are worked out by whoever reads it, not by the one thread
/// that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    id: CommandId,
    fingerprint: Fingerprint,
    actor: Actor,
    named: Vec<Named>,
    command: Command,
}

impl Asked {
    /// A command as it was read.
    pub fn of(command: Command) -> Self {
        let named = match &command.operation {
            Operation::Batch(batch) if batch.items.iter().any(|item| context(item).is_some()) => batch.items.iter().map(named).collect(),
            operation if context(operation).is_some() => vec![named(operation)],
            _ => Vec::new(),
        };
        Self { id: command.id(), fingerprint: Fingerprint::of(&command.operation), actor: command.principal.actor(), named, command }
    }

    /// The command's id.
    pub const fn id(&self) -> CommandId {
        self.id
    }

    /// What the command says, in short.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// For whom it is asked.
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// What its payment names, or what those of a batch do, item by item; nothing where no payment says where it comes from.
    pub fn named(&self) -> &[Named] {
        &self.named
    }

    /// The command.
    pub const fn command(&self) -> &Command {
        &self.command
    }

    /// The command alone.
    pub fn into_command(self) -> Command {
        self.command
    }
}

fn context(operation: &Operation) -> Option<&Context> {
    let (Operation::Pay(payment) | Operation::Reserve(Reserve { payment, .. })) = operation else { return None };
    payment.context.as_deref()
}

fn named(operation: &Operation) -> Named {
    context(operation).into_iter().flat_map(Context::named).collect()
}

/// A record of the commands log at its place, readable or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Where it stands.
    pub position: Position,
    /// The W3C trace context that came with it; empty if none.
    pub traceparent: String,
    /// The time stamp of the record, in milliseconds; none where it is not known. Nothing is decided by it.
    pub appended_ms: Option<Epoch>,
    /// What it says.
    pub command: Result<Asked, Malformed>,
}

impl Bound {
    /// How many commands it weighs in an epoch; never nothing.
    pub fn weight(&self) -> usize {
        self.command.as_ref().map_or(1, |command| command.command().operation.weight().max(1))
    }
}

/// A record that is no command. It goes to the dead-letter topic as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Malformed {
    /// The record's key.
    pub key: Option<Vec<u8>>,
    /// The record's value.
    pub value: Option<Vec<u8>>,
    /// Why it can't be read.
    pub reason: String,
}
