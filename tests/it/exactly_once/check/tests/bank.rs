//! A small bank in which nothing is wrong: what was asked, said and written.

use super::super::super::asked::Asked;
use super::super::super::chain::Chain;
use super::super::super::evidence::{Evidence, Recorded};
use super::super::super::history::{Call, Entry, Least, Outcome};
use super::super::rows;
use schemas::audit::{self, KeyId, Link, Signed};
use schemas::merkle::Hash;
use schemas::resource::AuditRoot;
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Authority, Binding, Cause, Channel, Command, CommandId, Commit, CreateCustomer,
    Currency, Customer, CustomerId, Epoch, Event, EventId, Fact, Input, KycStatus, Money, OpenAccount, Operation, Output, Payment,
    PaymentKind, Position, Posting, Principal, Records, Refusal, Repeat, Role, SealedEpoch, Topic, Transaction, TransactionId,
};
use std::collections::BTreeMap;

pub(super) const SUBJECT: &str = "teller";
/// The rules by which all is decided.
pub(super) const RULES: u32 = 5;

pub(super) fn customer() -> CustomerId {
    CustomerId::mint(10, 0)
}

pub(super) fn account(number: u32) -> AccountId {
    AccountId::mint(11, number)
}

pub(super) fn at(offset: i64) -> Position {
    Position { partition: 0, offset }
}

pub(super) fn pay(kind: PaymentKind, debit: Option<u32>, minor: i64) -> Operation {
    let credit = if debit.is_some() { account(1) } else { account(0) };
    let (account_debit, account_credit) = (debit.map(account), Some(credit));
    Operation::Pay(Payment {
        kind,
        account_debit,
        account_credit,
        amount_minor: minor,
        currency: Currency::XOF,
        channel: Channel::Wallet,
        context: None,
    })
}

pub(super) fn open() -> Operation {
    Operation::OpenAccount(open_account())
}

pub(super) fn transfer(minor: i64) -> Operation {
    pay(PaymentKind::Transfer, Some(0), minor)
}

pub(super) fn opened(id: AccountId, customer_id: Option<CustomerId>) -> Fact {
    let role = if customer_id.is_some() { Role::Customer } else { Role::House };
    let (account_type, currency, status) = (AccountType::Wallet, Currency::XOF, AccountStatus::Active);
    Fact::AccountOpened(Account { id, customer_id, account_type, role, currency, status })
}

/// A payment, with the balances that it leaves; refused without.
pub(super) fn paid(epoch: Epoch, kind: PaymentKind, debit: AccountId, credit: AccountId, minor: i64, left: Option<(i64, i64)>) -> Fact {
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
        link: None,
        postings,
    })
}

pub(super) fn command(key: &str, operation: Operation) -> Command {
    let principal = Principal { subject: SUBJECT.to_owned(), authority: Authority::Operator };
    Command { principal, idempotency_key: key.to_owned(), received_ms: 0, operation }
}

/// Awa has two accounts. 1000 are paid in; 300 move on; 5000 are refused; the 300 come again, and again with another
/// amount; somebody unknown gets no account.
pub(super) fn bank() -> Evidence {
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

pub(super) fn open_account() -> OpenAccount {
    OpenAccount { customer_id: customer(), account_type: AccountType::Wallet, role: Role::Customer, currency: Currency::XOF }
}

/// Appends an event, as settlement would.
pub(super) fn say(evidence: &mut Evidence, epoch: Epoch, command: &Command, position: Position, fact: Fact) {
    say_as(evidence, epoch, command.id(), position, fact);
}

/// The same, in a name that may be that of an item.
pub(super) fn say_as(evidence: &mut Evidence, epoch: Epoch, command_id: CommandId, position: Position, fact: Fact) {
    let number = evidence.log.events.iter().filter(|recorded| recorded.epoch == epoch).count();
    let cause = Cause { command_id, position, traceparent: String::new() };
    let event = Event { id: EventId::mint(epoch, u32::try_from(number).unwrap()), epoch, cause, fact };
    let topic = Topic::of(&event);
    let offset = i64::try_from(evidence.log.events.iter().filter(|recorded| recorded.topic == topic).count()).unwrap();
    let (key, datum) = (event.id.to_string().into_bytes(), format!("{event:?}").into_bytes());
    evidence.log.events.push(Recorded { topic, partition: 0, offset, epoch, generation: 1, key, datum, event });
}

/// The journal and the rows that belong to the commands and events, whatever they are.
pub(super) fn write_down(evidence: &mut Evidence) {
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
        // What has waited for its day comes of no command of its epoch.
        let upper = uppers[&epoch].max(from);
        let count = evidence.log.commands.iter().filter(|(position, _)| (from..upper).contains(&position.offset)).count();
        let inputs = vec![Input { topic: Topic::Commands.to_string(), partition: 0, upper, count: u32::try_from(count).unwrap() }];
        let output = |(topic, records): (Topic, Records)| Output {
            topic: topic.to_string(),
            partition: 0,
            count: records.count(),
            digest: records.digest(),
        };
        let binding = Binding { epoch, generation: 1, code_version: RULES, inputs };
        epochs.push(SealedEpoch { binding, outputs: outputs.into_iter().map(output).collect(), pinned: 0, waited: Vec::new() });
        from = upper;
    }
    evidence.log.journal = vec![schemas::Entry::Commit(Commit { generation: 1, epochs, detection: 0 })];
    evidence.rows.tables = rows::derive(evidence.log.events.iter().map(|recorded| &recorded.event));
    evidence.chain = Some(chain(&evidence.log.events));
    evidence.rows.upper = evidence.log.events.iter().map(|recorded| recorded.epoch + 1).max().unwrap_or_default();
}

/// The audit chain over the events.
fn chain(events: &[Recorded]) -> Chain {
    let mut epochs: BTreeMap<Epoch, Vec<(EventId, Hash)>> = BTreeMap::new();
    for recorded in events {
        let leaf = audit::leaf(recorded.topic.as_str(), &recorded.key, &recorded.datum);
        epochs.entry(recorded.epoch).or_default().push((recorded.event.id, leaf));
    }
    let (mut chain, mut previous) = (Chain::default(), audit::NOTHING);
    for (epoch, mut hashed) in epochs {
        hashed.sort_by_key(|(id, _)| *id);
        let leaves: Vec<Hash> = hashed.into_iter().map(|(_, leaf)| leaf).collect();
        let link = Link::of(audit::SETTLEMENT, epoch, &leaves, previous).expect("an epoch with events");
        previous = link.head();
        let root = AuditRoot::from(&Signed { link, head: previous, signature: [0; 64], key_id: KeyId([0; 8]) });
        chain.topic.push(root.clone());
        chain.table.push((root, leaves));
    }
    chain
}

/// What two clients saw of it; each entry takes its turn of ten microseconds.
pub(super) fn history() -> Vec<Entry> {
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
        (
            balance(0, Some(Least::Position { partition: 0, offset: 4 })),
            Outcome::Balance { minor: 1000, held: 0, available: 1000, as_of: 12 },
        ),
        (ask(sent("on", 300)), done(transaction(13), 13, false)),
        (Call::Operation { id: sent("on", 300).0 }, settled),
        (ask(sent("much", 5000)), refused),
        (ask(sent("on", 300)), done(transaction(13), 13, true)),
        (ask(sent("on", 301)), Outcome::KeyReused),
        (balance(1, Some(Least::Epoch(13))), Outcome::Balance { minor: 300, held: 0, available: 300, as_of: 15 }),
        (
            Call::Transaction { id: transaction(13), at_least: None },
            Outcome::Transaction { settled: true, minor: 300, fee: 0, epoch: 13, as_of: 15 },
        ),
        // It may have reached the log, or not: it did not.
        (ask(sent("never", 7)), Outcome::Unknown),
    ];
    let entry =
        |(turn, (call, outcome)): (u64, (Call, Outcome))| Entry { client: 1, invoked: turn * 10, completed: turn * 10 + 5, call, outcome };
    (0..).zip(turns).map(entry).collect()
}

pub(super) fn payment(kind: PaymentKind, debit: Option<AccountId>, credit: AccountId, minor: i64) -> Asked {
    Asked::Pay { kind, debit, credit: Some(credit), minor, currency: "XOF".to_owned() }
}
