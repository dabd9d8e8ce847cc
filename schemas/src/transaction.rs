//! Payments: one amount from one account to another, in one of four ways.

use crate::id::{AccountId, TransactionId};
use crate::money::{Currency, Money};
use crate::refusal::Refusal;
use crate::word::words;

words! {
    /// Where the payment was made.
    pub enum Channel {
        /// Mobile money.
        Wallet = "wallet",
        /// A card.
        Card = "card",
        /// A merchant-presented or customer-presented QR code.
        Qr = "qr",
    }
}

words! {
    /// What the payment is for; decides which roles may pay and be paid.
    pub enum PaymentKind {
        /// Cash in: an agent's float, or the house's cash, becomes the customer's balance.
        Deposit = "deposit",
        /// Cash out: the reverse.
        Withdrawal = "withdrawal",
        /// From person to person.
        Transfer = "transfer",
        /// From a customer to a merchant.
        MerchantPayment = "merchant_payment",
    }
}

words! {
    /// Where a transaction stands.
    pub enum TransactionStatus {
        /// Accepted, not decided.
        Pending = "pending",
        /// Money moved.
        Settled = "settled",
        /// Refused; nothing moved.
        Failed = "failed",
    }
}

/// A payment as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// What it is for.
    pub kind: PaymentKind,
    /// Who pays; none in a deposit means the house's cash.
    pub account_debit: Option<AccountId>,
    /// Who is paid; none in a withdrawal means the house's cash.
    pub account_credit: Option<AccountId>,
    /// How much, in minor units; positive.
    pub amount_minor: i64,
    /// Of what.
    pub currency: Currency,
    /// Through which channel.
    pub channel: Channel,
}

/// One leg of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account moved.
    pub account: AccountId,
    /// Negative for a debit, positive for a credit.
    pub amount_minor: i64,
    /// The account's balance after it.
    pub balance_minor: i64,
}

/// A transaction as decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Minted by settlement.
    pub id: TransactionId,
    /// What it was for.
    pub kind: PaymentKind,
    /// Who paid or would have paid; the house's cash where none was named.
    pub account_debit: AccountId,
    /// Who was paid or would have been.
    pub account_credit: AccountId,
    /// How much.
    pub amount: Money,
    /// What it cost the payer on top, in minor units of the same currency.
    pub fee_minor: i64,
    /// Through which channel.
    pub channel: Channel,
    /// Why nothing moved; none if it settled.
    pub refusal: Option<Refusal>,
    /// The legs, which sum to zero; empty if nothing moved.
    pub postings: Vec<Posting>,
}

impl Transaction {
    /// Settled, or failed: a decision is never pending.
    pub const fn status(&self) -> TransactionStatus {
        match self.refusal {
            None => TransactionStatus::Settled,
            Some(_) => TransactionStatus::Failed,
        }
    }
}
