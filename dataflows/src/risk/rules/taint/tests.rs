//! Taint against a loop over history that works everything out anew, and near misses.

use crate::risk::tests::history::{Beside, Case, DAY, Draw, HOUR, History, MERCHANT, account, customer, drawn, holder};
use crate::risk::tests::oracle::{Answer, Paid, compare, is_plain, said};
use proptest::prelude::*;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use schemas::diligence::case::{About, CaseOutcome};
use schemas::{Epoch, Fact, PartyChange, Told, TransactionId};
use std::collections::{BTreeMap, BTreeSet};

/// Accounts that are frozen, or of customers who are.
fn frozen(history: &History, at: Epoch) -> BTreeSet<u32> {
    let (mut customers, mut accounts) = (BTreeSet::new(), BTreeSet::new());
    for event in history.epochs().iter().filter(|epoch| epoch.epoch() <= at).flat_map(|epoch| &epoch.events) {
        let Fact::PartyChanged(party) = &event.fact else { continue };
        match (party.account_id, party.change == PartyChange::Frozen) {
            (Some(id), true) => drop(accounts.insert(id)),
            (Some(id), false) => drop(accounts.remove(&id)),
            (None, true) => drop(customers.insert(party.customer_id)),
            (None, false) => drop(customers.remove(&party.customer_id)),
        }
    }
    let is =
        |number: &u32| accounts.contains(&account(*number)) || holder(*number).is_some_and(|holder| customers.contains(&customer(holder)));
    (0..10).filter(is).collect()
}

/// Accounts of which staff confirmed an alert, or of customers of whom they did: the last word on each alert.
fn confirmed(history: &History, at: Epoch) -> BTreeSet<u32> {
    let (mut cases, mut verdicts) = (BTreeMap::new(), BTreeMap::new());
    for event in history.epochs().iter().filter(|epoch| epoch.epoch() <= at).flat_map(|epoch| &epoch.events) {
        let Fact::Diligence(told) = &event.fact else { continue };
        let Told::Case(case) = told.as_ref() else { continue };
        if let Some(opened) = case.opened {
            cases.insert(case.id, opened.about);
        } else if let Some(about) = cases.remove(&case.id) {
            verdicts.insert(about.alert_id, (about, case.outcome == Some(CaseOutcome::ConfirmedRisk)));
        }
    }
    let is = |number: &u32| {
        let is_about = |About { customer_id, account_id, .. }: &About| {
            *account_id == Some(account(*number)) || customer_id.is_some() && *customer_id == holder(*number).map(customer)
        };
        verdicts.values().any(|(about, is_confirmed)| *is_confirmed && is_about(about))
    };
    (0..10).filter(is).collect()
}

fn question(history: &History, paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<(u8, Answer)> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let frozen = frozen(history, at);
    let sources: BTreeSet<u32> = frozen.union(&confirmed(history, at)).copied().collect();
    let inside = paid.iter().filter(|paid| paid.time + window > at).collect::<Vec<_>>();
    let mut exposed = [0i64; 10];
    let place = |number: u32| usize::try_from(number).unwrap();
    let passes = |exposed: &[i64; 10], payer: u32| match (sources.contains(&payer), is_plain(payer)) {
        (true, _) if payer < 9 => 1_000_000,
        (false, true) => exposed[place(payer)],
        _ => 0,
    };
    let sum = |payer: Option<u32>, payee| {
        let of = inside.iter().filter(|paid| paid.payee == payee && payer.is_none_or(|payer| payer == paid.payer));
        of.map(|paid| i128::from(paid.amount)).sum::<i128>()
    };
    let worst = |exposed: &[i64; 10], payee: u32| {
        let all = sum(None, payee);
        let by = |payer: u32| {
            let ppm = i128::from(passes(exposed, payer)) * sum(Some(payer), payee) / (2 * all.max(1));
            (i64::try_from(ppm).unwrap(), std::cmp::Reverse(payer))
        };
        (0..10).filter(|payer| *payer != payee).map(by).max().unwrap()
    };
    // Six hands leave less than the least.
    for _ in 0..6 {
        let mut next = [0; 10];
        for payee in (0..10).filter(|payee| is_plain(*payee) && !frozen.contains(payee)) {
            let (ppm, _) = worst(&exposed, payee);
            next[place(payee)] = if ppm >= 62_500 { ppm } else { 0 };
        }
        exposed = next;
    }
    let answer = |payee: u32| {
        let mut rests: BTreeSet<TransactionId> = BTreeSet::new();
        let mut last = payee;
        for _ in 0..4 {
            let (_, std::cmp::Reverse(payer)) = worst(&exposed, last);
            rests.extend(inside.iter().filter(|paid| (paid.payer, paid.payee) == (payer, last)).map(|paid| paid.id));
            if sources.contains(&payer) {
                break;
            }
            last = payer;
        }
        (0, (Subject::Account(account(payee)), vec![exposed[place(payee)]], rests))
    };
    (0..10).filter(|payee| exposed[place(*payee)] > 0).map(answer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn who_is_tainted_is_who_a_loop_over_history_says(
        drawn in drawn(), freezes in prop::collection::vec((0..9u32, prop::bool::weighted(0.8), 0..6u32, 1..6u32, 1..2_000i64, 0..6u32), 24), window in 1..200i64,
    ) {
        let drawn = drawn.into_iter().zip(freezes).map(|((gap, mut draws), (who, is_said, payer, step, amount, case))| {
            draws.push(Draw::Paid(payer, (payer + step) % 7, amount));
            match (who + case) % 6 {
                0 => draws.push(Draw::Beside(Beside::Freezes(who, is_said))),
                1 => draws.push(Draw::Beside(Beside::Suspects(case, who, amount % 2 == 0))),
                2 => draws.push(Draw::Beside(Beside::Closes(case, is_said))),
                3 => draws.extend([Draw::Beside(Beside::Suspects(case, who, amount % 2 == 0)), Draw::Beside(Beside::Closes(case, is_said))]),
                _ => {}
            }
            (gap, draws)
        });
        let history = History::of(&drawn.collect());
        let question = |paid: &[Paid], at: Epoch, setting: &Setting| question(&history, paid, at, setting);
        compare(&history, RuleId::Taint, &[("window_hours", window)], false, question)?;
    }
}

#[test]
fn what_half_of_the_money_leads_back_to_is_told() {
    use Draw::{Back, Late, Paid};
    let frozen = |number| Draw::Beside(Beside::Freezes(number, true));
    let paid = || vec![(0, Paid(2, 3, 100))];
    let later = || vec![(90 * DAY, Paid(5, 6, 1))];
    let suspects = |case, number, is_account| vec![(1, Draw::Beside(Beside::Suspects(case, number, is_account)))];
    let closes = |case, is_confirmed| vec![(1, Draw::Beside(Beside::Closes(case, is_confirmed)))];
    let chain = |middle: i64| vec![(0, Paid(2, 3, 100)), (1, Paid(3, 4, middle)), (1, frozen(2))];
    let cases: &[Case<'_>] = &[
        ("all of it, at the first hand and the second", chain(10), "500000, 250000"),
        ("half of it", vec![(0, Paid(2, 3, 100)), (1, Paid(5, 3, 100)), (1, frozen(2))], "250000"),
        ("a franc less than half", vec![(0, Paid(2, 3, 100)), (1, Paid(5, 3, 101)), (1, frozen(2))], ""),
        ("paid after the freeze of an account", vec![(0, Draw::Beside(Beside::FreezesAccount(2, true))), (1, Paid(2, 3, 1))], "500000"),
        ("the third hand", [chain(10), vec![(1, Paid(4, 5, 10))]].concat(), "500000, 250000"),
        ("by a merchant", vec![(0, Paid(2, MERCHANT, 100)), (1, Paid(MERCHANT, 4, 10)), (1, frozen(2))], ""),
        (
            "not frozen any more",
            [chain(10), vec![(1, Draw::Beside(Beside::Freezes(2, false))), (90 * DAY, Paid(5, 6, 1))]].concat(),
            "500000, 250000, over, over",
        ),
        ("of a confirmed alert about a customer", [paid(), suspects(0, 2, false), closes(0, true)].concat(), "500000"),
        ("about an account", [paid(), suspects(0, 2, true), closes(0, true)].concat(), "500000"),
        ("about another account of the customer", [paid(), suspects(0, 1, true), closes(0, true)].concat(), ""),
        ("not closed yet", [paid(), suspects(0, 2, false)].concat(), ""),
        ("closed as nothing", [paid(), suspects(0, 2, false), closes(0, false)].concat(), ""),
        ("about nobody who paid", [paid(), suspects(0, 5, false), closes(0, true)].concat(), ""),
        (
            "taken back by another case of the same alert",
            [paid(), suspects(0, 2, false), closes(0, true), suspects(1, 2, false), closes(1, false), later()].concat(),
            "500000, over",
        ),
        (
            "and by one that names their account",
            [paid(), suspects(0, 2, false), closes(0, true), suspects(1, 2, true), closes(1, false), later()].concat(),
            "500000, over",
        ),
        (
            "not by a case of another alert",
            [paid(), suspects(0, 2, false), closes(0, true), suspects(2, 2, false), closes(2, false)].concat(),
            "500000",
        ),
        (
            "the alert of whoever is confirmed themselves stands",
            [paid(), vec![(1, frozen(2))], suspects(0, 3, true), closes(0, true), vec![(1, Paid(3, 4, 10))]].concat(),
            "500000, 500000",
        ),
        ("given back", vec![(0, Paid(2, 3, 100)), (1, frozen(2)), (1, Back(0, 1)), (90 * DAY, Paid(5, 6, 1))], "500000, over"),
        ("diluted, and not any more", vec![(0, Paid(2, 3, 100)), (1, Paid(5, 3, 200)), (1, frozen(2)), (1, Back(1, 1))], "500000"),
        ("at the last moment of 90 days", vec![(0, Paid(2, 3, 100)), (90 * DAY - 1, frozen(2))], "500000"),
        ("a moment later", vec![(0, Paid(2, 3, 100)), (90 * DAY, frozen(2))], ""),
        (
            "what dilutes it leaves the window first",
            vec![(0, Paid(5, 3, 200)), (DAY, Paid(2, 3, 100)), (1, frozen(2)), (89 * DAY, Paid(5, 6, 1))],
            "500000",
        ),
        ("late", vec![(0, frozen(2)), (20 * DAY, Late(2, 3, 9, 240))], "500000 late"),
        ("late, and out of the window", vec![(0, Paid(5, 6, 1)), (1, frozen(2)), (95 * DAY, Late(2, 3, 9, 740))], "500000"),
        (
            "in a circle that its source has left",
            vec![(0, Paid(2, 3, 9)), (1, Paid(3, 4, 9)), (1, Paid(4, 3, 9)), (1, frozen(2)), (1, Back(0, 1)), (90 * DAY, Paid(5, 6, 1))],
            "250000, over",
        ),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::Taint, &[]), *expected, "{name}");
    }
}

#[test]
fn a_jump_of_the_clock_ends_taint_as_a_loop_over_history_says() {
    let mut history = History::default();
    let frozen = |number, is_frozen| Draw::Beside(Beside::Freezes(number, is_frozen));
    history.epoch(0, &[Draw::Paid(2, 3, 100), Draw::Paid(3, 4, 90), Draw::Paid(5, 4, 10)]);
    history.epoch(HOUR, &[frozen(2, true), Draw::Paid(4, 6, 50)]);
    for _ in 0..2 * 24 * 60 {
        history.epoch(60_000, &[]);
    }
    history.epoch(1, &[Draw::Late(2, 6, 70, 40), Draw::Paid(6, 5, 5)]);
    history.epoch(40 * DAY, &[Draw::Paid(2, 3, 100)]);
    history.epoch(1, &[Draw::Paid(3, 4, 100), Draw::Paid(4, 3, 100)]);
    history.epoch(40 * DAY, &[]);
    let question = |paid: &[Paid], at: Epoch, setting: &Setting| question(&history, paid, at, setting);
    compare(&history, RuleId::Taint, &[("window_hours", 48)], false, question).unwrap();
}
