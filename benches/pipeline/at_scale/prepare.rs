//! A large bank, made as any other: commands, decided by settlement while they are appended.

use crate::backlog::{create, deposit, events, open, staff};
use crate::bank::{Bank, Process};
use crate::bulk::Bulk;
use crate::decided::{Decided, say};
use anyhow::ensure;
use egress::snapshots::Store;
use orion::load::random::SplitMix64;
use schemas::{AccountId, Command, Epoch, Fact, Topic};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Each has a thousand accounts.
const CUSTOMERS: usize = 1_000;
/// More than anybody spends in a minute.
const DEPOSIT_MINOR: i64 = 1_000_000;

/// Commands that wait for settlement at a time.
const WAITING: usize = 50_000;
/// A snapshot is written ten seconds after the one before, if something was decided.
const SNAPSHOT_WITHIN: Duration = Duration::from_secs(60);
/// From when it is there until memory has let go of what it holds, and the allocator of what that used: an idle bank has an epoch a second.
const LET_GO_MS: Epoch = 20_000;

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
/// Tables grow by a part of what they have, so memory is read where they are about as full as each other: at a quarter of the accounts and
/// at all, at a quarter of the pins and at all; each time after a snapshot, when what need not stay in memory has gone.
pub(super) fn prepare(bank: &Bank<'_>, pins: usize, decided: &mut Decided) -> anyhow::Result<Prepared> {
    let (what, mut random) = ("at_scale makes a bank", SplitMix64::new(3));
    let settlement = bank.settlement()?;
    let snapshots = bank.file("snapshots/settlement");
    let mut making = Making { what, bulk: Bulk::open(bank)?, settlement, snapshots, decided };
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
        making.rest()?;
        memory.read(&making.settlement, end)?;
    }
    let account_bytes = memory.each();
    let accounts: Arc<[AccountId]> = events(bank, Topic::AccountOpened, |event| match event.fact {
        Fact::AccountOpened(account) => Some(account.id),
        _ => None,
    })?
    .into();
    // Every account gets its first deposit, then chance decides. Either way they change all over, as in a bank: a snapshot that is being
    // written copies as much of them at one reading as at the other.
    let before = count + CUSTOMERS;
    let mut chance = SplitMix64::new(4);
    let mut order: Vec<usize> = (0..accounts.len()).collect();
    (1..order.len()).for_each(|place| order.swap(place, chance.index(place + 1)));
    let mut paid = |number: usize| accounts[order.get(number).copied().unwrap_or_else(|| chance.index(accounts.len()))];
    for numbers in [0..pins / 4 - before, pins / 4 - before..pins - before] {
        let end = numbers.end;
        making.give(Topic::TransactionSettled, numbers, |number| staff(&mut random, deposit(paid(number), DEPOSIT_MINOR)))?;
        making.rest()?;
        memory.read(&making.settlement, end)?;
    }
    making.settlement.end()?;
    Ok(Prepared { accounts, account_bytes, pin_bytes: memory.each() })
}

struct Making<'a> {
    what: &'static str,
    bulk: Bulk,
    settlement: Process,
    snapshots: PathBuf,
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

    /// Waits until a snapshot has what was decided so far, and memory has let go of what it holds.
    fn rest(&mut self) -> anyhow::Result<()> {
        let (decided, begun) = (self.decided.epoch(), Instant::now());
        let mut written = None;
        while written.is_none_or(|written| self.decided.epoch() < written + LET_GO_MS) {
            ensure!(begun.elapsed() < SNAPSHOT_WITHIN, "{}: no snapshot came; see {}", self.what, self.settlement.log());
            self.settlement.check()?;
            self.decided.read(Duration::from_millis(100))?;
            let newest = Store::at(&self.snapshots).list()?.first().map(|name| name.epoch);
            if written.is_none() && newest >= Some(decided) {
                written = Some(self.decided.epoch());
            }
        }
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
