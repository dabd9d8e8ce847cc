//! What is asked of identities and cases, as a line says it.

use super::asked::read;
use schemas::diligence::{
    About, CaseKind, CaseOutcome, DecideKyc, FourEyes, KycDecision, OpenCase, PostalAddress, Presented, SetAddress, SubmitDocument,
    UpdateCustomer, Work, WorkCase,
};
use schemas::document::DocumentType;
use schemas::{AlertId, CasePolicy, Diligence as Wanted, Epoch, HoldId, KycLevel, day};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::str::FromStr;
use time::Date;

/// All of it, flat: the operation's name says what it may have. An id may be a name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Diligence {
    /// Of an update, a document or a new case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Of a new case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Of a new case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert_id: Option<AlertId>,
    /// Of a new case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<HoldId>,
    /// Of an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Of an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msisdn: Option<String>,
    /// Of an update or a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Of an update or a document; YYYY-MM-DD, as every day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<String>,
    /// Of an address; not known any more without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
    /// Of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<DocumentType>,
    /// Of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_end: Option<String>,
    /// Of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<String>,
    /// Of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<String>,
    /// Of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surname: Option<String>,
    /// Of a document; none without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_names: Option<String>,
    /// Of a document; false without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_zone: Option<bool>,
    /// Of a decision, or of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<String>,
    /// Of a decision on a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<KycDecision>,
    /// Of an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<KycLevel>,
    /// Of a new case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<CaseKind>,
    /// Of an assignment; nobody's without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Of a case that is to sleep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Epoch>,
    /// Of a decision on a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<CaseOutcome>,
    /// Why, or what is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of the policy: enrolments, alerts, hits, reviews and confirmations, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times_ms: Option<[u64; 5]>,
    /// Of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub four_eyes: Option<BTreeSet<FourEyes>>,
}

/// The names of the operations, but for that which sets the policy.
pub(super) const OPERATIONS: &[&str] = &[
    "update_customer",
    "set_address",
    "submit_document",
    "decide_kyc",
    "open_case",
    "assign_case",
    "comment_case",
    "snooze_case",
    "escalate_case",
    "decide_case",
];

impl Diligence {
    /// What an operation of this name asks.
    pub(super) fn asked(&self, named: &str, id: &impl Fn(&str) -> Result<String, String>) -> Result<Wanted, String> {
        let customer = || some("customer_id", self.customer_id.as_deref()).and_then(|text| named_id(text, id));
        let reason = || some("reason", self.reason.clone());
        Ok(match named {
            "update_customer" => Wanted::UpdateCustomer(UpdateCustomer {
                customer_id: customer()?,
                full_name: self.full_name.clone(),
                msisdn: self.msisdn.clone(),
                country: self.country.clone(),
                date_of_birth: date(self.date_of_birth.as_deref())?,
            }),
            "set_address" => Wanted::SetAddress(SetAddress { customer_id: customer()?, address: self.address.clone() }),
            "submit_document" => Wanted::SubmitDocument(SubmitDocument { customer_id: customer()?, document: self.document()? }),
            "decide_kyc" => Wanted::DecideKyc(DecideKyc {
                case_id: named_id(&some("case_id", self.case_id.clone())?, id)?,
                decision: some("decision", self.decision)?,
                level: self.level,
                reason: reason()?,
            }),
            "open_case" => {
                let about = About {
                    customer_id: self.customer_id.as_deref().map(|text| named_id(text, id)).transpose()?,
                    account_id: self.account_id.as_deref().map(|text| named_id(text, id)).transpose()?,
                    alert_id: self.alert_id,
                    hold_id: self.hold_id,
                };
                Wanted::OpenCase(OpenCase { kind: some("kind", self.kind)?, about, reason: reason()? })
            }
            other => Wanted::WorkCase(WorkCase {
                case_id: named_id(&some("case_id", self.case_id.clone())?, id)?,
                work: match other {
                    "assign_case" => Work::Assign(self.assignee.clone()),
                    "comment_case" => Work::Comment,
                    "snooze_case" => Work::Snooze(some("until", self.until)?),
                    "escalate_case" => Work::Escalate,
                    _ => Work::Decide(some("outcome", self.outcome)?),
                },
                reason: self.reason.clone(),
            }),
        })
    }

    /// The policy that it sets.
    pub(super) fn policy(&self) -> CasePolicy {
        let CasePolicy { enrolment_due_ms, alert_due_ms, hit_due_ms, review_due_ms, confirm_ms, four_eyes } = CasePolicy::default();
        let usual = [enrolment_due_ms, alert_due_ms, hit_due_ms, review_due_ms, confirm_ms];
        let [enrolment_due_ms, alert_due_ms, hit_due_ms, review_due_ms, confirm_ms] = self.times_ms.unwrap_or(usual);
        let four_eyes = self.four_eyes.clone().unwrap_or(four_eyes);
        CasePolicy { enrolment_due_ms, alert_due_ms, hit_due_ms, review_due_ms, confirm_ms, four_eyes }
    }

    fn document(&self) -> Result<Presented, String> {
        Ok(Presented {
            document_type: some("type", self.r#type)?,
            digest: read(some("digest", self.digest.as_deref())?.parse())?,
            number_end: some("number_end", self.number_end.clone())?,
            country: some("country", self.country.clone())?,
            issued_on: date(self.issued_on.as_deref())?,
            expires_on: date(self.expires_on.as_deref())?,
            surname: some("surname", self.surname.clone())?,
            given_names: self.given_names.clone().unwrap_or_default(),
            born_on: some("date_of_birth", date(self.date_of_birth.as_deref())?)?,
            has_zone: self.has_zone.unwrap_or(false),
        })
    }

    pub(super) fn of_policy(policy: &CasePolicy) -> Self {
        let times_ms = Some(policy.times().map(|(_, time)| time));
        Self { times_ms, four_eyes: Some(policy.four_eyes.clone()), ..Self::default() }
    }

    pub(super) fn of(asked: &Wanted) -> Self {
        match asked {
            Wanted::UpdateCustomer(update) => Self {
                customer_id: Some(update.customer_id.to_string()),
                full_name: update.full_name.clone(),
                msisdn: update.msisdn.clone(),
                country: update.country.clone(),
                date_of_birth: update.date_of_birth.map(day::iso),
                ..Self::default()
            },
            Wanted::SetAddress(SetAddress { customer_id, address }) => {
                Self { customer_id: Some(customer_id.to_string()), address: address.clone(), ..Self::default() }
            }
            Wanted::SubmitDocument(SubmitDocument { customer_id, document }) => Self {
                customer_id: Some(customer_id.to_string()),
                r#type: Some(document.document_type),
                digest: Some(document.digest.to_string()),
                number_end: Some(document.number_end.clone()),
                country: Some(document.country.clone()),
                issued_on: document.issued_on.map(day::iso),
                expires_on: document.expires_on.map(day::iso),
                surname: Some(document.surname.clone()),
                given_names: Some(document.given_names.clone()),
                date_of_birth: Some(day::iso(document.born_on)),
                has_zone: Some(document.has_zone),
                ..Self::default()
            },
            Wanted::DecideKyc(decide) => Self {
                case_id: Some(decide.case_id.to_string()),
                decision: Some(decide.decision),
                level: decide.level,
                reason: Some(decide.reason.clone()),
                ..Self::default()
            },
            Wanted::OpenCase(open) => Self {
                kind: Some(open.kind),
                customer_id: open.about.customer_id.map(|id| id.to_string()),
                account_id: open.about.account_id.map(|id| id.to_string()),
                alert_id: open.about.alert_id,
                hold_id: open.about.hold_id,
                reason: Some(open.reason.clone()),
                ..Self::default()
            },
            Wanted::WorkCase(work) => {
                let blank = Self { case_id: Some(work.case_id.to_string()), reason: work.reason.clone(), ..Self::default() };
                match &work.work {
                    Work::Assign(assignee) => Self { assignee: assignee.clone(), ..blank },
                    Work::Snooze(until) => Self { until: Some(*until), ..blank },
                    Work::Decide(outcome) => Self { outcome: Some(*outcome), ..blank },
                    Work::Comment | Work::Escalate => blank,
                }
            }
        }
    }

    /// Where a name may stand.
    pub(super) fn texts(&self) -> impl Iterator<Item = &String> {
        [&self.customer_id, &self.account_id, &self.case_id].into_iter().flatten()
    }
}

fn some<T>(field: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("diligence needs {field}"))
}

fn named_id<T: FromStr<Err = schemas::money::Unreadable>>(text: &str, id: &impl Fn(&str) -> Result<String, String>) -> Result<T, String> {
    read(id(text)?.parse())
}

fn date(text: Option<&str>) -> Result<Option<Date>, String> {
    text.map(|text| day::from_iso(text).ok_or_else(|| format!("{text:?} is no day"))).transpose()
}
