//! The routes of batches, and of payments that wait for their day.

use super::answer::Failure;
use super::form::Form;
use super::request::batch::{BatchBody, BatchItem};
use super::{Door, submit};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use schemas::OrderId;
use schemas::resource::{Batch, Order};
use std::sync::Arc;

/// Decide many operations at once
///
/// Up to 8,000 payments, reservations, captures, releases, refunds and reversals, as an object, an array, or one a line, at most 4 MiB of them. They
/// are decided one after the other in one epoch, each on what those before it have left. With `all_or_nothing` the first that is refused undoes
/// all: the answer is a problem with its reason, and `item` says which it was, from 0. With `independent` each stands by itself. A reversal
/// among them needs the scope `operator`. A dry run needs no `Idempotency-Key` and is always answered with outcomes.
#[utoipa::path(
    post, path = "/v1/batches", tag = "Batches",
    request_body(content((BatchBody = "application/json"), (BatchItem = "application/x-ndjson"))),
    responses((status = 200, description = "Decided.", body = Batch, example = json!({
        "batch_id": "ce4ce417-9f96-5967-bcb6-f9eefab959b1", "mode": "independent", "dry_run": false,
        "counts": {"settled": 1, "failed": 1, "reserved": 0, "released": 1, "refused": 0, "undone": 0},
        "outcomes": [
            {
                "item": 0, "status": "settled", "transaction_id": "019ab6f5-1c7b-7001-8000-000000000000",
                "fee": {"amount": "125", "currency": "XOF"},
            },
            {
                "item": 1, "status": "failed", "transaction_id": "019ab6f5-1c7b-7001-8000-000000000001", "reason": "insufficient_funds",
                "errorCategory": "businessRule", "errorCode": "insufficientFunds",
            },
            {"item": 2, "status": "released", "hold_id": "019ab6f5-1c7b-7004-8000-000000000000"},
        ],
        "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["transactions:write"])),
)]
pub(super) async fn decide(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Batch, request).await
}

/// Take back a payment that waits for its day
///
/// Only for the payer, or staff, and only as long as it waits.
#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", tag = "Orders", params(("id" = OrderId, Path)),
    responses((status = 200, description = "Cancelled.", body = Order, example = json!({
        "id": "019ab6f5-1c7b-7005-8000-000000000000", "operation": "bill_payment", "status": "cancelled",
        "account_debit": "019ab6f5-1c7b-7002-8000-000000000000", "account_credit": "019ab6f5-1c7b-7002-8000-000000000001",
        "amount": "12500", "currency": "XOF", "channel": "wallet", "execute_at": "2026-01-05T08:00:00.000Z",
        "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["transactions:write"])),
)]
pub(super) async fn cancel(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::CancelOrder(id.parse().ok()), request).await
}
