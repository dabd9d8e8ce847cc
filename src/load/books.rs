//! The books, drawn up from the settled events alone.
//!
//! In: events in any order. Out: per currency the sum of all postings, and whatever does not add up. Three
//! things must hold: the postings of a transaction sum to zero; the newest balance of an account, by the order
//! of events, is the sum of its postings; over all accounts of a currency the balances sum to zero.

use schemas::{AccountId, Currency, Event, EventId, Fact, Money};
use std::collections::{BTreeMap, HashMap};

/// Sums of minor units; wide enough that no history overflows them.
pub(super) type Sums = BTreeMap<Currency, i128>;

/// What the events say.
#[derive(Debug, Default)]
pub(super) struct Books {
    accounts: HashMap<AccountId, Line>,
    /// Transactions that moved money.
    pub settled: u64,
    /// Transactions whose postings do not sum to zero, by event.
    lopsided: Vec<EventId>,
}

/// An account in the books.
#[derive(Debug)]
struct Line {
    currency: Currency,
    moved: i128,
    oldest: (EventId, usize),
    /// The balance before the oldest posting.
    before: i128,
    newest: (EventId, usize),
    /// The balance after the newest posting.
    balance: i64,
}

impl Books {
    /// Enters a settled transaction; other events have no postings.
    pub(super) fn enter(&mut self, event: &Event) {
        let Fact::Transaction(transaction) = &event.fact else { return };
        if transaction.postings.is_empty() {
            return;
        }
        self.settled += 1;
        let currency = transaction.amount.currency;
        for (leg, posting) in transaction.postings.iter().enumerate() {
            let place = (event.id, leg);
            let amount = i128::from(posting.amount_minor);
            let before = i128::from(posting.balance_minor) - amount;
            let first = Line { currency, moved: 0, oldest: place, before, newest: place, balance: posting.balance_minor };
            let line = self.accounts.entry(posting.account).or_insert(first);
            line.moved += amount;
            if place < line.oldest {
                (line.oldest, line.before) = (place, before);
            }
            if place > line.newest {
                (line.newest, line.balance) = (place, posting.balance_minor);
            }
        }
        if transaction.postings.iter().map(|posting| i128::from(posting.amount_minor)).sum::<i128>() != 0 {
            self.lopsided.push(event.id);
        }
    }

    /// Per currency the sum of all postings: zero.
    pub(super) fn sums(&self) -> Sums {
        let mut sums = Sums::new();
        for line in self.accounts.values() {
            *sums.entry(line.currency).or_default() += line.moved;
        }
        sums
    }

    /// The newest balance of each account.
    pub(super) fn balances(&self) -> HashMap<AccountId, (Currency, i64)> {
        self.accounts.iter().map(|(account, line)| (*account, (line.currency, line.balance))).collect()
    }

    /// Everything that is off, a sentence each. `whole` says that the events go back to the bank's first day;
    /// otherwise an account may start with a balance.
    pub(super) fn faults(&self, whole: bool) -> Vec<String> {
        let mut faults: Vec<String> =
            self.lopsided.iter().map(|event| format!("the postings of event {event} do not sum to zero")).collect();
        for (account, line) in &self.accounts {
            let opened_with = if whole { 0 } else { line.before };
            if opened_with + line.moved != i128::from(line.balance) {
                let (opened_with, moved) = (decimal(opened_with, line.currency), decimal(line.moved, line.currency));
                let balance = decimal(i128::from(line.balance), line.currency);
                faults.push(format!(
                    "account {account} started with {opened_with} and was moved by {moved}, but its newest event says {balance}"
                ));
            }
        }
        faults.sort();
        faults
    }
}

/// A sum of minor units as a decimal string.
pub(super) fn decimal(minor: i128, currency: Currency) -> String {
    i64::try_from(minor).map_or_else(|_| format!("{minor}e-{}", currency.exponent()), |minor| Money { minor, currency }.to_string())
}

#[cfg(test)]
mod tests;
