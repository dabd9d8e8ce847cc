//! Clients: they enrol, open, pay, hold, capture, give back and set, one by one and many at once, for now and for later, ask again
//! under the same key, and now and then use a key for something else. What they saw is a history for the checker.

use super::super::exactly_once::asked::Asked;
use super::super::exactly_once::evidence::resource;
use super::super::exactly_once::history::{Call, Entry, Item, Outcome};
use super::super::exactly_once::memory::{Memory, dated, many, setting};
use super::super::exactly_once::random::Random;
use super::mistakes::Mistake;
use super::world::World;
use schemas::{
    AccountId, Authority, Command, CommandId, Currency, CustomerId, Epoch, Event, Fact, PaymentKind, Position, Principal, Role,
    StatusChange, Transaction,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::oneshot::Receiver;

/// An attempt that waits for its answer.
pub(super) struct Attempt {
    client: usize,
    invoked: u64,
    id: CommandId,
    asked: Asked,
    position: Option<Position>,
    answer: Option<Receiver<Arc<Event>>>,
}

/// All clients.
#[derive(Default)]
pub(super) struct Clients {
    /// By number, as the network knows them.
    pub(super) waiting: BTreeMap<usize, Attempt>,
    pub(super) history: Vec<Entry>,
    pub(super) attempts: usize,
    customers: Vec<CustomerId>,
    accounts: Vec<(AccountId, Role)>,
    memory: Memory,
    /// The newest epoch that somebody was told of.
    newest: Epoch,
    /// What was asked under each key.
    keys: Vec<(String, Asked)>,
}

/// Actions that a client waits for an answer.
const PATIENCE: u64 = 250;

/// Clients that ask at the same time.
pub(super) const CLIENTS: usize = 5;

impl Clients {
    /// A client that waits for nothing.
    pub(super) fn idle(&self) -> Option<usize> {
        (0..CLIENTS).find(|client| self.waiting.values().all(|attempt| attempt.client != *client))
    }

    /// Whoever waits longest, if that is long.
    pub(super) fn tired(&self, now: u64) -> Option<usize> {
        let (number, attempt) = self.waiting.first_key_value()?;
        (now > attempt.invoked + PATIENCE).then_some(*number)
    }

    /// The next command: a new one, an old one again, or another under an old key.
    pub(super) fn choose(&self, random: &mut Random, now_ms: Epoch) -> (String, Asked) {
        let fresh = format!("key-{}", self.keys.len());
        match random.of(&self.keys) {
            Some((key, asked)) if random.percent(20) => (key.clone(), asked.clone()),
            Some((key, _)) if random.percent(5) => (key.clone(), self.anything(random, now_ms)),
            _ => (fresh, self.anything(random, now_ms)),
        }
    }

    /// A client asks.
    pub(super) fn ask(&mut self, client: usize, key: &str, asked: Asked, now: u64) -> (usize, Command) {
        let command = command(key, &asked);
        if !self.keys.iter().any(|(known, _)| known == key) {
            self.keys.push((key.to_owned(), asked.clone()));
        }
        self.attempts += 1;
        let attempt = Attempt { client, invoked: now, id: command.id(), asked, position: None, answer: None };
        self.waiting.insert(self.attempts, attempt);
        (self.attempts, command)
    }

    /// The log has it; the door waits for the decision.
    pub(super) fn taken(&mut self, number: usize, offset: i64, answer: impl FnOnce(Position, CommandId) -> Receiver<Arc<Event>>) {
        let Some(attempt) = self.waiting.get_mut(&number) else { return };
        let position = Position { partition: 0, offset };
        attempt.position = Some(position);
        attempt.answer = Some(answer(position, attempt.id));
    }

    /// Attempts whose answer is there.
    pub(super) fn answered(&self) -> Vec<usize> {
        let is_there = |attempt: &Attempt| attempt.answer.as_ref().is_some_and(|answer| !answer.is_empty());
        self.waiting.iter().filter(|(_, attempt)| is_there(attempt)).map(|(number, _)| *number).collect()
    }

    /// An attempt ends: with its answer, or without.
    pub(super) fn end(&mut self, number: usize, now: u64, world: &mut World) {
        let Some(mut attempt) = self.waiting.remove(&number) else { return };
        let event = attempt.answer.as_mut().and_then(|answer| answer.try_recv().ok());
        let outcome = match (&event, attempt.position) {
            (Some(event), _) => outcome(&event.fact, event.epoch, false),
            (None, Some(position)) => Outcome::Accepted { partition: position.partition, offset: position.offset },
            (None, None) if world.makes(Mistake::AppendAssumed) => Outcome::Accepted { partition: 0, offset: i64::from(i32::MAX) },
            (None, None) => Outcome::Unknown,
        };
        if let Some(event) = &event {
            self.newest = event.epoch.max(self.newest);
            world.shown(event.epoch, "an answer");
        }
        self.memory.learn(&attempt.asked, &outcome);
        if let Outcome::Done { resource, .. } = outcome {
            let (customer, account) = (CustomerId(resource), AccountId(resource));
            match attempt.asked {
                Asked::Customer { .. } if !self.customers.contains(&customer) => self.customers.push(customer),
                Asked::Account { role, .. } if !self.accounts.contains(&(account, role)) => self.accounts.push((account, role)),
                _ => {}
            }
        }
        let Attempt { client, invoked, id, asked, .. } = attempt;
        self.history.push(Entry { client, invoked, completed: now, call: Call::Command { id, asked }, outcome });
    }

    /// Those whose door died.
    pub(super) fn hang_up(&mut self, numbers: &[usize], now: u64, world: &mut World) {
        numbers.iter().for_each(|number| self.end(*number, now, world));
    }

    fn anything(&self, random: &mut Random, now_ms: Epoch) -> Asked {
        let currency = Currency::XOF.code().to_owned();
        let Some(customer) = random.of(&self.customers).copied().filter(|_| self.customers.len() > 1 || random.percent(80)) else {
            return Asked::Customer { full_name: format!("Customer {}", random.below(9)) };
        };
        if let Some(asked) = self.memory.rules(random) {
            return asked;
        }
        let opened = self.keys.iter().filter(|(_, asked)| matches!(asked, Asked::Account { .. })).count();
        if self.accounts.is_empty() || opened < 4 || random.percent(3) {
            // Whoever pays and whoever is paid come first.
            return Asked::Account { customer, role: [Role::Customer, Role::Merchant, Role::Customer, Role::Agent][opened % 4], currency };
        }
        let (account, _) = *random.of(&self.accounts).expect("there is one");
        if random.percent(5) {
            // Mostly back to life, so that money goes on moving.
            let changes = [StatusChange::Suspend, StatusChange::Reactivate, StatusChange::Reactivate, StatusChange::Close];
            return Asked::Status { account, change: *random.of(&changes).expect("there are some") };
        }
        if random.percent(8) {
            let from = now_ms + u64::try_from(random.below(3_000)).expect("it is small");
            // The first customer never has limits.
            let customer = self.customers.get(1..).and_then(|customers| random.of(customers)).copied();
            return Asked::Set(setting(random, customer, (account, Currency::XOF.code()), from));
        }
        if random.percent(12)
            && let Some(asked) = many(random, |random| match random.below(10) {
                0..4 => self.memory.follow(random),
                _ => Some(self.pay(random, currency.clone())),
            })
        {
            return asked;
        }
        if random.percent(20) {
            // The epochs may be ahead of the clock.
            let asked = self.payment(random, currency);
            return dated(random, asked, now_ms.max(self.newest));
        }
        if random.percent(45)
            && let Some(asked) = self.memory.follow(random)
        {
            return asked;
        }
        self.pay(random, currency)
    }

    /// A payment, or money held for one.
    fn pay(&self, random: &mut Random, currency: String) -> Asked {
        match self.payment(random, currency) {
            Asked::Pay { kind, debit: Some(debit), credit: Some(credit), minor, currency } if random.percent(60) => {
                let seconds = *random.of(&[1, 10, 60, 600]).expect("there are some");
                Asked::Reserve { kind, debit, credit, minor, currency, seconds }
            }
            asked => asked,
        }
    }

    /// A payment, mostly between those who may.
    fn payment(&self, random: &mut Random, currency: String) -> Asked {
        let mut account = |role| {
            let may = |known: &&(AccountId, Role)| known.1 == role || random.percent(5);
            let found: Vec<_> = self.accounts.iter().filter(may).map(|(account, _)| *account).collect();
            random.of(&found).copied().unwrap_or(self.accounts[0].0)
        };
        let (payer, payee, merchant) = (account(Role::Customer), account(Role::Customer), account(Role::Merchant));
        let minor = i64::try_from(random.below(90)).expect("it is small") + 1;
        let (kind, debit, credit) = match random.below(6) {
            0 | 1 => (PaymentKind::Deposit, None, Some(payer)),
            2 => (PaymentKind::Withdrawal, Some(payer), None),
            3 => (PaymentKind::Transfer, Some(payer), Some(payee)),
            4 => (PaymentKind::MerchantPayment, Some(payer), Some(merchant)),
            _ => (PaymentKind::BillPayment, Some(payer), Some(merchant)),
        };
        // A purse to begin with.
        let minor = if kind == PaymentKind::Deposit { minor * 5 } else { minor };
        Asked::Pay { kind, debit, credit, minor, currency }
    }
}

/// The command that a client means.
pub(super) fn command(key: &str, asked: &Asked) -> Command {
    let operation = asked.operation();
    let principal = Principal { subject: "teller".to_owned(), authority: Authority::Operator };
    Command { principal, idempotency_key: key.to_owned(), received_ms: 0, operation }
}

/// What the door tells of a decision.
fn outcome(fact: &Fact, epoch: u64, replayed: bool) -> Outcome {
    let refused = |reason: &str, transaction| Outcome::Refused { reason: reason.to_owned(), transaction, epoch, replayed };
    match fact {
        Fact::Repeated(repeat) => match &repeat.first {
            Some(first) => outcome(first, repeat.first_epoch, true),
            None => Outcome::KeyReused,
        },
        Fact::Refused { refusal, .. } => refused(refusal.as_str(), None),
        Fact::BatchDecided(decided) => {
            let items = decided.outcomes.iter().map(Item::of).collect();
            match decided.undone_by() {
                _ if decided.dry_run => Outcome::Tried { items, epoch },
                Some((_, refusal)) => refused(refusal.as_str(), None),
                None => Outcome::Batch { items, epoch, replayed },
            }
        }
        Fact::Transaction(Transaction { id, refusal: Some(refusal), .. }) => refused(refusal.as_str(), Some(id.0)),
        done => Outcome::Done { resource: resource(done).expect("whatever is done is about something"), epoch, replayed },
    }
}
