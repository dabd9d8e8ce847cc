//! The routes of watchlists and of matches that are cleared.

use super::answer::Failure;
use super::form::Form;
use super::form::list::{Listed, entry_id, name};
use super::request::list::{ClearMatchRequest, ListPartRequest, ListVersionRequest};
use super::{Door, submit};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use schemas::CustomerId;
use schemas::resource::{ListPart, ListVersion, MatchCleared};
use std::sync::Arc;

/// Largest body of a part: its text, escaped, and the names of its fields.
pub(super) const PART_BODY_MAX_BYTES: usize = 2 << 20;

/// Load a part of a watchlist
///
/// Parts come in their order, each entry after the one before; nothing of them counts until their version is in force.
#[utoipa::path(
    post, path = "/admin/aml/lists/{list}/parts", tag = "Rules", params(("list" = String, Path)), request_body = ListPartRequest,
    responses((status = 200, description = "Loaded.", body = ListPart, example = json!({
        "list": "un", "version": 1, "number": 0, "count": 1, "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn load_part(State(door): State<Arc<Door>>, Path(list): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::List(Listed::Part(name(list))), request).await
}

/// Put a version of a watchlist in force
///
/// What was loaded of it: version, parts, count and digest must agree. Customers whose names it touches are looked at in its epoch.
#[utoipa::path(
    post, path = "/admin/aml/lists/{list}/versions", tag = "Rules", params(("list" = String, Path)), request_body = ListVersionRequest,
    responses((status = 200, description = "In force.", body = ListVersion, example = json!({
        "list": "un", "kind": "sanctions", "version": 1, "parts": 1, "count": 1,
        "digest": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "forced": false, "activated_by": "staff",
        "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn activate(State(door): State<Arc<Door>>, Path(list): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::List(Listed::Version(name(list))), request).await
}

/// Clear a match
///
/// The customer, or a counterparty of theirs, is not whom the entry means: the pair is quiet as long as name, country and entry are as they are now.
#[utoipa::path(
    post, path = "/admin/aml/matches/{customer}/{list}/{entry}/clear", tag = "Rules",
    params(("customer" = CustomerId, Path), ("list" = String, Path), ("entry" = String, Path)), request_body = ClearMatchRequest,
    responses((status = 200, description = "Cleared.", body = MatchCleared, example = json!({
        "customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "list": "un", "entry": "QDi.001", "reason": "another date of birth",
        "cleared_by": "staff", "epoch": 1_764_000_000_123_u64,
    }))),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn clear(
    State(door): State<Arc<Door>>,
    Path((customer, list, entry)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let form = Listed::Clear { customer: customer.parse().ok(), list: name(list), entry: entry_id(entry) };
    submit::submit(&door, Form::List(form), request).await
}
