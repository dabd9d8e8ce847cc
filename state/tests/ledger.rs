//! The bank's rule book: the tables of `ledger/` say what is asked and what the ledger answers.
//!
//! A line is a command and its outcome, or a look at the books; `given` lines come before every case.
//!
//! ```text
//! enrol CUSTOMER                                by WHO [key KEY]                OUTCOME
//! open  CUSTOMER.LABEL  ROLE TYPE CURRENCY      by WHO [key KEY]                OUTCOME
//! KIND  PAYER → PAYEE   AMOUNT CURRENCY         by WHO [key KEY] [via CHANNEL]  OUTCOME
//! balance ACCOUNT AMOUNT                        what stands on an account
//! CHANGE ACCOUNT                                by WHO [key KEY]                OUTCOME
//! activate VERSION                              by WHO [key KEY]                OUTCOME
//! later DURATION                                a new epoch, so many d or ms later
//! ```
//!
//! `house` is a side that is not named; `cash.XOF` names the house's cash. `staff` and `teller` are operators,
//! anyone else is the customer of that name. A name that was never opened or enrolled is of nobody.
//! Without a key each command has its own. `roles.table` is a grid: who may pay whom, by operation.

use schemas::account::HOUSE_CASH;
use schemas::{
    AccountId, ActivateRules, Authority, Cause, ChangeStatus, Channel, Command, CommandId, CreateCustomer, CustomerId, Epoch, Event, Fact,
    Money, OpenAccount, Operation, Payment, PaymentKind, Position, Principal, Refusal, Role, StatusChange,
};
use state::{CODE_VERSION, Ledger};
use std::collections::BTreeMap;
use std::str::FromStr;

const PAYMENTS: &str = include_str!("ledger/payments.table");
const REFUSALS: &str = include_str!("ledger/refusals.table");
const IDEMPOTENCY: &str = include_str!("ledger/idempotency.table");
const HOUSE: &str = include_str!("ledger/house.table");
const AUTHORITY: &str = include_str!("ledger/authority.table");
const RULES: &str = include_str!("ledger/rules.table");
const STATUS: &str = include_str!("ledger/status.table");
const ROLES: &str = include_str!("ledger/roles.table");

#[test]
fn payments() {
    check(PAYMENTS);
}

#[test]
fn refusals() {
    check(REFUSALS);
}

#[test]
fn idempotency() {
    check(IDEMPOTENCY);
}

#[test]
fn house() {
    check(HOUSE);
}

#[test]
fn authority() {
    check(AUTHORITY);
}

#[test]
fn rules() {
    check(RULES);
}

#[test]
fn status() {
    check(STATUS);
}

#[test]
fn roles() {
    check_roles(ROLES);
}

#[test]
fn the_book_has_every_refusal() {
    let book = [PAYMENTS, REFUSALS, IDEMPOTENCY, HOUSE, AUTHORITY, RULES, STATUS].concat();
    let told = |refusal: &Refusal| book.lines().any(|line| words(line).ends_with(&["refused", refusal.as_str()]));
    assert_eq!(Refusal::ALL.iter().filter(|refusal| !told(refusal)).collect::<Vec<_>>(), Vec::<&Refusal>::new());
}

#[test]
fn every_table_is_read() {
    let folder = "tests/ledger";
    assert_eq!(std::fs::read_dir(folder).expect("the tables are beside this file").count(), 8);
}

/// The words of a line, without its comment.
fn words(line: &str) -> Vec<&str> {
    line.split('#').next().unwrap_or_default().split_whitespace().collect()
}

/// Runs every case of a table in a bank of its own.
fn check(table: &str) {
    let (mut given, mut case, mut bank) = (Vec::<(usize, &str)>::new(), "", None);
    for (number, line) in table.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim_end();
        if let Some(name) = line.strip_prefix("case ") {
            let mut fresh = Bank::new();
            given.iter().for_each(|(number, line)| fresh.read(&format!("line {number}, given"), line));
            (case, bank) = (name, Some(fresh));
        } else if let Some(step) = line.strip_prefix("  ") {
            match &mut bank {
                Some(bank) => bank.read(&format!("line {}, {case}", number + 1), step),
                None => given.push((number + 1, step)),
            }
        } else {
            assert!(line.is_empty() || line == "given", "line {}: {line:?} is neither a case nor a step", number + 1);
        }
    }
    assert!(bank.is_some(), "the table has no case");
}

/// A ledger, and the names that a table gives to what is in it.
struct Bank {
    ledger: Ledger,
    epoch: Epoch,
    commands: u32,
    customers: BTreeMap<String, CustomerId>,
    accounts: BTreeMap<String, AccountId>,
    answers: BTreeMap<CommandId, Fact>,
}

/// The words of a line, one after the other.
struct Words<'a>(std::iter::Peekable<std::str::SplitWhitespace<'a>>);

impl<'a> Words<'a> {
    fn next(&mut self) -> &'a str {
        self.0.next().expect("the line goes on")
    }

    fn read<T: FromStr<Err: std::fmt::Debug>>(&mut self) -> T {
        self.next().parse().expect("a word of the bank")
    }

    /// The word after `name`, if it comes next.
    fn after(&mut self, name: &str) -> Option<&'a str> {
        self.0.next_if_eq(&name).map(|_| self.next())
    }
}

impl Bank {
    fn new() -> Self {
        let (mut ledger, epoch) = (Ledger::default(), 1_764_000_000_000);
        ledger.begin(epoch, CODE_VERSION);
        Self { ledger, epoch, commands: 0, customers: BTreeMap::new(), accounts: BTreeMap::new(), answers: BTreeMap::new() }
    }

    fn read(&mut self, place: &str, line: &str) {
        let mut words = Words(line.split_whitespace().peekable());
        match words.next() {
            "later" => self.later(words.next()),
            "balance" => {
                let (name, amount) = (words.next(), words.next());
                let account = self.account(name).expect("a balance is of a named account");
                let holding = self.ledger.accounts().find(|holding| holding.id == account);
                let balance = holding.map(|holding| Money { minor: holding.balance_minor, currency: holding.currency }.to_string());
                assert_eq!(balance.as_deref(), Some(amount), "{place}: {line}");
            }
            "enrol" => {
                let name = words.next();
                let create = CreateCustomer { full_name: name.to_owned(), msisdn: None, country: None };
                self.ask(place, name, Operation::CreateCustomer(create), words);
            }
            "activate" => {
                let activate = ActivateRules { version: words.read() };
                self.ask(place, "", Operation::ActivateRules(activate), words);
            }
            "open" => {
                let name = words.next();
                let (role, account_type, currency) = (words.read(), words.read(), words.read());
                let customer_id = self.customer(name.split('.').next().unwrap_or_default());
                self.ask(place, name, Operation::OpenAccount(OpenAccount { customer_id, account_type, role, currency }), words);
            }
            word if let Ok(change) = word.parse::<StatusChange>() => {
                // An account that was never opened has an id of nobody.
                let account_id = self.account(words.next()).expect("a status is of a named account");
                self.ask(place, "", Operation::ChangeStatus(ChangeStatus { account_id, change }), words);
            }
            kind => {
                let kind: PaymentKind = kind.parse().expect("an operation");
                let (debit, arrow, credit) = (words.next(), words.next(), words.next());
                assert_eq!(arrow, "→", "{place}: {line}");
                let (amount, currency) = (words.next(), words.read());
                let amount_minor = Money::parse(amount, currency).expect("an amount").minor;
                let (account_debit, account_credit) = (self.account(debit), self.account(credit));
                let payment = Payment { kind, account_debit, account_credit, amount_minor, currency, channel: Channel::Wallet };
                self.ask(place, "", Operation::Pay(payment), words);
            }
        }
        assert!(self.ledger.trial_balance().values().all(|sum| *sum == 0), "{place}: the books do not balance");
    }

    /// Asks the ledger, and compares the answer with the rest of the line.
    fn ask(&mut self, place: &str, name: &str, mut operation: Operation, mut words: Words<'_>) {
        self.commands += 1;
        let principal = self.principal(words.after("by").expect("somebody asks"));
        let idempotency_key = words.after("key").map_or_else(|| format!("#{}", self.commands), str::to_owned);
        if let (Operation::Pay(payment), Some(channel)) = (&mut operation, words.after("via")) {
            payment.channel = channel.parse().expect("a channel");
        }
        let command = Command { principal, idempotency_key, received_ms: 0, operation };
        let position = Position { partition: 0, offset: self.commands.into() };
        let cause = Cause { command_id: command.id(), position, traceparent: String::new() };
        let mut events = Vec::new();
        self.ledger.apply(&cause, &command, &mut events);
        assert_eq!(self.outcome(&events), words.0.collect::<Vec<_>>().join(" "), "{place}");
        self.remember(name, &cause, &events);
    }

    /// The events of one command in the words of the tables.
    fn outcome(&self, events: &[Event]) -> String {
        match events {
            [event] => outcome(&event.fact),
            [Event { fact: Fact::AccountOpened(cash), .. }, event] => format!("{}, opening cash.{}", outcome(&event.fact), cash.currency),
            _ => format!("{} events", events.len()),
        }
    }

    /// Gives names to what was made, and sees that a decision that is repeated is the first one.
    fn remember(&mut self, name: &str, cause: &Cause, events: &[Event]) {
        let last = events.last().expect("every command is answered");
        match &last.fact {
            Fact::CustomerCreated(customer) => drop(self.customers.insert(name.to_owned(), customer.id)),
            Fact::AccountOpened(account) => drop(self.accounts.insert(name.to_owned(), account.id)),
            Fact::Repeated(repeat) => match &repeat.first {
                Some(first) => {
                    return assert_eq!(self.answers.get(&cause.command_id), Some(first), "a repeat is answered as the first time");
                }
                None => return,
            },
            Fact::Transaction(_) | Fact::RulesActivated { .. } | Fact::StatusChanged(_) | Fact::Refused { .. } => {}
        }
        self.answers.insert(cause.command_id, without_postings(&last.fact));
    }

    fn later(&mut self, duration: &str) {
        let days = |text: &str| text.parse::<u64>().map(|days| days * 24 * 60 * 60 * 1000);
        let milliseconds = duration.strip_suffix("ms").map_or_else(|| duration.strip_suffix('d').map(days), |text| Some(text.parse()));
        self.epoch += milliseconds.and_then(Result::ok).expect("a duration in d or ms");
        let rules = self.ledger.next_rules();
        self.ledger.begin(self.epoch, rules);
    }

    fn principal(&self, name: &str) -> Principal {
        match name {
            "staff" | "teller" => Principal { subject: name.to_owned(), authority: Authority::Operator },
            _ => Principal { subject: self.customer(name).to_string(), authority: Authority::Customer },
        }
    }

    fn customer(&self, name: &str) -> CustomerId {
        self.customers.get(name).copied().unwrap_or_else(|| CustomerId::mint(1, 0))
    }

    fn account(&self, name: &str) -> Option<AccountId> {
        match name.strip_prefix("cash.") {
            Some(currency) => Some(AccountId::house(HOUSE_CASH, currency.parse().expect("a currency"))),
            None => (name != "house").then(|| self.accounts.get(name).copied().unwrap_or_else(|| AccountId::mint(1, 0))),
        }
    }
}

fn outcome(fact: &Fact) -> String {
    match fact {
        Fact::CustomerCreated(_) => "created".to_owned(),
        Fact::AccountOpened(_) => "opened".to_owned(),
        Fact::Transaction(transaction) => transaction.refusal.map_or("settled".to_owned(), |refusal| format!("refused {refusal}")),
        Fact::RulesActivated { .. } => "activated".to_owned(),
        Fact::StatusChanged(changed) => changed.change.status().to_string(),
        Fact::Refused { refusal, .. } => format!("refused {refusal}"),
        Fact::Repeated(repeat) => repeat.first.as_ref().map_or("key_reused".to_owned(), |first| format!("replayed {}", outcome(first))),
    }
}

/// A decision as a repeat tells it: without the balances of then.
fn without_postings(fact: &Fact) -> Fact {
    match fact {
        Fact::Transaction(transaction) => Fact::Transaction(schemas::Transaction { postings: Vec::new(), ..transaction.clone() }),
        other => other.clone(),
    }
}

/// Pays once for every cell of the grid: between accounts of all roles, in all operations.
fn check_roles(table: &str) {
    let (mut kind, mut payees, mut cells) = (PaymentKind::Deposit, Vec::new(), 0);
    for line in table.lines().map(|line| line.split('#').next().unwrap_or_default()).filter(|line| !line.trim().is_empty()) {
        let mut words = Words(line.split_whitespace().peekable());
        if !line.starts_with(' ') {
            kind = words.read();
            payees = words.0.map(|role| role.parse::<Role>().expect("a role")).collect();
            continue;
        }
        let payer: Role = words.read();
        for payee in &payees {
            let place = format!("{kind} from {payer} to {payee}");
            let answer = match words.next() {
                "yes" => "settled",
                "no" => "refused role_not_permitted",
                other => panic!("{place}: {other:?} is neither yes nor no"),
            };
            pay_between(&place, kind, payer, *payee, answer);
            cells += 1;
        }
    }
    assert_eq!(cells, PaymentKind::ALL.len() * Role::ALL.len() * Role::ALL.len(), "the grid has every cell");
}

/// One payment in a bank where the payer has the money, whatever its role.
fn pay_between(place: &str, kind: PaymentKind, payer: Role, payee: Role, answer: &str) {
    let mut bank = Bank::new();
    bank.read(place, "enrol someone by staff created");
    bank.read(place, "open someone.eur customer current EUR by staff opened");
    bank.read(place, "deposit house → someone.eur 1 EUR by staff settled, opening cash.EUR");
    bank.read(place, "open someone.xof customer current XOF by staff opened");
    bank.read(place, "deposit house → someone.xof 1 XOF by staff settled, opening cash.XOF");
    for role in [Role::Customer, Role::Merchant, Role::Agent] {
        bank.read(place, &format!("open someone.payer-{role} {role} current XOF by staff opened"));
        bank.read(place, &format!("open someone.payee-{role} {role} current XOF by staff opened"));
        bank.read(place, &format!("deposit house → someone.payer-{role} 100 XOF by staff settled"));
    }
    let debit = if payer == Role::House { "cash.XOF".to_owned() } else { format!("someone.payer-{payer}") };
    // The house has one cash account a currency, so it could pay itself only in another one.
    let credit = match payee {
        Role::House if payer == Role::House => "cash.EUR".to_owned(),
        Role::House => "cash.XOF".to_owned(),
        Role::Customer | Role::Merchant | Role::Agent => format!("someone.payee-{payee}"),
    };
    bank.read(place, &format!("{kind} {debit} → {credit} 100 XOF by staff {answer}"));
}
