//! Every kind of fault that the books can find, as small histories; and a right one, in which they find none.

mod ledger;
mod many;

use super::*;
use schemas::{Account as Opened, AccountStatus, AccountType, Cause, Channel, CommandId, PaymentKind, Position, Posting, Refusal, Repeat};

const T0: Epoch = 1_767_225_600_000;

fn command(key: &str) -> CommandId {
    CommandId::derive("teller", "transfer", key)
}

fn event(epoch: Epoch, number: u32, offset: i64, key: &str, fact: Fact) -> Event {
    let position = Position { partition: 0, offset };
    Event { id: EventId::mint(epoch, number), epoch, cause: Cause { command_id: command(key), position, traceparent: String::new() }, fact }
}

fn account(number: u32) -> AccountId {
    AccountId::mint(T0, number)
}

fn cash() -> AccountId {
    AccountId::house("cash", Currency::XOF)
}

fn open(id: AccountId, role: Role) -> Fact {
    let customer_id = (role != Role::House).then(|| CustomerId::mint(T0, 0));
    Fact::AccountOpened(Opened {
        id,
        customer_id,
        account_type: AccountType::Wallet,
        role,
        currency: Currency::XOF,
        status: AccountStatus::Active,
    })
}

/// A payment with its legs: account, amount, balance after.
fn pay(epoch: Epoch, number: u32, legs: &[(AccountId, i64, i64)]) -> Fact {
    let leg = |(account, amount_minor, balance_minor): &(AccountId, i64, i64)| Posting {
        account: *account,
        amount_minor: *amount_minor,
        balance_minor: *balance_minor,
    };
    Fact::Transaction(Transaction {
        id: TransactionId::mint(epoch, number),
        kind: PaymentKind::Transfer,
        account_debit: legs[0].0,
        account_credit: legs[1].0,
        amount: Money { minor: legs[1].1, currency: Currency::XOF },
        fee_minor: 0,
        channel: Channel::Wallet,
        refusal: None,
        link: None,
        postings: legs.iter().map(leg).collect(),
    })
}

fn refused() -> Fact {
    Fact::Refused { operation: "open_account".to_owned(), refusal: Refusal::CustomerNotFound }
}

fn repeated(first_epoch: Epoch) -> Fact {
    Fact::Repeated(Box::new(Repeat { operation: "transfer".to_owned(), first_epoch, first: Some(refused()) }))
}

/// Two accounts, a deposit of 1000 to the first and 300 on to the second, a refusal, and the deposit again.
fn history() -> Vec<Event> {
    vec![
        event(T0, 0, 0, "a", open(account(0), Role::Customer)),
        event(T0, 1, 1, "b", open(account(1), Role::Customer)),
        event(T0 + 1, 0, 2, "deposit", open(cash(), Role::House)),
        event(T0 + 1, 1, 2, "deposit", pay(T0 + 1, 0, &[(cash(), -1000, -1000), (account(0), 1000, 1000)])),
        event(T0 + 1, 2, 3, "transfer", pay(T0 + 1, 1, &[(account(0), -300, 700), (account(1), 300, 300)])),
        event(T0 + 2, 0, 5, "refused", refused()),
        event(T0 + 3, 0, 6, "deposit", repeated(T0 + 1)),
    ]
}

fn faults(from: Epoch, events: &[Event]) -> Vec<String> {
    let mut books = Books::new(from);
    events.iter().for_each(|event| books.take(event.clone()));
    books.print();
    books.faults.first
}

#[test]
fn right_books_have_no_faults_seen_whole_or_from_any_epoch_on() {
    for from in [0, T0 + 1, T0 + 2, T0 + 3] {
        let seen: Vec<_> = history().into_iter().filter(|event| event.epoch >= from).collect();
        assert_eq!(faults(from, &seen), Vec::<String>::new(), "from {from}");
    }
    let mut books = Books::new(0);
    history().into_iter().for_each(|event| books.take(event));
    assert_eq!(books.counts, Counts { accounts: 3, settled: 2, refusals: 1, ..Counts::default() });
    assert_eq!((books.accounts[&account(0)].balance_minor, books.accounts[&cash()].moved_minor), (700, -1000));
}

#[test]
fn every_kind_of_fault_is_found() {
    let at = |at: usize, fact: Fact| {
        let mut events = history();
        events[at].fact = fact;
        events
    };
    let with = |event: Event| history().into_iter().chain([event]).collect::<Vec<_>>();
    let next = |key: &str, fact: Fact| event(T0 + 4, 0, 7, key, fact);
    let mut swapped = history();
    swapped.swap(4, 5);
    let mut mislabelled = history();
    mislabelled[5].epoch = T0 + 9;
    let without = |gone: usize| history().into_iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, event)| event).collect::<Vec<_>>();
    let stranger = account(9);
    for (events, what) in [
        (swapped, "comes after event"),
        (mislabelled, "is not an id of its epoch"),
        (with(history()[6].clone()), "comes after event"),
        (with(event(T0 + 4, 0, 6, "late", refused())), "answers command 0:6 after 0:6"),
        (with(next("deposit", refused())), "which was decided in epoch"),
        (with(next("transfer", repeated(T0))), "repeats a decision of epoch"),
        (without(0), "was not opened"),
        (with(next("x", open(account(1), Role::Customer))), "again"),
        (at(4, pay(T0 + 1, 1, &[(account(0), -300, 700), (account(1), 299, 299)])), "sum to -1"),
        (at(4, pay(T0 + 1, 1, &[(account(0), -300, 701), (account(1), 300, 300)])), "has 701, and its postings give 700"),
        (at(4, pay(T0 + 1, 1, &[(account(0), -1001, -1), (account(1), 1001, 1001)])), "leaves account"),
        (at(4, pay(T0 + 1, 1, &[(stranger, -300, -300), (account(1), 300, 300)])), "which was not opened"),
        (at(4, pay(T0 + 1, 0, &[(account(0), -300, 700), (account(1), 300, 300)])), "comes after transaction"),
    ] {
        let found = faults(0, &events);
        assert!(found.iter().any(|fault| fault.contains(what)), "{what}: {found:?}");
    }
}

#[test]
fn what_every_version_of_the_rules_has_decided_is_right() {
    for version in 1..=state::CODE_VERSION {
        let path = format!("tests/golden/v{version}.jsonl");
        let mut books = Books::new(0);
        let rule = crate::replay::Rule { every: 1, start_ms: crate::replay::START_MS };
        let replayed = crate::replay::file(path.as_ref(), rule, |decided, _| {
            decided.output.events.iter().cloned().for_each(|event| books.take(event));
            Ok(())
        });
        assert!(replayed.is_ok(), "{path}");
        books.print();
        assert_eq!(books.faults.first, Vec::<String>::new(), "{path}");
    }
}

#[test]
fn a_key_is_free_again_after_seven_days() {
    let later = T0 + 3 + HORIZON_MS;
    for (epoch, free) in [(later, false), (later + 1, true)] {
        let mut events = vec![event(T0 + 3, 0, 0, "key", refused())];
        events.push(event(epoch, 0, 1, "key", refused()));
        assert_eq!(faults(0, &events).is_empty(), free, "{epoch}");
    }
}
