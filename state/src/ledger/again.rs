//! First decisions, told again to who asks again.

use super::{Ledger, account, customer, pay};
use crate::pins::{Effect, Pin};
use schemas::{
    AccountId, AmlChanged, Cause, ChangeStatus, Command, CommandId, CustomerId, Dated, DecideReview, Fact, HoldChange, HoldChanged, HoldId,
    Link, ListChanged, Money, Operation, Order, OrderChange, OrderChanged, OrderId, Refusal, ReviewDecision, StatusChanged, TransactionId,
};

impl Ledger {
    /// What was decided on this very command, from its pin, what is kept beside it, and the command itself.
    pub(super) fn first_decision(&self, cause: &Cause, pin: &Pin, command: &Command) -> Fact {
        let command_id = cause.command_id;
        let operation = &command.operation;
        match (operation, pin.refusal) {
            (Operation::Pay(payment) | Operation::Order(Order { payment, dated: Dated::EffectiveAt(_) }), refusal)
                if refusal != Some(Refusal::OperationNotInForce) =>
            {
                if let Effect::Promised(_) = self.pins.effect(command_id) {
                    return self.promised_again(command_id, HoldId::mint(pin.epoch, pin.number), HoldChange::Reviewed);
                }
                let (account_debit, account_credit) = self.sides(payment);
                let mut first = pay::transaction(TransactionId::mint(pin.epoch, pin.number), payment, account_debit, account_credit);
                first.refusal = refusal;
                if let Effect::Moved(moved) = self.pins.effect(command_id) {
                    first.fee_minor = moved.fee_minor;
                }
                Fact::Transaction(first)
            }
            (_, Some(refusal)) => Fact::Refused { operation: operation.name().to_owned(), refusal },
            (Operation::CreateCustomer(create), None) => Fact::CustomerCreated(customer(CustomerId::mint(pin.epoch, pin.number), create)),
            (Operation::OpenAccount(open), None) => Fact::AccountOpened(account(AccountId::mint(pin.epoch, pin.number), open)),
            (Operation::ActivateRules(activate), None) => Fact::RulesActivated { version: activate.version },
            (Operation::ChangeStatus(ChangeStatus { account_id, change }), None) => {
                let account = self.accounts.find(*account_id).expect("an account whose status was changed stays");
                Fact::StatusChanged(StatusChanged { id: *account_id, customer_id: account.customer_id, change: *change })
            }
            (Operation::SetPolicy(policy), None) => Fact::PolicyChanged(Box::new(policy.clone().decided(pin.epoch))),
            (Operation::Reserve(_), None) => self.promised_again(command_id, HoldId::mint(pin.epoch, pin.number), HoldChange::Reserved),
            (Operation::Release(release), None) => self.promised_again(command_id, release.hold_id, HoldChange::Released),
            (Operation::Capture(capture), None) => self.moved_again(command_id, pin, Link::Hold(capture.hold_id)),
            (Operation::Refund(refund), None) => self.moved_again(command_id, pin, Link::Original(refund.transaction_id)),
            (Operation::Reverse(reverse), None) => self.moved_again(command_id, pin, Link::Original(reverse.transaction_id)),
            (Operation::Batch(batch), None) => Self::batch_again(pin, batch, &self.pins.effect(command_id)),
            (Operation::Order(order), None) => self.scheduled_again(cause, pin, order),
            (Operation::CancelOrder(cancel), None) => self.cancelled_again(command_id, cancel.order_id),
            (Operation::SetAml(setting), None) => {
                let by = command.principal.subject.clone();
                Fact::AmlChanged(Box::new(AmlChanged { setting: setting.clone(), version: pin.number, by }))
            }
            (Operation::Freeze(freeze), None) => {
                Fact::PartyChanged(Box::new(self.frozen(freeze, &command.principal.subject).expect("who was frozen stays")))
            }
            (Operation::ReportSignal(signal), None) => {
                Fact::PartyChanged(Box::new(self.signalled(signal, &command.principal.subject).expect("whom a signal was about stays")))
            }
            (Operation::List(change), None) => {
                let by = command.principal.subject.clone();
                Fact::ListChanged(Box::new(ListChanged { change: change.clone(), by }))
            }
            (Operation::DecideReview(DecideReview { hold_id, decision, .. }), None) => match decision {
                ReviewDecision::Release => self.moved_again(command_id, pin, Link::Hold(*hold_id)),
                ReviewDecision::Refuse => self.promised_again(command_id, *hold_id, HoldChange::ReviewRefused),
            },
            (Operation::Diligence(asked), None) => self.diligence_again(pin, asked, &command.principal.subject),
            (Operation::Pay(_), None) => unreachable!("a payment that settled was told above"),
        }
    }

    fn promised_again(&self, command_id: CommandId, id: HoldId, change: HoldChange) -> Fact {
        let Effect::Promised(promised) = self.pins.effect(command_id) else { unreachable!("a hold that was made is kept with its pin") };
        let (payer, payee) = (self.accounts.at(promised.payer), self.accounts.at(promised.payee));
        Fact::HoldChanged(HoldChanged {
            id,
            change,
            kind: promised.kind,
            channel: promised.channel,
            account_debit: payer.id,
            account_credit: payee.id,
            amount: Money { minor: promised.amount_minor, currency: payer.currency },
            fee_minor: promised.fee_minor,
            open: matches!(change, HoldChange::Reserved | HoldChange::Reviewed),
            expires_at: promised.expires_at,
        })
    }

    fn moved_again(&self, command_id: CommandId, pin: &Pin, link: Link) -> Fact {
        let Effect::Moved(moved) = self.pins.effect(command_id) else { unreachable!("what was moved is kept with its pin") };
        let (payer, payee) = (self.accounts.at(moved.payer), self.accounts.at(moved.payee));
        let amount = Money { minor: moved.amount_minor, currency: payer.currency };
        let id = TransactionId::mint(pin.epoch, pin.number);
        let mut first = pay::blank(id, moved.kind, moved.channel, [payer.id, payee.id], amount);
        (first.fee_minor, first.link) = (moved.fee_minor, Some(link));
        Fact::Transaction(first)
    }

    /// What was decided on an order that was to wait, from its command and its pin.
    fn scheduled_again(&self, cause: &Cause, pin: &Pin, order: &Order) -> Fact {
        let execute_at = order.dated.execute_at().expect("a payment that counts from an earlier day was told as a transaction");
        let mut waiting = self.waiting(cause, &order.payment, pin.number, execute_at);
        waiting.id = OrderId::mint(pin.epoch, pin.number);
        Fact::OrderChanged(Box::new(waiting.told(OrderChange::Scheduled, None)))
    }

    /// What was decided on the end of an order, from what is kept beside the pin.
    fn cancelled_again(&self, command_id: CommandId, id: OrderId) -> Fact {
        let Effect::Promised(order) = self.pins.effect(command_id) else {
            unreachable!("an order that was cancelled is kept with the pin")
        };
        let (payer, payee) = (self.accounts.at(order.payer), self.accounts.at(order.payee));
        Fact::OrderChanged(Box::new(OrderChanged {
            id,
            change: OrderChange::Cancelled,
            kind: order.kind,
            channel: order.channel,
            account_debit: payer.id,
            account_credit: payee.id,
            amount: Money { minor: order.amount_minor, currency: payer.currency },
            dated: Dated::ExecuteAt(order.expires_at),
            transaction_id: None,
        }))
    }
}
