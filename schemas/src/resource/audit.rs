//! The audit chain as its readers see it: over HTTP, in its topic, in files, the same everywhere.

use crate::audit::{KeyId, Link, Signed};
use crate::epoch::Epoch;
use crate::hex::{hex, unhex};
use crate::id::EventId;
use crate::money::Unreadable;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An epoch in the audit chain of a cell. Hashes, signature and key id are lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditRoot {
    /// Whose events these are.
    #[schema(example = "settlement")]
    pub cell: String,
    /// The epoch.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// How many events it has.
    #[schema(value_type = i32, minimum = 1, example = 3)]
    pub events: u32,
    /// The root of the Merkle tree over them.
    #[schema(pattern = "^[0-9a-f]{64}$", example = "a31e5bfbcbc5a2ff6b8d94ea4c8b7a5a0dd2a9e9fe4a2b5d1c8e1f0d9a7b6c5d")]
    pub root: String,
    /// The head of the link before; 64 zeros in the first.
    #[schema(pattern = "^[0-9a-f]{64}$", example = "0000000000000000000000000000000000000000000000000000000000000000")]
    pub previous_head: String,
    /// What stands for this link and all before it.
    #[schema(pattern = "^[0-9a-f]{64}$", example = "5d0c9b8a7f6e5d4c3b2a19080706f5e4d3c2b1a09f8e7d6c5b4a392817060504")]
    pub head: String,
    /// The Ed25519 signature of the head.
    #[schema(pattern = "^[0-9a-f]{128}$")]
    pub signature: String,
    /// Which key signed: the first 8 bytes of SHA-256 of the public key.
    #[schema(pattern = "^[0-9a-f]{16}$", example = "4bb06f8e4e3a7715")]
    pub key_id: String,
}

/// That an event is in the audit chain. Whoever has its record, its topic and its key can hash the leaf, climb to the root by the path,
/// and check the signature of the head, without asking anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditProof {
    /// The event, or the alert.
    pub event_id: EventId,
    /// Whose event it is.
    #[schema(example = "settlement")]
    pub cell: String,
    /// Its epoch.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// Which leaf of the epoch it is, from 0: the number in the id of an event.
    #[schema(value_type = i32, minimum = 0, example = 1)]
    pub index: u32,
    /// How many events the epoch has.
    #[schema(value_type = i32, minimum = 1, example = 3)]
    pub events: u32,
    /// The hash of its record.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub leaf: String,
    /// The hashes beside the way from the leaf to the root, the lowest first.
    pub path: Vec<String>,
    /// The root of the Merkle tree over the events of the epoch.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub root: String,
    /// The head of the link before; 64 zeros in the first.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub previous_head: String,
    /// What stands for this link and all before it.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub head: String,
    /// The Ed25519 signature of the head.
    #[schema(pattern = "^[0-9a-f]{128}$")]
    pub signature: String,
    /// Which key signed: the first 8 bytes of SHA-256 of the public key.
    #[schema(pattern = "^[0-9a-f]{16}$", example = "4bb06f8e4e3a7715")]
    pub key_id: String,
    /// The 32 bytes of that key, where this server knows them. Whoever doubts the server has them from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[0-9a-f]{64}$")]
    pub public_key: Option<String>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

impl From<&Signed> for AuditRoot {
    fn from(signed: &Signed) -> Self {
        let Signed { link, head, signature, key_id } = signed;
        Self {
            cell: link.cell.clone(),
            epoch: link.epoch,
            events: link.events,
            root: hex(&link.root),
            previous_head: hex(&link.previous),
            head: hex(head),
            signature: hex(signature),
            key_id: key_id.to_string(),
        }
    }
}

impl TryFrom<&AuditRoot> for Signed {
    type Error = Unreadable;

    fn try_from(root: &AuditRoot) -> Result<Self, Unreadable> {
        fn digits<const BYTES: usize>(what: &'static str, text: &str) -> Result<[u8; BYTES], Unreadable> {
            unhex(text).ok_or_else(|| Unreadable::new(what, text, "lower-case hexadecimal digits"))
        }
        let link = Link {
            cell: root.cell.clone(),
            epoch: root.epoch,
            events: root.events,
            root: digits("root", &root.root)?,
            previous: digits("head", &root.previous_head)?,
        };
        let (head, signature) = (digits("head", &root.head)?, digits("signature", &root.signature)?);
        Ok(Self { link, head, signature, key_id: KeyId(digits("key id", &root.key_id)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_reads_back_as_it_was_signed_or_not_at_all() {
        let link = Link { cell: "risk".to_owned(), epoch: 7, events: 2, root: [1; 32], previous: [2; 32] };
        let signed = Signed { head: link.head(), link, signature: [3; 64], key_id: KeyId([4; 8]) };
        let shown = AuditRoot::from(&signed);
        assert_eq!(Signed::try_from(&shown).unwrap(), signed);
        let other = |change: &dyn Fn(&mut AuditRoot)| {
            let mut other = shown.clone();
            change(&mut other);
            Signed::try_from(&other).unwrap_err().to_string()
        };
        assert!(other(&|root| root.root.truncate(62)).contains("root"));
        assert!(other(&|root| root.previous_head.replace_range(..1, "A")).contains("head"));
        assert!(other(&|root| root.signature.push_str("00")).contains("signature"));
        assert!(other(&|root| root.key_id.clear()).contains("key id"));
    }
}
