//! Payments: one amount from one account to another.

use crate::context::Context;
use crate::id::{AccountId, HoldId, TransactionId};
use crate::money::{Currency, Money};
use crate::refusal::Refusal;
use crate::word::words;
use std::sync::Arc;

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
    /// What the payment is for; decides which roles may pay and be paid. A refund and a reversal come of an earlier payment.
    pub enum PaymentKind {
        /// Cash in: an agent's float, or the house's cash, becomes the customer's balance.
        Deposit = "deposit",
        /// Cash out: the reverse.
        Withdrawal = "withdrawal",
        /// From person to person.
        Transfer = "transfer",
        /// From a customer to a merchant.
        MerchantPayment = "merchant_payment",
        /// From a customer to a biller, which is a merchant.
        BillPayment = "bill_payment",
        /// Some or all of an earlier payment, given back by the payee.
        Refund = "refund",
        /// All that is left of an earlier payment, its fee included, taken back by the bank.
        Reversal = "reversal",
    }
}

impl PaymentKind {
    /// What can be asked for by itself.
    pub const ASKED: &'static [Self] = &[Self::Deposit, Self::Withdrawal, Self::Transfer, Self::MerchantPayment, Self::BillPayment];

    /// The first version of the rules that knows it.
    pub const fn since(self) -> u32 {
        match self {
            Self::Deposit | Self::Withdrawal | Self::Transfer | Self::MerchantPayment => 1,
            Self::BillPayment | Self::Refund | Self::Reversal => 4,
        }
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
    /// Where it comes from, as far as that is known. In a box, since most payments have none.
    pub context: Option<Arc<Context>>,
}

impl Payment {
    /// The first version of the rules that knows it.
    pub const fn since(&self) -> u32 {
        if self.context.is_some() { 6 } else { self.kind.since() }
    }
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

/// What a transaction comes of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It was captured out of a hold.
    Hold(HoldId),
    /// It gives back what this one moved.
    Original(TransactionId),
}

impl Link {
    /// The hold, if it comes of one.
    pub const fn hold(self) -> Option<HoldId> {
        match self {
            Self::Hold(id) => Some(id),
            Self::Original(_) => None,
        }
    }

    /// The transaction that it gives back, if it does.
    pub const fn original(self) -> Option<TransactionId> {
        match self {
            Self::Hold(_) => None,
            Self::Original(id) => Some(id),
        }
    }
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
    /// The fee, in minor units of the same currency: what the legs say that payer or payee bore. Of a reversal, the fee given back.
    pub fee_minor: i64,
    /// Through which channel.
    pub channel: Channel,
    /// Why nothing moved; none if it settled.
    pub refusal: Option<Refusal>,
    /// What it comes of, where it was not asked for by itself.
    pub link: Option<Link>,
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

    /// The name of the operation that was asked for.
    pub const fn operation(&self) -> &'static str {
        match (self.link, self.kind) {
            (Some(Link::Hold(_)), _) => "capture",
            (Some(Link::Original(_)), PaymentKind::Reversal) => "reverse",
            (Some(Link::Original(_)) | None, kind) => kind.as_str(),
        }
    }
}
