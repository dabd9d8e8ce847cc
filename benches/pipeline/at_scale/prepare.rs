//! A large bank, made as any other: commands, decided by settlement while they are appended.

use crate::backlog::{create, deposit, events, open, staff};
use crate::bank::Bank;
use crate::bulk;
use crate::decided::Decided;
use orion::load::random::SplitMix64;
use schemas::{AccountId, Fact, Topic};
use std::sync::Arc;

/// Each has a thousand accounts.
const CUSTOMERS: usize = 1_000;
/// More than anybody spends in a minute.
const DEPOSIT_MINOR: i64 = 1_000_000;

/// A bank with this many pinned decisions, one in ten of them an account; the accounts.
pub(super) fn prepare(bank: &Bank<'_>, pins: usize, decided: &mut Decided) -> anyhow::Result<Arc<[AccountId]>> {
    let (what, mut random) = ("at_scale makes a bank", SplitMix64::new(3));
    let mut settlement = bank.settlement()?;
    bulk::append(bank, (0..CUSTOMERS).map(|_| staff(&mut random, create())))?;
    decided.wait(what, |decided| decided.records(Topic::CustomerCreated), u64::try_from(CUSTOMERS)?, &mut [&mut settlement])?;
    let customers = events(bank, Topic::CustomerCreated, |event| match event.fact {
        Fact::CustomerCreated(customer) => Some(customer.id),
        _ => None,
    })?;
    // The house's account of cash opens with the first deposit.
    let count = pins / 10;
    bulk::append(bank, (0..count).map(|number| staff(&mut random, open(customers[number % customers.len()]))))?;
    decided.wait(what, |decided| decided.records(Topic::AccountOpened), u64::try_from(count)?, &mut [&mut settlement])?;
    let accounts: Arc<[AccountId]> = events(bank, Topic::AccountOpened, |event| match event.fact {
        Fact::AccountOpened(account) => Some(account.id),
        _ => None,
    })?
    .into();
    // Every account gets its first deposit, then chance decides.
    let deposits = pins - count - CUSTOMERS;
    let mut chance = SplitMix64::new(4);
    let paid = |number: usize| accounts[if number < accounts.len() { number } else { chance.index(accounts.len()) }];
    bulk::append(bank, (0..deposits).map(paid).map(|account| staff(&mut random, deposit(account, DEPOSIT_MINOR))))?;
    decided.wait(what, |decided| decided.records(Topic::TransactionSettled), u64::try_from(deposits)?, &mut [&mut settlement])?;
    Ok(accounts)
}
