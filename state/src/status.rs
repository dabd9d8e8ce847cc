//! The status of accounts: who changes it, and what it forbids.
//!
//! Staff suspends, reactivates and closes; an account is closed when nothing is left in it, and for good. The house's own accounts are
//! always active. Only active accounts take part in payments.

use crate::accounts::Holding;
use schemas::{AccountStatus, Actor, ChangeStatus, CustomerId, Refusal, Role, StatusChange};

/// The first version of the rules under which a status forbids anything.
const SINCE: u32 = 3;

/// Whose account it is whose status may be changed, or the first check that fails.
pub(crate) fn change(actor: Actor, account: Option<&Holding>, asked: ChangeStatus) -> Result<Option<CustomerId>, Refusal> {
    if !actor.is_staff() {
        return Err(Refusal::NotAuthorized);
    }
    let account = account.ok_or(Refusal::AccountNotFound)?;
    if account.role == Role::House {
        return Err(Refusal::RoleNotPermitted);
    }
    if account.status == AccountStatus::Closed {
        return Err(Refusal::AccountClosed);
    }
    if account.status == asked.change.status() {
        return Err(Refusal::StatusUnchanged);
    }
    if asked.change == StatusChange::Close && account.balance_minor != 0 {
        return Err(Refusal::BalanceNotZero);
    }
    if asked.change == StatusChange::Close && account.held_minor != 0 {
        return Err(Refusal::HoldsOpen);
    }
    Ok(account.customer_id)
}

/// Whether both sides of a payment are active, the payer's first.
pub(crate) fn active(rules: u32, payer: &Holding, payee: &Holding) -> Result<(), Refusal> {
    if rules < SINCE {
        return Ok(());
    }
    match payer.status {
        AccountStatus::Active => {}
        AccountStatus::Closed => return Err(Refusal::DebitAccountClosed),
        AccountStatus::Suspended => return Err(Refusal::DebitAccountSuspended),
    }
    match payee.status {
        AccountStatus::Active => Ok(()),
        AccountStatus::Closed => Err(Refusal::CreditAccountClosed),
        AccountStatus::Suspended => Err(Refusal::CreditAccountSuspended),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{AccountId, Operation};

    #[test]
    fn a_status_forbids_something_from_the_version_on_that_can_change_it() {
        let change = ChangeStatus { account_id: AccountId::mint(1, 0), change: StatusChange::Close };
        assert_eq!(Operation::ChangeStatus(change).since(), SINCE);
    }
}
