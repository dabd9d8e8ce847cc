//! Both fans against a loop over history, and the edges of their windows.

use crate::risk::tests::history::{AGENT, DAY, Draw, HOUR, History, MERCHANT, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use crate::risk::tests::{low, run};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::{AlertChange, Subject};
use schemas::aml::{RuleId, Setting};
use std::collections::BTreeSet;

/// Of whom, and who is on the other side.
type Sides = fn(&Paid) -> (u32, u32);

fn question(paid: &[Paid], at: Epoch, setting: &Setting, sides: Sides) -> Vec<Answer> {
    let hours = |name| u64::try_from(setting.named(name)).unwrap() * HOUR;
    let (window, known) = (hours("window_hours"), hours("known_hours"));
    let mut answers = Vec::new();
    for subject in 0..7 {
        let own = paid.iter().filter(|paid| sides(paid).0 == subject && is_plain(sides(paid).1));
        let inside = |paid: &&Paid| paid.time + window > at;
        let before = |paid: &&Paid| paid.time + window <= at && paid.time + window + known > at;
        let known: BTreeSet<u32> = own.clone().filter(before).map(|paid| sides(paid).1).collect();
        let counted: Vec<&Paid> = own.filter(inside).filter(|paid| !known.contains(&sides(paid).1)).collect();
        let others: BTreeSet<u32> = counted.iter().map(|paid| sides(paid).1).collect();
        let sum = counted.iter().map(|paid| paid.amount).sum();
        let measures = vec![i64::try_from(others.len()).unwrap(), sum];
        answers.push((Subject::Account(account(subject)), measures, counted.iter().map(|paid| paid.id).collect()));
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn the_fans_are_those_of_a_loop_over_history(drawn in drawn(), window in 1..60i64, known in 0..60i64) {
        let history = History::of(&drawn);
        let shapes = [("window_hours", window), ("known_hours", known)];
        same(&history, RuleId::FanIn, &shapes, |paid, at, setting| question(paid, at, setting, |paid| (paid.payee, paid.payer)))?;
        same(&history, RuleId::FanOut, &shapes, |paid, at, setting| question(paid, at, setting, |paid| (paid.payer, paid.payee)))?;
    }
}

#[test]
fn three_who_pay_one_are_a_fan() {
    use Draw::{Back, Late, Paid};
    type Draws<'a> = &'a [(u64, Draw)];
    let cases: &[(&str, Draws, &str)] = &[
        ("within a day", &[(0, Paid(1, 0, 500)), (HOUR, Paid(2, 0, 500)), (HOUR, Paid(3, 0, 1))], "1001 of 3"),
        ("twice the same", &[(0, Paid(1, 0, 500)), (HOUR, Paid(2, 0, 500)), (HOUR, Paid(2, 0, 1))], ""),
        ("too little", &[(0, Paid(1, 0, 500)), (HOUR, Paid(2, 0, 498)), (HOUR, Paid(3, 0, 1))], ""),
        ("the last moment", &[(0, Paid(1, 0, 500)), (HOUR, Paid(2, 0, 500)), (23 * HOUR - 1, Paid(3, 0, 1))], "1001 of 3"),
        ("a moment later", &[(0, Paid(1, 0, 500)), (HOUR, Paid(2, 0, 500)), (23 * HOUR, Paid(3, 0, 1))], ""),
        ("a merchant and an agent", &[(0, Paid(1, 0, 500)), (HOUR, Paid(MERCHANT, 0, 500)), (HOUR, Paid(AGENT, 0, 1))], ""),
        ("a merchant is paid", &[(0, Paid(1, MERCHANT, 500)), (HOUR, Paid(2, MERCHANT, 500)), (HOUR, Paid(3, MERCHANT, 1))], ""),
        ("one has paid before", &[(0, Paid(1, 0, 9)), (2 * DAY, Paid(1, 0, 500)), (1, Paid(2, 0, 500)), (1, Paid(3, 0, 1))], ""),
        ("long before", &[(0, Paid(1, 0, 9)), (32 * DAY, Paid(1, 0, 500)), (1, Paid(2, 0, 500)), (1, Paid(3, 0, 1))], "1001 of 3"),
        ("late", &[(0, Paid(1, 0, 500)), (1, Paid(2, 0, 500)), (9 * DAY, Late(3, 0, 1, 200))], "1001 of 3 late"),
        ("late, and not in their window", &[(0, Paid(1, 0, 500)), (1, Paid(2, 0, 500)), (9 * DAY, Late(3, 0, 1, 180))], ""),
        ("too late", &[(0, Paid(1, 0, 500)), (1, Paid(2, 0, 500)), (31 * DAY, Late(3, 0, 1, 740))], ""),
        ("given back before", &[(0, Paid(1, 0, 500)), (1, Paid(2, 0, 500)), (1, Back(0, 1)), (1, Paid(3, 0, 900))], ""),
        (
            "given back after",
            &[(0, Paid(1, 0, 500)), (1, Paid(2, 0, 500)), (1, Paid(3, 0, 9)), (1, Back(0, 1)), (DAY, Paid(5, 6, 1))],
            "1009 of 3, over",
        ),
        (
            "again within a day, and after more",
            &[
                (0, Paid(1, 0, 500)),
                (1, Paid(2, 0, 500)),
                (1, Paid(3, 0, 9)),
                (1, Back(0, 1)),
                (1, Paid(4, 0, 9)),
                (HOUR, Paid(4, 0, 600)),
                (4 * DAY, Paid(5, 6, 1)),
            ],
            "1009 of 3",
        ),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::FanIn, &[("senders", 3), ("amount_minor", 1_000)]), *expected, "{name}");
        let turned = script.iter().map(|(gap, draw)| (*gap, turn(draw))).collect::<Vec<_>>();
        assert_eq!(said(&turned, RuleId::FanOut, &[("receivers", 3), ("amount_minor", 1_000)]), *expected, "{name}, the other way");
    }
}

fn turn(draw: &Draw) -> Draw {
    match *draw {
        Draw::Beside(ref beside) => Draw::Beside(beside.clone()),
        Draw::Paid(payer, payee, amount) => Draw::Paid(payee, payer, amount),
        Draw::Late(payer, payee, amount, hours) => Draw::Late(payee, payer, amount, hours),
        Draw::Failed(payer, payee, amount) => Draw::Failed(payee, payer, amount),
        Draw::Back(which, part) => Draw::Back(which, part),
    }
}

#[test]
fn more_than_a_neighbourhood_keeps_is_told() {
    let draws: Vec<Draw> = (0..1_100u32).map(|number| Draw::Paid(1 + number % 6, 0, 1)).collect();
    let mut history = History::default();
    history.epoch(0, &draws);
    let found = run(1, [vec![low()], history.given()].concat());
    let raised = found.into_iter().flat_map(|found| found.alerts).filter_map(|change| match change {
        AlertChange::Raised(alert) if alert.rule == RuleId::FanIn => Some(*alert),
        AlertChange::Raised(_) | AlertChange::Cleared(_) => None,
    });
    let raised: Vec<_> = raised.collect();
    assert_eq!(raised.len(), 1);
    let evidence = &raised[0].evidence;
    assert_eq!((evidence.is_capped, evidence.transactions_count, evidence.transactions.len()), (true, 1_000, 200));
    assert_eq!((raised[0].measured[0].value, evidence.counterparties_count), (6, 6));
}

/// After a gap the bank catches up in ticks of a minute; a restored one may jump by weeks at once.
#[test]
fn a_jump_of_the_clock_clears_and_raises_what_a_loop_over_history_says() {
    let mut history = History::default();
    for payer in 1..5 {
        history.epoch(HOUR, &[Draw::Paid(payer, 0, 500), Draw::Paid(payer, 5, 9)]);
    }
    for _ in 0..2 * 24 * 60 {
        history.epoch(60_000, &[]);
    }
    history.epoch(1, &[Draw::Paid(1, 0, 500), Draw::Paid(2, 6, 500), Draw::Paid(3, 6, 1), Draw::Paid(4, 6, 1), Draw::Late(6, 5, 1, 49)]);
    history.epoch(40 * DAY, &[Draw::Paid(1, 0, 500), Draw::Paid(2, 0, 500), Draw::Paid(3, 0, 500)]);
    history.epoch(40 * DAY, &[]);
    let question: crate::risk::tests::oracle::Question = |paid, at, setting| question(paid, at, setting, |paid| (paid.payee, paid.payer));
    same(&history, RuleId::FanIn, &[("window_hours", 24), ("known_hours", 720)], question).unwrap();
}
