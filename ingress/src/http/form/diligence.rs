//! What is asked of identities and cases.
//!
//! A document's number goes no further than here: what is made of it is a digest and its end. Its zone is read here too, and has to say
//! what the description says.

use super::super::fields::Fields;
use super::text::{self, parse};
use schemas::country::is_country;
use schemas::diligence::address;
use schemas::diligence::case::{CaseOutcome, DUE_MS_MAX, DUE_MS_MIN};
use schemas::diligence::{
    About, CaseKind, DecideKyc, FourEyes, KycDecision, NOTE_MAX, OpenCase, PostalAddress, Presented, SetAddress, SubmitDocument,
    UpdateCustomer, Work, WorkCase,
};
use schemas::document::{Document, Mrz, Part, agrees};
use schemas::{AmlSetting, CaseId, CasePolicy, CustomerId, Diligence, Operation, day};
use std::time::{SystemTime, UNIX_EPOCH};

/// Most lines of a zone.
const LINES_MAX: usize = 3;

/// What can be asked; what a path names is none where it can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Wanted {
    /// Change what is known of a customer.
    Update(Option<CustomerId>),
    /// Say where a customer lives.
    Address(Option<CustomerId>),
    /// Say that this is not known any more.
    NoAddress(Option<CustomerId>),
    /// Present a document.
    Document(Option<CustomerId>),
    /// Decide on who a customer is.
    Kyc(Option<CaseId>),
    /// Open a case.
    Open,
    /// Say whose a case is.
    Assign(Option<CaseId>),
    /// Say something about one.
    Comment(Option<CaseId>),
    /// Let one sleep.
    Snooze(Option<CaseId>),
    /// Make one more urgent.
    Escalate(Option<CaseId>),
    /// End one.
    Decide(Option<CaseId>),
    /// Set how long cases may take.
    Policy,
}

pub(super) fn read(wanted: Wanted, fields: &mut Fields) -> Option<Operation> {
    let asked = match wanted {
        Wanted::Update(id) => Diligence::UpdateCustomer(update(id, fields)?),
        Wanted::Address(id) => {
            let address = home(fields);
            let customer_id = fields.path("id", id, text::UUID);
            Diligence::SetAddress(SetAddress { customer_id: customer_id?, address: Some(address?) })
        }
        Wanted::NoAddress(id) => Diligence::SetAddress(SetAddress { customer_id: fields.path("id", id, text::UUID)?, address: None }),
        Wanted::Document(id) => Diligence::SubmitDocument(document(id, fields)?),
        Wanted::Kyc(id) => Diligence::DecideKyc(kyc(id, fields)?),
        Wanted::Open => Diligence::OpenCase(open(fields)?),
        Wanted::Assign(id) => {
            let assignee = fields.optional("assignee", subject);
            let reason = fields.optional("reason", note);
            let case_id = fields.path("id", id, text::UUID);
            Diligence::WorkCase(WorkCase { case_id: case_id?, work: Work::Assign(assignee), reason })
        }
        Wanted::Comment(id) => work(id, Some(Work::Comment), "comment", fields)?,
        Wanted::Snooze(id) => {
            let until = fields.required("until", text::moment);
            work(id, until.map(Work::Snooze), "reason", fields)?
        }
        Wanted::Escalate(id) => work(id, Some(Work::Escalate), "reason", fields)?,
        Wanted::Decide(id) => {
            let outcome = fields.required("outcome", outcome);
            work(id, outcome.map(Work::Decide), "reason", fields)?
        }
        Wanted::Policy => return Some(Operation::SetAml(AmlSetting::Cases(policy(fields)?))),
    };
    Some(Operation::Diligence(Box::new(asked)))
}

fn update(id: Option<CustomerId>, fields: &mut Fields) -> Option<UpdateCustomer> {
    let nothing = fields.says_nothing();
    let full_name = fields.optional("full_name", text::full_name);
    let msisdn = fields.optional("msisdn", text::msisdn);
    let country = fields.optional("country", text::country);
    let date_of_birth = fields.optional("date_of_birth", birth);
    let customer_id = fields.path("id", id, text::UUID);
    if nothing {
        return fields.wrong_itself("expected full_name, msisdn, country or date_of_birth");
    }
    Some(UpdateCustomer { customer_id: customer_id?, full_name, msisdn, country, date_of_birth })
}

fn home(fields: &mut Fields) -> Option<PostalAddress> {
    let of = |most| move |text: &str| short(text, most);
    let street_name = fields.optional("street_name", of(address::NAME_MAX));
    let building_number = fields.optional("building_number", of(address::CODE_MAX));
    let post_code = fields.optional("post_code", of(address::CODE_MAX));
    let town_name = fields.required("town_name", of(address::NAME_MAX));
    let country_sub_division = fields.optional("country_sub_division", of(address::REGION_MAX));
    let country = fields.required("country", |text| {
        if is_country(text) { Ok(text.to_owned()) } else { Err("expected an ISO 3166-1 alpha-2 code, such as SN".to_owned()) }
    });
    let address_lines = if fields.says("address_lines") {
        fields.texts("address_lines", address::LINES_MAX, of(address::LINE_MAX))
    } else {
        fields.optional("address_lines", |_| Ok(Vec::new())).or(Some(Vec::new()))
    };
    Some(PostalAddress {
        street_name,
        building_number,
        post_code,
        town_name: town_name?,
        country_sub_division,
        country: country?,
        address_lines: address_lines?,
    })
}

fn short(text: &str, most: usize) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.chars().nth(most).is_none() && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(format!("expected 1 to {most} characters, not all blank, none of them a control")) }
}

fn document(id: Option<CustomerId>, fields: &mut Fields) -> Option<SubmitDocument> {
    let document_type = fields.required("type", parse);
    let number = fields.required("number", line);
    let country = fields.required("country", line);
    let issued_on = fields.optional("issued_on", past);
    let expires_on = fields.optional("expires_on", date);
    let surname = fields.required("surname", line);
    let given_names = fields.optional("given_names", line).unwrap_or_default();
    let born_on = fields.required("date_of_birth", birth);
    let sex = fields.optional("sex", parse);
    let nationality = fields.optional("nationality", line);
    let mrz = if fields.says("mrz") {
        fields.texts("mrz", LINES_MAX, |line| Ok(line.to_owned()))
    } else {
        fields.optional("mrz", |_| Ok(Vec::new())).or(Some(Vec::new()))
    };
    let customer_id = fields.path("id", id, text::UUID);
    if fields.is_wrong() {
        return None;
    }
    let document = Document {
        document_type: document_type?,
        number: number?,
        country: country?,
        issued_on,
        expires_on,
        surname: surname?,
        given_names,
        born_on: born_on?,
        sex,
        nationality,
        mrz: mrz?,
    };
    if let Err(unreadable) = document.check() {
        return fields.wrong(named(&unreadable.what), &format!("expected {}", unreadable.expected));
    }
    if !document.mrz.is_empty() {
        zone(&document, fields)?;
    }
    Some(SubmitDocument { customer_id: customer_id?, document: Presented::of(&document) })
}

/// Whether the zone is one, and says what the description says; otherwise every part that is wrong, by the field that has it.
fn zone(document: &Document, fields: &mut Fields) -> Option<()> {
    if !document.document_type.may_have_zone() {
        return fields.wrong("mrz", &format!("a {} has no machine-readable zone", document.document_type));
    }
    let zone = match Mrz::read(&document.mrz, today()) {
        Ok(zone) => zone,
        Err(faults) => {
            for fault in faults {
                fields.wrong::<()>("mrz", &fault.to_string());
            }
            return None;
        }
    };
    for difference in agrees(document, &zone) {
        fields.wrong::<()>(declared(difference.part), &difference.to_string());
    }
    if fields.is_wrong() { None } else { Some(()) }
}

/// The field in which a part is declared.
const fn declared(part: Part) -> &'static str {
    match part {
        Part::Code => "type",
        Part::Issuer => "country",
        Part::Number => "number",
        Part::Surname => "surname",
        Part::GivenNames => "given_names",
        Part::Nationality => "nationality",
        Part::Birth => "date_of_birth",
        Part::Sex => "sex",
        Part::Expiry => "expires_on",
        Part::Zone | Part::Optional | Part::Composite => "mrz",
    }
}

/// The field of what a document's own check calls so.
fn named(what: &str) -> &'static str {
    match what {
        "document number" => "number",
        "country" => "country",
        "nationality" => "nationality",
        "surname" => "surname",
        "given names" => "given_names",
        "date of issue" => "issued_on",
        _ => "expires_on",
    }
}

fn kyc(id: Option<CaseId>, fields: &mut Fields) -> Option<DecideKyc> {
    let decision = fields.required("decision", parse);
    let level = fields.optional("level", text::known_level);
    let reason = fields.required("reason", note);
    let case_id = fields.path("id", id, text::UUID);
    let (case_id, decision, reason) = (case_id?, decision?, reason?);
    match (decision, level) {
        (KycDecision::Approve, None) => return if fields.is_wrong() { None } else { fields.wrong("level", "is missing") },
        (KycDecision::Reject | KycDecision::AskInformation | KycDecision::Expire, Some(_)) => {
            return fields.wrong("level", "stands beside a decision that approves nobody");
        }
        (KycDecision::Approve, Some(_)) | (_, None) => {}
    }
    Some(DecideKyc { case_id, decision, level, reason })
}

fn open(fields: &mut Fields) -> Option<OpenCase> {
    let kind = fields.required("kind", kind);
    let customer_id = fields.optional("customer_id", parse);
    let account_id = fields.optional("account_id", parse);
    let alert_id = fields.optional("alert_id", parse);
    let reason = fields.required("reason", note);
    if fields.is_wrong() {
        return None;
    }
    let about = About { customer_id, account_id, alert_id, hold_id: None };
    let asked = OpenCase { kind: kind?, about, reason: reason? };
    if let Err(unreadable) = asked.check() {
        // Of what it is about, the field that is missing or too much.
        let name = match asked.kind {
            CaseKind::Alert if alert_id.is_none() => "alert_id",
            CaseKind::Enrolment if alert_id.is_some() => "alert_id",
            CaseKind::Enrolment if account_id.is_some() => "account_id",
            CaseKind::Enrolment | CaseKind::Alert | CaseKind::Hit | CaseKind::Review => "customer_id",
        };
        return fields.wrong(name, &format!("expected {}", unreadable.expected));
    }
    Some(asked)
}

fn work(id: Option<CaseId>, work: Option<Work>, said: &'static str, fields: &mut Fields) -> Option<Diligence> {
    let reason = fields.required(said, note);
    let case_id = fields.path("id", id, text::UUID);
    Some(Diligence::WorkCase(WorkCase { case_id: case_id?, work: work?, reason: Some(reason?) }))
}

/// What the body does not name is as it was when nobody had set anything.
fn policy(fields: &mut Fields) -> Option<CasePolicy> {
    let usual = CasePolicy::default();
    let mut time = |name, usual| {
        let within = |ms| {
            if (DUE_MS_MIN..=DUE_MS_MAX).contains(&ms) { Ok(ms) } else { Err(format!("expected {DUE_MS_MIN} to {DUE_MS_MAX}")) }
        };
        fields.optional_number(name, within).unwrap_or(usual)
    };
    let enrolment_due_ms = time("enrolment_due_ms", usual.enrolment_due_ms);
    let alert_due_ms = time("alert_due_ms", usual.alert_due_ms);
    let hit_due_ms = time("hit_due_ms", usual.hit_due_ms);
    let review_due_ms = time("review_due_ms", usual.review_due_ms);
    let confirm_ms = time("confirm_ms", usual.confirm_ms);
    let four_eyes = if fields.says("four_eyes") {
        fields.texts("four_eyes", FourEyes::ALL.len(), parse).map(|decisions| decisions.into_iter().collect())
    } else {
        fields.optional("four_eyes", |_| Ok(usual.four_eyes.clone())).or(Some(usual.four_eyes))
    };
    let four_eyes = four_eyes?;
    Some(CasePolicy { enrolment_due_ms, alert_due_ms, hit_due_ms, review_due_ms, confirm_ms, four_eyes })
}

fn kind(text: &str) -> Result<CaseKind, String> {
    let kind = text.parse().ok().filter(|kind| *kind != CaseKind::Review);
    kind.ok_or_else(|| "expected enrolment, alert, hit".to_owned())
}

fn outcome(text: &str) -> Result<CaseOutcome, String> {
    let outcome = text.parse().ok().filter(|outcome| CaseOutcome::OF_ALERTS.contains(outcome));
    outcome.ok_or_else(|| "expected confirmed_risk, valuable_alert, false_positive".to_owned())
}

fn note(text: &str) -> Result<String, String> {
    short(text, NOTE_MAX)
}

fn subject(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.chars().nth(255).is_none() && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("expected the subject of a member of staff, 1 to 255 characters".to_owned()) }
}

/// A text of a document, which is judged with the rest of it.
fn line(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

fn date(text: &str) -> Result<time::Date, String> {
    let date = day::from_iso(text).filter(|date| date.year() >= 1);
    date.ok_or_else(|| "expected a day such as 2026-11-29".to_owned())
}

fn birth(text: &str) -> Result<time::Date, String> {
    let date = past(text)?;
    if date.year() >= 1850 { Ok(date) } else { Err("expected a day of 1850 or later".to_owned()) }
}

/// A day that has come, or comes next: east of here it is already there.
fn past(text: &str) -> Result<time::Date, String> {
    let (date, today) = (date(text)?, today());
    if date <= today.next_day().unwrap_or(today) {
        Ok(date)
    } else {
        Err(format!("expected a day that has come; today is {}", day::iso(today)))
    }
}

/// The day by the door's clock: by it go the centuries of a zone's days, and which days have not come yet.
fn today() -> time::Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let days = i32::try_from(since.as_secs() / 86_400).unwrap_or_default();
    day::of_number(days).unwrap_or(time::Date::MIN)
}
