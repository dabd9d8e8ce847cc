//! The routes of holds, and of what follows a payment: capture, release, refund, reversal.

use super::answer::Failure;
use super::form::Form;
use super::request::{CaptureRequest, HoldRequest, RefundRequest};
use super::{Door, submit};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use schemas::resource::{Hold, Transaction};
use schemas::{HoldId, TransactionId};
use std::sync::Arc;

/// Hold money for a payment
///
/// What is held stays in the payer's account and can't be spent otherwise until it is captured, released or expires. The fee is fixed
/// now. Neither side is the bank.
#[utoipa::path(
    post, path = "/v1/holds", tag = "Holds", request_body = HoldRequest,
    responses((status = 201, description = "Held.", body = Hold, example = json!({
        "id": "019ab6f5-1c7b-7004-8000-000000000000", "operation": "merchant_payment", "status": "held",
        "account_debit": "019ab6f5-1c7b-7002-8000-000000000000", "account_credit": "019ab6f5-1c7b-7002-8000-000000000001",
        "amount": "12500", "held_fee": "125", "currency": "XOF", "channel": "card", "expires_at": "2025-12-01T16:00:00.123Z",
        "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["transactions:write"])),
)]
pub(super) async fn reserve(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Reserve, request).await
}

/// Settle a payment out of a hold
///
/// Some or all of what is left; several captures may share a hold. Only for the payee, or staff.
#[utoipa::path(
    post, path = "/v1/holds/{id}/captures", tag = "Holds", params(("id" = HoldId, Path)), request_body = CaptureRequest,
    responses((status = 201, description = "Settled.", body = Transaction, example = json!({
        "id": "019ab6f5-1c7b-7001-8000-000000000001", "operation": "merchant_payment", "status": "settled",
        "account_debit": "019ab6f5-1c7b-7002-8000-000000000000", "account_credit": "019ab6f5-1c7b-7002-8000-000000000001",
        "amount": "10000", "currency": "XOF", "channel": "card", "charged_fee": "100", "hold_id": "019ab6f5-1c7b-7004-8000-000000000000",
        "settled_at": "2025-11-24T16:00:00.123Z", "epoch": 1_764_000_000_123_u64, "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }))),
    security(("bearer" = ["transactions:write"])),
)]
pub(super) async fn capture(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Capture(id.parse().ok()), request).await
}

/// Release what is left of a hold
///
/// The payer may spend it again. Only for the payee, or staff.
#[utoipa::path(
    post, path = "/v1/holds/{id}/release", tag = "Holds", params(("id" = HoldId, Path)),
    responses((status = 200, description = "Released.", body = Hold, example = json!({
        "id": "019ab6f5-1c7b-7004-8000-000000000000", "operation": "merchant_payment", "status": "released",
        "account_debit": "019ab6f5-1c7b-7002-8000-000000000000", "account_credit": "019ab6f5-1c7b-7002-8000-000000000001",
        "amount": "12500", "held_fee": "125", "currency": "XOF", "channel": "card", "expires_at": "2025-12-01T16:00:00.123Z",
        "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["transactions:write"])),
)]
pub(super) async fn release(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Release(id.parse().ok()), request).await
}

/// Give back some of a payment
///
/// Out of the payee's account; the fee stays. All refunds together are never more than the payment. Only for the payee, or staff.
#[utoipa::path(
    post, path = "/v1/transactions/{id}/refunds", tag = "Transactions", params(("id" = TransactionId, Path)),
    request_body = RefundRequest,
    responses((status = 201, description = "Settled.", body = Transaction, example = json!({
        "id": "019ab6f5-1c7b-7001-8000-000000000001", "operation": "refund", "status": "settled",
        "account_debit": "019ab6f5-1c7b-7002-8000-000000000001", "account_credit": "019ab6f5-1c7b-7002-8000-000000000000",
        "amount": "2500", "currency": "XOF", "channel": "card", "charged_fee": "0", "original_transaction_id": "019ab6f5-1c7b-7001-8000-000000000000",
        "settled_at": "2025-11-24T16:00:00.123Z", "epoch": 1_764_000_000_123_u64, "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }))),
    security(("bearer" = ["transactions:write"])),
)]
pub(super) async fn refund(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Refund(id.parse().ok()), request).await
}

/// Take back a payment
///
/// All that was not refunded yet, and its fee.
#[utoipa::path(
    post, path = "/v1/transactions/{id}/reverse", tag = "Transactions", params(("id" = TransactionId, Path)),
    responses((status = 201, description = "Settled.", body = Transaction, example = json!({
        "id": "019ab6f5-1c7b-7001-8000-000000000001", "operation": "reversal", "status": "settled",
        "account_debit": "019ab6f5-1c7b-7002-8000-000000000001", "account_credit": "019ab6f5-1c7b-7002-8000-000000000000",
        "amount": "7500", "currency": "XOF", "channel": "card", "charged_fee": "100", "original_transaction_id": "019ab6f5-1c7b-7001-8000-000000000000",
        "settled_at": "2025-11-24T16:00:00.123Z", "epoch": 1_764_000_000_123_u64, "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }))),
    security(("bearer" = ["transactions:write", "operator"])),
)]
pub(super) async fn reverse(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Reverse(id.parse().ok()), request).await
}
