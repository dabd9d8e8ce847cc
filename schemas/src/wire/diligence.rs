//! What is asked of identities and cases, on the wire; and a document and a policy as events have them too.

use crate::customer::KycLevel;
use crate::day;
use crate::diligence;
use crate::diligence::case::{About, CaseKind, CaseOutcome, FourEyes, Work};
use crate::diligence::kyc::{KycDecision, Presented};
use crate::document::DocumentType;
use crate::epoch::Epoch;
use crate::id::{AccountId, AlertId, CaseId, CustomerId, HoldId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use time::Date;

#[derive(Serialize, Deserialize)]
#[serde(remote = "diligence::CasePolicy")]
pub(super) struct CasePolicy {
    enrolment_due_ms: u64,
    alert_due_ms: u64,
    hit_due_ms: u64,
    review_due_ms: u64,
    confirm_ms: u64,
    four_eyes: BTreeSet<FourEyes>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct UpdateCustomer {
    customer_id: CustomerId,
    #[serde(default)]
    full_name: Option<String>,
    #[serde(default)]
    msisdn: Option<String>,
    #[serde(default)]
    country: Option<String>,
    #[serde(default)]
    date_of_birth: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "diligence::SetAddress")]
pub(super) struct SetAddress {
    customer_id: CustomerId,
    #[serde(default)]
    address: Option<diligence::PostalAddress>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SubmitDocument {
    customer_id: CustomerId,
    document: Document,
}

/// A document without its number.
#[derive(Serialize, Deserialize)]
pub(super) struct Document {
    r#type: DocumentType,
    digest: String,
    number_end: String,
    country: String,
    #[serde(default)]
    issued_on: Option<String>,
    #[serde(default)]
    expires_on: Option<String>,
    surname: String,
    given_names: String,
    born_on: String,
    has_zone: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DecideKyc {
    case_id: CaseId,
    decision: KycDecision,
    #[serde(default)]
    level: Option<KycLevel>,
    reason: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct OpenCase {
    kind: CaseKind,
    #[serde(default)]
    customer_id: Option<CustomerId>,
    #[serde(default)]
    account_id: Option<AccountId>,
    #[serde(default)]
    alert_id: Option<AlertId>,
    #[serde(default)]
    hold_id: Option<HoldId>,
    reason: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WorkCase {
    case_id: CaseId,
    work: What,
    #[serde(default)]
    assignee: Option<String>,
    #[serde(default)]
    until: Option<Epoch>,
    #[serde(default)]
    outcome: Option<CaseOutcome>,
    #[serde(default)]
    reason: Option<String>,
}

/// What is done about a case; each has the field that it needs, and no other.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Assign,
    Comment,
    Snooze,
    Escalate,
    Decide,
}

impl UpdateCustomer {
    pub(super) fn of(update: &diligence::UpdateCustomer) -> Self {
        let diligence::UpdateCustomer { customer_id, full_name, msisdn, country, date_of_birth } = update.clone();
        Self { customer_id, full_name, msisdn, country, date_of_birth: date_of_birth.map(day::iso) }
    }

    pub(super) fn asked(self) -> Result<diligence::UpdateCustomer, String> {
        let Self { customer_id, full_name, msisdn, country, date_of_birth } = self;
        let date_of_birth = date_of_birth.map(|text| date(&text)).transpose()?;
        Ok(diligence::UpdateCustomer { customer_id, full_name, msisdn, country, date_of_birth })
    }
}

impl SubmitDocument {
    pub(super) fn of(submit: &diligence::SubmitDocument) -> Self {
        Self { customer_id: submit.customer_id, document: Document::of(&submit.document) }
    }

    pub(super) fn asked(self) -> Result<diligence::SubmitDocument, String> {
        Ok(diligence::SubmitDocument { customer_id: self.customer_id, document: self.document.presented()? })
    }
}

impl Document {
    pub(super) fn of(document: &Presented) -> Self {
        Self {
            r#type: document.document_type,
            digest: document.digest.to_string(),
            number_end: document.number_end.clone(),
            country: document.country.clone(),
            issued_on: document.issued_on.map(day::iso),
            expires_on: document.expires_on.map(day::iso),
            surname: document.surname.clone(),
            given_names: document.given_names.clone(),
            born_on: day::iso(document.born_on),
            has_zone: document.has_zone,
        }
    }

    pub(super) fn presented(self) -> Result<Presented, String> {
        Ok(Presented {
            document_type: self.r#type,
            digest: self.digest.parse().map_err(|error: crate::money::Unreadable| error.to_string())?,
            number_end: self.number_end,
            country: self.country,
            issued_on: self.issued_on.map(|text| date(&text)).transpose()?,
            expires_on: self.expires_on.map(|text| date(&text)).transpose()?,
            surname: self.surname,
            given_names: self.given_names,
            born_on: date(&self.born_on)?,
            has_zone: self.has_zone,
        })
    }
}

impl DecideKyc {
    pub(super) fn of(decide: &diligence::DecideKyc) -> Self {
        let diligence::DecideKyc { case_id, decision, level, reason } = decide.clone();
        Self { case_id, decision, level, reason }
    }

    pub(super) fn asked(self) -> diligence::DecideKyc {
        let Self { case_id, decision, level, reason } = self;
        diligence::DecideKyc { case_id, decision, level, reason }
    }
}

impl OpenCase {
    pub(super) fn of(open: &diligence::OpenCase) -> Self {
        let About { customer_id, account_id, alert_id, hold_id } = open.about;
        Self { kind: open.kind, customer_id, account_id, alert_id, hold_id, reason: open.reason.clone() }
    }

    pub(super) fn asked(self) -> diligence::OpenCase {
        let Self { kind, customer_id, account_id, alert_id, hold_id, reason } = self;
        diligence::OpenCase { kind, about: About { customer_id, account_id, alert_id, hold_id }, reason }
    }
}

impl WorkCase {
    pub(super) fn of(asked: &diligence::WorkCase) -> Self {
        let (mut assignee, mut until, mut outcome) = (None, None, None);
        let work = match &asked.work {
            Work::Assign(subject) => {
                assignee.clone_from(subject);
                What::Assign
            }
            Work::Comment => What::Comment,
            Work::Snooze(epoch) => {
                until = Some(*epoch);
                What::Snooze
            }
            Work::Escalate => What::Escalate,
            Work::Decide(how) => {
                outcome = Some(*how);
                What::Decide
            }
        };
        Self { case_id: asked.case_id, work, assignee, until, outcome, reason: asked.reason.clone() }
    }

    pub(super) fn asked(self) -> Result<diligence::WorkCase, String> {
        let work = match (self.work, self.assignee, self.until, self.outcome) {
            (What::Assign, assignee, None, None) => Work::Assign(assignee),
            (What::Comment, None, None, None) => Work::Comment,
            (What::Snooze, None, Some(until), None) => Work::Snooze(until),
            (What::Escalate, None, None, None) => Work::Escalate,
            (What::Decide, None, None, Some(outcome)) => Work::Decide(outcome),
            (what, ..) => return Err(format!("{what:?} has a field that is not its own, or lacks its own")),
        };
        Ok(diligence::WorkCase { case_id: self.case_id, work, reason: self.reason })
    }
}

pub(super) fn date(text: &str) -> Result<Date, String> {
    day::from_iso(text).ok_or_else(|| format!("{text:?} is no day"))
}
