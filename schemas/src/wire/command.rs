//! Commands on the wire.

use super::event::dated;
use super::{diligence, gate, list, policy, proof};
use crate::batch::BatchMode;
use crate::command::{self, Command, CreateCustomer, OpenAccount, Operation};
use crate::context::Context;
use crate::diligence::Diligence;
use crate::epoch::Epoch;
use crate::gate::AmlSetting;
use crate::hold;
use crate::id::{AccountId, CustomerId, HoldId, OrderId, TransactionId};
use crate::list::ListCommand;
use crate::money::{Currency, Money};
use crate::order;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::proof::Proof;
use crate::transaction;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow)]
    principal: Who<'a>,
    #[serde(borrow)]
    idempotency_key: Cow<'a, str>,
    received_ms: i64,
    #[serde(borrow)]
    operation: What<'a>,
}

#[derive(Serialize, Deserialize)]
struct Who<'a> {
    #[serde(borrow)]
    subject: Cow<'a, str>,
    authority: crate::principal::Authority,
}

#[derive(Serialize, Deserialize)]
enum What<'a> {
    #[serde(rename = "Orion.bank.CreateCustomer", borrow)]
    CreateCustomer(Create<'a>),
    #[serde(rename = "Orion.bank.OpenAccount")]
    OpenAccount(Open),
    #[serde(rename = "Orion.bank.Payment")]
    Payment(#[serde(with = "Payment")] transaction::Payment),
    #[serde(rename = "Orion.bank.ActivateRules")]
    ActivateRules(ActivateRules),
    #[serde(rename = "Orion.bank.ChangeStatus")]
    ChangeStatus(ChangeStatus),
    #[serde(rename = "Orion.bank.Reserve")]
    Reserve(#[serde(with = "Reserve")] hold::Reserve),
    #[serde(rename = "Orion.bank.Capture")]
    Capture(Capture),
    #[serde(rename = "Orion.bank.Release")]
    Release(#[serde(with = "Release")] hold::Release),
    #[serde(rename = "Orion.bank.Refund")]
    Refund(Refund),
    #[serde(rename = "Orion.bank.Reverse")]
    Reverse(#[serde(with = "Reverse")] command::Reverse),
    #[serde(rename = "Orion.bank.CustomerLevel")]
    CustomerLevel(#[serde(with = "policy::CustomerLevel")] crate::policy::CustomerLevel),
    #[serde(rename = "Orion.bank.AccountTerms")]
    AccountTerms(#[serde(with = "policy::AccountTerms")] crate::policy::AccountTerms),
    #[serde(rename = "Orion.bank.LevelLimits")]
    LevelLimits(#[serde(with = "policy::LevelLimits")] crate::policy::LevelLimits),
    #[serde(rename = "Orion.bank.Tariff")]
    Tariff(#[serde(with = "policy::Tariff")] crate::policy::Tariff),
    #[serde(rename = "Orion.bank.TariffEnd")]
    TariffEnd(#[serde(with = "policy::TariffEnd")] crate::policy::TariffEnd),
    #[serde(rename = "Orion.bank.Batch")]
    Batch(Batch<'a>),
    #[serde(rename = "Orion.bank.Order")]
    Order(Order),
    #[serde(rename = "Orion.bank.CancelOrder")]
    CancelOrder(#[serde(with = "CancelOrder")] order::CancelOrder),
    #[serde(rename = "Orion.bank.AmlRule")]
    AmlRule(#[serde(with = "gate::AmlRule")] crate::aml::Setting),
    #[serde(rename = "Orion.bank.GatePolicy")]
    GatePolicy(#[serde(with = "gate::GatePolicy")] crate::gate::GatePolicy),
    #[serde(rename = "Orion.bank.CountryList")]
    CountryList(#[serde(with = "gate::CountryList")] crate::gate::CountryList),
    #[serde(rename = "Orion.bank.Freeze")]
    Freeze(gate::Freeze),
    #[serde(rename = "Orion.bank.Signal")]
    Signal(gate::Signal),
    #[serde(rename = "Orion.bank.DecideReview")]
    DecideReview(#[serde(with = "gate::DecideReview")] crate::gate::DecideReview),
    #[serde(rename = "Orion.bank.ListPart")]
    ListPart(#[serde(with = "list::ListPart")] crate::list::ListPart),
    #[serde(rename = "Orion.bank.ListVersion")]
    ListVersion(list::ListVersion),
    #[serde(rename = "Orion.bank.MatchCleared")]
    MatchCleared(list::MatchCleared),
    #[serde(rename = "Orion.bank.CasePolicy")]
    CasePolicy(#[serde(with = "diligence::CasePolicy")] crate::diligence::CasePolicy),
    #[serde(rename = "Orion.bank.UpdateCustomer")]
    UpdateCustomer(diligence::UpdateCustomer),
    #[serde(rename = "Orion.bank.SubmitDocument")]
    SubmitDocument(diligence::SubmitDocument),
    #[serde(rename = "Orion.bank.DecideKyc")]
    DecideKyc(diligence::DecideKyc),
    #[serde(rename = "Orion.bank.OpenCase")]
    OpenCase(diligence::OpenCase),
    #[serde(rename = "Orion.bank.WorkCase")]
    WorkCase(diligence::WorkCase),
    #[serde(rename = "Orion.bank.SetAddress")]
    SetAddress(#[serde(with = "diligence::SetAddress")] crate::diligence::SetAddress),
}

#[derive(Serialize, Deserialize)]
struct Create<'a> {
    #[serde(borrow)]
    full_name: Cow<'a, str>,
    #[serde(default)]
    msisdn: Option<String>,
    #[serde(default)]
    country: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Open {
    customer_id: CustomerId,
    r#type: crate::account::AccountType,
    role: crate::account::Role,
    currency: Currency,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "transaction::Payment")]
struct Payment {
    kind: transaction::PaymentKind,
    #[serde(default)]
    account_debit: Option<AccountId>,
    #[serde(default)]
    account_credit: Option<AccountId>,
    amount_minor: i64,
    currency: Currency,
    channel: transaction::Channel,
    #[serde(default)]
    context: Option<Arc<Context>>,
}

#[derive(Serialize, Deserialize)]
struct ActivateRules {
    version: i32,
}

#[derive(Serialize, Deserialize)]
struct ChangeStatus {
    account_id: AccountId,
    change: crate::account::StatusChange,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "hold::Reserve")]
struct Reserve {
    #[serde(with = "Payment")]
    payment: transaction::Payment,
    expires_in_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct Capture {
    hold_id: HoldId,
    amount_minor: i64,
    currency: Currency,
    last: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "hold::Release")]
struct Release {
    hold_id: HoldId,
}

#[derive(Serialize, Deserialize)]
struct Refund {
    transaction_id: TransactionId,
    amount_minor: i64,
    currency: Currency,
    #[serde(with = "proof", default)]
    proof: Option<Arc<Proof>>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "command::Reverse")]
struct Reverse {
    transaction_id: TransactionId,
    #[serde(with = "proof", default)]
    proof: Option<Arc<Proof>>,
}

#[derive(Serialize, Deserialize)]
struct Batch<'a> {
    mode: BatchMode,
    dry_run: bool,
    #[serde(borrow)]
    items: Vec<What<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Order {
    #[serde(with = "Payment")]
    payment: transaction::Payment,
    #[serde(default)]
    execute_at: Option<Epoch>,
    #[serde(default)]
    effective_at: Option<Epoch>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "order::CancelOrder")]
struct CancelOrder {
    order_id: OrderId,
}

impl<'a> Wire<'a> {
    pub(super) fn of(command: &'a Command) -> Self {
        Self {
            principal: Who { subject: Cow::Borrowed(&command.principal.subject), authority: command.principal.authority },
            idempotency_key: Cow::Borrowed(&command.idempotency_key),
            received_ms: i64::try_from(command.received_ms).unwrap_or(i64::MAX),
            operation: What::of(&command.operation),
        }
    }

    pub(super) fn into_command(self) -> Result<Command, String> {
        let command = Command {
            principal: Principal { subject: self.principal.subject.into_owned(), authority: self.principal.authority },
            idempotency_key: self.idempotency_key.into_owned(),
            received_ms: u64::try_from(self.received_ms).map_err(|_| "received_ms is negative".to_owned())?,
            operation: self.operation.into_operation()?,
        };
        command.check().map_err(|error| error.to_string())?;
        Ok(command)
    }
}

impl<'a> What<'a> {
    fn of(operation: &'a Operation) -> Self {
        match operation {
            Operation::CreateCustomer(create) => Self::CreateCustomer(Create {
                full_name: Cow::Borrowed(&create.full_name),
                msisdn: create.msisdn.clone(),
                country: create.country.clone(),
            }),
            Operation::OpenAccount(open) => Self::OpenAccount(Open {
                customer_id: open.customer_id,
                r#type: open.account_type,
                role: open.role,
                currency: open.currency,
            }),
            Operation::Pay(payment) => Self::Payment(payment.clone()),
            Operation::ActivateRules(activate) => {
                Self::ActivateRules(ActivateRules { version: i32::try_from(activate.version).unwrap_or(i32::MAX) })
            }
            Operation::ChangeStatus(asked) => Self::ChangeStatus(ChangeStatus { account_id: asked.account_id, change: asked.change }),
            Operation::Reserve(reserve) => Self::Reserve(reserve.clone()),
            Operation::Capture(capture) => Self::Capture(Capture {
                hold_id: capture.hold_id,
                amount_minor: capture.amount.minor,
                currency: capture.amount.currency,
                last: capture.last,
            }),
            Operation::Release(release) => Self::Release(*release),
            Operation::Refund(refund) => Self::Refund(Refund {
                transaction_id: refund.transaction_id,
                amount_minor: refund.amount.minor,
                currency: refund.amount.currency,
                proof: refund.proof.clone(),
            }),
            Operation::Reverse(reverse) => Self::Reverse(reverse.clone()),
            Operation::SetPolicy(Policy::Level(set)) => Self::CustomerLevel(*set),
            Operation::SetPolicy(Policy::Terms(terms)) => Self::AccountTerms(*terms),
            Operation::SetPolicy(Policy::Limits(limits)) => Self::LevelLimits(*limits),
            Operation::SetPolicy(Policy::Tariff(tariff)) => Self::Tariff(tariff.clone()),
            Operation::SetPolicy(Policy::TariffEnd(end)) => Self::TariffEnd(end.clone()),
            Operation::Batch(batch) => {
                Self::Batch(Batch { mode: batch.mode, dry_run: batch.dry_run, items: batch.items.iter().map(Self::of).collect() })
            }
            Operation::Order(order) => Self::Order(Order {
                payment: order.payment.clone(),
                execute_at: order.dated.execute_at(),
                effective_at: order.dated.effective_at(),
            }),
            Operation::CancelOrder(cancel) => Self::CancelOrder(*cancel),
            Operation::SetAml(AmlSetting::Rule(setting)) => Self::AmlRule(setting.clone()),
            Operation::SetAml(AmlSetting::Policy(policy)) => Self::GatePolicy(*policy),
            Operation::SetAml(AmlSetting::Countries(list)) => Self::CountryList(list.clone()),
            Operation::Freeze(freeze) => Self::Freeze(gate::Freeze::of(freeze)),
            Operation::ReportSignal(signal) => Self::Signal(gate::Signal::of(signal)),
            Operation::DecideReview(review) => Self::DecideReview(review.clone()),
            Operation::List(ListCommand::Part(part)) => Self::ListPart(part.clone()),
            Operation::List(ListCommand::Activate(activate)) => Self::ListVersion(list::ListVersion::of(activate)),
            Operation::List(ListCommand::Clear(clear)) => Self::MatchCleared(list::MatchCleared::of(clear)),
            Operation::SetAml(AmlSetting::Cases(policy)) => Self::CasePolicy(policy.clone()),
            Operation::Diligence(asked) => match &**asked {
                Diligence::UpdateCustomer(update) => Self::UpdateCustomer(diligence::UpdateCustomer::of(update)),
                Diligence::SubmitDocument(submit) => Self::SubmitDocument(diligence::SubmitDocument::of(submit)),
                Diligence::DecideKyc(decide) => Self::DecideKyc(diligence::DecideKyc::of(decide)),
                Diligence::OpenCase(open) => Self::OpenCase(diligence::OpenCase::of(open)),
                Diligence::WorkCase(work) => Self::WorkCase(diligence::WorkCase::of(work)),
                Diligence::SetAddress(set) => Self::SetAddress(set.clone()),
            },
        }
    }

    fn into_operation(self) -> Result<Operation, String> {
        let operation = match self {
            Self::CreateCustomer(create) => Operation::CreateCustomer(CreateCustomer {
                full_name: create.full_name.into_owned(),
                msisdn: create.msisdn,
                country: create.country,
            }),
            Self::OpenAccount(open) => Operation::OpenAccount(OpenAccount {
                customer_id: open.customer_id,
                account_type: open.r#type,
                role: open.role,
                currency: open.currency,
            }),
            Self::Payment(payment) => Operation::Pay(payment),
            Self::ActivateRules(ActivateRules { version }) => {
                let version = u32::try_from(version).map_err(|_| "version is negative".to_owned())?;
                Operation::ActivateRules(command::ActivateRules { version })
            }
            Self::ChangeStatus(asked) => {
                Operation::ChangeStatus(command::ChangeStatus { account_id: asked.account_id, change: asked.change })
            }
            Self::Reserve(reserve) => Operation::Reserve(reserve),
            Self::Capture(capture) => Operation::Capture(hold::Capture {
                hold_id: capture.hold_id,
                amount: Money { minor: capture.amount_minor, currency: capture.currency },
                last: capture.last,
            }),
            Self::Release(release) => Operation::Release(release),
            Self::Refund(refund) => Operation::Refund(command::Refund {
                transaction_id: refund.transaction_id,
                amount: Money { minor: refund.amount_minor, currency: refund.currency },
                proof: refund.proof,
            }),
            Self::Reverse(reverse) => Operation::Reverse(reverse),
            Self::CustomerLevel(set) => Operation::SetPolicy(Policy::Level(set)),
            Self::AccountTerms(terms) => Operation::SetPolicy(Policy::Terms(terms)),
            Self::LevelLimits(limits) => Operation::SetPolicy(Policy::Limits(limits)),
            Self::Tariff(tariff) => Operation::SetPolicy(Policy::Tariff(tariff)),
            Self::TariffEnd(end) => Operation::SetPolicy(Policy::TariffEnd(end)),
            Self::Batch(batch) => {
                let items = batch.items.into_iter().map(Self::into_operation).collect::<Result<_, _>>()?;
                Operation::Batch(crate::batch::Batch { mode: batch.mode, dry_run: batch.dry_run, items })
            }
            Self::Order(Order { payment, execute_at, effective_at }) => {
                Operation::Order(order::Order { payment, dated: dated(execute_at, effective_at)? })
            }
            Self::CancelOrder(cancel) => Operation::CancelOrder(cancel),
            Self::AmlRule(setting) => Operation::SetAml(AmlSetting::Rule(setting)),
            Self::GatePolicy(policy) => Operation::SetAml(AmlSetting::Policy(policy)),
            Self::CountryList(list) => Operation::SetAml(AmlSetting::Countries(list)),
            Self::Freeze(freeze) => Operation::Freeze(freeze.freeze()?),
            Self::Signal(signal) => Operation::ReportSignal(signal.signal()?),
            Self::DecideReview(review) => Operation::DecideReview(review),
            Self::ListPart(part) => Operation::List(ListCommand::Part(part)),
            Self::ListVersion(version) => Operation::List(ListCommand::Activate(version.activate()?)),
            Self::MatchCleared(cleared) => Operation::List(ListCommand::Clear(cleared.clear()?)),
            Self::CasePolicy(policy) => Operation::SetAml(AmlSetting::Cases(policy)),
            Self::UpdateCustomer(update) => Operation::Diligence(Box::new(Diligence::UpdateCustomer(update.asked()?))),
            Self::SubmitDocument(submit) => Operation::Diligence(Box::new(Diligence::SubmitDocument(submit.asked()?))),
            Self::DecideKyc(decide) => Operation::Diligence(Box::new(Diligence::DecideKyc(decide.asked()))),
            Self::OpenCase(open) => Operation::Diligence(Box::new(Diligence::OpenCase(open.asked()))),
            Self::WorkCase(work) => Operation::Diligence(Box::new(Diligence::WorkCase(work.asked()?))),
            Self::SetAddress(set) => Operation::Diligence(Box::new(Diligence::SetAddress(set))),
        };
        Ok(operation)
    }
}
