//! The books again, from the events alone. Own bookkeeping: nothing here knows how the ledger does it.
//!
//! Events come in the order of their ids, all topics together. Of each it is checked that
//! 1. ids and epochs go up, and an id tells its epoch;
//! 2. a record of the commands log is answered once, and a command id decided once in seven days; what is said in the name of
//!    another is said of an item of a batch, as the batch says it, or of an order whose day has come;
//! 3. an account is opened once, and before its first posting;
//! 4. the legs of a transaction sum to zero, in the currency of their accounts;
//! 5. a posting's balance is the one before it plus its amount, and a debit leaves what the floor and the holds of the
//!    account ask for, where the holder is not the house;
//! 6. what is held of an account is what its open holds hold, and a capture pays what it takes from its hold;
//! 7. nothing is given back but what was paid, and no more of it;
//! 8. an order is scheduled once and ends once, not before its day, in the transaction that it names.
//!
//! What is kept: an entry an account, an open hold, an order that waits and a payment, and an entry a command of the last seven days.

mod batches;
mod causes;
mod floors;
mod given_back;
mod holds;
mod merge;
mod orders;

use super::Faults;
use super::events::{Journal, print_gone, sources, whole_from};
use super::postgres;
use crate::config::Config;
use crate::progress::Progress;
use causes::Causes;
use floors::Floors;
use given_back::GivenBack;
use holds::Holds;
use merge::Merge;
use orders::Orders;
use schemas::{
    AccountId, AccountStatus, Currency, CustomerId, Epoch, Event, EventId, Fact, Link, Money, Policy, Role, Transaction, TransactionId,
};
use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;

/// How long a decision stands for its retries.
const HORIZON_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Recomputes them, and compares with Postgres.
pub(super) fn run(config: &Config, quiet: bool) -> anyhow::Result<ExitCode> {
    let brokers = &config.kafka.brokers;
    // First how far the views are: what they have, Kafka has.
    let mut views = postgres::Views::open(config)?;
    let journal = Journal::read(brokers)?;
    let mut sources = sources(brokers, &journal, false)?;
    print_gone(&sources);
    let from = whole_from(&sources);
    if from > 0 {
        println!("books: from epoch {from} on; accounts begin with the balance that their first posting says");
    }
    let mut progress = Progress::new("events", sources.iter().map(|source| source.extent).sum(), quiet);
    let mut books = Books::new(from);
    if let Some(fault) = views.as_ref().ok().and_then(|views| journal.lacks(views.last())) {
        books.faults.add(|| fault);
    }
    let compare_at = views.as_ref().ok().map(|views| views.last().min(journal.last));
    let mut compared = None;
    let mut merge = Merge::new(&mut sources, &journal.decoder, from, journal.last, &mut books.faults)?;
    while let Some(event) = merge.next(&mut sources, &journal.decoder, &mut books.faults)? {
        if let Some(at) = compare_at.filter(|at| event.epoch > *at && compared.is_none())
            && let Ok(views) = &mut views
        {
            compared = Some(views.compare(&mut books, at)?);
        }
        books.take(event);
        progress.add(1);
    }
    if let Some(at) = compare_at.filter(|_| compared.is_none())
        && let Ok(views) = &mut views
    {
        compared = Some(views.compare(&mut books, at)?);
    }
    drop(progress);
    books.print();
    match (compared, views) {
        (Some(line), _) => println!("{line}"),
        (None, Err(reason)) => println!("postgres: not compared, {reason}"),
        (None, Ok(_)) => println!("postgres: not compared"),
    }
    Ok(books.faults.finish(&format!("books: {} events up to epoch {}", books.events, journal.last)))
}

/// The books as far as they have come.
pub(super) struct Books {
    /// The first epoch that is seen whole; 0 if all of history is.
    pub from: Epoch,
    /// Every account that was opened or moved.
    pub accounts: HashMap<AccountId, Account>,
    /// What the last change made of an account, where there was one.
    statuses: HashMap<AccountId, AccountStatus>,
    /// What is held.
    pub holds: Holds,
    floors: Floors,
    given_back: GivenBack,
    orders: Orders,
    causes: Causes,
    /// Customers, accounts opened, settled, failed, refused: what the views have a row for.
    pub counts: Counts,
    /// What is wrong.
    pub faults: Faults,
    events: u64,
    currencies: BTreeMap<Currency, Line>,
    last: Last,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    currency: Currency,
    /// Whether its balance may be negative; not known of an account that was opened before what is seen.
    house: Option<bool>,
    /// After its newest posting.
    pub balance_minor: i64,
    /// The sum of its postings.
    pub moved_minor: i128,
    /// How many.
    pub postings: u64,
}

/// What has rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub customers: u64,
    pub accounts: u64,
    pub settled: u64,
    pub failed: u64,
    pub refusals: u64,
    pub activations: u64,
    pub statuses: u64,
    pub holds: u64,
    pub levels: u64,
    pub terms: u64,
    pub limits: u64,
    pub tariffs: u64,
    /// All but dry runs.
    pub batches: u64,
    pub items: u64,
    pub orders: u64,
}

#[derive(Default)]
struct Line {
    accounts: u64,
    postings: u64,
    debits_minor: i128,
    credits_minor: i128,
}

/// The last of everything that only goes up.
#[derive(Default)]
struct Last {
    event: Option<EventId>,
    customer: Option<CustomerId>,
    account: Option<AccountId>,
    transaction: Option<TransactionId>,
}

impl Books {
    /// Books that begin with an epoch.
    pub(super) fn new(from: Epoch) -> Self {
        Self {
            from,
            accounts: HashMap::new(),
            statuses: HashMap::new(),
            holds: Holds::new(from),
            floors: Floors::default(),
            given_back: GivenBack::new(from),
            orders: Orders::new(from),
            causes: Causes::new(from),
            counts: Counts::default(),
            faults: Faults::default(),
            events: 0,
            currencies: BTreeMap::new(),
            last: Last::default(),
        }
    }

    /// The next event.
    pub(super) fn take(&mut self, event: Event) {
        self.events += 1;
        // 1.
        let id = event.id;
        if let Some(last) = self.last.event.replace(id).filter(|last| *last >= id) {
            self.faults.add(|| format!("event {id} comes after event {last}"));
        }
        if id.epoch() != Some(event.epoch) {
            self.faults.add(|| format!("event {id} is not an id of its epoch {}", event.epoch));
        }
        self.enter(&event);
        // 2.
        self.causes.take(event, &mut self.faults);
    }

    fn enter(&mut self, event: &Event) {
        let id = event.id;
        match &event.fact {
            Fact::CustomerCreated(customer) => {
                self.counts.customers += 1;
                goes_up(&mut self.faults, &mut self.last.customer, customer.id, "customer");
            }
            // 3.
            Fact::AccountOpened(account) => {
                self.counts.accounts += 1;
                let house = account.role == Role::House;
                if !house {
                    goes_up(&mut self.faults, &mut self.last.account, account.id, "account");
                }
                self.currencies.entry(account.currency).or_default().accounts += 1;
                let opened = Account { currency: account.currency, house: Some(house), balance_minor: 0, moved_minor: 0, postings: 0 };
                if let Some(known) = self.accounts.insert(account.id, opened) {
                    self.faults.add(|| format!("event {id} opens account {} again", account.id));
                    self.accounts.insert(account.id, known);
                }
            }
            Fact::Transaction(transaction) => {
                goes_up(&mut self.faults, &mut self.last.transaction, transaction.id, "transaction");
                // 8.
                self.orders.pay(transaction, &mut self.faults);
                match transaction.refusal {
                    None => self.settle(event.epoch, transaction),
                    Some(_) => self.counts.failed += 1,
                }
            }
            // 6.
            Fact::HoldChanged(held) => {
                self.counts.holds += 1;
                self.holds.take(event, held, &mut self.faults);
            }
            Fact::PolicyChanged(policy) => self.set(event, policy),
            Fact::StatusChanged(changed) => {
                self.counts.statuses += 1;
                if self.from == 0 && !self.accounts.contains_key(&changed.id) {
                    self.faults.add(|| format!("event {id} changes the status of account {}, which was not opened", changed.id));
                }
                let last = self.statuses.insert(changed.id, changed.change.status());
                if last.is_some_and(|last| last == AccountStatus::Closed || last == changed.change.status()) {
                    self.faults.add(|| format!("event {id} leads account {} from {last:?} to {}", changed.id, changed.change.status()));
                }
            }
            Fact::RulesActivated { version } => {
                self.counts.activations += 1;
                self.floors.activate(event.epoch, *version);
                self.given_back.activate(event.epoch, *version);
            }
            Fact::BatchDecided(decided) if decided.dry_run => {}
            Fact::BatchDecided(decided) => {
                self.counts.batches += 1;
                self.counts.items += u64::try_from(decided.outcomes.len()).unwrap_or(u64::MAX);
            }
            // 8.
            Fact::OrderChanged(order) => {
                self.counts.orders += 1;
                self.orders.take(event, order, &mut self.faults);
            }
            // A decision on who a customer is sets their level.
            Fact::Diligence(told) => {
                let sets = matches!(&**told, schemas::Told::Kyc(changed) if changed.level.is_some());
                self.counts.levels += u64::from(sets);
            }
            Fact::AmlChanged(_) | Fact::PartyChanged(_) | Fact::Assessed(_) | Fact::ListChanged(_) => {}
            Fact::Refused { .. } => self.counts.refusals += 1,
            Fact::Repeated(_) => {}
        }
    }

    fn set(&mut self, event: &Event, policy: &Policy) {
        match policy {
            Policy::Level(_) => self.counts.levels += 1,
            Policy::Terms(terms) => {
                self.counts.terms += 1;
                self.floors.set(terms, policy.effective(event.epoch));
            }
            Policy::Limits(_) => self.counts.limits += 1,
            Policy::Tariff(_) | Policy::TariffEnd(_) => self.counts.tariffs += 1,
        }
        if policy.clone().decided(event.epoch) != *policy {
            self.faults.add(|| format!("event {} does not say from when on its {} holds", event.id, policy.operation()));
        }
    }

    fn settle(&mut self, epoch: Epoch, transaction: &Transaction) {
        self.counts.settled += 1;
        let (id, currency) = (transaction.id, transaction.amount.currency);
        // 6. and 7.
        self.holds.settle(transaction, &mut self.faults);
        self.given_back.settle(epoch, transaction, &mut self.faults);
        // 4.
        let sum: i128 = transaction.postings.iter().map(|leg| i128::from(leg.amount_minor)).sum();
        if sum != 0 || transaction.postings.is_empty() {
            let legs = transaction.postings.len();
            self.faults.add(|| format!("the {legs} legs of transaction {id} sum to {}", decimal(sum, currency)));
        }
        for leg in &transaction.postings {
            let line = self.currencies.entry(currency).or_default();
            let amount = i128::from(leg.amount_minor);
            line.postings += 1;
            if amount < 0 {
                line.debits_minor -= amount
            } else {
                line.credits_minor += amount
            }
            let known = self.accounts.contains_key(&leg.account);
            if !known && self.from == 0 {
                self.faults.add(|| format!("transaction {id} moves account {}, which was not opened", leg.account));
            }
            if !known {
                line.accounts += 1;
            }
            let before = leg.balance_minor.wrapping_sub(leg.amount_minor);
            let account = self.accounts.entry(leg.account).or_insert(Account {
                currency,
                house: None,
                balance_minor: before,
                moved_minor: 0,
                postings: 0,
            });
            // 5.
            if account.currency != currency {
                let held = account.currency;
                self.faults.add(|| format!("transaction {id} moves {currency} on account {}, which holds {held}", leg.account));
            }
            let due = i128::from(account.balance_minor) + amount;
            if due != i128::from(leg.balance_minor) {
                let (said, due) = (decimal(i128::from(leg.balance_minor), currency), decimal(due, currency));
                self.faults.add(|| format!("transaction {id} says that account {} has {said}, and its postings give {due}", leg.account));
            }
            // What is captured was held, whatever became of the floor and the rules meanwhile.
            let bound = account.house == Some(false) && amount < 0 && !matches!(transaction.link, Some(Link::Hold(_)));
            if bound && i128::from(leg.balance_minor) < self.floors.balance_min(leg.account, epoch, self.holds.held_minor(leg.account)) {
                let balance = decimal(i128::from(leg.balance_minor), currency);
                self.faults.add(|| format!("transaction {id} leaves account {} with {balance}", leg.account));
            }
            account.balance_minor = leg.balance_minor;
            account.moved_minor += amount;
            account.postings += 1;
        }
    }

    fn print(&mut self) {
        self.causes.end(&mut self.faults);
        self.orders.end(&mut self.faults);
        for (currency, line) in &self.currencies {
            let sum = line.credits_minor - line.debits_minor;
            if sum != 0 {
                self.faults.add(|| format!("{currency}: credits less debits are {}", decimal(sum, *currency)));
            }
            let (accounts, postings, debits) = (line.accounts, line.postings, decimal(line.debits_minor, *currency));
            println!(
                "{currency}: sum {}, {accounts} accounts, {postings} postings, debits {debits}, credits {}",
                decimal(sum, *currency),
                decimal(line.credits_minor, *currency)
            );
        }
    }
}

/// An id that must be greater than the last of its kind.
fn goes_up<T: Copy + Ord + std::fmt::Display>(faults: &mut Faults, last: &mut Option<T>, id: T, what: &str) {
    if let Some(last) = last.replace(id).filter(|last| *last >= id) {
        faults.add(|| format!("{what} {id} comes after {what} {last}"));
    }
}

/// A sum of minor units as a decimal.
pub(super) fn decimal(minor: i128, currency: Currency) -> String {
    i64::try_from(minor).map_or_else(|_| format!("{minor}e-{}", currency.exponent()), |minor| Money { minor, currency }.to_string())
}

#[cfg(test)]
mod tests;
