//! What goes through several in between, against a loop over history, and near misses.

use crate::risk::tests::history::{Case, DAY, Draw, HOUR, History, MERCHANT, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use std::collections::BTreeSet;

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<Answer> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let percent = setting.named("kept_percent");
    let legs: Vec<_> = paid.iter().filter(|paid| paid.time + window > at && is_plain(paid.payer) && is_plain(paid.payee)).collect();
    let mut answers = Vec::new();
    for first in 0..7 {
        for last in (0..7).filter(|last| *last != first) {
            let (mut middles, mut rests, mut sum) = (BTreeSet::new(), BTreeSet::new(), 0);
            for out in legs.iter().filter(|leg| leg.payee == last && leg.payer != first) {
                let into = |leg: &&&&Paid| {
                    leg.payer == first && leg.payee == out.payer && leg.time <= out.time && out.amount * 100 >= leg.amount * percent
                };
                let into: Vec<_> = legs.iter().filter(|leg| into(&leg)).collect();
                if !into.is_empty() {
                    middles.insert(out.payer);
                    rests.extend(into.iter().map(|leg| leg.id));
                    rests.insert(out.id);
                    sum += out.amount;
                }
            }
            answers.push((Subject::Account(account(last)), vec![i64::try_from(middles.len()).unwrap(), sum], rests));
        }
    }
    answers
}

/// Who pays whom, so that more goes on between the same few.
fn narrow() -> impl Strategy<Value = crate::risk::tests::history::Drawn> {
    let leg = prop_oneof![
        (Just(0), 1..6u32, 50..100i64).prop_map(|(a, b, c)| Draw::Paid(a, b, c)),
        (1..6u32, prop_oneof![3 => Just(6u32), 1 => Just(5)], 40..100i64).prop_map(|(a, b, c)| Draw::Paid(a, b, c)),
        (Just(0), 1..6u32, 50..100i64, 1..40u64).prop_map(|(a, b, c, d)| Draw::Late(a, b, c, d)),
        (1..6u32, Just(6u32), 50..100i64, 1..40u64).prop_map(|(a, b, c, d)| Draw::Late(a, b, c, d)),
        (0..40usize, 1..3i64).prop_map(|(a, b)| Draw::Back(a, b)),
    ];
    let gap = prop_oneof![4 => 1..5u64, 3 => HOUR..5 * HOUR, 1 => Just(DAY)];
    prop::collection::vec((gap, prop::collection::vec(leg, 1..4)), 4..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn what_goes_through_others_is_what_a_loop_over_history_says(drawn in prop_oneof![narrow(), drawn()], window in 1..60i64, kept in 0..101i64) {
        same(&History::of(&drawn), RuleId::ScatterGather, &[("window_hours", window), ("kept_percent", kept)], question)?;
    }
}

#[test]
fn three_in_between_are_enough() {
    use Draw::{Back, Late, Paid};
    let script = |third: u32, gap, amount| {
        let out = [(HOUR, Paid(0, 1, 100)), (HOUR, Paid(0, 2, 100)), (HOUR, Paid(0, third, 100))];
        let back = [(HOUR, Paid(1, 6, 90)), (HOUR, Paid(2, 6, 90)), (gap, Paid(third, 6, amount))];
        out.into_iter().chain(back).collect::<Vec<_>>()
    };
    let with = |mut script: Vec<(u64, Draw)>, more: &[(u64, Draw)]| {
        script.extend_from_slice(more);
        script
    };
    let cases: &[Case<'_>] = &[
        ("three", script(3, HOUR, 90), "270 of 3"),
        ("two", script(2, HOUR, 90), ""),
        ("a merchant is no one in between", script(MERCHANT, HOUR, 90), ""),
        ("most of it stayed", script(3, HOUR, 69), ""),
        ("at the last moment", script(3, 7 * DAY - 4 * HOUR - 1, 90), "270 of 3"),
        ("a moment later", script(3, 7 * DAY - 4 * HOUR, 90), ""),
        ("given back", with(script(3, HOUR, 90), &[(HOUR, Back(2, 1)), (8 * DAY, Paid(5, 4, 1))]), "270 of 3, over"),
        (
            "the first is late",
            with(
                script(3, HOUR, 90)[..2].to_vec(),
                &[(1, Paid(1, 6, 90)), (1, Paid(2, 6, 90)), (1, Paid(3, 6, 90)), (DAY, Late(0, 3, 100, 25))],
            ),
            "270 of 3 late",
        ),
        (
            "the first is after the second",
            with(
                script(3, HOUR, 90)[..2].to_vec(),
                &[(1, Paid(1, 6, 90)), (1, Paid(2, 6, 90)), (1, Paid(3, 6, 90)), (DAY, Late(0, 3, 100, 23))],
            ),
            "",
        ),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::ScatterGather, &[("amount_minor", 0)]), *expected, "{name}");
    }
}
