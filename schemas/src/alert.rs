//! Alerts: what a rule has found, with the evidence from which it can be found again.
//!
//! There is one alert an episode: it is raised when the condition of a rule becomes true for a subject, and cleared when it has been
//! false for as long as the rule says. An alert that is cleared stays, with the moment at which it was.

pub use crate::id::AlertId;

use crate::aml::{Lane, RuleId};
use crate::epoch::Epoch;
use crate::id::{AccountId, CustomerId, TransactionId};
use crate::money::Currency;
use crate::word::words;
use sha2::{Digest as _, Sha256};
/// The same as a sentence.
pub mod text;

/// Most transactions that an alert names; it counts all of them.
pub const EVIDENCE_MAX: usize = 200;

/// An alert that is over stays among those that stand for so long, so that whoever reads page by page finds it on each page: a day.
pub const STANDS_MS: u64 = 24 * 60 * 60 * 1_000;

/// Most counterparties that an alert names; it counts all of them.
pub const COUNTERPARTIES_MAX: usize = 50;

words! {
    /// What an alert is about.
    pub enum SubjectKind {
        /// An account.
        Account = "account",
        /// A customer.
        Customer = "customer",
        /// A device, by its fingerprint.
        Device = "device",
        /// Customers who share something; the id is that of the first who was enrolled.
        Ring = "ring",
    }
}

/// Whom or what an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Subject {
    /// An account.
    Account(AccountId),
    /// A customer.
    Customer(CustomerId),
    /// A device, by its fingerprint.
    Device(String),
    /// Customers who share something; the first who was enrolled.
    Ring(CustomerId),
}

/// Something that a rule measures, and what it had to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The parameter of the rule that is the threshold.
    pub name: String,
    /// What was measured.
    pub value: i64,
    /// The threshold.
    pub threshold: i64,
}

/// Why a rule says what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The window in which it was measured: from this epoch on.
    pub window_from: Epoch,
    /// Up to and with this one.
    pub window_to: Epoch,
    /// The transactions, the first first; no more than [`EVIDENCE_MAX`].
    pub transactions: Vec<TransactionId>,
    /// How many there are in all.
    pub transactions_count: u32,
    /// The other sides, in the order of their ids; no more than [`COUNTERPARTIES_MAX`].
    pub counterparties: Vec<AccountId>,
    /// How many there are in all.
    pub counterparties_count: u32,
    /// What the transactions sum to, by currency, in minor units.
    pub amounts: Vec<(Currency, i64)>,
    /// Whether more happened than a hub's neighbourhood keeps, so that there may be more than was measured.
    pub is_capped: bool,
}

/// Something that a rule has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The same for the same rule, version, subject and beginning.
    pub id: AlertId,
    /// Which rule.
    pub rule: RuleId,
    /// By which of its settings.
    pub lane: Lane,
    /// By which version of the setting; 0 is the catalogue.
    pub version: u32,
    /// The values of all its parameters, in the order of the catalogue.
    pub parameters: Vec<(String, i64)>,
    /// What the rule adds to the score of the subject.
    pub weight: u32,
    /// About whom.
    pub subject: Subject,
    /// When the episode began.
    pub epoch: Epoch,
    /// What was measured, by threshold.
    pub measured: Vec<Measured>,
    /// From what.
    pub evidence: Evidence,
    /// Whether a transaction counted from before its epoch, and brought it about afterwards.
    pub is_late: bool,
    /// The W3C trace context of the last command of its epoch that concerned the subject; empty where it was time alone.
    pub traceparent: String,
}

/// An episode that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// Which alert.
    pub id: AlertId,
    /// Of which rule.
    pub rule: RuleId,
    /// Of which of its settings.
    pub lane: Lane,
    /// About whom.
    pub subject: Subject,
    /// When it was raised.
    pub raised: Epoch,
    /// When it was over.
    pub epoch: Epoch,
}

/// What becomes of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertChange {
    /// There is a new one.
    Raised(Box<Alert>),
    /// One is over.
    Cleared(Cleared),
}

impl AlertId {
    /// The id of the episode of a rule that began in `epoch`: a hash, so that a replay finds the same.
    pub fn derive(rule: RuleId, lane: Lane, version: u32, subject: &Subject, epoch: Epoch) -> Self {
        let mut hash = Sha256::new();
        let (kind, id) = (subject.kind(), subject.id());
        for part in [rule.as_str(), lane.as_str(), &version.to_string(), kind.as_str(), &id, &epoch.to_string()] {
            hash.update(u32::try_from(part.len()).expect("every part is short").to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        Self(uuid::Builder::from_custom_bytes(*digest.first_chunk().expect("a SHA-256 has 32 bytes")).into_uuid())
    }
}

impl Subject {
    /// What it is.
    pub const fn kind(&self) -> SubjectKind {
        match self {
            Self::Account(_) => SubjectKind::Account,
            Self::Customer(_) => SubjectKind::Customer,
            Self::Device(_) => SubjectKind::Device,
            Self::Ring(_) => SubjectKind::Ring,
        }
    }

    /// Its id, as text.
    pub fn id(&self) -> String {
        match self {
            Self::Account(id) => id.to_string(),
            Self::Customer(id) | Self::Ring(id) => id.to_string(),
            Self::Device(id) => id.clone(),
        }
    }
}

impl AlertChange {
    /// When.
    pub const fn epoch(&self) -> Epoch {
        match self {
            Self::Raised(alert) => alert.epoch,
            Self::Cleared(cleared) => cleared.epoch,
        }
    }
}
