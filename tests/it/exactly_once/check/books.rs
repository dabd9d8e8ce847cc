//! The books: every decision does what its command asked, debits equal credits, and balances add up.

use super::{Case, Findings, Kind};
use schemas::{AccountId, Fact, Operation, Payment, Role, Transaction};
use std::collections::BTreeMap;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let mut roles: BTreeMap<AccountId, Role> = BTreeMap::new();
    let mut balances: BTreeMap<AccountId, i64> = BTreeMap::new();
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for recorded in &case.events {
        let event = &recorded.event;
        match &event.fact {
            Fact::AccountOpened(account) => {
                if roles.insert(account.id, account.role).is_some() {
                    findings.add(Kind::DoubledDecision, format!("account {} is opened twice", account.id));
                }
                if let Some(Operation::OpenAccount(open)) = case.decided(recorded).map(|command| &command.operation)
                    && (account.customer_id, account.role, account.currency, account.account_type)
                        != (Some(open.customer_id), open.role, open.currency, open.account_type)
                {
                    findings.add(Kind::BooksUnbalanced, format!("account {} is not what its command asked", account.id));
                }
            }
            Fact::Transaction(transaction) => {
                if let Some(Operation::Pay(payment)) = case.decided(recorded).map(|command| &command.operation) {
                    compare(payment, transaction, findings);
                }
                legs(transaction, findings);
                for posting in &transaction.postings {
                    let balance = balances.entry(posting.account).or_default();
                    *balance = balance.saturating_add(posting.amount_minor);
                    *sums.entry(transaction.amount.currency.code()).or_default() += i128::from(posting.amount_minor);
                    if *balance != posting.balance_minor {
                        let sentence = format!(
                            "transaction {} leaves {} with {}, and its postings sum to {balance}",
                            transaction.id, posting.account, posting.balance_minor
                        );
                        findings.add(Kind::WrongBalance, sentence);
                    }
                    if *balance < 0 && roles.get(&posting.account) != Some(&Role::House) {
                        findings.add(
                            Kind::NegativeBalance,
                            format!("transaction {} leaves {} with {balance}", transaction.id, posting.account),
                        );
                    }
                }
            }
            Fact::StatusChanged(changed) => {
                if let Some(Operation::ChangeStatus(asked)) = case.decided(recorded).map(|command| &command.operation)
                    && (changed.id, changed.change) != (asked.account_id, asked.change)
                {
                    findings.add(Kind::BooksUnbalanced, format!("the status of {} is not what its command asked", changed.id));
                }
            }
            Fact::CustomerCreated(_) | Fact::RulesActivated { .. } | Fact::Refused { .. } | Fact::Repeated(_) => {}
        }
    }
    for (currency, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
        findings.add(Kind::BooksUnbalanced, format!("all postings in {currency} sum to {sum}"));
    }
}

fn compare(payment: &Payment, transaction: &Transaction, findings: &mut Findings) {
    // A side that is not named is the house's cash.
    let cash = AccountId::house(schemas::account::HOUSE_CASH, payment.currency);
    let differs = payment.kind != transaction.kind
        || payment.amount_minor != transaction.amount.minor
        || payment.currency != transaction.amount.currency
        || payment.account_debit.unwrap_or(cash) != transaction.account_debit
        || payment.account_credit.unwrap_or(cash) != transaction.account_credit;
    if differs {
        findings.add(Kind::BooksUnbalanced, format!("transaction {} is not what its command asked", transaction.id));
    }
}

/// A payment that settled debits one and credits the other; one that failed moves nothing.
fn legs(transaction: &Transaction, findings: &mut Findings) {
    let minor = transaction.amount.minor;
    let expected = match transaction.refusal {
        None => vec![(transaction.account_debit, -minor), (transaction.account_credit, minor)],
        Some(_) => Vec::new(),
    };
    let found: Vec<_> = transaction.postings.iter().map(|posting| (posting.account, posting.amount_minor)).collect();
    if found != expected {
        findings.add(Kind::BooksUnbalanced, format!("transaction {} of {minor} posts {found:?}", transaction.id));
    }
}
