//! Impossible travel against a loop over history with distances by floats, and near misses.

use crate::risk::tests::history::{Beside, Case, DAY, Draw, HOUR, History, MERCHANT, customer, drawn, holder};
use crate::risk::tests::oracle::{Answer, compare, is_plain, said};
use crate::risk::tests::{low, run};
use proptest::prelude::*;
use schemas::alert::{AlertChange, Subject};
use schemas::aml::{RuleId, Setting};
use schemas::{AccountId, Epoch, Fact, TransactionId};
use std::collections::BTreeMap;

/// A place: when, where in degrees, and the payment.
type Seen = (Epoch, f64, f64, TransactionId);

/// Metres by the angle between two vectors, which shares nothing with how the rule does it.
fn metres(a: &Seen, b: &Seen) -> i64 {
    let vector = |seen: &Seen| {
        let (north, east) = (seen.1.to_radians(), seen.2.to_radians());
        [north.cos() * east.cos(), north.cos() * east.sin(), north.sin()]
    };
    let ([a, b, c], [d, e, f]) = (vector(a), vector(b));
    let across = [b * f - c * e, c * d - a * f, a * e - b * d];
    let angle = across.iter().map(|part| part * part).sum::<f64>().sqrt().atan2(a * d + b * e + c * f);
    format!("{:.0}", angle * 6_371_009.0).parse().unwrap()
}

fn question(history: &History, at: Epoch, setting: &Setting) -> Vec<(u8, Answer)> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let number = |id: AccountId| (0..10).find(|number| crate::risk::tests::history::account(*number) == id).unwrap();
    let mut last: BTreeMap<u32, Seen> = BTreeMap::new();
    let mut answers = Vec::new();
    for event in history.epochs().iter().filter(|epoch| epoch.epoch() <= at).flat_map(|epoch| &epoch.events) {
        let Fact::Assessed(assessed) = &event.fact else { continue };
        let (account, context) = (number(assessed.account_debit), assessed.context.clone().unwrap());
        let (Some(north), Some(east), true) = (context.latitude_e6, context.longitude_e6, is_plain(account)) else { continue };
        let who = holder(account).unwrap();
        let seen = (event.epoch, f64::from(north) / 1e6, f64::from(east) / 1e6, assessed.transaction_id.unwrap());
        if let Some(before) = last.insert(who, seen) {
            let since = seen.0 - before.0;
            if since <= window && seen.0 + window > at {
                let (metres, since) = (metres(&before, &seen), i64::try_from(since.max(1_000)).unwrap());
                let measures = vec![metres / 1_000, metres * 3_600 / since];
                answers.push((0, (Subject::Customer(customer(who)), measures, [before.3, seen.3].into())));
            }
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn who_is_in_two_places_is_who_a_loop_over_history_says(
        drawn in drawn(), places in prop::collection::vec((0..4u32, 0..9i32, 0..9i32), 24), window in 1..60i64,
    ) {
        let drawn = drawn.into_iter().zip(places).map(|((gap, mut draws), (who, north, east))| {
            draws.push(Draw::Beside(Beside::At(who, 14_000_000 + north * 371_113, -17_000_000 + east * 412_717)));
            (gap, draws)
        });
        let history = History::of(&drawn.collect());
        compare(&history, RuleId::ImpossibleTravel, &[("window_hours", window)], true, |_, at, setting| question(&history, at, setting))?;
    }
}

/// In Dakar; so many thousandths of a degree further north, each of 111 metres.
fn at(account: u32, north: i32) -> Draw {
    Draw::Beside(Beside::At(account, 14_700_000 + north * 1_000, -17_400_000))
}

#[test]
fn two_places_too_far_apart_are_told() {
    let then = |gap, second| vec![(0, at(2, 0)), (gap, second)];
    let cases: &[Case<'_>] = &[
        ("100 km in an hour", then(HOUR, at(2, 900)), ""),
        ("556 km in an hour", then(HOUR, at(2, 5_000)), "555 of 555"),
        ("of whoever", then(HOUR, at(3, 5_000)), ""),
        ("51 km in six minutes", then(HOUR / 10, at(2, 459)), "510 of 51"),
        ("49 km in a minute", then(60_000, at(2, 448)), ""),
        ("500 km an hour", then(2 * HOUR, at(2, 8_994)), "500 of 1000"),
        ("less", then(2 * HOUR, at(2, 8_992)), ""),
        ("at once", then(1, at(2, 450)), "180136 of 50"),
        ("on the last moment of a day", then(DAY, at(2, 150_000)), "694 of 16679"),
        ("a day and a moment later", then(DAY + 1, at(2, 150_000)), ""),
        ("by way of a place between", vec![(0, at(2, 0)), (HOUR, at(2, 4_000)), (HOUR, at(2, 8_000))], ""),
        ("two accounts of one customer", vec![(0, at(0, 0)), (HOUR, at(1, 5_000))], "555 of 555"),
        ("a merchant", vec![(0, at(MERCHANT, 0)), (HOUR, at(MERCHANT, 5_000))], ""),
        ("a payment that is late has no place", vec![(0, at(2, 0)), (HOUR, Draw::Late(2, 3, 9, 1))], ""),
        ("given back, somebody was there", [then(HOUR, at(2, 5_000)), vec![(1, Draw::Back(1, 1))]].concat(), "555 of 555"),
        (
            "over a day later, and a day after that",
            [then(HOUR, at(2, 5_000)), vec![(DAY, at(3, 0)), (DAY, at(4, 0))]].concat(),
            "555 of 555, over",
        ),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::ImpossibleTravel, &[]), *expected, "{name}");
    }
}

#[test]
fn whoever_is_in_more_places_than_are_kept_is_told_to_be() {
    let mut history = History::default();
    history.epoch(0, &(0..300).map(|place| at(2, place)).collect::<Vec<_>>());
    history.epoch(HOUR, &[at(2, 20_000)]);
    let found = run(1, [vec![low()], history.given()].concat());
    let raised = found.into_iter().flat_map(|found| found.alerts).filter_map(|change| match change {
        AlertChange::Raised(alert) if alert.rule == RuleId::ImpossibleTravel => Some(*alert),
        AlertChange::Raised(_) | AlertChange::Cleared(_) => None,
    });
    let raised: Vec<_> = raised.collect();
    assert_eq!(raised.len(), 1);
    assert_eq!((raised[0].evidence.is_capped, raised[0].evidence.transactions_count), (true, 2));
    assert!(!raised[0].traceparent.is_empty());
}
