//! Payments just below the threshold against a loop over history, and near misses.

use crate::risk::tests::history::{AGENT, Case, DAY, Draw, HOUR, History, MERCHANT, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<Answer> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let (threshold, below) = (setting.named("threshold_minor"), setting.named("below_percent"));
    let mut answers = Vec::new();
    for subject in (0..9).filter(|subject| is_plain(*subject)) {
        for of in [|paid: &Paid| paid.payee, |paid: &Paid| paid.payer] {
            let is = |paid: &&Paid| {
                of(paid) == subject && paid.time + window > at && paid.amount < threshold && paid.amount * 100 >= threshold * below
            };
            let some: Vec<&Paid> = paid.iter().filter(is).collect();
            let rests = some.iter().map(|paid| paid.id).collect();
            answers.push((Subject::Account(account(subject)), vec![i64::try_from(some.len()).unwrap()], rests));
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn what_is_just_below_is_what_a_loop_over_history_says(drawn in drawn(), window in 1..90i64, below in 50..100i64) {
        let shapes = [("window_hours", window), ("below_percent", below), ("threshold_minor", 1_000_000)];
        same(&History::of(&drawn), RuleId::Structuring, &shapes, question)?;
    }
}

#[test]
fn three_just_below_within_three_days_are_enough() {
    use Draw::{Back, Late, Paid};
    const JUST: i64 = 14_999_999;
    let script = |third: Draw, gap| vec![(0, Paid(AGENT, 0, JUST)), (HOUR, Paid(2, 0, 12_000_000)), (gap, third)];
    let cases: &[Case<'_>] = &[
        ("three", script(Paid(3, 0, JUST), HOUR), "3"),
        ("at the threshold", script(Paid(3, 0, JUST + 1), HOUR), ""),
        ("far below", script(Paid(3, 0, 11_999_999), HOUR), ""),
        ("another way", script(Paid(0, 3, JUST), HOUR), ""),
        ("at the last moment", script(Paid(3, 0, JUST), 71 * HOUR - 1), "3"),
        ("a moment later", script(Paid(3, 0, JUST), 71 * HOUR), ""),
        ("late", script(Late(3, 0, JUST, 90), 5 * DAY), "3 late"),
        ("late, and not in their window", script(Late(3, 0, JUST, 5), 5 * DAY), ""),
        ("to a merchant", [1, 2, 3].map(|payer| (HOUR, Paid(payer, MERCHANT, JUST))).to_vec(), ""),
        ("given back", [script(Paid(3, 0, JUST), HOUR), vec![(1, Back(0, 1)), (4 * DAY, Paid(5, 6, 1))]].concat(), "3, over"),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::Structuring, &[]), *expected, "{name}");
    }
}
