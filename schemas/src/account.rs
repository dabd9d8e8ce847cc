//! Accounts: what a customer holds, and what the house holds against it.
//!
//! A balance is credits less debits. A customer's balance is what the bank owes them, so it is positive; the
//! house's cash account mirrors it and is negative. The sum over all accounts of a currency is zero, always.

use crate::id::{AccountId, CustomerId};
use crate::money::Currency;
use crate::word::words;

words! {
    /// The product.
    pub enum AccountType {
        /// A current account.
        Current = "current",
        /// A savings account.
        Savings = "savings",
        /// A mobile-money wallet.
        Wallet = "wallet",
    }
}

words! {
    /// Whether the account may move money.
    pub enum AccountStatus {
        /// It may.
        Active = "active",
        /// Not for now.
        Suspended = "suspended",
        /// Never again.
        Closed = "closed",
    }
}

words! {
    /// What the holder is to the bank; decides which operations the account takes part in.
    pub enum Role {
        /// A person or company that pays and is paid.
        Customer = "customer",
        /// Takes merchant payments.
        Merchant = "merchant",
        /// Swaps cash for electronic money, out of its own float.
        Agent = "agent",
        /// The bank itself: cash, clearing, income.
        House = "house",
    }
}

impl Role {
    /// The lowest available balance, in minor units; `None` where the bank itself is the holder.
    pub const fn floor_minor(self) -> Option<i64> {
        match self {
            Self::Customer | Self::Merchant | Self::Agent => Some(0),
            Self::House => None,
        }
    }
}

/// An account as opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Minted by settlement; derived for the house.
    pub id: AccountId,
    /// The holder; none for the house.
    pub customer_id: Option<CustomerId>,
    /// The product.
    pub account_type: AccountType,
    /// What the holder is to the bank.
    pub role: Role,
    /// The one currency of the account.
    pub currency: Currency,
    /// Whether it may move money.
    pub status: AccountStatus,
}

words! {
    /// What becomes of an account's status. The spelling is the operation's name.
    pub enum StatusChange {
        /// An active account moves no money for now.
        Suspend = "suspend_account",
        /// A suspended account may move money again.
        Reactivate = "reactivate_account",
        /// An account in which nothing is left never moves money again.
        Close = "close_account",
    }
}

impl StatusChange {
    /// The status that it leads to.
    pub const fn status(self) -> AccountStatus {
        match self {
            Self::Suspend => AccountStatus::Suspended,
            Self::Reactivate => AccountStatus::Active,
            Self::Close => AccountStatus::Closed,
        }
    }
}

/// An account whose status has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChanged {
    /// Which account.
    pub id: AccountId,
    /// The holder.
    pub customer_id: Option<CustomerId>,
    /// What has changed it.
    pub change: StatusChange,
}

/// Purpose of the house account that stands for cash in and out of the bank.
pub const HOUSE_CASH: &str = "cash";

/// Purpose of the house account that takes the fees.
pub const HOUSE_FEES: &str = "fees";
