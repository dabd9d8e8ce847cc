//! A made-up day, its JSON and its page.

use super::super::drive::Outcome;
use super::super::events::Seen;
use super::*;
use schemas::{Refusal, TransactionId};
use std::time::{Duration, Instant};

fn day() -> (Day, Checked) {
    let sent = Instant::now();
    let after = |milliseconds| sent + Duration::from_millis(milliseconds);
    let settled = |row: usize, number: u32| {
        let decision = Decision::Settled(TransactionId::mint(7, number), 7);
        Outcome { row, sent, answered: after(4), decision }
    };
    let failed = |row: usize, refusal: Refusal| {
        let decision = Decision::Failed { code: refusal.to_string(), detail: String::new() };
        Outcome { row, sent, answered: after(2), decision }
    };
    let outcomes = vec![
        settled(0, 0),
        failed(1, Refusal::InsufficientFunds),
        settled(2, 1),
        failed(3, Refusal::NotAuthorized),
        failed(4, Refusal::InsufficientFunds),
    ];
    let seen = |number: u32| (TransactionId::mint(7, number), Seen { at: after(9), fee: Money { minor: 25, currency: Currency::XOF } });
    let checked = Checked { seen: [seen(0), seen(1)].into(), trial_balance: Sums::from([(Currency::XOF, 0)]), ..Checked::default() };
    (Day { outcomes, took: Duration::from_micros(1_234_567), views: vec![Duration::from_millis(12)], troubles: Vec::new() }, checked)
}

#[test]
fn the_json_has_its_documented_shape() {
    let (day, checked) = day();
    let expected = serde_json::json!({
        "submitted": 5,
        "settled": 2,
        "failed": {"insufficient_funds": 2, "not_authorized": 1},
        "api_ms": {"p50": 2.0, "p95": 4.0, "p99": 4.0, "max": 4.0},
        "event_ms": {"p50": 9.0, "p95": 9.0, "p99": 9.0, "max": 9.0},
        "view_ms": {"p50": 12.0, "p95": 12.0, "p99": 12.0, "max": 12.0},
        "fees": {"XOF": "50"},
        "trial_balance": {"XOF": "0"},
        "seconds": 1.235,
    });
    assert_eq!(serde_json::to_value(Report::of(&day, &checked, 5)).unwrap(), expected);
}

#[test]
fn payments_without_an_answer_are_told_apart() {
    let (day, checked) = day();
    let report = Report::of(&day, &checked, 8);
    assert_eq!((report.submitted, report.settled, report.undecided), (8, 2, 3));
    assert_eq!(serde_json::to_value(&report).unwrap()["undecided"], 3);
    assert!(report.page().contains("undecided"));
}

#[test]
fn a_day_on_which_nothing_settled_has_zeros_and_no_latencies() {
    let empty = Day { outcomes: Vec::new(), took: Duration::ZERO, views: Vec::new(), troubles: Vec::new() };
    let json = serde_json::to_value(Report::of(&empty, &Checked::default(), 0)).unwrap();
    assert_eq!(json["fees"], serde_json::json!({"XOF": "0"}));
    assert_eq!(json["trial_balance"], serde_json::json!({"XOF": "0"}));
    assert_eq!(json["event_ms"]["p99"], serde_json::Value::Null);
}

#[test]
fn the_page_is_aligned() {
    let (day, checked) = day();
    let page = Report::of(&day, &checked, 5).page();
    let ends: Vec<usize> = page.lines().take(5).map(str::len).collect();
    assert!(ends.iter().all(|end| *end == ends[0]), "{page}");
    assert!(page.contains("4 payments per second"), "{page}");
    assert_eq!(grouped(0), "0");
    assert_eq!(grouped(999), "999");
    assert_eq!(grouped(1_234_567), "1,234,567");
}
