//! Links of the audit chain on the wire.

use super::{Decoder, RECORD_BYTES, WireError};
use crate::resource::AuditRoot;
use serde_avro_fast::Schema;
use serde_avro_fast::ser::SerializerConfig;
use std::sync::LazyLock;

/// The topic of all chains, each in the order of its epochs.
pub const TOPIC: &str = "audit.root.v1";

/// Its schema.
pub const SCHEMA: &str = include_str!("../../avro/audit_root.avsc");

/// The record key of a link, which no other record has.
pub fn key(root: &AuditRoot) -> String {
    format!("{}/{}", root.cell, root.epoch)
}

/// A link as a record value, under the id that the registry gave.
pub fn encode(id: u32, root: &AuditRoot) -> Result<Vec<u8>, WireError> {
    static PARSED: LazyLock<Schema> = LazyLock::new(|| SCHEMA.parse().expect("the committed schema parses; a test reads it"));
    let mut bytes = Vec::with_capacity(RECORD_BYTES);
    bytes.push(0);
    bytes.extend_from_slice(&id.to_be_bytes());
    serde_avro_fast::to_datum(root, &mut bytes, &mut SerializerConfig::new(&PARSED))
        .map_err(|error| WireError::EncodeRow { topic: TOPIC, reason: error.to_string() })?;
    Ok(bytes)
}

/// A link from a record value, by a decoder that knows its schema.
pub fn decode(decoder: &Decoder, framed: &[u8]) -> Result<AuditRoot, WireError> {
    let (id, _) = super::datum(framed)?;
    serde_json::from_value(decoder.json(framed)?).map_err(|error| WireError::BadValue { id, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{KeyId, Link, NOTHING, SETTLEMENT, Signed};

    #[test]
    fn a_link_reads_back_as_it_was_written() {
        apache_avro::Schema::parse_str(SCHEMA).expect("valid for the reference implementation too");
        let link = Link::of(SETTLEMENT, 1_764_000_000_123, &[[7; 32]], NOTHING).expect("a leaf");
        let root = AuditRoot::from(&Signed { head: link.head(), link, signature: [9; 64], key_id: KeyId([1; 8]) });
        assert_eq!(key(&root), "settlement/1764000000123");
        let bytes = encode(5, &root).expect("it can be written");
        let mut decoder = Decoder::default();
        assert!(decode(&decoder, &bytes).is_err(), "its schema is not known yet");
        decoder.learn(5, SCHEMA).expect("a schema");
        assert_eq!(decode(&decoder, &bytes).expect("it can be read"), root);
        assert!(decode(&decoder, &bytes[..bytes.len() - 1]).is_err());
    }
}
