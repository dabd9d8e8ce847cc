//! What a problem is in gRPC.
//!
//! In: a problem (RFC 9457). Out: a status with the details of google.rpc: `ErrorInfo` with the problem's code as its reason and what
//! else it names as metadata; `BadRequest` with every field at fault; `RetryInfo` where the same call may succeed later.

use schemas::Problem;
use std::collections::HashMap;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// Whose reasons they are.
const DOMAIN: &str = "orion";

/// When to ask again, as `Retry-After` has it.
const RETRY: Duration = Duration::from_secs(1);

/// The status of a problem.
pub(crate) fn of(problem: &Problem) -> Status {
    let mut details = ErrorDetails::with_error_info(&problem.code, DOMAIN, named(problem));
    if !problem.errors.is_empty() {
        let violations = problem.errors.iter().map(|error| FieldViolation::new(field(&error.pointer), &error.detail));
        details.set_bad_request(violations.collect::<Vec<_>>());
    }
    if problem.retryable {
        details.set_retry_info(Some(RETRY));
    }
    Status::with_error_details(code(problem), &problem.detail, details)
}

/// The code of a problem. What the ledger refuses is a precondition, whatever the reason: it was decided, and stays so.
fn code(problem: &Problem) -> Code {
    match (problem.status, problem.code.as_str()) {
        (_, "deadline_exceeded") => Code::DeadlineExceeded,
        (_, "idempotency_key_reused") => Code::AlreadyExists,
        (401, _) => Code::Unauthenticated,
        (403, _) => Code::PermissionDenied,
        (404, _) => Code::NotFound,
        (409 | 422, _) => Code::FailedPrecondition,
        (413 | 429, _) => Code::ResourceExhausted,
        (503, _) => Code::Unavailable,
        (400..=499, _) => Code::InvalidArgument,
        _ => Code::Internal,
    }
}

/// What else it names.
fn named(problem: &Problem) -> HashMap<String, String> {
    let item = problem.item.map(|item| item.to_string());
    [
        ("operation_id", problem.operation_id.as_deref()),
        ("transaction_id", problem.transaction_id.as_deref()),
        ("transaction_status", problem.transaction_status.as_deref()),
        ("item", item.as_deref()),
        ("errorCategory", problem.gsma_category.as_deref()),
        ("errorCode", problem.gsma_code.as_deref()),
        ("trace_id", problem.trace_id.as_deref()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
    .collect()
}

/// A JSON pointer as a path of fields; names of metadata and fields of a path stay as they are.
fn field(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').filter(|part| !part.is_empty()) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if pointer.starts_with('/') && !path.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(&part);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The table of ARCHITECTURE.md: each code of a problem, as its own status.
    #[test]
    fn every_problem_is_a_canonical_status() {
        for (status, code, expected) in [
            (400, "invalid_request", Code::InvalidArgument),
            (400, "idempotency_key_missing", Code::InvalidArgument),
            (401, "token_missing", Code::Unauthenticated),
            (401, "invalid_token", Code::Unauthenticated),
            (403, "insufficient_scope", Code::PermissionDenied),
            (404, "account_not_found", Code::NotFound),
            (409, "operation_not_in_force", Code::FailedPrecondition),
            (413, "body_too_large", Code::ResourceExhausted),
            (415, "unsupported_media_type", Code::InvalidArgument),
            (422, "insufficient_funds", Code::FailedPrecondition),
            (422, "not_authorized", Code::FailedPrecondition),
            (422, "idempotency_key_reused", Code::AlreadyExists),
            (429, "too_many_pending", Code::ResourceExhausted),
            (500, "internal_error", Code::Internal),
            (503, "log_unavailable", Code::Unavailable),
            (503, "view_behind", Code::Unavailable),
            (503, "timeout", Code::Unavailable),
            (504, "deadline_exceeded", Code::DeadlineExceeded),
        ] {
            let status = of(&Problem::new(status, code, "What went wrong."));
            assert_eq!((status.code(), status.message()), (expected, "What went wrong."), "{code}");
            let info = status.get_details_error_info().expect("every status says why");
            assert_eq!((info.reason.as_str(), info.domain.as_str()), (code, DOMAIN));
        }
    }

    #[test]
    fn a_status_says_all_that_the_problem_does() {
        let transaction_id = Some("019ab6f5-1c7b-7001-8000-000000000000".to_owned());
        let problem =
            Problem { transaction_id, item: Some(3), gsma_code: Some("x".into()), ..Problem::new(422, "insufficient_funds", "No.") };
        let info = of(&problem).get_details_error_info().expect("why");
        let mut metadata: Vec<_> = info.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        metadata.sort_unstable();
        assert_eq!(metadata, [("errorCode", "x"), ("item", "3"), ("transaction_id", "019ab6f5-1c7b-7001-8000-000000000000")]);

        let wrong = of(&Problem::field("/items/3/amount", "must be greater than zero"));
        let violations = wrong.get_details_bad_request().expect("the fields").field_violations;
        let [FieldViolation { field, description, .. }] = violations.as_slice() else { panic!("{violations:?}") };
        assert_eq!((field.as_str(), description.as_str()), ("items[3].amount", "must be greater than zero"));
        assert!(wrong.get_details_retry_info().is_none());

        let later = of(&Problem::new(503, "view_behind", "Later.")).get_details_retry_info().expect("when");
        assert_eq!(later.retry_delay, Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_pointer_is_a_path_of_fields() {
        for (pointer, expected) in [
            ("", ""),
            ("/amount", "amount"),
            ("/limits/debit/day_count", "limits.debit.day_count"),
            ("/items/0", "items[0]"),
            ("/items/12/currency", "items[12].currency"),
            ("/a~1b~0c", "a/b~c"),
            ("/7", "7"),
            ("id", "id"),
            ("Idempotency-Key", "Idempotency-Key"),
            ("items[3]", "items[3]"),
        ] {
            assert_eq!(field(pointer), expected, "{pointer}");
        }
    }
}
