//! The HTTP door: the routes that write commands.
//!
//! In: requests whose caller (`schemas::Caller`) and trace (`schemas::TraceContext`) the outer layers have put
//! into their extensions. Out: answers; problems leave as a response extension, for the outermost layer to write.
//! A door never decides about money, and never answers from what it has not read back from the log.

mod answer;
mod batches;
mod diligence;
mod document;
mod fields;
mod form;
mod gates;
mod headers;
mod holds;
mod lists;
mod policies;
mod prefer;
mod proofs;
mod query;
mod reply;
mod request;
mod submit;

use crate::decisions::Decisions;
use crate::log::CommandLog;
use answer::Failure;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::response::Response;
use form::Form;
use meters::queue;
use request::{AccountRequest, CustomerRequest, DepositRequest, PaymentRequest, RulesRequest, WithdrawalRequest};
use schemas::resource::{Account, AccountUpdate, Customer, Rules, Transaction};
use schemas::{AccountId, Paid, PaymentKind, Problem, StatusChange};
use std::pin::Pin;
use std::sync::Arc;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// All that was paid in a minute since 1970, in the order of the decisions; or the problem of whoever should know it.
pub type Minutes = Arc<dyn Fn(u64) -> Pin<Box<dyn Future<Output = Result<Vec<Paid>, Problem>> + Send>> + Send + Sync>;

/// What the door stands on.
pub struct Door {
    /// Where commands go.
    pub log: CommandLog,
    /// Where their decisions come from.
    pub decisions: Arc<Decisions>,
    /// What was paid long ago, of which the ledger has to be told before it gives it back.
    pub minutes: Minutes,
    /// The newest version of the rules that is known here.
    pub newest_rules: u32,
    /// Largest body that it reads, but for batches.
    pub body_max_bytes: usize,
}

/// Largest body of a batch: about 500 bytes for each of the most items.
const BATCH_BODY_MAX_BYTES: usize = 4 << 20;

/// The routes, with their description.
pub fn routes() -> OpenApiRouter<Arc<Door>> {
    let mut router = OpenApiRouter::new()
        .routes(routes!(create_customer))
        .routes(routes!(open_account))
        .routes(routes!(suspend_account))
        .routes(routes!(reactivate_account))
        .routes(routes!(close_account))
        .routes(routes!(deposit))
        .routes(routes!(withdraw))
        .routes(routes!(transfer))
        .routes(routes!(pay_merchant))
        .routes(routes!(pay_bill))
        .routes(routes!(batches::decide).layer(DefaultBodyLimit::max(BATCH_BODY_MAX_BYTES)))
        .routes(routes!(batches::cancel))
        .routes(routes!(holds::reserve))
        .routes(routes!(holds::capture))
        .routes(routes!(holds::release))
        .routes(routes!(holds::refund))
        .routes(routes!(holds::reverse))
        .routes(routes!(policies::set_level))
        .routes(routes!(policies::set_terms))
        .routes(routes!(policies::set_limits))
        .routes(routes!(policies::set_tariff))
        .routes(routes!(policies::withdraw_tariff))
        .routes(routes!(gates::set_rule))
        .routes(routes!(gates::set_policy))
        .routes(routes!(gates::set_countries))
        .routes(routes!(gates::freeze_customer))
        .routes(routes!(gates::unfreeze_customer))
        .routes(routes!(gates::freeze_account))
        .routes(routes!(gates::unfreeze_account))
        .routes(routes!(gates::report_signal))
        .routes(routes!(gates::review))
        .routes(routes!(lists::load_part).layer(DefaultBodyLimit::max(lists::PART_BODY_MAX_BYTES)))
        .routes(routes!(lists::activate))
        .routes(routes!(lists::clear))
        .routes(routes!(activate_rules))
        .routes(routes!(diligence::update))
        .routes(routes!(diligence::set_address, diligence::forget_address))
        .routes(routes!(diligence::document))
        .routes(routes!(diligence::decide_kyc))
        .routes(routes!(diligence::open))
        .routes(routes!(diligence::assign))
        .routes(routes!(diligence::comment))
        .routes(routes!(diligence::snooze))
        .routes(routes!(diligence::escalate))
        .routes(routes!(diligence::decide))
        .routes(routes!(diligence::set_policy));
    document::complete(router.get_openapi_mut());
    router
}

/// The routes, open.
pub fn router(door: Arc<Door>) -> OpenApiRouter {
    watch(&door.decisions);
    routes().layer(DefaultBodyLimit::max(door.body_max_bytes)).with_state(door)
}

/// Shows how many operations wait, and how many decisions the ledger keeps, whenever someone looks.
fn watch(decisions: &Arc<Decisions>) {
    let decisions = Arc::clone(decisions);
    meters::look(move || {
        let (remembered_max, pinned_max) = decisions.bounds();
        queue::OPERATIONS.holds(decisions.pending());
        queue::OPERATIONS.bound(remembered_max);
        meters::PINS.with_label_values(meters::NONE).set(meters::number(decisions.pinned()));
        meters::PINS_MAX.with_label_values(meters::NONE).set(meters::number(pinned_max));
    });
}

/// Enrol a customer
#[utoipa::path(
    post, path = "/v1/customers", tag = "Customers", request_body = CustomerRequest,
    responses((status = 201, description = "Enrolled.", body = Customer)),
    security(("bearer" = ["customers:write", "operator"])),
)]
async fn create_customer(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Customer, request).await
}

/// Open an account
///
/// Customers open customer accounts for themselves; staff open accounts of any role for anyone.
#[utoipa::path(
    post, path = "/v1/accounts", tag = "Accounts", request_body = AccountRequest,
    responses((status = 201, description = "Opened.", body = Account)),
    security(("bearer" = ["accounts:write"])),
)]
async fn open_account(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Account, request).await
}

/// Suspend an account
///
/// It neither pays nor is paid until it is reactivated. Not the bank's own accounts.
#[utoipa::path(
    post, path = "/v1/accounts/{id}/suspend", tag = "Accounts", params(("id" = AccountId, Path)),
    responses((status = 200, description = "Suspended.", body = AccountUpdate)),
    security(("bearer" = ["accounts:write", "operator"])),
)]
async fn suspend_account(door: State<Arc<Door>>, id: Path<String>, request: Request) -> Result<Response, Failure> {
    change_status(door, id, StatusChange::Suspend, request).await
}

/// Reactivate an account
///
/// A suspended account pays and is paid again.
#[utoipa::path(
    post, path = "/v1/accounts/{id}/reactivate", tag = "Accounts", params(("id" = AccountId, Path)),
    responses((status = 200, description = "Reactivated.", body = AccountUpdate)),
    security(("bearer" = ["accounts:write", "operator"])),
)]
async fn reactivate_account(door: State<Arc<Door>>, id: Path<String>, request: Request) -> Result<Response, Failure> {
    change_status(door, id, StatusChange::Reactivate, request).await
}

/// Close an account
///
/// For good, and only when nothing is left in it.
#[utoipa::path(
    post, path = "/v1/accounts/{id}/close", tag = "Accounts", params(("id" = AccountId, Path)),
    responses((status = 200, description = "Closed.", body = AccountUpdate)),
    security(("bearer" = ["accounts:write", "operator"])),
)]
async fn close_account(door: State<Arc<Door>>, id: Path<String>, request: Request) -> Result<Response, Failure> {
    change_status(door, id, StatusChange::Close, request).await
}

async fn change_status(
    State(door): State<Arc<Door>>,
    Path(id): Path<String>,
    change: StatusChange,
    request: Request,
) -> Result<Response, Failure> {
    submit::submit(&door, Form::Status { account_id: id.parse().ok(), change }, request).await
}

/// Pay cash in
///
/// From an agent's float, or from the house's cash where no account to debit is named; only staff may do the latter.
#[utoipa::path(
    post, path = "/v1/transactions/deposit", tag = "Transactions", request_body = DepositRequest,
    responses((status = 201, description = "Settled.", body = Transaction)),
    security(("bearer" = ["transactions:write"])),
)]
async fn deposit(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Payment(PaymentKind::Deposit), request).await
}

/// Take cash out
///
/// Through an agent, who is credited, or at the house where no account to credit is named.
#[utoipa::path(
    post, path = "/v1/transactions/withdrawal", tag = "Transactions", request_body = WithdrawalRequest,
    responses((status = 201, description = "Settled.", body = Transaction)),
    security(("bearer" = ["transactions:write"])),
)]
async fn withdraw(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Payment(PaymentKind::Withdrawal), request).await
}

/// Send money to another person
#[utoipa::path(
    post, path = "/v1/transactions/transfer", tag = "Transactions", request_body = PaymentRequest,
    responses((status = 201, description = "Settled.", body = Transaction)),
    security(("bearer" = ["transactions:write"])),
)]
async fn transfer(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Payment(PaymentKind::Transfer), request).await
}

/// Pay a merchant
#[utoipa::path(
    post, path = "/v1/transactions/merchant-payment", tag = "Transactions", request_body = PaymentRequest,
    responses((status = 201, description = "Settled.", body = Transaction)),
    security(("bearer" = ["transactions:write"])),
)]
async fn pay_merchant(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Payment(PaymentKind::MerchantPayment), request).await
}

/// Pay a bill
///
/// To a biller, which is a merchant.
#[utoipa::path(
    post, path = "/v1/transactions/bill-payment", tag = "Transactions", request_body = PaymentRequest,
    responses((status = 201, description = "Settled.", body = Transaction)),
    security(("bearer" = ["transactions:write"])),
)]
async fn pay_bill(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Payment(PaymentKind::BillPayment), request).await
}

/// Activate a version of the rules
///
/// It decides every epoch after the one of this decision. One version forth at a time, or back to any.
#[utoipa::path(
    post, path = "/v1/rules", tag = "Rules", request_body = RulesRequest,
    responses((status = 201, description = "Activated.", body = Rules)),
    security(("bearer" = ["rules:write", "operator"])),
)]
async fn activate_rules(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Failure> {
    submit::submit(&door, Form::Rules { newest: door.newest_rules }, request).await
}
