//! Who gathers and scatters, against a loop over history, and near misses.

use crate::risk::tests::history::{AGENT, Case, DAY, Draw, Drawn, HOUR, History, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use std::collections::BTreeSet;

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<Answer> {
    let hours = |name| u64::try_from(setting.named(name)).unwrap() * HOUR;
    let (window, overlap, known) = (hours("window_hours"), hours("overlap_hours"), hours("known_hours"));
    let percent = setting.named("kept_percent");
    let mut answers = Vec::new();
    for subject in 0..7 {
        let before: Vec<_> = paid.iter().filter(|paid| paid.time + window <= at && paid.time + window + known > at).collect();
        let is_known = |payer, payee| before.iter().any(|before| (before.payer, before.payee) == (payer, payee));
        let is_own = |paid: &&Paid| is_plain(paid.payer) && is_plain(paid.payee) && !is_known(paid.payer, paid.payee);
        let own = paid.iter().filter(|paid| paid.time + window > at).filter(is_own);
        let mut best: Option<(usize, i64, Answer)> = None;
        for first in own.clone().filter(|paid| paid.payer == subject) {
            let outs: Vec<_> = own.clone().filter(|paid| paid.payer == subject && paid.time >= first.time).collect();
            let ins: Vec<_> = own.clone().filter(|paid| paid.payee == subject && paid.time <= first.time + overlap).collect();
            let (senders, receivers): (BTreeSet<_>, BTreeSet<_>) =
                (ins.iter().map(|paid| paid.payer).collect(), outs.iter().map(|paid| paid.payee).collect());
            let (into, out): (i64, i64) = (ins.iter().map(|paid| paid.amount).sum(), outs.iter().map(|paid| paid.amount).sum());
            if ins.is_empty() || out * 100 < into * percent {
                continue;
            }
            let least = senders.len().min(receivers.len());
            if best.as_ref().is_none_or(|(most, minor, _)| (least, out) > (*most, *minor)) {
                let measures = vec![i64::try_from(senders.len()).unwrap(), i64::try_from(receivers.len()).unwrap(), out];
                let rests = ins.iter().chain(&outs).map(|paid| paid.id).collect();
                best = Some((least, out, (Subject::Account(account(subject)), measures, rests)));
            }
        }
        answers.extend(best.map(|(_, _, answer)| answer));
    }
    answers
}

fn narrow() -> impl Strategy<Value = Drawn> {
    let leg = prop_oneof![
        4 => (1..7u32, 50..100i64).prop_map(|(a, b)| Draw::Paid(a, 0, b)),
        4 => (1..7u32, 50..100i64).prop_map(|(a, b)| Draw::Paid(0, a, b)),
        1 => (1..7u32, 50..100i64, 1..40u64).prop_map(|(a, b, c)| Draw::Late(a, 0, b, c)),
        1 => (1..7u32, 50..100i64, 1..40u64).prop_map(|(a, b, c)| Draw::Late(0, a, b, c)),
        1 => (0..40usize, 1..3i64).prop_map(|(a, b)| Draw::Back(a, b)),
    ];
    let gap = prop_oneof![4 => 1..5u64, 3 => HOUR..9 * HOUR, 1 => Just(DAY)];
    prop::collection::vec((gap, prop::collection::vec(leg, 1..4)), 4..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn who_gathers_and_scatters_is_who_a_loop_over_history_says(drawn in prop_oneof![narrow(), drawn()], window in 1..60i64, kept in 0..101i64, overlap in 0..30i64, known in 0..60i64) {
        let shapes = [("window_hours", window), ("kept_percent", kept), ("overlap_hours", overlap), ("known_hours", known)];
        same(&History::of(&drawn), RuleId::GatherScatter, &shapes, question)?;
    }
}

#[test]
fn three_on_either_side_are_enough() {
    use Draw::{Back, Late, Paid};
    let script = |third: u32, gap, amount| {
        let ins = [(0, Paid(1, 0, 100)), (HOUR, Paid(2, 0, 100)), (HOUR, Paid(third, 0, 100))];
        let outs = [(HOUR, Paid(0, 4, 100)), (HOUR, Paid(0, 5, 100)), (gap, Paid(0, 6, amount))];
        ins.into_iter().chain(outs).collect::<Vec<_>>()
    };
    let with = |mut script: Vec<(u64, Draw)>, more: &[(u64, Draw)]| {
        script.extend_from_slice(more);
        script
    };
    let known = |gap, payer, payee| {
        let mut script = script(3, HOUR, 60);
        script[0].0 = gap;
        script.insert(0, (0, Paid(payer, payee, 1)));
        script
    };
    let cases: &[Case<'_>] = &[
        ("three and three", script(3, HOUR, 60), "3 of 3"),
        ("two and three", script(2, HOUR, 60), ""),
        ("an agent among them", script(AGENT, HOUR, 60), ""),
        ("most of it stayed", script(3, HOUR, 39), ""),
        ("at the last moment", script(3, 7 * DAY - 4 * HOUR - 1, 60), "3 of 3"),
        ("a moment later", script(3, 7 * DAY - 4 * HOUR, 60), ""),
        ("given back", with(script(3, HOUR, 60), &[(HOUR, Back(0, 1)), (8 * DAY, Paid(5, 4, 1))]), "3 of 3, over"),
        ("one sender is known", known(8 * DAY, 1, 0), ""),
        ("one receiver is known", known(8 * DAY, 0, 4), ""),
        ("whom one pays who is paid by them is not known", known(8 * DAY, 4, 0), "3 of 3"),
        ("known for too long", known(38 * DAY, 1, 0), "3 of 3"),
        ("one sender is late", with(script(2, HOUR, 60), &[(DAY, Late(3, 0, 20, 26))]), "3 of 3 late"),
        (
            "the scattering comes first",
            vec![
                (0, Paid(0, 4, 100)),
                (1, Paid(0, 5, 100)),
                (1, Paid(0, 6, 100)),
                (25 * HOUR, Paid(1, 0, 100)),
                (1, Paid(2, 0, 100)),
                (1, Paid(3, 0, 100)),
            ],
            "",
        ),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::GatherScatter, &[("amount_minor", 0)]), *expected, "{name}");
    }
}
