//! The routes of what staff sets: levels, terms, limits and tariffs.

use super::answer::Failure;
use super::form::{Form, policy};
use super::request::policy::{LevelRequest, LimitsRequest, TariffEndRequest, TariffRequest, TermsRequest};
use super::{Door, submit};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use schemas::resource::{AccountTerms, CustomerLevel, LevelLimits, Tariff, TariffEnd};
use schemas::{AccountId, CustomerId, KycLevel};
use std::sync::Arc;

/// Set the level of a customer
///
/// How far the identity is known: limits and tariffs go by it. At once.
#[utoipa::path(
    post, path = "/v1/customers/{id}/level", tag = "Customers", params(("id" = CustomerId, Path)), request_body = LevelRequest,
    responses((status = 200, description = "Set.", body = CustomerLevel, example = json!({
        "customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "level": "standard", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["customers:write", "operator"])),
)]
pub(super) async fn set_level(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Level(id.parse().ok()), request).await
}

/// Set the terms of an account
///
/// Its floor, and limits of its own beside those of its holder's level. They replace the terms that were planned for then or later.
#[utoipa::path(
    post, path = "/v1/accounts/{id}/terms", tag = "Accounts", params(("id" = AccountId, Path)), request_body = TermsRequest,
    responses((status = 200, description = "Set.", body = AccountTerms, example = json!({
        "account_id": "019ab6f5-1c7b-7002-8000-000000000000", "currency": "XOF", "floor": "-50000",
        "limits": {"balance": "2000000", "debit": {"operation": "500000", "day_count": 20}, "credit": {}},
        "effective_from": "2026-01-01T00:00:00.000Z", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["accounts:write", "operator"])),
)]
pub(super) async fn set_terms(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Terms(id.parse().ok()), request).await
}

/// Set the limits of a level
///
/// For the accounts in this currency of every customer of the level. They replace those that were planned for then or later.
#[utoipa::path(
    post, path = "/v1/levels/{level}/limits", tag = "Policies", params(("level" = KycLevel, Path)), request_body = LimitsRequest,
    responses((status = 200, description = "Set.", body = LevelLimits, example = json!({
        "level": "simplified", "currency": "XOF", "limits": {"balance": "200000", "debit": {"operation": "50000"}, "credit": {}},
        "effective_from": "2026-01-01T00:00:00.000Z", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn set_limits(State(door): State<Arc<Door>>, Path(level): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Limits(level.parse().ok()), request).await
}

/// Set a tariff
///
/// It applies where all that it names fits; of several that apply the one that names more comes first: the operation, then the channel,
/// the type of the account and the level. It replaces what was planned under its code for then or later.
#[utoipa::path(
    post, path = "/v1/tariffs", tag = "Policies", request_body = TariffRequest,
    responses((status = 201, description = "Set.", body = Tariff, example = json!({
        "code": "transfer-xof", "currency": "XOF", "operation": "transfer", "bearer": "payer",
        "tiers": [{"up_to": "5000", "fixed": "25", "rate": "0"}, {"fixed": "10", "rate": "0.5"}], "min": "25", "max": "5000",
        "free_per_month": 3, "effective_from": "2026-01-01T00:00:00.000Z", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn set_tariff(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Tariff, request).await
}

/// Withdraw a tariff
///
/// From then on it is none; what was planned under its code for later is dropped.
#[utoipa::path(
    post, path = "/v1/tariffs/{code}/withdraw", tag = "Policies",
    params(("code" = String, Path, pattern = "^[a-z0-9_-]{1,64}$", example = "transfer-xof")),
    request_body = Option<TariffEndRequest>,
    responses((status = 200, description = "Withdrawn.", body = TariffEnd, example = json!({
        "code": "transfer-xof", "effective_from": "2026-12-31T00:00:00.000Z", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn withdraw_tariff(
    State(door): State<Arc<Door>>,
    Path(code): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    submit::submit(&door, Form::TariffEnd(policy::code_of(&code)), request).await
}
