//! Clients: they enrol, open, deposit, transfer, withdraw, pay, hold, capture, give back and set, one by one and many at once, for
//! now and for later, again and again, under keys that overlap.
//!
//! In: seeded choices. Out: a history. A client that hears nothing asks again under the same key, or leaves it open:
//! then nobody knows, and the checker must be content with either.

use super::asked::Asked;
use super::history::{Call, Entry, Least, Moment, Outcome};
use super::known::{CURRENCIES, FIRST_CUSTOMERS, Known};
use super::random::Random;
use super::wire::Http;
use schemas::{AccountId, CommandId, PaymentKind, Role};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often one attempt after the other may stay without an answer before a client gives the command up.
const ATTEMPTS_MAX: usize = 12;
/// How many commands the clients can come back to.
const REMEMBERED_MAX: usize = 2000;

/// What all clients share.
pub(crate) struct Crowd {
    pub(crate) http: Http,
    /// Tells this run's keys from those of others.
    run: String,
    began: Instant,
    stop: AtomicBool,
    history: Mutex<Vec<Entry>>,
    known: Mutex<Known>,
}

impl Crowd {
    pub(crate) fn new(http: Http, run: &str) -> Self {
        let (history, known) = (Mutex::default(), Mutex::default());
        Self { http, run: run.to_owned(), began: Instant::now(), stop: AtomicBool::new(false), history, known }
    }

    /// Microseconds since the run began.
    pub(crate) fn now(&self) -> Moment {
        Moment::try_from(self.began.elapsed().as_micros()).expect("no run takes an age")
    }

    /// Everybody finishes what they are at.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn history(&self) -> Vec<Entry> {
        lock(&self.history).clone()
    }

    /// Whether a command that was sent after `moment` has been decided.
    pub(crate) fn decided_since(&self, moment: Moment) -> Option<Moment> {
        let history = lock(&self.history);
        history
            .iter()
            .rev()
            .take(2000)
            .filter(|entry| entry.invoked > moment && entry.outcome.is_decision())
            .map(|entry| entry.completed)
            .min()
    }

    /// Whether the views have shown a new epoch since `moment`.
    pub(crate) fn shown_since(&self, moment: Moment) -> bool {
        let history = lock(&self.history);
        let as_of = |entry: &Entry| match entry.outcome {
            Outcome::Balance { as_of, .. } => Some(as_of),
            _ => None,
        };
        let before = history.iter().rev().filter(|entry| entry.completed < moment).take(2000).filter_map(as_of).max();
        history.iter().rev().take_while(|entry| entry.completed > moment).filter_map(as_of).max() > before
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// The first customers and accounts, so that everybody has somebody to pay.
    pub(crate) async fn begin(&self, random: &mut Random) -> anyhow::Result<()> {
        for number in 0..FIRST_CUSTOMERS {
            let full_name = format!("Customer {number}");
            self.settled(0, random, Asked::Customer { full_name }).await?;
        }
        let customers = self.known().customers.clone();
        for (number, customer) in customers.into_iter().enumerate() {
            for currency in CURRENCIES {
                let role = [Role::Customer, Role::Customer, Role::Merchant, Role::Agent][number];
                self.settled(0, random, Asked::Account { customer, role, currency: currency.to_owned() }).await?;
            }
        }
        let accounts = self.known().accounts.clone();
        for account in accounts {
            let asked = Asked::Pay {
                kind: PaymentKind::Deposit,
                debit: None,
                credit: Some(account.id),
                minor: 5_000,
                currency: account.currency.to_owned(),
            };
            if account.role == Role::Customer {
                self.settled(0, random, asked).await?;
            }
        }
        Ok(())
    }

    async fn settled(&self, client: usize, random: &mut Random, asked: Asked) -> anyhow::Result<()> {
        let key = self.key(client, random);
        let mut outcome = Outcome::Unknown;
        for _ in 0..ATTEMPTS_MAX {
            outcome = self.attempt(client, random, &key, &asked).await;
            if matches!(outcome, Outcome::Done { .. }) {
                return Ok(());
            }
        }
        anyhow::bail!("{asked:?} was answered with {outcome:?}")
    }

    fn key(&self, client: usize, random: &mut Random) -> String {
        format!("{}-{client}-{:016x}", self.run, random.next())
    }

    /// One client, until all stop.
    pub(crate) async fn run(&self, client: usize, mut random: Random) {
        while !self.stopped() {
            match random.below(100) {
                0..55 => self.new_command(client, &mut random).await,
                55..65 => self.old_command(client, &mut random).await,
                65..88 => self.read_balance(client, &mut random, None, None).await,
                88..93 => self.read_transaction(client, &mut random).await,
                93..95 => self.read_hold(client, &mut random).await,
                95..97 => self.read_order(client, &mut random).await,
                _ => drop(self.read_operation(client, &mut random, None).await),
            }
            tokio::time::sleep(Duration::from_millis(u64::try_from(random.below(20)).unwrap_or(0))).await;
        }
    }

    async fn new_command(&self, client: usize, random: &mut Random) {
        let Some(asked) = self.known().choose(random) else { return };
        let key = self.key(client, random);
        newest(&mut self.known().commands, (key.clone(), asked.clone()));
        if random.percent(10) {
            // Twice at once; the second may carry another body.
            let other = if random.percent(30) { self.known().choose(random).filter(|other| alike(other, &asked)) } else { None };
            let other = other.unwrap_or_else(|| asked.clone());
            let mut fork = random.fork();
            tokio::join!(self.persist(client, random, &key, &asked), self.attempt(client, &mut fork, &key, &other));
        } else {
            self.persist(client, random, &key, &asked).await;
        }
    }

    /// A key that is known already, of whichever client, with its own body or with another.
    async fn old_command(&self, client: usize, random: &mut Random) {
        let Some((key, asked)) = random.among(&self.known().commands).cloned() else { return };
        let other = if random.percent(30) { self.known().choose(random).filter(|other| alike(other, &asked)) } else { None };
        self.attempt(client, random, &key, &other.unwrap_or(asked)).await;
    }

    /// Asks until there is an answer, or gives up and leaves it open.
    async fn persist(&self, client: usize, random: &mut Random, key: &str, asked: &Asked) -> Outcome {
        let mut outcome = self.attempt(client, random, key, asked).await;
        for attempt in 1..ATTEMPTS_MAX {
            match &outcome {
                Outcome::Unknown | Outcome::NotNow if !self.stopped() && !random.percent(5) => {
                    tokio::time::sleep(Duration::from_millis(u64::try_from(attempt * 60).unwrap_or(500))).await;
                    outcome = self.attempt(client, random, key, asked).await;
                }
                // What is only tried is nowhere to be seen later.
                Outcome::Accepted { .. } if asked.is_dry() => break,
                Outcome::Accepted { partition, offset } => {
                    let least = Least::Position { partition: *partition, offset: *offset };
                    if random.percent(30) {
                        self.read_balance(client, random, touched(asked), Some(least)).await;
                    }
                    return self.follow(client, random, key, asked).await.unwrap_or(outcome);
                }
                _ => break,
            }
        }
        outcome
    }

    /// Looks what became of an accepted command until it is decided, or gives up.
    async fn follow(&self, client: usize, random: &mut Random, key: &str, asked: &Asked) -> Option<Outcome> {
        for _ in 0..5 {
            let outcome = self.read_operation(client, random, Some(self.http.command_id(key, asked))).await;
            if matches!(&outcome, Outcome::Operation { status, .. } if status != "pending") || self.stopped() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if random.percent(50) { Some(self.attempt(client, random, key, asked).await) } else { None }
    }

    async fn attempt(&self, client: usize, random: &mut Random, key: &str, asked: &Asked) -> Outcome {
        let wait = match random.below(10) {
            0 => Some("respond-async"),
            1 => Some("wait=3"),
            _ => None,
        };
        // Some callers have no patience at all.
        let patience = if random.percent(3) { Duration::from_millis(4) } else { Duration::from_secs(4) };
        let call = Call::Command { id: self.http.command_id(key, asked), asked: asked.clone() };
        let outcome = self.ask(client, call, self.http.command(key, asked, wait, patience)).await;
        self.known().memory.learn(asked, &outcome);
        if let Outcome::Done { resource, .. } = outcome {
            self.known().learn(asked, resource);
        }
        if let Some(epoch) = outcome.done()
            && random.percent(30)
        {
            self.read_balance(client, random, touched(asked), Some(Least::Epoch(epoch))).await;
        }
        outcome
    }

    async fn read_balance(&self, client: usize, random: &mut Random, account: Option<AccountId>, at_least: Option<Least>) {
        let Some(account) = account.or_else(|| random.of(&self.known().accounts).map(|account| account.id)) else { return };
        self.ask(client, Call::Balance { account, at_least }, self.http.balance(account, at_least)).await;
    }

    async fn read_transaction(&self, client: usize, random: &mut Random) {
        let Some(id) = self.known().memory.transaction(random) else { return };
        self.ask(client, Call::Transaction { id, at_least: None }, self.http.transaction(id)).await;
    }

    async fn read_hold(&self, client: usize, random: &mut Random) {
        let Some(id) = self.known().memory.hold(random) else { return };
        self.ask(client, Call::Hold { id }, self.http.hold(id)).await;
    }

    async fn read_order(&self, client: usize, random: &mut Random) {
        let Some(id) = self.known().memory.order(random) else { return };
        self.ask(client, Call::Order { id }, self.http.order(id)).await;
    }

    async fn read_operation(&self, client: usize, random: &mut Random, id: Option<CommandId>) -> Outcome {
        let known = |random: &mut Random| random.among(&self.known().commands).filter(|(_, asked)| !asked.is_dry()).cloned();
        let id = id.or_else(|| known(random).map(|(key, asked)| self.http.command_id(&key, &asked)));
        let Some(id) = id else { return Outcome::NotNow };
        self.ask(client, Call::Operation { id }, self.http.operation(id)).await
    }

    /// Looks what became of a command, when all is over.
    pub(crate) async fn look(&self, id: CommandId) {
        self.ask(0, Call::Operation { id }, self.http.operation(id)).await;
    }

    async fn ask(&self, client: usize, call: Call, answer: impl Future<Output = Outcome>) -> Outcome {
        let invoked = self.now();
        let outcome = answer.await;
        let completed = self.now();
        lock(&self.history).push(Entry { client, invoked, completed, call, outcome: outcome.clone() });
        outcome
    }
}

/// Whether two bodies may stand under one key as the same operation.
fn alike(one: &Asked, other: &Asked) -> bool {
    one.operation().name() == other.operation().name()
}

/// An account whose balance a command changes.
const fn touched(asked: &Asked) -> Option<AccountId> {
    match asked {
        Asked::Pay { debit: Some(account), .. } | Asked::Pay { credit: Some(account), .. } => Some(*account),
        Asked::Reserve { debit, .. } | Asked::Order { debit, .. } => Some(*debit),
        Asked::Back { debit: Some(account), .. } | Asked::Back { credit: Some(account), .. } => Some(*account),
        _ => None,
    }
}

fn newest<T>(of: &mut VecDeque<T>, one: T) {
    of.push_back(one);
    if of.len() > REMEMBERED_MAX {
        of.pop_front();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
