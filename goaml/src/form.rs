//! Texts of elements, by what they are: moments, days and amounts as goAML writes them.

use rust_decimal::Decimal;
use schemas::epoch::LAST_EPOCH;
use schemas::{Epoch, day};
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

/// A moment to the second, by the clock of the unit's country, as goAML writes it: `2026-11-29T09:30:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(PrimitiveDateTime);

impl Moment {
    /// The second of an epoch, by a clock that is so many minutes ahead of UTC.
    pub fn of(epoch: Epoch, ahead_minutes: i16) -> Self {
        let seconds = i64::try_from(epoch / 1000).expect("a u64 of milliseconds fits an i64 of seconds") + i64::from(ahead_minutes) * 60;
        let last = i64::try_from(LAST_EPOCH / 1000).expect("it has thirteen digits");
        let at = OffsetDateTime::from_unix_timestamp(seconds.min(last)).expect("from here on it is before the year 10000");
        Self(PrimitiveDateTime::new(at.date(), at.time()))
    }

    /// Midnight, at the beginning of a day.
    pub const fn midnight(date: Date) -> Self {
        Self(PrimitiveDateTime::new(date, Time::MIDNIGHT))
    }

    /// The moment of a text; none unless it is one of the calendar since 1900, to the second, without a zone.
    pub fn read(text: &str) -> Option<Self> {
        let (date, clock) = text.split_once('T')?;
        let date = day::from_iso(date).filter(|date| date.year() >= 1900)?;
        let [hour, minute, second] =
            [0, 3, 6].map(|place| clock.get(place..place + 2).filter(|two| two.bytes().all(|b| b.is_ascii_digit())));
        if clock.len() != 8 || clock.get(2..3) != Some(":") || clock.get(5..6) != Some(":") {
            return None;
        }
        let time = Time::from_hms(hour?.parse().ok()?, minute?.parse().ok()?, second?.parse().ok()?).ok()?;
        Some(Self(PrimitiveDateTime::new(date, time)))
    }

    /// Its day.
    pub const fn date(self) -> Date {
        self.0.date()
    }

    /// Whether it is midnight, as of a day it has to be.
    pub fn is_midnight(self) -> bool {
        self.0.time() == Time::MIDNIGHT
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (hour, minute, second) = self.0.as_hms();
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}", day::iso(self.date()))
    }
}

/// A decimal of digits and at most one point between them; none if it is anything else or too long to be one.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 28 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(whole) && digits(part) { Decimal::from_str_exact(text).ok() } else { None }
}

/// How many decimals a text has after its point.
pub(crate) fn decimals(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, part)| part.len())
}

/// Whether this has the form of a code: 1 to 50 letters, digits and what joins them.
pub(crate) fn is_code(text: &str) -> bool {
    (1..=50).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_of_the_clock_of_the_unit() {
        let epoch = 1_767_225_599_007;
        assert_eq!(Moment::of(epoch, 0).to_string(), "2025-12-31T23:59:59");
        assert_eq!(Moment::of(epoch, 60).to_string(), "2026-01-01T00:59:59");
        assert_eq!(Moment::read("2025-12-31T23:59:59"), Some(Moment::of(epoch, 0)));
        let refused = [
            "",
            "2025-12-31",
            "2025-12-31T23:59",
            "2025-12-31T23:59:59Z",
            "2025-12-31T24:00:00",
            "2025-12-31 23:59:59",
            "1899-12-31T00:00:00",
        ];
        for text in refused.into_iter().chain(["2025-02-29T00:00:00", "2025-12-31T23:59:60", "2025-12-31T+1:00:00", "2025-12-31T23:59:5é"])
        {
            assert_eq!(Moment::read(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_plain() {
        for (text, value) in [
            ("12500", Some("12500")),
            ("0.50", Some("0.50")),
            ("1e3", None),
            ("-1", None),
            ("+1", None),
            (".5", None),
            ("5.", None),
            ("", None),
            ("1.2.3", None),
            ("1,5", None),
        ] {
            assert_eq!(decimal(text), value.map(|value| Decimal::from_str_exact(value).unwrap()), "{text}");
        }
        assert_eq!(decimal(&"9".repeat(40)), None);
    }
}
