//! Orders: payments on a day to come, and payments that count from an earlier day.

use super::{Asking, Decision, Ledger, next, refused};
use crate::moved::Promised;
use crate::orders::Waiting;
use crate::permitted::permitted;
use crate::pins::{Effect, Pin};
use crate::rules;
use schemas::account::HOUSE_CASH;
use schemas::order::{DATED_MS_MAX, ORDERS_MAX};
use schemas::{
    Actor, CancelOrder, Cause, CommandId, Dated, Epoch, Event, Fact, Fingerprint, Money, Operation, Order, OrderChange, OrderChanged,
    OrderId, Payment, Refusal, Role, TransactionId,
};

impl Ledger {
    pub(super) fn order(&mut self, asking: Asking<'_>, order: &Order, events: &mut Vec<Event>) -> Decision {
        match order.dated {
            Dated::ExecuteAt(execute_at) => self.schedule(asking, &order.payment, execute_at, events),
            Dated::EffectiveAt(effective_at) => self.pay_back_dated(asking, &order.payment, effective_at, events),
        }
    }

    fn schedule(&mut self, asking: Asking<'_>, payment: &Payment, execute_at: Epoch, events: &mut Vec<Event>) -> Decision {
        if let Err(refusal) = self.check_schedule(asking, payment, execute_at) {
            return refused("order", refusal);
        }

        // From here the command must succeed.
        let (account_debit, account_credit) = self.sides(payment);
        if self.places([account_debit, account_credit], asking.near).contains(&None) {
            self.open_house(asking.cause, HOUSE_CASH, payment.currency, events);
        }
        let number = next(&mut self.numbers.transactions);
        let order = self.waiting(asking.cause, payment, number, execute_at);
        let told = order.told(OrderChange::Scheduled, None);
        self.orders.open(order);
        Decision { fact: Fact::OrderChanged(Box::new(told)), number, refusal: None, effect: Effect::None }
    }

    fn check_schedule(&self, asking: Asking<'_>, payment: &Payment, execute_at: Epoch) -> Result<(), Refusal> {
        let (debit, credit) = self.sides(payment);
        let places = self.places([debit, credit], asking.near);
        let cash = self.unopened_cash(payment.currency, places);
        let sides = self.check_parties(asking, payment, [debit, credit], places, cash.as_ref(), permitted)?;
        if execute_at <= self.epoch || execute_at > self.epoch + DATED_MS_MAX {
            return Err(Refusal::ExecutionDateOutOfRange);
        }
        // Only staff orders for the house, as many as it likes.
        let full = sides.payer.role != Role::House && self.orders.waiting(sides.payer.id) >= ORDERS_MAX;
        if full { Err(Refusal::OrdersFull) } else { Ok(()) }
    }

    /// A payment that is made now and counts from an earlier day: that it does is told before it.
    fn pay_back_dated(&mut self, asking: Asking<'_>, payment: &Payment, effective_at: Epoch, events: &mut Vec<Event>) -> Decision {
        let decision = match self.check_effective(asking, payment, effective_at) {
            Ok(()) => self.pay(Asking { may_wait: false, ..asking }, payment, events),
            // Who may ask for it has tried, and what is tried counts, as of a payment of now.
            Err(refusal)
                if refusal > Refusal::NotAuthorized && refusal != Refusal::EffectiveDateOutOfRange && self.is_assessed(payment) =>
            {
                self.pay(asking, payment, events)
            }
            Err(refusal) => self.unpaid(payment, refusal),
        };
        if decision.refusal.is_none() {
            let id = OrderId::mint(self.epoch, decision.number);
            let transaction_id = Some(TransactionId::mint(self.epoch, decision.number));
            let (account_debit, account_credit) = self.sides(payment);
            let told = OrderChanged {
                id,
                change: OrderChange::Executed,
                kind: payment.kind,
                channel: payment.channel,
                account_debit,
                account_credit,
                amount: Money { minor: payment.amount_minor, currency: payment.currency },
                dated: Dated::EffectiveAt(effective_at),
                transaction_id,
            };
            self.publish(asking.cause.clone(), Fact::OrderChanged(Box::new(told)), events);
        }
        decision
    }

    /// Only staff says that something counts from an earlier day. The day is looked at where that of an order to come is.
    fn check_effective(&self, asking: Asking<'_>, payment: &Payment, effective_at: Epoch) -> Result<(), Refusal> {
        if payment.amount_minor > 0 && !asking.actor.is_staff() {
            return Err(Refusal::NotAuthorized);
        }
        let (debit, credit) = self.sides(payment);
        let places = self.places([debit, credit], asking.near);
        let cash = self.unopened_cash(payment.currency, places);
        self.check_parties(asking, payment, [debit, credit], places, cash.as_ref(), permitted)?;
        let fits = (self.epoch.saturating_sub(DATED_MS_MAX)..=self.epoch).contains(&effective_at);
        if fits { Ok(()) } else { Err(Refusal::EffectiveDateOutOfRange) }
    }

    pub(super) fn cancel_order(&mut self, asking: Asking<'_>, cancel: CancelOrder) -> Decision {
        if let Err(refusal) = self.check_cancel(asking, cancel) {
            return refused("cancel_order", refusal);
        }

        // From here the command must succeed.
        let order = self.orders.close(cancel.order_id);
        let told = order.told(OrderChange::Cancelled, None);
        let effect = Effect::Promised(Promised {
            pin: 0,
            kind: order.kind,
            channel: order.channel,
            payer: self.accounts.place(order.payer),
            payee: self.accounts.place(order.payee),
            amount_minor: order.amount_minor,
            fee_minor: 0,
            expires_at: order.execute_at,
        });
        Decision { fact: Fact::OrderChanged(Box::new(told)), number: 0, refusal: None, effect }
    }

    fn check_cancel(&self, asking: Asking<'_>, cancel: CancelOrder) -> Result<(), Refusal> {
        let order = self.orders.get(cancel.order_id);
        let payer = order.and_then(|order| self.accounts.find(order.payer));
        if !payer.map_or(asking.actor.is_staff(), |payer| asking.may_act(payer)) {
            return Err(Refusal::NotAuthorized);
        }
        if order.is_some() { Ok(()) } else { Err(Refusal::OrderNotOpen) }
    }

    /// Makes the payments whose day has come, as many as an epoch takes. Rules that know no orders let them wait.
    pub(super) fn execute_orders(&mut self, events: &mut Vec<Event>) {
        if !rules::knows_orders(self.rules) {
            return;
        }
        // Who gave the order was asked for their right to when they gave it.
        let actor = Actor::Staff;
        for id in self.orders.due(self.epoch) {
            let order = self.orders.close(id).clone();
            let (cause, payment) = (order.cause(), order.payment());
            let decision =
                self.pay(Asking { cause: &cause, actor, subject: "", may_wait: false, near: [None; 2], named: &[] }, &payment, events);
            let change = if decision.refusal.is_none() { OrderChange::Executed } else { OrderChange::Failed };
            let transaction_id = TransactionId::mint(self.epoch, decision.number);
            self.publish(cause.clone(), Fact::OrderChanged(Box::new(order.told(change, Some(transaction_id)))), events);
            let fingerprint = Fingerprint::of(&Operation::Pay(payment));
            let pin = Pin { fingerprint, epoch: self.epoch, number: decision.number, refusal: decision.refusal };
            // Under the order's id: the same command, asked again after its seven days, may have given two of this epoch.
            let command = CommandId(order.id.0);
            self.keep(self.near(command), command, pin, decision.effect);
            self.publish(cause, decision.fact, events);
        }
    }

    pub(super) fn waiting(&self, cause: &Cause, payment: &Payment, number: u32, execute_at: Epoch) -> Waiting {
        let (payer, payee) = self.sides(payment);
        Waiting {
            id: OrderId::mint(self.epoch, number),
            command_id: cause.command_id,
            position: cause.position,
            kind: payment.kind,
            channel: payment.channel,
            payer,
            payee,
            currency: payment.currency,
            amount_minor: payment.amount_minor,
            execute_at,
            context: payment.context.clone(),
            open: true,
        }
    }
}
