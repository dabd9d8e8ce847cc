//! Homes: which customers live at the same address, however each of them writes it?
//!
//! In: addresses as staff has said them. Out: what is shared by those who live together, for [`crate::risk::ties`].
//!
//! 1. A home is the words of the street, the number, the lines without a field, and the town, in any order, script, accent and case, within a country:
//!    `12, rue Carnot` is `Rue Carnot 12`, and also where one of them puts it into a line.
//! 2. Post code and region are left out: who leaves these away lives there all the same.
//! 3. Without a street and without a line it is a town, and no home.

use crate::risk::ties::Shared;
use schemas::context::hash;
use schemas::diligence::PostalAddress;

pub(crate) fn home(address: &PostalAddress) -> Option<Shared> {
    let PostalAddress { street_name, building_number, town_name, country, address_lines, .. } = address;
    // 3.
    if street_name.is_none() && address_lines.is_empty() {
        return None;
    }
    // 1.
    let parts = street_name.iter().chain(building_number).chain(address_lines).chain([town_name]);
    let mut words: Vec<String> = parts.flat_map(|part| screening::text::words(part)).collect();
    words.sort_unstable();
    Some(hash("home", &format!("{country} {}", words.join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(street: Option<&str>, number: Option<&str>, town: &str, lines: &[&str]) -> PostalAddress {
        PostalAddress {
            street_name: street.map(str::to_owned),
            building_number: number.map(str::to_owned),
            town_name: town.to_owned(),
            country: "SN".to_owned(),
            address_lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            ..PostalAddress::default()
        }
    }

    #[test]
    fn a_home_is_the_same_however_it_is_written() {
        let plain = address(Some("Rue Émile Badiane"), Some("12"), "Thiès", &[]);
        let same = [
            address(Some("12, rue EMILE BADIANE"), None, "THIES", &[]),
            address(None, None, "Thies", &["12 rue Émile-Badiane"]),
            PostalAddress { post_code: Some("21000".to_owned()), country_sub_division: Some("Thiès".to_owned()), ..plain.clone() },
        ];
        for other in same {
            assert_eq!(home(&other), home(&plain), "{other:?}");
        }
        let others = [
            address(Some("Rue Émile Badiane"), Some("13"), "Thiès", &[]),
            address(Some("Rue Émile Badiane"), Some("12"), "Dakar", &[]),
            address(Some("Rue Émile Badiane"), Some("12"), "Thiès", &["Étage 3"]),
            PostalAddress { country: "ML".to_owned(), ..plain.clone() },
        ];
        for other in others {
            assert_ne!(home(&other), home(&plain), "{other:?}");
        }
        assert_eq!(home(&address(None, Some("12"), "Thiès", &[])), None);
        assert!(home(&plain).is_some());
    }
}
