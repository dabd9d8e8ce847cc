//! A day of traffic before any of it is sent: who takes part, what they hold at first, who pays whom.
//!
//! Parties are indices into the plan, since the bank mints the ids only when the accounts are opened.

use schemas::{Channel, Money, PaymentKind, Role};
use uuid::Uuid;

/// Everything a run will do, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The customers to enrol.
    pub holders: Vec<Holder>,
    /// The accounts to open for them.
    pub accounts: Vec<PlannedAccount>,
    /// What is on the accounts before the day begins.
    pub openings: Vec<Opening>,
    /// The day.
    pub payments: Vec<PlannedPayment>,
}

/// A customer to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    /// As the bank will know them.
    pub full_name: String,
}

/// A wallet in XOF to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlannedAccount {
    /// Whose: an index into the holders.
    pub holder: usize,
    /// What the holder is in this account.
    pub role: Role,
}

/// A deposit of an operator from the house's cash; not counted among the payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// An index into the accounts.
    pub account: usize,
    /// Whole francs, more than none.
    pub amount_minor: i64,
}

/// One side of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Party {
    /// The house's cash, which the request leaves out.
    House,
    /// An index into the accounts.
    Account(usize),
    /// An account that does not exist.
    Stranger(Uuid),
}

/// One payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlannedPayment {
    /// What it is for.
    pub kind: PaymentKind,
    /// Whose token it is sent with: an index into the holders.
    pub caller: usize,
    /// Who pays.
    pub debit: Party,
    /// Who is paid.
    pub credit: Party,
    /// How much.
    pub amount: Money,
}

impl PlannedPayment {
    /// Merchants show a QR code; everything else is mobile money.
    pub(super) const fn channel(&self) -> Channel {
        match self.kind {
            PaymentKind::MerchantPayment => Channel::Qr,
            PaymentKind::Deposit
            | PaymentKind::Withdrawal
            | PaymentKind::Transfer
            | PaymentKind::BillPayment
            | PaymentKind::Refund
            | PaymentKind::Reversal => Channel::Wallet,
        }
    }

    /// The accounts of the plan that it moves, payer first.
    pub(super) fn accounts(&self) -> impl Iterator<Item = usize> {
        [self.debit, self.credit].into_iter().filter_map(|party| match party {
            Party::Account(account) => Some(account),
            Party::House | Party::Stranger(_) => None,
        })
    }
}
