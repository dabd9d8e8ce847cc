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
    Cleared(MatchCleared),
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

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct MatchCleared {
    customer_id: CustomerId,
    #[serde(default)]
    counterparty: Option<String>,
    list: String,
    entry: String,
    reason: String,
}

impl Wire {
    pub(super) fn of(change: &ListCommand) -> Self {
        match change {
            ListCommand::Part(part) => Self::Part(part.clone()),
            ListCommand::Activate(activate) => Self::Version(ListVersion::of(activate)),
            ListCommand::Clear(clear) => Self::Cleared(MatchCleared::of(clear)),
        }
    }

    /// The change, if it is one that could be asked for.
    pub(super) fn change(self) -> Result<ListCommand, String> {
        let change = match self {
            Self::Part(part) => ListCommand::Part(part),
            Self::Version(version) => ListCommand::Activate(version.activate()?),
            Self::Cleared(cleared) => ListCommand::Clear(cleared.clear()?),
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

impl MatchCleared {
    pub(super) fn of(clear: &list::ClearMatch) -> Self {
        let list::ClearMatch { customer_id, counterparty, list, entry, reason } = clear.clone();
        Self { customer_id, counterparty: counterparty.map(|digest| digest.to_string()), list, entry, reason }
    }

    pub(super) fn clear(self) -> Result<list::ClearMatch, String> {
        let Self { customer_id, counterparty, list, entry, reason } = self;
        let counterparty = counterparty.map(|text| text.parse()).transpose();
        let counterparty = counterparty.map_err(|error: crate::money::Unreadable| error.to_string())?;
        Ok(list::ClearMatch { customer_id, counterparty, list, entry, reason })
    }
}
