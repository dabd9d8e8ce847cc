//! Problems: errors as HTTP clients see them (RFC 9457, `application/problem+json`).

use serde::{Deserialize, Serialize};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One thing wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field, empty for the whole body; or the header's or parameter's name.
    #[schema(example = "/amount")]
    pub pointer: String,
    /// What is wrong with it.
    #[schema(example = "must be greater than zero")]
    pub detail: String,
}

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// A URI that names the kind: `urn:orion:problem:<code>`.
    #[serde(rename = "type")]
    #[schema(example = "urn:orion:problem:insufficient_funds")]
    pub kind: String,
    /// The kind in words.
    #[schema(example = "Insufficient funds")]
    pub title: String,
    /// HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What went wrong this time, and what to do.
    #[schema(example = "The available balance does not cover the payment.")]
    pub detail: String,
    /// Stable code to branch on.
    #[schema(example = "insufficient_funds")]
    pub code: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// What is wrong, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The transaction that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transaction_id: Option<String>,
    /// The operation in question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub operation_id: Option<String>,
    /// The item of a batch that was refused, from 0; nothing of the others has happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 3)]
    pub item: Option<u32>,
    /// `failed` where a decision was made against the caller.
    #[serde(default, rename = "transaction_status", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transaction_status: Option<String>,
    /// What the GSMA Mobile Money API calls the kind of a refusal by the ledger.
    #[serde(default, rename = "errorCategory", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "businessRule")]
    pub gsma_category: Option<Box<str>>,
    /// What it calls the reason.
    #[serde(default, rename = "errorCode", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "insufficientFunds")]
    pub gsma_code: Option<Box<str>>,
    /// The trace of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trace_id: Option<String>,
}

impl Problem {
    /// A problem of a kind; the title is the code in words.
    pub fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        let mut title = code.replace('_', " ");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self {
            kind: format!("urn:orion:problem:{code}"),
            title,
            status,
            detail: detail.into(),
            code: code.to_owned(),
            retryable: matches!(status, 429 | 503),
            errors: Vec::new(),
            transaction_id: None,
            operation_id: None,
            item: None,
            transaction_status: None,
            gsma_category: None,
            gsma_code: None,
            trace_id: None,
        }
    }

    /// A request that can't be understood, with the field at fault.
    pub fn field(pointer: &str, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { pointer: pointer.to_owned(), detail: detail.into() }])
    }

    /// A request that can't be understood, with every field at fault.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.pointer, one.detail),
            many => format!("{} fields are not acceptable; see errors.", many.len()),
        };
        Self { errors, ..Self::new(400, "invalid_request", detail) }
    }
}
