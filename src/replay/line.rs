//! A line of a log that a person can write: a command, junk, or the binding of an epoch.
//!
//! ```json
//! {"command": {"operation": "create_customer", "idempotency_key": "c1", "full_name": "Awa Diop"}, "as": "awa"}
//! {"command": {"operation": "open_account", "customer_id": "@awa", "type": "wallet", "currency": "XOF"}, "as": "wallet"}
//! {"command": {"operation": "deposit", "account_credit": "@wallet", "amount": "12500", "currency": "XOF"}, "as": "cash"}
//! {"command": {"operation": "refund", "transaction": "@cash", "amount": "500", "currency": "XOF"}}
//! {"command": {"operation": "batch", "items": [{"operation": "reverse", "transaction": "@cash"}]}, "as": "back"}
//! {"junk": {"text": "no command"}}
//! {"binding": {"epoch": 1767225600000}}
//! ```
//!
//! `as` names what a command creates, transactions, holds and orders too; `@name` is its id. What the item 0 of a batch makes is
//! `@name#0`, and the transaction in which an order ends `@name#paid`. Everything else that may be left out has a default.

mod asked;
mod diligence;
mod fields;
mod gate;
mod list;
mod policy;
mod proof;
mod written;

pub use asked::Asked;
pub use proof::Shown;

use schemas::{Input, Malformed, Output};
use serde::{Deserialize, Serialize};

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

#[cfg(test)]
mod tests;
