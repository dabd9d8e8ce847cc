//! Orders: payments of a day to come, and payments of today that count from an earlier day.

use super::paying::sides;
use super::{Books, first, stranger};
use schemas::{
    Authority, Cause, Dated, Epoch, Fact, Money, Order, OrderChange, OrderChanged, OrderId, Payment, Principal, Refusal, Role, Transaction,
};

/// No date is further away.
const DATED_DAYS_MS: u64 = 400 * 86_400_000;

/// The most orders of a payer that wait.
const WAITING_MAX: usize = 100;

/// The most orders that are executed in one epoch.
const EXECUTED_MAX: usize = 1024;

/// An order as it was made.
#[derive(Clone)]
pub(super) struct Ordered {
    told: OrderChanged,
    payment: Payment,
    execute_at: Epoch,
    /// What becomes of it is told to nobody's question.
    cause: Cause,
    waits: bool,
}

impl Books {
    pub(super) fn order(&mut self, cause: &Cause, principal: &Principal, order: &Order) -> Result<Fact, Refusal> {
        match order.dated {
            Dated::ExecuteAt(execute_at) => self.schedule(cause, principal, order, execute_at),
            Dated::EffectiveAt(effective_at) => Ok(self.pay_as_of(cause, principal, order, effective_at)),
        }
    }

    fn schedule(&mut self, cause: &Cause, principal: &Principal, order: &Order, execute_at: Epoch) -> Result<Fact, Refusal> {
        let (payer, payee) = self.may_take_part(principal, &order.payment, false, false)?;
        let waiting = self.waiting().filter(|waiting| waiting.told.account_debit == payer.id).count();
        first([
            (execute_at <= self.epoch || execute_at > self.epoch + DATED_DAYS_MS, Refusal::ExecutionDateOutOfRange),
            // The house may order as much as it likes.
            (waiting >= WAITING_MAX && payer.role != Role::House, Refusal::OrdersFull),
        ])?;
        self.open_house_accounts(cause, &[(payer.id, 0), (payee.id, 0)], payer.currency);
        let told = changed(OrderId(self.minted_with_transactions(5)), OrderChange::Scheduled, order, None);
        let cause = Cause { command_id: cause.command_id.item(0), traceparent: String::new(), ..cause.clone() };
        self.orders.push(Ordered { told: told.clone(), payment: order.payment.clone(), execute_at, cause, waits: true });
        Ok(Fact::OrderChanged(Box::new(told)))
    }

    /// A payment of now that counts from an earlier day.
    fn pay_as_of(&mut self, cause: &Cause, principal: &Principal, order: &Order, effective_at: Epoch) -> Fact {
        let payment = &order.payment;
        let may = self.may_take_part(principal, payment, false, true).and_then(|_| {
            let out_of_range = effective_at > self.epoch || effective_at + DATED_DAYS_MS < self.epoch;
            first([(out_of_range, Refusal::EffectiveDateOutOfRange)])
        });
        let counts = may.as_ref().err().is_none_or(|why| *why > Refusal::NotAuthorized && *why != Refusal::EffectiveDateOutOfRange);
        let verdict = if counts { self.assess(principal, payment, false) } else { None };
        let allowed = may.and_then(|()| self.gated(principal, payment, verdict.as_ref()));
        let (transaction, fee) = self.decided_payment(payment, allowed);
        let told = changed(OrderId(self.minted_with_transactions(5)), OrderChange::Executed, order, Some(&transaction));
        let fact = self.settled(cause, transaction, fee, verdict, payment);
        if fee.is_some() {
            self.say(cause, Fact::OrderChanged(Box::new(told)));
        }
        fact
    }

    pub(super) fn cancel_order(&mut self, principal: &Principal, id: OrderId) -> Result<Fact, Refusal> {
        let waiting = self.waiting().find(|waiting| waiting.told.id == id);
        let owner = waiting.and_then(|waiting| self.owner(waiting.told.account_debit));
        first([(stranger(principal, owner), Refusal::NotAuthorized), (waiting.is_none(), Refusal::OrderNotOpen)])?;
        let order = self.orders.iter_mut().find(|order| order.told.id == id).expect("it waits");
        order.waits = false;
        Ok(Fact::OrderChanged(Box::new(OrderChanged { change: OrderChange::Cancelled, ..order.told.clone() })))
    }

    /// Pays what is ordered for now, the longest overdue first, as if staff asked for it.
    pub(super) fn execute(&mut self) {
        if self.rules[0] < 5 {
            return;
        }
        let mut due: Vec<Ordered> = self.waiting().filter(|order| order.execute_at <= self.epoch).cloned().collect();
        due.sort_by_key(|order| (order.execute_at, order.told.id));
        let staff = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
        for order in due.into_iter().take(EXECUTED_MAX) {
            self.orders.iter_mut().filter(|other| other.told.id == order.told.id).for_each(|other| other.waits = false);
            let verdict = self.assess(&staff, &order.payment, false);
            let allowed = self.gated(&staff, &order.payment, verdict.as_ref());
            let (transaction, fee) = self.decided_payment(&order.payment, allowed);
            let change = if fee.is_some() { OrderChange::Executed } else { OrderChange::Failed };
            let told = OrderChanged { change, transaction_id: Some(transaction.id), ..order.told };
            let fact = self.settled(&order.cause, transaction, fee, verdict, &order.payment);
            self.say(&order.cause, Fact::OrderChanged(Box::new(told)));
            self.say(&order.cause, fact);
        }
    }

    /// How many orders wait.
    pub(crate) fn orders(&self) -> usize {
        self.waiting().count()
    }

    fn waiting(&self) -> impl Iterator<Item = &Ordered> {
        self.orders.iter().filter(|order| order.waits)
    }
}

fn changed(id: OrderId, change: OrderChange, order: &Order, ended: Option<&Transaction>) -> OrderChanged {
    let payment = &order.payment;
    let (account_debit, account_credit) = sides(payment);
    OrderChanged {
        id,
        change,
        kind: payment.kind,
        channel: payment.channel,
        account_debit,
        account_credit,
        amount: Money { minor: payment.amount_minor, currency: payment.currency },
        dated: order.dated,
        transaction_id: ended.map(|transaction| transaction.id),
    }
}
