//! Who customers say they are: what is known of them, the documents that they present, and what staff decides on these.

use super::{expect, note};
use crate::command::{CreateCustomer, is_line};
use crate::context::is_country;
use crate::customer::{KycLevel, KycStatus};
use crate::day;
use crate::document::{Document, DocumentType};
use crate::id::{CaseId, CustomerId};
use crate::money::Unreadable;
use crate::word::words;
use sha2::{Digest as _, Sha256};
use time::Date;

/// Change what is known of a customer. What is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateCustomer {
    /// Who.
    pub customer_id: CustomerId,
    /// As on the identity document; 1 to 140 characters.
    pub full_name: Option<String>,
    /// Mobile number in E.164 form.
    pub msisdn: Option<String>,
    /// ISO 3166-1 alpha-2 country of residence.
    pub country: Option<String>,
    /// When they were born.
    pub date_of_birth: Option<Date>,
}

/// What is known of a customer from now on; what is absent is as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerUpdated {
    /// What was changed.
    pub update: UpdateCustomer,
    /// The subject of whoever changed it.
    pub by: String,
}

/// The first 16 bytes of a SHA-256 over the kind, the issuer and the number of a document: the same for the same document, whoever
/// presents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentDigest(pub [u8; 16]);

/// A document as it was presented, without its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// What it is.
    pub document_type: DocumentType,
    /// By which it is known again.
    pub digest: DocumentDigest,
    /// The last characters of its number, for people; 1 to 4.
    pub number_end: String,
    /// Who issued it.
    pub country: String,
    /// When, where it says so.
    pub issued_on: Option<Date>,
    /// The last day on which it is good; none where it doesn't end.
    pub expires_on: Option<Date>,
    /// The holder's family name as printed.
    pub surname: String,
    /// The other names; empty where there are none.
    pub given_names: String,
    /// When the holder was born.
    pub born_on: Date,
    /// Whether a machine-readable zone came with it, whose digits are right and which says the same.
    pub has_zone: bool,
}

/// Present a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitDocument {
    /// Whose.
    pub customer_id: CustomerId,
    /// Which.
    pub document: Presented,
}

words! {
    /// What staff decides on who a customer is.
    pub enum KycDecision {
        /// They are who they say, as far as the level says.
        Approve = "approve",
        /// They are not, or it can't be established.
        Reject = "reject",
        /// More has to be presented.
        AskInformation = "ask_information",
        /// What was established is too old.
        Expire = "expire",
    }
}

/// Decide on who a customer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecideKyc {
    /// The case of their enrolment.
    pub case_id: CaseId,
    /// What.
    pub decision: KycDecision,
    /// How far they are known, where they are approved.
    pub level: Option<KycLevel>,
    /// Why, for whoever reads it later.
    pub reason: String,
}

words! {
    /// More about where identity verification stands.
    pub enum KycSubStatus {
        /// What was established is too old.
        Expired = "expired",
        /// More has to be presented.
        NeedsInfo = "needs_info",
        /// Something was presented after a decision.
        Resubmitted = "resubmitted",
    }
}

/// Where identity verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Standing {
    /// In a word.
    pub status: KycStatus,
    /// And in a second one.
    pub sub_status: Option<KycSubStatus>,
}

words! {
    /// What happened to where a customer stands.
    pub enum KycChange {
        /// A document was presented.
        Submitted = "document_submitted",
        /// Their identity is established.
        Approved = "approved",
        /// It could not be.
        Rejected = "rejected",
        /// More has to be presented.
        InformationAsked = "information_asked",
        /// What was established is too old.
        Expired = "expired",
    }
}

/// A customer who stands otherwise, or who presented a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KycChanged {
    /// Who.
    pub customer_id: CustomerId,
    /// What happened.
    pub change: KycChange,
    /// Where they stand now.
    pub standing: Standing,
    /// How far they are known from now on, where that was decided.
    pub level: Option<KycLevel>,
    /// What was presented.
    pub document: Option<Presented>,
    /// Who had presented the same document before.
    pub duplicate_of: Option<CustomerId>,
    /// The subject of whoever did it; `orion` where it was a day.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

impl Standing {
    /// Where everyone begins.
    pub const PENDING: Self = Self { status: KycStatus::Pending, sub_status: None };

    /// Everywhere where one can stand; the place here is what is kept of it.
    pub const ALL: [Self; 8] = [
        Self::PENDING,
        Self { status: KycStatus::Pending, sub_status: Some(KycSubStatus::NeedsInfo) },
        Self { status: KycStatus::Pending, sub_status: Some(KycSubStatus::Resubmitted) },
        Self { status: KycStatus::Verified, sub_status: None },
        Self { status: KycStatus::Verified, sub_status: Some(KycSubStatus::Expired) },
        Self { status: KycStatus::Verified, sub_status: Some(KycSubStatus::NeedsInfo) },
        Self { status: KycStatus::Verified, sub_status: Some(KycSubStatus::Resubmitted) },
        Self { status: KycStatus::Rejected, sub_status: None },
    ];
}

impl DocumentDigest {
    /// Of a document. Only letters and digits of the number count, in upper case: `AB 12-34` and `ab1234` are one.
    pub fn of(document: &Document) -> Self {
        let plain: String = document.number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        let mut hasher = Sha256::new();
        for part in [document.document_type.as_str(), &document.country, &plain] {
            hasher.update(u32::try_from(part.len()).expect("every part is bounded at the door").to_be_bytes());
            hasher.update(part.as_bytes());
        }
        let digest: [u8; 32] = hasher.finalize().into();
        Self(digest[..16].try_into().expect("a SHA-256 digest has 32 bytes"))
    }
}

impl std::fmt::Display for DocumentDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for DocumentDigest {
    type Err = Unreadable;
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let lower = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = if lower { u128::from_str_radix(text, 16).ok() } else { None };
        number.map(|number| Self(number.to_be_bytes())).ok_or_else(|| Unreadable::new("digest", text, "32 hexadecimal digits"))
    }
}

impl Presented {
    /// A document that was checked, as it travels.
    pub fn of(document: &Document) -> Self {
        let plain: Vec<char> = document.number.chars().filter(char::is_ascii_alphanumeric).collect();
        // No more than half of a short number is shown.
        let shown = 4.min(plain.len().div_ceil(2));
        Self {
            document_type: document.document_type,
            digest: DocumentDigest::of(document),
            number_end: plain[plain.len() - shown..].iter().collect(),
            country: document.country.clone(),
            issued_on: document.issued_on,
            expires_on: document.expires_on,
            surname: document.surname.clone(),
            given_names: document.given_names.clone(),
            born_on: document.born_on,
            has_zone: !document.mrz.is_empty(),
        }
    }

    /// The last day on which it is good, in days since 1970; one before 1971 is 1, since it is over whatever the day. None where it
    /// doesn't end.
    pub fn last_day(&self) -> Option<u32> {
        let since = |date: Date| u32::try_from(day::number(date)).unwrap_or_default().max(1);
        self.expires_on.map(since)
    }

    /// Whether its texts and days can be those of a document.
    pub fn check(&self) -> Result<(), Unreadable> {
        let end = (1..=4).contains(&self.number_end.len()) && self.number_end.bytes().all(|byte| byte.is_ascii_alphanumeric());
        expect(end, "end of the document number", &self.number_end, "1 to 4 letters and digits")?;
        // The rest is as in a description with any number.
        let document = Document {
            document_type: self.document_type,
            number: self.number_end.clone(),
            country: self.country.clone(),
            issued_on: self.issued_on,
            expires_on: self.expires_on,
            surname: self.surname.clone(),
            given_names: self.given_names.clone(),
            born_on: self.born_on,
            sex: None,
            nationality: None,
            mrz: Vec::new(),
        };
        document.check()?;
        for day in [Some(self.born_on), self.issued_on, self.expires_on].into_iter().flatten() {
            expect((1..=9999).contains(&day.year()), "day", &day::iso(day), "a day of the years 1 to 9999")?;
        }
        Ok(())
    }
}

impl UpdateCustomer {
    /// Whether something is to be changed, and has its form.
    pub fn check(&self) -> Result<(), Unreadable> {
        let Self { full_name, msisdn, country, date_of_birth, .. } = self;
        let says = full_name.is_some() || msisdn.is_some() || country.is_some() || date_of_birth.is_some();
        expect(says, "update", "nothing", "a full_name, an msisdn, a country or a date_of_birth")?;
        // As at the enrolment, where a name is a must.
        let full_name = full_name.clone().unwrap_or_else(|| "-".to_owned());
        CreateCustomer { full_name, msisdn: msisdn.clone(), country: country.clone() }.check()?;
        if let Some(country) = country {
            expect(is_country(country), "country", country, "two letters, such as SN")?;
        }
        if let Some(born) = date_of_birth {
            expect((1850..=2150).contains(&born.year()), "date_of_birth", &day::iso(*born), "a day of the years 1850 to 2150")?;
        }
        Ok(())
    }

    pub(super) fn fields(&self, mut field: impl FnMut(&str, &str)) {
        field("customer_id", self.customer_id.text(&mut [0; 36]));
        for (name, value) in [("full_name", &self.full_name), ("msisdn", &self.msisdn), ("country", &self.country)] {
            if let Some(value) = value {
                field(name, value);
            }
        }
        if let Some(born) = self.date_of_birth {
            field("date_of_birth", &day::iso(born));
        }
    }
}

impl SubmitDocument {
    pub(super) fn fields(&self, mut field: impl FnMut(&str, &str)) {
        let document = &self.document;
        field("customer_id", self.customer_id.text(&mut [0; 36]));
        field("type", document.document_type.as_str());
        field("digest", &document.digest.to_string());
        field("number_end", &document.number_end);
        field("country", &document.country);
        for (name, value) in [("issued_on", document.issued_on), ("expires_on", document.expires_on)] {
            if let Some(value) = value {
                field(name, &day::iso(value));
            }
        }
        field("surname", &document.surname);
        field("given_names", &document.given_names);
        field("born_on", &day::iso(document.born_on));
        field("has_zone", if document.has_zone { "true" } else { "false" });
    }
}

impl DecideKyc {
    /// Whether it has a reason, and a level where it approves and only there.
    pub fn check(&self) -> Result<(), Unreadable> {
        let level = self.level.map_or("none", KycLevel::as_str);
        match self.decision {
            KycDecision::Approve => {
                let says = self.level.is_some_and(|level| level != KycLevel::Unidentified);
                expect(says, "level", level, "simplified, standard or enhanced, where a customer is approved")?;
            }
            KycDecision::Reject | KycDecision::AskInformation | KycDecision::Expire => {
                expect(self.level.is_none(), "level", level, "none, where no customer is approved")?;
            }
        }
        note("reason", &self.reason)
    }

    pub(super) fn fields(&self, mut field: impl FnMut(&str, &str)) {
        field("case_id", self.case_id.text(&mut [0; 36]));
        field("decision", self.decision.as_str());
        if let Some(level) = self.level {
            field("level", level.as_str());
        }
        field("reason", &self.reason);
    }
}

impl KycChanged {
    /// Whether what it says goes together.
    pub fn check(&self) -> Result<(), Unreadable> {
        let said = || format!("{self:?}");
        expect(Standing::ALL.contains(&self.standing), "standing", &said(), "a status with a sub-status that it can have")?;
        let presented = self.change == KycChange::Submitted;
        expect(presented == self.document.is_some(), "document", &said(), "a document where one was presented, and only there")?;
        expect(presented || self.duplicate_of.is_none(), "duplicate", &said(), "a duplicate of what was presented")?;
        expect(is_line(&self.by, 255), "by", &self.by, "1 to 255 characters, none of them a control")?;
        if let Some(reason) = &self.reason {
            note("reason", reason)?;
        }
        self.document.as_ref().map_or(Ok(()), Presented::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(number: &str, expires_on: Option<Date>) -> Presented {
        Presented::of(&Document {
            document_type: DocumentType::NationalId,
            number: number.to_owned(),
            country: "SN".to_owned(),
            issued_on: None,
            expires_on,
            surname: "Diop".to_owned(),
            given_names: "Awa".to_owned(),
            born_on: day::of(1930, 4, 17).unwrap(),
            sex: None,
            nationality: None,
            mrz: Vec::new(),
        })
    }

    #[test]
    fn a_document_is_known_again_by_its_letters_and_digits_and_never_shown_whole() {
        let one = document("AB 12-3456", None);
        assert_eq!(one.digest, document("ab123456", None).digest);
        assert_ne!(one.digest, document("ab123457", None).digest);
        assert_eq!((&*one.number_end, &*document("A1", None).number_end), ("3456", "1"));
        assert!(!format!("{one:?}").contains("123456"));
        assert_eq!(one.digest.to_string().parse::<DocumentDigest>().unwrap(), one.digest);
        assert!("AB".parse::<DocumentDigest>().is_err());
    }

    #[test]
    fn a_last_day_counts_from_1970() {
        let last = |year, month, day_of| document("A1", Some(day::of(year, month, day_of).unwrap())).last_day();
        // 2025-11-30 is the day of the epoch 1764547199999.
        assert_eq!(last(2025, 11, 30), Some(20_422));
        assert_eq!(20_422, 1_764_547_199_999u64 / 86_400_000);
        assert_eq!(last(1970, 1, 3), Some(2));
        assert_eq!(last(1950, 1, 1), Some(1));
        assert_eq!(document("A1", None).last_day(), None);
        assert_eq!(day::of_number(20_422).map(day::iso).as_deref(), Some("2025-11-30"));
        assert_eq!(day::of_number(i32::MAX), None);
    }
}
