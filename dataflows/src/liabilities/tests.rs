//! The liabilities against a loop over all of history, at every epoch, for one, two and three workers, and from what stands at any
//! epoch on.

use crate::positions::tests::{epochs, given, history, standing};
use crate::views::Proved;
use crate::views::tests::run;
use proptest::prelude::*;
use schemas::{AccountId, EpochEvents, Fact, Liability};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is owed and held, by currency. One of which nothing is has no row.
type Table = BTreeMap<String, (i128, i128)>;

/// Every leg of an account of a customer's, closed or not, and every change of a hold, added up anew.
fn oracle(epochs: &[Arc<EpochEvents>]) -> Table {
    let events = || epochs.iter().flat_map(|epoch| &epoch.events);
    let mut customers: BTreeMap<AccountId, String> = BTreeMap::new();
    for event in events() {
        if let Fact::AccountOpened(account) = &event.fact
            && account.customer_id.is_some()
        {
            customers.insert(account.id, account.currency.to_string());
        }
    }
    let mut table = Table::new();
    for event in events() {
        match &event.fact {
            Fact::Transaction(paid) => {
                for leg in &paid.postings {
                    if let Some(currency) = customers.get(&leg.account) {
                        table.entry(currency.clone()).or_default().0 += i128::from(leg.amount_minor);
                    }
                }
            }
            Fact::HoldChanged(held) => {
                let whole = i128::from(held.amount.minor) + i128::from(held.fee_minor);
                let more = if held.change.begins() { whole } else { -whole };
                table.entry(held.amount.currency.to_string()).or_default().1 += more;
            }
            _ => {}
        }
    }
    table.retain(|_, sums| *sums != (0, 0));
    table
}

fn add(table: &mut Table, liabilities: &[Liability]) {
    for Liability { currency, owed_minor, held_minor } in liabilities {
        let sums = table.entry(currency.to_string()).or_default();
        *sums = (sums.0 + owed_minor, sums.1 + held_minor);
    }
    table.retain(|_, sums| *sums != (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_liabilities_are_what_a_loop_over_history_says(history in history(), restart: prop::sample::Index) {
        let epochs = epochs(&history);
        let said = |proved: Vec<Proved>| proved.into_iter().map(|one| (one.given.epoch(), one.aggregates.liabilities)).collect::<Vec<_>>();
        let proved = run(1, given(&epochs));
        let one = said(proved.clone());
        let mut table = Table::new();
        for (at, (epoch, added)) in one.iter().enumerate() {
            prop_assert!(added.windows(2).all(|pair| pair[0].currency < pair[1].currency), "each currency once, in order");
            prop_assert!(added.iter().all(|row| (row.owed_minor, row.held_minor) != (0, 0)), "what adds nothing is not said");
            add(&mut table, added);
            let oracle: Table = oracle(&epochs[..=at]);
            prop_assert_eq!(&table, &oracle, "epoch {}", epoch);
        }
        for workers in [2, 3] {
            prop_assert_eq!(&said(run(workers, given(&epochs))), &one, "{} workers", workers);
        }
        let at = restart.index(epochs.len());
        let standing = standing(&epochs[..=at], &proved[at]);
        let again = said(run(2, std::iter::once(standing).chain(given(&epochs[at + 1..])).collect()));
        prop_assert_eq!(&again[1..], &one[at + 1..]);
    }
}
