//! Epochs: a sealed batch of input, and the only clock of the bank.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A millisecond time stamp, strictly increasing: `max(previous + 1, wall clock)`.
pub type Epoch = u64;

/// The last millisecond of the year 9999, which ends RFC 3339. No record and no id has a later epoch.
pub const LAST_EPOCH: Epoch = 253_402_300_799_999;

/// A place in an input log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Kafka partition.
    pub partition: i32,
    /// Kafka offset.
    pub offset: i64,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}

impl std::str::FromStr for Position {
    type Err = crate::money::Unreadable;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unreadable = || crate::money::Unreadable::new("position", text, "<partition>:<offset>, such as 0:1234");
        let (partition, offset) = text.split_once(':').ok_or_else(unreadable)?;
        let partition = partition.parse().map_err(|_| unreadable())?;
        let offset = offset.parse().map_err(|_| unreadable())?;
        if partition < 0 || offset < 0 {
            return Err(unreadable());
        }
        Ok(Self { partition, offset })
    }
}

/// The epoch as RFC 3339 text in UTC, with milliseconds: `2026-11-24T09:30:00.125Z`.
pub fn rfc3339(epoch: Epoch) -> String {
    let mut text = Vec::with_capacity(24);
    put_rfc3339(&mut text, epoch);
    String::from_utf8(text).expect("digits and what stands between them are UTF-8")
}

/// The epoch of an RFC 3339 text; none unless it is in UTC, since 1970, exact to the millisecond and one that an epoch can reach.
pub fn from_rfc3339(text: &str) -> Option<Epoch> {
    // Elsewhere in the world it would be another day or month.
    let utc = text.ends_with('Z').then(|| OffsetDateTime::parse(text, &Rfc3339).ok()).flatten()?;
    let nanoseconds = Some(utc.unix_timestamp_nanos()).filter(|nanoseconds| nanoseconds % 1_000_000 == 0)?;
    Epoch::try_from(nanoseconds / 1_000_000).ok().filter(|epoch| *epoch <= LAST_EPOCH)
}

/// Appends that text. Every event says it, so it is written digit by digit.
pub(crate) fn put_rfc3339(to: &mut Vec<u8>, epoch: Epoch) {
    // What reads an epoch from outside refuses one beyond the last, so here it would be a bug: shown, not hidden.
    let seconds = i64::try_from(epoch / 1000).expect("a u64 of milliseconds fits an i64 of seconds");
    let at = OffsetDateTime::from_unix_timestamp(seconds).expect("an epoch is before the year 10000");
    let (date, clock) = (at.date(), at.time());
    let mut text = *b"0000-00-00T00:00:00.000Z";
    digits(&mut text[0..4], u32::try_from(date.year()).expect("an epoch is after 1970"));
    for (place, part) in [(5, u8::from(date.month())), (8, date.day()), (11, clock.hour()), (14, clock.minute()), (17, clock.second())] {
        digits(&mut text[place..place + 2], u32::from(part));
    }
    digits(&mut text[20..23], u32::try_from(epoch % 1000).expect("a remainder of 1000 fits a u32"));
    to.extend_from_slice(&text);
}

/// Fills the places with the last digits of a number.
fn digits(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).expect("a digit fits a byte");
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_read_as_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_767_225_599_007), "2025-12-31T23:59:59.007Z");
        assert_eq!(rfc3339(LAST_EPOCH), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn moments_are_in_utc_and_exact() {
        let cases: &[(&str, Option<Epoch>)] = &[
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2025-12-31T23:59:59.007Z", Some(1_767_225_599_007)),
            ("2025-12-31T23:59:59.5Z", Some(1_767_225_599_500)),
            ("9999-12-31T23:59:59.999Z", Some(LAST_EPOCH)),
            ("2025-12-31T23:59:59.0070000Z", Some(1_767_225_599_007)),
            ("2025-12-31T23:59:59.0071Z", None),
            ("1969-12-31T23:59:59Z", None),
            ("2025-12-31T23:59:59+00:00", None),
            ("2025-12-31T23:59:59+01:00", None),
            ("2025-02-30T00:00:00Z", None),
            ("2025-12-31", None),
            ("2025-12-31T23:59:59", None),
            ("1767225599007", None),
            ("soonZ", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(from_rfc3339(text), *expected, "{text}");
        }
    }

    #[test]
    fn positions_read_back_or_are_refused() {
        assert_eq!("3:42".parse(), Ok(Position { partition: 3, offset: 42 }));
        for text in ["", "3", "3:", ":4", "-1:4", "1:-4", "a:b", "1:2:3"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }
}
