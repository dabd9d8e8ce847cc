//! Orders, again from the events alone: each is scheduled once, waits for its day, ends once, and names the transaction in which it ends.

use super::{Faults, goes_up};
use schemas::order::{DATED_MS_MAX, ORDERS_MAX};
use schemas::{AccountId, CommandId, Dated, Epoch, Event, OrderChange, OrderChanged, OrderId, Position, Transaction};
use std::collections::HashMap;

/// Orders that wait.
pub(super) struct Orders {
    /// The first epoch that is seen whole; 0 if all of history is.
    from: Epoch,
    waiting: HashMap<OrderId, Waiting>,
    of_payer: HashMap<AccountId, u32>,
    /// An order that has ended in a transaction which is to come.
    ended: Option<OrderChanged>,
    last: Option<OrderId>,
}

struct Waiting {
    scheduled: OrderChanged,
    command: CommandId,
    position: Position,
}

impl Orders {
    /// Of a history that begins with an epoch.
    pub(super) fn new(from: Epoch) -> Self {
        Self { from, waiting: HashMap::new(), of_payer: HashMap::new(), ended: None, last: None }
    }

    /// Something happened to an order.
    pub(super) fn take(&mut self, event: &Event, changed: &OrderChanged, faults: &mut Faults) {
        self.end(faults);
        let (id, epoch) = (changed.id, event.epoch);
        let right = match (changed.change, changed.dated) {
            (OrderChange::Scheduled, Dated::ExecuteAt(execute_at)) => {
                self.schedule(event, changed, faults);
                execute_at > epoch && execute_at <= epoch + DATED_MS_MAX && changed.transaction_id.is_none()
            }
            (OrderChange::Cancelled, Dated::ExecuteAt(_)) => {
                self.close(event, changed, faults);
                changed.transaction_id.is_none()
            }
            (OrderChange::Executed | OrderChange::Failed, Dated::ExecuteAt(execute_at)) => {
                if let Some(waiting) = self.close(event, changed, faults)
                    && (waiting.command.item(0), waiting.position) != (event.cause.command_id, event.cause.position)
                {
                    faults.add(|| format!("event {} ends order {id} in another name than that of its command", event.id));
                }
                self.ended = Some(changed.clone());
                epoch >= execute_at
            }
            (OrderChange::Executed, Dated::EffectiveAt(effective_at)) => {
                goes_up(faults, &mut self.last, id, "order");
                self.ended = Some(changed.clone());
                let number = changed.transaction_id.and_then(schemas::TransactionId::minted);
                effective_at <= epoch && effective_at + DATED_MS_MAX >= epoch && number.is_some() && number == id.minted()
            }
            (OrderChange::Scheduled | OrderChange::Failed | OrderChange::Cancelled, Dated::EffectiveAt(_)) => false,
        };
        if !right {
            faults.add(|| format!("event {} says {} of order {id} out of its time", event.id, changed.change));
        }
    }

    fn schedule(&mut self, event: &Event, changed: &OrderChanged, faults: &mut Faults) {
        let id = changed.id;
        goes_up(faults, &mut self.last, id, "order");
        if id.epoch() != Some(event.epoch) {
            faults.add(|| format!("event {} makes order {id}, which is of another epoch", event.id));
        }
        let count = self.of_payer.entry(changed.account_debit).or_default();
        *count += 1;
        if *count > ORDERS_MAX {
            let payer = changed.account_debit;
            faults.add(|| format!("event {} makes order {id}, and more than {ORDERS_MAX} of account {payer} wait", event.id));
        }
        let cause = &event.cause;
        self.waiting.insert(id, Waiting { scheduled: changed.clone(), command: cause.command_id, position: cause.position });
    }

    /// An order waits no longer.
    fn close(&mut self, event: &Event, changed: &OrderChanged, faults: &mut Faults) -> Option<Waiting> {
        let (id, change) = (changed.id, changed.change);
        let Some(waiting) = self.waiting.remove(&id) else {
            if id.epoch().is_none_or(|epoch| epoch >= self.from) {
                faults.add(|| format!("event {} says {change} of order {id}, which does not wait", event.id));
            }
            return None;
        };
        let told = OrderChanged { change: OrderChange::Scheduled, transaction_id: None, ..changed.clone() };
        if told != waiting.scheduled {
            faults.add(|| format!("event {} says another payment of order {id} than was ordered", event.id));
        }
        let count = self.of_payer.entry(changed.account_debit).or_default();
        *count = count.saturating_sub(1);
        Some(waiting)
    }

    /// A payment was decided: that of an order which ended a moment ago, or another.
    pub(super) fn pay(&mut self, transaction: &Transaction, faults: &mut Faults) {
        let Some(ended) = self.ended.take() else { return };
        let paid = |of: &OrderChanged| (of.kind, of.channel, of.account_debit, of.account_credit, of.amount);
        let Transaction { id, kind, channel, account_debit, account_credit, amount, .. } = *transaction;
        let change = if transaction.refusal.is_none() { OrderChange::Executed } else { OrderChange::Failed };
        let right = ended.transaction_id == Some(id) && ended.change == change && transaction.link.is_none();
        if !right || paid(&ended) != (kind, channel, account_debit, account_credit, amount) {
            faults.add(|| format!("transaction {id} is not that in which order {} ended", ended.id));
        }
    }

    /// Nothing comes any more, or something else.
    pub(super) fn end(&mut self, faults: &mut Faults) {
        if let Some(ended) = self.ended.take() {
            faults.add(|| format!("order {} is {}, and no transaction says so", ended.id, ended.change));
        }
    }
}
