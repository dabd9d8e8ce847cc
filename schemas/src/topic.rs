//! Topics: which record goes where.

use crate::diligence::Told;
use crate::event::{Event, Fact};
use crate::id::AccountId;
use crate::transaction::TransactionStatus;
use crate::word::words;

words! {
    /// A topic with an Avro schema of its own. The spelling is the topic's name.
    pub enum Topic {
        /// Everything that can change the bank, in the order in which it does.
        Commands = "orion.commands.v1",
        /// Answers to repeated commands.
        Outcomes = "orion.outcomes.v1",
        /// Refused commands other than payments.
        CommandRefused = "command.refused.v1",
        /// Customers enrolled.
        CustomerCreated = "customer.created.v1",
        /// Accounts opened.
        AccountOpened = "account.opened.v1",
        /// Accounts suspended, reactivated or closed.
        AccountUpdated = "account.updated.v1",
        /// The same, where the first decision is of a hold, of a policy, or of a payment that comes of another.
        OutcomesLinked = "orion.outcomes.v2",
        /// Payments that moved money.
        TransactionSettled = "transaction.settled.v1",
        /// Payments that moved money that was held, or gave back what another had moved.
        TransactionLinked = "transaction.linked.v1",
        /// Payments that did not.
        TransactionFailed = "transaction.failed.v1",
        /// Money held, captured, released or expired.
        HoldUpdated = "hold.updated.v1",
        /// Levels, terms, limits and tariffs that were set.
        PolicyUpdated = "policy.updated.v1",
        /// Batches, with what became of each item.
        BatchDecided = "batch.decided.v1",
        /// Orders scheduled, executed, failed and cancelled.
        OrderUpdated = "order.updated.v1",
        /// Rules against fraud that were set.
        AmlRuleUpdated = "aml.rule.updated.v1",
        /// Customers and accounts frozen, and what was noticed about them.
        PartyUpdated = "party.updated.v1",
        /// Where payments came from, and what the gates said about them.
        TransactionAssessed = "transaction.assessed.v1",
        /// Watchlists as they are loaded and put in force, and matches that were cleared.
        ListUpdated = "aml.list.updated.v1",
        /// Versions of the rules that came into force.
        RulesActivated = "rules.activated.v1",
        /// What rules against money laundering and fraud have found.
        AlertRaised = "aml.alert.raised.v1",
        /// Of that, what is over.
        AlertCleared = "aml.alert.cleared.v1",
        /// Claims, bindings and commit records of settlement.
        SettlementJournal = "orion.settlement.journal.v1",
        /// Claims of the views cell.
        ViewsJournal = "orion.views.journal.v1",
        /// Claims and commit records of the risk cell.
        RiskJournal = "orion.risk.journal.v1",
        /// What is known of customers, changed.
        CustomerUpdated = "customer.updated.v1",
        /// Where customers stand with their identity, and documents that were presented.
        KycUpdated = "kyc.updated.v1",
        /// What people have to look at, and what they did about it.
        CaseUpdated = "case.updated.v1",
        /// Where customers live, changed.
        AddressUpdated = "customer.address.updated.v1",
    }
}

/// Commands that could not be read, as they were.
pub const COMMANDS_DLQ: &str = "orion.commands.dlq.v1";

/// What is written to a topic at once at most, as Kafka is told: a record that holds a whole batch, or many records in one request.
pub const BATCH_MAX_BYTES: usize = 4 << 20;

/// The largest record of all: a dead letter holds the largest command, and why it is none.
pub const RECORD_MAX_BYTES: usize = 5 << 20;

/// Header of a record of the commands log that is no command but a schema: its value is the Avro schema as
/// JSON, the header the id (ASCII decimal) that later records of the same partition use for it.
pub const SCHEMA_HEADER: &str = "schema";

/// Key of a record without a value and without an epoch. Sinks have left one in a topic of events where they had to end a transaction
/// whose end Kafka had lost, and a restored log has them where it needs an offset. It says nothing: readers pass it over.
pub const FILLER: &str = "filler";

/// Header of every record that answers a request: the W3C trace context.
pub const TRACE_HEADER: &str = "traceparent";

/// Header of every record that a cell writes: its epoch (ASCII decimal).
pub const EPOCH_HEADER: &str = "epoch";

/// Header of every record that a cell writes: the generation of the writer (ASCII decimal).
pub const GENERATION_HEADER: &str = "generation";

impl Topic {
    /// What settlement says to the world, in the order in which a reader restores it.
    pub const EVENTS: &'static [Self] = &[
        Self::CustomerCreated,
        Self::AccountOpened,
        Self::AccountUpdated,
        Self::PolicyUpdated,
        Self::AmlRuleUpdated,
        Self::PartyUpdated,
        Self::ListUpdated,
        Self::CustomerUpdated,
        Self::KycUpdated,
        Self::CaseUpdated,
        Self::AddressUpdated,
        Self::TransactionAssessed,
        Self::HoldUpdated,
        Self::OrderUpdated,
        Self::TransactionSettled,
        Self::TransactionLinked,
        Self::TransactionFailed,
        Self::BatchDecided,
        Self::CommandRefused,
        Self::RulesActivated,
        Self::Outcomes,
        Self::OutcomesLinked,
    ];

    /// What the risk cell says.
    pub const ALERTS: &'static [Self] = &[Self::AlertRaised, Self::AlertCleared];

    /// Where whatever moved money is said.
    pub const MOVED: &'static [Self] = &[Self::TransactionSettled, Self::TransactionLinked];

    /// The schema registry's subject.
    pub fn subject(self) -> String {
        format!("{self}-value")
    }

    /// Where an event is published. What a version of the rules adds goes to topics of its own, so that whatever was decided before it is
    /// decided again byte for byte.
    pub fn of(event: &Event) -> Self {
        match &event.fact {
            Fact::CustomerCreated(_) => Self::CustomerCreated,
            Fact::AccountOpened(_) => Self::AccountOpened,
            Fact::Transaction(transaction) => match (transaction.status(), transaction.link) {
                (TransactionStatus::Settled, None) => Self::TransactionSettled,
                (TransactionStatus::Settled, Some(_)) => Self::TransactionLinked,
                (TransactionStatus::Failed | TransactionStatus::Pending, _) => Self::TransactionFailed,
            },
            Fact::RulesActivated { .. } => Self::RulesActivated,
            Fact::StatusChanged(_) => Self::AccountUpdated,
            Fact::HoldChanged(_) => Self::HoldUpdated,
            Fact::PolicyChanged(_) => Self::PolicyUpdated,
            Fact::BatchDecided(_) => Self::BatchDecided,
            Fact::OrderChanged(_) => Self::OrderUpdated,
            Fact::AmlChanged(_) => Self::AmlRuleUpdated,
            Fact::PartyChanged(_) => Self::PartyUpdated,
            Fact::Assessed(_) => Self::TransactionAssessed,
            Fact::ListChanged(_) => Self::ListUpdated,
            Fact::Diligence(told) => Self::of_diligence(told),
            Fact::Refused { .. } => Self::CommandRefused,
            Fact::Repeated(repeat) => match &repeat.first {
                Some(Fact::BatchDecided(_)) => Self::BatchDecided,
                Some(Fact::OrderChanged(_)) => Self::OrderUpdated,
                Some(Fact::AmlChanged(_)) => Self::AmlRuleUpdated,
                Some(Fact::PartyChanged(_)) => Self::PartyUpdated,
                Some(Fact::ListChanged(_)) => Self::ListUpdated,
                Some(Fact::Diligence(told)) => Self::of_diligence(told),
                Some(Fact::HoldChanged(_) | Fact::PolicyChanged(_)) => Self::OutcomesLinked,
                // Of a payment that was ordered, the operation does not say the kind, so its answer needs the field for it too.
                Some(Fact::Transaction(transaction)) if transaction.link.is_some() || transaction.operation() != repeat.operation => {
                    Self::OutcomesLinked
                }
                _ => Self::Outcomes,
            },
        }
    }
}

impl Topic {
    const fn of_diligence(told: &Told) -> Self {
        match told {
            Told::Customer(_) => Self::CustomerUpdated,
            Told::Kyc(_) => Self::KycUpdated,
            Told::Case(_) => Self::CaseUpdated,
            Told::Address(_) => Self::AddressUpdated,
        }
    }
}

/// The record key of an event, which is its text: unique in its topic, so that compaction never drops one.
pub const fn key(event: &Event) -> uuid::Uuid {
    match &event.fact {
        Fact::CustomerCreated(customer) => customer.id.0,
        Fact::AccountOpened(account) => account.id.0,
        Fact::Transaction(transaction) => transaction.id.0,
        Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::BatchDecided(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Assessed(_)
        | Fact::ListChanged(_)
        | Fact::Diligence(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => event.id.0,
    }
}

/// The partition of an event: by the debit account for payments, so that an account's payments stay in order.
pub fn partition(event: &Event, partitions: i32) -> i32 {
    let spread = match &event.fact {
        Fact::Transaction(transaction) => account_spread(transaction.account_debit),
        Fact::AccountOpened(account) => account_spread(account.id),
        Fact::StatusChanged(changed) => account_spread(changed.id),
        Fact::HoldChanged(held) => account_spread(held.account_debit),
        Fact::OrderChanged(order) => account_spread(order.account_debit),
        Fact::CustomerCreated(customer) => spread(customer.id.0),
        Fact::Assessed(assessed) => account_spread(assessed.account_debit),
        Fact::PartyChanged(changed) => spread(changed.customer_id.0),
        Fact::Diligence(told) => match &**told {
            Told::Customer(updated) => spread(updated.update.customer_id.0),
            Told::Kyc(changed) => spread(changed.customer_id.0),
            Told::Case(changed) => spread(changed.id.0),
            Told::Address(set) => spread(set.set.customer_id.0),
        },
        Fact::RulesActivated { .. }
        | Fact::PolicyChanged(_)
        | Fact::BatchDecided(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => spread(event.cause.command_id.0),
    };
    let partitions = u64::try_from(partitions).expect("a topic has at least one partition");
    i32::try_from(spread % partitions).expect("a remainder of an i32 fits an i32")
}

fn account_spread(account: AccountId) -> u64 {
    spread(account.0)
}

/// A hash that is ours and never changes: the partition of an account is durable.
fn spread(id: uuid::Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    let mixed = (high ^ low.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch::Epoch;

    #[test]
    fn accounts_spread_evenly_over_partitions() {
        for partitions in [1u64, 3, 4, 12] {
            let mut counts = vec![0u32; usize::try_from(partitions).unwrap()];
            for number in 0..12_000u32 {
                let account = AccountId::mint(1_764_000_000_000 + Epoch::from(number / 7), number % 7);
                counts[usize::try_from(account_spread(account) % partitions).unwrap()] += 1;
            }
            let fair = 12_000 / u32::try_from(partitions).unwrap();
            assert!(counts.iter().all(|count| count.abs_diff(fair) < fair / 5), "{counts:?}");
        }
    }
}
