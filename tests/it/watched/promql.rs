//! What a query of Prometheus names: metrics, and labels. Whether it is one at all is promtool's question.

use meters::{ALL, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Labels that a server of Prometheus adds.
const ADDED: [&str; 2] = ["instance", "job"];

/// Words that a label list in brackets follows.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Words of the language that are no metric and no function.
const WORDS: [&str; 10] = ["and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "start", "end"];

/// The labels that the series of a name have; none if nothing in the list is called so.
pub(super) fn labels(series: &str) -> Option<BTreeSet<String>> {
    let of = |name: &str, kind: fn(Kind) -> bool| ALL.iter().find(|described| described.name == name && kind(described.kind));
    let found = of(series, |kind| kind != Kind::Histogram).map(|described| (described, None)).or_else(|| {
        [("_bucket", Some("le")), ("_sum", None), ("_count", None)].into_iter().find_map(|(suffix, more)| {
            let name = series.strip_suffix(suffix)?;
            of(name, |kind| kind == Kind::Histogram).map(|described| (described, more))
        })
    });
    found.map(|(described, more)| described.labels.iter().copied().chain(more).chain(ADDED).map(str::to_owned).collect())
}

/// Recorded series, with the labels that they have.
pub(super) type Recorded = BTreeMap<String, BTreeSet<String>>;

/// What is wrong with the names in a query: a metric that nobody shows, a label that its metric does not have, a grouping by a
/// label that no metric of the query has.
pub(super) fn wrong(query: &str, recorded: &Recorded) -> Vec<String> {
    let tokens = tokens(query);
    let (mut wrong, mut known, mut grouped) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut place = 0;
    while let Some(token) = tokens.get(place) {
        let next = tokens.get(place + 1).map(String::as_str);
        let is_word = token.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == ':');
        place += 1;
        if is_word && GROUPING.contains(&token.as_str()) {
            if next == Some("(") {
                grouped.extend(listed(&tokens[place..]));
                place += tokens[place..].iter().position(|token| token == ")").unwrap_or(0);
            }
        } else if is_word && !WORDS.contains(&token.as_str()) && next != Some("(") && !is_aggregation(token, next) {
            let of_series = labels(token).or_else(|| recorded.get(token).cloned());
            match &of_series {
                Some(labels) => known.extend(labels.iter().cloned()),
                None => wrong.push(format!("nobody shows {token}")),
            }
            if next == Some("{") {
                let end = tokens[place..].iter().position(|token| token == "}").map_or(tokens.len(), |end| place + end);
                let matched = tokens[place..end].windows(2).filter(|pair| ["=", "!=", "=~", "!~"].contains(&pair[1].as_str()));
                let labels = of_series.unwrap_or_default();
                let bounds = tokens[place..end].windows(3).filter(|three| three[0] == "le" && labels.contains("le")).map(|three| &three[2]);
                wrong.extend(bounds.filter(|bound| !is_bound(token, bound)).map(|bound| format!("{token} has no bound {bound}")));
                wrong.extend(
                    matched
                        .map(|pair| &pair[0])
                        .filter(|label| !labels.contains(*label))
                        .map(|label| format!("{token} has no label {label}")),
                );
                place = end;
            }
        }
    }
    wrong.extend(grouped.into_iter().filter(|label| !known.contains(label)).map(|label| format!("nothing here has the label {label}")));
    wrong
}

/// Whether a histogram counts up to one of `"1|1.0"`: Prometheus has both spellings, by its version.
fn is_bound(bucket: &str, bounds: &str) -> bool {
    let described = ALL.iter().find(|described| bucket.strip_suffix("_bucket") == Some(described.name));
    let is = |text: &str| described.is_some_and(|described| described.buckets.iter().any(|bound| bound.to_string() == text));
    bounds.trim_matches('"').split('|').any(is)
}

/// `sum by (le) (...)`: the word before its grouping.
fn is_aggregation(token: &str, next: Option<&str>) -> bool {
    let words = ["sum", "min", "max", "avg", "count", "topk", "bottomk", "quantile", "group"];
    words.contains(&token) && next.is_some_and(|next| ["by", "without"].contains(&next))
}

/// The words of a list in brackets.
fn listed(tokens: &[String]) -> Vec<String> {
    tokens.iter().skip(1).take_while(|token| *token != ")").filter(|token| *token != ",").cloned().collect()
}

/// Words, strings, numbers with their units, operators; ranges in square brackets are one token.
fn tokens(query: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            '=' | '!' | '>' | '<' => rest[1..].find(|next| !['=', '~'].contains(&next)).map_or(rest.len(), |end| end + 1),
            first if first.is_ascii_alphanumeric() || first == '_' || first == ':' => {
                rest.find(|next: char| !(next.is_ascii_alphanumeric() || ['_', ':', '.'].contains(&next))).unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        tokens.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    tokens
}

#[test]
fn a_name_that_is_misspelt_is_found() {
    let recorded = Recorded::from([("orion:late:ratio_rate5m".to_owned(), BTreeSet::new())]);
    for (query, expected) in [
        ("sum by (http_route) (rate(http_server_request_duration_seconds_count{http_route=~\"/v1/.*\"}[5m]))", &[][..]),
        ("histogram_quantile(0.99, sum by (le) (rate(orion_epoch_age_seconds_bucket{stage=\"visible\"}[$__rate_interval])))", &[]),
        ("max by (view) (orion_freshness_seconds) > bool 2 unless on (job) orion_generation", &[]),
        ("orion:late:ratio_rate5m > 0.01 * 14.4 and sum(orion_pins) / sum(orion_pins_max) < 1e3", &[]),
        ("max(orion_freshnes_seconds)", &["nobody shows orion_freshnes_seconds"]),
        ("orion_pins_total", &["nobody shows orion_pins_total"]),
        ("rate(orion_epoch_age_seconds[5m])", &["nobody shows orion_epoch_age_seconds"]),
        ("orion:late:ratio_rate6m", &["nobody shows orion:late:ratio_rate6m"]),
        ("sum(orion_queue_depth{quue=\"room\"})", &["orion_queue_depth has no label quue"]),
        ("sum(rate(orion_epoch_age_seconds_count{le=\"1\"}[5m]))", &["orion_epoch_age_seconds_count has no label le"]),
        ("sum(rate(orion_epoch_age_seconds_bucket{le=~\"1|1.0\",stage=\"visible\"}[5m]))", &[]),
        ("sum(rate(orion_epoch_age_seconds_bucket{le=\"1.5\"}[5m]))", &["orion_epoch_age_seconds_bucket has no bound \"1.5\""]),
        ("sum by (rote) (rate(http_server_request_duration_seconds_count[5m]))", &["nothing here has the label rote"]),
        ("orion_pins / on (cell) orion_pins_max", &["nothing here has the label cell"]),
    ] {
        assert_eq!(wrong(query, &recorded), expected, "{query}");
    }
}
