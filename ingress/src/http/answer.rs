//! What a caller is answered.
//!
//! In: the event that decided a command, or nothing in time, and what the request gives to its answer. Out: the response. A decision against the caller is
//! a problem with the refusal as its code; a repeat is the first answer again, and says so.

use super::headers::{IDEMPOTENCY_REPLAYED, ORION_EPOCH};
use super::reply::Reply;
use axum::Extension;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemas::resource::{self, Shown, diligence, location};
use schemas::{
    BatchDecided, CommandId, Epoch, Event, Fact, HoldChange, OrderChange, OrderId, Policy, Position, Problem, Refusal, Told, Transaction,
    rfc3339,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A problem on its way out: the status, and the problem for the outermost layer to write.
///
/// The layer adds the trace and the headers that follow from the problem, the same for every door.
pub(super) struct Failure(pub(super) Problem);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Extension(self.0)).into_response()
    }
}

/// The answer to a decided command.
pub(super) fn decided(event: &Event, reply: &Reply) -> Response {
    answer(&event.fact, event.epoch, event.cause.trace_id(), event.cause.command_id, reply)
}

fn answer(fact: &Fact, epoch: Epoch, trace_id: &str, operation_id: CommandId, reply: &Reply) -> Response {
    match fact {
        Fact::CustomerCreated(customer) => created(&location::customer(customer.id), resource::Customer::of(customer, epoch), epoch),
        Fact::AccountOpened(account) => created(&location::account(account.id), resource::Account::of(account, 0, epoch), epoch),
        Fact::StatusChanged(changed) => changed_to(resource::AccountUpdate::of(changed, epoch), epoch),
        Fact::HoldChanged(held) => match held.change {
            HoldChange::Reserved => created(&location::hold(held.id), resource::Hold::of(held, epoch), epoch),
            // The operation goes on until somebody has looked at it.
            HoldChange::Reviewed => under_review(operation_id, fact, epoch),
            HoldChange::Captured | HoldChange::Released | HoldChange::Closed | HoldChange::Expired => {
                changed_to(resource::Hold::of(held, epoch), epoch)
            }
            HoldChange::ReviewRefused | HoldChange::ReviewExpired => changed_to(resource::Hold::of(held, epoch), epoch),
        },
        Fact::PolicyChanged(policy) => match &**policy {
            Policy::Level(level) => changed_to(resource::CustomerLevel::of(level, epoch), epoch),
            Policy::Terms(terms) => changed_to(resource::AccountTerms::of(terms, epoch), epoch),
            Policy::Limits(limits) => changed_to(resource::LevelLimits::of(limits, epoch), epoch),
            Policy::Tariff(tariff) => created(&location::tariff(&tariff.code), resource::Tariff::of(tariff, epoch), epoch),
            Policy::TariffEnd(end) => changed_to(resource::TariffEnd::of(end, epoch), epoch),
        },
        Fact::Transaction(transaction) => match transaction.refusal {
            None => created(&location::transaction(transaction.id), settled(transaction, epoch, trace_id, reply), epoch),
            Some(refusal) => {
                let transaction_id = Some(transaction.id.to_string());
                let transaction_status = Some(transaction.status().to_string());
                let problem = Problem { transaction_id, transaction_status, ..refusal_problem(refusal, operation_id) };
                with_epoch(Failure(problem).into_response(), epoch)
            }
        },
        Fact::BatchDecided(batch) => batch_decided(batch, epoch, operation_id, reply),
        Fact::OrderChanged(order) => {
            let resource = resource::Order::of(order, epoch);
            match order.change {
                OrderChange::Scheduled => {
                    let response = (StatusCode::ACCEPTED, [(header::LOCATION, location::order(order.id))], shown(resource));
                    with_epoch(response.into_response(), epoch)
                }
                OrderChange::Executed | OrderChange::Failed | OrderChange::Cancelled => changed_to(resource, epoch),
            }
        }
        Fact::AmlChanged(changed) => match resource::AmlSet::of(changed, epoch) {
            resource::AmlSet::Rule(setting) => changed_to(setting, epoch),
            resource::AmlSet::Policy(policy) => changed_to(policy, epoch),
            resource::AmlSet::Countries(list) => changed_to(list, epoch),
            resource::AmlSet::Cases(policy) => changed_to(policy, epoch),
        },
        Fact::PartyChanged(changed) => changed_to(resource::PartyUpdate::of(changed, epoch), epoch),
        Fact::ListChanged(changed) => match resource::ListSet::of(changed, epoch) {
            resource::ListSet::Part(part) => changed_to(part, epoch),
            resource::ListSet::Version(version) => changed_to(version, epoch),
            resource::ListSet::Cleared(cleared) => changed_to(cleared, epoch),
        },
        Fact::Diligence(told) => match &**told {
            Told::Customer(updated) => changed_to(diligence::CustomerUpdate::of(updated, epoch), epoch),
            Told::Address(told) => changed_to(diligence::AddressUpdate::of(told, epoch), epoch),
            Told::Kyc(changed) => {
                let submitted = diligence::DocumentSubmitted::of(changed, epoch).expect("only a document that was presented answers");
                created(&location::diligence(told), submitted, epoch)
            }
            Told::Case(changed) if changed.opened.is_some() => {
                created(&location::case(changed.id), diligence::CaseUpdate::of(changed, epoch), epoch)
            }
            Told::Case(changed) => changed_to(diligence::CaseUpdate::of(changed, epoch), epoch),
        },
        Fact::Assessed(_) => unreachable!("what gates said answers nobody"),
        Fact::RulesActivated { version } => {
            let rules = resource::Rules { version: Some(*version), epoch: Some(epoch), as_of: None };
            created(location::RULES, rules, epoch)
        }
        Fact::Refused { refusal, .. } => with_epoch(Failure(refusal_problem(*refusal, operation_id)).into_response(), epoch),
        Fact::Repeated(repeat) => match &repeat.first {
            // Whose trace the first decision has is not known here, and ours would be the wrong one.
            Some(first) => replayed(answer(first, repeat.first_epoch, "", operation_id, reply)),
            None => key_reused(operation_id),
        },
    }
}

/// The answer to a command that is in the log and not decided.
pub(super) fn pending(operation_id: CommandId, position: Position) -> Response {
    let body = shown(resource::Operation::pending(operation_id, position));
    let headers = [(header::LOCATION, location::operation(operation_id)), (header::RETRY_AFTER, "1".to_owned())];
    (StatusCode::ACCEPTED, headers, body).into_response()
}

/// The answer to a payment that is held for a review: its operation, which leads to the hold.
fn under_review(operation_id: CommandId, fact: &Fact, epoch: Epoch) -> Response {
    let operation = resource::Operation::decided(operation_id, fact, epoch).expect("a hold that was made is a decision");
    let headers = [(header::LOCATION, location::operation(operation_id)), (header::RETRY_AFTER, "60".to_owned())];
    with_epoch((StatusCode::ACCEPTED, headers, shown(operation)).into_response(), epoch)
}

/// A payment that counts from an earlier day has an order with the same number, which says so.
fn settled(transaction: &Transaction, epoch: Epoch, trace_id: &str, reply: &Reply) -> resource::Transaction {
    let shown = resource::Transaction::of(transaction, epoch, trace_id);
    match reply {
        Reply::Counts { effective_at } => {
            let order_id = transaction.id.minted().map(|(epoch, number)| OrderId::mint(epoch, number));
            resource::Transaction { order_id, effective_at: Some(rfc3339(*effective_at)), ..shown }
        }
        Reply::Plain | Reply::Batch(_) | Reply::Tried(_) => shown,
    }
}

/// What is only tried is answered with what would become of it. All or nothing that came to nothing is a problem.
fn batch_decided(batch: &BatchDecided, epoch: Epoch, operation_id: CommandId, reply: &Reply) -> Response {
    if let (Reply::Tried(currency), Some(outcome)) = (reply, batch.outcomes.first()) {
        return changed_to(resource::DryRun::of(outcome, epoch, *currency), epoch);
    }
    if let Some((place, refusal)) = batch.undone_by().filter(|_| !batch.dry_run) {
        let problem = refusal_problem(refusal, operation_id);
        let detail = format!("Nothing of the batch was done, because of item {place}: {}", problem.detail);
        let problem = Problem { item: u32::try_from(place).ok(), detail, ..problem };
        return with_epoch(Failure(problem).into_response(), epoch);
    }
    let currency = |item: usize| match reply {
        Reply::Batch(currencies) => currencies.get(item).copied().flatten(),
        Reply::Plain | Reply::Counts { .. } | Reply::Tried(_) => None,
    };
    changed_to(resource::Batch::of(operation_id, batch, epoch, currency), epoch)
}

fn created<R: Serialize + ToSchema>(location: &str, resource: R, epoch: Epoch) -> Response {
    let response = (StatusCode::CREATED, [(header::LOCATION, location)], shown(resource)).into_response();
    with_epoch(response, epoch)
}

fn changed_to<R: Serialize + ToSchema>(resource: R, epoch: Epoch) -> Response {
    with_epoch(shown(resource).into_response(), epoch)
}

/// A resource, and which it is.
fn shown<R: Serialize + ToSchema>(resource: R) -> (Extension<Shown>, Json<R>) {
    (Extension(Shown(R::name())), Json(resource))
}

fn replayed(mut response: Response) -> Response {
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    response
}

fn with_epoch(mut response: Response, epoch: Epoch) -> Response {
    response.headers_mut().insert(ORION_EPOCH, HeaderValue::from(epoch));
    response
}

fn refusal_problem(refusal: Refusal, operation_id: CommandId) -> Problem {
    let operation_id = Some(operation_id.to_string());
    let (category, code) = refusal.gsma();
    let problem = Problem::new(422, refusal.as_str(), refusal.explanation());
    Problem { operation_id, gsma_category: Some(category.into()), gsma_code: Some(code.into()), ..problem }
}

fn key_reused(operation_id: CommandId) -> Response {
    let detail = "This Idempotency-Key already names another command of this operation. A new command needs a new key.";
    let operation_id = Some(operation_id.to_string());
    Failure(Problem { operation_id, ..Problem::new(422, "idempotency_key_reused", detail) }).into_response()
}

#[cfg(test)]
mod tests;
