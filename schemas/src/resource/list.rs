//! Watchlists as HTTP clients see them.

use crate::alert::{MatchedParty, MatchedWords};
use crate::epoch::Epoch;
use crate::hex::hex;
use crate::id::CustomerId;
use crate::list::{self, ListChanged, ListCommand, ListEntry, ListKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of a version that was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListPart {
    /// Of which list.
    #[schema(example = "un")]
    pub list: String,
    /// Of which version.
    #[schema(example = 3)]
    pub version: u32,
    /// Which part, from 0 on.
    #[schema(example = 0)]
    pub number: u32,
    /// How many entries it has.
    #[schema(example = 500)]
    pub count: u32,
    /// When it was loaded.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// A version of a list that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListVersion {
    /// Which list.
    #[schema(example = "un")]
    pub list: String,
    /// What it means to be on it.
    pub kind: ListKind,
    /// Which version.
    #[schema(example = 3)]
    pub version: u32,
    /// How many parts it has.
    #[schema(example = 3)]
    pub parts: u32,
    /// How many entries.
    #[schema(example = 1_003)]
    pub count: u32,
    /// What all parts come to, as hexadecimal digits.
    #[schema(min_length = 64, max_length = 64)]
    pub digest: String,
    /// Whether it was forced.
    pub forced: bool,
    /// The subject of whoever put it in force.
    #[schema(example = "staff")]
    pub activated_by: String,
    /// When.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// A match that was cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchCleared {
    /// The customer.
    pub customer_id: CustomerId,
    /// Which counterparty of theirs, where it is not about the customer: its part of the subject of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "6f1ed002ab5595859014ebf0951522d9")]
    pub counterparty: Option<String>,
    /// The list.
    #[schema(example = "un")]
    pub list: String,
    /// The id of the entry.
    #[schema(example = "QDi.001")]
    pub entry: String,
    /// Why.
    #[schema(example = "another date of birth")]
    pub reason: String,
    /// The subject of whoever cleared it.
    #[schema(example = "staff")]
    pub cleared_by: String,
    /// When.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// The lists that are in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Watchlists {
    /// The version in force of each, by name. One without entries has ended.
    pub lists: Vec<ListVersion>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

/// The entries of a part of the version in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListEntries {
    /// Which list.
    pub list: String,
    /// The version.
    pub version: u32,
    /// The part.
    pub number: u32,
    /// Its entries, in the order of their ids.
    pub entries: Vec<ListEntry>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

/// A name against an entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertMatch {
    /// Which list.
    #[schema(example = "un")]
    pub list: String,
    /// What it means to be on it.
    pub kind: ListKind,
    /// Which version of it.
    pub version: u32,
    /// The id of the entry.
    #[schema(example = "QDi.001")]
    pub entry: String,
    /// Whose name it is: the customer's, or that of whom they pay or are paid by.
    pub party: MatchedParty,
    /// The name.
    pub name: String,
    /// The name of the entry that fits best.
    pub listed: String,
    /// How well, in ten-thousandths.
    #[schema(example = 9_120)]
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

/// What was decided about lists, in the shape of what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListSet {
    /// A part was loaded.
    Part(ListPart),
    /// A version is in force.
    Version(ListVersion),
    /// A match was cleared.
    Cleared(MatchCleared),
}

impl ListSet {
    /// What was decided in `epoch`.
    pub fn of(changed: &ListChanged, epoch: Epoch) -> Self {
        let by = &changed.by;
        match &changed.change {
            ListCommand::Part(part) => Self::Part(ListPart {
                list: part.list.clone(),
                version: part.version,
                number: part.number,
                count: u32::try_from(part.entries.len()).expect("a part has 500 entries at most"),
                epoch,
            }),
            ListCommand::Activate(activate) => Self::Version(ListVersion::of(activate, by, epoch)),
            ListCommand::Clear(clear) => Self::Cleared(MatchCleared {
                customer_id: clear.customer_id,
                counterparty: clear.counterparty.map(|counterparty| counterparty.to_string()),
                list: clear.list.clone(),
                entry: clear.entry.clone(),
                reason: clear.reason.clone(),
                cleared_by: by.clone(),
                epoch,
            }),
        }
    }
}

impl ListVersion {
    fn of(activate: &list::ActivateList, by: &str, epoch: Epoch) -> Self {
        Self {
            list: activate.list.clone(),
            kind: activate.kind,
            version: activate.version,
            parts: activate.parts,
            count: activate.count,
            digest: hex(&activate.digest),
            forced: activate.force,
            activated_by: by.to_owned(),
            epoch,
        }
    }
}

impl AlertMatch {
    /// As an alert has it.
    pub fn of(matched: &crate::alert::Matched) -> Self {
        let crate::alert::Matched { list, kind, version, entry, party, name, listed, score, born_agrees, country_agrees, reference, words } =
            matched.clone();
        Self { list, kind, version, entry, party, name, listed, score, born_agrees, country_agrees, reference, words }
    }
}
