//! Commands: everything the world may ask of the bank.

mod bound;
mod fingerprint;
mod operation;

pub use bound::{Asked, Bound, Malformed};
pub use fingerprint::Fingerprint;
pub use operation::Operation;

use crate::account::{AccountType, Role, StatusChange};
use crate::id::{AccountId, CommandId, CustomerId, TransactionId};
use crate::money::{Currency, Money, Unreadable};
use crate::principal::Principal;
use crate::proof::Proof;
use crate::transaction::{Payment, PaymentKind};
use std::sync::Arc;

/// Enrol a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateCustomer {
    /// As on the identity document; 1 to 140 characters.
    pub full_name: String,
    /// Mobile number in E.164 form.
    pub msisdn: Option<String>,
    /// ISO 3166-1 alpha-2 country of residence.
    pub country: Option<String>,
}

/// Open an account for a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAccount {
    /// The holder.
    pub customer_id: CustomerId,
    /// The product.
    pub account_type: AccountType,
    /// What the holder is to the bank; never the house.
    pub role: Role,
    /// The one currency of the account.
    pub currency: Currency,
}

/// Decide by another version of the rules from the next epoch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivateRules {
    /// The version.
    pub version: u32,
}

/// Suspend, reactivate or close an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeStatus {
    /// Which account.
    pub account_id: AccountId,
    /// What becomes of it.
    pub change: StatusChange,
}

/// Give back some or all of a payment, out of the payee's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The payment.
    pub transaction_id: TransactionId,
    /// How much, in the payment's currency; all refunds together are never more than the payment.
    pub amount: Money,
    /// That it was made, where that is too long ago for the ledger to remember. It is no part of what is asked.
    pub proof: Option<Arc<Proof>>,
}

/// Take back all that is left of a payment, its fee included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverse {
    /// The payment.
    pub transaction_id: TransactionId,
    /// That it was made, as in a refund.
    pub proof: Option<Arc<Proof>>,
}

impl CreateCustomer {
    /// Whether name, number and country have the form that the fields say.
    pub fn check(&self) -> Result<(), Unreadable> {
        expect("full name", &self.full_name, "1 to 140 characters, none of them a control", |text| is_line(text, 140))?;
        if let Some(msisdn) = &self.msisdn {
            expect("msisdn", msisdn, "+ and 7 to 15 digits", |text| {
                let digits = text.strip_prefix('+').unwrap_or_default();
                (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
            })?;
        }
        if let Some(country) = &self.country {
            expect("country", country, "two letters, such as SN", |text| {
                text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
            })?;
        }
        Ok(())
    }
}

/// Whether a payment is one that can be asked for by itself, and what it says of where it comes from has its form.
pub(crate) fn asked(payment: &Payment) -> Result<(), Unreadable> {
    let form = "a payment that is asked for by itself";
    expect("kind", payment.kind.as_str(), form, |_| PaymentKind::ASKED.contains(&payment.kind))?;
    payment.context.as_ref().map_or(Ok(()), |context| context.check())
}

/// Refuses a text that does not have its form.
fn expect(what: &str, text: &str, form: &str, has_form: impl Fn(&str) -> bool) -> Result<(), Unreadable> {
    if has_form(text) { Ok(()) } else { Err(Unreadable::new(what, text, form)) }
}

/// One line of text that is not empty. A NUL, which Postgres can't hold, is a control character too.
pub(crate) fn is_line(text: &str, characters_max: usize) -> bool {
    !text.is_empty() && text.chars().nth(characters_max).is_none() && !text.chars().any(char::is_control)
}

/// A request to the bank, as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Who asks.
    pub principal: Principal,
    /// The caller's key: the same key for the same operation is the same command.
    pub idempotency_key: String,
    /// When the door took it, by the door's clock, milliseconds; decides nothing.
    pub received_ms: u64,
    /// What is asked.
    pub operation: Operation,
}

impl Command {
    /// The id that every retry of this command shares.
    pub fn id(&self) -> CommandId {
        CommandId::derive(&self.principal.subject, self.operation.name(), &self.idempotency_key)
    }

    /// Whether its texts have the form and the size that every record, row and answer made of them can carry.
    ///
    /// A door tells its caller; at the log a record that fails is no command. So what settlement decides on
    /// always fits a Kafka record and a Postgres text, and no single record can stop the bank.
    pub fn check(&self) -> Result<(), Unreadable> {
        expect("subject", &self.principal.subject, "1 to 255 characters, none of them a control", |text| is_line(text, 255))?;
        expect("idempotency key", &self.idempotency_key, "1 to 255 visible ASCII characters", |text| {
            (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        })?;
        self.operation.check()
    }
}

#[cfg(test)]
mod tests;
