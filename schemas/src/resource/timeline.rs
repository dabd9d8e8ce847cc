//! What happened to a payment, as HTTP clients see it.

use crate::epoch::Epoch;
use crate::id::{EventId, HoldId, OrderId, TransactionId};
use crate::refusal::Refusal;
use crate::word::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// What can happen to a payment.
    pub enum Happening {
        /// It was ordered for a day to come.
        Ordered = "ordered",
        /// Money was reserved for it, as a hold.
        Reserved = "reserved",
        /// Some of the hold was paid.
        Captured = "captured",
        /// What was left of the hold was given back by the payee or the bank.
        Released = "released",
        /// What the last capture left of the hold was given back with it.
        Closed = "closed",
        /// What was left of the hold was given back because the time was over.
        Expired = "expired",
        /// It was made: money moved.
        Settled = "settled",
        /// It was refused; nothing moved.
        Failed = "failed",
        /// The payee gave some of it back.
        Refunded = "refunded",
        /// The bank took back all that was left of it.
        Reversed = "reversed",
    }
}

/// One thing that happened to a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Happened {
    /// The event that says so: those of the bank sort by their ids.
    pub event_id: EventId,
    /// What happened.
    pub event: Happening,
    /// How much it was about, as a decimal in the currency's exponent.
    #[schema(example = "12500")]
    pub amount: String,
    /// The transaction that was made: this one, another capture of its hold, a refund or a reversal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transaction_id: Option<TransactionId>,
    /// The order, of what happened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<OrderId>,
    /// The hold, of what happened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hold_id: Option<HoldId>,
    /// Why nothing moved; only of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<Refusal>,
    /// When, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2025-11-24T16:00:00.123Z")]
    pub at: String,
    /// The same as an epoch.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}
