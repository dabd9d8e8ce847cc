//! From a report to its elements, in the order of the schema.

use crate::form::Moment;
use crate::report::{
    Account, Address, Entity, ForeignCurrency, Gender, Identification, Person, Phone, Report, Side, Signatory, Subject, Submission,
    Transaction,
};
use crate::xml::Element;
use time::Date;

/// Elements as they come.
#[derive(Default)]
struct Elements(Vec<Element>);

impl Elements {
    fn one(&mut self, name: &str, text: impl Into<String>) {
        self.0.push(Element::text(name, text));
    }

    fn maybe(&mut self, name: &str, text: Option<&String>) {
        if let Some(text) = text {
            self.one(name, text);
        }
    }

    fn day(&mut self, name: &str, day: Option<Date>) {
        if let Some(day) = day {
            self.one(name, Moment::midnight(day).to_string());
        }
    }

    fn node(&mut self, name: &str, elements: Vec<Element>) {
        self.0.push(Element::of(name, elements));
    }

    /// Several under a name of their own; nothing where there are none.
    fn list<Item>(&mut self, name: &str, each: &str, items: &[Item], elements: fn(&Item) -> Vec<Element>) {
        if !items.is_empty() {
            self.node(name, items.iter().map(|item| Element::of(each, elements(item))).collect());
        }
    }
}

/// The root of a report.
pub(crate) fn element(report: &Report) -> Element {
    let mut elements = Elements::default();
    elements.one("rentity_id", report.rentity_id.to_string());
    elements.maybe("rentity_branch", report.rentity_branch.as_ref());
    let submission = match report.submission_code {
        Submission::Electronic => "E",
        Submission::Manual => "M",
    };
    elements.one("submission_code", submission);
    elements.one("report_code", &report.report_code);
    elements.maybe("entity_reference", report.entity_reference.as_ref());
    elements.maybe("fiu_ref_number", report.fiu_ref_number.as_ref());
    elements.one("submission_date", report.submission_date.to_string());
    elements.one("currency_code_local", report.currency_code_local.code());
    elements.node("reporting_person", person(&report.reporting_person));
    if let Some(location) = &report.location {
        elements.node("location", address(location));
    }
    elements.maybe("reason", report.reason.as_ref());
    elements.maybe("action", report.action.as_ref());
    for each in &report.transactions {
        elements.node("transaction", transaction(each));
    }
    elements.node("report_indicators", report.indicators.iter().map(|code| Element::text("indicator", code)).collect());
    Element::of("report", elements.0)
}

fn transaction(transaction: &Transaction) -> Vec<Element> {
    let mut elements = Elements::default();
    elements.one("transactionnumber", &transaction.number);
    elements.maybe("internal_ref_number", transaction.internal_ref_number.as_ref());
    elements.maybe("transaction_location", transaction.location.as_ref());
    elements.maybe("transaction_description", transaction.description.as_ref());
    elements.one("date_transaction", transaction.date.to_string());
    elements.maybe("teller", transaction.teller.as_ref());
    elements.maybe("authorized", transaction.authorized.as_ref());
    elements.one("transmode_code", &transaction.transmode_code);
    elements.maybe("transmode_comment", transaction.transmode_comment.as_ref());
    elements.one("amount_local", transaction.amount_local.to_string());
    for (way, of) in [("from", &transaction.from), ("to", &transaction.to)] {
        let name = if of.is_my_client { format!("t_{way}_my_client") } else { format!("t_{way}") };
        elements.node(&name, side(of, way));
    }
    elements.maybe("comments", transaction.comments.as_ref());
    elements.0
}

fn side(side: &Side, way: &str) -> Vec<Element> {
    let named = |name: &str| format!("{way}_{name}");
    let mut elements = Elements::default();
    elements.one(&named("funds_code"), &side.funds_code);
    elements.maybe(&named("funds_comment"), side.funds_comment.as_ref());
    if let Some(foreign) = &side.foreign_currency {
        elements.node(&named("foreign_currency"), foreign_currency(foreign));
    }
    match &side.subject {
        Subject::Account(of) => elements.node(&named("account"), account(of)),
        Subject::Person(of) => elements.node(&named("person"), person(of)),
        Subject::Entity(of) => elements.node(&named("entity"), entity(of)),
    }
    elements.one(&named("country"), &side.country);
    elements.0
}

fn foreign_currency(foreign: &ForeignCurrency) -> Vec<Element> {
    let mut elements = Elements::default();
    elements.one("foreign_currency_code", foreign.amount.currency.code());
    elements.one("foreign_amount", foreign.amount.to_string());
    elements.one("foreign_exchange_rate", foreign.exchange_rate.normalize().to_string());
    elements.0
}

fn account(account: &Account) -> Vec<Element> {
    let mut elements = Elements::default();
    elements.maybe("institution_name", account.institution_name.as_ref());
    elements.maybe("institution_code", account.institution_code.as_ref());
    elements.maybe("swift", account.swift.as_ref());
    elements.maybe("branch", account.branch.as_ref());
    elements.one("account", &account.account);
    if let Some(currency) = account.currency_code {
        elements.one("currency_code", currency.code());
    }
    elements.maybe("account_name", account.account_name.as_ref());
    elements.maybe("client_number", account.client_number.as_ref());
    elements.maybe("personal_account_type", account.personal_account_type.as_ref());
    if let Some(holder) = &account.t_entity {
        elements.node("t_entity", entity(holder));
    }
    for each in &account.signatories {
        elements.node("signatory", signatory(each));
    }
    elements.day("opened", account.opened);
    elements.day("closed", account.closed);
    elements.maybe("status_code", account.status_code.as_ref());
    elements.0
}

fn signatory(signatory: &Signatory) -> Vec<Element> {
    let mut elements = Elements::default();
    if let Some(is_primary) = signatory.is_primary {
        elements.one("is_primary", is_primary.to_string());
    }
    elements.node("t_person", person(&signatory.person));
    elements.maybe("role", signatory.role.as_ref());
    elements.0
}

fn person(person: &Person) -> Vec<Element> {
    let mut elements = Elements::default();
    if let Some(gender) = person.gender {
        elements.one("gender", if gender == Gender::Male { "M" } else { "F" });
    }
    elements.maybe("title", person.title.as_ref());
    elements.one("first_name", &person.first_name);
    elements.maybe("middle_name", person.middle_name.as_ref());
    elements.one("last_name", &person.last_name);
    elements.day("birthdate", person.birthdate);
    elements.maybe("birth_place", person.birth_place.as_ref());
    elements.maybe("alias", person.alias.as_ref());
    elements.maybe("passport_number", person.passport_number.as_ref());
    elements.maybe("passport_country", person.passport_country.as_ref());
    elements.maybe("id_number", person.id_number.as_ref());
    elements.maybe("nationality1", person.nationality1.as_ref());
    elements.maybe("residence", person.residence.as_ref());
    elements.list("phones", "phone", &person.phones, phone);
    elements.list("addresses", "address", &person.addresses, address);
    elements.maybe("email", person.email.as_ref());
    elements.maybe("occupation", person.occupation.as_ref());
    for each in &person.identifications {
        elements.node("identification", identification(each));
    }
    elements.maybe("comments", person.comments.as_ref());
    elements.0
}

fn entity(entity: &Entity) -> Vec<Element> {
    let mut elements = Elements::default();
    elements.one("name", &entity.name);
    elements.maybe("commercial_name", entity.commercial_name.as_ref());
    elements.maybe("incorporation_legal_form", entity.incorporation_legal_form.as_ref());
    elements.maybe("incorporation_number", entity.incorporation_number.as_ref());
    elements.maybe("business", entity.business.as_ref());
    elements.list("phones", "phone", &entity.phones, phone);
    elements.list("addresses", "address", &entity.addresses, address);
    elements.maybe("email", entity.email.as_ref());
    elements.maybe("incorporation_country_code", entity.incorporation_country_code.as_ref());
    elements.day("incorporation_date", entity.incorporation_date);
    elements.maybe("tax_number", entity.tax_number.as_ref());
    elements.maybe("comments", entity.comments.as_ref());
    elements.0
}

fn phone(phone: &Phone) -> Vec<Element> {
    let mut elements = Elements::default();
    elements.one("tph_contact_type", &phone.contact_type);
    elements.one("tph_communication_type", &phone.communication_type);
    elements.maybe("tph_country_prefix", phone.country_prefix.as_ref());
    elements.one("tph_number", &phone.number);
    elements.0
}

fn address(address: &Address) -> Vec<Element> {
    let mut elements = Elements::default();
    elements.one("address_type", &address.address_type);
    elements.one("address", &address.address);
    elements.maybe("town", address.town.as_ref());
    elements.one("city", &address.city);
    elements.maybe("zip", address.zip.as_ref());
    elements.one("country_code", &address.country_code);
    elements.maybe("state", address.state.as_ref());
    elements.0
}

fn identification(document: &Identification) -> Vec<Element> {
    let mut elements = Elements::default();
    elements.one("type", &document.kind);
    elements.one("number", &document.number);
    elements.day("issue_date", document.issue_date);
    elements.day("expiry_date", document.expiry_date);
    elements.maybe("issued_by", document.issued_by.as_ref());
    elements.one("issue_country", &document.issue_country);
    elements.0
}
