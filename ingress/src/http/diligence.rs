//! The routes of identities and cases.

use super::answer::Failure;
use super::form::{Form, Wanted};
use super::request::diligence::{
    AddressRequest, AssignRequest, CaseDecisionRequest, CasePolicyRequest, CaseRequest, CommentRequest, CustomerUpdateRequest,
    DocumentRequest, EscalateRequest, KycDecisionRequest, SnoozeRequest,
};
use super::{Door, submit};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use schemas::resource::diligence::{AddressUpdate, CasePolicy, CaseUpdate, CustomerUpdate, DocumentSubmitted};
use schemas::{CaseId, CustomerId};
use std::sync::Arc;

/// Change what is known of a customer
///
/// What the body does not name stays as it is. Staff only.
#[utoipa::path(
    patch, path = "/v1/customers/{id}", tag = "Customers", params(("id" = CustomerId, Path)), request_body = CustomerUpdateRequest,
    responses((status = 200, description = "Changed.", body = CustomerUpdate)),
    security(("bearer" = ["customers:write", "operator"])),
)]
pub(super) async fn update(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Update(id.parse().ok())), request).await
}

/// Say where a customer lives
///
/// The whole address: what the body does not name is not known. Staff only.
#[utoipa::path(
    put, path = "/v1/customers/{id}/address", tag = "Customers", params(("id" = CustomerId, Path)), request_body = AddressRequest,
    responses((status = 200, description = "Set.", body = AddressUpdate)),
    security(("bearer" = ["customers:write", "operator"])),
)]
pub(super) async fn set_address(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Address(id.parse().ok())), request).await
}

/// Say that it is not known any more where a customer lives
///
/// Staff only.
#[utoipa::path(
    delete, path = "/v1/customers/{id}/address", tag = "Customers", params(("id" = CustomerId, Path)),
    responses((status = 200, description = "Not known any more.", body = AddressUpdate)),
    security(("bearer" = ["customers:write", "operator"])),
)]
pub(super) async fn forget_address(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::NoAddress(id.parse().ok())), request).await
}

/// Present a document
///
/// Customers present their own, staff anybody's. The digits of a machine-readable zone are checked, and that it says what the
/// description says; the bank keeps the end of the number and a digest of it. The first document opens a case.
#[utoipa::path(
    post, path = "/v1/customers/{id}/kyc/documents", tag = "Customers", params(("id" = CustomerId, Path)), request_body = DocumentRequest,
    responses((status = 201, description = "Presented.", body = DocumentSubmitted)),
    security(("bearer" = ["customers:write"])),
)]
pub(super) async fn document(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Document(id.parse().ok())), request).await
}

/// Decide on who a customer is
///
/// By the case of their enrolment. Where the policy wants two, the first call leaves the case `awaiting_confirmation`, and the same decision
/// by somebody else decides; another one withdraws it. Nobody decides on themselves.
#[utoipa::path(
    post, path = "/admin/kyc/{case_id}/decision", tag = "Cases", params(("case_id" = CaseId, Path)), request_body = KycDecisionRequest,
    responses((status = 200, description = "Decided, or to be confirmed.", body = CaseUpdate)),
    security(("bearer" = ["cases:write", "operator"])),
)]
pub(super) async fn decide_kyc(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Kyc(id.parse().ok())), request).await
}

/// Open a case
///
/// Of an enrolment about a customer, of an alert about a customer or an account, of a hit about one of these. There is one open case
/// an alert, and one an enrolment. Reviews open their own.
#[utoipa::path(
    post, path = "/admin/cases", tag = "Cases", request_body = CaseRequest,
    responses((status = 201, description = "Opened.", body = CaseUpdate)),
    security(("bearer" = ["cases:write", "operator"])),
)]
pub(super) async fn open(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Open), request).await
}

/// Say whose a case is
///
/// By the subject of their token; nobody's without one.
#[utoipa::path(
    post, path = "/admin/cases/{id}/assign", tag = "Cases", params(("id" = CaseId, Path)), request_body = AssignRequest,
    responses((status = 200, description = "Assigned.", body = CaseUpdate)),
    security(("bearer" = ["cases:write", "operator"])),
)]
pub(super) async fn assign(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Assign(id.parse().ok())), request).await
}

/// Say something about a case
#[utoipa::path(
    post, path = "/admin/cases/{id}/comments", tag = "Cases", params(("id" = CaseId, Path)), request_body = CommentRequest,
    responses((status = 200, description = "Said.", body = CaseUpdate)),
    security(("bearer" = ["cases:write", "operator"])),
)]
pub(super) async fn comment(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Comment(id.parse().ok())), request).await
}

/// Let a case sleep
///
/// At most 90 days; it wakes by itself.
#[utoipa::path(
    post, path = "/admin/cases/{id}/snooze", tag = "Cases", params(("id" = CaseId, Path)), request_body = SnoozeRequest,
    responses((status = 200, description = "It sleeps.", body = CaseUpdate)),
    security(("bearer" = ["cases:write", "operator"])),
)]
pub(super) async fn snooze(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Snooze(id.parse().ok())), request).await
}

/// Make a case more urgent
///
/// Three times at most.
#[utoipa::path(
    post, path = "/admin/cases/{id}/escalate", tag = "Cases", params(("id" = CaseId, Path)), request_body = EscalateRequest,
    responses((status = 200, description = "It is more urgent.", body = CaseUpdate)),
    security(("bearer" = ["cases:write", "operator"])),
)]
pub(super) async fn escalate(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Escalate(id.parse().ok())), request).await
}

/// Decide a case
///
/// Of an alert or a hit. An enrolment is decided by its customer, and a review by what becomes of the payment.
#[utoipa::path(
    post, path = "/admin/cases/{id}/decision", tag = "Cases", params(("id" = CaseId, Path)), request_body = CaseDecisionRequest,
    responses((status = 200, description = "Decided, or to be confirmed.", body = CaseUpdate)),
    security(("bearer" = ["cases:write", "operator"])),
)]
pub(super) async fn decide(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Decide(id.parse().ok())), request).await
}

/// Set how long cases may take
///
/// And which decisions need two members of staff. As a whole: what is not named is as it was when nobody had set anything.
#[utoipa::path(
    post, path = "/admin/cases/policy", tag = "Rules", request_body = CasePolicyRequest,
    responses((status = 200, description = "Set.", body = CasePolicy)),
    security(("bearer" = ["rules:write", "operator"])),
)]
pub(super) async fn set_policy(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Diligence(Wanted::Policy), request).await
}
