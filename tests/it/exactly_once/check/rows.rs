//! Rows: Postgres holds what the events say, row by row, no more and no less.

use super::super::evidence::{Rows, Table};
use super::{Case, Findings, Kind, aggregates, latency, positions};
use schemas::diligence::CaseChanged;
use schemas::{Epoch, Event, Fact, Link, Policy, Told, Transaction, resource};
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
    let mut expected = derive(case.events.iter().map(|recorded| &recorded.event).filter(|event| event.epoch < rows.upper));
    let said = latency::said(&case.evidence.log.journal).filter(|(epoch, _)| *epoch < rows.upper);
    expected.insert("latency", latency::table(said));
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
    let events: Vec<&Event> = events.collect();
    let (mut epoch, mut number): (Epoch, i32) = (0, 0);
    for event in events.iter().copied() {
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
                let link = match transaction.link {
                    None => String::new(),
                    Some(Link::Hold(id)) => format!("{id} "),
                    Some(Link::Original(id)) => format!("{id} "),
                };
                let row = format!(
                    "{} {} {} {} {} {} {} {} {reason} {link}{}{command} {} {epoch}",
                    transaction.kind,
                    transaction.status(),
                    transaction.account_debit,
                    transaction.account_credit,
                    transaction.amount.minor,
                    transaction.fee_minor,
                    transaction.amount.currency,
                    transaction.channel,
                    bearer(transaction),
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
            Fact::HoldChanged(held) => {
                let whole_minor = held.amount.minor.saturating_add(held.fee_minor);
                let held_minor = if held.change.begins() { whole_minor } else { -whole_minor };
                let row = format!(
                    "{command} {} {} {} {} {} {} {} {} {} {held_minor} {} {} {epoch}",
                    held.id,
                    held.change,
                    held.kind,
                    held.channel,
                    held.account_debit,
                    held.account_credit,
                    held.amount.minor,
                    held.fee_minor,
                    held.amount.currency,
                    if held.open { "t" } else { "f" },
                    held.expires_at,
                );
                add("hold_change", event.id.to_string(), row);
            }
            Fact::PolicyChanged(policy) => {
                let (table, row) = set(policy, event);
                add(table, event.id.to_string(), row);
            }
            // What was only tried leaves nothing.
            Fact::BatchDecided(decided) if decided.dry_run => {}
            Fact::BatchDecided(decided) => {
                let (mode, count, reason) = (decided.mode, decided.outcomes.len(), decided.undone_by().map(|(_, refusal)| refusal));
                add("batch", command.to_string(), format!("{} {mode} {count} {} {epoch}", event.id, text(reason)));
                for (item, outcome) in decided.outcomes.iter().enumerate() {
                    let (transaction, hold) = (text(outcome.transaction_id), text(outcome.hold_id));
                    let row = format!("{} {transaction} {hold} {} {} {epoch}", outcome.status, outcome.fee_minor, text(outcome.refusal));
                    add("batch_item", format!("{command} {item}"), row);
                }
            }
            Fact::OrderChanged(order) => {
                let row = format!(
                    "{command} {} {} {} {} {} {} {} {} {} {} {} {epoch}",
                    order.id,
                    order.change,
                    order.kind,
                    order.channel,
                    order.account_debit,
                    order.account_credit,
                    order.amount.minor,
                    order.amount.currency,
                    text(order.dated.execute_at()),
                    text(order.dated.effective_at()),
                    text(order.transaction_id),
                );
                add("order_change", event.id.to_string(), row);
            }
            Fact::RulesActivated { version } => add("rules_activation", event.id.to_string(), format!("{command} {version} {epoch}")),
            Fact::Refused { operation, refusal } => {
                add("refusal", event.id.to_string(), format!("{command} {operation} {refusal} {epoch}"))
            }
            // Risk opens cases about what it finds.
            Fact::Diligence(told) => {
                if let Told::Case(changed) = &**told {
                    add("case_change", event.id.to_string(), case_change(changed, event));
                }
            }
            // No client sets rules against fraud, or freezes anybody.
            Fact::AmlChanged(_) | Fact::PartyChanged(_) | Fact::ListChanged(_) => {}
            Fact::Assessed(_) | Fact::Repeated(_) => {}
        }
    }
    tables.insert("volume", aggregates::volume_table(events.iter().copied()));
    tables.insert("turnover", aggregates::turnover_table(events.iter().copied()));
    tables.extend(positions::tables(&events));
    tables
}

/// The row of what happened to a case.
fn case_change(changed: &CaseChanged, event: &Event) -> String {
    let opened = changed.opened;
    let about = opened.map(|opened| opened.about).unwrap_or_default();
    let named = [
        text(opened.map(|opened| opened.kind)),
        text(about.customer_id),
        text(about.account_id),
        text(about.alert_id),
        text(about.hold_id),
        text(opened.and_then(|opened| opened.due_at)),
        text(opened.map(|opened| opened.escalation)),
        text(changed.previous.as_ref()),
        text(changed.value.as_ref()),
        text(changed.outcome),
        text(changed.level),
        changed.by.clone(),
        text(changed.reason.as_ref()),
    ];
    let (command, epoch) = (event.cause.command_id, event.epoch);
    format!("{command} {} {} {} {} {} {epoch}", changed.id, changed.change, changed.status, named.join(" "), changed.operation)
}

/// Who bore the fee of a payment, if there was one: the payee, who got less, or the payer, who gave more. What is given back does not say.
fn bearer(transaction: &Transaction) -> &'static str {
    let got_all = transaction.postings.get(1).is_some_and(|leg| leg.amount_minor == transaction.amount.minor);
    match transaction.link {
        Some(Link::Original(_)) => "",
        _ if transaction.fee_minor == 0 => "",
        _ if got_all => "payer ",
        _ => "payee ",
    }
}

/// The table and the row of a policy that was set.
fn set(policy: &Policy, event: &Event) -> (&'static str, String) {
    let (command, epoch) = (event.cause.command_id, event.epoch);
    let from = policy.effective(epoch);
    match policy {
        Policy::Level(set) => ("customer_level", format!("{command} {} {} {epoch}", set.customer_id, set.level)),
        Policy::Terms(set) => {
            let limits = json(&resource::Limits::of(&set.limits, set.currency));
            let floor = text(set.floor_minor);
            ("account_terms", format!("{command} {} {} {floor} {from} {epoch} {limits}", set.account_id, set.currency))
        }
        Policy::Limits(set) => {
            let limits = json(&resource::Limits::of(&set.limits, set.currency));
            ("level_limits", format!("{command} {} {} {from} {epoch} {limits}", set.level, set.currency))
        }
        Policy::Tariff(set) => {
            let named = [
                text(set.operation),
                text(set.channel),
                text(set.account_type),
                text(set.level),
                set.bearer.to_string(),
                text(set.min_minor),
                text(set.max_minor),
                set.free_per_month.to_string(),
            ];
            let (named, to) = (named.join(" "), text(set.effective_to));
            let tiers = json(&resource::Tariff::of(set, epoch).tiers);
            ("tariff", format!("{command} {} f {} {named} {from} {to} {epoch} {tiers}", set.code, set.currency))
        }
        Policy::TariffEnd(end) => {
            let none = ["none"; 8].join(" ");
            ("tariff", format!("{command} {} t {none} {from} none {epoch} null", end.code))
        }
    }
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn json(shown: &impl serde::Serialize) -> String {
    let mut json = serde_json::to_value(shown).expect("a resource is plain data");
    json.sort_all_objects();
    json.to_string()
}
