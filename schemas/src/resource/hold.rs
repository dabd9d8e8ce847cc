//! Holds as HTTP clients see them.

use crate::epoch::{Epoch, rfc3339};
use crate::hold::{HoldChange, HoldChanged};
use crate::id::{AccountId, HoldId};
use crate::money::{Currency, Money};
use crate::transaction::{Channel, PaymentKind};
use crate::word::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// Where a hold stands.
    pub enum HoldStatus {
        /// Something is held.
        Held = "held",
        /// It was captured, and nothing is left of it.
        Captured = "captured",
        /// What was left was given back by the payee or the bank.
        Released = "released",
        /// What was left was given back because the time was over.
        Expired = "expired",
        /// It is held until somebody has looked at the payment.
        UnderReview = "under_review",
        /// Somebody has, and it was given back.
        ReviewRefused = "review_refused",
        /// Nobody has in time, and it was given back.
        ReviewExpired = "review_expired",
    }
}

/// Money that is held for a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hold {
    /// The hold's id.
    pub id: HoldId,
    /// What the payment is for.
    pub operation: PaymentKind,
    /// Where it stands.
    pub status: HoldStatus,
    /// Whose money is held.
    pub account_debit: AccountId,
    /// For whom.
    pub account_credit: AccountId,
    /// How much is held; of one that has ended, how much was given back or captured at its end. A decimal in the currency's exponent.
    #[schema(example = "12500")]
    pub amount: String,
    /// The payer's fee that is held with it, or was given back or charged.
    #[schema(example = "125")]
    pub held_fee: String,
    /// Of what.
    pub currency: Currency,
    /// Through which channel it came.
    pub channel: Channel,
    /// When whatever is left is free again, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2025-12-01T16:00:00.123Z")]
    pub expires_at: String,
    /// When it came to stand so.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl Hold {
    /// A hold after a change that was decided in `epoch`.
    pub fn of(held: &HoldChanged, epoch: Epoch) -> Self {
        let currency = held.amount.currency;
        Self {
            id: held.id,
            operation: held.kind,
            status: HoldStatus::of(held),
            account_debit: held.account_debit,
            account_credit: held.account_credit,
            amount: held.amount.to_string(),
            held_fee: Money { minor: held.fee_minor, currency }.to_string(),
            currency,
            channel: held.channel,
            expires_at: rfc3339(held.expires_at),
            epoch,
            as_of: None,
        }
    }
}

impl HoldStatus {
    /// Where a hold stands after a change.
    pub const fn of(held: &HoldChanged) -> Self {
        match held.change {
            HoldChange::Reserved | HoldChange::Captured if held.open => Self::Held,
            HoldChange::Reserved | HoldChange::Captured | HoldChange::Closed => Self::Captured,
            HoldChange::Released => Self::Released,
            HoldChange::Expired => Self::Expired,
            HoldChange::Reviewed => Self::UnderReview,
            HoldChange::ReviewRefused => Self::ReviewRefused,
            HoldChange::ReviewExpired => Self::ReviewExpired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_shown_as_it_stands_after_the_change() {
        use HoldChange::{Captured, Closed, Expired, Released, Reserved, ReviewExpired, ReviewRefused, Reviewed};
        let changed = |change, open| HoldChanged {
            id: HoldId::mint(1, 0),
            change,
            kind: PaymentKind::MerchantPayment,
            channel: Channel::Card,
            account_debit: AccountId::mint(1, 0),
            account_credit: AccountId::mint(1, 1),
            amount: Money { minor: 350, currency: "EUR".parse().unwrap() },
            fee_minor: 5,
            open,
            expires_at: 0,
        };
        for (change, open, status) in [
            (Reserved, true, HoldStatus::Held),
            (Captured, true, HoldStatus::Held),
            (Captured, false, HoldStatus::Captured),
            (Closed, false, HoldStatus::Captured),
            (Released, false, HoldStatus::Released),
            (Expired, false, HoldStatus::Expired),
            (Reviewed, true, HoldStatus::UnderReview),
            (ReviewRefused, false, HoldStatus::ReviewRefused),
            (ReviewExpired, false, HoldStatus::ReviewExpired),
        ] {
            assert_eq!(Hold::of(&changed(change, open), 7).status, status, "{change} {open}");
        }
        let shown = Hold::of(&changed(Reserved, true), 7);
        assert_eq!((&*shown.amount, &*shown.held_fee, &*shown.expires_at), ("3.50", "0.05", "1970-01-01T00:00:00.000Z"));
        assert_eq!((shown.epoch, shown.as_of), (7, None));
    }
}
