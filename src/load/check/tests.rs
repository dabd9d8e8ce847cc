//! Differences between the two books are found and named.

use super::*;
use schemas::{AccountId, Cause, Channel, CommandId, Event, EventId, Fact, Money, PaymentKind, Position, Posting, Transaction};
use std::collections::HashMap;
use uuid::Uuid;

const HOUSE: u32 = 0;
const PAYEE: u32 = 1;

fn account(number: u32) -> AccountId {
    AccountId::mint(1, number)
}

fn books() -> Books {
    let posting = |number, amount_minor| Posting { account: account(number), amount_minor, balance_minor: amount_minor };
    let transaction = Transaction {
        id: TransactionId::mint(5, 0),
        kind: PaymentKind::Deposit,
        account_debit: account(HOUSE),
        account_credit: account(PAYEE),
        amount: Money { minor: 100, currency: Currency::XOF },
        fee_minor: 0,
        channel: Channel::Wallet,
        refusal: None,
        link: None,
        postings: vec![posting(HOUSE, -100), posting(PAYEE, 100)],
    };
    let cause = Cause { command_id: CommandId(Uuid::nil()), position: Position { partition: 0, offset: 0 }, traceparent: String::new() };
    let mut books = Books::default();
    books.enter(&Event { id: EventId::mint(5, 0), epoch: 5, cause, fact: Fact::Transaction(transaction) });
    books
}

/// Views with as many transactions, and balances that are the sum of their postings.
fn views(settled: u64, balances: &[(u32, i64)]) -> Views {
    let balance = |minor| Balance { currency: Currency::XOF, minor, moved_minor: minor };
    let balances: HashMap<_, _> = balances.iter().map(|(number, minor)| (account(*number), balance(*minor))).collect();
    Views { upper: 6, settled, moved: settled, balances }
}

#[test]
fn equal_books_have_no_faults_and_every_difference_is_one() {
    let even = || views(1, &[(HOUSE, -100), (PAYEE, 100)]);
    let mut adrift = even();
    adrift.balances.entry(account(PAYEE)).and_modify(|balance| balance.moved_minor = 70);
    let cases: &[(Views, &[&str])] = &[
        (even(), &[]),
        (views(2, &[(HOUSE, -100), (PAYEE, 100)]), &["Kafka has 1 settled transactions, Postgres 2"]),
        (Views { moved: 3, ..even() }, &["shows 1 settled transactions, but has postings of 3"]),
        (adrift, &["has 100 XOF in Postgres, but its postings there sum to 70 XOF"]),
        (views(1, &[(HOUSE, -100), (PAYEE, 90)]), &["Postgres sum to -10 XOF", "has 100 XOF by its events, but 90 XOF in Postgres"]),
        (views(1, &[(HOUSE, -100)]), &["Postgres sum to -100 XOF", "has 100 XOF by its events, but nothing in Postgres"]),
        (views(1, &[(HOUSE, -100), (PAYEE, 100), (2, 0)]), &["no event moved it"]),
    ];
    for (views, expected) in cases {
        let faults = compare(true, &books(), views);
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, expected) in faults.iter().zip(*expected) {
            assert!(fault.contains(expected), "{fault}");
        }
    }
    let beyond = views(9, &[(HOUSE, -100), (PAYEE, 100), (2, 0)]);
    assert!(compare(false, &books(), &beyond).is_empty(), "events may have left their topic; the views keep them");
}

#[test]
fn a_payment_without_a_judgement_is_off() {
    use super::super::drive::Outcome;
    let outcome = |row, code: &str| {
        let decision = Decision::Failed { code: code.to_owned(), detail: "it says".to_owned() };
        Outcome { row, sent: std::time::Instant::now(), answered: std::time::Instant::now(), decision }
    };
    let day = |outcomes| Day { outcomes, took: Duration::ZERO, views: Vec::new(), troubles: Vec::new() };
    assert!(misunderstood(&day(vec![outcome(0, "insufficient_funds")])).is_empty());
    let odd = misunderstood(&day(vec![outcome(3, "invalid_request")]));
    assert_eq!(odd, ["payment 3 was not judged, but answered with invalid_request: it says"]);
    let many = misunderstood(&day((0..20).map(|row| outcome(row, "unauthorized")).collect()));
    assert_eq!((many.len(), many[5].as_str()), (6, "and 15 more like these"));
    assert_eq!(unfinished(&day(vec![outcome(0, "insufficient_funds")]), 3), ["2 of 3 payments are not final"]);
}
