//! Holds: money that is promised to a payee and can't be spent otherwise, until it is captured, released or expires.
//!
//! What is held stays on the payer's account: the posted balance does not change, the available one does. The fee is fixed when the
//! money is reserved and charged in proportion to what is captured, so a hold always covers all that it can cost.

use crate::epoch::Epoch;
use crate::id::{AccountId, HoldId};
use crate::money::Money;
use crate::transaction::{Channel, Payment, PaymentKind};
use crate::word::words;

/// The longest that money may be reserved: thirty days.
pub const RESERVED_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;

/// The shortest: a second.
pub const RESERVED_MS_MIN: u64 = 1000;

/// Reserve money for a payment that is to be captured later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// The payment.
    pub payment: Payment,
    /// After so many milliseconds of epochs whatever is not captured is free again.
    pub expires_in_ms: u64,
}

/// Settle a payment out of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Which hold.
    pub hold_id: HoldId,
    /// How much of it, in the currency of the hold; several captures may share a hold.
    pub amount: Money,
    /// Whether the rest is released at once.
    pub last: bool,
}

/// Give back what is left of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Which hold.
    pub hold_id: HoldId,
}

words! {
    /// What has happened to a hold.
    pub enum HoldChange {
        /// It was made.
        Reserved = "reserved",
        /// Some of it was paid.
        Captured = "captured",
        /// What was left was given back by the payee or the bank.
        Released = "released",
        /// What the last capture left was given back with it.
        Closed = "closed",
        /// What was left was given back because the time was over.
        Expired = "expired",
        /// It was made of a payment that somebody has to look at first.
        Reviewed = "reviewed",
        /// Somebody has looked at it, and it was given back.
        ReviewRefused = "review_refused",
        /// Nobody has in time, and it was given back.
        ReviewExpired = "review_expired",
    }
}

impl HoldChange {
    /// Whether it is the first of a hold.
    pub const fn begins(self) -> bool {
        matches!(self, Self::Reserved | Self::Reviewed)
    }
}

/// A change of what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldChanged {
    /// Which hold.
    pub id: HoldId,
    /// What happened to it.
    pub change: HoldChange,
    /// What the payment is for.
    pub kind: PaymentKind,
    /// Through which channel it came.
    pub channel: Channel,
    /// Whose money is held.
    pub account_debit: AccountId,
    /// For whom.
    pub account_credit: AccountId,
    /// How much of the payment this change is about.
    pub amount: Money,
    /// The fee that is held with it, in minor units; zero where the payee bears it.
    pub fee_minor: i64,
    /// Whether something is still held afterwards.
    pub open: bool,
    /// When whatever is left is free again.
    pub expires_at: Epoch,
}

impl HoldChanged {
    /// What this adds to the money held of the payer, in minor units; negative unless it was reserved.
    pub fn held_minor(&self) -> i64 {
        let held_minor = self.amount.minor.saturating_add(self.fee_minor);
        match self.change {
            HoldChange::Reserved | HoldChange::Reviewed => held_minor,
            HoldChange::Captured | HoldChange::Released | HoldChange::Closed | HoldChange::Expired => -held_minor,
            HoldChange::ReviewRefused | HoldChange::ReviewExpired => -held_minor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn what_is_reserved_is_held_until_it_is_paid_or_given_back() {
        let reserved = HoldChanged {
            id: HoldId::mint(1, 0),
            change: HoldChange::Reserved,
            kind: PaymentKind::MerchantPayment,
            channel: Channel::Card,
            account_debit: AccountId::mint(1, 0),
            account_credit: AccountId::mint(1, 1),
            amount: Money { minor: 1_000, currency: Currency::XOF },
            fee_minor: 10,
            open: true,
            expires_at: 60_001,
        };
        assert_eq!(reserved.held_minor(), 1_010);
        for change in [HoldChange::Captured, HoldChange::Released, HoldChange::Closed, HoldChange::Expired] {
            assert_eq!(HoldChanged { change, ..reserved.clone() }.held_minor(), -1_010);
        }
        let most = HoldChanged { amount: Money { minor: i64::MAX, ..reserved.amount }, ..reserved };
        assert_eq!(most.held_minor(), i64::MAX, "no overflow");
    }
}
