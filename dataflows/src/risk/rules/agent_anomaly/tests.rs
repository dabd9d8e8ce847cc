//! Agents whose cash goes round against a loop over history, and near misses.

use crate::risk::tests::history::{AGENT, Case, DAY, Draw, HOUR, History, account, drawn};
use crate::risk::tests::oracle::{Answer, Paid, said, same_by_clause};
use proptest::prelude::*;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use schemas::{Epoch, PaymentKind};
use std::collections::BTreeSet;

const MINUTE: u64 = HOUR / 60;

fn question(paid: &[Paid], at: Epoch, setting: &Setting) -> Vec<(u8, Answer)> {
    let window = u64::try_from(setting.named("window_hours")).unwrap() * HOUR;
    let round = u64::try_from(setting.named("round_minutes")).unwrap() * MINUTE;
    let (alike, threshold, below) = (setting.named("alike_percent"), setting.named("threshold_minor"), setting.named("below_percent"));
    let is = |paid: &&Paid| {
        (paid.payer == AGENT || paid.payee == AGENT)
            && matches!(paid.kind, PaymentKind::Deposit | PaymentKind::Withdrawal)
            && paid.time + window > at
    };
    let cash: Vec<&Paid> = paid.iter().filter(is).collect();
    let (mut rests, mut rounds) = (BTreeSet::new(), 0);
    for (place, one) in cash.iter().enumerate() {
        let fits = |next: &&&&Paid| {
            let customers = [one.payer + one.payee, next.payer + next.payee];
            !rests.contains(&next.id)
                && customers[0] == customers[1]
                && one.kind != next.kind
                && next.time < one.time + round
                && one.amount.min(next.amount) * 100 >= one.amount.max(next.amount) * alike
        };
        let back = cash[place + 1..].iter().find(|next| fits(&next)).map(|next| next.id);
        if let Some(back) = back.filter(|_| !rests.contains(&one.id)) {
            rests.extend([one.id, back]);
            rounds += 1;
        }
    }
    let near: Vec<_> = cash.iter().filter(|paid| paid.amount < threshold && paid.amount * 100 >= threshold * below).collect();
    let percent = if cash.is_empty() { 0 } else { near.len() * 100 / cash.len() };
    rests.extend(near.iter().map(|paid| paid.id));
    let near = [near.len(), percent].map(|number| i64::try_from(number).unwrap()).to_vec();
    let subject = Subject::Account(account(AGENT));
    vec![(0, (subject.clone(), vec![rounds], rests.clone())), (1, (subject, near, rests))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn cash_that_goes_round_is_what_a_loop_over_history_says(drawn in drawn(), cash in prop::collection::vec((0..2u32, any::<bool>(), 90..100i64), 24), window in 1..90i64, minutes in 1..200i64) {
        let drawn = drawn.into_iter().zip(cash).map(|((gap, mut draws), (customer, into, amount))| {
            draws.push(if into { Draw::Paid(AGENT, customer, amount) } else { Draw::Paid(customer, AGENT, amount) });
            (gap, draws)
        });
        let shapes = [("window_hours", window), ("round_minutes", minutes), ("alike_percent", 95), ("threshold_minor", 100)];
        same_by_clause(&History::of(&drawn.collect()), RuleId::AgentAnomaly, &shapes, question)?;
    }
}

#[test]
fn three_rounds_are_enough() {
    use Draw::{Back, Late, Paid};
    let round = |customer, back, gap| [(HOUR, Paid(AGENT, customer, 100_000)), (gap, Paid(customer, AGENT, back))];
    let rounds = |back, gap| [round(0, 100_000, 1), round(1, 90_000, 30 * MINUTE - 1), round(2, back, gap)].concat();
    let cases: &[Case<'_>] = &[
        ("three rounds", rounds(100_000, 1), "3"),
        ("one is too unlike", rounds(89_999, 1), ""),
        ("one is too late", rounds(100_000, 30 * MINUTE), ""),
        ("a customer with another", vec![(0, Paid(1, 0, 9)), (1, Paid(0, 1, 9)), (1, Paid(1, 0, 9)), (1, Paid(0, 1, 9))], ""),
        (
            "the last comes late",
            [round(0, 9, 1).to_vec(), rounds(100_000, 1)[..5].to_vec(), vec![(2 * DAY, Late(2, AGENT, 100_000, 48))]].concat(),
            "3 late",
        ),
        ("given back", [rounds(100_000, 1), vec![(1, Back(0, 1)), (8 * DAY, Paid(5, 6, 1))]].concat(), "3, over"),
        ("just below", (0..6).map(|customer| (HOUR, Paid(AGENT, customer, 14_000_000))).collect(), "100 of 5"),
        ("at the threshold", (0..6).map(|customer| (HOUR, Paid(AGENT, customer, 15_000_000))).collect(), ""),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::AgentAnomaly, &[]), *expected, "{name}");
    }
}
