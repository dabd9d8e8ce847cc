//! Six characters that are a day: `YYMMDD`, whose century is not said.
//!
//! The rule for the century, given the day on which the zone is read:
//!
//! | Of | The year is |
//! |---|---|
//! | birth | the latest with these two digits that is not in the future, so nobody is older than a hundred years |
//! | expiry | the one with these two digits from 50 years ago to 49 years ahead |
//!
//! Where a part of a birth is not known, its place has fillers (Doc 9303, part 3, section 4.8).

use crate::day;
use time::Date;

/// When somebody was born, as far as the document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BirthDate {
    /// The year, all of it.
    pub year: Option<i32>,
    /// 1 to 12.
    pub month: Option<u8>,
    /// 1 to 31.
    pub day: Option<u8>,
}

impl BirthDate {
    /// A birth of which everything is known.
    pub fn of(date: Date) -> Self {
        Self { year: Some(date.year()), month: Some(date.month().into()), day: Some(date.day()) }
    }

    /// The day, if all of it is known.
    pub fn date(self) -> Option<Date> {
        day::of(self.year?, self.month?, self.day?)
    }

    /// Whether somebody who was born on this day may be meant.
    pub fn may_be(self, date: Date) -> bool {
        self.year.is_none_or(|year| year == date.year())
            && self.month.is_none_or(|month| month == u8::from(date.month()))
            && self.day.is_none_or(|day| day == date.day())
    }
}

impl std::fmt::Display for BirthDate {
    /// As in ISO 8601, with `X` for each digit that is not known, as its second part has it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let two = |part: Option<u8>| part.map_or_else(|| "XX".to_owned(), |part| format!("{part:02}"));
        let year = self.year.map_or_else(|| "XXXX".to_owned(), |year| format!("{year:04}"));
        write!(f, "{year}-{}-{}", two(self.month), two(self.day))
    }
}

/// The birth that six characters say, read on `today`.
pub(super) fn birth(text: &str, today: Date) -> Option<BirthDate> {
    let (year, month, day_of) = (two(text.get(..2)?)?, two(text.get(2..4)?)?, two(text.get(4..6)?)?);
    let latest = |two_digits: u8| {
        let year = century(today) + i32::from(two_digits);
        let now = (today.year(), u8::from(today.month()), today.day());
        if (year, month.unwrap_or(1), day_of.unwrap_or(1)) > now { year - 100 } else { year }
    };
    let birth = BirthDate { year: year.map(latest), month, day: day_of };
    // What is not known may be what makes the rest a day: 29 February needs a leap year, the 31st a long month.
    day::of(birth.year.unwrap_or(2000), month.unwrap_or(1), day_of.unwrap_or(1)).map(|_| birth)
}

/// The last day that six characters say, read on `today`.
pub(super) fn expiry(text: &str, today: Date) -> Option<Date> {
    let (year, month, day_of) = (two(text.get(..2)?)??, two(text.get(2..4)?)??, two(text.get(4..6)?)??);
    let near = (-1..=1).map(|centuries| century(today) + centuries * 100 + i32::from(year));
    let year = near.into_iter().find(|year| (today.year() - 50..today.year() + 50).contains(year))?;
    day::of(year, month, day_of)
}

/// The six characters of a birth.
pub(super) fn birth_text(birth: BirthDate) -> String {
    let two = |part: Option<i32>| part.map_or_else(|| "<<".to_owned(), |part| format!("{:02}", part.rem_euclid(100)));
    format!("{}{}{}", two(birth.year), two(birth.month.map(i32::from)), two(birth.day.map(i32::from)))
}

/// The six characters of a day.
pub(super) fn text(date: Date) -> String {
    birth_text(BirthDate::of(date))
}

/// Two digits, or nothing where there are fillers; none if it is neither.
#[expect(clippy::option_option, reason = "not readable, not known and known are three things")]
fn two(text: &str) -> Option<Option<u8>> {
    match text.as_bytes() {
        b"<<" => Some(None),
        [tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit() => Some(Some((tens - b'0') * 10 + (ones - b'0'))),
        _ => None,
    }
}

fn century(today: Date) -> i32 {
    today.year().div_euclid(100) * 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_is_the_latest_that_is_not_in_the_future() {
        let today = day::from_iso("2026-11-29").unwrap();
        for (six, said) in [
            ("740812", Some("1974-08-12")),
            ("261129", Some("2026-11-29")),
            ("261130", Some("1926-11-30")),
            ("270101", Some("1927-01-01")),
            ("000229", Some("2000-02-29")),
            ("010229", None),
            ("8500<<", None),
            ("85<<<<", Some("1985-XX-XX")),
            ("8502<<", Some("1985-02-XX")),
            ("<<0229", Some("XXXX-02-29")),
            ("<<0230", None),
            ("26<<<<", Some("2026-XX-XX")),
            ("<<<<<<", Some("XXXX-XX-XX")),
            ("<50812", None),
            ("7408", None),
            ("74A812", None),
            ("", None),
        ] {
            assert_eq!(birth(six, today).map(|birth| birth.to_string()).as_deref(), said, "{six}");
        }
    }

    #[test]
    fn an_expiry_is_the_nearest() {
        let today = day::from_iso("2026-11-29").unwrap();
        for (six, said) in [
            ("120415", Some("2012-04-15")),
            ("751231", Some("2075-12-31")),
            ("760101", Some("1976-01-01")),
            ("290230", None),
            ("30<<<<", None),
        ] {
            assert_eq!(expiry(six, today).map(day::iso).as_deref(), said, "{six}");
        }
        assert_eq!(expiry("010101", day::from_iso("1999-06-01").unwrap()).map(day::iso).as_deref(), Some("2001-01-01"));
    }
}
