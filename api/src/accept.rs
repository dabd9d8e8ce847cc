//! In which of two forms does a caller want it: as JSON, or as what else it is to be had (RFC 9110, 12.5.1)?

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use schemas::Problem;

/// CSV, and any text.
pub(crate) const CSV: [&str; 2] = ["text/csv", "text/*"];
/// XML, and anything of an application; that is JSON as much, which comes first.
pub(crate) const XML: [&str; 2] = ["application/xml", "application/*"];

/// Whether `Accept` prefers the other form; JSON where it does not say, or likes both as much.
pub(crate) fn prefers(headers: &HeaderMap, other: [&str; 2]) -> Result<bool, Problem> {
    let ranges: Vec<&str> =
        headers.get_all(ACCEPT).iter().flat_map(|value| value.to_str().unwrap_or_default().split(',')).map(str::trim).collect();
    if ranges.iter().all(|range| range.is_empty()) {
        return Ok(false);
    }
    match [["application/json", "application/*"], other].map(|names| liked(&ranges, names)) {
        [0, 0] => Err(Problem::new(406, "not_acceptable", format!("This is to be had as application/json or {}.", other[0]))),
        [json, other] => Ok(other > json),
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn who_accepts_the_other_form_gets_it() {
        let (json, other, none) = (Some(false), Some(true), None);
        for (accept, form) in [
            ("", json),
            ("*/*", json),
            ("text/csv", other),
            ("TEXT/CSV; charset=utf-8", other),
            ("text/*", other),
            ("application/json", json),
            ("text/csv, application/json", json),
            ("text/csv, application/json;q=0.9", other),
            ("text/csv;q=0.5, */*;q=0.1", other),
            ("text/csv;q=0.001, */*;q=0.002", json),
            ("text/csv;q=0, */*", json),
            ("application/json;q=0, */*", other),
            ("text/html, application/xhtml+xml, */*;q=0.8", json),
            ("application/xml", none),
            ("text/csv;q=0", none),
            ("text/csv;q=0.0, application/json;q=0", none),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(prefers(&headers, CSV).ok(), form, "{accept}");
        }
        assert_eq!(prefers(&HeaderMap::new(), CSV).ok(), json);
        for (accept, form) in [
            ("application/*", json),
            ("application/xml", other),
            ("application/xml;q=0.9, application/*;q=0.8", other),
            ("application/json, application/xml;q=0.9", json),
            ("text/csv", none),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(prefers(&headers, XML).ok(), form, "{accept}");
        }
    }
}
