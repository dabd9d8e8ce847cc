//! The books, kept once more: what every account has and what is held of it, as the events say it.

use schemas::{AccountId, Event, Fact, OrderChange, OrderId, Policy, Role, Transaction};
use state::Ledger;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Default)]
pub(crate) struct Books {
    accounts: BTreeMap<AccountId, Entry>,
    with_terms: BTreeSet<AccountId>,
    orders: BTreeSet<OrderId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    balance_minor: i64,
    held_minor: i64,
}

impl Books {
    pub(crate) fn hear(&mut self, event: &Event) {
        match &event.fact {
            Fact::AccountOpened(account) => assert_eq!(self.accounts.insert(account.id, Entry::default()), None, "an account opens once"),
            Fact::Transaction(transaction) => self.post(transaction),
            Fact::HoldChanged(held) => {
                assert!(held.amount.minor >= 0 && held.fee_minor >= 0, "{held:?}");
                self.entry(held.account_debit).held_minor += held.held_minor();
            }
            Fact::PolicyChanged(policy) => {
                if let Policy::Terms(terms) = &**policy {
                    self.with_terms.insert(terms.account_id);
                }
            }
            Fact::OrderChanged(order) if order.change == OrderChange::Scheduled => {
                assert!(self.orders.insert(order.id), "an id is given once")
            }
            Fact::OrderChanged(order) if order.dated.execute_at().is_some() => assert!(self.orders.remove(&order.id), "{order:?} waits"),
            Fact::CustomerCreated(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::BatchDecided(_)
            | Fact::OrderChanged(_)
            | Fact::AmlChanged(_)
            | Fact::ListChanged(_)
            | Fact::PartyChanged(_)
            | Fact::Diligence(_)
            | Fact::Assessed(_)
            | Fact::Refused { .. }
            | Fact::Repeated(_) => {}
        }
    }

    fn post(&mut self, transaction: &Transaction) {
        let legs = &transaction.postings;
        assert_eq!(legs.is_empty(), transaction.refusal.is_some(), "{transaction:?}");
        assert_eq!(legs.iter().map(|leg| i128::from(leg.amount_minor)).sum::<i128>(), 0, "{transaction:?}");
        for leg in legs {
            let entry = self.entry(leg.account);
            entry.balance_minor += leg.amount_minor;
            assert_eq!(entry.balance_minor, leg.balance_minor, "{transaction:?}");
        }
    }

    fn entry(&mut self, id: AccountId) -> &mut Entry {
        self.accounts.get_mut(&id).expect("only accounts that were opened move")
    }

    /// Compares a ledger with these books.
    pub(crate) fn check(&self, ledger: &Ledger) {
        assert!(ledger.trial_balance().values().all(|sum| *sum == 0), "{:?}", ledger.trial_balance());
        let mut held = BTreeMap::<AccountId, i64>::new();
        for hold in ledger.holds() {
            assert!(hold.expires_at > ledger.epoch(), "{hold:?} is over");
            *held.entry(hold.payer).or_default() += hold.left_minor() + hold.held_fee_minor();
        }
        for account in ledger.accounts() {
            let entry = Entry { balance_minor: account.balance_minor, held_minor: account.held_minor };
            assert_eq!(self.accounts.get(&account.id), Some(&entry), "{account:?}");
            assert_eq!(held.get(&account.id).copied().unwrap_or(0), account.held_minor, "{account:?}");
            let plain = account.role != Role::House && !self.with_terms.contains(&account.id);
            assert!(!plain || account.available_minor() >= 0, "{account:?} is below its floor");
        }
        assert_eq!(ledger.accounts().count(), self.accounts.len());
        assert_eq!(ledger.orders().map(|order| order.id).collect::<BTreeSet<_>>(), self.orders);
    }
}
