//! Round amounts against a loop over history, and near misses.

use crate::risk::tests::history::{Case, DAY, Draw, HOUR, History, MERCHANT, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<Answer> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let unit = setting.named("unit_minor");
    let answer = |subject| {
        let own: Vec<_> = paid.iter().filter(|paid| (paid.payer == subject || paid.payee == subject) && paid.time + window > at).collect();
        let round: Vec<_> = own.iter().filter(|paid| paid.amount % unit == 0).collect();
        let percent = (!own.is_empty()).then(|| round.len() * 100 / own.len())?;
        let measures = [own.len(), percent].map(|number| i64::try_from(number).unwrap()).to_vec();
        Some((Subject::Account(account(subject)), measures, round.iter().map(|paid| paid.id).collect()))
    };
    (0..9).filter(|subject| is_plain(*subject)).filter_map(answer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn what_is_round_is_what_a_loop_over_history_says(drawn in drawn(), window in 1..200i64, unit in prop_oneof![Just(10), Just(100_000)]) {
        same(&History::of(&drawn), RuleId::RoundAmounts, &[("window_hours", window), ("unit_minor", unit)], question)?;
    }
}

#[test]
fn most_of_five_are_enough() {
    use Draw::{Back, Late, Paid};
    let with = |more: &[(u64, Draw)]| {
        let three = [(0, Paid(0, 1, 100_000)), (HOUR, Paid(2, 0, 300_000)), (HOUR, Paid(0, 3, 100_000))];
        three.into_iter().chain(more.iter().cloned()).collect::<Vec<_>>()
    };
    let cases: &[Case<'_>] = &[
        ("four of five", with(&[(HOUR, Paid(0, 4, 100_000)), (HOUR, Paid(0, 4, 123_000))]), "80 of 5"),
        ("three of five", with(&[(HOUR, Paid(0, 4, 123_000)), (HOUR, Paid(0, 4, 123_000))]), ""),
        ("of four", with(&[(HOUR, Paid(0, 4, 100_000))]), ""),
        ("a merchant's", [1, 2, 3, 4, 5].map(|payer| (1, Paid(payer, MERCHANT, 100_000))).to_vec(), ""),
        ("the last moment", with(&[(HOUR, Paid(0, 4, 100_000)), (30 * DAY - 3 * HOUR - 1, Paid(0, 4, 100_000))]), "100 of 5"),
        ("a moment later", with(&[(HOUR, Paid(0, 4, 100_000)), (30 * DAY - 3 * HOUR, Paid(0, 4, 100_000))]), ""),
        ("late", with(&[(HOUR, Paid(0, 4, 100_000)), (29 * DAY, Late(0, 4, 100_000, 29 * 24))]), "100 of 5 late"),
        (
            "given back",
            with(&[(1, Paid(0, 4, 100_000)), (1, Paid(0, 4, 100_000)), (1, Back(0, 1)), (31 * DAY, Paid(5, 6, 1))]),
            "100 of 5, over",
        ),
        (
            "the others leave the window",
            [
                vec![(0, Paid(0, 5, 7)), (0, Paid(0, 5, 7))],
                with(&[(2 * DAY, Paid(0, 4, 100_000)), (1, Paid(0, 4, 100_000)), (28 * DAY, Paid(5, 6, 1))]),
            ]
            .concat(),
            "71 of 7",
        ),
    ];
    for (name, script, expected) in cases {
        let script: Vec<_> =
            script.iter().enumerate().map(|(place, (gap, draw))| (gap + u64::from(place > 0 && *gap == 0), draw.clone())).collect();
        assert_eq!(said(&script, RuleId::RoundAmounts, &[]), *expected, "{name}");
    }
}
