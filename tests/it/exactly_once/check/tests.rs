//! The checker on a small bank: nothing is wrong with it, until a case makes one thing wrong.

use super::super::evidence::{Evidence, Recorded};
use super::super::history::{Asked, Call, Entry, Least, Outcome};
use super::{Kind, check, rows};
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Authority, Binding, Cause, Channel, Command, Commit, CreateCustomer, Currency,
    Customer, CustomerId, Epoch, Event, EventId, Fact, Input, KycStatus, Money, OpenAccount, Operation, Output, Payment, PaymentKind,
    Position, Posting, Principal, Records, Refusal, Repeat, Role, SealedEpoch, Topic, Transaction, TransactionId,
};
use std::collections::BTreeMap;

const SUBJECT: &str = "teller";

fn customer() -> CustomerId {
    CustomerId::mint(10, 0)
}

fn account(number: u32) -> AccountId {
    AccountId::mint(11, number)
}

fn at(offset: i64) -> Position {
    Position { partition: 0, offset }
}

fn pay(kind: PaymentKind, debit: Option<u32>, minor: i64) -> Operation {
    let credit = if debit.is_some() { account(1) } else { account(0) };
    let (account_debit, account_credit) = (debit.map(account), Some(credit));
    Operation::Pay(Payment { kind, account_debit, account_credit, amount_minor: minor, currency: Currency::XOF, channel: Channel::Wallet })
}

fn open() -> Operation {
    Operation::OpenAccount(OpenAccount {
        customer_id: customer(),
        account_type: AccountType::Wallet,
        role: Role::Customer,
        currency: Currency::XOF,
    })
}

fn transfer(minor: i64) -> Operation {
    pay(PaymentKind::Transfer, Some(0), minor)
}

fn opened(id: AccountId, customer_id: Option<CustomerId>) -> Fact {
    let role = if customer_id.is_some() { Role::Customer } else { Role::House };
    let (account_type, currency, status) = (AccountType::Wallet, Currency::XOF, AccountStatus::Active);
    Fact::AccountOpened(Account { id, customer_id, account_type, role, currency, status })
}

/// A payment, with the balances that it leaves; refused without.
fn paid(epoch: Epoch, kind: PaymentKind, debit: AccountId, credit: AccountId, minor: i64, left: Option<(i64, i64)>) -> Fact {
    let postings = left.map_or_else(Vec::new, |(payer, payee)| {
        vec![
            Posting { account: debit, amount_minor: -minor, balance_minor: payer },
            Posting { account: credit, amount_minor: minor, balance_minor: payee },
        ]
    });
    Fact::Transaction(Transaction {
        id: TransactionId::mint(epoch, 0),
        kind,
        account_debit: debit,
        account_credit: credit,
        amount: Money { minor, currency: Currency::XOF },
        fee_minor: 0,
        channel: Channel::Wallet,
        refusal: left.is_none().then_some(Refusal::InsufficientFunds),
        postings,
    })
}

fn command(key: &str, operation: Operation) -> Command {
    let principal = Principal { subject: SUBJECT.to_owned(), authority: Authority::Operator };
    Command { principal, idempotency_key: key.to_owned(), received_ms: 0, operation }
}

/// Awa has two accounts. 1000 are paid in; 300 move on; 5000 are refused; the 300 come again, and again with another
/// amount; somebody unknown gets no account.
fn bank() -> Evidence {
    let house = AccountId::house("cash", Currency::XOF);
    let sent = transfer(300);
    let created = Fact::CustomerCreated(Customer {
        id: customer(),
        full_name: "Awa".to_owned(),
        msisdn: None,
        country: None,
        kyc_status: KycStatus::Pending,
    });
    let first = paid(13, PaymentKind::Transfer, account(0), account(1), 300, Some((700, 300)));
    let repeat = |first| Fact::Repeated(Box::new(Repeat { operation: "transfer".to_owned(), first_epoch: 13, first }));
    let stranger = OpenAccount { customer_id: CustomerId::mint(9, 0), ..open_account() };
    let create = CreateCustomer { full_name: "Awa".to_owned(), msisdn: None, country: None };
    let refused = Fact::Refused { operation: "open_account".to_owned(), refusal: Refusal::CustomerNotFound };
    let log = [
        (10, "awa", Operation::CreateCustomer(create), vec![created]),
        (11, "one", open(), vec![opened(account(0), Some(customer()))]),
        (11, "two", open(), vec![opened(account(1), Some(customer()))]),
        (
            12,
            "in",
            pay(PaymentKind::Deposit, None, 1000),
            vec![opened(house, None), paid(12, PaymentKind::Deposit, house, account(0), 1000, Some((-1000, 1000)))],
        ),
        (13, "on", sent.clone(), vec![first.clone()]),
        (14, "much", transfer(5000), vec![paid(14, PaymentKind::Transfer, account(0), account(1), 5000, None)]),
        (15, "on", sent, vec![repeat(Some(first))]),
        (15, "on", transfer(301), vec![repeat(None)]),
        (16, "who", Operation::OpenAccount(stranger), vec![refused]),
    ];
    let mut evidence = Evidence::default();
    for (offset, (epoch, key, operation, facts)) in (1..).zip(log) {
        let command = command(key, operation);
        for fact in facts {
            say(&mut evidence, epoch, &command, at(offset), fact);
        }
        evidence.log.commands.push((at(offset), Some(command)));
    }
    evidence.history = history();
    write_down(&mut evidence);
    evidence
}

fn open_account() -> OpenAccount {
    match open() {
        Operation::OpenAccount(open) => open,
        Operation::CreateCustomer(_) | Operation::Pay(_) => unreachable!("it opens an account"),
    }
}

/// Appends an event, as settlement would.
fn say(evidence: &mut Evidence, epoch: Epoch, command: &Command, position: Position, fact: Fact) {
    let number = evidence.log.events.iter().filter(|recorded| recorded.epoch == epoch).count();
    let cause = Cause { command_id: command.id(), position, traceparent: String::new() };
    let event = Event { id: EventId::mint(epoch, u32::try_from(number).unwrap()), epoch, cause, fact };
    let topic = Topic::of(&event);
    let offset = i64::try_from(evidence.log.events.iter().filter(|recorded| recorded.topic == topic).count()).unwrap();
    let (key, datum) = (event.id.to_string().into_bytes(), format!("{event:?}").into_bytes());
    evidence.log.events.push(Recorded { topic, partition: 0, offset, epoch, generation: 1, key, datum, event });
}

/// The journal and the rows that belong to the commands and events, whatever they are.
fn write_down(evidence: &mut Evidence) {
    let mut outputs: BTreeMap<Epoch, BTreeMap<Topic, Records>> = BTreeMap::new();
    let mut uppers: BTreeMap<Epoch, i64> = BTreeMap::new();
    for recorded in &evidence.log.events {
        outputs.entry(recorded.epoch).or_default().entry(recorded.topic).or_default().add(&recorded.key, &recorded.datum);
        let upper = uppers.entry(recorded.epoch).or_default();
        *upper = (recorded.event.cause.position.offset + 1).max(*upper);
    }
    let mut from = 0;
    let mut epochs = Vec::new();
    for (epoch, outputs) in outputs {
        let upper = uppers[&epoch];
        let count = evidence.log.commands.iter().filter(|(position, _)| (from..upper).contains(&position.offset)).count();
        let inputs = vec![Input { topic: Topic::Commands.to_string(), partition: 0, upper, count: u32::try_from(count).unwrap() }];
        let output = |(topic, records): (Topic, Records)| Output {
            topic: topic.to_string(),
            partition: 0,
            count: records.count(),
            digest: records.digest(),
        };
        let binding = Binding { epoch, generation: 1, code_version: 1, inputs };
        epochs.push(SealedEpoch { binding, outputs: outputs.into_iter().map(output).collect() });
        from = upper;
    }
    evidence.log.journal = vec![schemas::Entry::Commit(Commit { generation: 1, epochs })];
    evidence.rows.tables = rows::derive(evidence.log.events.iter().map(|recorded| &recorded.event));
    evidence.rows.upper = 17;
}

/// What two clients saw of it; each entry takes its turn of ten microseconds.
fn history() -> Vec<Entry> {
    let done = |resource, epoch, replayed| Outcome::Done { resource, epoch, replayed };
    let sent = |key: &str, minor| (command(key, transfer(300)).id(), payment(PaymentKind::Transfer, Some(account(0)), account(1), minor));
    let ask = |(id, asked)| Call::Command { id, asked };
    let awa = (
        command("awa", Operation::CreateCustomer(CreateCustomer { full_name: "Awa".to_owned(), msisdn: None, country: None })).id(),
        Asked::Customer { full_name: "Awa".to_owned() },
    );
    let opens = |key: &str| {
        let asked = Asked::Account { customer: customer(), role: Role::Customer, currency: "XOF".to_owned() };
        (command(key, open()).id(), asked)
    };
    let paid_in = (command("in", pay(PaymentKind::Deposit, None, 1000)).id(), payment(PaymentKind::Deposit, None, account(0), 1000));
    let transaction = |epoch| TransactionId::mint(epoch, 0).0;
    let refused =
        Outcome::Refused { reason: "insufficient_funds".to_owned(), transaction: Some(transaction(14)), epoch: 14, replayed: false };
    let settled = Outcome::Operation { status: "settled".to_owned(), resource: Some(transaction(13)), reason: None, epoch: Some(13) };
    let balance = |number, at_least| Call::Balance { account: account(number), at_least };
    let turns = [
        (ask(awa), done(customer().0, 10, false)),
        (ask(opens("one")), done(account(0).0, 11, false)),
        (ask(opens("two")), Outcome::Unknown),
        (ask(paid_in), Outcome::Accepted { partition: 0, offset: 4 }),
        (balance(0, Some(Least::Position { partition: 0, offset: 4 })), Outcome::Balance { minor: 1000, as_of: 12 }),
        (ask(sent("on", 300)), done(transaction(13), 13, false)),
        (Call::Operation { id: sent("on", 300).0 }, settled),
        (ask(sent("much", 5000)), refused),
        (ask(sent("on", 300)), done(transaction(13), 13, true)),
        (ask(sent("on", 301)), Outcome::KeyReused),
        (balance(1, Some(Least::Epoch(13))), Outcome::Balance { minor: 300, as_of: 15 }),
        (
            Call::Transaction { id: transaction(13), at_least: None },
            Outcome::Transaction { settled: true, minor: 300, epoch: 13, as_of: 15 },
        ),
        // It may have reached the log, or not: it did not.
        (ask(sent("never", 7)), Outcome::Unknown),
    ];
    let entry =
        |(turn, (call, outcome)): (u64, (Call, Outcome))| Entry { client: 1, invoked: turn * 10, completed: turn * 10 + 5, call, outcome };
    (0..).zip(turns).map(entry).collect()
}

fn payment(kind: PaymentKind, debit: Option<AccountId>, credit: AccountId, minor: i64) -> Asked {
    Asked::Pay { kind, debit, credit: Some(credit), minor, currency: "XOF".to_owned() }
}

#[test]
fn nothing_is_wrong_with_the_bank() {
    let findings = check(&bank());
    assert!(findings.is_empty(), "{findings:?}");
}

/// The event of a fact, by its place in the log of the bank.
fn event(evidence: &mut Evidence, offset: i64) -> &mut Event {
    let mut events = evidence.log.events.iter_mut().map(|recorded| &mut recorded.event);
    events.find(|event| event.cause.position == at(offset) && event.answers()).unwrap()
}

fn moved(evidence: &mut Evidence, offset: i64) -> &mut Transaction {
    match &mut event(evidence, offset).fact {
        Fact::Transaction(transaction) => transaction,
        _ => unreachable!("it is a payment"),
    }
}

/// Takes an event out as if it had never been said.
fn unsay(evidence: &mut Evidence, offset: i64) {
    evidence.log.events.retain(|recorded| recorded.event.cause.position != at(offset));
    write_down(evidence);
}

fn outcome(evidence: &mut Evidence, turn: usize) -> &mut Outcome {
    &mut evidence.history[turn].outcome
}

/// One thing that is wrong, the finding that it must lead to, and how it comes about.
type Case = (&'static str, Kind, fn(&mut Evidence));

const CASES: &[Case] = &[
    ("an answer without a decision", Kind::LostDecision, |bank| unsay(bank, 5)),
    ("an operation without a decision", Kind::LostDecision, |bank| {
        unsay(bank, 5);
        bank.history.retain(|entry| matches!(entry.call, Call::Operation { .. }));
    }),
    ("a command in the log that nobody decided", Kind::NeverDecided, |bank| unsay(bank, 6)),
    ("a command taken that is not in the log", Kind::NeverDecided, |bank| {
        *outcome(bank, 12) = Outcome::Accepted { partition: 0, offset: 99 };
    }),
    ("a record neither decided nor dead", Kind::NeverDecided, |bank| bank.log.commands.push((at(10), None))),
    ("an event twice", Kind::DoubledDecision, |bank| {
        let mut again = bank.log.events[4].clone();
        again.offset += 1;
        bank.log.events.insert(5, again);
        write_down(bank);
    }),
    ("a repeat decided anew", Kind::DoubledDecision, |bank| {
        event(bank, 7).fact = paid(15, PaymentKind::Transfer, account(0), account(1), 300, Some((400, 600)));
    }),
    ("another resource than was decided", Kind::AnswerContradictsLog, |bank| {
        *outcome(bank, 1) = Outcome::Done { resource: account(1).0, epoch: 11, replayed: false };
    }),
    ("another epoch than was decided", Kind::AnswerContradictsLog, |bank| {
        *outcome(bank, 1) = Outcome::Done { resource: account(0).0, epoch: 12, replayed: false };
    }),
    ("done, where the log says refused", Kind::AnswerContradictsLog, |bank| {
        *outcome(bank, 7) = Outcome::Done { resource: TransactionId::mint(14, 0).0, epoch: 14, replayed: false };
    }),
    ("a reused key, where it is the same command", Kind::AnswerContradictsLog, |bank| *outcome(bank, 8) = Outcome::KeyReused),
    ("a replay, where nothing came again", Kind::AnswerContradictsLog, |bank| {
        *outcome(bank, 1) = Outcome::Done { resource: account(0).0, epoch: 11, replayed: true };
    }),
    ("a decision on another command than the log holds", Kind::AnswerContradictsLog, |bank| {
        bank.log.commands[4].1 = Some(command("other", transfer(300)));
    }),
    ("an operation that failed, where the log says settled", Kind::AnswerContradictsLog, |bank| {
        *outcome(bank, 6) = Outcome::Operation { status: "failed".to_owned(), resource: None, reason: None, epoch: Some(13) };
    }),
    ("another amount than was decided", Kind::AnswerContradictsLog, |bank| {
        *outcome(bank, 11) = Outcome::Transaction { settled: true, minor: 301, epoch: 13, as_of: 15 };
    }),
    ("two answers to one command", Kind::AnswersDiffer, |bank| {
        *outcome(bank, 8) = Outcome::Done { resource: TransactionId::mint(15, 0).0, epoch: 15, replayed: true };
    }),
    ("two attempts that were both the first", Kind::AnswersDiffer, |bank| {
        *outcome(bank, 8) = Outcome::Done { resource: TransactionId::mint(13, 0).0, epoch: 13, replayed: false };
    }),
    ("pending, after it was decided", Kind::BackInTime, |bank| {
        *outcome(bank, 6) = Outcome::Operation { status: "pending".to_owned(), resource: None, reason: None, epoch: None };
    }),
    ("a view older than one that was shown", Kind::BackInTime, |bank| {
        *outcome(bank, 11) = Outcome::Transaction { settled: true, minor: 300, epoch: 13, as_of: 14 };
    }),
    ("a view older than an epoch that was asked for", Kind::MissedWrite, |bank| {
        *outcome(bank, 10) = Outcome::Balance { minor: 0, as_of: 12 };
    }),
    ("a view older than a command that was asked for", Kind::MissedWrite, |bank| {
        *outcome(bank, 4) = Outcome::Balance { minor: 0, as_of: 11 };
    }),
    ("an operation that is gone", Kind::MissedWrite, |bank| *outcome(bank, 6) = Outcome::Missing),
    ("a transaction that is gone", Kind::MissedWrite, |bank| *outcome(bank, 11) = Outcome::Missing),
    ("a balance that is no sum", Kind::WrongBalance, |bank| *outcome(bank, 10) = Outcome::Balance { minor: 301, as_of: 15 }),
    ("a running balance that is no sum", Kind::WrongBalance, |bank| {
        moved(bank, 5).postings[1].balance_minor = 301;
        write_down(bank);
    }),
    ("an account below zero", Kind::NegativeBalance, |bank| {
        *moved(bank, 6) = match paid(14, PaymentKind::Transfer, account(0), account(1), 5000, Some((-4300, 5300))) {
            Fact::Transaction(transaction) => transaction,
            _ => unreachable!("it is a payment"),
        };
        write_down(bank);
    }),
    ("more credited than debited", Kind::BooksUnbalanced, |bank| {
        moved(bank, 5).postings[1].amount_minor = 301;
        write_down(bank);
    }),
    ("a generation claimed twice", Kind::OutOfOrder, |bank| {
        let generation = bank.log.journal.last().unwrap().generation();
        bank.log.journal.push(schemas::Entry::Claim(schemas::Claim { generation, code_version: 1 }));
    }),
    ("an account of another role than was asked", Kind::BooksUnbalanced, |bank| {
        let Fact::AccountOpened(account) = &mut event(bank, 2).fact else { unreachable!("it is an account") };
        account.role = Role::Merchant;
    }),
    ("a finding of the standing proof", Kind::RowsDiffer, |bank| {
        bank.rows.tables.entry("imbalance").or_default().insert("currency XOF 15 1 1".to_owned(), "1".to_owned());
    }),
    ("a deposit that somebody else than the house pays", Kind::BooksUnbalanced, |bank| {
        moved(bank, 4).account_debit = account(1);
        moved(bank, 4).postings[0].account = account(1);
        write_down(bank);
    }),
    ("another amount than was asked", Kind::BooksUnbalanced, |bank| {
        *moved(bank, 5) = match paid(13, PaymentKind::Transfer, account(0), account(1), 299, Some((701, 299))) {
            Fact::Transaction(transaction) => transaction,
            _ => unreachable!("it is a payment"),
        };
        write_down(bank);
    }),
    ("epochs out of order", Kind::OutOfOrder, |bank| match &mut bank.log.journal[0] {
        schemas::Entry::Commit(commit) => commit.epochs.swap(0, 1),
        schemas::Entry::Claim(_) => unreachable!("it is a commit"),
    }),
    ("events out of order", Kind::OutOfOrder, |bank| {
        event(bank, 6).id = EventId::mint(12, 9);
        write_down(bank);
    }),
    ("a generation that was replaced", Kind::OutOfOrder, |bank| bank.log.events[5].generation = 0),
    ("a journal that goes back a generation", Kind::OutOfOrder, |bank| {
        let zombie = Commit { generation: 0, epochs: Vec::new() };
        bank.log.journal.push(schemas::Entry::Commit(zombie));
    }),
    ("asked after the answer to what stands behind it", Kind::RealTimeOrder, |bank| {
        bank.history[7].invoked = 0;
        bank.history[7].completed = 1;
    }),
    ("fewer records than the journal counts", Kind::JournalDiffers, |bank| drop(bank.log.events.remove(4))),
    ("other records than the journal counts", Kind::JournalDiffers, |bank| bank.log.events[4].datum.push(0)),
    ("records of which the journal says nothing", Kind::JournalDiffers, |bank| match &mut bank.log.journal[0] {
        schemas::Entry::Commit(commit) => drop(commit.epochs.remove(3)),
        schemas::Entry::Claim(_) => unreachable!("it is a commit"),
    }),
    ("commands that no epoch binds as often as they are there", Kind::JournalDiffers, |bank| match &mut bank.log.journal[0] {
        schemas::Entry::Commit(commit) => commit.epochs[1].binding.inputs[0].count = 1,
        schemas::Entry::Claim(_) => unreachable!("it is a commit"),
    }),
    ("a row that is missing", Kind::RowsDiffer, |bank| drop(bank.rows.tables.get_mut("posting").unwrap().pop_first())),
    ("a row too many", Kind::RowsDiffer, |bank| {
        drop(bank.rows.tables.get_mut("refusal").unwrap().insert("x".to_owned(), String::new()));
    }),
    ("a row that differs", Kind::RowsDiffer, |bank| bank.rows.tables.get_mut("account").unwrap().values_mut().for_each(String::clear)),
    ("views that never caught up", Kind::RowsDiffer, |bank| bank.rows.upper = 14),
    ("an answer outside the contract", Kind::OddAnswer, |bank| *outcome(bank, 3) = Outcome::Odd { status: 500, body: String::new() }),
];

#[test]
fn whatever_is_wrong_is_found_and_named() {
    for (name, expected, make) in CASES {
        let mut evidence = bank();
        make(&mut evidence);
        let findings = check(&evidence);
        assert!(findings.iter().any(|finding| finding.kind == *expected), "{name}: {findings:?}");
    }
}

#[test]
fn what_nobody_knows_may_be_either() {
    // Every answer is unknown, whatever the log says.
    let mut evidence = bank();
    for entry in &mut evidence.history {
        if matches!(entry.call, Call::Command { .. }) {
            entry.outcome = Outcome::Unknown;
        }
    }
    let findings = check(&evidence);
    assert!(findings.is_empty(), "{findings:?}");
}
