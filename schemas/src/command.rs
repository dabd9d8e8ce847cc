//! Commands: everything the world may ask of the bank.

mod bound;

pub use bound::{Asked, Bound, Malformed};

use crate::account::{AccountType, Role, StatusChange};
use crate::batch::Batch;
use crate::gate::{AmlSetting, DecideReview, Freeze, Signal};
use crate::hold::{Capture, RESERVED_MS_MAX, RESERVED_MS_MIN, Release, Reserve};
use crate::id::{AccountId, CommandId, CustomerId, TransactionId};
use crate::money::{Currency, Money, Unreadable};
use crate::order::{CancelOrder, Dated, Order};
use crate::policy::Policy;
use crate::principal::Principal;
use crate::proof::Proof;
use crate::transaction::{Payment, PaymentKind};
use sha2::{Digest, Sha256};
use std::sync::Arc;

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
    /// Hold money for a payment.
    Reserve(Reserve),
    /// Settle a payment out of a hold.
    Capture(Capture),
    /// Give back what is left of a hold.
    Release(Release),
    /// Give back some of a payment.
    Refund(Refund),
    /// Take back a payment and its fee.
    Reverse(Reverse),
    /// Set a level, terms, limits or a tariff.
    SetPolicy(Policy),
    /// Many operations as one.
    Batch(Batch),
    /// Make a payment on a day to come, or one that counts from an earlier day.
    Order(Order),
    /// Take back an order.
    CancelOrder(CancelOrder),
    /// Set a rule against fraud, what its score leads to, or a list of countries.
    SetAml(AmlSetting),
    /// Freeze a customer or an account, or end that.
    Freeze(Freeze),
    /// Report what was noticed about a customer outside of payments.
    ReportSignal(Signal),
    /// End a review of a payment that is held.
    DecideReview(DecideReview),
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

impl Operation {
    /// The operation's name, as it enters the command id, the scopes and the metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateCustomer(_) => "create_customer",
            Self::OpenAccount(_) => "open_account",
            Self::Pay(payment) => payment.kind.as_str(),
            Self::ActivateRules(_) => "activate_rules",
            Self::ChangeStatus(asked) => asked.change.as_str(),
            Self::Reserve(_) => "reserve",
            Self::Capture(_) => "capture",
            Self::Release(_) => "release",
            Self::Refund(_) => "refund",
            Self::Reverse(_) => "reverse",
            Self::SetPolicy(policy) => policy.operation(),
            Self::Batch(batch) => batch.operation(),
            Self::Order(_) => "order",
            Self::CancelOrder(_) => "cancel_order",
            Self::SetAml(setting) => setting.operation(),
            Self::Freeze(freeze) => freeze.operation(),
            Self::ReportSignal(_) => "report_signal",
            Self::DecideReview(_) => "decide_review",
        }
    }

    /// How many commands it weighs in an epoch: a batch as many as it has items.
    pub const fn weight(&self) -> usize {
        if let Self::Batch(batch) = self { batch.items.len() } else { 1 }
    }

    /// The first version of the rules that knows it.
    pub fn since(&self) -> u32 {
        match self {
            Self::CreateCustomer(_) | Self::OpenAccount(_) | Self::ActivateRules(_) => 1,
            Self::Pay(payment) => payment.since(),
            Self::ChangeStatus(_) => 3,
            Self::Reserve(reserve) => reserve.payment.since().max(4),
            Self::Capture(_) | Self::Release(_) | Self::Refund(_) | Self::Reverse(_) | Self::SetPolicy(_) => 4,
            // An item that the rules do not know is refused by itself, unless it says what they could not even read.
            Self::Batch(batch) => {
                if batch.items.iter().any(|item| item.since() > 5) {
                    6
                } else {
                    5
                }
            }
            Self::Order(order) => order.payment.since().max(5),
            Self::CancelOrder(_) => 5,
            Self::SetAml(_) | Self::Freeze(_) | Self::ReportSignal(_) | Self::DecideReview(_) => 6,
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

impl Operation {
    /// Whether its texts, amounts and moments have the form that the fields say.
    pub fn check(&self) -> Result<(), Unreadable> {
        match self {
            Self::CreateCustomer(create) => create.check(),
            Self::Pay(payment) => asked(payment),
            Self::Reserve(reserve) => {
                asked(&reserve.payment)?;
                let lasts = (RESERVED_MS_MIN..=RESERVED_MS_MAX).contains(&reserve.expires_in_ms);
                expect("expires_in_ms", &reserve.expires_in_ms.to_string(), "one second to thirty days", |_| lasts)
            }
            Self::SetPolicy(policy) => policy.check(),
            Self::SetAml(setting) => setting.check(),
            Self::Freeze(freeze) => freeze.check(),
            Self::ReportSignal(signal) => signal.check(),
            Self::DecideReview(review) => review.check(),
            Self::Batch(batch) => batch.check(),
            Self::Order(order) => order.check(),
            Self::Refund(Refund { proof, .. }) | Self::Reverse(Reverse { proof, .. }) => {
                proof.as_ref().map_or(Ok(()), |proof| proof.check())
            }
            Self::OpenAccount(_)
            | Self::ActivateRules(_)
            | Self::ChangeStatus(_)
            | Self::Capture(_)
            | Self::Release(_)
            | Self::CancelOrder(_) => Ok(()),
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
            Operation::Pay(payment) => pay_fields(payment, field),
            Operation::ActivateRules(activate) => field("version", &activate.version.to_string()),
            Operation::ChangeStatus(asked) => field("account_id", asked.account_id.text(&mut [0; 36])),
            Operation::Reserve(reserve) => {
                field("kind", reserve.payment.kind.as_str());
                field("expires_in_ms", &reserve.expires_in_ms.to_string());
                pay_fields(&reserve.payment, field);
            }
            Operation::Capture(capture) => {
                field("hold_id", capture.hold_id.text(&mut [0; 36]));
                field("amount_minor", &capture.amount.minor.to_string());
                field("currency", capture.amount.currency.code());
                field("last", if capture.last { "true" } else { "false" });
            }
            Operation::Release(release) => field("hold_id", release.hold_id.text(&mut [0; 36])),
            Operation::Refund(refund) => {
                field("transaction_id", refund.transaction_id.text(&mut [0; 36]));
                field("amount_minor", &refund.amount.minor.to_string());
                field("currency", refund.amount.currency.code());
            }
            Operation::Reverse(reverse) => field("transaction_id", reverse.transaction_id.text(&mut [0; 36])),
            Operation::SetPolicy(policy) => policy.fields(field),
            Operation::Batch(batch) => {
                field("mode", batch.mode.as_str());
                batch.items.iter().for_each(|item| field("item", &Self::of(item).to_string()));
            }
            Operation::Order(order) => {
                field("kind", order.payment.kind.as_str());
                match order.dated {
                    Dated::ExecuteAt(epoch) => field("execute_at", &epoch.to_string()),
                    Dated::EffectiveAt(epoch) => field("effective_at", &epoch.to_string()),
                }
                pay_fields(&order.payment, field);
            }
            Operation::CancelOrder(cancel) => field("order_id", cancel.order_id.text(&mut [0; 36])),
            Operation::SetAml(setting) => setting.fields(field),
            Operation::Freeze(freeze) => {
                let (name, id) = freeze.party.field();
                field(name, &id);
                field("reason", &freeze.reason);
            }
            Operation::ReportSignal(signal) => {
                let (name, id) = signal.party.field();
                field(name, &id);
                if let Some(device) = &signal.device {
                    field("device", device);
                }
                field("signal", signal.signal.as_str());
            }
            Operation::DecideReview(review) => {
                field("hold_id", review.hold_id.text(&mut [0; 36]));
                field("decision", review.decision.as_str());
                field("reason", &review.reason);
            }
        }
        let digest: [u8; 32] = Sha256::digest(&fields).into();
        Self(digest[..16].try_into().expect("a SHA-256 digest has 32 bytes"))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The fields of a payment, but for its kind.
fn pay_fields(payment: &Payment, mut field: impl FnMut(&str, &str)) {
    if let Some(account) = payment.account_debit {
        field("account_debit", account.text(&mut [0; 36]));
    }
    if let Some(account) = payment.account_credit {
        field("account_credit", account.text(&mut [0; 36]));
    }
    field("amount_minor", &payment.amount_minor.to_string());
    field("currency", payment.currency.code());
    field("channel", payment.channel.as_str());
    if let Some(context) = &payment.context {
        context.fields(field);
    }
}

#[cfg(test)]
mod tests;
