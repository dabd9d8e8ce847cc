//! The bodies that the door takes, for its description in OpenAPI.
//!
//! They are described here and read in `form`, field by field, so that all faults are told at once. A test holds
//! both to the same fields.

#![expect(dead_code, reason = "described, never filled")]

pub(super) mod batch;
pub(super) mod diligence;
pub(super) mod gate;
pub(super) mod list;
pub(super) mod policy;

use schemas::{AccountId, AccountType, Channel, Currency, CustomerId};
use serde::Deserialize;
use utoipa::ToSchema;

/// A customer to enrol.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerRequest {
    /// As on the identity document; not all blank, no control characters.
    #[schema(min_length = 1, max_length = 140, example = "Awa Diop")]
    full_name: String,
    /// Mobile number in E.164 form.
    #[schema(pattern = "^\\+[1-9][0-9]{6,14}$", example = "+221771234567")]
    msisdn: Option<String>,
    /// ISO 3166-1 alpha-2 country of residence.
    #[schema(pattern = "^[A-Z]{2}$", example = "SN")]
    country: Option<String>,
}

/// An account to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountRequest {
    /// The holder.
    customer_id: CustomerId,
    /// The product.
    r#type: AccountType,
    /// The one currency of the account.
    currency: Currency,
    /// What the holder is to the bank; `customer` unless staff say otherwise.
    #[schema(pattern = "^(customer|merchant|agent)$", example = "customer")]
    role: Option<String>,
}

/// A version of the rules to decide by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesRequest {
    /// One that this server knows: any before the one in force, or the next.
    #[schema(minimum = 1, example = 2)]
    version: u32,
}

/// Cash in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "account_credit": "019ab6f5-1c7b-7002-8000-000000000001", "amount": "12500", "currency": "XOF",
}))]
pub(super) struct DepositRequest {
    /// The agent whose float pays; the house's cash where none is named.
    account_debit: Option<AccountId>,
    /// Who is paid.
    account_credit: AccountId,
    /// More than zero, as a decimal with at most the currency's decimals.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "12500")]
    amount: String,
    /// Of what.
    currency: Currency,
    /// Through which channel; `wallet` by default.
    channel: Option<Channel>,
    /// Where it comes from.
    context: Option<gate::ContextRequest>,
    /// When it is to be made, in UTC, at most 400 days ahead; at once by default.
    #[schema(format = DateTime, example = "2026-01-05T08:00:00Z")]
    execute_at: Option<String>,
    /// From when on it counts, in UTC, at most 400 days back; only for staff, and not beside `execute_at`.
    #[schema(format = DateTime, example = "2025-11-01T00:00:00Z")]
    effective_at: Option<String>,
}

/// Cash out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "account_debit": "019ab6f5-1c7b-7002-8000-000000000000", "amount": "12500", "currency": "XOF",
}))]
pub(super) struct WithdrawalRequest {
    /// Who pays.
    account_debit: AccountId,
    /// The agent who hands out the cash; the house where none is named.
    account_credit: Option<AccountId>,
    /// More than zero, as a decimal with at most the currency's decimals.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "12500")]
    amount: String,
    /// Of what.
    currency: Currency,
    /// Through which channel; `wallet` by default.
    channel: Option<Channel>,
    /// Where it comes from.
    context: Option<gate::ContextRequest>,
    /// When it is to be made, in UTC, at most 400 days ahead; at once by default.
    #[schema(format = DateTime, example = "2026-01-05T08:00:00Z")]
    execute_at: Option<String>,
    /// From when on it counts, in UTC, at most 400 days back; only for staff, and not beside `execute_at`.
    #[schema(format = DateTime, example = "2025-11-01T00:00:00Z")]
    effective_at: Option<String>,
}

/// A payment from account to account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "account_debit": "019ab6f5-1c7b-7002-8000-000000000000", "account_credit": "019ab6f5-1c7b-7002-8000-000000000001", "amount": "12500", "currency": "XOF",
}))]
pub(super) struct PaymentRequest {
    /// Who pays.
    account_debit: AccountId,
    /// Who is paid.
    account_credit: AccountId,
    /// More than zero, as a decimal with at most the currency's decimals.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "12500")]
    amount: String,
    /// Of what.
    currency: Currency,
    /// Through which channel; `wallet` by default.
    channel: Option<Channel>,
    /// Where it comes from.
    context: Option<gate::ContextRequest>,
    /// When it is to be made, in UTC, at most 400 days ahead; at once by default.
    #[schema(format = DateTime, example = "2026-01-05T08:00:00Z")]
    execute_at: Option<String>,
    /// From when on it counts, in UTC, at most 400 days back; only for staff, and not beside `execute_at`.
    #[schema(format = DateTime, example = "2025-11-01T00:00:00Z")]
    effective_at: Option<String>,
}

/// Money to hold for a payment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "operation": "merchant_payment", "account_debit": "019ab6f5-1c7b-7002-8000-000000000000",
    "account_credit": "019ab6f5-1c7b-7002-8000-000000000001", "amount": "12500", "currency": "XOF", "channel": "card",
    "expires_in_seconds": 604_800,
}))]
pub(super) struct HoldRequest {
    /// What the payment is for.
    #[schema(pattern = "^(deposit|withdrawal|transfer|merchant_payment|bill_payment)$", example = "merchant_payment")]
    operation: String,
    /// Who will pay.
    account_debit: AccountId,
    /// Who will be paid.
    account_credit: AccountId,
    /// More than zero, as a decimal with at most the currency's decimals.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "12500")]
    amount: String,
    /// Of what.
    currency: Currency,
    /// Through which channel; `wallet` by default.
    channel: Option<Channel>,
    /// Where it comes from.
    context: Option<gate::ContextRequest>,
    /// After so many seconds whatever is not captured is free again; at most thirty days.
    #[schema(minimum = 1, maximum = 2_592_000, example = 604_800)]
    expires_in_seconds: u64,
}

/// A payment out of a hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": "10000", "currency": "XOF", "last": true}))]
pub(super) struct CaptureRequest {
    /// More than zero, as a decimal with at most the currency's decimals.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "10000")]
    amount: String,
    /// That of the hold.
    currency: Currency,
    /// Whether the rest is released at once; `false` by default.
    #[schema(example = true)]
    last: Option<bool>,
}

/// An amount to give back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": "2500", "currency": "XOF"}))]
pub(super) struct RefundRequest {
    /// More than zero, as a decimal with at most the currency's decimals.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "2500")]
    amount: String,
    /// That of the payment.
    currency: Currency,
}
