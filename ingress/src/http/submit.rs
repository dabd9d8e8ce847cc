//! One command from a request to its answer.
//!
//! In: a request whose caller is known. Out: the decision, or the promise of one. Steps:
//! 1. scope, query, media type, key, body: what needs no state. 2. Room: overload is refused before anything is taken, and so is
//!    what the rules in force do not know.
//! 3. Proofs, where something old is given back. 4. Append. 5. Wait. A caller that goes away after step 4 has a command in
//!    the log and may ask again.

use super::answer::{self, Failure};
use super::form::Form;
use super::headers::{self, Media, PREFERENCE_APPLIED};
use super::query::{self, Asked};
use super::reply::Reply;
use super::{Door, prefer, proofs};
use crate::log::AppendError;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{Extensions, HeaderValue};
use axum::response::{IntoResponse, Response};
use schemas::{Caller, Command, Operation, Patience, Problem, Refusal, Scope, TraceContext};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Takes a command, appends it and waits for its decision.
pub(super) async fn submit(door: &Door, form: Form, request: Request) -> Result<Response, Failure> {
    // 1. What needs no state.
    let caller: Caller = extension(request.extensions())?;
    let trace: TraceContext = extension(request.extensions())?;
    form.scopes().iter().try_for_each(|scope| caller.require(*scope))?;
    let asked = query::read(request.uri(), form.parameters())?;
    let is_batch = form == Form::Batch;
    let media = headers::media(request.headers(), is_batch);
    if form.needs_body() {
        media.clone()?;
    }
    let key = headers::idempotency_key(request.headers())?;
    let wait = prefer::wait(request.headers());
    let patience = request.extensions().get().map(|Patience(patience)| Instant::now() + *patience);
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| unread(rejection.into_response().status().as_u16()))?;
    // Where there is nothing to say, curl says it in a form of its own.
    let media = if body.is_empty() { media.unwrap_or(Media::Json) } else { media? };
    let needs_key = form.needs_key();
    let operation = if is_batch { read_aside(form, body, media, asked).await? } else { form.operation(&body, media, asked)? };
    let is_tried = matches!(&operation, Operation::Batch(batch) if batch.dry_run);
    if key.is_none() && needs_key && !is_tried {
        return Err(key_missing().into());
    }
    if takes_back(&operation) {
        caller.require(Scope::Operator)?;
    }
    let reply = Reply::of(&operation, is_batch);
    let mut command = Command {
        principal: caller.principal,
        // A command that nobody can name again is a command of its own.
        idempotency_key: key.clone().unwrap_or_else(|| Uuid::new_v4().to_string()),
        received_ms: now_ms(),
        operation,
    };
    command.check().map_err(|unreadable| Problem::field("", unreadable.to_string()))?;

    // 2. Room. What has none may be a repeat of what was taken before, so the answer names its operation.
    let command_id = command.id();
    let not_taken = |status, code, detail| Problem { operation_id: Some(command_id.to_string()), ..Problem::new(status, code, detail) };
    if door.decisions.is_full() {
        return Err(not_taken(429, "too_many_pending", "Too many operations wait for their decision. This request was not taken.").into());
    }
    // A repeat of what is known here adds nothing, neither does what is only tried, and the rules must not depend on room.
    let is_new = door.decisions.operation(command_id).is_none();
    let adds = is_new && !is_tried && !matches!(command.operation, Operation::ActivateRules(_));
    if adds && door.decisions.ledger_is_full() {
        let detail = "The ledger keeps as many decisions for retries as it may, and takes commands again when the oldest have expired. \
                      This request was not taken.";
        return Err(not_taken(503, "idempotency_horizon_full", detail).into());
    }

    // What older rules do not know is not written: the binary that goes with them could not read it, and must be able to come back.
    match door.decisions.rules_know(&command.operation) {
        Some(false) if is_new => {
            let detail = "The rules in force do not know this operation yet. Staff activates newer ones with POST /v1/rules. \
                          This request was not taken.";
            return Err(not_taken(409, Refusal::OperationNotInForce.as_str(), detail).into());
        }
        None => {
            let detail = "This server has just started and does not know yet which rules are in force. This request was not taken.";
            return Err(not_taken(503, "rules_not_known", detail).into());
        }
        Some(_) => {}
    }

    // 3. Proofs.
    proofs::attach(&mut command.operation, &door.minutes, command.received_ms).await?;

    // 4. Append.
    let position = door.log.append(&command, trace.traceparent()).await.map_err(|error| not_appended(&error, key.is_some()))?;

    // 5. Wait.
    let left = patience.map(|until| until.saturating_duration_since(Instant::now()));
    let limit = left.map_or(wait.limit, |left| left.min(wait.limit));
    let decision = tokio::time::timeout(limit, door.decisions.answer(position, command_id)).await;
    let mut response = match decision {
        Ok(Ok(event)) => answer::decided(&event, &reply),
        // Not in time, or let go while we waited: the operation says what became of it.
        Err(_) | Ok(Err(_)) => answer::pending(command_id, position),
    };
    if let Some(applied) = wait.applied.and_then(|applied| HeaderValue::try_from(applied).ok()) {
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// Reads a body of thousands of items, which takes tens of milliseconds, where no other request waits behind it.
async fn read_aside(form: Form, body: Bytes, media: Media, asked: Asked) -> Result<Operation, Problem> {
    let read = tokio::task::spawn_blocking(move || form.operation(&body, media, asked)).await;
    read.unwrap_or_else(|error| {
        tracing::error!(%error, "a body can't be read");
        Err(Problem::new(500, "internal_error", "Something went wrong here. It has been logged."))
    })
}

/// Whether it has a reversal in it, which is staff's wherever it stands.
fn takes_back(operation: &Operation) -> bool {
    let is_reversal = |operation: &Operation| matches!(operation, Operation::Reverse(_));
    is_reversal(operation) || matches!(operation, Operation::Batch(batch) if batch.items.iter().any(is_reversal))
}

/// What the outer layers put there; without it the server is not put together as it must be.
fn extension<T: Clone + Send + Sync + 'static>(extensions: &Extensions) -> Result<T, Problem> {
    extensions.get().cloned().ok_or_else(|| {
        tracing::error!(missing = std::any::type_name::<T>(), "a door stands without its outer layers");
        Problem::new(500, "internal_error", "The server is not set up as it should be.")
    })
}

fn key_missing() -> Problem {
    let detail = "This needs the header Idempotency-Key, so that a retry does nothing twice.";
    Problem { errors: Problem::field("Idempotency-Key", "is missing").errors, ..Problem::new(400, "idempotency_key_missing", detail) }
}

fn unread(status: u16) -> Problem {
    match status {
        413 => Problem::new(413, "body_too_large", "The body is larger than this server takes."),
        _ => Problem::field("", "the body did not arrive whole"),
    }
}

/// Kafka did not confirm. Either it never had the command, or it has it and the word of it was lost; a retry under
/// the same key is safe in both cases, since settlement knows a repeat.
fn not_appended(error: &AppendError, has_key: bool) -> Problem {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    match error {
        AppendError::Encode(_) => {
            tracing::error!(%error, cause, "a command can't be encoded");
            Problem::new(500, "internal_error", "The command can't be written. Nothing was taken.")
        }
        AppendError::NoTopic | AppendError::Append(_) => {
            tracing::warn!(%error, cause, "the commands log does not answer");
            let retry = if has_key {
                "The same request under the same Idempotency-Key is safe to send again."
            } else {
                "Without an Idempotency-Key a second request may do it twice."
            };
            let detail = format!("The log did not confirm the command: it may have been taken, or not. {retry}");
            Problem::new(503, "log_unavailable", detail)
        }
    }
}

/// The door's wall clock; says when a command came, decides nothing.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
