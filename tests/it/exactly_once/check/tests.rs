//! The checker on a small bank: nothing is wrong with it, until a case makes one thing wrong.

mod bank;
mod held;
mod many;

use super::super::chain::Chain;
use super::super::evidence::Evidence;
use super::super::history::{Call, Outcome};
use super::{Kind, check};
use bank::*;
use schemas::{Commit, Event, EventId, Fact, PaymentKind, Role, Transaction, TransactionId};

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

fn chain(evidence: &mut Evidence) -> &mut Chain {
    evidence.chain.as_mut().expect("the bank has one")
}

/// One thing that is wrong, the finding that it must lead to, and how it comes about.
type Case = (&'static str, Kind, fn(&mut Evidence));

const CASES: &[Case] = &[
    ("an answer without a decision", Kind::LostDecision, |bank| unsay(bank, 5)),
    ("a record that was altered after it was signed", Kind::ChainDiffers, |bank| bank.log.events[2].datum.push(0)),
    ("an epoch that is not in the chain", Kind::ChainDiffers, |bank| drop(chain(bank).table.remove(2))),
    ("the last epoch not in the chain", Kind::ChainDiffers, |bank| drop(chain(bank).table.pop())),
    ("another root", Kind::ChainDiffers, |bank| chain(bank).table[1].0.root = "ab".repeat(32)),
    ("leaves that were swapped", Kind::ChainDiffers, |bank| chain(bank).table[1].1.swap(0, 1)),
    ("a link twice in the topic", Kind::ChainDiffers, |bank| {
        let again = chain(bank).topic[1].clone();
        chain(bank).topic.insert(1, again);
    }),
    ("a topic that lacks a link", Kind::ChainDiffers, |bank| drop(chain(bank).topic.pop())),
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
        *outcome(bank, 11) = Outcome::Transaction { settled: true, minor: 301, fee: 0, epoch: 13, as_of: 15 };
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
        *outcome(bank, 11) = Outcome::Transaction { settled: true, minor: 300, fee: 0, epoch: 13, as_of: 14 };
    }),
    ("a view older than an epoch that was asked for", Kind::MissedWrite, |bank| {
        *outcome(bank, 10) = Outcome::Balance { minor: 0, held: 0, available: 0, as_of: 12 };
    }),
    ("a view older than a command that was asked for", Kind::MissedWrite, |bank| {
        *outcome(bank, 4) = Outcome::Balance { minor: 0, held: 0, available: 0, as_of: 11 };
    }),
    ("an operation that is gone", Kind::MissedWrite, |bank| *outcome(bank, 6) = Outcome::Missing),
    ("a transaction that is gone", Kind::MissedWrite, |bank| *outcome(bank, 11) = Outcome::Missing),
    ("a balance that is no sum", Kind::WrongBalance, |bank| {
        *outcome(bank, 10) = Outcome::Balance { minor: 301, held: 0, available: 301, as_of: 15 };
    }),
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
        let zombie = Commit { generation: 0, epochs: Vec::new(), detection: 0 };
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
    ("rules that were not in force", Kind::JournalDiffers, |bank| match &mut bank.log.journal[0] {
        schemas::Entry::Commit(commit) => commit.epochs[3].binding.code_version = 2,
        schemas::Entry::Claim(_) => unreachable!("it is a commit"),
    }),
    ("a row that is missing", Kind::RowsDiffer, |bank| drop(bank.rows.tables.get_mut("posting").unwrap().pop_first())),
    ("a row too many", Kind::RowsDiffer, |bank| {
        drop(bank.rows.tables.get_mut("refusal").unwrap().insert("x".to_owned(), String::new()));
    }),
    ("a row that differs", Kind::RowsDiffer, |bank| bank.rows.tables.get_mut("account").unwrap().values_mut().for_each(String::clear)),
    ("a sum of the volume that is too large", Kind::RowsDiffer, |bank| {
        bank.rows.tables.get_mut("volume").unwrap().values_mut().for_each(|row| row.insert(0, '1'));
    }),
    ("a turnover that nobody had", Kind::RowsDiffer, |bank| {
        bank.rows.tables.get_mut("turnover").unwrap().insert("0 XOF x deposit".to_owned(), "1 1 1".to_owned());
    }),
    ("a position of accounts that there are not", Kind::RowsDiffer, |bank| {
        bank.rows.tables.get_mut("position").unwrap().values_mut().for_each(|row| row.insert(0, '1'));
    }),
    ("liabilities that are missing", Kind::RowsDiffer, |bank| drop(bank.rows.tables.get_mut("liability").unwrap().pop_first())),
    ("a customer who was active twice", Kind::RowsDiffer, |bank| {
        bank.rows.tables.get_mut("activity").unwrap().values_mut().for_each(|row| row.insert(0, '2'));
    }),
    ("commands that waited otherwise than the journal says", Kind::JournalDiffers, |bank| match &mut bank.log.journal[0] {
        schemas::Entry::Commit(commit) => commit.epochs[1].waited.push(schemas::Waited { over_ms: 5, count: 1 }),
        schemas::Entry::Claim(_) => unreachable!("it is a commit"),
    }),
    ("a latency that nothing had", Kind::RowsDiffer, |bank| {
        bank.rows.tables.entry("latency").or_default().insert("day 0 5".to_owned(), "1 1".to_owned());
    }),
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
