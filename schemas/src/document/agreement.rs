//! Where a description and a zone differ. No difference says that they are of the same document; it doesn't say that the document is real.

use super::letters::{Style, transliterate};
use super::{Document, DocumentType, Format, Mrz, Part, Sex};
use crate::{country, day};

/// A part that the description has otherwise than the zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {declared:?} was declared, the zone says {read:?}")]
pub struct Difference {
    /// Which part.
    pub part: Part,
    /// What was declared.
    pub declared: String,
    /// What the zone says.
    pub read: String,
}

/// Every part of which both say something, and not the same.
///
/// Numbers are compared by their letters and digits. Names are compared whole, as a zone writes them in one of the three ways that Doc 9303 lets an
/// issuer choose; where the zone had no room for all of a name, as far as it goes.
pub fn agrees(document: &Document, mrz: &Mrz) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |is_same: bool, part: Part, declared: &str, read: &str| {
        if !is_same {
            differences.push(Difference { part, declared: declared.to_owned(), read: read.to_owned() });
        }
    };
    compare(is_kind(document.document_type, mrz), Part::Code, document.document_type.as_str(), &format!("{} {}", mrz.format, mrz.code));
    compare(plain(&document.number) == plain(&mrz.number), Part::Number, &document.number, &mrz.number);
    compare(is_state(&document.country, &mrz.issuer), Part::Issuer, &document.country, &mrz.issuer);
    if let Some(nationality) = &document.nationality {
        compare(is_state(nationality, &mrz.nationality), Part::Nationality, nationality, &mrz.nationality);
    }
    compare(mrz.birth.may_be(document.born_on), Part::Birth, &day::iso(document.born_on), &mrz.birth.to_string());
    let expires = document.expires_on.map_or_else(|| "none".to_owned(), day::iso);
    compare(document.expires_on == Some(mrz.expires_on), Part::Expiry, &expires, &day::iso(mrz.expires_on));
    if let Some(sex) = document.sex.filter(|sex| *sex != Sex::Unspecified && mrz.sex != Sex::Unspecified) {
        compare(sex == mrz.sex, Part::Sex, sex.as_str(), mrz.sex.as_str());
    }
    if mrz.may_be_cut() {
        // Where the family name ends can't be seen any more, so both are compared as one.
        let (declared, read) = (format!("{} {}", document.surname, document.given_names), format!("{} {}", mrz.surname, mrz.given_names));
        let is_start = ways(&declared).any(|way| way.starts_with(read.trim_end()));
        compare(is_start, Part::Surname, declared.trim_end(), read.trim_end());
    } else {
        compare(ways(&document.surname).any(|way| way == mrz.surname), Part::Surname, &document.surname, &mrz.surname);
        compare(ways(&document.given_names).any(|way| way == mrz.given_names), Part::GivenNames, &document.given_names, &mrz.given_names);
    }
    differences
}

/// Passports are of size TD3, cards are not.
fn is_kind(declared: DocumentType, mrz: &Mrz) -> bool {
    match declared {
        DocumentType::Passport => mrz.format == Format::Td3,
        DocumentType::NationalId | DocumentType::ResidencePermit | DocumentType::ConsularCard | DocumentType::RefugeeCard => {
            mrz.format != Format::Td3
        }
        DocumentType::DrivingLicence | DocumentType::VoterCard => false,
    }
}

fn is_state(declared: &str, read: &str) -> bool {
    declared == read || country::alpha2(read) == Some(declared)
}

fn plain(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// How a zone may write a name; not at all where it is of another alphabet.
fn ways(name: &str) -> impl Iterator<Item = String> {
    Style::ALL.into_iter().filter_map(move |style| transliterate(name, style).ok())
}
