//! A statement as CSV (RFC 4180), and which form a caller wants.
//!
//! Every value is a word, an id, a moment or a number that the bank wrote: none needs quotes, and none begins a formula but the
//! sign of an amount.

use super::{Entry, Statement};
use axum::http::header::{ACCEPT, CONTENT_TYPE, LINK};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use schemas::{Currency, Problem};

const HEAD: &str = "transaction_id,operation,channel,amount,currency,balance,counterparty,effective_at,recorded_at,epoch\r\n";

/// In which form a caller wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Csv,
}

impl Form {
    /// The form that `Accept` prefers (RFC 9110, 12.5.1); JSON where it does not say, or likes both as much.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let ranges: Vec<&str> =
            headers.get_all(ACCEPT).iter().flat_map(|value| value.to_str().unwrap_or_default().split(',')).map(str::trim).collect();
        if ranges.iter().all(|range| range.is_empty()) {
            return Ok(Self::Json);
        }
        let [json, csv] = [["application/json", "application/*"], ["text/csv", "text/*"]].map(|names| liked(&ranges, names));
        match (json, csv) {
            (0, 0) => Err(Problem::new(406, "not_acceptable", "This is to be had as application/json or text/csv.")),
            (json, csv) if csv > json => Ok(Self::Csv),
            _ => Ok(Self::Json),
        }
    }
}

/// How much a media type is liked, in thousandths; by the most precise range that has it.
fn liked(ranges: &[&str], [exactly, some]: [&str; 2]) -> u32 {
    let of = |name: &str| {
        ranges.iter().find_map(|range| {
            let (media, parameters) = range.split_once(';').unwrap_or((range, ""));
            media.trim().eq_ignore_ascii_case(name).then(|| quality(parameters))
        })
    };
    of(exactly).or_else(|| of(some)).or_else(|| of("*/*")).unwrap_or(0)
}

/// The `q` of a range in thousandths: all, unless it says less.
fn quality(parameters: &str) -> u32 {
    let mut named = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let Some((_, text)) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("q")) else { return 1000 };
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    match whole {
        "0" => format!("{part:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0),
        _ => 1000,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_accepts_csv_gets_it() {
        let (json, csv, none) = (Some(Form::Json), Some(Form::Csv), None);
        for (accept, form) in [
            ("", json),
            ("*/*", json),
            ("text/csv", csv),
            ("TEXT/CSV; charset=utf-8", csv),
            ("text/*", csv),
            ("application/json", json),
            ("text/csv, application/json", json),
            ("text/csv, application/json;q=0.9", csv),
            ("text/csv;q=0.5, */*;q=0.1", csv),
            ("text/csv;q=0.001, */*;q=0.002", json),
            ("text/csv;q=0, */*", json),
            ("application/json;q=0, */*", csv),
            ("text/html, application/xhtml+xml, */*;q=0.8", json),
            ("application/xml", none),
            ("text/csv;q=0", none),
            ("text/csv;q=0.0, application/json;q=0", none),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(Form::of(&headers).ok(), form, "{accept}");
        }
        assert_eq!(Form::of(&HeaderMap::new()).ok(), json);
    }
}
