//! Who asked for this?
//!
//! No event says it, but the id of a command is made of who asks, of what, and of the key. So whoever names the key shows that
//! the command is theirs: nobody else's comes to the same id.

use axum::http::HeaderMap;
use schemas::{Caller, CommandId};

/// The header that names a command.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Whether the caller has asked for a command by this id, of one of these operations, under the key in the header.
pub(crate) fn is_asker(caller: &Caller, headers: &HeaderMap, id: CommandId, operations: &[&str]) -> bool {
    let Some(text) = headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok()) else { return false };
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    operations.iter().any(|operation| CommandId::derive(&caller.principal.subject, operation, key) == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use schemas::{Authority, Principal};

    #[test]
    fn only_who_asked_has_the_key() {
        let id = CommandId::derive("awa", "batch", "k1");
        for (subject, key, shown) in [
            ("awa", Some("k1"), true),
            ("awa", Some("\"k1\""), true),
            ("awa", Some("k2"), false),
            ("awa", None, false),
            ("eve", Some("k1"), false),
        ] {
            let principal = Principal { subject: subject.to_owned(), authority: Authority::Customer };
            let caller = Caller { principal, scopes: Vec::new(), expires_s: 0 };
            let mut headers = HeaderMap::new();
            key.map(|key| headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_static(key)));
            assert_eq!(is_asker(&caller, &headers, id, &["order", "batch"]), shown, "{subject} {key:?}");
            assert!(!is_asker(&caller, &headers, id, &["batch_dry_run"]));
        }
    }
}
