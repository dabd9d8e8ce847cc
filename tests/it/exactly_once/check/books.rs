//! The books: debits equal credits and say what they ought to, balances add up, and nobody spends what is not theirs.

use super::{Case, Findings, Kind};
use schemas::account::HOUSE_FEES;
use schemas::{AccountId, AccountTerms, Epoch, Event, Fact, Link, PaymentKind, Policy, Role, Transaction};
use std::collections::BTreeMap;

/// The first version of the rules that goes by fees and by the terms of accounts.
const SINCE: u32 = 4;

/// What an account comes to, event by event.
#[derive(Default)]
struct Books {
    roles: BTreeMap<AccountId, Role>,
    balances: BTreeMap<AccountId, i64>,
    held: BTreeMap<AccountId, i64>,
    /// The floors that were set: from when on, and which; those of later epochs may be planned.
    floors: BTreeMap<AccountId, Vec<(Epoch, Option<i64>)>>,
    sums: BTreeMap<&'static str, i128>,
}

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let mut books = Books::default();
    for recorded in &case.events {
        let event = &recorded.event;
        // The rules by which the epoch was decided; where no journal says, those that bind least.
        let rules = case.epochs.get(&event.epoch).copied().unwrap_or(SINCE);
        match &event.fact {
            Fact::AccountOpened(account) => {
                if books.roles.insert(account.id, account.role).is_some() {
                    findings.add(Kind::DoubledDecision, format!("account {} is opened twice", account.id));
                }
            }
            Fact::Transaction(transaction) => {
                legs(transaction, rules, findings);
                books.post(transaction, event, rules, findings);
            }
            Fact::HoldChanged(held) => {
                let whole_minor = held.amount.minor.saturating_add(held.fee_minor);
                let reserved = held.change.begins();
                let account = held.account_debit;
                let total = books.held.entry(account).or_default();
                *total = total.saturating_add(if reserved { whole_minor } else { -whole_minor });
                if *total < 0 {
                    findings.add(Kind::WrongBalance, format!("event {} leaves {account} with {total} held", event.id));
                }
                if reserved {
                    books.covered(account, event, rules, findings);
                }
            }
            Fact::PolicyChanged(policy) => {
                if let Policy::Terms(terms) = &**policy {
                    books.set(terms, event.epoch);
                }
            }
            Fact::CustomerCreated(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::BatchDecided(_)
            | Fact::OrderChanged(_)
            | Fact::AmlChanged(_)
            | Fact::ListChanged(_)
            | Fact::PartyChanged(_)
            | Fact::Diligence(_)
            | Fact::Assessed(_)
            | Fact::Refused { .. }
            | Fact::Repeated(_) => {}
        }
    }
    for (currency, sum) in books.sums.into_iter().filter(|(_, sum)| *sum != 0) {
        findings.add(Kind::BooksUnbalanced, format!("all postings in {currency} sum to {sum}"));
    }
}

impl Books {
    fn post(&mut self, transaction: &Transaction, event: &Event, rules: u32, findings: &mut Findings) {
        for posting in &transaction.postings {
            let balance = self.balances.entry(posting.account).or_default();
            *balance = balance.saturating_add(posting.amount_minor);
            *self.sums.entry(transaction.amount.currency.code()).or_default() += i128::from(posting.amount_minor);
            if *balance != posting.balance_minor {
                let sentence = format!(
                    "transaction {} leaves {} with {}, and its postings sum to {balance}",
                    transaction.id, posting.account, posting.balance_minor
                );
                findings.add(Kind::WrongBalance, sentence);
            }
            // What is captured was set aside before, when the floor may have been another.
            let was_held = matches!(transaction.link, Some(Link::Hold(_)));
            if posting.amount_minor < 0 && !was_held {
                self.covered(posting.account, event, rules, findings);
            }
        }
    }

    fn set(&mut self, terms: &AccountTerms, epoch: Epoch) {
        let from = terms.effective_from.unwrap_or(epoch);
        let floors = self.floors.entry(terms.account_id).or_default();
        floors.retain(|(planned, _)| *planned < from);
        floors.push((from, terms.floor_minor));
    }

    /// What is left to spend after money went or was set aside is not below the floor.
    fn covered(&self, account: AccountId, event: &Event, rules: u32, findings: &mut Findings) {
        if self.roles.get(&account) == Some(&Role::House) {
            return;
        }
        let set = self.floors.get(&account).and_then(|floors| floors.iter().rfind(|(from, _)| *from <= event.epoch));
        let floor = set.and_then(|(_, floor)| *floor).filter(|_| rules >= SINCE).unwrap_or(0);
        let of = |minor: &BTreeMap<AccountId, i64>| minor.get(&account).copied().unwrap_or(0);
        let available = of(&self.balances).saturating_sub(of(&self.held));
        if available < floor {
            let sentence = format!("event {} leaves {account} with {available} to spend, and its floor is {floor}", event.id);
            findings.add(Kind::NegativeBalance, sentence);
        }
    }
}

/// A payment that settled debits one and credits the other, and the house what one of them bore; one that failed moves nothing.
fn legs(transaction: &Transaction, rules: u32, findings: &mut Findings) {
    let (minor, fee) = (transaction.amount.minor, transaction.fee_minor);
    let (debit, credit) = (transaction.account_debit, transaction.account_credit);
    let fees = AccountId::house(HOUSE_FEES, transaction.amount.currency);
    let expected = match (transaction.refusal, transaction.kind) {
        (Some(_), _) => [Vec::new(), Vec::new()],
        (None, _) if fee == 0 => [vec![(debit, -minor), (credit, minor)], Vec::new()],
        (None, PaymentKind::Reversal) => {
            [vec![(debit, -minor), (credit, minor + fee), (fees, -fee)], vec![(debit, fee - minor), (credit, minor), (fees, -fee)]]
        }
        (None, _) => [vec![(debit, -minor - fee), (credit, minor), (fees, fee)], vec![(debit, -minor), (credit, minor - fee), (fees, fee)]],
    };
    let found: Vec<_> = transaction.postings.iter().map(|posting| (posting.account, posting.amount_minor)).collect();
    let fits = expected.contains(&found) && (transaction.refusal.is_some() || !found.is_empty());
    let is_due = fee == 0 || (fee > 0 && rules >= SINCE && transaction.refusal.is_none());
    if !fits || !is_due {
        findings.add(Kind::BooksUnbalanced, format!("transaction {} of {minor} with a fee of {fee} posts {found:?}", transaction.id));
    }
}
