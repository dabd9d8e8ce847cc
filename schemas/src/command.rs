//! Commands: everything the world may ask of the bank.

use crate::account::{AccountType, Role};
use crate::epoch::Position;
use crate::id::{CommandId, CustomerId};
use crate::money::Currency;
use crate::principal::Principal;
use crate::transaction::Payment;
use sha2::{Digest, Sha256};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Enrol a customer.
    CreateCustomer(CreateCustomer),
    /// Open an account.
    OpenAccount(OpenAccount),
    /// Move money.
    Pay(Payment),
}

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

impl Operation {
    /// The operation's name, as it enters the command id, the scopes and the metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateCustomer(_) => "create_customer",
            Self::OpenAccount(_) => "open_account",
            Self::Pay(payment) => payment.kind.as_str(),
        }
    }
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
}

/// What a command says, in 16 bytes: two commands of one id with different fingerprints are a client's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The first 16 bytes of SHA-256 over the version and the operation's fields, each length-prefixed.
    ///
    /// Version 1. The order and form of the fields are fixed for good; a new field is hashed only where it
    /// is present, so that old commands keep their fingerprints.
    pub fn of(operation: &Operation) -> Self {
        let mut hash = Sha256::new();
        let mut field = |name: &str, value: &str| {
            for part in [name, value] {
                hash.update(u32::try_from(part.len()).expect("every field is bounded at the door").to_be_bytes());
                hash.update(part.as_bytes());
            }
        };
        field("version", "1");
        field("operation", operation.name());
        match operation {
            Operation::CreateCustomer(create) => {
                field("full_name", &create.full_name);
                if let Some(msisdn) = &create.msisdn {
                    field("msisdn", msisdn);
                }
                if let Some(country) = &create.country {
                    field("country", country);
                }
            }
            Operation::OpenAccount(open) => {
                field("customer_id", &open.customer_id.to_string());
                field("type", open.account_type.as_str());
                field("role", open.role.as_str());
                field("currency", open.currency.code());
            }
            Operation::Pay(payment) => {
                if let Some(account) = payment.account_debit {
                    field("account_debit", &account.to_string());
                }
                if let Some(account) = payment.account_credit {
                    field("account_credit", &account.to_string());
                }
                field("amount_minor", &payment.amount_minor.to_string());
                field("currency", payment.currency.code());
                field("channel", payment.channel.as_str());
            }
        }
        let digest: [u8; 32] = hash.finalize().into();
        Self(digest[..16].try_into().expect("a SHA-256 digest has 32 bytes"))
    }
}

/// A record of the commands log at its place, readable or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Where it stands.
    pub position: Position,
    /// The W3C trace context that came with it; empty if none.
    pub traceparent: String,
    /// What it says.
    pub command: Result<Command, Malformed>,
}

/// A record that is no command. It goes to the dead-letter topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The record's key.
    pub key: Option<Vec<u8>>,
    /// The record's value.
    pub value: Option<Vec<u8>>,
    /// Why it can't be read.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;
    use crate::transaction::{Channel, PaymentKind};
    use uuid::Uuid;

    fn transfer() -> Payment {
        Payment {
            kind: PaymentKind::Transfer,
            account_debit: Some(AccountId(Uuid::from_u128(1))),
            account_credit: Some(AccountId(Uuid::from_u128(2))),
            amount_minor: 12_500,
            currency: Currency::XOF,
            channel: Channel::Wallet,
        }
    }

    #[test]
    fn every_field_changes_the_fingerprint() {
        let base = transfer();
        let variants = [
            Payment { kind: PaymentKind::MerchantPayment, ..base.clone() },
            Payment { account_debit: None, ..base.clone() },
            Payment { account_credit: None, ..base.clone() },
            Payment { account_debit: base.account_credit, account_credit: base.account_debit, ..base.clone() },
            Payment { amount_minor: 12_501, ..base.clone() },
            Payment { currency: "EUR".parse().unwrap(), ..base.clone() },
            Payment { channel: Channel::Qr, ..base.clone() },
        ];
        let print = |payment: &Payment| Fingerprint::of(&Operation::Pay(payment.clone()));
        let mut all: Vec<_> = variants.iter().map(print).collect();
        all.push(print(&base));
        all.sort_by_key(|print| print.0);
        all.dedup();
        assert_eq!(all.len(), variants.len() + 1);
    }

    #[test]
    fn the_fingerprint_is_fixed_for_good() {
        let print = Fingerprint::of(&Operation::Pay(transfer()));
        assert_eq!(print.0.map(|byte| format!("{byte:02x}")).concat(), "PENDING");
    }
}
