//! A large bank, made as any other: commands, decided by settlement while they are appended.

use crate::backlog::{create, deposit, events, open, staff};
use crate::bank::{Bank, Process};
use crate::bulk::Bulk;
use crate::decided::{Decided, say};
use orion::load::random::SplitMix64;
use schemas::{AccountId, Command, Fact, Topic};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// Each has a thousand accounts.
const CUSTOMERS: usize = 1_000;
/// More than anybody spends in a minute.
const DEPOSIT_MINOR: i64 = 1_000_000;

/// Commands that wait for settlement at a time.
const WAITING: usize = 50_000;
/// Nothing that a snapshot copies is in what is read of the memory; one is written at the end.
const NO_SNAPSHOTS: [(&str, &str); 2] = [("ORION_SNAPSHOTS__EVERY_MS", "86400000"), ("ORION_SNAPSHOTS__EVERY_COMMANDS", "1000000000")];

/// A large bank, and what settlement's resident memory grew by while it was made.
pub(super) struct Prepared {
    pub(super) accounts: Arc<[AccountId]>,
    /// For each account that was opened, the pin of its opening included.
    pub(super) account_bytes: f64,
    /// For each deposit that was pinned.
    pub(super) pin_bytes: f64,
}

/// A bank with this many pinned decisions, one in ten of them an account.
///
/// Tables double, so memory is read where they are as full as each other: at a quarter of the accounts and at all, at a quarter of
/// the pins and at all.
pub(super) fn prepare(bank: &Bank<'_>, pins: usize, decided: &mut Decided) -> anyhow::Result<Prepared> {
    let (what, mut random) = ("at_scale makes a bank", SplitMix64::new(3));
    let settlement = bank.start_with("settlement", &["run", "--cells", "settlement"], &NO_SNAPSHOTS)?;
    let mut making = Making { what, bulk: Bulk::open(bank)?, settlement, decided };
    making.give(Topic::CustomerCreated, 0..CUSTOMERS, |_| staff(&mut random, create()))?;
    let customers = events(bank, Topic::CustomerCreated, |event| match event.fact {
        Fact::CustomerCreated(customer) => Some(customer.id),
        _ => None,
    })?;
    // The house's account of cash opens with the first deposit.
    let count = pins / 10;
    let mut memory = Memory::default();
    for numbers in [0..count / 4, count / 4..count] {
        let end = numbers.end;
        making.give(Topic::AccountOpened, numbers, |number| staff(&mut random, open(customers[number % customers.len()])))?;
        memory.read(&making.settlement, end)?;
    }
    let account_bytes = memory.each();
    let accounts: Arc<[AccountId]> = events(bank, Topic::AccountOpened, |event| match event.fact {
        Fact::AccountOpened(account) => Some(account.id),
        _ => None,
    })?
    .into();
    // Every account gets its first deposit, then chance decides.
    let before = count + CUSTOMERS;
    let mut chance = SplitMix64::new(4);
    let mut paid = |number: usize| accounts[if number < accounts.len() { number } else { chance.index(accounts.len()) }];
    for numbers in [0..pins / 4 - before, pins / 4 - before..pins - before] {
        let end = numbers.end;
        making.give(Topic::TransactionSettled, numbers, |number| staff(&mut random, deposit(paid(number), DEPOSIT_MINOR)))?;
        memory.read(&making.settlement, end)?;
    }
    making.settlement.end()?;
    Ok(Prepared { accounts, account_bytes, pin_bytes: memory.each() })
}

struct Making<'a> {
    what: &'static str,
    bulk: Bulk,
    settlement: Process,
    decided: &'a mut Decided,
}

impl Making<'_> {
    /// Gives commands, each of which makes a record of a topic that has those before them, and waits until they are decided. Few of them
    /// wait at a time, so that queues never hold more at one reading of the memory than at another.
    fn give(&mut self, topic: Topic, numbers: Range<usize>, mut command: impl FnMut(usize) -> (Command, String)) -> anyhow::Result<()> {
        let begun = Instant::now();
        for first in numbers.clone().step_by(WAITING) {
            let end = numbers.end.min(first + WAITING);
            self.bulk.append((first..end).map(&mut command))?;
            self.decided.wait(self.what, |decided| decided.records(topic), u64::try_from(end)?, &mut [&mut self.settlement])?;
        }
        say(self.what, u64::try_from(numbers.len())?, u64::try_from(numbers.len())?, begun);
        Ok(())
    }
}

/// Settlement's resident memory, read twice, with so many of something.
#[derive(Default)]
struct Memory {
    before: (u32, u32),
    now: (u32, u32),
}

impl Memory {
    fn read(&mut self, settlement: &Process, count: usize) -> anyhow::Result<()> {
        self.before = std::mem::replace(&mut self.now, (settlement.memory_kb("VmRSS")?, u32::try_from(count)?));
        Ok(())
    }

    /// Bytes that each took of those that came between the last two readings.
    fn each(&self) -> f64 {
        let ((before_kb, few), (now_kb, many)) = (self.before, self.now);
        (f64::from(now_kb) - f64::from(before_kb)) * 1024.0 / f64::from(many - few)
    }
}
