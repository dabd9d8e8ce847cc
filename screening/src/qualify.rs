//! What speaks against a name that fits. What is absent on either side changes nothing; what agrees orders equal scores.

use crate::list::{Born, Entry};

/// Another year.
const OTHER_YEAR: u32 = 1_500;
/// The same year, another day.
const OTHER_DAY: u32 = 2_000;
/// No country in common.
const OTHER_COUNTRY: u32 = 2_000;

/// Whom a bank asks about, beside the name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Date of birth.
    pub born: Option<Born>,
    /// Countries, as two letters or by name.
    pub countries: Vec<String>,
}

/// What the facts come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Qualified {
    /// What is taken from the score, in ten-thousandths.
    pub less: u32,
    /// How many facts agree.
    pub agreeing: u8,
    /// Whether the date of birth is one of them.
    pub born_agrees: bool,
    /// Whether a country is.
    pub country_agrees: bool,
}

/// Holds facts against an entry.
pub fn qualify(facts: &Facts, entry: &Entry) -> Qualified {
    let mut qualified = Qualified::default();
    if let Some(born) = facts.born.filter(|_| !entry.born.is_empty()) {
        // Of several dates the kindest to the match counts: any of them may be the true one.
        match entry.born.iter().map(|listed| apart(born, *listed)).min() {
            Some(Apart::Nothing) | None => qualified.born_agrees = true,
            Some(Apart::Year) => qualified.less += OTHER_YEAR,
            Some(Apart::Day) => qualified.less += OTHER_DAY,
        }
    }
    let countries: Vec<_> = facts.countries.iter().filter_map(|country| crate::country::code(country)).collect();
    if !countries.is_empty() && !entry.countries.is_empty() {
        if countries.iter().any(|country| entry.countries.contains(country)) {
            qualified.country_agrees = true;
        } else {
            qualified.less += OTHER_COUNTRY;
        }
    }
    qualified.agreeing = u8::from(qualified.born_agrees) + u8::from(qualified.country_agrees);
    qualified
}

/// What takes the least comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Apart {
    Nothing,
    Year,
    Day,
}

fn apart(one: Born, other: Born) -> Apart {
    let ((from, to), (other_from, other_to)) = (one.years(), other.years());
    if to < other_from || other_to < from {
        return Apart::Year;
    }
    match (one, other) {
        (Born::Day(..), Born::Day(..)) if one != other => Apart::Day,
        _ => Apart::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::{Facts, Qualified, qualify};
    use crate::list::{Born, Entry};

    #[test]
    fn only_what_both_know_counts() {
        let entry =
            Entry { born: vec![Born::Years(1970, 1972), Born::Day(1965, 2, 3)], countries: vec!["ml".to_owned()], ..Entry::default() };
        for (born, country, less, agreeing) in [
            (None, "", 0, 0),
            (Some(Born::Day(1971, 5, 5)), "", 0, 1),
            (Some(Born::Years(1980, 1980)), "", 1_500, 0),
            (Some(Born::Day(1965, 2, 4)), "", 1_500, 0),
            (Some(Born::Day(1965, 2, 3)), "Mali", 0, 2),
            (None, "SN", 2_000, 0),
            (None, "nowhere", 0, 0),
        ] {
            let facts = Facts { born, countries: vec![country.to_owned()] };
            let found = qualify(&facts, &entry);
            assert_eq!((found.less, found.agreeing), (less, agreeing), "{born:?} {country}");
            assert_eq!(found.born_agrees, born.is_some() && less != 1_500, "{born:?}");
            assert_eq!(found.country_agrees, country == "Mali");
        }
        let sure = Entry { born: vec![Born::Day(1965, 2, 3)], ..Entry::default() };
        let facts = Facts { born: Some(Born::Day(1965, 2, 4)), ..Facts::default() };
        assert_eq!(qualify(&facts, &sure), Qualified { less: 2_000, ..Qualified::default() });
    }
}
