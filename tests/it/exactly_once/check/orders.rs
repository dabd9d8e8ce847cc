//! Orders: each waits for its day and ends then, once and in the transaction that it names; and a payment that counts from an earlier
//! day says so.

use super::{Case, Findings, Kind, PartOf};
use crate::exactly_once::evidence::Recorded;
use schemas::{Dated, Epoch, Event, Fact, OrderChange, OrderChanged, OrderId, Transaction};
use std::collections::BTreeMap;

/// The first version of the rules by which orders are executed.
const SINCE: u32 = 5;

/// An order, and how it stands.
struct Ordered<'a> {
    scheduled: &'a Event,
    first: &'a OrderChanged,
    ended: Option<OrderChange>,
}

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let mut orders: BTreeMap<OrderId, Ordered<'_>> = BTreeMap::new();
    // The last that ended in a transaction, which comes right behind it.
    let mut paying: Option<(&Event, &OrderChanged)> = None;
    for recorded in &case.events {
        let event = &recorded.event;
        if let Some((said, order)) = paying.take()
            && let Err(wrong) = pays(said, order, event)
        {
            findings.add(Kind::OrderDiffers, format!("order {} is {}, and {wrong}", order.id, order.change));
        }
        match &event.fact {
            Fact::OrderChanged(order) => {
                if let Err(wrong) = changes(case, &mut orders, recorded, order) {
                    findings.add(Kind::OrderDiffers, format!("event {} says {} of order {}: {wrong}", event.id, order.change, order.id));
                }
                if matches!(order.change, OrderChange::Executed | OrderChange::Failed) {
                    paying = Some((event, order));
                }
            }
            Fact::Transaction(transaction) if matches!(case.part(recorded), Some(PartOf::Order(_))) => {
                if !orders.values().any(|order| order.ended.is_some() && order.scheduled.cause.position == event.cause.position) {
                    findings.add(Kind::OrderDiffers, format!("transaction {} is of an order that has not ended", transaction.id));
                }
            }
            Fact::Transaction(_)
            | Fact::CustomerCreated(_)
            | Fact::AccountOpened(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::HoldChanged(_)
            | Fact::PolicyChanged(_)
            | Fact::BatchDecided(_)
            | Fact::AmlChanged(_)
            | Fact::ListChanged(_)
            | Fact::PartyChanged(_)
            | Fact::Diligence(_)
            | Fact::Assessed(_)
            | Fact::Refused { .. }
            | Fact::Repeated(_) => {}
        }
    }
    if let Some((_, order)) = paying {
        findings.add(Kind::OrderDiffers, format!("order {} is {}, and nothing was said after that", order.id, order.change));
    }
    for (id, order) in orders {
        if let (None, Some(due)) = (order.ended, order.first.dated.execute_at().and_then(|at| due(case, at))) {
            findings.add(Kind::OrderDiffers, format!("order {id} waits, and it was due in epoch {due}"));
        }
    }
}

/// The first epoch from a moment on in which orders are executed.
fn due(case: &Case<'_>, at: Epoch) -> Option<Epoch> {
    case.epochs.range(at..).find(|(_, rules)| **rules >= SINCE).map(|(epoch, _)| *epoch)
}

/// A change of an order; what is wrong with it, if something is.
fn changes<'a>(
    case: &Case<'_>,
    orders: &mut BTreeMap<OrderId, Ordered<'a>>,
    recorded: &'a Recorded,
    order: &'a OrderChanged,
) -> Result<(), String> {
    let event = &recorded.event;
    let right = match (order.change, order.dated) {
        (OrderChange::Scheduled, Dated::ExecuteAt(at)) => {
            let is_new = orders.insert(order.id, Ordered { scheduled: event, first: order, ended: None }).is_none();
            is_new && at > event.epoch && order.transaction_id.is_none()
        }
        (OrderChange::Executed, Dated::EffectiveAt(at)) => at <= event.epoch && !orders.contains_key(&order.id),
        (change, Dated::ExecuteAt(at)) => {
            let Some(known) = orders.get_mut(&order.id) else { return Err("it was never scheduled".to_owned()) };
            if let Some(before) = known.ended.replace(change) {
                return Err(format!("it was {before} before"));
            }
            let OrderChanged { id, change: first, transaction_id: none, .. } = *known.first;
            if (OrderChanged { id, change: first, transaction_id: none, ..order.clone() }) != *known.first {
                return Err(format!("it is not about {:?}", known.first));
            }
            let (cause, of) = (&event.cause, &known.scheduled.cause);
            if change == OrderChange::Cancelled {
                order.transaction_id.is_none()
            } else {
                due(case, at) == Some(event.epoch) && (cause.command_id, cause.position) == (of.command_id.item(0), of.position)
            }
        }
        (_, Dated::EffectiveAt(_)) => false,
    };
    if right { Ok(()) } else { Err(format!("in epoch {}, of {}: {order:?}", event.epoch, event.cause.command_id)) }
}

/// The event behind the end of an order is its transaction; what is wrong with it, if something is.
fn pays(said: &Event, order: &OrderChanged, event: &Event) -> Result<(), String> {
    let Fact::Transaction(transaction) = &event.fact else { return Err(format!("event {} is no transaction", event.id)) };
    let Transaction { id, kind, channel, account_debit, account_credit, amount, refusal, link, .. } = transaction;
    let paid = (*kind, *channel, *account_debit, *account_credit, *amount);
    let right = (order.transaction_id, order.change == OrderChange::Failed) == (Some(*id), refusal.is_some())
        && paid == (order.kind, order.channel, order.account_debit, order.account_credit, order.amount)
        && link.is_none()
        && (said.epoch, &said.cause) == (event.epoch, &event.cause);
    if right { Ok(()) } else { Err(format!("transaction {id} is not what it says")) }
}
