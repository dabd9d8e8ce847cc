//! `grpc-timeout`: how long a caller waits.
//!
//! In: the metadata of a call. Out: its deadline from now on, and how long of that a decision may take: a quarter is kept, at most
//! 250 ms, so that what is not decided in time is answered as pending, rather than lost to the deadline.

use axum::http::HeaderMap;
use schemas::{Patience, Problem};
use std::time::Duration;

/// The longest time that is kept for the answer.
const ANSWER_MAX: Duration = Duration::from_millis(250);

/// A deadline, if the call has one.
pub(crate) fn deadline(metadata: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let Some(value) = metadata.get("grpc-timeout") else { return Ok(None) };
    let wrong = || Problem::field("grpc-timeout", "expected at most 8 digits and one of H, M, S, m, u, n");
    value.to_str().ok().and_then(duration).map(Some).ok_or_else(wrong)
}

/// How long of it a decision may take.
pub(crate) fn patience(deadline: Duration) -> Patience {
    Patience(deadline - (deadline / 4).min(ANSWER_MAX))
}

/// What is said when it is over.
pub(crate) fn exceeded() -> Problem {
    let detail = "The deadline of the call has passed. A command may have been taken: the same idempotency-key is safe to send again.";
    Problem::new(504, "deadline_exceeded", detail)
}

fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let plain = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| plain)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn deadlines_are_read_or_refused() {
        for (value, expected) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("99999999S", Some(Duration::from_secs(99_999_999))),
            ("1500m", Some(Duration::from_millis(1500))),
            ("7u", Some(Duration::from_micros(7))),
            ("0n", Some(Duration::ZERO)),
            ("", None),
            ("S", None),
            ("5", None),
            ("+5S", None),
            ("123456789S", None),
            ("5s", None),
            ("5é", None),
        ] {
            let headers = HeaderMap::from_iter([("grpc-timeout".parse().expect("a name"), HeaderValue::from_str(value).expect("a value"))]);
            assert_eq!(deadline(&headers).ok().flatten(), expected, "{value:?}");
            assert_eq!(deadline(&headers).is_err(), expected.is_none(), "{value:?}");
        }
        assert_eq!(deadline(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn there_is_time_to_answer() {
        for (deadline_ms, patience_ms) in [(0, 0), (100, 75), (1000, 750), (5000, 4750), (60_000, 59_750)] {
            assert_eq!(patience(Duration::from_millis(deadline_ms)), Patience(Duration::from_millis(patience_ms)));
        }
    }
}
