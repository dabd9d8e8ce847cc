//! Several below the threshold against a loop over history, and near misses.

use crate::risk::tests::history::{AGENT, Case, DAY, Draw, HOUR, HOUSE, History, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use std::collections::BTreeSet;

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<Answer> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let threshold = setting.named("threshold_minor");
    let answer = |subject| {
        let some = paid.iter().filter(|paid| paid.payee == subject && paid.time + window > at && paid.amount < threshold);
        let senders: BTreeSet<u32> = some.clone().map(|paid| paid.payer).collect();
        let measures = vec![i64::try_from(senders.len()).unwrap(), some.clone().map(|paid| paid.amount).sum()];
        (Subject::Account(account(subject)), measures, some.map(|paid| paid.id).collect())
    };
    (0..9).filter(|subject| is_plain(*subject)).map(answer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn who_is_paid_in_parts_is_who_a_loop_over_history_says(drawn in drawn(), window in 1..200i64) {
        same(&History::of(&drawn), RuleId::Smurfing, &[("window_hours", window), ("threshold_minor", 10_000_000)], question)?;
    }
}

#[test]
fn four_who_pay_the_threshold_in_parts_are_enough() {
    use Draw::{Back, Late, Paid};
    let script = |fourth: Draw, gap| {
        vec![(0, Paid(AGENT, 0, 4_000_000)), (HOUR, Paid(HOUSE, 0, 4_000_000)), (HOUR, Paid(3, 0, 4_000_000)), (gap, fourth)]
    };
    let cases: &[Case<'_>] = &[
        ("four", script(Paid(4, 0, 3_000_000), HOUR), "15000000 of 4"),
        ("too little", script(Paid(4, 0, 2_999_999), HOUR), ""),
        ("one is above the threshold", script(Paid(4, 0, 15_000_000), HOUR), ""),
        ("three only", script(Paid(3, 0, 5_000_000), HOUR), ""),
        ("at the last moment", script(Paid(4, 0, 3_000_000), 70 * HOUR - 1), "15000000 of 4"),
        ("a moment later", script(Paid(4, 0, 3_000_000), 70 * HOUR), ""),
        ("late", script(Late(4, 0, 3_000_000, 100), 5 * DAY), "15000000 of 4 late"),
        ("to a hub", [1, 2, 3, 4].map(|payer| (HOUR, Paid(payer, AGENT, 9_000_000))).to_vec(), ""),
        (
            "given back",
            [script(Paid(4, 0, 3_000_000), HOUR), vec![(1, Back(0, 1)), (4 * DAY, Paid(5, 6, 1))]].concat(),
            "15000000 of 4, over",
        ),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::Smurfing, &[]), *expected, "{name}");
    }
}
