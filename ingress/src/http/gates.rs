//! The routes of rules against fraud, of what they are told, and of reviews.

use super::answer::Failure;
use super::form::Form;
use super::request::gate::{AmlRuleRequest, CountriesRequest, FreezeRequest, GatePolicyRequest, ReviewRequest, SignalRequest};
use super::{Door, submit};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use schemas::gate::ListName;
use schemas::resource::{AmlRuleSetting, CountryList, GatePolicy, Hold, PartyUpdate};
use schemas::{AccountId, CustomerId, HoldId, Party, RuleId};
use std::sync::Arc;

/// Set a rule against fraud
///
/// At once, and as a whole: what the body does not name is as in the catalogue. A rule that nobody has set says nothing.
#[utoipa::path(
    post, path = "/admin/aml/rules/{rule}", tag = "Rules", params(("rule" = RuleId, Path)), request_body = AmlRuleRequest,
    responses((status = 200, description = "Set.", body = AmlRuleSetting, example = json!({
        "rule": "velocity_count", "lane": "live", "enabled": true, "weight": 20, "parameters": {"account_10min": 5, "action": 2},
        "version": 1, "set_by": "staff", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn set_rule(State(door): State<Arc<Door>>, Path(rule): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::AmlRule(rule.parse().ok()), request).await
}

/// Set what a score leads to
///
/// The sum of the weights of the rules that speak, held to two thresholds; and how long a review may take.
#[utoipa::path(
    post, path = "/admin/aml/policy", tag = "Rules", request_body = GatePolicyRequest,
    responses((status = 200, description = "Set.", body = GatePolicy, example = json!({
        "review_score": 40, "refuse_score": 100, "review_expires_ms": 259_200_000_u64, "version": 1, "set_by": "staff",
        "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn set_policy(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::GatePolicy, request).await
}

/// Set a list of countries
///
/// As a whole: what is not named is not on it any more.
#[utoipa::path(
    post, path = "/admin/aml/countries/{list}", tag = "Rules", params(("list" = ListName, Path)), request_body = CountriesRequest,
    responses((status = 200, description = "Set.", body = CountryList, example = json!({
        "list": "high_risk", "countries": ["IR", "KP"], "version": 1, "set_by": "staff", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn set_countries(State(door): State<Arc<Door>>, Path(list): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Countries(list.parse().ok()), request).await
}

/// Freeze a customer
///
/// None of their accounts pays or is paid until that ends; staff may still reverse payments.
#[utoipa::path(
    post, path = "/admin/aml/customers/{id}/freeze", tag = "Customers", params(("id" = CustomerId, Path)), request_body = FreezeRequest,
    responses((status = 200, description = "Frozen.", body = PartyUpdate, example = json!({
        "customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "change": "frozen", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["customers:write", "operator"])),
)]
pub(super) async fn freeze_customer(door: State<Arc<Door>>, id: Path<String>, request: Request) -> Result<Response, Failure> {
    of_customer(door, id, true, request).await
}

/// End the freeze of a customer
#[utoipa::path(
    post, path = "/admin/aml/customers/{id}/unfreeze", tag = "Customers", params(("id" = CustomerId, Path)), request_body = FreezeRequest,
    responses((status = 200, description = "Not frozen any more.", body = PartyUpdate, example = json!({
        "customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "change": "unfrozen", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["customers:write", "operator"])),
)]
pub(super) async fn unfreeze_customer(door: State<Arc<Door>>, id: Path<String>, request: Request) -> Result<Response, Failure> {
    of_customer(door, id, false, request).await
}

/// Freeze an account
///
/// It neither pays nor is paid until that ends; staff may still reverse payments. Not the bank's own accounts.
#[utoipa::path(
    post, path = "/admin/aml/accounts/{id}/freeze", tag = "Accounts", params(("id" = AccountId, Path)), request_body = FreezeRequest,
    responses((status = 200, description = "Frozen.", body = PartyUpdate, example = json!({
        "customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "account_id": "019ab6f5-1c7b-7002-8000-000000000000",
        "change": "frozen", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["accounts:write", "operator"])),
)]
pub(super) async fn freeze_account(door: State<Arc<Door>>, id: Path<String>, request: Request) -> Result<Response, Failure> {
    of_account(door, id, true, request).await
}

/// End the freeze of an account
#[utoipa::path(
    post, path = "/admin/aml/accounts/{id}/unfreeze", tag = "Accounts", params(("id" = AccountId, Path)), request_body = FreezeRequest,
    responses((status = 200, description = "Not frozen any more.", body = PartyUpdate, example = json!({
        "customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "account_id": "019ab6f5-1c7b-7002-8000-000000000000",
        "change": "unfrozen", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["accounts:write", "operator"])),
)]
pub(super) async fn unfreeze_account(door: State<Arc<Door>>, id: Path<String>, request: Request) -> Result<Response, Failure> {
    of_account(door, id, false, request).await
}

/// Report a signal
///
/// What was noticed about a customer outside of payments: gates count it.
#[utoipa::path(
    post, path = "/admin/aml/signals", tag = "Customers", request_body = SignalRequest,
    responses((status = 200, description = "Reported.", body = PartyUpdate, example = json!({
        "customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "change": "pin_failed", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["customers:write", "operator"])),
)]
pub(super) async fn report_signal(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Signal, request).await
}

/// End a review
///
/// Of a payment that is held until somebody has looked at it: it is made (201, the transaction), or what is held is given back (200, the
/// hold). Its payer and its payee decide nothing on it, also where they are staff.
#[utoipa::path(
    post, path = "/admin/aml/holds/{id}/review", tag = "Holds", params(("id" = HoldId, Path)), request_body = ReviewRequest,
    responses(
        (status = 200, description = "Given back.", body = Hold),
        (status = 201, description = "Paid.", body = schemas::resource::Transaction),
    ),
    security(("bearer" = ["transactions:write", "operator"])),
)]
pub(super) async fn review(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Review(id.parse().ok()), request).await
}

async fn of_customer(State(door): State<Arc<Door>>, Path(id): Path<String>, frozen: bool, request: Request) -> Result<Response, Failure> {
    let party = id.parse().ok().map(Party::Customer);
    submit::submit(&door, Form::Freeze { party, of_account: false, frozen }, request).await
}

async fn of_account(State(door): State<Arc<Door>>, Path(id): Path<String>, frozen: bool, request: Request) -> Result<Response, Failure> {
    let party = id.parse().ok().map(Party::Account);
    submit::submit(&door, Form::Freeze { party, of_account: true, frozen }, request).await
}
