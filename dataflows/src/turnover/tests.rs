//! The turnover against a loop over all of history, at every epoch, for one, two and three workers, and from any epoch on.

use super::*;
use crate::views::Given;
use crate::views::tests::run;
use proptest::prelude::*;
use schemas::{Binding, Cause, Channel, CommandId, Event, EventId, Money, Position, Refusal, TransactionId, Turnover};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A payment: kind, currency, payer, payee, amount, and whether it settles.
type Draw = (usize, usize, u32, u32, i64, bool);

const CURRENCIES: [&str; 2] = ["XOF", "EUR"];
/// 40 seconds before the end of a day.
const FIRST: Epoch = 1_764_028_760_000;

/// How long after the one before, and what happens.
fn history() -> impl Strategy<Value = Vec<(u64, Vec<Draw>)>> {
    let amount = prop_oneof![1..1000i64, Just(i64::MAX)];
    let draw = (0..PaymentKind::ALL.len(), 0..2usize, 0..4u32, 0..4u32, amount, prop::bool::weighted(0.8));
    let gap = prop_oneof![4 => 1..5u64, 2 => 1..90_000u64, 1 => 3_000_000..90_000_000u64];
    prop::collection::vec((gap, prop::collection::vec(draw, 0..8)), 1..14)
}

fn epochs(history: &[(u64, Vec<Draw>)]) -> Vec<Arc<EpochEvents>> {
    let mut epoch = FIRST;
    let mut epochs = Vec::new();
    for (gap, draws) in history {
        epoch += gap;
        let event = |(number, (kind, currency, payer, payee, minor, settles)): (u32, &Draw)| {
            let position = Position { partition: 0, offset: i64::from(number) };
            let cause = Cause { command_id: CommandId::derive("a", "transfer", "b"), position, traceparent: String::new() };
            let fact = Fact::Transaction(Transaction {
                id: TransactionId::mint(epoch, number),
                kind: PaymentKind::ALL[*kind],
                account_debit: AccountId::mint(1, *payer),
                account_credit: AccountId::mint(1, *payee),
                amount: Money { minor: *minor, currency: CURRENCIES[*currency].parse().unwrap() },
                fee_minor: 0,
                channel: Channel::Wallet,
                refusal: (!settles).then_some(Refusal::InsufficientFunds),
                link: None,
                postings: Vec::new(),
            });
            Event { id: EventId::mint(epoch, number), epoch, cause, fact }
        };
        let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
        epochs.push(Arc::new(EpochEvents {
            binding,
            events: (0..).zip(draws).map(event).collect(),
            waited: Vec::new(),
            leaves: Vec::new(),
        }));
    }
    epochs
}

/// Count and amount of everything so far, by day, account and what is counted together, all in words.
type Table = BTreeMap<(String, String, String), (i128, i128)>;

/// Every side of every payment up to an epoch, counted anew.
fn oracle(epochs: &[Arc<EpochEvents>]) -> Table {
    let mut table = Table::new();
    for event in epochs.iter().flat_map(|epoch| &epoch.events) {
        let Fact::Transaction(paid) = &event.fact else { continue };
        for (side, counted) in [
            (paid.account_debit, &["deposit", "refund", "reversal"][..]),
            (paid.account_credit, &["withdrawal", "merchant_payment", "bill_payment", "refund", "reversal"]),
        ] {
            if paid.refusal.is_none() && counted.contains(&paid.kind.as_str()) {
                let what = format!("{} {}", paid.kind, paid.amount.currency);
                let sum = table.entry((schemas::rfc3339(event.epoch)[..10].to_owned(), side.to_string(), what)).or_default();
                *sum = (sum.0 + 1, sum.1 + i128::from(paid.amount.minor));
            }
        }
    }
    table
}

/// Adds what an epoch adds.
fn add(table: &mut Table, turnover: &[Turnover]) {
    for Turnover { side, count, amount_minor } in turnover {
        let day = schemas::rfc3339(side.day);
        assert_eq!(day[10..], *"T00:00:00.000Z", "it begins where a day does");
        let what = format!("{} {}", side.operation, side.currency);
        let sum = table.entry((day[..10].to_owned(), side.account.to_string(), what)).or_default();
        *sum = (sum.0 + i128::from(*count), sum.1 + amount_minor);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_turnover_is_what_a_loop_over_history_says(history in history(), restart: prop::sample::Index) {
        let epochs = epochs(&history);
        let given: Vec<_> = epochs.iter().map(|events| Given::Epoch { events: Arc::clone(events), keep: false }).collect();
        let turnovers = |workers, given: Vec<Given>| {
            run(workers, given).into_iter().map(|proved| (proved.given.epoch(), proved.aggregates.turnover)).collect::<Vec<_>>()
        };
        let one = turnovers(1, given.clone());
        prop_assert_eq!(one.len(), epochs.len());
        let mut table = Table::new();
        for (at, (epoch, turnover)) in one.iter().enumerate() {
            prop_assert_eq!(*epoch, epochs[at].epoch());
            prop_assert!(turnover.windows(2).all(|pair| pair[0].side < pair[1].side), "each row once, in order");
            add(&mut table, turnover);
            prop_assert_eq!(&table, &oracle(&epochs[..=at]), "epoch {}", epoch);
        }
        for workers in [2, 3] {
            prop_assert_eq!(&turnovers(workers, given.clone()), &one, "{} workers", workers);
        }
        // What an epoch adds depends on nothing before it, so whoever begins in the middle adds the same.
        let at = restart.index(epochs.len());
        prop_assert_eq!(&turnovers(2, given[at..].to_vec())[..], &one[at..]);
    }
}
