//! The bodies of what sets rules against fraud, and of what they are told.

use schemas::aml::Lane;
use schemas::{AccountId, CustomerId, ReviewDecision};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Where a payment comes from, as far as it is known: something of it, or the object is left away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PaymentContext, example = json!({"device": "d-6f1e", "ip": "203.0.113.7", "country": "SN"}))]
pub(in crate::http) struct ContextRequest {
    /// The device, by a fingerprint.
    #[schema(pattern = "^[!-~]{1,64}$", example = "d-6f1e")]
    device: Option<String>,
    /// The address, in its shortest spelling.
    #[schema(pattern = "^[0-9a-f:.]{2,45}$", example = "203.0.113.7")]
    ip: Option<String>,
    /// ISO 3166-1 alpha-2 country of the counterparty, or of the place.
    #[schema(pattern = "^[A-Z]{2}$", example = "SN")]
    country: Option<String>,
    /// Degrees north, with at most six decimals; beside `longitude`.
    #[schema(pattern = "^-?[0-9]{1,2}(\\.[0-9]{1,6})?$", example = "14.716677")]
    latitude: Option<String>,
    /// Degrees east.
    #[schema(pattern = "^-?[0-9]{1,3}(\\.[0-9]{1,6})?$", example = "-17.467686")]
    longitude: Option<String>,
    /// A token that stands for a card, never its number.
    #[schema(pattern = "^[!-~]{1,64}$", example = "tok-1")]
    card_token: Option<String>,
    /// The telephone in E.164 form.
    #[schema(pattern = "^\\+[1-9][0-9]{6,14}$", example = "+221771234567")]
    msisdn: Option<String>,
    /// Who pays or is paid outside of the bank, as ISO 20022 names the ultimate debtor or creditor; not all blank, no control characters. The name is
    /// looked for on the watchlists.
    #[schema(min_length = 1, max_length = 140, example = "Moussa Traoré")]
    counterparty_name: Option<String>,
}

/// A rule as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enabled": true, "weight": 20, "parameters": {"account_10min": 5, "action": 2}}))]
pub(in crate::http) struct AmlRuleRequest {
    /// Which of its two settings; `live` by default.
    lane: Option<Lane>,
    /// Whether it says anything; `true` by default.
    #[schema(example = true)]
    enabled: Option<bool>,
    /// What it adds to a score; that of the catalogue by default.
    #[schema(maximum = 1_000, example = 20)]
    weight: Option<u32>,
    /// Values by the name of the parameter; what is not named is as in the catalogue.
    parameters: Option<BTreeMap<String, i64>>,
}

/// What a score is to lead to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"review_score": 40, "refuse_score": 100}))]
pub(in crate::http) struct GatePolicyRequest {
    /// From this score on a payment is held for a review; no more than `refuse_score`.
    #[schema(minimum = 1, maximum = 100_000, example = 40)]
    review_score: u32,
    /// From this score on it is refused.
    #[schema(minimum = 1, maximum = 100_000, example = 100)]
    refuse_score: u32,
    /// After so many milliseconds what is held is given back; three days by default.
    #[schema(minimum = 60_000, maximum = 2_592_000_000_u64, example = 259_200_000_u64)]
    review_expires_ms: Option<u64>,
}

/// A list of countries, as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"countries": ["IR", "KP"]}))]
pub(in crate::http) struct CountriesRequest {
    /// ISO 3166-1 alpha-2.
    #[schema(max_items = 300)]
    countries: Vec<String>,
}

/// Why a party is frozen, or not any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "ordered by the court, file 12/2026"}))]
pub(in crate::http) struct FreezeRequest {
    /// For whoever reads it later; not all blank, no control characters.
    #[schema(min_length = 1, max_length = 500, example = "ordered by the court, file 12/2026")]
    reason: String,
}

/// What was noticed about a customer outside of payments.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "device": "d-6f1e", "signal": "pin_failed"}))]
pub(in crate::http) struct SignalRequest {
    /// About whom; or `account_id`.
    customer_id: Option<CustomerId>,
    /// About the holder of an account.
    account_id: Option<AccountId>,
    /// On which device.
    #[schema(pattern = "^[!-~]{1,64}$", example = "d-6f1e")]
    device: Option<String>,
    /// What.
    #[schema(pattern = "^(pin_failed|threeds_failed|sim_swapped|pin_reset)$", example = "pin_failed")]
    signal: String,
}

/// The end of a review.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"decision": "release", "reason": "the customer was called"}))]
pub(in crate::http) struct ReviewRequest {
    /// What becomes of the payment.
    decision: ReviewDecision,
    /// For whoever reads it later; not all blank, no control characters.
    #[schema(min_length = 1, max_length = 500, example = "the customer was called")]
    reason: String,
}
