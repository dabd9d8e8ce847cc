//! Identity documents, as a customer or a clerk describes them, and what their machine-readable zone says.
//!
//! In: what was typed in, and the zone's lines as text. Out: whether the description is one, what the zone says, and where they differ.
//! Nothing here looks at an image, and nothing here knows the day: whoever asks says which day it is.

use crate::country;
use crate::money::Unreadable;
use crate::word::words;
use time::Date;

/// Where a description and a zone differ.
mod agreement;
/// Check digits.
mod digit;
/// Where the fields stand in a zone.
mod layout;
/// Six characters that are a day.
mod six;

/// Letters as a zone writes them.
pub mod letters;
/// The machine-readable zone.
pub mod mrz;

pub use agreement::{Difference, agrees};
pub use mrz::{Fault, Format, Mrz, Part, Wrong};
pub use six::BirthDate;

words! {
    /// Kinds of documents by which somebody says who they are.
    pub enum DocumentType {
        /// A passport.
        Passport = "passport",
        /// A national identity card.
        NationalId = "national_id",
        /// A residence permit.
        ResidencePermit = "residence_permit",
        /// A driving licence.
        DrivingLicence = "driving_licence",
        /// A voter's card.
        VoterCard = "voter_card",
        /// A card that a consulate gives to its citizens abroad.
        ConsularCard = "consular_card",
        /// A card that says who is a refugee.
        RefugeeCard = "refugee_card",
    }
}

words! {
    /// The sex that a document states.
    pub enum Sex {
        /// Female.
        Female = "female",
        /// Male.
        Male = "male",
        /// Not stated.
        Unspecified = "unspecified",
    }
}

/// A document as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub document_type: DocumentType,
    /// Its number as printed; 1 to 30 characters.
    pub number: String,
    /// Who issued it: ISO 3166-1 alpha-2, or the three letters of Doc 9303 where it is no country, such as `UNO`.
    pub country: String,
    /// When; not every document says it.
    pub issued_on: Option<Date>,
    /// The last day on which it is good; none where it doesn't end.
    pub expires_on: Option<Date>,
    /// The holder's family name as printed; 1 to 100 characters.
    pub surname: String,
    /// The other names; empty where the holder has one name only.
    pub given_names: String,
    /// When the holder was born.
    pub born_on: Date,
    /// The holder's sex, where it was described.
    pub sex: Option<Sex>,
    /// The holder's nationality, as a country is, where it was described.
    pub nationality: Option<String>,
    /// The lines of its zone as they were read or typed; empty where it has none.
    pub mrz: Vec<String>,
}

impl DocumentType {
    /// Whether a zone of Doc 9303 stands on documents of this kind, wherever they are made as the ICAO says.
    pub const fn may_have_zone(self) -> bool {
        match self {
            Self::Passport | Self::NationalId | Self::ResidencePermit | Self::ConsularCard | Self::RefugeeCard => true,
            Self::DrivingLicence | Self::VoterCard => false,
        }
    }
}

impl Document {
    /// Whether its texts and days can be those of a document.
    pub fn check(&self) -> Result<(), Unreadable> {
        let line = |text: &str, least: usize, most: usize| {
            (least..=most).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(char::is_control)
        };
        let expect = |is_so: bool, what: &str, text: &str, expected: &str| {
            if is_so { Ok(()) } else { Err(Unreadable::new(what, text, expected)) }
        };
        let number = line(&self.number, 1, 30) && self.number.chars().any(|c| c.is_ascii_alphanumeric());
        expect(number, "document number", &self.number, "1 to 30 characters, a letter or a digit among them")?;
        let from = "an ISO 3166-1 alpha-2 code such as SN, or what Doc 9303 has where there is none, such as UNO";
        let country = |code: &str| country::is_country(code) || (country::is_of_documents(code) && country::alpha2(code).is_none());
        expect(country(&self.country), "country", &self.country, from)?;
        if let Some(nationality) = &self.nationality {
            expect(country(nationality), "nationality", nationality, from)?;
        }
        expect(line(&self.surname, 1, 100), "surname", &self.surname, "1 to 100 characters on one line")?;
        expect(line(&self.given_names, 0, 100), "given names", &self.given_names, "up to 100 characters on one line")?;
        let day = crate::day::iso;
        if let Some(issued) = self.issued_on {
            expect(
                self.born_on <= issued,
                "date of issue",
                &day(issued),
                &format!("a day from {} on, the holder's birth", day(self.born_on)),
            )?;
        }
        let first = self.issued_on.unwrap_or(self.born_on);
        if let Some(expires) = self.expires_on {
            expect(first < expires, "date of expiry", &day(expires), &format!("a day after {}", day(first)))?;
        }
        Ok(())
    }

    /// Whether it is no longer good on this day. The day of expiry is the last on which it is.
    pub fn is_expired(&self, on: Date) -> bool {
        self.expires_on.is_some_and(|expires| expires < on)
    }
}

#[cfg(test)]
mod tests;
