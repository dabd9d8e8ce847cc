//! A report as goAML has it, under the names of goAML, so that whoever knows one knows the other.
//!
//! Texts and codes are as they were given: a draft may lack what a report needs, and the check says what. What no report can have, a third side or a
//! date that is none, can't be said here at all.

pub use crate::form::Moment;

use rust_decimal::Decimal;
use schemas::{Currency, Money};
use time::Date;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The number under which the unit has enrolled the bank.
    pub rentity_id: u32,
    /// The branch.
    pub rentity_branch: Option<String>,
    /// How it is sent.
    pub submission_code: Submission,
    /// Its kind: `STR`, `SAR`, `CTR` or another of the unit's.
    pub report_code: String,
    /// The bank's own reference.
    pub entity_reference: Option<String>,
    /// The unit's reference, where it asked.
    pub fiu_ref_number: Option<String>,
    /// When it is sent.
    pub submission_date: Moment,
    /// In what amounts are counted.
    pub currency_code_local: Currency,
    /// Who answers for it.
    pub reporting_person: Person,
    /// Where.
    pub location: Option<Address>,
    /// What is suspected, and from what.
    pub reason: Option<String>,
    /// What the bank has done.
    pub action: Option<String>,
    /// What happened, the first first.
    pub transactions: Vec<Transaction>,
    /// Of what it is a sign.
    pub indicators: Vec<String>,
}

/// How a report is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submission {
    /// As XML.
    Electronic,
    /// Typed in.
    Manual,
}

/// A transaction between two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The bank's number of it.
    pub number: String,
    /// What it comes of, where it comes of another.
    pub internal_ref_number: Option<String>,
    /// Where it was made.
    pub location: Option<String>,
    /// What it was.
    pub description: Option<String>,
    /// When.
    pub date: Moment,
    /// Who took it.
    pub teller: Option<String>,
    /// Who allowed it.
    pub authorized: Option<String>,
    /// How it was made, by the unit's code.
    pub transmode_code: String,
    /// The same in words.
    pub transmode_comment: Option<String>,
    /// How much, in the local currency.
    pub amount_local: Money,
    /// Where it comes from.
    pub from: Side,
    /// Where it goes to.
    pub to: Side,
    /// What else is to be said.
    pub comments: Option<String>,
}

/// One side of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Whether it is a customer of the bank.
    pub is_my_client: bool,
    /// What moves, by the unit's code.
    pub funds_code: String,
    /// The same in words.
    pub funds_comment: Option<String>,
    /// How much in another currency than the local one, where it was.
    pub foreign_currency: Option<ForeignCurrency>,
    /// Who or what.
    pub subject: Subject,
    /// In which country.
    pub country: String,
}

/// An amount in another currency than the local one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignCurrency {
    /// How much of what.
    pub amount: Money,
    /// How much of the local currency one of it is.
    pub exchange_rate: Decimal,
}

/// Who or what a side is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An account.
    Account(Box<Account>),
    /// A person, where money was cash.
    Person(Box<Person>),
    /// A company, where money was cash.
    Entity(Box<Entity>),
}

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The bank.
    pub institution_name: Option<String>,
    /// Its code at the unit.
    pub institution_code: Option<String>,
    /// Its BIC, instead of its code.
    pub swift: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The number of the account.
    pub account: String,
    /// Its currency.
    pub currency_code: Option<Currency>,
    /// What it is called.
    pub account_name: Option<String>,
    /// The number of its holder.
    pub client_number: Option<String>,
    /// The product, by the unit's code.
    pub personal_account_type: Option<String>,
    /// The company that holds it.
    pub t_entity: Option<Entity>,
    /// The persons who hold it or may use it.
    pub signatories: Vec<Signatory>,
    /// Since when.
    pub opened: Option<Date>,
    /// Until when.
    pub closed: Option<Date>,
    /// Whether it is open, by the unit's code.
    pub status_code: Option<String>,
}

/// A person who may use an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatory {
    /// Whether it is the first.
    pub is_primary: Option<bool>,
    /// Who.
    pub person: Person,
    /// What the person is to the account, by the unit's code.
    pub role: Option<String>,
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Male or female.
    pub gender: Option<Gender>,
    /// Such as Dr.
    pub title: Option<String>,
    /// The first of the given names.
    pub first_name: String,
    /// The other given names.
    pub middle_name: Option<String>,
    /// The family name.
    pub last_name: String,
    /// Born when.
    pub birthdate: Option<Date>,
    /// Born where.
    pub birth_place: Option<String>,
    /// Called what else.
    pub alias: Option<String>,
    /// The number of a passport.
    pub passport_number: Option<String>,
    /// Its country.
    pub passport_country: Option<String>,
    /// The number by which the state knows the person.
    pub id_number: Option<String>,
    /// A nationality.
    pub nationality1: Option<String>,
    /// The country of residence.
    pub residence: Option<String>,
    /// Phones.
    pub phones: Vec<Phone>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// An address of email.
    pub email: Option<String>,
    /// What the person does.
    pub occupation: Option<String>,
    /// Documents.
    pub identifications: Vec<Identification>,
    /// What else is to be said.
    pub comments: Option<String>,
}

/// A gender, as goAML has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// A company or another body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// The name by which it trades.
    pub commercial_name: Option<String>,
    /// Its form, by the unit's code.
    pub incorporation_legal_form: Option<String>,
    /// Its number in the register.
    pub incorporation_number: Option<String>,
    /// What it does.
    pub business: Option<String>,
    /// Phones.
    pub phones: Vec<Phone>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// An address of email.
    pub email: Option<String>,
    /// Registered in which country.
    pub incorporation_country_code: Option<String>,
    /// Since when.
    pub incorporation_date: Option<Date>,
    /// Its number at the tax office.
    pub tax_number: Option<String>,
    /// What else is to be said.
    pub comments: Option<String>,
}

/// A phone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phone {
    /// Whose, by the unit's code.
    pub contact_type: String,
    /// What it is, by the unit's code.
    pub communication_type: String,
    /// Digits before the number.
    pub country_prefix: Option<String>,
    /// The number.
    pub number: String,
}

/// An address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Whose, by the unit's code.
    pub address_type: String,
    /// Street and number.
    pub address: String,
    /// The quarter or the town.
    pub town: Option<String>,
    /// The city.
    pub city: String,
    /// The postal code.
    pub zip: Option<String>,
    /// The country.
    pub country_code: String,
    /// The region.
    pub state: Option<String>,
}

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identification {
    /// What it is, by the unit's code.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// Issued when.
    pub issue_date: Option<Date>,
    /// Good until.
    pub expiry_date: Option<Date>,
    /// Issued by whom.
    pub issued_by: Option<String>,
    /// Issued in which country.
    pub issue_country: String,
}
