//! Cycles against a walk over all of history, and the edges of their window.

use crate::risk::tests::history::{AGENT, Case, DAY, Draw, HOUR, History, MERCHANT, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use std::collections::BTreeSet;

/// Every walk that ends with the last of these, each payment before it.
fn cycles(walk: &mut Vec<Paid>, paid: &[Paid], hops_max: usize, found: &mut Vec<Vec<Paid>>) {
    let first = walk[0];
    let last = walk[walk.len() - 1];
    if walk.len() >= 3 && first.payer == last.payee {
        found.push(walk.clone());
        return;
    }
    if walk.len() == hops_max || first.payer == last.payee {
        return;
    }
    for next in paid.iter().filter(|next| next.payer == last.payee && next.time >= last.time) {
        if walk.iter().all(|before| before.payee != next.payee && before.id != next.id) {
            walk.push(*next);
            cycles(walk, paid, hops_max, found);
            walk.pop();
        }
    }
}

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<Answer> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let hops_max = usize::try_from(setting.named("hops_max")).unwrap();
    let least = setting.named("hop_amount_minor");
    let hop = |paid: &&Paid| paid.time + window > at && paid.amount >= least && is_plain(paid.payer) && is_plain(paid.payee);
    let hops: Vec<Paid> = paid.iter().filter(hop).copied().collect();
    let mut found = Vec::new();
    for first in &hops {
        cycles(&mut vec![*first], &hops, hops_max, &mut found);
    }
    let closings: BTreeSet<_> = found.iter().map(|cycle| cycle[cycle.len() - 1].id).collect();
    let answer = |closing| {
        let of: Vec<_> = found.iter().filter(|cycle| cycle[cycle.len() - 1].id == closing).collect();
        let amounts = |cycle: &&Vec<Paid>| {
            let (least, most) = (cycle.iter().map(|paid| paid.amount).min().unwrap(), cycle.iter().map(|paid| paid.amount).max().unwrap());
            least * 100 / most
        };
        let ratio = of.iter().map(amounts).max().unwrap();
        let subject = Subject::Account(account(of[0][0].payer));
        (subject, vec![ratio], of.iter().flat_map(|cycle| cycle.iter().map(|paid| paid.id)).collect())
    };
    closings.into_iter().map(answer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn the_cycles_are_those_of_a_walk_over_history(drawn in drawn(), window in prop_oneof![1..60i64, Just(240)], hops in 3..7i64, least in prop_oneof![Just(0), 0..100_000i64]) {
        let shapes = [("window_hours", window), ("hops_max", hops), ("hop_amount_minor", least)];
        same(&History::of(&drawn), RuleId::Cycle, &shapes, question)?;
    }
}

#[test]
fn what_comes_back_in_time_is_a_cycle() {
    use Draw::{Back, Late, Paid};
    let three = |gap, last: Draw| vec![(0, Paid(0, 1, 100)), (HOUR, Paid(1, 2, 90)), (gap, last)];
    let cases: &[Case<'_>] = &[
        ("three hops", three(HOUR, Paid(2, 0, 80)), "80"),
        ("too unlike", three(HOUR, Paid(2, 0, 49)), ""),
        ("two hops", vec![(0, Paid(0, 1, 100)), (HOUR, Paid(1, 0, 90))], ""),
        ("not in time", vec![(0, Paid(1, 2, 90)), (HOUR, Paid(0, 1, 100)), (HOUR, Paid(2, 0, 80))], ""),
        ("at the last moment", three(19 * DAY + 23 * HOUR - 1, Paid(2, 0, 80)), "80"),
        ("a moment later", three(19 * DAY + 23 * HOUR, Paid(2, 0, 80)), ""),
        ("through a merchant", vec![(0, Paid(0, MERCHANT, 100)), (HOUR, Paid(MERCHANT, 2, 90)), (HOUR, Paid(2, 0, 80))], ""),
        ("through an agent", vec![(0, Paid(0, AGENT, 100)), (HOUR, Paid(AGENT, 2, 90)), (HOUR, Paid(2, 0, 80))], ""),
        ("the middle is late", vec![(0, Paid(0, 1, 100)), (2 * HOUR, Paid(2, 0, 80)), (DAY, Late(1, 2, 90, 25))], "80 late"),
        ("the middle is late, and later", vec![(0, Paid(0, 1, 100)), (2 * HOUR, Paid(2, 0, 80)), (DAY, Late(1, 2, 90, 23))], ""),
        (
            "given back",
            vec![(0, Paid(0, 1, 100)), (HOUR, Paid(1, 2, 90)), (HOUR, Paid(2, 0, 80)), (HOUR, Back(1, 1)), (21 * DAY, Paid(5, 6, 1))],
            "80, over",
        ),
        (
            "six hops",
            vec![(0, Paid(0, 1, 9)), (1, Paid(1, 2, 9)), (1, Paid(2, 3, 9)), (1, Paid(3, 4, 9)), (1, Paid(4, 5, 9)), (1, Paid(5, 0, 9))],
            "100",
        ),
        (
            "seven hops",
            vec![
                (0, Paid(0, 1, 9)),
                (1, Paid(1, 2, 9)),
                (1, Paid(2, 3, 9)),
                (1, Paid(3, 4, 9)),
                (1, Paid(4, 5, 9)),
                (1, Paid(5, 6, 9)),
                (1, Paid(6, 0, 9)),
            ],
            "",
        ),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::Cycle, &[("hop_amount_minor", 0)]), *expected, "{name}");
    }
}
