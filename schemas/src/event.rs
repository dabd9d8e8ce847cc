//! Events: everything the bank may say. A refusal is one of them.

use crate::account::{Account, StatusChanged};
use crate::batch::BatchDecided;
use crate::customer::Customer;
use crate::diligence::Told;
use crate::epoch::{Epoch, Position};
use crate::gate::{AmlChanged, Assessed, PartyChanged};
use crate::hold::{HoldChange, HoldChanged};
use crate::id::{CommandId, EventId};
use crate::list::ListChanged;
use crate::order::{OrderChange, OrderChanged};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::transaction::Transaction;
use crate::word::words;

/// The command record that an event answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The command's id.
    pub command_id: CommandId,
    /// The record of the commands log.
    pub position: Position,
    /// The W3C trace context that came with it; empty if none.
    pub traceparent: String,
}

impl Cause {
    /// The 32 hexadecimal digits of the trace; empty without a trace context.
    pub fn trace_id(&self) -> &str {
        trace_id(&self.traceparent)
    }
}

/// The trace id inside a W3C `traceparent`; empty if it is not one.
pub fn trace_id(traceparent: &str) -> &str {
    // Version, trace, span and flags with a dash behind each of the first three; a later version may say more behind a fourth.
    let bytes = traceparent.as_bytes();
    let ends = bytes.len() == 55 || bytes.get(55) == Some(&b'-');
    let dashes = [2, 35, 52].iter().all(|place| bytes.get(*place) == Some(&b'-'));
    let hex = |bytes: &[u8]| bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if ends && dashes && hex(&bytes[..2]) && hex(&bytes[3..35]) && hex(&bytes[36..52]) && hex(&bytes[53..55]) {
        &traceparent[3..35]
    } else {
        ""
    }
}

/// A fact, and what it is a fact about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place among all events.
    pub id: EventId,
    /// When the bank decided it.
    pub epoch: Epoch,
    /// The command that it answers.
    pub cause: Cause,
    /// What became true.
    pub fact: Fact,
}

/// What became true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A customer was enrolled.
    CustomerCreated(Customer),
    /// An account was opened, by a customer or by the house for itself.
    AccountOpened(Account),
    /// A payment was decided: it settled or it failed.
    Transaction(Transaction),
    /// From the next epoch on, the bank decides by this version of the rules.
    RulesActivated {
        /// The version.
        version: u32,
    },
    /// An account was suspended, reactivated or closed.
    StatusChanged(StatusChanged),
    /// What is held has changed.
    HoldChanged(HoldChanged),
    /// A level, terms, limits or a tariff was set.
    PolicyChanged(Box<Policy>),
    /// A batch was decided; what its items did is told before it.
    BatchDecided(Box<BatchDecided>),
    /// Something happened to an order.
    OrderChanged(Box<OrderChanged>),
    /// A rule against fraud, what its score leads to, or a list of countries was set.
    AmlChanged(Box<AmlChanged>),
    /// A customer or an account was frozen or not any more, or something was noticed about it.
    PartyChanged(Box<PartyChanged>),
    /// What was known of a payment beside what it is, and what the gates said. Its decision follows.
    Assessed(Box<Assessed>),
    /// A part of a watchlist was loaded, a version of one is in force, or a match was cleared.
    ListChanged(Box<ListChanged>),
    /// Something of a customer's identity, or of a case.
    Diligence(Box<Told>),
    /// A command other than a payment was refused.
    Refused {
        /// The command's operation.
        operation: String,
        /// Why.
        refusal: Refusal,
    },
    /// The same command came again; the first decision stands.
    Repeated(Box<Repeat>),
}

words! {
    /// What settlement says to a command whose id it has already decided.
    pub enum Verdict {
        /// The same command: here is its decision again.
        Replayed = "replayed",
        /// Another command under the same key: refused, without a trace in the ledger.
        KeyReused = "key_reused",
    }
}

/// The answer to a repeated command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The operation of the command that came again.
    pub operation: String,
    /// The epoch of the first decision.
    pub first_epoch: Epoch,
    /// The first decision; none where another command came under the same key, which must not learn it.
    pub first: Option<Fact>,
}

impl Repeat {
    /// Whether it was the same command.
    pub const fn verdict(&self) -> Verdict {
        match self.first {
            Some(_) => Verdict::Replayed,
            None => Verdict::KeyReused,
        }
    }
}

impl Event {
    /// Whether this event is the answer that the caller of its command waits for.
    ///
    /// The house opening an account for itself is a side effect of a payment.
    pub fn answers(&self) -> bool {
        match &self.fact {
            Fact::AccountOpened(account) => account.customer_id.is_some(),
            // What is captured is answered by the transaction, and nobody waits for the end of a time.
            Fact::HoldChanged(held) => match held.change {
                HoldChange::Reserved | HoldChange::Released | HoldChange::Reviewed | HoldChange::ReviewRefused => true,
                HoldChange::Captured | HoldChange::Closed | HoldChange::Expired | HoldChange::ReviewExpired => false,
            },
            Fact::Assessed(_) => false,
            Fact::Diligence(told) => told.answers(),
            // What becomes of an order is answered by the transaction, or by nobody who waits.
            Fact::OrderChanged(order) => matches!(order.change, OrderChange::Scheduled | OrderChange::Cancelled),
            Fact::CustomerCreated(_)
            | Fact::Transaction(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::PolicyChanged(_)
            | Fact::BatchDecided(_)
            | Fact::AmlChanged(_)
            | Fact::PartyChanged(_)
            | Fact::ListChanged(_)
            | Fact::Refused { .. }
            | Fact::Repeated(_) => true,
        }
    }
}

/// A record of the commands log that settlement could not read, on its way to the dead-letter topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it stands in the commands log.
    pub position: Position,
    /// The W3C trace context that came with it.
    pub traceparent: String,
    /// The record as it was.
    pub record: crate::command::Malformed,
}

#[cfg(test)]
mod tests {
    use super::trace_id;

    #[test]
    fn only_a_whole_traceparent_names_a_trace() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{trace}-00f067aa0ba902b7-01")), trace);
        assert_eq!(trace_id(&format!("01-{trace}-00f067aa0ba902b7-01-more")), trace);
        let (longer, foreign_flags) = (format!("00-{trace}-00f067aa0ba902b7-01x"), format!("00-{trace}-00f067aa0ba902b7-é"));
        let foreign = format!("00-{}-00f067aa0ba902b7-01", "\0".repeat(32));
        for broken in
            ["", "00", trace, "00-4bf9-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736", &foreign, &longer, &foreign_flags]
        {
            assert_eq!(trace_id(broken), "", "{broken}");
        }
    }
}
