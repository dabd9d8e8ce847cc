//! Rings against a loop over history with sets that are joined, and near misses.

use crate::risk::tests::history::{Beside, Case, DAY, Draw, HOUR, History, MERCHANT, account, customer, drawn, holder, msisdn};
use crate::risk::tests::oracle::{Answer, compare, is_plain, said};
use crate::risk::tests::{low, run};
use proptest::prelude::*;
use schemas::alert::{AlertChange, Subject};
use schemas::aml::{RuleId, Setting};
use schemas::{Epoch, Fact, PartyChange, Told};
use std::collections::{BTreeMap, BTreeSet};

/// Every customer who was enrolled.
const ENROLLED: u32 = 9;

fn number<T: PartialEq>(id: T, of: fn(u32) -> T) -> u32 {
    (0..10).find(|number| of(*number) == id).unwrap()
}

fn question(history: &History, at: Epoch, setting: &Setting) -> Vec<(u8, Answer)> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let most = usize::try_from(setting.named("shared_max")).unwrap();
    let mut users: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for own in 0..ENROLLED {
        users.entry(msisdn(own)).or_default().insert(own);
    }
    let (mut frozen, mut frozen_accounts, mut homes) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for event in history.epochs().iter().filter(|epoch| epoch.epoch() <= at).flat_map(|epoch| &epoch.events) {
        match &event.fact {
            Fact::Assessed(assessed) => {
                let payer = number(assessed.account_debit, account);
                let context = assessed.context.as_deref().cloned().unwrap();
                if event.epoch + window > at && is_plain(payer) {
                    for thing in [context.device, context.msisdn].into_iter().flatten() {
                        users.entry(thing).or_default().insert(holder(payer).unwrap());
                    }
                }
            }
            Fact::PartyChanged(party) => {
                let (is_frozen, who) = (party.change == PartyChange::Frozen, number(party.customer_id, customer));
                match (party.account_id.map(|id| number(id, account)), is_frozen) {
                    (Some(account), true) => drop(frozen_accounts.insert(account)),
                    (Some(account), false) => drop(frozen_accounts.remove(&account)),
                    (None, true) => drop(frozen.insert(who)),
                    (None, false) => drop(frozen.remove(&who)),
                }
            }
            Fact::Diligence(told) => {
                let Told::Address(set) = &**told else { continue };
                let street = set.set.address.as_ref().and_then(|address| address.street_name.as_ref());
                let house = street.map(|street| street.chars().filter(char::is_ascii_digit).collect::<String>());
                homes.insert(number(set.set.customer_id, customer), house);
            }
            _ => {}
        }
    }
    for (who, house) in homes {
        house.into_iter().for_each(|house| {
            users.entry(format!("house {house}")).or_default().insert(who);
        });
    }
    frozen.extend(frozen_accounts.into_iter().filter_map(holder));
    let mut ring: Vec<u32> = (0..ENROLLED).collect();
    for users in users.values().filter(|users| (2..=most).contains(&users.len())) {
        let rings: BTreeSet<u32> = users.iter().map(|user| ring[usize::try_from(*user).unwrap()]).collect();
        let first = *rings.first().unwrap();
        ring.iter_mut().filter(|of| rings.contains(of)).for_each(|of| *of = first);
    }
    let each = |first: u32| {
        let members: Vec<u32> = (0..ENROLLED).filter(|who| ring[usize::try_from(*who).unwrap()] == first).collect();
        let count = |count: usize| i64::try_from(count).unwrap();
        let counts = [count(members.len()), count(members.iter().filter(|member| frozen.contains(member)).count())];
        let answer = move |measure| (Subject::Ring(customer(first)), vec![measure], BTreeSet::new());
        let is_ring = members.len() > 1;
        (0..2).zip(counts).map(move |(clause, measure)| (clause, answer(measure))).filter(move |_| is_ring)
    };
    (0..ENROLLED).flat_map(each).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn the_rings_are_those_of_a_loop_over_history(
        drawn in drawn(), uses in prop::collection::vec((0..9u32, 0..5u32, 0..4u32), 24), window in 1..200i64, most in 2..6i64,
    ) {
        let drawn = drawn.into_iter().zip(uses).map(|((gap, mut draws), (who, thing, how))| {
            draws.push(Draw::Beside(match how {
                0 => Beside::On(who, thing),
                1 => Beside::Calls(who, thing),
                2 => Beside::Lives(who, Some(thing)),
                _ => Beside::Lives(who, (thing > 1).then_some(thing)),
            }));
            (gap, draws)
        });
        let history = History::of(&drawn.collect());
        let shapes = [("window_hours", window), ("shared_max", most)];
        compare(&history, RuleId::Ring, &shapes, true, |_, at, setting| question(&history, at, setting))?;
    }
}

fn on(account: u32, device: u32) -> Draw {
    Draw::Beside(Beside::On(account, device))
}

fn lives(customer: u32, house: Option<u32>) -> Draw {
    Draw::Beside(Beside::Lives(customer, house))
}

fn freezes(customer: u32, is_frozen: bool) -> Draw {
    Draw::Beside(Beside::Freezes(customer, is_frozen))
}

#[test]
fn five_who_are_tied_are_a_ring() {
    // Customers 2 and 3, 4 and 5, 6 and 7 are reached by one number each; account 6 is of customer 6.
    let four = vec![(0, on(2, 1)), (HOUR, on(4, 1))];
    let six = [four.clone(), vec![(HOUR, on(5, 2)), (HOUR, on(6, 2))]].concat();
    let month = 30 * DAY;
    let cases: &[Case<'_>] = &[
        ("four", four.clone(), ""),
        ("six, by a chain", six.clone(), "6"),
        ("a device each", vec![(0, on(2, 1)), (1, on(4, 2)), (1, on(6, 3))], ""),
        ("a merchant's device ties nobody", [four.clone(), vec![(1, on(MERCHANT, 1))]].concat(), ""),
        ("at the last moment", [four.clone(), vec![(month - HOUR - 2, on(5, 2)), (1, on(6, 2))]].concat(), "6"),
        ("a moment later", [four.clone(), vec![(month - HOUR, on(5, 2)), (1, on(6, 2))]].concat(), ""),
        ("seen again", [four.clone(), vec![(HOUR, on(2, 1)), (month - HOUR - 2, on(5, 2)), (1, on(6, 2))]].concat(), "6"),
        (
            "over when a tie has ended for as long",
            [six, vec![(2 * month, Draw::Paid(2, 3, 1)), (month, Draw::Paid(2, 3, 1))]].concat(),
            "6, over",
        ),
        ("a home, however each writes it", vec![(0, lives(2, Some(1))), (month, lives(5, Some(1))), (month, lives(6, Some(1)))], "6"),
        (
            "over when one of them has moved for as long",
            vec![
                (0, lives(2, Some(1))),
                (1, lives(5, Some(1))),
                (1, lives(6, Some(1))),
                (2 * month, lives(5, Some(2))),
                (month + 1, Draw::Paid(2, 3, 1)),
            ],
            "6, over",
        ),
        ("not known any more", vec![(0, lives(2, Some(1))), (1, lives(5, Some(1))), (1, lives(5, None)), (1, lives(6, Some(1)))], ""),
        ("a frozen member", vec![(0, on(2, 1)), (HOUR, freezes(3, true))], "1"),
        ("a frozen account", vec![(0, Draw::Beside(Beside::FreezesAccount(3, true)))], "1"),
        ("frozen and alone", vec![(0, freezes(8, true))], ""),
        ("not frozen any more", vec![(0, freezes(3, true)), (1, freezes(3, false)), (month + 1, Draw::Paid(2, 3, 1))], "1, over"),
        (
            "a payment given back was asked for",
            vec![(0, on(2, 1)), (1, Draw::Paid(2, 4, 9)), (1, on(4, 1)), (1, on(6, 1)), (1, Draw::Back(0, 1))],
            "6",
        ),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::Ring, &[]), *expected, "{name}");
    }
    let hub = vec![(0, on(2, 1)), (1, on(4, 1)), (1, on(6, 1)), (1, on(0, 1))];
    assert_eq!(said(&hub, RuleId::Ring, &[("shared_max", 4)]), "6, 8", "once an older customer is in it, it goes by that one");
    assert_eq!(said(&hub, RuleId::Ring, &[("shared_max", 3), ("members", 3)]), "4", "it was one until a fourth came");
    assert_eq!(said(&[vec![(0, on(2, 1)), (1, on(4, 1))], hub[2..].to_vec()].concat(), RuleId::Ring, &[("shared_max", 2)]), "");
}

/// What an alert of a ring says: who is in it, and that a hub is beside it.
#[test]
fn a_ring_names_the_accounts_of_its_members_and_says_where_a_hub_is_beside_it() {
    let mut history = History::default();
    history.epoch(0, &[on(2, 1), on(4, 1), on(5, 2), on(6, 2)]);
    let setting = Setting { parameters: [("shared_max".to_owned(), 2), ("members".to_owned(), 5)].into(), ..Setting::of(RuleId::Ring) };
    history.set(HOUR, vec![(1, setting)], &[on(0, 3), on(2, 3), on(4, 3)]);
    let found = run(2, history.given());
    let raised = found.into_iter().flat_map(|found| found.alerts).filter_map(|change| match change {
        AlertChange::Raised(alert) if alert.rule == RuleId::Ring => Some(*alert),
        AlertChange::Raised(_) | AlertChange::Cleared(_) => None,
    });
    let raised: Vec<_> = raised.collect();
    assert_eq!(raised.len(), 1, "{raised:#?}");
    assert_eq!((raised[0].epoch, raised[0].subject.clone()), (history.epochs()[0].epoch(), Subject::Ring(customer(2))));
    let named: Vec<u32> = raised[0].evidence.counterparties.iter().map(|id| number(*id, account)).collect();
    assert_eq!((named, raised[0].evidence.counterparties_count, raised[0].evidence.is_capped), ((2..8).collect(), 6, false));
    assert!(!raised[0].traceparent.is_empty());
    // Of a ring that begins beside a hub.
    let lowest = Setting { parameters: [("shared_max".to_owned(), 2), ("members".to_owned(), 3)].into(), ..Setting::of(RuleId::Ring) };
    let mut beside = History::default();
    beside.set(0, vec![(1, lowest)], &[on(0, 3), on(2, 3), on(4, 3)]);
    beside.epoch(1, &[on(2, 1), on(4, 1)]);
    let found = run(1, [vec![low()], beside.given()].concat());
    let capped = found.last().unwrap().alerts.iter().any(|change| matches!(change, AlertChange::Raised(alert) if alert.evidence.is_capped));
    assert!(capped, "{:#?}", found.last().unwrap().alerts);
}

#[test]
fn a_jump_of_the_clock_ends_ties_as_a_loop_over_history_says() {
    let mut history = History::default();
    history.epoch(0, &[on(2, 1), on(4, 1), on(5, 2)]);
    history.epoch(HOUR, &[on(6, 2), freezes(3, true)]);
    for _ in 0..2 * 24 * 60 {
        history.epoch(60_000, &[]);
    }
    history.epoch(1, &[on(2, 1)]);
    history.epoch(40 * DAY, &[on(2, 3), on(0, 3), freezes(3, false)]);
    history.epoch(40 * DAY, &[on(2, 4)]);
    let question = |_: &[crate::risk::tests::oracle::Paid], at, setting: &Setting| question(&history, at, setting);
    compare(&history, RuleId::Ring, &[("window_hours", 30), ("shared_max", 20)], true, question).unwrap();
}
