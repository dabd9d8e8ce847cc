//! Alerts: what a rule has found, with the evidence from which it can be found again.
//!
//! There is one alert an episode: it is raised when the condition of a rule becomes true for a subject, and cleared when it has been
//! false for as long as the rule says. An alert that is cleared stays, with the moment at which it was.

pub use crate::id::AlertId;

use crate::aml::{Lane, RuleId};
use crate::epoch::Epoch;
use crate::id::{AccountId, CustomerId, TransactionId};
use crate::list::{CounterpartyDigest, ListKind, is_entry_id, is_list_name};
use crate::money::{Currency, Unreadable};
use crate::word::words;
use sha2::{Digest as _, Sha256};
/// What an alert asks of settlement.
pub mod feedback;
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
        /// A customer and an entry of a watchlist; the id is that of the customer, the list and that of the entry, with a slash between.
        Match = "match",
        /// A counterparty of a customer and an entry of a watchlist; the id is that of the customer, the counterparty's digest, the list and
        /// that of the entry, with slashes between.
        Counterparty = "counterparty",
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
    /// A customer, or a counterparty of theirs, and an entry of a watchlist.
    Match(Match),
}

words! {
    /// Whose name an entry of a watchlist means.
    pub enum MatchedParty {
        /// The customer's.
        Customer = "customer",
        /// That of whom the customer pays or is paid by.
        Counterparty = "counterparty",
    }
}

/// A customer, or a counterparty of theirs, and an entry of a watchlist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Match {
    /// The customer.
    pub customer_id: CustomerId,
    /// Which counterparty, where it is about one.
    pub counterparty: Option<CounterpartyDigest>,
    /// The list.
    pub list: String,
    /// The id of the entry.
    pub entry: String,
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

/// A name against an entry of a watchlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Which list.
    pub list: String,
    /// What it means to be on it.
    pub kind: ListKind,
    /// Which version of it.
    pub version: u32,
    /// The id of the entry.
    pub entry: String,
    /// Whose name it is.
    pub party: MatchedParty,
    /// The name.
    pub name: String,
    /// The name of the entry that fits best.
    pub listed: String,
    /// How well, in ten-thousandths.
    pub score: u32,
    /// Whether the date of birth agrees.
    pub born_agrees: bool,
    /// Whether a country agrees.
    pub country_agrees: bool,
    /// Under which programme or reference it is listed.
    pub reference: String,
    /// Which words answer which.
    pub words: Vec<MatchedWords>,
}

/// Words of a name that answer words of a listed name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct MatchedWords {
    /// Words of the name.
    #[schema(example = "mohamed")]
    pub query: String,
    /// Words of the listed name.
    #[schema(example = "muhammad")]
    pub listed: String,
    /// `equal`, `variant`, `spelling`, `initial`, `joined` or `acronym`.
    #[schema(example = "variant")]
    pub how: String,
    /// What they add to the score, in ten-thousandths.
    #[schema(example = 4_800)]
    pub contributed: u32,
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
    /// Which entry of which list, of a match.
    pub matched: Option<Box<Matched>>,
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

/// An alert that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Which.
    pub id: AlertId,
    /// Of which rule.
    pub rule: RuleId,
    /// Of which of its settings.
    pub lane: Lane,
    /// About whom.
    pub subject: Subject,
    /// When it was raised.
    pub raised: Epoch,
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
            Self::Match(Match { counterparty: None, .. }) => SubjectKind::Match,
            Self::Match(_) => SubjectKind::Counterparty,
        }
    }

    /// Its id, as text.
    pub fn id(&self) -> String {
        match self {
            Self::Account(id) => id.to_string(),
            Self::Customer(id) | Self::Ring(id) => id.to_string(),
            Self::Device(id) => id.clone(),
            Self::Match(Match { customer_id, counterparty: None, list, entry }) => format!("{customer_id}/{list}/{entry}"),
            Self::Match(Match { customer_id, counterparty: Some(of), list, entry }) => format!("{customer_id}/{of}/{list}/{entry}"),
        }
    }

    /// A subject by its kind and its id.
    pub fn read(kind: SubjectKind, id: &str) -> Result<Self, Unreadable> {
        Ok(match kind {
            SubjectKind::Account => Self::Account(id.parse()?),
            SubjectKind::Customer => Self::Customer(id.parse()?),
            SubjectKind::Ring => Self::Ring(id.parse()?),
            SubjectKind::Device => Self::Device(id.to_owned()),
            SubjectKind::Match => Self::Match(Match::read(id, false)?),
            SubjectKind::Counterparty => Self::Match(Match::read(id, true)?),
        })
    }
}

impl Match {
    /// By its id.
    fn read(text: &str, is_counterparty: bool) -> Result<Self, Unreadable> {
        let unreadable = || Unreadable::new("match", text, "a customer, a counterparty if it is about one, a list and an entry");
        // Only an id of an entry may have a slash in it.
        let mut parts = text.splitn(if is_counterparty { 4 } else { 3 }, '/');
        let mut next = || parts.next().ok_or_else(unreadable);
        let customer_id = next()?.parse()?;
        let counterparty = if is_counterparty { Some(next()?.parse()?) } else { None };
        let (list, entry) = (next()?.to_owned(), next()?.to_owned());
        let is_match = is_list_name(&list) && is_entry_id(&entry);
        if is_match { Ok(Self { customer_id, counterparty, list, entry }) } else { Err(unreadable()) }
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
