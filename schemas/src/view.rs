//! The views: what can be read whole, followed, and taken from a topic, each row under a key that stays.
//!
//! A row says what is so at an epoch. Whoever puts rows of rising epochs where their keys are has the view.

use crate::account::{AccountStatus, AccountType, Role};
use crate::customer::KycLevel;
use crate::id::{AccountId, CustomerId};
use crate::money::Currency;
use crate::principal::Scope;
use crate::transaction::{Channel, PaymentKind, TransactionStatus};
use crate::word::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// A view.
    pub enum ViewName {
        /// Every account, and what is in it.
        Accounts = "accounts",
        /// Every customer.
        Customers = "customers",
        /// Every payment, settled or failed.
        Transactions = "transactions",
        /// Every hold, as it stands.
        Holds = "holds",
        /// Every order, as it stands.
        Orders = "orders",
        /// What was done and refused, by minute.
        VolumeByMinute = "volume_by_minute",
        /// The same by hour.
        VolumeByHour = "volume_by_hour",
        /// The same by day.
        VolumeByDay = "volume_by_day",
        /// What each merchant received and each agent handled, by day.
        Turnover = "turnover",
        /// Accounts and their balances, by what they are and how far their holders are known.
        Positions = "positions",
        /// What the bank owes, by currency.
        Liabilities = "liabilities",
        /// How many customers had a part in a payment, by day and by month.
        ActiveCustomers = "active_customers",
        /// How long commands waited for their decision, by minute.
        LatencyByMinute = "latency_by_minute",
        /// The same by hour.
        LatencyByHour = "latency_by_hour",
        /// The same by day.
        LatencyByDay = "latency_by_day",
        /// What does not balance; nothing, ever.
        Imbalances = "imbalances",
    }
}

impl ViewName {
    /// What a token needs for it.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Accounts => Scope::AccountsRead,
            Self::Customers => Scope::CustomersRead,
            Self::Transactions | Self::Holds | Self::Orders => Scope::TransactionsRead,
            Self::VolumeByMinute
            | Self::VolumeByHour
            | Self::VolumeByDay
            | Self::Turnover
            | Self::Positions
            | Self::Liabilities
            | Self::ActiveCustomers
            | Self::LatencyByMinute
            | Self::LatencyByHour
            | Self::LatencyByDay
            | Self::Imbalances => Scope::ReportsRead,
        }
    }

    /// Whether its rows belong to customers, each of whom may see their own. The others are of the bank as a whole, and are for
    /// whoever reads reports.
    pub const fn is_of_customers(self) -> bool {
        !matches!(self.scope(), Scope::ReportsRead)
    }
}

/// An account and what is in it, a row of `accounts`. Its key is the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRow {
    /// The account's id.
    pub id: AccountId,
    /// The holder; absent of the bank's own accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub customer_id: Option<CustomerId>,
    /// The product.
    #[serde(rename = "type")]
    pub account_type: AccountType,
    /// What the holder is to the bank.
    pub role: Role,
    /// The one currency of the account.
    pub currency: Currency,
    /// Whether it may move money.
    pub status: AccountStatus,
    /// Credits less debits, as a decimal in the currency's exponent.
    #[schema(example = "12500")]
    pub balance_posted: String,
    /// What is held for payments that are to be captured.
    #[schema(example = "2500")]
    pub balance_held: String,
    /// What may be spent.
    #[schema(example = "10000")]
    pub balance_available: String,
    /// When it was opened, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2025-11-24T16:00:00.123Z")]
    pub opened_at: String,
}

/// What was counted together, a row of `volume_by_…`. Its key joins beginning, operation, channel, currency and reason by `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeRow {
    /// The beginning of the minute, hour or day, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2025-11-24T16:00:00.000Z")]
    pub start: String,
    /// Of a payment its kind, `refund` and `reversal` among them; of what else was refused its operation.
    #[schema(example = "transfer")]
    pub operation: String,
    /// Of a payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub channel: Option<Channel>,
    /// Of a payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub currency: Option<Currency>,
    /// Whether it settled.
    pub status: TransactionStatus,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "insufficient_funds")]
    pub reason: Option<String>,
    /// How many.
    #[schema(example = 42)]
    pub count: i64,
    /// Of a payment: all of them together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "525000")]
    pub amount: Option<String>,
    /// Of a payment: all fees together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "4200")]
    pub fee: Option<String>,
}

/// What an account did in a day, a row of `turnover`. Its key joins day, currency, account and operation by `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnoverRow {
    /// The beginning of the day, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2025-11-24T00:00:00.000Z")]
    pub day: String,
    /// Merchant or agent.
    pub role: Role,
    /// Whose.
    pub account_id: AccountId,
    /// Of what.
    pub currency: Currency,
    /// What the payments were for.
    pub operation: PaymentKind,
    /// How many.
    #[schema(example = 42)]
    pub count: i64,
    /// How much together.
    #[schema(example = "525000")]
    pub amount: String,
}

/// Accounts of a kind, a row of `positions`. Its key joins currency, type, role and level by `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionRow {
    /// Their currency.
    pub currency: Currency,
    /// Their product.
    #[serde(rename = "type")]
    pub account_type: AccountType,
    /// What their holders are to the bank.
    pub role: Role,
    /// How far their holders are known; absent where the bank itself holds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub level: Option<KycLevel>,
    /// How many there are that are not closed.
    #[schema(example = 42)]
    pub accounts: i64,
    /// What is in them.
    #[schema(example = "525000")]
    pub balance: String,
}

/// What the bank owes, a row of `liabilities`. Its key is the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiabilityRow {
    /// Of what.
    pub currency: Currency,
    /// The balances of all accounts but the bank's own.
    #[schema(example = "525000")]
    pub owed: String,
    /// How much of it is held.
    #[schema(example = "2500")]
    pub held: String,
}

/// How many customers were active, a row of `active_customers`. Its key joins period and beginning by `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityRow {
    /// `day` or `month`.
    #[schema(example = "day")]
    pub by: String,
    /// Its beginning, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2025-11-24T00:00:00.000Z")]
    pub start: String,
    /// How many.
    #[schema(example = 42)]
    pub count: i64,
}

/// How many commands waited so long, a row of `latency_by_…`. Its key joins beginning and bound by `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyRow {
    /// The beginning of the minute, hour or day, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2025-11-24T16:00:00.000Z")]
    pub start: String,
    /// More milliseconds than these, and no more than the next bound; 0 also of those that did not wait.
    #[schema(example = 5)]
    pub over_ms: i32,
    /// How many.
    #[schema(example = 42)]
    pub count: i64,
}

/// Something that does not balance, a row of `imbalances`. Its key joins kind, subject and currency by `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImbalanceRow {
    /// `currency`, `account` or `transaction`.
    #[schema(example = "currency")]
    pub kind: String,
    /// The currency's code, or the id.
    #[schema(example = "XOF")]
    pub subject: String,
    /// Its currency, where the kind has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub currency: Option<Currency>,
    /// By how much, in minor units; 0 where it balances again.
    #[schema(example = "0")]
    pub difference_minor: String,
}
