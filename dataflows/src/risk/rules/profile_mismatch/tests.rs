//! What a history does not explain, against a loop over history, and near misses.

use crate::risk::tests::history::{AGENT, Case, DAY, Draw, HOUR, History, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<Answer> {
    let (window, base) = (setting.named("window_hours"), setting.named("base_hours"));
    let hours = |hours| u64::try_from(hours).unwrap() * HOUR;
    let answer = |subject| {
        let own = || paid.iter().filter(|paid| paid.payee == subject);
        let recent: Vec<_> = own().filter(|paid| paid.time + hours(window) > at).collect();
        let before = own().filter(|paid| paid.time + hours(window) <= at && paid.time + hours(window + base) > at);
        let (recent_sum, before_sum) = (recent.iter().map(|paid| paid.amount).sum::<i64>(), before.map(|paid| paid.amount).sum::<i64>());
        let times = (before_sum > 0).then(|| recent_sum * base * 100 / (before_sum * window))?;
        Some((Subject::Account(account(subject)), vec![recent_sum, times], recent.iter().map(|paid| paid.id).collect()))
    };
    (0..9).filter(|subject| is_plain(*subject)).filter_map(answer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn what_history_does_not_explain_is_what_a_loop_says(drawn in drawn(), window in 1..60i64, base in 1..90i64) {
        same(&History::of(&drawn), RuleId::ProfileMismatch, &[("window_hours", window), ("base_hours", base)], question)?;
    }
}

#[test]
fn three_times_as_much_as_before_is_too_much() {
    use Draw::{Back, Late, Paid};
    // A million in the two months before is half a million in a month.
    let script = |amount, gap| vec![(0, Paid(1, 0, 1_000_000)), (40 * DAY, Paid(2, 0, 750_000)), (gap, Paid(3, 0, amount))];
    let cases: &[Case<'_>] = &[
        ("three times", script(750_000, DAY), "300 of 1500000"),
        ("a franc less", script(749_999, DAY), ""),
        ("little, if more than before", vec![(0, Paid(1, 0, 10)), (40 * DAY, Paid(2, 0, 999_999))], ""),
        ("no history", vec![(0, Paid(5, 6, 1)), (40 * DAY, Paid(2, 0, 9_000_000))], ""),
        ("at the last moment", script(750_000, 30 * DAY - 1), "300 of 1500000"),
        ("late", [script(1, DAY), vec![(DAY, Late(3, 0, 750_000, 30))]].concat(), "300 of 1500001 late"),
        ("an agent's", [(1, 0), (2, 40)].map(|(payer, days)| (days * DAY, Paid(payer, AGENT, 9_000_000))).to_vec(), ""),
        ("given back", [script(750_000, DAY), vec![(1, Back(1, 1)), (31 * DAY, Paid(5, 6, 1))]].concat(), "300 of 1500000, over"),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::ProfileMismatch, &[("window_hours", 720), ("base_hours", 1_440)]), *expected, "{name}");
    }
}
