//! A line of a log that a person can write: a command, junk, or the binding of an epoch.
//!
//! ```json
//! {"command": {"operation": "create_customer", "idempotency_key": "c1", "full_name": "Awa Diop"}, "as": "awa"}
//! {"command": {"operation": "open_account", "customer_id": "@awa", "type": "wallet", "currency": "XOF"}, "as": "wallet"}
//! {"command": {"operation": "deposit", "account_credit": "@wallet", "amount": "12500", "currency": "XOF"}}
//! {"junk": {"text": "no command"}}
//! {"binding": {"epoch": 1767225600000}}
//! ```
//!
//! `as` names what a command creates, `@name` is its id. Everything else that may be left out has a default.

use schemas::{
    AccountType, ActivateRules, Authority, ChangeStatus, Channel, Command, CreateCustomer, Currency, Input, Malformed, Money, OpenAccount,
    Operation, Output, Payment, PaymentKind, Principal, Role, StatusChange,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A line.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Line {
    /// A command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Asked>,
    /// A record that is no command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub junk: Option<Junk>,
    /// The epoch that everything since the last one belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<Bound>,
    /// Partition of the commands log; 0 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// Offset there; the next one without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// The W3C trace context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The time, milliseconds since 1970: no later command is in an earlier epoch. For logs without bindings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// A name for what the command creates.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A command, flat.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    /// `create_customer`, `open_account`, `deposit`, `withdrawal`, `transfer`, `merchant_payment`, `activate_rules`,
    /// `suspend_account`, `reactivate_account`, `close_account`.
    pub operation: String,
    /// Who asks; `operator` without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What the subject may act for; an operator without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<Authority>,
    /// The caller's key; `line-7` on line 7 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// When the door took it; 0 without it. Decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_ms: Option<u64>,
    /// Of a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Of a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msisdn: Option<String>,
    /// Of a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Of an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Of an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<AccountType>,
    /// Of an account; a customer's without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Of a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_debit: Option<String>,
    /// Who is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_credit: Option<String>,
    /// How much, as a decimal of the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Of an account or a payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Of a payment; a wallet without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Of the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// A record that is no command, as text or, where it is none, in hexadecimal digits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Junk {
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// Why it is none; goes into a header of the dead letter, not into its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The binding of an epoch, and what it wrote.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The epoch.
    pub epoch: u64,
    /// Who minted it; 1 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The rules that decide it; those in force without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_version: Option<u32>,
    /// What it binds; without it, everything since the last binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<BoundInput>>,
    /// What it wrote; without it nothing is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<BoundOutput>>,
}

/// What an epoch binds of a partition of the commands log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundInput {
    /// Partition.
    pub partition: i32,
    /// Exclusive upper offset.
    pub upper: i64,
    /// Commands.
    pub count: u32,
}

/// What an epoch wrote to a partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundOutput {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Records.
    pub count: u32,
    /// Their digest, 32 hexadecimal digits.
    pub digest: String,
}

impl Asked {
    /// The command of line `line`; `id` gives the id that a name stands for.
    pub fn command(self, line: usize, id: impl Fn(&str) -> Result<String, String>) -> Result<Command, String> {
        let subject = self
            .subject
            .map_or_else(|| Ok("operator".to_owned()), |subject| if subject.starts_with('@') { id(&subject) } else { Ok(subject) })?;
        let no = |field: &str, present: bool| if present { Err(format!("a {} has no {field}", self.operation)) } else { Ok(()) };
        let some = |field: &str| format!("a {} needs {field}", self.operation);
        if self.operation != "create_customer" {
            no("full_name", self.full_name.is_some())?;
            no("msisdn", self.msisdn.is_some())?;
            no("country", self.country.is_some())?;
        }
        if self.operation != "open_account" {
            no("customer_id", self.customer_id.is_some())?;
            no("type", self.r#type.is_some())?;
            no("role", self.role.is_some())?;
        }
        if self.operation != "activate_rules" {
            no("version", self.version.is_some())?;
        }
        let changes = StatusChange::from_str(&self.operation).ok();
        if changes.is_none() {
            no("account", self.account.is_some())?;
        }
        let pays = PaymentKind::from_str(&self.operation).ok();
        if pays.is_none() {
            no("account_debit", self.account_debit.is_some())?;
            no("account_credit", self.account_credit.is_some())?;
            no("amount", self.amount.is_some())?;
            no("channel", self.channel.is_some())?;
        }
        let operation = match (self.operation.as_str(), pays) {
            (_, None) if let Some(change) = changes => {
                no("currency", self.currency.is_some())?;
                let account = self.account.ok_or_else(|| some("account"))?;
                Operation::ChangeStatus(ChangeStatus { account_id: read(&id(&account)?)?, change })
            }
            ("create_customer", _) => {
                no("currency", self.currency.is_some())?;
                let full_name = self.full_name.ok_or_else(|| some("full_name"))?;
                Operation::CreateCustomer(CreateCustomer { full_name, msisdn: self.msisdn, country: self.country })
            }
            ("open_account", _) => Operation::OpenAccount(OpenAccount {
                customer_id: read(&id(&self.customer_id.ok_or_else(|| some("customer_id"))?)?)?,
                account_type: self.r#type.ok_or_else(|| some("type"))?,
                role: self.role.unwrap_or(Role::Customer),
                currency: self.currency.ok_or_else(|| some("currency"))?,
            }),
            ("activate_rules", _) => {
                no("currency", self.currency.is_some())?;
                Operation::ActivateRules(ActivateRules { version: self.version.ok_or_else(|| some("version"))? })
            }
            (_, Some(kind)) => {
                let currency = self.currency.ok_or_else(|| some("currency"))?;
                let amount = self.amount.as_ref().ok_or_else(|| some("amount"))?;
                Operation::Pay(Payment {
                    kind,
                    account_debit: self.account_debit.map(|text| read(&id(&text)?)).transpose()?,
                    account_credit: self.account_credit.map(|text| read(&id(&text)?)).transpose()?,
                    amount_minor: Money::parse(amount, currency).map_err(|error| error.to_string())?.minor,
                    currency,
                    channel: self.channel.unwrap_or(Channel::Wallet),
                })
            }
            (other, None) => return Err(format!("{other:?} is no operation")),
        };
        let command = Command {
            principal: Principal { subject, authority: self.authority.unwrap_or(Authority::Operator) },
            idempotency_key: self.idempotency_key.unwrap_or_else(|| format!("line-{line}")),
            received_ms: self.received_ms.unwrap_or(0),
            operation,
        };
        command.check().map_err(|error| error.to_string())?;
        Ok(command)
    }

    /// The names that it uses.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let texts = [&self.subject, &self.customer_id, &self.account, &self.account_debit, &self.account_credit];
        texts.into_iter().flatten().filter_map(|text| text.strip_prefix('@'))
    }

    /// A command as a line says it, everything spelt out.
    pub fn of(command: &Command) -> Self {
        let blank = Self {
            operation: command.operation.name().to_owned(),
            subject: Some(command.principal.subject.clone()),
            authority: Some(command.principal.authority),
            idempotency_key: Some(command.idempotency_key.clone()),
            received_ms: Some(command.received_ms),
            ..Self::default()
        };
        match &command.operation {
            Operation::CreateCustomer(create) => {
                Self { full_name: Some(create.full_name.clone()), msisdn: create.msisdn.clone(), country: create.country.clone(), ..blank }
            }
            Operation::OpenAccount(open) => Self {
                customer_id: Some(open.customer_id.to_string()),
                r#type: Some(open.account_type),
                role: Some(open.role),
                currency: Some(open.currency),
                ..blank
            },
            Operation::Pay(payment) => Self {
                account_debit: payment.account_debit.map(|account| account.to_string()),
                account_credit: payment.account_credit.map(|account| account.to_string()),
                amount: Some(Money { minor: payment.amount_minor, currency: payment.currency }.to_string()),
                currency: Some(payment.currency),
                channel: Some(payment.channel),
                ..blank
            },
            Operation::ChangeStatus(asked) => Self { account: Some(asked.account_id.to_string()), ..blank },
            Operation::ActivateRules(ActivateRules { version }) => Self { version: Some(*version), ..blank },
        }
    }
}

impl Junk {
    /// The record.
    pub fn record(self) -> Result<Malformed, String> {
        let value = match (self.text, self.hex) {
            (Some(_), Some(_)) => return Err("junk is text or hex, not both".to_owned()),
            (text, None) => text.map(String::into_bytes),
            (None, Some(hex)) => Some(unhex(&hex)?),
        };
        Ok(Malformed { key: None, value, reason: self.reason.unwrap_or_else(|| "junk".to_owned()) })
    }

    /// Junk as a line says it.
    pub fn of(record: &Malformed) -> Self {
        let text = record.value.as_ref().map(|value| String::from_utf8(value.clone()).map_err(|_| hex(value)));
        let (text, hex) = match text {
            None => (None, None),
            Some(Ok(text)) => (Some(text), None),
            Some(Err(hex)) => (None, Some(hex)),
        };
        Self { text, hex, reason: Some(record.reason.clone()) }
    }
}

impl BoundInput {
    /// An input as a line says it.
    pub fn of(input: &Input) -> Self {
        Self { partition: input.partition, upper: input.upper, count: input.count }
    }
}

impl BoundOutput {
    /// An output as a line says it.
    pub fn of(output: &Output) -> Self {
        Self { topic: output.topic.clone(), partition: output.partition, count: output.count, digest: hex(&output.digest) }
    }

    /// The output.
    pub fn output(self) -> Result<Output, String> {
        let digest = unhex(&self.digest)?.try_into().map_err(|_| "a digest is 32 hexadecimal digits".to_owned())?;
        Ok(Output { topic: self.topic, partition: self.partition, count: self.count, digest })
    }
}

fn read<T: FromStr<Err = schemas::money::Unreadable>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: schemas::money::Unreadable| error.to_string())
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("{:?} is not an even number of hexadecimal digits", text.chars().take(64).collect::<String>());
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(wrong());
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())).collect()
}
