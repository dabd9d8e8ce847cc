//! Merchants who pay themselves against a loop over history, and near misses.

use crate::risk::tests::history::{Case, DAY, Draw, HOUR, History, MERCHANT, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, said, same_by_clause};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};

/// The customer of the last of them is reached by the number of the merchant.
const OWN: u32 = MERCHANT - 1;

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<(u8, Answer)> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let own = paid.iter().filter(|paid| (paid.payer, paid.payee) == (OWN, MERCHANT) && paid.time + window > at);
    let (count, sum) = (i64::try_from(own.clone().count()).unwrap(), own.clone().map(|paid| paid.amount).sum());
    let answer = |measure| (Subject::Account(account(MERCHANT)), vec![measure], own.clone().map(|paid| paid.id).collect());
    vec![(0, answer(count)), (1, answer(sum))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn who_pays_themselves_is_who_a_loop_over_history_says(drawn in drawn(), amounts in prop::collection::vec(1..200_000i64, 24), window in 1..200i64) {
        let drawn = drawn.into_iter().zip(amounts).map(|((gap, mut draws), amount)| {
            draws.push(Draw::Paid(OWN, MERCHANT, amount));
            (gap, draws)
        });
        same_by_clause(&History::of(&drawn.collect()), RuleId::SelfPayment, &[("window_hours", window)], question)?;
    }
}

#[test]
fn three_or_a_large_sum_are_enough() {
    use Draw::{Back, Late, Paid};
    let script = |third: Draw, gap| vec![(0, Paid(OWN, MERCHANT, 10)), (1, Paid(OWN, MERCHANT, 10)), (gap, third)];
    let cases: &[Case<'_>] = &[
        ("three", script(Paid(OWN, MERCHANT, 10), HOUR), "3"),
        ("somebody else", script(Paid(OWN - 1, MERCHANT, 10), HOUR), ""),
        ("a large sum", vec![(0, Paid(OWN, MERCHANT, 500_000))], "500000"),
        ("a franc less", vec![(0, Paid(OWN, MERCHANT, 499_999))], ""),
        ("the other way", vec![(0, Paid(MERCHANT, OWN, 500_000))], ""),
        ("at the last moment", script(Paid(OWN, MERCHANT, 10), 30 * DAY - 2), "3"),
        ("a moment later", script(Paid(OWN, MERCHANT, 10), 30 * DAY - 1), ""),
        ("late", script(Late(OWN, MERCHANT, 10, 29 * 24), 30 * DAY), "3 late"),
        ("given back", [script(Paid(OWN, MERCHANT, 10), 1), vec![(1, Back(0, 1)), (31 * DAY, Paid(5, 4, 1))]].concat(), "3, over"),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::SelfPayment, &[]), *expected, "{name}");
    }
}
