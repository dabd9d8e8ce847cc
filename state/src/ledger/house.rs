//! The house's own accounts, which open at their first use.

use super::Ledger;
use super::undo::Undo;
use crate::accounts::Holding;
use schemas::{Account, AccountId, AccountStatus, AccountType, Cause, Currency, Event, Fact, Role};

impl Ledger {
    pub(super) fn open_house(&mut self, cause: &Cause, purpose: &str, currency: Currency, events: &mut Vec<Event>) {
        let account = unopened(purpose, currency);
        let told = Account {
            id: account.id,
            customer_id: None,
            account_type: AccountType::Current,
            role: Role::House,
            currency,
            status: AccountStatus::Active,
        };
        self.may_undo(|_| Undo::Opened);
        self.accounts.open(account);
        self.publish(cause.clone(), Fact::AccountOpened(told), events);
    }
}

/// An account of the house opens at its first use; until then it stands at zero.
pub(super) fn unopened(purpose: &str, currency: Currency) -> Holding {
    Holding::new(AccountId::house(purpose, currency), None, Role::House, currency)
}
