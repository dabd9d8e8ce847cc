//! Resources: what HTTP clients are shown, the same by the door that decides and by the one that reads.
//!
//! In: what the bank decided. Out: plain data, one shape for each thing, whose fields are the documented ones.
//! `as_of` is the reader's to add: a decision has no view that it was read from.

/// Alerts.
pub mod alert;
mod aml;
mod audit;
mod batch;
/// Identities and cases.
pub mod diligence;
mod hold;
mod list;
/// Where each of them is.
pub mod location;
mod operation;
mod order;
mod timeline;

/// Levels, terms, limits and tariffs.
pub mod policy;

use crate::account::{AccountStatus, AccountType, Role};
use crate::customer::{KycLevel, KycStatus};
use crate::diligence::PostalAddress;
use crate::epoch::{Epoch, rfc3339};
use crate::id::{AccountId, CommandId, CustomerId, HoldId, OrderId, TransactionId};
use crate::money::{Currency, Money};
use crate::refusal::Refusal;
use crate::transaction::{Channel, Link, PaymentKind, TransactionStatus};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

pub use aml::{AmlParameter, AmlRule, AmlRuleSetting, AmlRuleShown, AmlRules, AmlSet, CountryList, GatePolicy, PartyUpdate};
pub use audit::{AuditProof, AuditRoot};
pub use batch::{Batch, BatchCounts, DryRun, Fee, ItemOutcome};
pub use hold::{Hold, HoldStatus};
pub use list::{AlertMatch, ListEntries, ListPart, ListSet, ListVersion, MatchCleared, Watchlists};
pub use operation::{Operation, OperationStatus};
pub use order::Order;
pub use policy::{AccountTerms, CustomerLevel, LevelLimits, Limits, Quota, Tariff, TariffEnd, Tier};
pub use timeline::{Happened, Happening};

/// Which resource an answer shows, by its name in OpenAPI: an extension of the answer, for whoever has to tell them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown(pub Cow<'static, str>);

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Customer {
    /// The customer's id; the `sub` of the customer's own tokens.
    pub id: CustomerId,
    /// As on the identity document.
    #[schema(example = "Awa Diop")]
    pub full_name: String,
    /// Mobile number in E.164 form.
    #[schema(example = "+221771234567")]
    pub msisdn: Option<String>,
    /// ISO 3166-1 alpha-2 country of residence.
    #[schema(example = "SN")]
    pub country: Option<String>,
    /// Where they live; null where that is not known.
    #[serde(default)]
    pub address: Option<PostalAddress>,
    /// Where identity verification stands.
    pub kyc_status: KycStatus,
    /// How far the identity is known: limits and tariffs go by it.
    pub level: KycLevel,
    /// Whether the customer is frozen: none of their accounts pays or is paid. Said only where it is so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub frozen: bool,
    /// When the customer was enrolled.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl Customer {
    /// A customer as enrolled in `epoch`.
    pub fn of(customer: &crate::Customer, epoch: Epoch) -> Self {
        Self {
            id: customer.id,
            full_name: customer.full_name.clone(),
            msisdn: customer.msisdn.clone(),
            country: customer.country.clone(),
            address: None,
            kyc_status: customer.kyc_status,
            level: KycLevel::Unidentified,
            frozen: false,
            epoch,
            as_of: None,
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// The holder; null for the bank's own accounts.
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
    /// Whether the account or its holder is frozen: it neither pays nor is paid. Said only where it is so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub frozen: bool,
    /// What may be spent, as a decimal in the currency's exponent.
    #[schema(example = "12500")]
    pub balance_available: String,
    /// When the account was opened.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl Account {
    /// An account opened in `epoch`, with what is in it.
    pub fn of(account: &crate::Account, balance_minor: i64, epoch: Epoch) -> Self {
        Self {
            id: account.id,
            customer_id: account.customer_id,
            account_type: account.account_type,
            role: account.role,
            currency: account.currency,
            status: account.status,
            frozen: false,
            balance_available: Money { minor: balance_minor, currency: account.currency }.to_string(),
            epoch,
            as_of: None,
        }
    }
}

/// An account whose status has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountUpdate {
    /// The account's id.
    pub id: AccountId,
    /// The holder.
    pub customer_id: Option<CustomerId>,
    /// What it is now.
    pub status: AccountStatus,
    /// Since when.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

impl AccountUpdate {
    /// A change that was decided in `epoch`.
    pub fn of(changed: &crate::StatusChanged, epoch: Epoch) -> Self {
        Self { id: changed.id, customer_id: changed.customer_id, status: changed.change.status(), epoch }
    }
}

/// What is in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balance {
    /// The account.
    pub account_id: AccountId,
    /// Its currency.
    pub currency: Currency,
    /// Credits less debits, as a decimal in the currency's exponent.
    #[schema(example = "12500")]
    pub balance_posted: String,
    /// What is held for payments that are to be captured.
    #[schema(example = "2500")]
    pub balance_held: String,
    /// What may be spent: the posted balance less what is held.
    #[schema(example = "10000")]
    pub balance_available: String,
    /// The epoch of the view that this was read from.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

/// A payment, settled or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transaction {
    /// The transaction's id.
    pub id: TransactionId,
    /// What it was for.
    pub operation: PaymentKind,
    /// Whether money moved.
    pub status: TransactionStatus,
    /// Who paid, or would have; the house's cash where none was named.
    pub account_debit: AccountId,
    /// Who was paid, or would have been.
    pub account_credit: AccountId,
    /// How much, as a decimal in the currency's exponent.
    #[schema(example = "12500")]
    pub amount: String,
    /// Of what.
    pub currency: Currency,
    /// Through which channel.
    pub channel: Channel,
    /// What the payer bore on top of the amount, or the payee out of it; of a reversal, the fee that was given back.
    #[schema(example = "0")]
    pub charged_fee: String,
    /// The hold that it was captured out of; only of a captured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hold_id: Option<HoldId>,
    /// The transaction that it gives back; only of a refund or a reversal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub original_transaction_id: Option<TransactionId>,
    /// The order that it ended, or that says from when on it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<OrderId>,
    /// The batch of which it was an item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub batch_id: Option<CommandId>,
    /// Why nothing moved; only of a failed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<Refusal>,
    /// When money moved, RFC 3339 in UTC; only of a settled one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2025-11-24T16:00:00.123Z")]
    pub settled_at: Option<String>,
    /// From when on it counts, RFC 3339 in UTC; only of one that counts from earlier than it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2025-11-01T00:00:00.000Z")]
    pub effective_at: Option<String>,
    /// When it was decided.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The W3C trace of the request that was decided; absent from an answer that repeats an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub trace_id: Option<String>,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl Transaction {
    /// A payment as decided in `epoch`; without a trace id where none is known.
    pub fn of(transaction: &crate::Transaction, epoch: Epoch, trace_id: &str) -> Self {
        let currency = transaction.amount.currency;
        let status = transaction.status();
        Self {
            id: transaction.id,
            operation: transaction.kind,
            status,
            account_debit: transaction.account_debit,
            account_credit: transaction.account_credit,
            amount: transaction.amount.to_string(),
            currency,
            channel: transaction.channel,
            charged_fee: Money { minor: transaction.fee_minor, currency }.to_string(),
            hold_id: transaction.link.and_then(Link::hold),
            original_transaction_id: transaction.link.and_then(Link::original),
            order_id: None,
            batch_id: None,
            reason: transaction.refusal,
            settled_at: (status == TransactionStatus::Settled).then(|| rfc3339(epoch)),
            effective_at: None,
            epoch,
            trace_id: Some(trace_id.to_owned()).filter(|trace| !trace.is_empty()),
            as_of: None,
        }
    }
}

/// The version of the rules by which the bank decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rules {
    /// The version. Null as long as the bank goes by the one that it began with.
    #[schema(example = 2)]
    pub version: Option<u32>,
    /// When it was activated: it decides every later epoch.
    #[schema(value_type = Option<u64>, example = 1_764_000_000_123_u64)]
    pub epoch: Option<Epoch>,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}
