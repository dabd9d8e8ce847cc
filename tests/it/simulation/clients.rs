//! Clients: they enrol, open and pay, ask again under the same key, and now and then use a key for something else. What
//! they saw is a history for the checker.

use super::super::exactly_once::evidence::rules;
use super::super::exactly_once::history::{Asked, Call, Entry, Outcome};
use super::super::exactly_once::random::Random;
use super::mistakes::Mistake;
use super::world::World;
use schemas::{
    AccountId, AccountType, ActivateRules, Authority, ChangeStatus, Channel, Command, CommandId, CreateCustomer, Currency, CustomerId,
    Event, Fact, OpenAccount, Operation, Payment, PaymentKind, Position, Principal, Role, StatusChange,
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
    accounts: Vec<AccountId>,
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
    pub(super) fn choose(&self, random: &mut Random) -> (String, Asked) {
        let fresh = format!("key-{}", self.keys.len());
        match random.of(&self.keys) {
            Some((key, asked)) if random.percent(25) => (key.clone(), asked.clone()),
            Some((key, _)) if random.percent(5) => (key.clone(), self.anything(random)),
            _ => (fresh, self.anything(random)),
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
            world.shown(event.epoch, "an answer");
        }
        if let Outcome::Done { resource, .. } = outcome {
            match attempt.asked {
                Asked::Customer { .. } if !self.customers.contains(&CustomerId(resource)) => self.customers.push(CustomerId(resource)),
                Asked::Account { .. } if !self.accounts.contains(&AccountId(resource)) => self.accounts.push(AccountId(resource)),
                Asked::Customer { .. } | Asked::Account { .. } | Asked::Status { .. } | Asked::Rules { .. } | Asked::Pay { .. } => {}
            }
        }
        let Attempt { client, invoked, id, asked, .. } = attempt;
        self.history.push(Entry { client, invoked, completed: now, call: Call::Command { id, asked }, outcome });
    }

    /// Those whose door died.
    pub(super) fn hang_up(&mut self, numbers: &[usize], now: u64, world: &mut World) {
        numbers.iter().for_each(|number| self.end(*number, now, world));
    }

    fn anything(&self, random: &mut Random) -> Asked {
        let currency = Currency::XOF.code().to_owned();
        let Some(customer) = random.of(&self.customers).copied() else {
            return Asked::Customer { full_name: format!("Customer {}", random.below(9)) };
        };
        if random.percent(5) {
            return Asked::Rules { version: *random.of(&[1, 2, 2, 3, 3, 3]).expect("there are some") };
        }
        if random.percent(6)
            && let Some(account) = random.of(&self.accounts).copied()
        {
            // Mostly back to life, so that money goes on moving.
            let changes = [StatusChange::Suspend, StatusChange::Reactivate, StatusChange::Reactivate, StatusChange::Close];
            return Asked::Status { account, change: *random.of(&changes).expect("there are some") };
        }
        if self.accounts.len() < 2 || random.percent(10) {
            let role = *random.of(&[Role::Customer, Role::Merchant, Role::Agent]).expect("there are three");
            return Asked::Account { customer, role, currency };
        }
        let mut account = || random.of(&self.accounts).copied();
        let (debit, credit) = (account(), account());
        let minor = i64::try_from(random.below(90)).expect("it is small") + 1;
        let (kind, debit, credit) = match random.below(4) {
            0 => (PaymentKind::Deposit, None, credit),
            1 => (PaymentKind::Withdrawal, debit, None),
            2 => (PaymentKind::Transfer, debit, credit),
            _ => (PaymentKind::MerchantPayment, debit, credit),
        };
        Asked::Pay { kind, debit, credit, minor, currency }
    }
}

/// The command that a client means.
pub(super) fn command(key: &str, asked: &Asked) -> Command {
    let currency = |code: &str| code.parse().expect("clients know the codes");
    let operation = match asked {
        Asked::Customer { full_name } => {
            Operation::CreateCustomer(CreateCustomer { full_name: full_name.clone(), msisdn: None, country: None })
        }
        Asked::Account { customer, role, currency: code } => Operation::OpenAccount(OpenAccount {
            customer_id: *customer,
            account_type: AccountType::Wallet,
            role: *role,
            currency: currency(code),
        }),
        Asked::Status { account, change } => Operation::ChangeStatus(ChangeStatus { account_id: *account, change: *change }),
        Asked::Rules { version } => Operation::ActivateRules(ActivateRules { version: *version }),
        Asked::Pay { kind, debit, credit, minor, currency: code } => Operation::Pay(Payment {
            kind: *kind,
            account_debit: *debit,
            account_credit: *credit,
            amount_minor: *minor,
            currency: currency(code),
            channel: Channel::Wallet,
        }),
    };
    let principal = Principal { subject: "teller".to_owned(), authority: Authority::Operator };
    Command { principal, idempotency_key: key.to_owned(), received_ms: 0, operation }
}

/// What the door tells of a decision.
fn outcome(fact: &Fact, epoch: u64, replayed: bool) -> Outcome {
    let refused = |reason: &str, transaction| Outcome::Refused { reason: reason.to_owned(), transaction, epoch, replayed };
    match fact {
        Fact::CustomerCreated(customer) => Outcome::Done { resource: customer.id.0, epoch, replayed },
        Fact::AccountOpened(account) => Outcome::Done { resource: account.id.0, epoch, replayed },
        Fact::Transaction(transaction) => match transaction.refusal {
            None => Outcome::Done { resource: transaction.id.0, epoch, replayed },
            Some(refusal) => refused(refusal.as_str(), Some(transaction.id.0)),
        },
        Fact::StatusChanged(changed) => Outcome::Done { resource: changed.id.0, epoch, replayed },
        Fact::RulesActivated { version } => Outcome::Done { resource: rules(*version), epoch, replayed },
        Fact::Refused { refusal, .. } => refused(refusal.as_str(), None),
        Fact::Repeated(repeat) => match &repeat.first {
            Some(first) => outcome(first, repeat.first_epoch, true),
            None => Outcome::KeyReused,
        },
    }
}
