//! Dates of birth: a day, a year, or a span of years, in the ways in which lists write them.

/// When somebody was born, as far as it is known. Years and days as numbers: nothing here counts between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Born {
    /// On a day: year, month, day.
    Day(u16, u8, u8),
    /// In a year, or close to it from the one to the other.
    Years(u16, u16),
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

impl Born {
    /// Reads `1971-03-25`, `1971-03`, `1971`, `25 Mar 1971`, `Mar 1971`, `circa 1971`, `1970 to 1972`, `25/03/1971`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        // A day may have a time after it, which says nothing.
        let text = text.get(..10).filter(|_| text.get(10..11) == Some("t")).unwrap_or(&text);
        let about = ["circa", "approximately", "c."].iter().any(|word| text.starts_with(word));
        let words: Vec<_> = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let years: Vec<u16> = words.iter().filter_map(|word| year(word)).collect();
        match (years.as_slice(), words.as_slice()) {
            ([year], [first, month, day, ..]) if first.len() == 4 && !about => Some(Self::date(*year, number(month), number(day))),
            ([year], [day, month, _]) if !about => Some(Self::date(*year, named(month).or_else(|| number(month)), number(day))),
            ([year], _) if about => Some(Self::about(*year)),
            ([year], _) => Some(Self::Years(*year, *year)),
            ([from, .., to], _) => Some(Self::Years(*from.min(to), *from.max(to))),
            ([], _) => None,
        }
    }

    /// A day that exists, or at least its year.
    fn date(year: u16, month: Option<u8>, day: Option<u8>) -> Self {
        match (month, day) {
            (Some(month @ 1..=12), Some(day @ 1..=31)) => Self::Day(year, month, day),
            _ => Self::Years(year, year),
        }
    }

    /// Lists that are not sure are one year out more often than right.
    pub(crate) fn about(year: u16) -> Self {
        Self::Years(year.saturating_sub(1), year.saturating_add(1))
    }

    /// First and last year in which it may have been.
    pub fn years(self) -> (u16, u16) {
        match self {
            Self::Day(year, ..) => (year, year),
            Self::Years(from, to) => (from, to),
        }
    }
}

fn year(word: &str) -> Option<u16> {
    word.parse().ok().filter(|year| word.len() == 4 && (1800..2200).contains(year))
}

fn number(word: &str) -> Option<u8> {
    word.parse().ok().filter(|_| word.len() <= 2)
}

fn named(word: &str) -> Option<u8> {
    let place = MONTHS.iter().position(|month| word.starts_with(month))?;
    u8::try_from(place + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::Born;

    #[test]
    fn dates_are_read_as_lists_write_them() {
        for (text, expected) in [
            ("1971-03-25", Some(Born::Day(1971, 3, 25))),
            ("25 Mar 1971", Some(Born::Day(1971, 3, 25))),
            ("25/03/1971", Some(Born::Day(1971, 3, 25))),
            ("1971-03-25T00:00:00", Some(Born::Day(1971, 3, 25))),
            ("1971", Some(Born::Years(1971, 1971))),
            ("1971-03", Some(Born::Years(1971, 1971))),
            ("Mar 1971", Some(Born::Years(1971, 1971))),
            ("circa 1971", Some(Born::Years(1970, 1972))),
            ("1970 to 1972", Some(Born::Years(1970, 1972))),
            ("01 Jan 1970 to 31 Dec 1972", Some(Born::Years(1970, 1972))),
            ("99/99/1971", Some(Born::Years(1971, 1971))),
            ("", None),
            ("unknown", None),
        ] {
            assert_eq!(Born::read(text), expected, "{text}");
        }
    }
}
