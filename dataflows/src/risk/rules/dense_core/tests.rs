//! Cores against a search over all of history, and near misses.

use crate::risk::graph::{Edge, Graph, NEIGHBOURS_MAX};
use crate::risk::rules::{How, Shape, Watched};
use crate::risk::tests::history::{Case, DAY, Draw, Drawn, HOUR, History, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use schemas::{Channel, Currency, Epoch, PaymentKind};
use std::collections::BTreeSet;

/// The core is the largest set of pairs in which everybody is often enough: found here by trying every set of payers and payees.
fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<Answer> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let least = usize::try_from(setting.named("sides_min")).unwrap();
    let legs: Vec<_> = paid.iter().filter(|paid| is_plain(paid.payer) && is_plain(paid.payee) && paid.time + window > at).collect();
    let mut answers = Vec::new();
    for (place, last) in legs.iter().enumerate() {
        let before = &legs[..=place];
        let near: Vec<u32> = (0..7).filter(|payer| before.iter().any(|leg| leg.payer == *payer && leg.payee == last.payee)).collect();
        let pairs: BTreeSet<(u32, u32)> = before.iter().map(|leg| (leg.payer, leg.payee)).collect();
        let pays = |payer: u32, payee: u32| pairs.contains(&(payer, payee));
        if pairs.len() < least * least {
            continue;
        }
        let mut best: Option<(usize, Vec<u32>, Vec<u32>)> = None;
        for bits in 1u32..1 << 7 {
            let payees: Vec<u32> = (0..7).filter(|payee| bits >> payee & 1 == 1).collect();
            let payers: Vec<u32> =
                near.iter().copied().filter(|payer| payees.iter().filter(|payee| pays(*payer, **payee)).count() >= least).collect();
            let whole = payees.iter().all(|payee| payers.iter().filter(|payer| pays(**payer, *payee)).count() >= least);
            let size = payers.len() + payees.len();
            if whole && best.as_ref().is_none_or(|(most, ..)| size > *most) {
                best = Some((size, payers, payees));
            }
        }
        let Some((_, payers, payees)) = best.filter(|(_, payers, payees)| payers.contains(&last.payer) && payees.contains(&last.payee))
        else {
            continue;
        };
        let measures = [payers.len(), payees.len()].map(|number| i64::try_from(number).unwrap()).to_vec();
        let rests: BTreeSet<_> =
            before.iter().filter(|leg| payers.contains(&leg.payer) && payees.contains(&leg.payee)).map(|leg| leg.id).collect();
        answers.push((Subject::Account(account(last.payee)), measures, rests));
    }
    answers
}

fn narrow() -> impl Strategy<Value = Drawn> {
    let leg = prop_oneof![
        8 => (0..3u32, 3..7u32).prop_map(|(payer, payee)| Draw::Paid(payer, payee, 10)),
        1 => (0..3u32, 3..7u32, 1..40u64).prop_map(|(payer, payee, hours)| Draw::Late(payer, payee, 10, hours)),
        1 => (0..40usize).prop_map(|which| Draw::Back(which, 1)),
    ];
    let gap = prop_oneof![4 => 1..5u64, 2 => HOUR..5 * HOUR, 1 => Just(DAY)];
    prop::collection::vec((gap, prop::collection::vec(leg, 1..4)), 4..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_cores_are_those_of_a_search_over_history(drawn in prop_oneof![3 => narrow(), 1 => drawn()], window in 1..90i64, least in 2..4i64) {
        same(&History::of(&drawn), RuleId::DenseCore, &[("window_hours", window), ("sides_min", least)], question)?;
    }
}

#[test]
fn three_who_all_pay_three_are_a_core() {
    use Draw::{Back, Late, Paid};
    let eight = || (0..8u32).map(|pair| (1, Paid(pair / 3, 3 + pair % 3, 10))).collect::<Vec<_>>();
    let with = |more: &[(u64, Draw)]| eight().into_iter().chain(more.iter().cloned()).collect::<Vec<_>>();
    let cases: &[Case<'_>] = &[
        ("three and three", with(&[(HOUR, Paid(2, 5, 10))]), "3 of 3"),
        ("one pair is missing", with(&[(HOUR, Paid(2, 4, 10)), (HOUR, Paid(2, 6, 10))]), ""),
        ("at the last moment", with(&[(14 * DAY - 8, Paid(2, 5, 10))]), "3 of 3"),
        ("a moment later", with(&[(14 * DAY - 7, Paid(2, 5, 10))]), ""),
        ("late", with(&[(DAY, Late(2, 5, 10, 24))]), "3 of 3 late"),
        ("given back before", with(&[(1, Back(0, 1)), (HOUR, Paid(2, 5, 10))]), ""),
        ("given back after", with(&[(1, Paid(2, 5, 10)), (1, Back(0, 1)), (15 * DAY, Paid(5, 6, 1))]), "3 of 3, over"),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::DenseCore, &[]), *expected, "{name}");
    }
    let merchant = (0..9u32).map(|pair| (1, Paid(pair / 3, [3, 4, 7][usize::try_from(pair % 3).unwrap()], 10))).collect::<Vec<_>>();
    assert_eq!(said(&merchant, RuleId::DenseCore, &[]), "", "a merchant is none of them");
}

/// A hub pays 5,000 others, one of whom is paid 1,500 times since: what is late or given back concerns whoever is looked at beside it, and no more of them.
#[test]
fn a_payment_of_a_hub_touches_no_more_than_its_bound() {
    let (mut graph, mut number) = (Graph::default(), 0u32);
    let payees: Vec<_> = (0..5_000).map(|other| graph.intern(account(2 + other), Currency::XOF)).collect();
    let (hub, other) = (graph.intern(account(0), Currency::XOF), graph.intern(account(1), Currency::XOF));
    let mut pay = |time, payer, payee| {
        number += 1;
        let edge =
            Edge { time, minted: (time, number), payer, payee, amount_minor: 1, kind: PaymentKind::Transfer, channel: Channel::Wallet };
        graph.insert(edge);
        edge
    };
    let hubs: Vec<Edge> = (DAY..).zip(&payees).map(|(time, payee)| pay(time, hub, *payee)).collect();
    for time in 2 * DAY..2 * DAY + 1_500 {
        pay(time, other, payees[2_000]);
    }
    let mut shape = Shape::default();
    (shape[0], shape[1]) = (336, 3);
    for (how, most) in [(How::Newest, 1), (How::Pushed, 1), (How::Shifted, 1), (How::Less, 1), (How::Amid, 4 * NEIGHBOURS_MAX)] {
        let mut keys = Vec::new();
        super::concerns(&graph, &Watched { edge: &hubs[2_500], how, shape: &shape }, &mut keys);
        assert!(!keys.is_empty() && keys.len() <= most, "{how:?}: {}", keys.len());
    }
}
