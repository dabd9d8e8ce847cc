//! Alerts as HTTP clients see them.

use super::AlertMatch;
use crate::alert::SubjectKind;
use crate::aml::{Lane, RuleId};
use crate::customer::KycLevel;
use crate::epoch::Epoch;
use crate::id::{AccountId, AlertId, CustomerId, TransactionId};
use crate::money::Currency;
use crate::word::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// Where an alert stands.
    pub enum AlertStatus {
        /// What it was raised for goes on, or is not over for long enough.
        Open = "open",
        /// It is over.
        Cleared = "cleared",
    }
}

/// Something that a rule has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// The alert's id.
    pub id: AlertId,
    /// Which rule.
    pub rule: RuleId,
    /// Its number in the catalogue.
    #[schema(example = "R06")]
    pub code: String,
    /// By the live setting of the rule, or by the one in shadow.
    pub lane: Lane,
    /// By which version of the setting; 0 is the catalogue.
    pub version: u32,
    /// What it adds to the score of the customer.
    pub weight: u32,
    /// Where it stands.
    pub status: AlertStatus,
    /// What it is about.
    pub subject_kind: SubjectKind,
    /// Which.
    pub subject_id: String,
    /// The customer, where the subject is one, or an account of one that the views show already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub customer_id: Option<CustomerId>,
    /// When it was raised.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The same as RFC 3339, UTC.
    #[schema(format = DateTime, example = "2025-11-24T16:00:00.123Z")]
    pub raised_at: String,
    /// When it was over; only where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, nullable = false, example = 1_764_100_000_123_u64)]
    pub cleared_epoch: Option<Epoch>,
    /// Whether a payment that counts from before its epoch brought it about.
    pub late: bool,
    /// The parameters of the rule, as they were.
    pub parameters: Vec<AlertParameter>,
    /// What was measured.
    pub measured: Vec<AlertMeasure>,
    /// From what.
    pub evidence: AlertEvidence,
    /// All of it as a sentence.
    pub text: AlertText,
    /// Trace of the command that brought it about; empty where time alone did.
    pub trace_id: String,
    /// The epoch that this was read at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

/// A parameter of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertParameter {
    /// Which.
    pub name: String,
    /// Its value.
    pub value: i64,
}

/// Something that was measured, and what it had to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertMeasure {
    /// The parameter that is the threshold.
    pub name: String,
    /// What was measured.
    pub value: i64,
    /// What had to be reached.
    pub threshold: i64,
}

/// What an alert was raised for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertEvidence {
    /// From when on it was measured.
    #[schema(value_type = u64)]
    pub window_from: Epoch,
    /// Up to and with this epoch.
    #[schema(value_type = u64)]
    pub window_to: Epoch,
    /// The transactions, the first first; 200 at most.
    pub transactions: Vec<TransactionId>,
    /// How many there are in all.
    pub transactions_count: u32,
    /// The accounts on the other side; 50 at most.
    pub counterparties: Vec<AccountId>,
    /// How many there are in all.
    pub counterparties_count: u32,
    /// What the transactions sum to.
    pub amounts: Vec<AlertAmount>,
    /// Whether there may be more than was measured, since a neighbourhood was too large to keep.
    pub capped: bool,
    /// Which entry of which watchlist, and why; only of a match.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub matched: Option<AlertMatch>,
}

/// A sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertAmount {
    /// Of what.
    pub currency: Currency,
    /// Decimal.
    #[schema(example = "1250000")]
    pub amount: String,
}

/// An alert as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertText {
    /// In English.
    pub en: String,
    /// In French.
    pub fr: String,
}

words! {
    /// How risky a customer is, by the score.
    pub enum RiskLevel {
        /// Below 40.
        Low = "low",
        /// From 40 on: a human should look.
        Medium = "medium",
        /// From 80 on.
        High = "high",
    }
}

impl RiskLevel {
    /// By the score.
    pub const fn of(score: u32) -> Self {
        match score {
            ..40 => Self::Low,
            40..80 => Self::Medium,
            80.. => Self::High,
        }
    }
}

/// How risky a customer is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerRisk {
    /// The customer.
    pub customer_id: CustomerId,
    /// 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    pub score: u32,
    /// The same as a word.
    pub risk: RiskLevel,
    /// How far the identity is known, and what that adds.
    pub level: KycLevel,
    /// What the level adds to the score.
    pub level_weight: u32,
    /// The open alerts that make up the rest, the heaviest first; of a rule the heaviest alone.
    pub reasons: Vec<RiskReason>,
    /// What the customer has with the bank, by currency.
    pub exposure: Vec<AlertAmount>,
    /// The score since each moment at which an alert changed it, the newest first; 1000 at most.
    pub history: Vec<PastScore>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

/// What adds to a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RiskReason {
    /// The alert.
    pub alert_id: AlertId,
    /// By which rule.
    pub rule: RuleId,
    /// What it adds.
    pub weight: u32,
    /// Since when.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// What a score was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PastScore {
    /// From when on.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// How much.
    pub score: u32,
}

/// What would change if a rule were set otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Simulation {
    /// The rule.
    pub rule: RuleId,
    /// About how many it says something now.
    pub live: u64,
    /// About how many it would.
    pub proposed: u64,
    /// How many would be added.
    pub added_count: u64,
    /// How many would be removed.
    pub removed_count: u64,
    /// About whom it would say something, and does not now; 1000 at most.
    pub added: Vec<Simulated>,
    /// About whom it does now, and would not; 1000 at most.
    pub removed: Vec<Simulated>,
    /// The end of this epoch.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

/// Somebody about whom a rule says something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Simulated {
    /// What it is.
    pub subject_kind: SubjectKind,
    /// Which.
    pub subject_id: String,
    /// What was measured, against the thresholds by which it says so.
    pub measured: Vec<AlertMeasure>,
}
