//! What is passed on against a loop over history, and near misses.

use crate::risk::tests::history::{AGENT, Case, DAY, Draw, HOUR, History, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use std::collections::BTreeSet;

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<Answer> {
    let hours = |name| u64::try_from(setting.named(name)).unwrap() * HOUR;
    let (window, hold) = (hours("window_hours"), hours("hold_hours"));
    let (kept, passed) = (setting.named("kept_percent"), setting.named("passed_percent"));
    let mut answers = Vec::new();
    for subject in (0..9).filter(|subject| is_plain(*subject)) {
        let inside = || paid.iter().filter(|paid| paid.time + window > at);
        let (mut pairs, mut rests, mut sum, mut all) = (0, BTreeSet::new(), 0, 0);
        for incoming in inside().filter(|paid| paid.payee == subject) {
            all += incoming.amount;
            let fits = |out: &&Paid| {
                out.payer == subject
                    && !rests.contains(&out.id)
                    && (incoming.time..incoming.time + hold).contains(&out.time)
                    && (incoming.amount * kept..=incoming.amount * 100).contains(&(out.amount * 100))
            };
            let out = inside().find(fits).map(|out| out.id);
            if let Some(out) = out {
                rests.extend([incoming.id, out]);
                pairs += 1;
                sum += incoming.amount;
            }
        }
        if sum * 100 >= all * passed {
            answers.push((Subject::Account(account(subject)), vec![pairs, sum], rests));
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn what_is_passed_on_is_what_a_loop_over_history_says(drawn in drawn(), window in 1..60i64, hold in 1..30i64, kept in 0..101i64, passed in 0..101i64) {
        let shapes = [("window_hours", window), ("hold_hours", hold), ("kept_percent", kept), ("passed_percent", passed)];
        same(&History::of(&drawn), RuleId::PassThrough, &shapes, question)?;
    }
}

#[test]
fn nearly_all_of_it_within_two_hours_is_passed_on() {
    use Draw::{Back, Late, Paid};
    let script = |out: Draw, gap| vec![(0, Paid(1, 0, 600_000)), (gap, out)];
    let cases: &[Case<'_>] = &[
        ("nearly all", script(Paid(0, 2, 510_000), HOUR), "600000 of 1"),
        ("cash in, cash out", vec![(0, Paid(AGENT, 0, 600_000)), (HOUR, Paid(0, AGENT, 590_000))], "600000 of 1"),
        ("too little of it", script(Paid(0, 2, 509_999), HOUR), ""),
        ("more than came in", script(Paid(0, 2, 600_001), HOUR), ""),
        ("at the last moment", script(Paid(0, 2, 600_000), 2 * HOUR - 1), "600000 of 1"),
        ("a moment later", script(Paid(0, 2, 600_000), 2 * HOUR), ""),
        ("other money stayed", vec![(0, Paid(3, 0, 70_000)), (1, Paid(1, 0, 600_000)), (1, Paid(0, 2, 600_000))], ""),
        ("it went out before", vec![(0, Paid(0, 2, 600_000)), (1, Paid(1, 0, 600_000))], ""),
        ("late", script(Late(0, 2, 600_000, 47), 2 * DAY), "600000 of 1 late"),
        ("given back", [script(Paid(0, 2, 600_000), 1), vec![(1, Back(0, 1)), (2 * DAY, Paid(5, 6, 1))]].concat(), "600000 of 1, over"),
        ("through an agent", vec![(0, Paid(1, AGENT, 600_000)), (HOUR, Paid(AGENT, 2, 600_000))], ""),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::PassThrough, &[]), *expected, "{name}");
    }
}
