//! Made-up events, right and wrong.

use super::*;
use schemas::{Cause, Channel, CommandId, PaymentKind, Position, Posting, Transaction, TransactionId};
use uuid::Uuid;

fn account(number: u32) -> AccountId {
    AccountId::mint(1, number)
}

/// A settled transfer with these postings: account, amount, balance after.
fn settled(epoch: u64, number: u32, currency: &str, postings: &[(u32, i64, i64)]) -> Event {
    let currency = currency.parse().unwrap();
    let posting = |(of, amount_minor, balance_minor): &(u32, i64, i64)| Posting {
        account: account(*of),
        amount_minor: *amount_minor,
        balance_minor: *balance_minor,
    };
    let transaction = Transaction {
        id: TransactionId::mint(epoch, number),
        kind: PaymentKind::Transfer,
        account_debit: account(0),
        account_credit: account(1),
        amount: Money { minor: 1, currency },
        fee_minor: 0,
        channel: Channel::Wallet,
        refusal: None,
        link: None,
        postings: postings.iter().map(posting).collect(),
    };
    let cause = Cause { command_id: CommandId(Uuid::nil()), position: Position { partition: 0, offset: 0 }, traceparent: String::new() };
    Event { id: EventId::mint(epoch, number), epoch, cause, fact: Fact::Transaction(transaction) }
}

/// A deposit of 100, then 30 and 20 from account 1 to account 2; account 0 is the house's.
fn history() -> Vec<Event> {
    vec![
        settled(5, 0, "XOF", &[(0, -100, -100), (1, 100, 100)]),
        settled(6, 0, "XOF", &[(1, -30, 70), (2, 30, 30)]),
        settled(6, 1, "XOF", &[(1, -20, 50), (2, 20, 50)]),
    ]
}

fn books<'a>(events: impl IntoIterator<Item = &'a Event>) -> Books {
    let mut books = Books::default();
    events.into_iter().for_each(|event| books.enter(event));
    books
}

#[test]
fn books_in_order_balance_whatever_the_order_of_reading() {
    let history = history();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let books = books(order.map(|index| &history[index]));
        assert_eq!(books.faults(true), Vec::<String>::new(), "{order:?}");
        assert_eq!(books.sums(), Sums::from([(Currency::XOF, 0)]));
        assert_eq!(books.settled, 3);
        assert_eq!(books.balances()[&account(2)], (Currency::XOF, 50));
    }
}

#[test]
fn a_history_without_its_beginning_balances_from_where_it_starts() {
    let books = books(&history()[1..]);
    assert_eq!(books.faults(false), Vec::<String>::new());
    assert_eq!(books.faults(true).len(), 1, "account 1 has a balance from before");
}

#[test]
fn whatever_is_planted_is_found() {
    let change = |index: usize, event: Event| {
        let mut history = history();
        history[index] = event;
        history
    };
    let without = |index: usize| {
        let mut history = history();
        history.remove(index);
        history
    };
    let twice = [history(), vec![history().remove(1)]].concat();
    let cases: &[(&str, Vec<Event>, &str)] = &[
        ("an amount", change(1, settled(6, 0, "XOF", &[(1, -30, 70), (2, 31, 31)])), "do not sum to zero"),
        ("a balance", change(2, settled(6, 1, "XOF", &[(1, -20, 50), (2, 20, 51)])), "newest event says 51"),
        ("a lost event", without(1), "was moved by 80, but its newest event says 50"),
        ("an event twice", twice, "was moved by 80, but its newest event says 50"),
        ("a swap of order", change(1, settled(7, 0, "XOF", &[(1, -30, 70), (2, 30, 30)])), "newest event says 70"),
    ];
    for (what, history, sentence) in cases {
        for whole in [true, false] {
            let faults = books(history).faults(whole).join("; ");
            assert!(faults.contains(sentence), "{what}: {faults}");
        }
    }
}

#[test]
fn currencies_are_kept_apart() {
    let mut history = history();
    history.push(settled(8, 0, "EUR", &[(10, -250, -250), (11, 251, 251)]));
    let books = books(&history);
    let euro: Currency = "EUR".parse().unwrap();
    assert_eq!(books.sums(), Sums::from([(Currency::XOF, 0), (euro, 1)]));
    assert_eq!(decimal(books.sums()[&euro], euro), "0.01");
}
