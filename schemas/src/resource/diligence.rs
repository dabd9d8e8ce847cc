//! Identities and cases as HTTP clients see them.

use crate::customer::{KycLevel, KycStatus};
use crate::day;
use crate::diligence::address::{AddressSet, PostalAddress};
use crate::diligence::case::{self, CaseChange, CaseKind, CaseOutcome, CaseStatus, FourEyes};
use crate::diligence::kyc::{self, KycSubStatus, Presented};
use crate::document::DocumentType;
use crate::epoch::Epoch;
use crate::id::{AccountId, AlertId, CaseId, CustomerId, HoldId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is known of a customer from now on; what is absent is as before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerUpdate {
    /// The customer.
    pub customer_id: CustomerId,
    /// As on the identity document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Awa Diop")]
    pub full_name: Option<String>,
    /// Mobile number in E.164 form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "+221771234567")]
    pub msisdn: Option<String>,
    /// ISO 3166-1 alpha-2 country of residence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "SN")]
    pub country: Option<String>,
    /// When they were born.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "1990-04-17")]
    pub date_of_birth: Option<String>,
    /// When it was decided.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// Where a customer lives from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddressUpdate {
    /// The customer.
    pub customer_id: CustomerId,
    /// Where; null where that is not known any more.
    pub address: Option<PostalAddress>,
    /// When it was decided.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// A document, without its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentShown {
    /// What it is.
    pub r#type: DocumentType,
    /// The end of its number.
    #[schema(example = "...6789")]
    pub number: String,
    /// Who issued it.
    #[schema(example = "SN")]
    pub country: String,
    /// When.
    #[schema(example = "2022-03-01")]
    pub issued_on: Option<String>,
    /// The last day on which it is good; null where it doesn't end.
    #[schema(example = "2032-03-01")]
    pub expires_on: Option<String>,
    /// The holder's family name as printed.
    #[schema(example = "Diop")]
    pub surname: String,
    /// The other names.
    #[schema(example = "Awa")]
    pub given_names: String,
    /// When the holder was born.
    #[schema(example = "1990-04-17")]
    pub date_of_birth: String,
    /// Whether a machine-readable zone came with it, whose digits are right and which says the same.
    pub mrz_checked: bool,
}

/// A document that was presented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentSubmitted {
    /// Whose.
    pub customer_id: CustomerId,
    /// Where their identity verification stands now.
    pub status: KycStatus,
    /// More about that.
    pub sub_status: Option<KycSubStatus>,
    /// The document.
    pub document: DocumentShown,
    /// When it was decided.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// What happened to a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseUpdate {
    /// Which.
    pub case_id: CaseId,
    /// What.
    pub change: CaseChange,
    /// Where it stands now.
    pub status: CaseStatus,
    /// What is there now: whose it is, until when it sleeps, how urgent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "staff")]
    pub value: Option<String>,
    /// How it ended, or would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub outcome: Option<CaseOutcome>,
    /// How far a customer is known by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub level: Option<KycLevel>,
    /// When it was decided.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// How long cases may take, and which decisions need two members of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CasePolicy {
    /// An enrolment is due so many milliseconds after it was opened.
    #[schema(example = 259_200_000_u64)]
    pub enrolment_due_ms: u64,
    /// An alert.
    #[schema(example = 864_000_000_u64)]
    pub alert_due_ms: u64,
    /// A hit.
    #[schema(example = 86_400_000_u64)]
    pub hit_due_ms: u64,
    /// A review.
    #[schema(example = 86_400_000_u64)]
    pub review_due_ms: u64,
    /// A decision that nobody has confirmed for so long is none.
    #[schema(example = 259_200_000_u64)]
    pub confirm_ms: u64,
    /// Which decisions need two.
    pub four_eyes: Vec<FourEyes>,
    /// How many there have been.
    #[schema(example = 1)]
    pub version: u32,
    /// The subject of whoever set it.
    #[schema(example = "staff")]
    pub set_by: String,
    /// When it was set.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Why somebody has to look.
    pub kind: CaseKind,
    /// Where it stands.
    pub status: CaseStatus,
    /// The customer whom it is about.
    pub customer_id: Option<CustomerId>,
    /// The account.
    pub account_id: Option<AccountId>,
    /// The alert.
    pub alert_id: Option<AlertId>,
    /// What is held.
    pub hold_id: Option<HoldId>,
    /// Whose it is.
    #[schema(example = "staff")]
    pub assignee: Option<String>,
    /// How urgent it is, 0 to 3.
    #[schema(maximum = 3, example = 0)]
    pub escalation: u32,
    /// When it was opened.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub opened_at: Epoch,
    /// By when it is due.
    #[schema(value_type = u64, example = 1_764_259_200_123_u64)]
    pub due_at: Epoch,
    /// Whether that is over, and it is not closed.
    pub overdue: bool,
    /// How long it took, or takes by now.
    #[schema(example = 3_600_000_u64)]
    pub age_ms: u64,
    /// Until when it sleeps.
    #[schema(value_type = Option<u64>, example = 1_764_086_400_000_u64)]
    pub snoozed_until: Option<Epoch>,
    /// Who decided, where somebody else has to confirm it.
    pub maker: Option<String>,
    /// How it ended, or would by what waits for confirmation.
    pub outcome: Option<CaseOutcome>,
    /// How far a customer is known by that.
    pub level: Option<KycLevel>,
    /// When it was closed.
    #[schema(value_type = Option<u64>, example = 1_764_086_400_000_u64)]
    pub closed_at: Option<Epoch>,
}

/// Something that happened to a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseEvent {
    /// What.
    pub change: CaseChange,
    /// Where it stood from then on.
    pub status: CaseStatus,
    /// What was there before.
    pub previous: Option<String>,
    /// What was there from then on.
    pub value: Option<String>,
    /// How it ended, or would.
    pub outcome: Option<CaseOutcome>,
    /// How far a customer is known by that.
    pub level: Option<KycLevel>,
    /// The subject of whoever did it; `orion` where it was time.
    #[schema(example = "staff")]
    pub by: String,
    /// Why, or what was said.
    pub reason: Option<String>,
    /// When.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// A case with what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseHistory {
    /// The case.
    pub case: Case,
    /// What happened, the first first.
    pub history: Vec<CaseEvent>,
    /// The epoch of the view that this was read from.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

/// Where a customer stands with their identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Kyc {
    /// The customer.
    pub customer_id: CustomerId,
    /// In a word.
    pub status: KycStatus,
    /// And in a second one.
    pub sub_status: Option<KycSubStatus>,
    /// How far they are known.
    pub level: KycLevel,
    /// What they have presented, the first first.
    pub documents: Vec<KycDocument>,
    /// The case that is open about it.
    pub open_case: Option<CaseId>,
    /// The epoch of the view that this was read from.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

/// A document that a customer has presented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KycDocument {
    /// The document.
    #[serde(flatten)]
    pub document: DocumentShown,
    /// When it was presented.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub submitted_at: Epoch,
    /// The customer who had presented the same document before; for staff alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub duplicate_of: Option<CustomerId>,
}

/// Something that was taken and is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingItem {
    /// What it is: a `hold` for a payee, a `review` of a payment that is held, an `order` whose day has not come, a `case` that is open, or a
    /// `customer` of whom it is not known who they are.
    #[schema(example = "case")]
    pub what: String,
    /// The id of the hold, the order, the case or the customer.
    pub id: uuid::Uuid,
    /// Where it is shown.
    #[schema(example = "/admin/kyc/cases/019ab6f5-1c7b-7006-8000-000000000000")]
    pub resource: String,
    /// Since when.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub since: Epoch,
    /// For how long by now.
    #[schema(example = 3_600_000_u64)]
    pub age_ms: u64,
}

impl CustomerUpdate {
    /// What was decided in `epoch`.
    pub fn of(updated: &kyc::CustomerUpdated, epoch: Epoch) -> Self {
        let kyc::UpdateCustomer { customer_id, full_name, msisdn, country, date_of_birth } = updated.update.clone();
        Self { customer_id, full_name, msisdn, country, date_of_birth: date_of_birth.map(day::iso), epoch }
    }
}

impl AddressUpdate {
    /// What was decided in `epoch`.
    pub fn of(told: &AddressSet, epoch: Epoch) -> Self {
        Self { customer_id: told.set.customer_id, address: told.set.address.clone(), epoch }
    }
}

impl DocumentShown {
    /// A document as it was presented.
    pub fn of(document: &Presented) -> Self {
        Self {
            r#type: document.document_type,
            number: masked(&document.number_end),
            country: document.country.clone(),
            issued_on: document.issued_on.map(day::iso),
            expires_on: document.expires_on.map(day::iso),
            surname: document.surname.clone(),
            given_names: document.given_names.clone(),
            date_of_birth: day::iso(document.born_on),
            mrz_checked: document.has_zone,
        }
    }
}

/// A number of which only the end is known.
pub fn masked(end: &str) -> String {
    format!("...{end}")
}

impl DocumentSubmitted {
    /// What was decided in `epoch`; none where nothing was presented.
    pub fn of(changed: &kyc::KycChanged, epoch: Epoch) -> Option<Self> {
        let document = DocumentShown::of(changed.document.as_ref()?);
        let kyc::Standing { status, sub_status } = changed.standing;
        Some(Self { customer_id: changed.customer_id, status, sub_status, document, epoch })
    }
}

impl CaseUpdate {
    /// What was decided in `epoch`.
    pub fn of(changed: &case::CaseChanged, epoch: Epoch) -> Self {
        let case::CaseChanged { id, change, status, outcome, level, .. } = *changed;
        Self { case_id: id, change, status, value: changed.value.clone(), outcome, level, epoch }
    }
}

impl CasePolicy {
    /// What was set in `epoch`.
    pub fn of(policy: &case::CasePolicy, version: u32, set_by: String, epoch: Epoch) -> Self {
        let case::CasePolicy { enrolment_due_ms, alert_due_ms, hit_due_ms, review_due_ms, confirm_ms, .. } = *policy;
        let four_eyes = policy.four_eyes.iter().copied().collect();
        Self { enrolment_due_ms, alert_due_ms, hit_due_ms, review_due_ms, confirm_ms, four_eyes, version, set_by, epoch }
    }
}

/// Where each of them is.
pub mod location {
    use crate::diligence::Told;
    use crate::id::{CaseId, CustomerId};
    use crate::resource::location::customer;

    /// How long cases may take.
    pub const CASE_POLICY: &str = "/admin/cases/policy";

    /// A case.
    pub fn case(id: CaseId) -> String {
        format!("/admin/kyc/cases/{id}")
    }

    /// Where a customer stands with their identity.
    pub fn kyc(id: CustomerId) -> String {
        format!("{}/kyc", customer(id))
    }

    /// What something of an identity or a case is shown at.
    pub fn diligence(told: &Told) -> String {
        match told {
            Told::Customer(updated) => customer(updated.update.customer_id),
            Told::Address(told) => customer(told.set.customer_id),
            Told::Kyc(changed) => kyc(changed.customer_id),
            Told::Case(changed) => case(changed.id),
        }
    }
}
