//! A statement as CSV (RFC 4180).
//!
//! Every value is a word, an id, a moment or a number that the bank wrote: none needs quotes, and none begins a formula but the
//! sign of an amount.

use super::{Entry, Statement};
use axum::http::header::{CONTENT_TYPE, LINK};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use schemas::Currency;

const HEAD: &str = "transaction_id,operation,channel,amount,currency,balance,counterparty,effective_at,recorded_at,epoch\r\n";

/// The answer: entries as lines, all else as headers.
pub(super) fn answer(statement: &Statement, path: &str, limit: usize) -> Response {
    let text = statement.entries.iter().fold(HEAD.to_owned(), |text, entry| text + &line(entry, statement.currency));
    let mut response = text.into_response();
    let mut says = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    says(CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned());
    says(HeaderName::from_static("orion-as-of"), statement.as_of.to_string());
    says(HeaderName::from_static("orion-opening-balance"), statement.opening_balance.clone());
    says(HeaderName::from_static("orion-closing-balance"), statement.closing_balance.clone());
    if let Some(cursor) = &statement.next_cursor {
        says(LINK, format!("<{path}?limit={limit}&cursor={cursor}>; rel=\"next\""));
    }
    response
}

fn line(entry: &Entry, currency: Currency) -> String {
    let counterparty = entry.counterparty.map(|id| id.to_string()).unwrap_or_default();
    let effective_at = entry.effective_at.as_deref().unwrap_or_default();
    let Entry { transaction_id, operation, channel, amount, balance, recorded_at, epoch, .. } = entry;
    format!("{transaction_id},{operation},{channel},{amount},{currency},{balance},{counterparty},{effective_at},{recorded_at},{epoch}\r\n")
}
