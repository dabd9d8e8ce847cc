//! Days as text: `2026-11-29` (ISO 8601), and nothing else.

use time::{Date, Month};

/// A day as text. A year before 0 or after 9999, which no document has, is written with its sign.
pub fn iso(day: Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

/// The day of a text; none unless it has all ten characters and is one of the calendar.
pub fn from_iso(text: &str) -> Option<Date> {
    let form = |(place, byte): (usize, u8)| if place == 4 || place == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    if text.len() != 10 || !text.bytes().enumerate().all(form) {
        return None;
    }
    of(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
}

/// The day of a year, a month and a day of it, if the calendar has it.
pub fn of(year: i32, month: u8, day: u8) -> Option<Date> {
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

/// How many days since 1970-01-01 it is; less than nothing before.
pub const fn number(day: Date) -> i32 {
    day.to_julian_day() - JULIAN_1970
}

/// The day so many days since 1970-01-01, if there is such a one.
pub fn of_number(days: i32) -> Option<Date> {
    Date::from_julian_day(days.checked_add(JULIAN_1970)?).ok()
}

/// The Julian day of 1970-01-01.
const JULIAN_1970: i32 = 2_440_588;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_read_back_or_are_refused() {
        for text in ["1974-08-12", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(from_iso(text).map(iso).as_deref(), Some(text));
        }
        let refused =
            ["", "1974-8-12", "19740812", "2023-02-29", "2026-13-01", "2026-00-01", "2026-01-32", "2026-W48-7", "+026-01-01", "2026-01-٣1"];
        for text in refused {
            assert_eq!(from_iso(text), None, "{text}");
        }
    }
}
