//! Where does the next part of a list begin?
//!
//! In: a list, what chooses its entries, the epoch that it is read at and the last entry that was told. Out: a text that says all of
//! it, for the caller to hand back. So every part is of the same entries as of the same epoch: rows are never changed, and what
//! comes later stands behind that epoch, so parts neither shift nor overlap nor leave anything out while the bank goes on.
//!
//! Nothing in it is believed: what it chooses is read like any query, and whose accounts those are is asked anew each time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemas::Epoch;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest cursor that is looked at: no list gives a longer one.
const BYTES_MAX: usize = 2048;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    /// The path of the list.
    pub(crate) list: String,
    /// What chooses its entries, parameter by parameter, as it was asked.
    pub(crate) filter: BTreeMap<String, String>,
    /// The epoch that every part is read at.
    pub(crate) as_of: Epoch,
    /// The last entry that was told, as the list names it.
    pub(crate) after: String,
}

impl Cursor {
    /// Reads what an earlier answer gave; none if no answer gives it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(Some(text).filter(|text| text.len() <= BYTES_MAX)?).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// As an answer gives it.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("a cursor is plain data"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_whole_or_not_at_all() {
        let filter = BTreeMap::from([("status".to_owned(), "failed".to_owned()), ("reason".to_owned(), "é\"&=".to_owned())]);
        let cursor = Cursor { list: "/v1/transactions".to_owned(), filter, as_of: 1_764_000_000_123, after: "7:1".to_owned() };
        let text = cursor.text();
        assert_eq!(Cursor::read(&text), Some(cursor));
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "it stands in a query as it is");
        for end in 0..text.len() {
            assert_eq!(Cursor::read(&text[..end]), None, "cut at {end}");
        }
        for wrong in
            [format!("{text}="), format!("{text}AAAA"), text.to_uppercase(), "1".to_owned(), "e30".to_owned(), "x".repeat(BYTES_MAX + 1)]
        {
            assert_eq!(Cursor::read(&wrong), None, "{wrong}");
        }
        let more = URL_SAFE_NO_PAD.encode(r#"{"list":"","filter":{},"as_of":1,"after":"","limit":1}"#);
        assert_eq!(Cursor::read(&more), None);
    }
}
