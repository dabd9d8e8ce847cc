//! Commands on the wire.

use crate::command::{self, Command, CreateCustomer, OpenAccount, Operation};
use crate::money::Currency;
use crate::principal::Principal;
use crate::transaction;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
    Payment(Payment),
    #[serde(rename = "Orion.bank.ActivateRules")]
    ActivateRules(ActivateRules),
    #[serde(rename = "Orion.bank.ChangeStatus")]
    ChangeStatus(ChangeStatus),
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
    customer_id: crate::id::CustomerId,
    r#type: crate::account::AccountType,
    role: crate::account::Role,
    currency: Currency,
}

#[derive(Serialize, Deserialize)]
struct Payment {
    kind: transaction::PaymentKind,
    #[serde(default)]
    account_debit: Option<crate::id::AccountId>,
    #[serde(default)]
    account_credit: Option<crate::id::AccountId>,
    amount_minor: i64,
    currency: Currency,
    channel: transaction::Channel,
}

#[derive(Serialize, Deserialize)]
struct ActivateRules {
    version: i32,
}

#[derive(Serialize, Deserialize)]
struct ChangeStatus {
    account_id: crate::id::AccountId,
    change: crate::account::StatusChange,
}

impl<'a> Wire<'a> {
    pub(super) fn of(command: &'a Command) -> Self {
        let operation = match &command.operation {
            Operation::CreateCustomer(create) => What::CreateCustomer(Create {
                full_name: Cow::Borrowed(&create.full_name),
                msisdn: create.msisdn.clone(),
                country: create.country.clone(),
            }),
            Operation::OpenAccount(open) => What::OpenAccount(Open {
                customer_id: open.customer_id,
                r#type: open.account_type,
                role: open.role,
                currency: open.currency,
            }),
            Operation::Pay(payment) => What::Payment(Payment {
                kind: payment.kind,
                account_debit: payment.account_debit,
                account_credit: payment.account_credit,
                amount_minor: payment.amount_minor,
                currency: payment.currency,
                channel: payment.channel,
            }),
            Operation::ActivateRules(activate) => {
                What::ActivateRules(ActivateRules { version: i32::try_from(activate.version).unwrap_or(i32::MAX) })
            }
            Operation::ChangeStatus(asked) => What::ChangeStatus(ChangeStatus { account_id: asked.account_id, change: asked.change }),
        };
        Self {
            principal: Who { subject: Cow::Borrowed(&command.principal.subject), authority: command.principal.authority },
            idempotency_key: Cow::Borrowed(&command.idempotency_key),
            received_ms: i64::try_from(command.received_ms).unwrap_or(i64::MAX),
            operation,
        }
    }

    pub(super) fn into_command(self) -> Result<Command, String> {
        let operation = match self.operation {
            What::CreateCustomer(create) => Operation::CreateCustomer(CreateCustomer {
                full_name: create.full_name.into_owned(),
                msisdn: create.msisdn,
                country: create.country,
            }),
            What::OpenAccount(open) => Operation::OpenAccount(OpenAccount {
                customer_id: open.customer_id,
                account_type: open.r#type,
                role: open.role,
                currency: open.currency,
            }),
            What::Payment(payment) => Operation::Pay(transaction::Payment {
                kind: payment.kind,
                account_debit: payment.account_debit,
                account_credit: payment.account_credit,
                amount_minor: payment.amount_minor,
                currency: payment.currency,
                channel: payment.channel,
            }),
            What::ActivateRules(ActivateRules { version }) => {
                let version = u32::try_from(version).map_err(|_| "version is negative".to_owned())?;
                Operation::ActivateRules(command::ActivateRules { version })
            }
            What::ChangeStatus(asked) => {
                Operation::ChangeStatus(command::ChangeStatus { account_id: asked.account_id, change: asked.change })
            }
        };
        let command = Command {
            principal: Principal { subject: self.principal.subject.into_owned(), authority: self.principal.authority },
            idempotency_key: self.idempotency_key.into_owned(),
            received_ms: u64::try_from(self.received_ms).map_err(|_| "received_ms is negative".to_owned())?,
            operation,
        };
        command.check().map_err(|error| error.to_string())?;
        Ok(command)
    }
}
