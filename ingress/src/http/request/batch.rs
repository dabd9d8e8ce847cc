//! Batches, as they are described: an object, or the items alone.

use schemas::{AccountId, BatchMode, Channel, Currency, HoldId, TransactionId};
use serde::Deserialize;
use utoipa::ToSchema;

/// Many operations: with what is to be said about all of them, or alone.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum BatchBody {
    /// With what is to be said about all of them.
    Object(BatchRequest),
    /// Alone.
    Items(Vec<BatchItem>),
}

/// Many operations, decided one after the other.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "mode": "all_or_nothing",
    "items": [
        {
            "operation": "transfer", "account_debit": "019ab6f5-1c7b-7002-8000-000000000000",
            "account_credit": "019ab6f5-1c7b-7002-8000-000000000001", "amount": "12500", "currency": "XOF",
        },
        {"operation": "release", "hold_id": "019ab6f5-1c7b-7004-8000-000000000000"},
    ],
}))]
pub(in crate::http) struct BatchRequest {
    /// What one refused item means for the others: that nothing happens (the default), or nothing at all. May stand in the query.
    mode: Option<BatchMode>,
    /// Whether it is only to be said what would become of them; `false` by default. May stand in the query.
    #[schema(example = false)]
    dry_run: Option<bool>,
    /// Each is decided on what those before it have left.
    #[schema(min_items = 1, max_items = 8000)]
    items: Vec<BatchItem>,
}

/// An operation of a batch: the fields of its own route, and what that has in its path.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum BatchItem {
    /// A payment.
    Payment(PaymentItem),
    /// Money to hold for a payment.
    Reserve(ReserveItem),
    /// A payment out of a hold.
    Capture(CaptureItem),
    /// What is left of a hold is given back.
    Release(ReleaseItem),
    /// Some of a payment is given back.
    Refund(RefundItem),
    /// A payment is taken back; only for staff.
    Reverse(ReverseItem),
}

/// A payment of a batch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "operation": "transfer", "account_debit": "019ab6f5-1c7b-7002-8000-000000000000",
    "account_credit": "019ab6f5-1c7b-7002-8000-000000000001", "amount": "12500", "currency": "XOF", "channel": "wallet",
}))]
pub(in crate::http) struct PaymentItem {
    /// What it is for.
    #[schema(pattern = "^(deposit|withdrawal|transfer|merchant_payment|bill_payment)$", example = "transfer")]
    operation: String,
    /// Who pays; in a deposit the house's cash where none is named.
    account_debit: Option<AccountId>,
    /// Who is paid; in a withdrawal the house's cash where none is named.
    account_credit: Option<AccountId>,
    /// More than zero, as a decimal with at most the currency's decimals.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "12500")]
    amount: String,
    /// Of what.
    currency: Currency,
    /// Through which channel; `wallet` by default.
    channel: Option<Channel>,
    /// Where it comes from.
    context: Option<super::gate::ContextRequest>,
}

/// Money to hold for a payment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "operation": "reserve", "payment": "merchant_payment", "account_debit": "019ab6f5-1c7b-7002-8000-000000000000",
    "account_credit": "019ab6f5-1c7b-7002-8000-000000000001", "amount": "12500", "currency": "XOF", "channel": "card",
    "expires_in_seconds": 604_800,
}))]
pub(in crate::http) struct ReserveItem {
    /// `reserve`.
    #[schema(pattern = "^reserve$", example = "reserve")]
    operation: String,
    /// What the payment is for.
    #[schema(pattern = "^(deposit|withdrawal|transfer|merchant_payment|bill_payment)$", example = "merchant_payment")]
    payment: String,
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
    context: Option<super::gate::ContextRequest>,
    /// After so many seconds whatever is not captured is free again; at most thirty days.
    #[schema(minimum = 1, maximum = 2_592_000, example = 604_800)]
    expires_in_seconds: u64,
}

/// A payment out of a hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "operation": "capture", "hold_id": "019ab6f5-1c7b-7004-8000-000000000000", "amount": "10000", "currency": "XOF", "last": true,
}))]
pub(in crate::http) struct CaptureItem {
    /// `capture`.
    #[schema(pattern = "^capture$", example = "capture")]
    operation: String,
    /// Which hold.
    hold_id: HoldId,
    /// More than zero, as a decimal with at most the currency's decimals.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "10000")]
    amount: String,
    /// That of the hold.
    currency: Currency,
    /// Whether the rest is released at once; `false` by default.
    #[schema(example = true)]
    last: Option<bool>,
}

/// What is left of a hold is given back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"operation": "release", "hold_id": "019ab6f5-1c7b-7004-8000-000000000000"}))]
pub(in crate::http) struct ReleaseItem {
    /// `release`.
    #[schema(pattern = "^release$", example = "release")]
    operation: String,
    /// Which hold.
    hold_id: HoldId,
}

/// Some of a payment is given back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "operation": "refund", "transaction_id": "019ab6f5-1c7b-7001-8000-000000000000", "amount": "2500", "currency": "XOF",
}))]
pub(in crate::http) struct RefundItem {
    /// `refund`.
    #[schema(pattern = "^refund$", example = "refund")]
    operation: String,
    /// Which payment.
    transaction_id: TransactionId,
    /// More than zero, as a decimal with at most the currency's decimals.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "2500")]
    amount: String,
    /// That of the payment.
    currency: Currency,
}

/// A payment is taken back, with its fee.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"operation": "reverse", "transaction_id": "019ab6f5-1c7b-7001-8000-000000000000"}))]
pub(in crate::http) struct ReverseItem {
    /// `reverse`.
    #[schema(pattern = "^reverse$", example = "reverse")]
    operation: String,
    /// Which payment.
    transaction_id: TransactionId,
}
