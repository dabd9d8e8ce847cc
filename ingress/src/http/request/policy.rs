//! The bodies of what staff sets.

use schemas::{AccountType, Bearer, Channel, Currency, KycLevel};
use serde::Deserialize;
use utoipa::ToSchema;

/// How far the identity of a customer is known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"level": "standard"}))]
pub(in crate::http) struct LevelRequest {
    /// How far.
    level: KycLevel,
}

/// The terms of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "currency": "XOF", "floor": "-50000",
    "limits": {"balance": "2000000", "debit": {"operation": "500000", "day_count": 20, "day": "1000000"}},
    "effective_from": "2026-01-01T00:00:00Z",
}))]
pub(in crate::http) struct TermsRequest {
    /// That of the account.
    currency: Currency,
    /// The lowest available balance: negative for an overdraft. That of the role without one.
    #[schema(pattern = "^-?[0-9]+(\\.[0-9]+)?$", example = "-50000")]
    floor: Option<String>,
    /// Limits of its own.
    limits: RequestedLimits,
    /// From when on, in UTC; at once without one.
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    effective_from: Option<String>,
}

/// The limits of a level.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "currency": "XOF",
    "limits": {"balance": "200000", "debit": {"day": "200000", "month": "400000"}, "credit": {"month": "400000"}},
}))]
pub(in crate::http) struct LimitsRequest {
    /// For accounts of this currency.
    currency: Currency,
    /// How much they may.
    limits: RequestedLimits,
    /// From when on, in UTC; at once without one.
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    effective_from: Option<String>,
}

/// Bounds of an account. What is not named is not bounded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RequestedLimits {
    /// The highest posted balance to which a payment may lead.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "2000000")]
    balance: Option<String>,
    /// What it may pay.
    debit: Option<RequestedQuota>,
    /// What it may be paid.
    credit: Option<RequestedQuota>,
}

/// Bounds of one direction. Days and months are those of the calendar in UTC.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RequestedQuota {
    /// The highest amount of one operation.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "500000")]
    operation: Option<String>,
    /// The most operations of a day.
    #[schema(example = 20)]
    day_count: Option<u32>,
    /// The highest sum of a day.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "1000000")]
    day: Option<String>,
    /// The most operations of a month.
    #[schema(example = 300)]
    month_count: Option<u32>,
    /// The highest sum of a month.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "10000000")]
    month: Option<String>,
}

/// What an operation costs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "transfer-xof", "currency": "XOF", "operation": "transfer", "bearer": "payer",
    "tiers": [{"up_to": "5000", "fixed": "25"}, {"fixed": "10", "rate": "0.5"}],
    "min": "25", "max": "5000", "free_per_month": 3, "effective_from": "2026-01-01T00:00:00Z",
}))]
pub(in crate::http) struct TariffRequest {
    /// Its name; the same name replaces it.
    #[schema(pattern = "^[a-z0-9_-]{1,64}$", example = "transfer-xof")]
    code: String,
    /// Of payments in this currency.
    currency: Currency,
    /// Of this operation only.
    #[schema(pattern = "^(deposit|withdrawal|transfer|merchant_payment|bill_payment)$", example = "transfer")]
    operation: Option<String>,
    /// Through this channel only.
    channel: Option<Channel>,
    /// Where the account that bears the fee is of this type only.
    account_type: Option<AccountType>,
    /// Where its holder is of this level only.
    level: Option<KycLevel>,
    /// Who bears the fee.
    bearer: Bearer,
    /// The price, by amount: growing bounds, the last tier without one.
    #[schema(min_items = 1, max_items = 16)]
    tiers: Vec<RequestedTier>,
    /// The fee is never less.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "25")]
    min: Option<String>,
    /// The fee is never more.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "5000")]
    max: Option<String>,
    /// So many operations a month come without the fee.
    #[schema(example = 3)]
    free_per_month: Option<u32>,
    /// From when on, in UTC; at once without one.
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    effective_from: Option<String>,
    /// Until when, exclusive, in UTC; for good without one.
    #[schema(format = DateTime, example = "2027-01-01T00:00:00Z")]
    effective_to: Option<String>,
}

/// The price of amounts up to a bound.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RequestedTier {
    /// Up to this amount, inclusive; absent from the last tier, and only from it.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "5000")]
    up_to: Option<String>,
    /// A fixed part; none by default.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "25")]
    fixed: Option<String>,
    /// A part of the amount in percent, with at most 4 decimals; none by default.
    #[schema(pattern = "^[0-9]{1,3}(\\.[0-9]{1,4})?$", example = "0.5")]
    rate: Option<String>,
}

/// The end of a tariff.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"effective_from": "2026-12-31T00:00:00Z"}))]
pub(in crate::http) struct TariffEndRequest {
    /// From when on it is none, in UTC; at once without one.
    #[schema(format = DateTime, example = "2026-12-31T00:00:00Z")]
    effective_from: Option<String>,
}
