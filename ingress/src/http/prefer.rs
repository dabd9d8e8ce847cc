//! `Prefer` (RFC 7240): how long a caller wants to wait for the decision.
//!
//! In: the header, however often it stands. Out: a wait with a bound, and what to say was applied. What can't be
//! read is ignored, as the RFC says; a preference never makes a request fail.

use super::headers::PREFER;
use axum::http::HeaderMap;
use std::time::Duration;

const WAIT_DEFAULT_S: u64 = 1;
const WAIT_MAX_S: u64 = 30;

/// How long to wait, and what the answer says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// At most this long.
    pub(super) limit: Duration,
    /// The value of `Preference-Applied`; none if nothing was preferred.
    pub(super) applied: Option<String>,
}

/// The wait that the caller prefers. `respond-async` with a `wait` means: asynchronously, but only after that wait.
pub(super) fn wait(headers: &HeaderMap) -> Wait {
    let (mut respond_async, mut seconds) = (false, None);
    for preference in headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')) {
        // Parameters after a semicolon are for preferences that have some; these have none.
        let preference = preference.split(';').next().unwrap_or_default();
        let (name, value) = preference.split_once('=').map_or((preference, None), |(name, value)| (name, Some(value)));
        match (name.trim().to_ascii_lowercase().as_str(), value.map(|value| value.trim().trim_matches('"'))) {
            ("respond-async", None | Some("")) => respond_async = true,
            // The first one counts, if it can be read.
            ("wait", Some(value)) if seconds.is_none() => seconds = digits(value),
            _ => {}
        }
    }
    let seconds = seconds.map(|seconds| seconds.min(WAIT_MAX_S));
    let limit = Duration::from_secs(seconds.unwrap_or(if respond_async { 0 } else { WAIT_DEFAULT_S }));
    let applied = match (respond_async, seconds) {
        (false, None) => None,
        (true, None) => Some("respond-async".to_owned()),
        (false, Some(seconds)) => Some(format!("wait={seconds}")),
        (true, Some(seconds)) => Some(format!("respond-async, wait={seconds}")),
    };
    Wait { limit, applied }
}

/// A count of seconds; one too large for a number is simply very long.
fn digits(text: &str) -> Option<u64> {
    let whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn preferences_are_read_or_ignored() {
        let cases: &[(&[&str], u64, Option<&str>)] = &[
            (&[], 1, None),
            (&[""], 1, None),
            (&["wait=0"], 0, Some("wait=0")),
            (&["wait=10"], 10, Some("wait=10")),
            (&["WAIT = \"10\" ; x=y"], 10, Some("wait=10")),
            (&["wait=31"], 30, Some("wait=30")),
            (&["wait=99999999999999999999999"], 30, Some("wait=30")),
            (&["wait"], 1, None),
            (&["wait="], 1, None),
            (&["wait=-1"], 1, None),
            (&["wait=1.5"], 1, None),
            (&["wait=soon, wait=7"], 7, Some("wait=7")),
            (&["wait=3, wait=7"], 3, Some("wait=3")),
            (&["wait=3", "wait=7"], 3, Some("wait=3")),
            (&["respond-async"], 0, Some("respond-async")),
            (&["Respond-Async"], 0, Some("respond-async")),
            (&["respond-async, wait=5"], 5, Some("respond-async, wait=5")),
            (&["return=minimal", "handling=strict; wait=9, respond-async"], 0, Some("respond-async")),
        ];
        for (values, seconds, applied) in cases {
            let headers: HeaderMap = values.iter().map(|value| (PREFER, HeaderValue::from_str(value).expect("a value"))).collect();
            let expected = Wait { limit: Duration::from_secs(*seconds), applied: applied.map(str::to_owned) };
            assert_eq!(wait(&headers), expected, "{values:?}");
        }
    }
}
