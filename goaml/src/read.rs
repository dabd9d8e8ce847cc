//! From elements that are in their places to the report that they say.
//!
//! The structure was checked before, so most of what could be missing here can't be: it is told all the same, rather than taken for granted.

use crate::finding::{Finding, Rule};
use crate::form::{Moment, decimal};
use crate::report::{
    Account, Address, Entity, ForeignCurrency, Gender, Identification, Person, Phone, Report, Side, Signatory, Subject, Submission,
    Transaction,
};
use crate::xml::Element;
use schemas::{Currency, Money};
use time::Date;

type Read<T> = Result<T, Finding>;

fn finding(path: &str, rule: Rule, sentence: &str) -> Finding {
    Finding { path: path.to_owned(), rule, sentence: sentence.to_owned() }
}

fn inner<'a>(of: &'a Element, name: &str) -> Read<&'a Element> {
    of.first(name).ok_or_else(|| finding(&format!("{}/{name}", of.name), Rule::Missing, "It is not there."))
}

fn one(of: &Element, name: &str) -> Read<String> {
    Ok(inner(of, name)?.text.clone())
}

fn maybe(of: &Element, name: &str) -> Option<String> {
    of.text_of(name).map(str::to_owned)
}

fn moment(of: &Element, name: &str) -> Read<Moment> {
    Moment::read(&one(of, name)?).ok_or_else(|| finding(&format!("{}/{name}", of.name), Rule::Date, "It is no date."))
}

fn day(of: &Element, name: &str) -> Read<Option<Date>> {
    of.first(name).map(|_| moment(of, name).map(Moment::date)).transpose()
}

fn currency(of: &Element, name: &str) -> Read<Currency> {
    one(of, name)?.parse().map_err(|_| finding(&format!("{}/{name}", of.name), Rule::Currency, "It is no currency."))
}

fn money(of: &Element, name: &str, currency: Currency) -> Read<Money> {
    Money::parse(&one(of, name)?, currency).map_err(|error| finding(&format!("{}/{name}", of.name), Rule::Amount, &format!("{error}.")))
}

fn each<T>(of: &Element, name: &str, read: fn(&Element) -> Read<T>) -> Read<Vec<T>> {
    of.all(name).map(read).collect()
}

/// The report that the root says.
pub(crate) fn report(root: &Element) -> Read<Report> {
    let local = currency(root, "currency_code_local")?;
    let rentity_id = one(root, "rentity_id")?.parse().map_err(|_| finding("report/rentity_id", Rule::Number, "It is no number."))?;
    let submission_code = if one(root, "submission_code")? == "M" { Submission::Manual } else { Submission::Electronic };
    Ok(Report {
        rentity_id,
        rentity_branch: maybe(root, "rentity_branch"),
        submission_code,
        report_code: one(root, "report_code")?,
        entity_reference: maybe(root, "entity_reference"),
        fiu_ref_number: maybe(root, "fiu_ref_number"),
        submission_date: moment(root, "submission_date")?,
        currency_code_local: local,
        reporting_person: person(inner(root, "reporting_person")?)?,
        location: root.first("location").map(address).transpose()?,
        reason: maybe(root, "reason"),
        action: maybe(root, "action"),
        transactions: root.all("transaction").map(|of| transaction(of, local)).collect::<Read<_>>()?,
        indicators: inner(root, "report_indicators")?.all("indicator").map(|code| code.text.clone()).collect(),
    })
}

fn transaction(of: &Element, local: Currency) -> Read<Transaction> {
    Ok(Transaction {
        number: one(of, "transactionnumber")?,
        internal_ref_number: maybe(of, "internal_ref_number"),
        location: maybe(of, "transaction_location"),
        description: maybe(of, "transaction_description"),
        date: moment(of, "date_transaction")?,
        teller: maybe(of, "teller"),
        authorized: maybe(of, "authorized"),
        transmode_code: one(of, "transmode_code")?,
        transmode_comment: maybe(of, "transmode_comment"),
        amount_local: money(of, "amount_local", local)?,
        from: side(of, "from", Rule::BipartyFrom)?,
        to: side(of, "to", Rule::BipartyTo)?,
        comments: maybe(of, "comments"),
    })
}

/// The one side of a way; more than one can't be told, so it is refused.
fn side(transaction: &Element, way: &str, rule: Rule) -> Read<Side> {
    let (client, other) = (transaction.first(&format!("t_{way}_my_client")), transaction.first(&format!("t_{way}")));
    let (of, is_my_client) = match (client, other) {
        (Some(of), None) => (of, true),
        (None, Some(of)) => (of, false),
        _ => return Err(finding("report/transaction", rule, &format!("It has not exactly one of t_{way}_my_client and t_{way}."))),
    };
    let named = |name: &str| format!("{way}_{name}");
    let subjects = (of.first(&named("account")), of.first(&named("person")), of.first(&named("entity")));
    let subject = match subjects {
        (Some(of), None, None) => Subject::Account(Box::new(account(of)?)),
        (None, Some(of), None) => Subject::Person(Box::new(person(of)?)),
        (None, None, Some(of)) => Subject::Entity(Box::new(entity(of)?)),
        _ => {
            return Err(finding(
                &format!("report/transaction/{}", of.name),
                Rule::PartySubject,
                "It has not exactly one account, person or entity.",
            ));
        }
    };
    Ok(Side {
        is_my_client,
        funds_code: one(of, &named("funds_code"))?,
        funds_comment: maybe(of, &named("funds_comment")),
        foreign_currency: of.first(&named("foreign_currency")).map(foreign_currency).transpose()?,
        subject,
        country: one(of, &named("country"))?,
    })
}

fn foreign_currency(of: &Element) -> Read<ForeignCurrency> {
    let amount = money(of, "foreign_amount", currency(of, "foreign_currency_code")?)?;
    let rate = decimal(&one(of, "foreign_exchange_rate")?);
    let rate = rate.ok_or_else(|| finding("t_foreign_currency/foreign_exchange_rate", Rule::Amount, "It is no rate."))?;
    Ok(ForeignCurrency { amount, exchange_rate: rate })
}

fn account(of: &Element) -> Read<Account> {
    Ok(Account {
        institution_name: maybe(of, "institution_name"),
        institution_code: maybe(of, "institution_code"),
        swift: maybe(of, "swift"),
        branch: maybe(of, "branch"),
        account: one(of, "account")?,
        currency_code: of.first("currency_code").map(|_| currency(of, "currency_code")).transpose()?,
        account_name: maybe(of, "account_name"),
        client_number: maybe(of, "client_number"),
        personal_account_type: maybe(of, "personal_account_type"),
        t_entity: of.first("t_entity").map(entity).transpose()?,
        signatories: each(of, "signatory", signatory)?,
        opened: day(of, "opened")?,
        closed: day(of, "closed")?,
        status_code: maybe(of, "status_code"),
    })
}

fn signatory(of: &Element) -> Read<Signatory> {
    let is_primary = of.text_of("is_primary").map(|text| text == "true");
    Ok(Signatory { is_primary, person: person(inner(of, "t_person")?)?, role: maybe(of, "role") })
}

fn person(of: &Element) -> Read<Person> {
    Ok(Person {
        gender: of.text_of("gender").map(|text| if text == "M" { Gender::Male } else { Gender::Female }),
        title: maybe(of, "title"),
        first_name: one(of, "first_name")?,
        middle_name: maybe(of, "middle_name"),
        last_name: one(of, "last_name")?,
        birthdate: day(of, "birthdate")?,
        birth_place: maybe(of, "birth_place"),
        alias: maybe(of, "alias"),
        passport_number: maybe(of, "passport_number"),
        passport_country: maybe(of, "passport_country"),
        id_number: maybe(of, "id_number"),
        nationality1: maybe(of, "nationality1"),
        residence: maybe(of, "residence"),
        phones: phones(of)?,
        addresses: addresses(of)?,
        email: maybe(of, "email"),
        occupation: maybe(of, "occupation"),
        identifications: each(of, "identification", identification)?,
        comments: maybe(of, "comments"),
    })
}

fn entity(of: &Element) -> Read<Entity> {
    Ok(Entity {
        name: one(of, "name")?,
        commercial_name: maybe(of, "commercial_name"),
        incorporation_legal_form: maybe(of, "incorporation_legal_form"),
        incorporation_number: maybe(of, "incorporation_number"),
        business: maybe(of, "business"),
        phones: phones(of)?,
        addresses: addresses(of)?,
        email: maybe(of, "email"),
        incorporation_country_code: maybe(of, "incorporation_country_code"),
        incorporation_date: day(of, "incorporation_date")?,
        tax_number: maybe(of, "tax_number"),
        comments: maybe(of, "comments"),
    })
}

fn phones(of: &Element) -> Read<Vec<Phone>> {
    of.first("phones").map_or_else(|| Ok(Vec::new()), |phones| each(phones, "phone", phone))
}

fn addresses(of: &Element) -> Read<Vec<Address>> {
    of.first("addresses").map_or_else(|| Ok(Vec::new()), |addresses| each(addresses, "address", address))
}

fn phone(of: &Element) -> Read<Phone> {
    Ok(Phone {
        contact_type: one(of, "tph_contact_type")?,
        communication_type: one(of, "tph_communication_type")?,
        country_prefix: maybe(of, "tph_country_prefix"),
        number: one(of, "tph_number")?,
    })
}

fn address(of: &Element) -> Read<Address> {
    Ok(Address {
        address_type: one(of, "address_type")?,
        address: one(of, "address")?,
        town: maybe(of, "town"),
        city: one(of, "city")?,
        zip: maybe(of, "zip"),
        country_code: one(of, "country_code")?,
        state: maybe(of, "state"),
    })
}

fn identification(of: &Element) -> Read<Identification> {
    Ok(Identification {
        kind: one(of, "type")?,
        number: one(of, "number")?,
        issue_date: day(of, "issue_date")?,
        expiry_date: day(of, "expiry_date")?,
        issued_by: maybe(of, "issued_by"),
        issue_country: one(of, "issue_country")?,
    })
}
