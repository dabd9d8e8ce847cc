//! A line of an exported file: a record as it stands in Kafka, or a link of the chain over the records before it.
//!
//! The records of an epoch come in the order of their events, alerts by topic and offset, and then their link. Files of epochs that follow each other may be put
//! together. Bytes are base64, hashes hexadecimal digits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemas::hex::{hex, unhex};
use schemas::merkle::Hash;
use schemas::resource::AuditRoot;
use schemas::{Epoch, EventId};
use serde::{Deserialize, Serialize};

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "lowercase", deny_unknown_fields)]
pub enum Line {
    /// A record.
    Record {
        /// Its topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// Its epoch.
        epoch: Epoch,
        /// The event that it holds; none of a cell whose records come by topic and offset.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_id: Option<EventId>,
        /// Its key, as base64.
        key: String,
        /// The registry's id of the schema that it was written with; it is no part of what is hashed.
        schema_id: u32,
        /// Its Avro datum, as base64.
        datum: String,
    },
    /// A link.
    Root {
        /// As it was signed.
        root: AuditRoot,
        /// The hashes of the records, in the order of their events.
        leaves: Vec<String>,
    },
}

/// Bytes as a line has them.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// And back; none of what is no base64.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Hashes as a line has them.
pub fn digits(leaves: &[Hash]) -> Vec<String> {
    leaves.iter().map(|leaf| hex(leaf)).collect()
}

/// And back; none if one is no hash.
pub fn hashes(leaves: &[String]) -> Option<Vec<Hash>> {
    leaves.iter().map(|leaf| unhex(leaf)).collect()
}
