//! The active accounts: which had a part in a payment that settled?
//!
//! In: what happened in each epoch. Out: the accounts on either side, each once an epoch. Never: whether it is the first time in a
//! day or a month, nor for whom.
//!
//! **Definition.** A customer is active in a day or a month by the first payment in it, and counts once. Whoever keeps the sums
//! knows who counts already: one row a customer, in the transaction that counts. To know it here, every account of the bank would
//! be in memory a second time, and would have to come back after a death.

use schemas::{AccountId, EpochEvents, Fact};

/// The accounts of an epoch, in their order. The house's are among them: an event does not say whose an account is.
pub fn active(epoch: &EpochEvents) -> Vec<AccountId> {
    let settled = epoch.events.iter().filter_map(|event| match &event.fact {
        Fact::Transaction(transaction) => transaction.refusal.is_none().then_some(transaction),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::BatchDecided(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Diligence(_)
        | Fact::Assessed(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => None,
    });
    let mut accounts: Vec<AccountId> = settled.flat_map(|paid| [paid.account_debit, paid.account_credit]).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

#[cfg(test)]
mod tests {
    use crate::positions::tests::{epochs, given, history};
    use crate::views::tests::run;
    use proptest::prelude::*;
    use schemas::{AccountId, Fact};
    use std::collections::BTreeSet;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_active_accounts_are_those_of_a_loop(history in history()) {
            let epochs = epochs(&history);
            for workers in [1, 2, 3] {
                for (proved, epoch) in run(workers, given(&epochs)).iter().zip(&epochs) {
                    let mut sides: BTreeSet<AccountId> = BTreeSet::new();
                    for event in &epoch.events {
                        if let Fact::Transaction(paid) = &event.fact {
                            sides.extend([paid.account_debit, paid.account_credit]);
                        }
                    }
                    prop_assert_eq!(&proved.aggregates.active, &sides.into_iter().collect::<Vec<_>>());
                }
            }
        }
    }
}
