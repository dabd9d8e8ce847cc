//! Watchlists on the wire: the same in commands and in events. Each shape is that of the type of its name.

use crate::hex::{hex, unhex};
use crate::id::CustomerId;
use crate::list::{self, ListCommand, ListEntry, ListKind};
use serde::{Deserialize, Serialize};

/// What was decided, as a union of records.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Wire {
    #[serde(rename = "Orion.bank.ListPart")]
    Part(#[serde(with = "ListPart")] list::ListPart),
    #[serde(rename = "Orion.bank.ListVersion")]
    Version(ListVersion),
    #[serde(rename = "Orion.bank.MatchCleared")]
    Cleared(#[serde(with = "MatchCleared")] list::ClearMatch),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "list::ListPart")]
pub(super) struct ListPart {
    list: String,
    version: u32,
    number: u32,
    entries: Vec<ListEntry>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ListVersion {
    list: String,
    kind: ListKind,
    version: u32,
    parts: u32,
    count: u32,
    digest: String,
    force: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "list::ClearMatch")]
pub(super) struct MatchCleared {
    customer_id: CustomerId,
    list: String,
    entry: String,
    reason: String,
}

impl Wire {
    pub(super) fn of(change: &ListCommand) -> Self {
        match change {
            ListCommand::Part(part) => Self::Part(part.clone()),
            ListCommand::Activate(activate) => Self::Version(ListVersion::of(activate)),
            ListCommand::Clear(clear) => Self::Cleared(clear.clone()),
        }
    }

    /// The change, if it is one that could be asked for.
    pub(super) fn change(self) -> Result<ListCommand, String> {
        let change = match self {
            Self::Part(part) => ListCommand::Part(part),
            Self::Version(version) => ListCommand::Activate(version.activate()?),
            Self::Cleared(clear) => ListCommand::Clear(clear),
        };
        change.check().map_err(|error| error.to_string())?;
        Ok(change)
    }
}

impl ListVersion {
    pub(super) fn of(activate: &list::ActivateList) -> Self {
        let list::ActivateList { kind, version, parts, count, force, .. } = *activate;
        Self { list: activate.list.clone(), kind, version, parts, count, digest: hex(&activate.digest), force }
    }

    pub(super) fn activate(self) -> Result<list::ActivateList, String> {
        let Self { list, kind, version, parts, count, digest, force } = self;
        let digest = unhex(&digest).ok_or("a digest is 64 digits of hexadecimal")?;
        Ok(list::ActivateList { list, kind, version, parts, count, digest, force })
    }
}
