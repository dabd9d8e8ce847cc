//! Rows: Postgres holds what the events say, row by row, no more and no less.

use super::super::evidence::{Rows, Table};
use super::{Case, Findings, Kind};
use schemas::{Epoch, Event, Fact};
use std::collections::BTreeMap;

/// Most differences that are told of one table.
const TOLD_MAX: usize = 5;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let rows = &case.evidence.rows;
    if let Some(last) = case.events.last().map(|recorded| recorded.event.epoch)
        && last >= rows.upper
    {
        findings.add(Kind::RowsDiffer, format!("the views end before epoch {}, and the last event is of {last}", rows.upper));
    }
    let expected = derive(case.events.iter().map(|recorded| &recorded.event).filter(|event| event.epoch < rows.upper));
    let none = Table::new();
    for table in Rows::TABLES {
        let (found, expected) = (rows.tables.get(table).unwrap_or(&none), expected.get(table).unwrap_or(&none));
        let missing = expected.keys().filter(|key| !found.contains_key(*key)).map(|key| format!("{table} lacks {key}"));
        let extra = found.keys().filter(|key| !expected.contains_key(*key)).map(|key| format!("{table} has {key}, which no event says"));
        let other = expected.iter().filter_map(|(key, row)| {
            found.get(key).filter(|other| *other != row).map(|other| format!("{table} {key} is {other}, and the event says {row}"))
        });
        missing.chain(extra).chain(other).take(TOLD_MAX).for_each(|sentence| findings.add(Kind::RowsDiffer, sentence));
    }
}

/// What the tables must hold. An event that is there twice would be two rows.
pub(crate) fn derive<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeMap<&'static str, Table> {
    let mut tables: BTreeMap<&'static str, Table> = BTreeMap::new();
    let mut add = |table, key: String, row: String| {
        let rows = tables.entry(table).or_default();
        let key = if rows.contains_key(&key) { format!("{key} again") } else { key };
        rows.insert(key, row);
    };
    let (mut epoch, mut number): (Epoch, i32) = (0, 0);
    for event in events {
        if event.epoch != epoch {
            (epoch, number) = (event.epoch, 0);
        }
        let command = event.cause.command_id;
        match &event.fact {
            Fact::CustomerCreated(customer) => {
                add("customer", customer.id.to_string(), format!("{} {command} {epoch}", customer.full_name));
            }
            Fact::AccountOpened(account) => {
                let holder = account.customer_id.map_or_else(|| "house".to_owned(), |id| id.to_string());
                add("account", account.id.to_string(), format!("{holder} {} {} {command} {epoch}", account.role, account.currency));
            }
            Fact::Transaction(transaction) => {
                let reason = transaction.refusal.map_or("none", |refusal| refusal.as_str());
                let row = format!(
                    "{} {} {} {} {} {} {reason} {command} {} {epoch}",
                    transaction.kind,
                    transaction.status(),
                    transaction.account_debit,
                    transaction.account_credit,
                    transaction.amount.minor,
                    transaction.amount.currency,
                    event.id,
                );
                add("transaction", transaction.id.to_string(), row);
                for posting in &transaction.postings {
                    let row = format!("{} {} {}", transaction.id, posting.amount_minor, posting.balance_minor);
                    add("posting", format!("{} {epoch} {number}", posting.account), row);
                    number += 1;
                }
            }
            Fact::StatusChanged(changed) => {
                let (account, change, status) = (changed.id, changed.change, changed.change.status());
                add("account_status", event.id.to_string(), format!("{command} {account} {change} {status} {epoch}"));
            }
            Fact::RulesActivated { version } => add("rules_activation", event.id.to_string(), format!("{command} {version} {epoch}")),
            Fact::Refused { operation, refusal } => {
                add("refusal", event.id.to_string(), format!("{command} {operation} {refusal} {epoch}"))
            }
            Fact::Repeated(_) => {}
        }
    }
    tables
}
