//! What each route asks for, and how its body becomes an operation.
//!
//! In: a JSON object. Out: an operation in the form that every record and row can carry, or every bad field.
//! Whether it is allowed, or covered, is for the ledger to say.

use super::fields::Fields;
use schemas::money::Unreadable;
use schemas::{
    AccountId, ActivateRules, ChangeStatus, Channel, CreateCustomer, Currency, Money, OpenAccount, Operation, Payment, PaymentKind, Role,
    Scope, StatusChange,
};
use std::str::FromStr;

/// The things that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Enrol a customer.
    Customer,
    /// Open an account.
    Account,
    /// Move money.
    Payment(PaymentKind),
    /// Suspend, reactivate or close an account.
    Status {
        /// Which, if the path names one.
        account_id: Option<AccountId>,
        /// What becomes of it.
        change: StatusChange,
    },
    /// Activate a version of the rules.
    Rules {
        /// The newest that is known here.
        newest: u32,
    },
}

impl Form {
    /// What the token must allow.
    pub(super) const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Customer => &[Scope::CustomersWrite, Scope::Operator],
            Self::Account => &[Scope::AccountsWrite],
            Self::Payment(_) => &[Scope::TransactionsWrite],
            Self::Status { .. } => &[Scope::AccountsWrite, Scope::Operator],
            Self::Rules { .. } => &[Scope::RulesWrite, Scope::Operator],
        }
    }

    /// Whether the caller must name the command, so that a retry moves no money twice.
    pub(super) const fn needs_key(self) -> bool {
        match self {
            Self::Customer | Self::Account | Self::Status { .. } | Self::Rules { .. } => false,
            Self::Payment(_) => true,
        }
    }

    /// Whether there is anything to say in a body.
    pub(super) const fn has_fields(self) -> bool {
        match self {
            Self::Status { .. } => false,
            Self::Customer | Self::Account | Self::Payment(_) | Self::Rules { .. } => true,
        }
    }

    /// Reads the fields.
    pub(super) fn read(self, fields: &mut Fields) -> Option<Operation> {
        match self {
            Self::Customer => customer(fields).map(Operation::CreateCustomer),
            Self::Account => account(fields).map(Operation::OpenAccount),
            Self::Payment(kind) => payment(kind, fields).map(Operation::Pay),
            Self::Status { account_id, change } => {
                let account_id = fields.path("id", account_id);
                account_id.map(|account_id| Operation::ChangeStatus(ChangeStatus { account_id, change }))
            }
            Self::Rules { newest } => rules(newest, fields).map(Operation::ActivateRules),
        }
    }
}

fn customer(fields: &mut Fields) -> Option<CreateCustomer> {
    let full_name = fields.required("full_name", full_name);
    let msisdn = fields.optional("msisdn", msisdn);
    let country = fields.optional("country", country);
    Some(CreateCustomer { full_name: full_name?, msisdn, country })
}

fn account(fields: &mut Fields) -> Option<OpenAccount> {
    let customer_id = fields.required("customer_id", parse);
    let account_type = fields.required("type", parse);
    let currency = fields.required("currency", parse);
    let role = fields.optional("role", role).unwrap_or(Role::Customer);
    Some(OpenAccount { customer_id: customer_id?, account_type: account_type?, role, currency: currency? })
}

/// What is not known here is not asked for: the ledger can't know what a later binary will.
fn rules(newest: u32, fields: &mut Fields) -> Option<ActivateRules> {
    let version = fields.number("version", |number| {
        let version = u32::try_from(number).ok().filter(|version| (1..=newest).contains(version));
        version.ok_or_else(|| format!("expected a version of the rules that this server knows, 1 to {newest}"))
    });
    Some(ActivateRules { version: version? })
}

fn payment(kind: PaymentKind, fields: &mut Fields) -> Option<Payment> {
    let mut side = |name, may_be_cash: bool| -> Option<Option<AccountId>> {
        if may_be_cash { Some(fields.optional(name, parse)) } else { fields.required(name, parse).map(Some) }
    };
    let account_debit = side("account_debit", kind == PaymentKind::Deposit);
    let account_credit = side("account_credit", kind == PaymentKind::Withdrawal);
    // An amount can only be read in its currency.
    let currency = fields.required("currency", parse);
    let amount_minor = fields.required("amount", |text| amount_minor(text, currency));
    let channel = fields.optional("channel", parse).unwrap_or(Channel::Wallet);
    Some(Payment {
        kind,
        account_debit: account_debit?,
        account_credit: account_credit?,
        amount_minor: amount_minor?,
        currency: currency?,
        channel,
    })
}

/// Reads an id, a word or a currency by its own rules.
fn parse<T: FromStr<Err = Unreadable>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|unreadable: Unreadable| format!("expected {}", unreadable.expected))
}

/// A role that a customer of the bank can have.
fn role(text: &str) -> Result<Role, String> {
    match text.parse() {
        Ok(role @ (Role::Customer | Role::Merchant | Role::Agent)) => Ok(role),
        Ok(Role::House) | Err(_) => Err("expected customer, merchant, agent".to_owned()),
    }
}

/// More than nothing. Where the currency is at fault, only the form of the amount can be judged.
fn amount_minor(text: &str, currency: Option<Currency>) -> Result<i64, String> {
    let Some(currency) = currency else {
        let decimal = text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.'));
        return if decimal { Ok(0) } else { Err("expected a decimal such as 12500".to_owned()) };
    };
    let money = Money::parse(text, currency).map_err(|unreadable| format!("expected {}", unreadable.expected))?;
    if money.minor > 0 { Ok(money.minor) } else { Err("must be greater than zero".to_owned()) }
}

fn full_name(text: &str) -> Result<String, String> {
    let characters = text.chars().count();
    let fits = (1..=140).contains(&characters) && !text.trim().is_empty() && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("expected 1 to 140 characters, not all blank, none of them a control".to_owned()) }
}

fn msisdn(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').filter(|digits| !digits.starts_with('0')).unwrap_or_default();
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if fits {
        Ok(text.to_owned())
    } else {
        Err("expected a number in E.164 form: + and 7 to 15 digits, the first of them not 0".to_owned())
    }
}

fn country(text: &str) -> Result<String, String> {
    let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits { Ok(text.to_owned()) } else { Err("expected an ISO 3166-1 alpha-2 code, such as SN".to_owned()) }
}

#[cfg(test)]
mod tests;
