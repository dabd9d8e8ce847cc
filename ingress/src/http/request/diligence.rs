//! The bodies of what is asked of identities and cases.

use schemas::diligence::{FourEyes, KycDecision};
use schemas::document::{DocumentType, Sex};
use schemas::{AccountId, AlertId, CustomerId};
use serde::Deserialize;
use utoipa::ToSchema;

/// What is to be changed of a customer; one field at least.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"full_name": "Awa Ndiaye", "date_of_birth": "1990-04-17"}))]
pub(in crate::http) struct CustomerUpdateRequest {
    /// As on the identity document; not all blank, no control characters.
    #[schema(min_length = 1, max_length = 140, example = "Awa Ndiaye")]
    full_name: Option<String>,
    /// Mobile number in E.164 form.
    #[schema(pattern = "^\\+[1-9][0-9]{6,14}$", example = "+221771234567")]
    msisdn: Option<String>,
    /// ISO 3166-1 alpha-2 country of residence.
    #[schema(pattern = "^[A-Z]{2}$", example = "SN")]
    country: Option<String>,
    /// When they were born: from 1850 on, no day to come.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "1990-04-17")]
    date_of_birth: Option<String>,
}

/// Where a customer lives, in the hybrid form of ISO 20022.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"street_name": "Rue Carnot", "building_number": "12 bis", "town_name": "Dakar", "country": "SN"}))]
pub(in crate::http) struct AddressRequest {
    /// The street.
    #[schema(min_length = 1, max_length = 140, example = "Rue Carnot")]
    street_name: Option<String>,
    /// The house in it.
    #[schema(min_length = 1, max_length = 16, example = "12 bis")]
    building_number: Option<String>,
    /// The post code.
    #[schema(min_length = 1, max_length = 16, example = "11000")]
    post_code: Option<String>,
    /// The town.
    #[schema(min_length = 1, max_length = 140, example = "Dakar")]
    town_name: String,
    /// The region.
    #[schema(min_length = 1, max_length = 35, example = "Dakar")]
    country_sub_division: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Z]{2}$", example = "SN")]
    country: String,
    /// What has no field of its own: lines of 1 to 70 characters, none twice.
    #[schema(max_items = 2)]
    address_lines: Option<Vec<String>>,
}

/// A document as it is described.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "type": "national_id", "number": "1234199056789", "country": "SN", "issued_on": "2022-03-01", "expires_on": "2032-03-01",
    "surname": "Diop", "given_names": "Awa", "date_of_birth": "1990-04-17",
}))]
pub(in crate::http) struct DocumentRequest {
    /// What it is.
    r#type: DocumentType,
    /// Its number as printed; a letter or a digit among them. It is not kept.
    #[schema(min_length = 1, max_length = 30, example = "1234199056789")]
    number: String,
    /// Who issued it: ISO 3166-1 alpha-2, or three letters of Doc 9303.
    #[schema(min_length = 2, max_length = 3, example = "SN")]
    country: String,
    /// When; no day to come.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2022-03-01")]
    issued_on: Option<String>,
    /// The last day on which it is good; null where it doesn't end.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2032-03-01")]
    expires_on: Option<String>,
    /// The holder's family name as printed.
    #[schema(min_length = 1, max_length = 100, example = "Diop")]
    surname: String,
    /// The other names.
    #[schema(max_length = 100, example = "Awa")]
    given_names: Option<String>,
    /// When the holder was born: from 1850 on, no day to come.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "1990-04-17")]
    date_of_birth: String,
    /// The holder's sex, where it is stated.
    sex: Option<Sex>,
    /// The holder's nationality, as the country.
    #[schema(min_length = 2, max_length = 3, example = "SN")]
    nationality: Option<String>,
    /// The lines of its machine-readable zone, of sizes TD1, TD2 or TD3.
    #[schema(max_items = 3)]
    mrz: Option<Vec<String>>,
}

/// A decision on who a customer is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"decision": "approve", "level": "standard", "reason": "seen in the branch"}))]
pub(in crate::http) struct KycDecisionRequest {
    /// What.
    decision: KycDecision,
    /// How far they are known: where they are approved, and only there.
    #[schema(pattern = "^(simplified|standard|enhanced)$", example = "standard")]
    level: Option<String>,
    /// For whoever reads it later; not all blank, no control characters.
    #[schema(min_length = 1, max_length = 2_000, example = "seen in the branch")]
    reason: String,
}

/// A case to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "hit", "customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "reason": "a name on the list"}))]
pub(in crate::http) struct CaseRequest {
    /// Why somebody has to look.
    #[schema(pattern = "^(enrolment|alert|hit)$", example = "hit")]
    kind: String,
    /// At whom; or `account_id`.
    customer_id: Option<CustomerId>,
    /// At which account; not of an enrolment.
    account_id: Option<AccountId>,
    /// At which alert; of an alert, and only there.
    alert_id: Option<AlertId>,
    /// What for; not all blank, no control characters.
    #[schema(min_length = 1, max_length = 2_000, example = "a name on the list")]
    reason: String,
}

/// Whose a case is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"assignee": "mariama"}))]
pub(in crate::http) struct AssignRequest {
    /// By the subject of their token; nobody's without it.
    #[schema(min_length = 1, max_length = 255, example = "mariama")]
    assignee: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 2_000)]
    reason: Option<String>,
}

/// What is said about a case.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"comment": "called the customer, no answer"}))]
pub(in crate::http) struct CommentRequest {
    /// Not all blank, no control characters.
    #[schema(min_length = 1, max_length = 2_000, example = "called the customer, no answer")]
    comment: String,
}

/// Until when a case sleeps.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until": "2027-01-05T08:00:00Z", "reason": "the document is on its way"}))]
pub(in crate::http) struct SnoozeRequest {
    /// RFC 3339 in UTC; at most 90 days ahead.
    #[schema(format = DateTime, example = "2027-01-05T08:00:00Z")]
    until: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2_000, example = "the document is on its way")]
    reason: String,
}

/// Why a case is more urgent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "a large amount is on its way out"}))]
pub(in crate::http) struct EscalateRequest {
    /// Not all blank, no control characters.
    #[schema(min_length = 1, max_length = 2_000, example = "a large amount is on its way out")]
    reason: String,
}

/// How a case ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "false_positive", "reason": "rent, as every month"}))]
pub(in crate::http) struct CaseDecisionRequest {
    /// How.
    #[schema(pattern = "^(confirmed_risk|valuable_alert|false_positive)$", example = "false_positive")]
    outcome: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2_000, example = "rent, as every month")]
    reason: String,
}

/// How long cases may take, in milliseconds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"review_due_ms": 3_600_000, "four_eyes": ["approve_enhanced", "approve_after_rejection", "confirm_risk"]}))]
pub(in crate::http) struct CasePolicyRequest {
    /// An enrolment; three days by default.
    #[schema(minimum = 60_000, maximum = 31_536_000_000_u64)]
    enrolment_due_ms: Option<u64>,
    /// An alert; ten days by default.
    #[schema(minimum = 60_000, maximum = 31_536_000_000_u64)]
    alert_due_ms: Option<u64>,
    /// A hit; a day by default.
    #[schema(minimum = 60_000, maximum = 31_536_000_000_u64)]
    hit_due_ms: Option<u64>,
    /// A review; a day by default.
    #[schema(minimum = 60_000, maximum = 31_536_000_000_u64)]
    review_due_ms: Option<u64>,
    /// A decision that nobody has confirmed for so long is none; three days by default.
    #[schema(minimum = 60_000, maximum = 31_536_000_000_u64)]
    confirm_ms: Option<u64>,
    /// Which decisions need two; `approve_enhanced` and `approve_after_rejection` by default.
    #[schema(max_items = 4)]
    four_eyes: Option<Vec<FourEyes>>,
}
