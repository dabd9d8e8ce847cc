//! A record as Kafka holds it: bytes and their place, not yet understood.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

/// A record of a topic partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its place in the partition.
    pub offset: i64,
    /// Kafka's time stamp.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<ByteBuf>,
    /// Its value.
    pub value: Option<ByteBuf>,
    /// Its headers, in order.
    pub headers: Vec<StoredHeader>,
}

/// A header of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredHeader {
    /// Its name; not unique.
    pub name: String,
    /// Its value.
    pub value: Option<ByteBuf>,
}

impl Stored {
    /// The first header of a name, as text; empty without it.
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|header| header.name == name).and_then(|header| header.value.as_ref());
        header.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
    }

    /// Whether it says nothing, and is to be passed over.
    pub fn is_filler(&self) -> bool {
        self.key() == crate::topic::FILLER.as_bytes() && self.value().is_empty()
    }

    /// The key; empty without one.
    pub fn key(&self) -> &[u8] {
        self.key.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The value; empty without one.
    pub fn value(&self) -> &[u8] {
        self.value.as_deref().map_or(&[], Vec::as_slice)
    }
}
