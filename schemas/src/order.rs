//! Orders: payments with a day of their own, one to come or one that has been.

use crate::command::asked;
use crate::epoch::Epoch;
use crate::id::{AccountId, OrderId, TransactionId};
use crate::money::{Money, Unreadable};
use crate::policy::moment;
use crate::transaction::{Channel, Payment, PaymentKind};
use crate::word::words;

/// How far ahead a payment may be ordered, and from how far back it may count: 400 days.
pub const DATED_MS_MAX: u64 = 400 * 24 * 60 * 60 * 1000;

/// Most open orders of one payer.
pub const ORDERS_MAX: u32 = 100;

/// When an ordered payment is made or counts, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dated {
    /// It is made in the first epoch from here on: the requested execution date of ISO 20022.
    ExecuteAt(Epoch),
    /// It is made now and counts from here on, which is earlier: the value date of ISO 20022.
    EffectiveAt(Epoch),
}

/// Make a payment that has a date of its own beside the one on which it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The payment.
    pub payment: Payment,
    /// Its date.
    pub dated: Dated,
}

/// Take back an order that is not executed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelOrder {
    /// Which order.
    pub order_id: OrderId,
}

words! {
    /// What has happened to an order.
    pub enum OrderChange {
        /// It waits for its day.
        Scheduled = "scheduled",
        /// The payment was made.
        Executed = "executed",
        /// The payment was refused.
        Failed = "failed",
        /// It was taken back before its day.
        Cancelled = "cancelled",
    }
}

/// A change of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderChanged {
    /// Which order.
    pub id: OrderId,
    /// What happened to it.
    pub change: OrderChange,
    /// What the payment is for.
    pub kind: PaymentKind,
    /// Through which channel it came.
    pub channel: Channel,
    /// Who pays.
    pub account_debit: AccountId,
    /// Who is paid.
    pub account_credit: AccountId,
    /// How much.
    pub amount: Money,
    /// Its date.
    pub dated: Dated,
    /// The transaction in which it ended, where it did.
    pub transaction_id: Option<TransactionId>,
}

impl Dated {
    /// When the payment is to be made, if not at once.
    pub const fn execute_at(self) -> Option<Epoch> {
        match self {
            Self::ExecuteAt(epoch) => Some(epoch),
            Self::EffectiveAt(_) => None,
        }
    }

    /// From when on it counts, if that is not when it is made.
    pub const fn effective_at(self) -> Option<Epoch> {
        match self {
            Self::ExecuteAt(_) => None,
            Self::EffectiveAt(epoch) => Some(epoch),
        }
    }
}

impl Order {
    /// Whether its payment is one that can be asked for by itself, and its date one that can be written.
    pub fn check(&self) -> Result<(), Unreadable> {
        asked(&self.payment)?;
        moment("execute_at", self.dated.execute_at())?;
        moment("effective_at", self.dated.effective_at())
    }
}
