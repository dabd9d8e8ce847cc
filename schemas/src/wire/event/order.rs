//! What becomes of an order on the wire; the answer to the same order or cancellation that came again is the same record with the first
//! epoch filled.

use super::{epoch, money};
use crate::epoch::{Epoch, Position, rfc3339};
use crate::event::{Cause, Event, Fact, Repeat};
use crate::id::{AccountId, CommandId, EventId, OrderId, TransactionId};
use crate::money::Currency;
use crate::order::{Dated, OrderChange, OrderChanged};
use crate::transaction::{Channel, PaymentKind};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

event_record! {
    struct OrderUpdated {
        order_id: OrderId,
        change: OrderChange,
        operation: PaymentKind,
        channel: Channel,
        debit_account: AccountId,
        credit_account: AccountId,
        #[serde(borrow)]
        amount: Cow<'a, str>,
        currency: Currency,
        #[serde(default)]
        execute_at: Option<i64>,
        #[serde(default)]
        effective_at: Option<i64>,
        #[serde(default)]
        transaction_id: Option<TransactionId>,
        #[serde(default)]
        first_epoch: Option<i64>,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

pub(super) fn of<'a>(event: &'a Event, changed: &OrderChanged, first_epoch: Option<i64>) -> OrderUpdated<'a> {
    let moment = |epoch: Epoch| i64::try_from(epoch).expect("an order is dated within 400 days of its epoch");
    record!(OrderUpdated, event, {
        order_id: changed.id,
        change: changed.change,
        operation: changed.kind,
        channel: changed.channel,
        debit_account: changed.account_debit,
        credit_account: changed.account_credit,
        amount: Cow::Owned(changed.amount.to_string()),
        currency: changed.amount.currency,
        execute_at: changed.dated.execute_at().map(moment),
        effective_at: changed.dated.effective_at().map(moment),
        transaction_id: changed.transaction_id,
        first_epoch: first_epoch,
        updated_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

impl OrderUpdated<'_> {
    pub(in crate::wire) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let moment = |value: Option<i64>| value.map(epoch).transpose();
        let changed = OrderChanged {
            id: self.order_id,
            change: self.change,
            kind: self.operation,
            channel: self.channel,
            account_debit: self.debit_account,
            account_credit: self.credit_account,
            amount: money(&self.amount, self.currency)?,
            dated: dated(moment(self.execute_at)?, moment(self.effective_at)?)?,
            transaction_id: self.transaction_id,
        };
        if !fits(&changed) {
            return Err(format!("an order is not {} with these dates and this transaction", changed.change));
        }
        let fact = match (self.first_epoch, self.change) {
            (None, _) => Fact::OrderChanged(Box::new(changed)),
            (Some(first), OrderChange::Scheduled) => again("order", epoch(first)?, changed),
            (Some(first), OrderChange::Cancelled) => again("cancel_order", epoch(first)?, changed),
            (Some(_), OrderChange::Executed | OrderChange::Failed) => return Err(format!("no command is answered by {}", self.change)),
        };
        self.event(traceparent, fact)
    }
}

fn again(operation: &str, first_epoch: Epoch, first: OrderChanged) -> Fact {
    let first = Some(Fact::OrderChanged(Box::new(first)));
    Fact::Repeated(Box::new(Repeat { operation: operation.to_owned(), first_epoch, first }))
}

/// What orders can be: where one ended in a transaction it says which, and what counts from an earlier day has been executed.
fn fits(changed: &OrderChanged) -> bool {
    let (ended, at_once) = (changed.transaction_id.is_some(), changed.dated.effective_at().is_some());
    match changed.change {
        OrderChange::Scheduled | OrderChange::Cancelled => !ended && !at_once,
        OrderChange::Executed => ended,
        OrderChange::Failed => ended && !at_once,
    }
}

/// The date of an order, from the two fields of which one is filled.
pub(in crate::wire) fn dated(execute_at: Option<Epoch>, effective_at: Option<Epoch>) -> Result<Dated, String> {
    match (execute_at, effective_at) {
        (Some(epoch), None) => Ok(Dated::ExecuteAt(epoch)),
        (None, Some(epoch)) => Ok(Dated::EffectiveAt(epoch)),
        (None, None) | (Some(_), Some(_)) => Err("an order has execute_at or effective_at, one of them".to_owned()),
    }
}
