//! Commands: everything the world may ask of the bank.

use crate::account::{AccountType, Role, StatusChange};
use crate::epoch::Position;
use crate::id::{AccountId, CommandId, CustomerId};
use crate::money::{Currency, Unreadable};
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
    /// Decide by another version of the rules from the next epoch on.
    ActivateRules(ActivateRules),
    /// Suspend, reactivate or close an account.
    ChangeStatus(ChangeStatus),
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

impl Operation {
    /// The operation's name, as it enters the command id, the scopes and the metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateCustomer(_) => "create_customer",
            Self::OpenAccount(_) => "open_account",
            Self::Pay(payment) => payment.kind.as_str(),
            Self::ActivateRules(_) => "activate_rules",
            Self::ChangeStatus(asked) => asked.change.as_str(),
        }
    }

    /// The first version of the rules that knows it.
    pub const fn since(&self) -> u32 {
        match self {
            Self::CreateCustomer(_) | Self::OpenAccount(_) | Self::Pay(_) | Self::ActivateRules(_) => 1,
            Self::ChangeStatus(_) => 3,
        }
    }
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

/// Refuses a text that does not have its form.
fn expect(what: &str, text: &str, form: &str, has_form: impl Fn(&str) -> bool) -> Result<(), Unreadable> {
    if has_form(text) { Ok(()) } else { Err(Unreadable::new(what, text, form)) }
}

/// One line of text that is not empty. A NUL, which Postgres can't hold, is a control character too.
fn is_line(text: &str, characters_max: usize) -> bool {
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
        match &self.operation {
            Operation::CreateCustomer(create) => create.check(),
            Operation::OpenAccount(_) | Operation::Pay(_) | Operation::ActivateRules(_) | Operation::ChangeStatus(_) => Ok(()),
        }
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
        // All of it first, since a hash is fastest in one piece.
        let mut fields = Vec::with_capacity(320);
        let mut field = |name: &str, value: &str| {
            for part in [name, value] {
                fields.extend_from_slice(&u32::try_from(part.len()).expect("every field is bounded at the door").to_be_bytes());
                fields.extend_from_slice(part.as_bytes());
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
                    field("account_debit", account.text(&mut [0; 36]));
                }
                if let Some(account) = payment.account_credit {
                    field("account_credit", account.text(&mut [0; 36]));
                }
                field("amount_minor", &payment.amount_minor.to_string());
                field("currency", payment.currency.code());
                field("channel", payment.channel.as_str());
            }
            Operation::ActivateRules(activate) => field("version", &activate.version.to_string()),
            Operation::ChangeStatus(asked) => field("account_id", asked.account_id.text(&mut [0; 36])),
        }
        let digest: [u8; 32] = Sha256::digest(&fields).into();
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

    fn create(full_name: &str, msisdn: Option<&str>, country: Option<&str>) -> Operation {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Operation::CreateCustomer(CreateCustomer { full_name: full_name.to_owned(), msisdn: owned(msisdn), country: owned(country) })
    }

    #[test]
    fn a_command_that_no_record_or_row_could_carry_is_no_command() {
        let passes = |subject: &str, key: &str, operation: &Operation| {
            let principal = Principal { subject: subject.to_owned(), authority: crate::Authority::Operator };
            let command = Command { principal, idempotency_key: key.to_owned(), received_ms: 0, operation: operation.clone() };
            command.check().is_ok()
        };
        let pay = Operation::Pay(transfer());
        let (long, longest, megabyte) = ("k".repeat(256), "k".repeat(255), "k".repeat(1 << 20));
        for (subject, key, expected) in [
            ("staff", "k", true),
            ("staff", longest.as_str(), true),
            (longest.as_str(), "k", true),
            ("Ndèye", "8a1c-!~", true),
            ("staff", "", false),
            ("", "k", false),
            ("staff", long.as_str(), false),
            (long.as_str(), "k", false),
            ("staff", megabyte.as_str(), false),
            ("staff", "a b", false),
            ("staff", "clé", false),
            ("staff", "k\n", false),
            ("st\0ff", "k", false),
        ] {
            assert_eq!(passes(subject, key, &pay), expected, "{subject:?} {key:?}");
        }
        let (long, longest) = ("é".repeat(141), "é".repeat(140));
        for (name, msisdn, country, expected) in [
            ("Awa Diop", None, None, true),
            (longest.as_str(), Some("+221770000001"), Some("SN"), true),
            ("", None, None, false),
            (long.as_str(), None, None, false),
            ("Awa\0Diop", None, None, false),
            ("Awa", Some("+123456"), None, false),
            ("Awa", Some("+1234567"), None, true),
            ("Awa", Some("+1234567890123456"), None, false),
            ("Awa", Some("221770000001"), None, false),
            ("Awa", Some("+22177000000a"), None, false),
            ("Awa", None, Some("sn"), false),
            ("Awa", None, Some("SEN"), false),
        ] {
            assert_eq!(passes("staff", "k", &create(name, msisdn, country)), expected, "{name:?} {msisdn:?} {country:?}");
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
        let open = OpenAccount {
            customer_id: CustomerId(Uuid::from_u128(3)),
            account_type: AccountType::Wallet,
            role: Role::Customer,
            currency: Currency::XOF,
        };
        let change = |change| Operation::ChangeStatus(ChangeStatus { account_id: AccountId(Uuid::from_u128(4)), change });
        for (operation, expected) in [
            (Operation::Pay(transfer()), "3cb307c14a8713806a128be90303417b"),
            (create("Awa Diop", None, Some("SN")), "f77b91ba62222ec270637473cce29c6a"),
            (Operation::OpenAccount(open), "aa58fca9f5a437639e5fe37b0ca3971d"),
            (change(StatusChange::Suspend), "aaa0ae994b6aaa1129bec526a45f7374"),
            (change(StatusChange::Close), "5010ed6e4c06fc821c40d3d4e644cbb6"),
        ] {
            assert_eq!(Fingerprint::of(&operation).0.map(|byte| format!("{byte:02x}")).concat(), expected);
        }
    }
}
