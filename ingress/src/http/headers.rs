//! The headers of a request that a door understands.
//!
//! In: a header map. Out: the command's key, and how the body is written; or the problem. A header that
//! stands twice is refused where the two could be taken for different commands.

use axum::http::{HeaderMap, HeaderName, header};
use schemas::Problem;

/// The header that names a command.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that the answer repeats an earlier one.
pub(super) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long the caller wants to wait.
pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");
/// What became of that wish.
pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The epoch of the decision; reads accept it as `at_least`.
pub(super) const ORION_EPOCH: HeaderName = HeaderName::from_static("orion-epoch");

/// The caller's key: 1 to 255 visible ASCII characters, bare or as a structured-field string in double quotes.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let wrong = |detail: &str| Err(Problem::field("Idempotency-Key", detail));
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return wrong("stands more than once");
    }
    let key = value.to_str().ok().and_then(|text| if text.starts_with('"') { unquote(text) } else { Some(text.to_owned()) });
    match key {
        Some(key) if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Some(key)),
        _ => wrong("expected 1 to 255 visible ASCII characters, bare or in double quotes"),
    }
}

/// The content of a structured-field string (RFC 8941): only a quote and a backslash are escaped.
fn unquote(text: &str) -> Option<String> {
    let mut characters = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut content = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => content.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            plain => content.push(plain),
        }
    }
    Some(content)
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// One JSON value.
    Json,
    /// A JSON value a line.
    Lines,
}

/// How a body says that it is written: JSON as it stands, in UTF-8; or lines of it, where the route takes some.
pub(super) fn media(headers: &HeaderMap, takes_lines: bool) -> Result<Media, Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase());
    let unsupported = |detail: &str| Err(Problem::new(415, "unsupported_media_type", detail));
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    let media = match parts.next() {
        Some("application/json") => Some(Media::Json),
        Some("application/x-ndjson") if takes_lines => Some(Media::Lines),
        _ => None,
    };
    let utf8 = parts.all(|part| part.split_once('=').is_none_or(|(name, value)| name != "charset" || value.trim_matches('"') == "utf-8"));
    let Some(media) = media.filter(|_| utf8) else {
        return unsupported(if takes_lines {
            "The body must be JSON: Content-Type: application/json, or application/x-ndjson for one item a line."
        } else {
            "The body must be JSON: Content-Type: application/json."
        });
    };
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return unsupported("The body must not be compressed.");
    }
    Ok(media)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: HeaderName, values: &[&[u8]]) -> HeaderMap {
        let value = |bytes: &&[u8]| HeaderValue::from_bytes(bytes).expect("a header value");
        values.iter().map(|bytes| (name.clone(), value(bytes))).collect()
    }

    #[test]
    fn keys_are_the_same_bare_and_quoted() {
        let (long, longest) = ("k".repeat(256), "k".repeat(255));
        let quoted = format!("\"{longest}\"");
        let cases: &[(&[u8], Option<&str>)] = &[
            (b"8e03978e-40d5", Some("8e03978e-40d5")),
            (b"\"8e03978e-40d5\"", Some("8e03978e-40d5")),
            (b"a\"b", Some("a\"b")),
            (b"\"a\\\"b\\\\\"", Some("a\"b\\")),
            (longest.as_bytes(), Some(&longest)),
            (quoted.as_bytes(), Some(&longest)),
            (long.as_bytes(), None),
            (b"", None),
            (b"\"\"", None),
            (b"\"", None),
            (b"\"a", None),
            (b"\"a\"b\"", None),
            (b"\"a\\n\"", None),
            (b"\"a\\\"", None),
            (b"\"a\";v=1", None),
            (b"a b", None),
            (b"\"a b\"", None),
            ("clé".as_bytes(), None),
            (b"a\tb", None),
        ];
        for (value, expected) in cases {
            let key = idempotency_key(&headers(IDEMPOTENCY_KEY, &[value]));
            assert_eq!(key.ok().flatten().as_deref(), *expected, "{}", String::from_utf8_lossy(value));
        }
        assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
        assert!(idempotency_key(&headers(IDEMPOTENCY_KEY, &[b"a", b"a"])).is_err());
    }

    #[test]
    fn only_plain_json_is_read() {
        for (value, passes) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json;charset=\"utf-8\"", true),
            ("application/json; profile=x", true),
            ("application/json; charset=latin1", false),
            ("application/problem+json", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            let headers = headers(header::CONTENT_TYPE, &[value.as_bytes()]);
            for takes_lines in [false, true] {
                let expected = if passes { Ok(Media::Json) } else { Err(415) };
                assert_eq!(media(&headers, takes_lines).map_err(|problem| problem.status), expected, "{value}");
            }
        }
        assert!(media(&HeaderMap::new(), true).is_err());
        let lines = headers(header::CONTENT_TYPE, &[b"application/x-ndjson; charset=utf-8"]);
        assert_eq!((media(&lines, true).ok(), media(&lines, false).ok()), (Some(Media::Lines), None));
        let mut compressed = headers(header::CONTENT_TYPE, &[b"application/json"]);
        compressed.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(media(&compressed, false).is_err());
    }
}
