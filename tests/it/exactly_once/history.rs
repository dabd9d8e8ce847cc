//! What the clients did and saw: one entry a request, with the moments at which it left and at which its answer came,
//! all by one clock. Everything else is judged from this, from the log and from the rows.

use super::asked::Asked;
use schemas::{AccountId, CommandId, Epoch, HoldId, ItemStatus, OrderId, Refusal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Microseconds since the run began.
pub(crate) type Moment = u64;

/// A request and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Who asked.
    pub(crate) client: usize,
    /// When the request left.
    pub(crate) invoked: Moment,
    /// When the answer was there, or given up.
    pub(crate) completed: Moment,
    /// What was asked.
    pub(crate) call: Call,
    /// What came.
    pub(crate) outcome: Outcome,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Call {
    /// A command; the same id for every attempt under one key.
    Command { id: CommandId, asked: Asked },
    /// A balance.
    Balance { account: AccountId, at_least: Option<Least> },
    /// A transaction.
    Transaction { id: Uuid, at_least: Option<Least> },
    /// What is held.
    Hold { id: HoldId },
    /// A payment that waits for its day, or has waited.
    Order { id: OrderId },
    /// What became of a command.
    Operation { id: CommandId },
}

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Least {
    Epoch(Epoch),
    Position { partition: i32, offset: i64 },
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// 200 or 201: done, and this came of it.
    Done { resource: Uuid, epoch: Epoch, replayed: bool },
    /// 200: a batch that was decided, with what became of each item.
    Batch { items: Vec<Item>, epoch: Epoch, replayed: bool },
    /// 200: what would become of each item of a batch, or what keeps all of it from being done.
    Tried { items: Vec<Item>, epoch: Epoch },
    /// 422: refused by the ledger.
    Refused { reason: String, transaction: Option<Uuid>, epoch: Epoch, replayed: bool },
    /// 422: the key names another command.
    KeyReused,
    /// 202: in the log, not decided in time.
    Accepted { partition: i32, offset: i64 },
    /// A balance.
    Balance { minor: i64, held: i64, available: i64, as_of: Epoch },
    /// A transaction.
    Transaction { settled: bool, minor: i64, fee: i64, epoch: Epoch, as_of: Epoch },
    /// A hold: where it stands since when, and how much of the payment and of the fee that is about.
    Hold { status: String, minor: i64, fee: i64, epoch: Epoch, as_of: Epoch },
    /// An order: where it stands since when, and the transaction in which it ended.
    Order { status: String, transaction: Option<Uuid>, epoch: Epoch, as_of: Epoch },
    /// An operation: its status, and when and why it was decided.
    Operation { status: String, resource: Option<Uuid>, reason: Option<String>, epoch: Option<Epoch> },
    /// 404.
    Missing,
    /// Refused for now, and for certain nothing was taken or shown: 429, or a read's 503.
    NotNow,
    /// 409: the rules in force do not know the operation, and nothing was taken.
    NotInForce,
    /// It may have happened, or not: no answer, or 503 to a command.
    Unknown,
    /// An answer that no contract allows.
    Odd { status: u16, body: String },
}

/// What became of an item of a batch: the transaction or the hold that was made, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) status: ItemStatus,
    pub(crate) made: Option<Uuid>,
    pub(crate) reason: Option<Refusal>,
}

impl Item {
    pub(crate) fn of(outcome: &schemas::Outcome) -> Self {
        let made = outcome.transaction_id.map(|id| id.0).or(outcome.hold_id.map(|id| id.0));
        Self { status: outcome.status, made, reason: outcome.refusal }
    }
}

impl Outcome {
    /// Whether the command was decided, once and for all, to the client's knowledge.
    pub(crate) const fn is_decision(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Refused { .. } | Self::Batch { .. })
    }

    /// When it was done, to the client's knowledge.
    pub(crate) const fn done(&self) -> Option<Epoch> {
        match self {
            Self::Done { epoch, .. } | Self::Batch { epoch, .. } => Some(*epoch),
            _ => None,
        }
    }
}

impl Least {
    /// As a parameter.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Epoch(epoch) => epoch.to_string(),
            Self::Position { partition, offset } => format!("{partition}:{offset}"),
        }
    }
}
