//! Commands as lines say them, everything spelt out.

use super::Asked;
use super::diligence::Diligence;
use super::gate::Gate;
use super::list::Listed;
use super::policy::{Limits, Tariff, decimal};
use super::proof::Shown;
use schemas::{ActivateRules, AmlSetting, Command, ListCommand, Money, Operation, Party, Payment, Policy, Reserve};

impl Asked {
    /// A command as a line says it, everything spelt out.
    pub fn of(command: &Command) -> Self {
        let blank = Self {
            subject: Some(command.principal.subject.clone()),
            authority: Some(command.principal.authority),
            idempotency_key: Some(command.idempotency_key.clone()),
            received_ms: Some(command.received_ms),
            ..Self::default()
        };
        blank.asking(&command.operation)
    }

    /// The same, asking this.
    fn asking(mut self, operation: &Operation) -> Self {
        operation.name().clone_into(&mut self.operation);
        match operation {
            Operation::CreateCustomer(create) => {
                Self { full_name: Some(create.full_name.clone()), msisdn: create.msisdn.clone(), country: create.country.clone(), ..self }
            }
            Operation::OpenAccount(open) => Self {
                customer_id: Some(open.customer_id.to_string()),
                r#type: Some(open.account_type),
                role: Some(open.role),
                currency: Some(open.currency),
                ..self
            },
            Operation::Pay(payment) => self.paying(payment),
            Operation::ChangeStatus(asked) => Self { account: Some(asked.account_id.to_string()), ..self },
            Operation::ActivateRules(ActivateRules { version }) => Self { version: Some(*version), ..self },
            Operation::Reserve(reserve) => {
                let Reserve { payment, expires_in_ms } = reserve;
                Self { kind: Some(payment.kind), expires_in_ms: Some(*expires_in_ms), ..self.paying(payment) }
            }
            Operation::Capture(capture) => {
                Self { hold: Some(capture.hold_id.to_string()), last: Some(capture.last), ..self.amounting(capture.amount) }
            }
            Operation::Release(release) => Self { hold: Some(release.hold_id.to_string()), ..self },
            Operation::Refund(refund) => Self {
                transaction: Some(refund.transaction_id.to_string()),
                proof: refund.proof.as_deref().map(Shown::of),
                ..self.amounting(refund.amount)
            },
            Operation::Reverse(reverse) => {
                let proof = reverse.proof.as_deref().map(Shown::of);
                Self { transaction: Some(reverse.transaction_id.to_string()), proof, ..self }
            }
            Operation::SetPolicy(policy) => self.setting(policy),
            Operation::Batch(batch) => {
                Self { mode: Some(batch.mode), items: Some(batch.items.iter().map(|item| Self::default().asking(item)).collect()), ..self }
            }
            Operation::Order(order) => Self {
                kind: Some(order.payment.kind),
                execute_at: order.dated.execute_at(),
                effective_at: order.dated.effective_at(),
                ..self.paying(&order.payment)
            },
            Operation::CancelOrder(cancel) => Self { order: Some(cancel.order_id.to_string()), ..self },
            Operation::SetAml(AmlSetting::Cases(policy)) => Self { diligence: Some(Diligence::of_policy(policy)), ..self },
            Operation::Diligence(asked) => Self { diligence: Some(Diligence::of(asked)), ..self },
            Operation::SetAml(setting) => Self { gate: Some(Gate::of_setting(setting)), ..self },
            Operation::Freeze(freeze) => Self { gate: Some(Gate::of_freeze(freeze)), ..self.about(freeze.party) },
            Operation::ReportSignal(signal) => Self { gate: Some(Gate::of_signal(signal)), ..self.about(signal.party) },
            Operation::List(command) => {
                let customer_id = if let ListCommand::Clear(clear) = command { Some(clear.customer_id.to_string()) } else { None };
                Self { list: Some(Listed::of(command)), customer_id, ..self }
            }
            Operation::DecideReview(review) => Self { hold: Some(review.hold_id.to_string()), gate: Some(Gate::of_review(review)), ..self },
        }
    }

    fn paying(self, payment: &Payment) -> Self {
        Self {
            account_debit: payment.account_debit.map(|account| account.to_string()),
            account_credit: payment.account_credit.map(|account| account.to_string()),
            channel: Some(payment.channel),
            context: payment.context.as_deref().cloned(),
            ..self.amounting(Money { minor: payment.amount_minor, currency: payment.currency })
        }
    }

    fn about(self, party: Party) -> Self {
        match party {
            Party::Customer(id) => Self { customer_id: Some(id.to_string()), ..self },
            Party::Account(id) => Self { account: Some(id.to_string()), ..self },
        }
    }

    fn amounting(self, amount: Money) -> Self {
        Self { amount: Some(amount.to_string()), currency: Some(amount.currency), ..self }
    }

    fn setting(self, policy: &Policy) -> Self {
        match policy {
            Policy::Level(set) => Self { customer_id: Some(set.customer_id.to_string()), level: Some(set.level), ..self },
            Policy::Terms(terms) => Self {
                account: Some(terms.account_id.to_string()),
                currency: Some(terms.currency),
                floor: decimal(terms.floor_minor, terms.currency),
                limits: Some(Limits::of(&terms.limits, terms.currency)),
                effective_from: terms.effective_from,
                ..self
            },
            Policy::Limits(set) => Self {
                level: Some(set.level),
                currency: Some(set.currency),
                limits: Some(Limits::of(&set.limits, set.currency)),
                effective_from: set.effective_from,
                ..self
            },
            Policy::Tariff(tariff) => Self { tariff: Some(Tariff::of(tariff)), ..self },
            Policy::TariffEnd(end) => Self { code: Some(end.code.clone()), effective_from: end.effective_from, ..self },
        }
    }
}
