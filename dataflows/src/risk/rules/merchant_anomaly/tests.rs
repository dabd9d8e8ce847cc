//! Merchants against a loop over history, and near misses.

use crate::risk::tests::history::{Case, DAY, Draw, HOUR, History, MERCHANT, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, said, same_by_clause};
use proptest::prelude::*;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use schemas::{Epoch, PaymentKind};
use std::collections::BTreeMap;

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<(u8, Answer)> {
    let hours = |name| u64::try_from(setting.named(name)).unwrap();
    let (window, base, unit) = (hours("window_hours"), hours("base_hours"), setting.named("unit_minor"));
    let sale = |paid: &&Paid| paid.payee == MERCHANT && paid.kind == PaymentKind::MerchantPayment;
    let inside: Vec<_> = paid.iter().filter(sale).filter(|paid| paid.time + window * HOUR > at).collect();
    let before = |paid: &&Paid| paid.time + window * HOUR <= at && paid.time + (window + base) * HOUR > at;
    let before = i64::try_from(paid.iter().filter(sale).filter(before).count()).unwrap();
    let number = i64::try_from(inside.len()).unwrap();
    if number == 0 {
        return Vec::new();
    }
    let mut payers: BTreeMap<u32, i64> = BTreeMap::new();
    inside.iter().for_each(|paid| *payers.entry(paid.payer).or_default() += paid.amount);
    let sum: i64 = payers.values().sum();
    let round = i64::try_from(inside.iter().filter(|paid| paid.amount % unit == 0).count()).unwrap();
    let mut rows = vec![(0, payers.values().max().unwrap() * 100 / sum), (1, round * 100 / number)];
    if before > 0 {
        rows.push((2, number * i64::try_from(base).unwrap() * 100 / (before * i64::try_from(window).unwrap())));
    }
    let rests: std::collections::BTreeSet<_> = inside.iter().map(|paid| paid.id).collect();
    rows.into_iter()
        .map(|(clause, measure)| (clause, (Subject::Account(account(MERCHANT)), vec![number, measure], rests.clone())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn merchants_are_as_a_loop_over_history_says(drawn in drawn(), sales in prop::collection::vec((0..3u32, 1..30i64, 0..4usize), 24), window in 1..60i64, base in 1..90i64) {
        let drawn = drawn.into_iter().zip(sales).map(|((gap, mut draws), (payer, amount, times))| {
            draws.extend(vec![Draw::Paid(payer, MERCHANT, amount); times]);
            (gap, draws)
        });
        let shapes = [("window_hours", window), ("base_hours", base), ("unit_minor", 10)];
        same_by_clause(&History::of(&drawn.collect()), RuleId::MerchantAnomaly, &shapes, question)?;
    }
}

#[test]
fn one_payer_round_sums_and_surges_are_told() {
    use Draw::{Back, Late, Paid};
    let sales = |number: u32, of: fn(u32) -> (u32, i64)| {
        let sale = |number| {
            let (payer, amount) = of(number);
            (1, Paid(payer, MERCHANT, amount))
        };
        (0..number).map(sale).collect::<Vec<_>>()
    };
    let even: fn(u32) -> (u32, i64) = |number| (number % 5, 1_001);
    let week: Vec<_> = (0..7)
        .flat_map(|day| {
            [(DAY - 2 * u64::from(day > 0), Paid(1, MERCHANT, 1_001)), (1, Paid(2, MERCHANT, 1_001)), (1, Paid(3, MERCHANT, 1_001))]
        })
        .collect();
    let cases: &[Case<'_>] = &[
        ("even", sales(30, even), ""),
        ("half from one", sales(10, |number| (if number < 5 { 0 } else { number - 4 }, 1_001)), "50 of 10"),
        ("a little less", sales(10, |number| (if number < 5 { 0 } else { number - 4 }, if number < 5 { 1_001 } else { 1_003 })), ""),
        ("round", sales(10, |number| (number % 5, if number < 4 { 1_001 } else { 10_000 })), "60 of 10"),
        ("nine only", sales(9, |_| (0, 1_001)), ""),
        (
            "the first is a day old",
            [sales(1, |_| (0, 1_001)), vec![(DAY, Paid(0, MERCHANT, 1_001))], sales(8, |_| (0, 1_001))].concat(),
            "",
        ),
        ("a surge", [week.clone(), vec![(DAY, Paid(4, MERCHANT, 1_001))], sales(24, even)].concat(), "2666 of 20"),
        ("busy as ever", [week, vec![(DAY, Paid(4, MERCHANT, 1_001))], sales(15, even)].concat(), ""),
        ("late", [sales(9, |_| (0, 1_001)), vec![(3 * DAY, Late(0, MERCHANT, 1_001, 60))]].concat(), "100 of 10 late"),
        ("given back", [sales(10, |_| (0, 1_001)), vec![(1, Back(0, 1)), (3 * DAY, Paid(5, 6, 1))]].concat(), "100 of 10, over"),
        ("a customer", (0..10).map(|_| (1, Paid(0, 1, 1_001))).collect(), ""),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::MerchantAnomaly, &[]), *expected, "{name}");
    }
}
