//! The cash of a day against a loop over history, and the edges of the day.

use crate::risk::tests::history::{AGENT, Case, DAY, Draw, HOUR, HOUSE, History, customer, drawn, holder};
use crate::risk::tests::oracle::{Answer, Paid, is_plain, said, same};
use proptest::prelude::*;
use schemas::alert::Subject;
use schemas::aml::{RuleId, Setting};
use schemas::{Epoch, PaymentKind, rfc3339};

fn question(paid: &[Paid], at: Epoch, _: &Setting) -> Vec<Answer> {
    let day = |time| rfc3339(time)[..10].to_owned();
    let answer = |subject: u32| {
        let own = |account: u32| is_plain(account) && holder(account) == Some(subject);
        let cash = |paid: &&Paid| match paid.kind {
            PaymentKind::Deposit => own(paid.payee),
            PaymentKind::Withdrawal => own(paid.payer),
            _ => false,
        };
        let some = paid.iter().filter(cash).filter(|paid| day(paid.time) == day(at));
        (Subject::Customer(customer(subject)), vec![some.clone().map(|paid| paid.amount).sum()], some.map(|paid| paid.id).collect())
    };
    (0..9).map(answer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn the_cash_of_a_day_is_what_a_loop_over_history_says(drawn in drawn(), cash in prop::collection::vec((0..3u32, any::<bool>()), 24)) {
        // Some cash in every epoch.
        let drawn = drawn.into_iter().zip(cash).map(|((gap, mut draws), (account, into))| {
            draws.push(if into { Draw::Paid(AGENT, account, 600_000) } else { Draw::Paid(account, HOUSE, 600_000) });
            (gap, draws)
        });
        same(&History::of(&drawn.collect()), RuleId::CashThreshold, &[], question)?;
    }
}

#[test]
fn fifteen_million_of_a_person_in_a_day_are_reported() {
    use Draw::{Back, Late, Paid};
    // History begins two hours before midnight.
    let script = |second: Draw, gap| vec![(0, Paid(AGENT, 0, 8_000_000)), (gap, second)];
    let cases: &[Case<'_>] = &[
        ("in", script(Paid(HOUSE, 0, 7_000_000), HOUR), "15000000"),
        ("in and out", script(Paid(0, AGENT, 7_000_000), HOUR), "15000000"),
        ("another account of the same person", script(Paid(AGENT, 1, 7_000_000), HOUR), "15000000"),
        ("another person", script(Paid(AGENT, 2, 7_000_000), HOUR), ""),
        ("a franc less", script(Paid(AGENT, 0, 6_999_999), HOUR), ""),
        ("no cash", script(Paid(2, 0, 7_000_000), HOUR), ""),
        ("the last moment of the day", script(Paid(AGENT, 0, 7_000_000), 2 * HOUR - 1), "15000000"),
        ("the next day", script(Paid(AGENT, 0, 7_000_000), 2 * HOUR), ""),
        ("late", script(Late(AGENT, 0, 7_000_000, 48), 2 * DAY + HOUR), "15000000 late"),
        ("an agent's own", vec![(0, Paid(HOUSE, AGENT, 20_000_000))], ""),
        ("given back", [script(Paid(AGENT, 0, 7_000_000), 1), vec![(1, Back(0, 1)), (2 * DAY, Paid(5, 6, 1))]].concat(), "15000000, over"),
    ];
    for (name, script, expected) in cases {
        assert_eq!(said(script, RuleId::CashThreshold, &[]), *expected, "{name}");
    }
}
