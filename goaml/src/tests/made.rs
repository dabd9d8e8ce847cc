//! Reports that are good: one in which everything stands, and any others.

use crate::report::{
    Account, Address, Entity, ForeignCurrency, Gender, Identification, Moment, Person, Phone, Report, Side, Signatory, Subject, Submission,
    Transaction,
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use schemas::{Currency, Money, day};
use time::Date;

pub(super) fn on(text: &str) -> Date {
    day::from_iso(text).unwrap()
}

pub(super) fn at(text: &str) -> Moment {
    Moment::read(text).unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(super) fn address() -> Address {
    Address {
        address_type: "B".to_owned(),
        address: "12, avenue Léopold Sédar Senghor".to_owned(),
        town: some("Plateau"),
        city: "Dakar".to_owned(),
        zip: some("10200"),
        country_code: "SN".to_owned(),
        state: some("Dakar"),
    }
}

fn phone() -> Phone {
    Phone { contact_type: "P".to_owned(), communication_type: "M".to_owned(), country_prefix: some("221"), number: "771234567".to_owned() }
}

/// A person of whom all is known.
pub(super) fn person() -> Person {
    let document = |number: &str| Identification {
        kind: "A".to_owned(),
        number: number.to_owned(),
        issue_date: Some(on("2020-01-15")),
        expiry_date: Some(on("2030-01-14")),
        issued_by: some("Ministère de l'Intérieur"),
        issue_country: "SN".to_owned(),
    };
    Person {
        gender: Some(Gender::Female),
        title: some("Mme"),
        first_name: "Aminata".to_owned(),
        middle_name: some("Fatou"),
        last_name: "N'Diaye".to_owned(),
        birthdate: Some(on("1990-05-17")),
        birth_place: some("Thiès"),
        alias: some("Ami"),
        passport_number: some("A01234567"),
        passport_country: some("SN"),
        id_number: some("2751199000123"),
        nationality1: some("SN"),
        residence: some("SN"),
        phones: vec![phone(), Phone { country_prefix: None, ..phone() }],
        addresses: vec![address(), Address { town: None, zip: None, state: None, ..address() }],
        email: some("aminata@example.sn"),
        occupation: some("Commerçante"),
        identifications: vec![document("A01234567"), document("2751199000123")],
        comments: some("Cliente depuis 2019"),
    }
}

/// A company of which all is known.
pub(super) fn entity() -> Entity {
    Entity {
        name: "Baobab SARL".to_owned(),
        commercial_name: some("Baobab"),
        incorporation_legal_form: some("SARL"),
        incorporation_number: some("SN-DKR-2019-B-1234"),
        business: some("Négoce"),
        phones: vec![phone()],
        addresses: vec![address()],
        email: some("contact@baobab.sn"),
        incorporation_country_code: some("SN"),
        incorporation_date: Some(on("2019-03-01")),
        tax_number: some("00712345 2G3"),
        comments: some("Import, export"),
    }
}

/// An account of which all is known, held by a person and a company.
pub(super) fn account(number: &str) -> Account {
    Account {
        institution_name: some("Orion"),
        institution_code: some("SN999"),
        swift: None,
        branch: some("Dakar"),
        account: number.to_owned(),
        currency_code: Some(Currency::XOF),
        account_name: some("Compte courant"),
        client_number: some("C-1"),
        personal_account_type: some("WALLET"),
        t_entity: Some(entity()),
        signatories: vec![
            Signatory { is_primary: Some(true), person: person(), role: some("A") },
            Signatory { is_primary: Some(false), person: person(), role: None },
        ],
        opened: Some(on("2019-06-01")),
        closed: Some(on("2026-11-01")),
        status_code: some("A"),
    }
}

/// An account of which little is known.
fn slim(number: &str) -> Account {
    let holder = Person { phones: vec![], addresses: vec![], identifications: vec![], ..person() };
    let signatories = vec![Signatory { is_primary: None, person: holder, role: None }];
    Account { t_entity: None, signatories, ..account(number) }
}

fn side(is_my_client: bool, funds: &str, subject: Subject) -> Side {
    Side {
        is_my_client,
        funds_code: funds.to_owned(),
        funds_comment: some("Solde"),
        foreign_currency: None,
        subject,
        country: "SN".to_owned(),
    }
}

/// A report in which every element stands somewhere: between accounts, with cash of a person and of a company, and of another currency.
pub(super) fn full() -> Report {
    let transaction = |number: &str, minor: i64, from: Side, to: Side| Transaction {
        number: number.to_owned(),
        internal_ref_number: some("H-1"),
        location: some("wallet"),
        description: some("transfer par wallet, exécutée"),
        date: at("2026-11-20T10:15:00"),
        teller: some("T1"),
        authorized: some("A1"),
        transmode_code: "TR".to_owned(),
        transmode_comment: some("transfer"),
        amount_local: Money { minor, currency: Currency::XOF },
        from,
        to,
        comments: some("Vu"),
    };
    let held = |number: &str| Subject::Account(Box::new(account(number)));
    let little = |number: &str| Subject::Account(Box::new(slim(number)));
    let swift = Account { institution_code: None, swift: some("ORIOSNDA"), ..slim("3") };
    let euros = ForeignCurrency {
        amount: Money { minor: 100_050, currency: "EUR".parse().unwrap() },
        exchange_rate: Decimal::from_str_exact("655.957").unwrap(),
    };
    let foreign = side(false, "ACCOUNT", Subject::Account(Box::new(swift.clone())));
    let ours = side(true, "ACCOUNT", Subject::Account(Box::new(swift)));
    let in_euros = |side| Side { foreign_currency: Some(euros), ..side };
    let person_side = |ours| side(ours, "CASH", Subject::Person(Box::new(person())));
    let entity_side = |ours| side(ours, "CASH", Subject::Entity(Box::new(entity())));
    Report {
        rentity_id: 7,
        rentity_branch: some("Dakar"),
        submission_code: Submission::Electronic,
        report_code: "STR".to_owned(),
        entity_reference: some("CASE-2026-1"),
        fiu_ref_number: some("CENTIF-42"),
        submission_date: at("2026-11-29T09:30:00"),
        currency_code_local: Currency::XOF,
        reporting_person: person(),
        location: Some(address()),
        reason: some("R04 Montants juste sous le seuil"),
        action: some("Compte suspendu"),
        transactions: vec![
            transaction("T-1", 400_000, side(true, "ACCOUNT", held("1")), side(false, "ACCOUNT", held("2"))),
            transaction("T-2", 450_000, person_side(true), side(true, "ACCOUNT", little("1"))),
            transaction("T-3", 460_000, side(true, "ACCOUNT", little("1")), entity_side(true)),
            transaction("T-4", 656_285, in_euros(foreign), in_euros(ours)),
            transaction("T-5", 1, entity_side(false), person_side(false)),
            transaction("T-6", 656_285, in_euros(entity_side(true)), in_euros(entity_side(false))),
            transaction("T-7", 5_000, person_side(false), person_side(true)),
        ],
        indicators: vec!["R04".to_owned(), "R06".to_owned()],
    }
}

/// A text that says something, in any letters, with what XML has to escape.
fn text(most: usize) -> impl Strategy<Value = String> {
    let letters = prop::collection::vec(prop_oneof![4 => "\\PC", 1 => "[<>&'\"\r\n\t ]"], 1..=most.min(12));
    letters.prop_map(|letters| letters.concat()).prop_filter("says something", |text| !text.trim().is_empty())
}

fn maybe(most: usize) -> impl Strategy<Value = Option<String>> {
    prop::option::of(text(most))
}

fn country() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["SN", "CI", "CM", "FR", "ML"]).prop_map(str::to_owned)
}

fn day_before() -> impl Strategy<Value = Date> {
    (0..40_000i64).prop_map(|ago| on("2026-11-29") - time::Duration::days(ago))
}

fn persons() -> impl Strategy<Value = Person> {
    let names = (text(100), maybe(100), text(100), maybe(30), maybe(255), maybe(100));
    let known =
        (day_before(), prop::option::of((text(25), prop::option::of(country()))), maybe(25), country(), prop::option::of(country()));
    let more = (prop::bool::ANY, prop::bool::ANY, prop::bool::ANY, maybe(255), prop::option::of(Just(Gender::Male)));
    (names, known, more).prop_map(|((first_name, middle_name, last_name, title, birth_place, alias), known, more)| {
        let (birthdate, passport, id_number, nationality, residence) = known;
        let (phones, addresses, documents, occupation, gender) = more;
        let (passport_number, passport_country) = passport.map_or((None, None), |(number, country)| (Some(number), country));
        let few = |is: bool| usize::from(is);
        Person {
            gender,
            title,
            first_name,
            middle_name,
            last_name,
            birthdate: Some(birthdate),
            birth_place,
            alias,
            passport_number,
            passport_country,
            id_number,
            nationality1: Some(nationality),
            residence,
            phones: vec![phone(); few(phones)],
            addresses: vec![address(); few(addresses)],
            email: None,
            occupation,
            identifications: person().identifications.into_iter().take(few(documents) * 2).collect(),
            comments: None,
        }
    })
}

fn subjects() -> impl Strategy<Value = Subject> {
    let accounts = (text(50), maybe(255), prop::collection::vec(persons(), 0..3), maybe(255), prop::option::of(day_before()));
    let accounts = accounts.prop_map(|(number, account_name, persons, company, opened)| {
        let signatories = persons.into_iter().zip([Some(true), None, Some(false)]);
        let signatories = signatories.map(|(person, is_primary)| Signatory { is_primary, person, role: None }).collect();
        let t_entity = company.map(|name| Entity { name, ..Entity::default() });
        Subject::Account(Box::new(Account { account_name, signatories, t_entity, opened, closed: None, ..account(&number) }))
    });
    let companies = (text(255), maybe(50)).prop_map(|(name, number)| Entity { name, incorporation_number: number, ..Entity::default() });
    prop_oneof![
        3 => accounts,
        1 => persons().prop_map(|person| Subject::Person(Box::new(person))),
        1 => companies.prop_map(|company| Subject::Entity(Box::new(company))),
    ]
}

fn sides() -> impl Strategy<Value = Side> {
    let foreign = (1..i64::MAX, 1..1_000_000u32, prop::sample::select(vec!["EUR", "TND", "JPY", "XAF"]));
    let foreign = foreign.prop_map(|(minor, rate, currency)| ForeignCurrency {
        amount: Money { minor, currency: currency.parse().unwrap() },
        exchange_rate: Decimal::new(i64::from(rate), 3),
    });
    (prop::bool::ANY, prop::bool::ANY, maybe(255), prop::option::of(foreign), subjects(), country()).prop_map(
        |(is_my_client, is_cash, funds_comment, foreign_currency, subject, country)| Side {
            is_my_client,
            funds_code: if is_cash { "CASH" } else { "ACCOUNT" }.to_owned(),
            funds_comment,
            foreign_currency,
            subject,
            country,
        },
    )
}

fn transactions() -> impl Strategy<Value = Transaction> {
    let said = (maybe(50), maybe(255), maybe(4000), maybe(50), maybe(4000));
    (said, 0..4_000_000_000u64, prop::sample::select(vec!["CI", "CO", "TR", "PA", "RV"]), 1..i64::MAX, sides(), sides()).prop_map(
        |((internal_ref_number, location, description, transmode_comment, comments), ago, mode, minor, from, to)| Transaction {
            number: String::new(),
            internal_ref_number,
            location,
            description,
            date: Moment::of(1_795_944_600_000 - ago, 0),
            teller: None,
            authorized: None,
            transmode_code: mode.to_owned(),
            transmode_comment,
            amount_local: Money { minor, currency: Currency::XOF },
            from,
            to,
            comments,
        },
    )
}

/// Any report that is good in Senegal.
pub(super) fn reports() -> impl Strategy<Value = Report> {
    let said = (1..=i32::MAX.unsigned_abs(), maybe(255), text(255), text(4000), text(4000), prop::bool::ANY);
    let codes = prop::sample::subsequence(vec!["R01", "R04", "R04b", "R10"], 1..=4);
    (said, persons(), prop::collection::vec(transactions(), 1..4), codes).prop_map(
        |((rentity_id, rentity_branch, reference, reason, action, is_typed), reporting_person, mut transactions, codes)| {
            for (number, transaction) in (1..).zip(&mut transactions) {
                transaction.number = format!("T-{number}");
            }
            let submission_code = if is_typed { Submission::Manual } else { Submission::Electronic };
            let indicators = codes.into_iter().map(str::to_owned).collect();
            let (entity_reference, reason, action) = (Some(reference), Some(reason), Some(action));
            let submission_date = at("2026-11-29T23:59:59");
            Report {
                rentity_id,
                rentity_branch,
                submission_code,
                entity_reference,
                submission_date,
                reporting_person,
                reason,
                action,
                transactions,
                indicators,
                ..full()
            }
        },
    )
}
