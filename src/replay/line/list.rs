//! What is asked about watchlists, as a line says it, beside the customer of a match.

use schemas::hex::{hex, unhex};
use schemas::{ActivateList, ClearMatch, CustomerId, ListCommand, ListEntry, ListKind, ListPart};
use serde::{Deserialize, Serialize};

/// All of it, flat: the operation's name says what it may have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listed {
    /// Which list.
    pub list: String,
    /// Of a part or a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Of a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Of a part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<ListEntry>,
    /// Of a version; sanctions without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ListKind>,
    /// Of a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
    /// Of a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Of a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Of a version; not without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
    /// Of a match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Of a match of a counterparty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    /// Of a match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Listed {
    pub(super) fn part(&self) -> Result<ListCommand, String> {
        let (version, number) = (some("version", self.version)?, some("number", self.number)?);
        Ok(ListCommand::Part(ListPart { list: self.list.clone(), version, number, entries: self.entries.clone() }))
    }

    pub(super) fn activate(&self) -> Result<ListCommand, String> {
        let digest = unhex(&some("digest", self.digest.clone())?).ok_or("a digest is 64 digits of hexadecimal")?;
        Ok(ListCommand::Activate(ActivateList {
            list: self.list.clone(),
            kind: self.kind.unwrap_or(ListKind::Sanctions),
            version: some("version", self.version)?,
            parts: some("parts", self.parts)?,
            count: some("count", self.count)?,
            digest,
            force: self.force.unwrap_or_default(),
        }))
    }

    pub(super) fn clear(&self, customer_id: CustomerId) -> Result<ListCommand, String> {
        let (entry, reason) = (some("entry", self.entry.clone())?, some("reason", self.reason.clone())?);
        let counterparty = self.counterparty.as_deref().map(str::parse).transpose();
        let counterparty = counterparty.map_err(|error: schemas::money::Unreadable| error.to_string())?;
        Ok(ListCommand::Clear(ClearMatch { customer_id, counterparty, list: self.list.clone(), entry, reason }))
    }

    pub(super) fn of(command: &ListCommand) -> Self {
        let blank = Self { list: command.list().to_owned(), ..Self::default() };
        match command {
            ListCommand::Part(part) => {
                Self { version: Some(part.version), number: Some(part.number), entries: part.entries.clone(), ..blank }
            }
            ListCommand::Activate(activate) => Self {
                version: Some(activate.version),
                kind: Some(activate.kind),
                parts: Some(activate.parts),
                count: Some(activate.count),
                digest: Some(hex(&activate.digest)),
                force: Some(activate.force),
                ..blank
            },
            ListCommand::Clear(clear) => Self {
                counterparty: clear.counterparty.map(|counterparty| counterparty.to_string()),
                entry: Some(clear.entry.clone()),
                reason: Some(clear.reason.clone()),
                ..blank
            },
        }
    }
}

fn some<T>(field: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("a list needs {field}"))
}
