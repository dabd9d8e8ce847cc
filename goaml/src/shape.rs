//! Which elements there are, in which order, how often, and what each holds: schema 4.0 of goAML, as its published descriptions have it.
//!
//! A node is known by the name of its type, so a profile says `t_person_my_client.birthdate` of every person who is the bank's own.

/// A type of elements that hold others.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
}

/// An element within another.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) need: Need,
    pub(crate) form: Form,
}

/// How often.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Once.
    One,
    /// Once or not at all.
    Maybe,
    /// Once or more.
    Some,
    /// As often as one likes.
    Any,
}

/// What it holds.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// A text of at most so many characters.
    Text(usize),
    /// A code of one of the unit's lists.
    Code(List),
    /// `E` for a report that is sent as XML, `M` for one that is typed in.
    Submission,
    /// `M` or `F`.
    Gender,
    /// A whole number above zero that fits 32 bits.
    Number,
    /// `true` or `false`.
    Flag,
    /// A moment that was: `2026-11-29T09:30:00`, of the unit's clock.
    Past,
    /// A day that was, with midnight for its time.
    PastDay,
    /// A day that may be to come.
    Day,
    /// Of ISO 4217.
    Currency,
    /// Of ISO 3166-1, two letters.
    Country,
    /// An amount of the local currency.
    Local,
    /// An amount of the currency that stands beside it.
    Foreign,
    /// How much of the local currency one of the foreign one is.
    Rate,
    /// More elements.
    Node(&'static Shape),
}

/// Lists of codes, each unit's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// Kinds of reports.
    Report,
    /// Reasons, or what made the bank look.
    Indicator,
    /// How a transaction was made.
    Transmode,
    /// What moved.
    Funds,
    /// Products.
    AccountType,
    /// Whether an account is open.
    AccountStatus,
    /// Whose an address or a phone is.
    Contact,
    /// What a phone is.
    Communication,
    /// Documents.
    Identifier,
    /// What somebody is to an account.
    AccountRole,
    /// Forms of companies.
    LegalForm,
}

const fn field(name: &'static str, need: Need, form: Form) -> Field {
    Field { name, need, form }
}

use Form::{Code, Country, Currency, Day, Flag, Foreign, Gender, Local, Node, Number, Past, PastDay, Rate, Submission, Text};
use Need::{Any, Maybe, One};

pub(crate) static REPORT: Shape = Shape {
    name: "report",
    fields: &[
        field("rentity_id", One, Number),
        field("rentity_branch", Maybe, Text(255)),
        field("submission_code", One, Submission),
        field("report_code", One, Code(List::Report)),
        field("entity_reference", Maybe, Text(255)),
        field("fiu_ref_number", Maybe, Text(255)),
        field("submission_date", One, Past),
        field("currency_code_local", One, Currency),
        field("reporting_person", One, Node(&REPORTING_PERSON)),
        field("location", Maybe, Node(&ADDRESS)),
        field("reason", Maybe, Text(4000)),
        field("action", Maybe, Text(4000)),
        field("transaction", Need::Some, Node(&TRANSACTION)),
        field("report_indicators", One, Node(&INDICATORS)),
    ],
};

static INDICATORS: Shape = Shape { name: "report_indicators", fields: &[field("indicator", Need::Some, Code(List::Indicator))] };

static TRANSACTION: Shape = Shape {
    name: "transaction",
    fields: &[
        field("transactionnumber", One, Text(50)),
        field("internal_ref_number", Maybe, Text(50)),
        field("transaction_location", Maybe, Text(255)),
        field("transaction_description", Maybe, Text(4000)),
        field("date_transaction", One, Past),
        field("teller", Maybe, Text(50)),
        field("authorized", Maybe, Text(50)),
        field("transmode_code", One, Code(List::Transmode)),
        field("transmode_comment", Maybe, Text(50)),
        field("amount_local", One, Local),
        // Of each pair exactly one: a rule of its own says so.
        field("t_from_my_client", Maybe, Node(&FROM_MY_CLIENT)),
        field("t_from", Maybe, Node(&FROM)),
        field("t_to_my_client", Maybe, Node(&TO_MY_CLIENT)),
        field("t_to", Maybe, Node(&TO)),
        field("comments", Maybe, Text(4000)),
    ],
};

const fn from(account: &'static Shape, person: &'static Shape, entity: &'static Shape) -> [Field; 7] {
    [
        field("from_funds_code", One, Code(List::Funds)),
        field("from_funds_comment", Maybe, Text(255)),
        field("from_foreign_currency", Maybe, Node(&FOREIGN_CURRENCY)),
        field("from_account", Maybe, Node(account)),
        field("from_person", Maybe, Node(person)),
        field("from_entity", Maybe, Node(entity)),
        field("from_country", One, Country),
    ]
}

const fn to(account: &'static Shape, person: &'static Shape, entity: &'static Shape) -> [Field; 7] {
    [
        field("to_funds_code", One, Code(List::Funds)),
        field("to_funds_comment", Maybe, Text(255)),
        field("to_foreign_currency", Maybe, Node(&FOREIGN_CURRENCY)),
        field("to_account", Maybe, Node(account)),
        field("to_person", Maybe, Node(person)),
        field("to_entity", Maybe, Node(entity)),
        field("to_country", One, Country),
    ]
}

static FROM: Shape = Shape { name: "t_from", fields: &from(&ACCOUNT, &PERSON, &ENTITY) };
static FROM_MY_CLIENT: Shape = Shape { name: "t_from_my_client", fields: &from(&ACCOUNT_MY_CLIENT, &PERSON_MY_CLIENT, &ENTITY_MY_CLIENT) };
static TO: Shape = Shape { name: "t_to", fields: &to(&ACCOUNT, &PERSON, &ENTITY) };
static TO_MY_CLIENT: Shape = Shape { name: "t_to_my_client", fields: &to(&ACCOUNT_MY_CLIENT, &PERSON_MY_CLIENT, &ENTITY_MY_CLIENT) };

static FOREIGN_CURRENCY: Shape = Shape {
    name: "t_foreign_currency",
    fields: &[
        field("foreign_currency_code", One, Currency),
        field("foreign_amount", One, Foreign),
        field("foreign_exchange_rate", One, Rate),
    ],
};

const fn account(entity: &'static Shape, signatory: &'static Shape) -> [Field; 14] {
    [
        field("institution_name", Maybe, Text(255)),
        field("institution_code", Maybe, Text(50)),
        field("swift", Maybe, Text(11)),
        field("branch", Maybe, Text(255)),
        field("account", One, Text(50)),
        field("currency_code", Maybe, Currency),
        field("account_name", Maybe, Text(255)),
        field("client_number", Maybe, Text(50)),
        field("personal_account_type", Maybe, Code(List::AccountType)),
        field("t_entity", Maybe, Node(entity)),
        field("signatory", Any, Node(signatory)),
        field("opened", Maybe, PastDay),
        field("closed", Maybe, PastDay),
        field("status_code", Maybe, Code(List::AccountStatus)),
    ]
}

static ACCOUNT: Shape = Shape { name: "t_account", fields: &account(&ENTITY, &SIGNATORY) };
static ACCOUNT_MY_CLIENT: Shape = Shape { name: "t_account_my_client", fields: &account(&ENTITY_MY_CLIENT, &SIGNATORY_MY_CLIENT) };

const fn signatory(person: &'static Shape) -> [Field; 3] {
    [field("is_primary", Maybe, Flag), field("t_person", One, Node(person)), field("role", Maybe, Code(List::AccountRole))]
}

static SIGNATORY: Shape = Shape { name: "signatory", fields: &signatory(&PERSON) };
static SIGNATORY_MY_CLIENT: Shape = Shape { name: "signatory_my_client", fields: &signatory(&PERSON_MY_CLIENT) };

const PERSON_FIELDS: [Field; 19] = [
    field("gender", Maybe, Gender),
    field("title", Maybe, Text(30)),
    field("first_name", One, Text(100)),
    field("middle_name", Maybe, Text(100)),
    field("last_name", One, Text(100)),
    field("birthdate", Maybe, PastDay),
    field("birth_place", Maybe, Text(255)),
    field("alias", Maybe, Text(100)),
    field("passport_number", Maybe, Text(25)),
    field("passport_country", Maybe, Country),
    field("id_number", Maybe, Text(25)),
    field("nationality1", Maybe, Country),
    field("residence", Maybe, Country),
    field("phones", Maybe, Node(&PHONES)),
    field("addresses", Maybe, Node(&ADDRESSES)),
    field("email", Maybe, Text(255)),
    field("occupation", Maybe, Text(255)),
    field("identification", Any, Node(&IDENTIFICATION)),
    field("comments", Maybe, Text(4000)),
];

static PERSON: Shape = Shape { name: "t_person", fields: &PERSON_FIELDS };
static PERSON_MY_CLIENT: Shape = Shape { name: "t_person_my_client", fields: &PERSON_FIELDS };
static REPORTING_PERSON: Shape = Shape { name: "t_person_registration_in_report", fields: &PERSON_FIELDS };

const ENTITY_FIELDS: [Field; 12] = [
    field("name", One, Text(255)),
    field("commercial_name", Maybe, Text(255)),
    field("incorporation_legal_form", Maybe, Code(List::LegalForm)),
    field("incorporation_number", Maybe, Text(50)),
    field("business", Maybe, Text(255)),
    field("phones", Maybe, Node(&PHONES)),
    field("addresses", Maybe, Node(&ADDRESSES)),
    field("email", Maybe, Text(255)),
    field("incorporation_country_code", Maybe, Country),
    field("incorporation_date", Maybe, PastDay),
    field("tax_number", Maybe, Text(100)),
    field("comments", Maybe, Text(4000)),
];

static ENTITY: Shape = Shape { name: "t_entity", fields: &ENTITY_FIELDS };
static ENTITY_MY_CLIENT: Shape = Shape { name: "t_entity_my_client", fields: &ENTITY_FIELDS };

static PHONES: Shape = Shape { name: "phones", fields: &[field("phone", Need::Some, Node(&PHONE))] };

static PHONE: Shape = Shape {
    name: "t_phone",
    fields: &[
        field("tph_contact_type", One, Code(List::Contact)),
        field("tph_communication_type", One, Code(List::Communication)),
        field("tph_country_prefix", Maybe, Text(4)),
        field("tph_number", One, Text(50)),
    ],
};

static ADDRESSES: Shape = Shape { name: "addresses", fields: &[field("address", Need::Some, Node(&ADDRESS))] };

static ADDRESS: Shape = Shape {
    name: "t_address",
    fields: &[
        field("address_type", One, Code(List::Contact)),
        field("address", One, Text(100)),
        field("town", Maybe, Text(255)),
        field("city", One, Text(255)),
        field("zip", Maybe, Text(10)),
        field("country_code", One, Country),
        field("state", Maybe, Text(255)),
    ],
};

static IDENTIFICATION: Shape = Shape {
    name: "t_person_identification",
    fields: &[
        field("type", One, Code(List::Identifier)),
        field("number", One, Text(255)),
        field("issue_date", Maybe, PastDay),
        field("expiry_date", Maybe, Day),
        field("issued_by", Maybe, Text(255)),
        field("issue_country", One, Country),
    ],
};

/// Whether there is an element of this name in a type of this name.
pub(crate) fn has(shape: &str, name: &str) -> bool {
    let mut known: Vec<&Shape> = vec![&REPORT];
    let mut next = 0;
    while let Some(shape) = known.get(next).copied() {
        for field in shape.fields {
            if let Node(inner) = field.form
                && !known.iter().any(|known| known.name == inner.name)
            {
                known.push(inner);
            }
        }
        next += 1;
    }
    known.iter().any(|known| known.name == shape && known.fields.iter().any(|field| field.name == name))
}
