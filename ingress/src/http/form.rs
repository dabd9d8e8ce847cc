//! What each route asks for, and how its body becomes an operation.
//!
//! In: a body of JSON. Out: an operation in the form that every record and row can carry, or every bad field.
//! Whether it is allowed, or covered, is for the ledger to say.

mod batch;
mod context;
mod diligence;
mod gate;
mod hold;
pub(super) mod list;
pub(super) mod policy;
mod text;

pub(super) use diligence::Wanted;

use super::fields::{self, Fields};
use super::headers::Media;
use super::query::Asked;
use schemas::gate::ListName;
use schemas::{
    AccountId, ActivateRules, AmlSetting, CancelOrder, ChangeStatus, Channel, CreateCustomer, CustomerId, Dated, HoldId, KycLevel, Money,
    OpenAccount, Operation, Order, OrderId, Party, Payment, PaymentKind, Policy, Problem, Role, RuleId, Scope, StatusChange, TransactionId,
};
use text::parse;

/// The things that can be asked. What a path names is none where it can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Enrol a customer.
    Customer,
    /// Open an account.
    Account,
    /// Move money, now or on a day of its own.
    Payment(PaymentKind),
    /// Many operations at once.
    Batch,
    /// Take back a payment that waits for its day.
    CancelOrder(Option<OrderId>),
    /// Suspend, reactivate or close an account.
    Status {
        /// Which.
        account_id: Option<AccountId>,
        /// What becomes of it.
        change: StatusChange,
    },
    /// Hold money for a payment.
    Reserve,
    /// Settle a payment out of a hold.
    Capture(Option<HoldId>),
    /// Give back what is left of a hold.
    Release(Option<HoldId>),
    /// Give back some of a payment.
    Refund(Option<TransactionId>),
    /// Take back a payment and its fee.
    Reverse(Option<TransactionId>),
    /// Say how far the identity of a customer is known.
    Level(Option<CustomerId>),
    /// Set the terms of an account.
    Terms(Option<AccountId>),
    /// Set the limits of a level.
    Limits(Option<KycLevel>),
    /// Set a tariff.
    Tariff,
    /// End the tariff of a code.
    TariffEnd(Option<String>),
    /// Set a rule against fraud.
    AmlRule(Option<RuleId>),
    /// Set what a score leads to.
    GatePolicy,
    /// Set a list of countries.
    Countries(Option<ListName>),
    /// Freeze a customer or an account, or end that.
    Freeze {
        /// Whom.
        party: Option<Party>,
        /// Whether it is an account.
        of_account: bool,
        /// Whether it is frozen from now on.
        frozen: bool,
    },
    /// Report what was noticed about a customer.
    Signal,
    /// End a review.
    Review(Option<HoldId>),
    /// Load a part of a watchlist, put one in force, or clear a match.
    List(list::Listed),
    /// Something of an identity or a case.
    Diligence(Wanted),
    /// Activate a version of the rules.
    Rules {
        /// The newest that is known here.
        newest: u32,
    },
}

impl Form {
    /// What the token must allow.
    pub(super) const fn scopes(&self) -> &'static [Scope] {
        match self {
            Self::Customer | Self::Level(_) => &[Scope::CustomersWrite, Scope::Operator],
            Self::Account => &[Scope::AccountsWrite],
            Self::Diligence(Wanted::Update(_) | Wanted::Address(_) | Wanted::NoAddress(_)) => &[Scope::CustomersWrite, Scope::Operator],
            Self::Diligence(Wanted::Document(_)) => &[Scope::CustomersWrite],
            Self::Diligence(Wanted::Policy) => &[Scope::RulesWrite, Scope::Operator],
            Self::Diligence(_) => &[Scope::CasesWrite, Scope::Operator],
            Self::Payment(_) | Self::Reserve | Self::Capture(_) | Self::Release(_) | Self::Refund(_) => &[Scope::TransactionsWrite],
            // What an item needs beyond that is known once it is read.
            Self::Batch | Self::CancelOrder(_) => &[Scope::TransactionsWrite],
            Self::Reverse(_) | Self::Review(_) => &[Scope::TransactionsWrite, Scope::Operator],
            Self::Freeze { of_account: false, .. } | Self::Signal => &[Scope::CustomersWrite, Scope::Operator],
            Self::Freeze { of_account: true, .. } => &[Scope::AccountsWrite, Scope::Operator],
            Self::AmlRule(_) | Self::GatePolicy | Self::Countries(_) => &[Scope::RulesWrite, Scope::Operator],
            Self::List(_) => &[Scope::RulesWrite, Scope::Operator],
            Self::Status { .. } | Self::Terms(_) => &[Scope::AccountsWrite, Scope::Operator],
            Self::Limits(_) | Self::Tariff | Self::TariffEnd(_) | Self::Rules { .. } => &[Scope::RulesWrite, Scope::Operator],
        }
    }

    /// Whether the caller must name the command, so that a retry does nothing twice.
    pub(super) const fn needs_key(&self) -> bool {
        match self {
            Self::Customer | Self::Account | Self::Status { .. } | Self::Rules { .. } => false,
            Self::Payment(_) | Self::Reserve | Self::Capture(_) | Self::Release(_) | Self::Refund(_) | Self::Reverse(_) => true,
            Self::Level(_) | Self::Terms(_) | Self::Limits(_) | Self::Tariff | Self::TariffEnd(_) => true,
            Self::Batch | Self::CancelOrder(_) | Self::Review(_) | Self::Diligence(_) => true,
            Self::AmlRule(_) | Self::GatePolicy | Self::Countries(_) => true,
            Self::List(_) => true,
            // Told twice, it counts twice.
            Self::Signal => true,
            Self::Freeze { .. } => false,
        }
    }

    /// The parameters of its query.
    pub(super) const fn parameters(&self) -> &'static [&'static str] {
        match self {
            Self::Payment(_) | Self::Reserve | Self::Capture(_) | Self::Release(_) | Self::Refund(_) | Self::Reverse(_) => &["dry_run"],
            Self::Batch => &["dry_run", "mode"],
            Self::Customer | Self::Account | Self::Status { .. } | Self::Rules { .. } | Self::CancelOrder(_) => &[],
            Self::Level(_) | Self::Terms(_) | Self::Limits(_) | Self::Tariff | Self::TariffEnd(_) | Self::Diligence(_) => &[],
            Self::AmlRule(_) | Self::GatePolicy | Self::Countries(_) | Self::Freeze { .. } | Self::Signal | Self::Review(_) => &[],
            Self::List(_) => &[],
        }
    }

    /// Whether a body must say something.
    pub(super) const fn needs_body(&self) -> bool {
        match self {
            Self::Status { .. } | Self::Release(_) | Self::Reverse(_) | Self::TariffEnd(_) | Self::CancelOrder(_) => false,
            Self::Diligence(Wanted::Assign(_) | Wanted::Policy | Wanted::NoAddress(_)) => false,
            Self::Batch | Self::Diligence(_) => true,
            Self::AmlRule(_) | Self::GatePolicy | Self::Countries(_) | Self::Freeze { .. } | Self::Signal | Self::Review(_) => true,
            Self::List(_) => true,
            Self::Customer | Self::Account | Self::Payment(_) | Self::Reserve | Self::Capture(_) | Self::Refund(_) => true,
            Self::Level(_) | Self::Terms(_) | Self::Limits(_) | Self::Tariff | Self::Rules { .. } => true,
        }
    }

    /// Reads a body, beside what the query asks.
    pub(super) fn operation(self, body: &[u8], media: Media, asked: Asked) -> Result<Operation, Problem> {
        if self == Self::Batch {
            return batch::read(body, media, asked).map(Operation::Batch);
        }
        let empty_will_do = body.is_empty() && !self.needs_body();
        let operation = fields::read(if empty_will_do { b"{}" } else { body }, |fields| self.read(fields))?;
        if asked.dry_run == Some(true) { batch::tried(operation) } else { Ok(operation) }
    }

    /// Reads the fields.
    fn read(self, fields: &mut Fields) -> Option<Operation> {
        let operation = match self {
            Self::Customer => Operation::CreateCustomer(customer(fields)?),
            Self::Account => Operation::OpenAccount(account(fields)?),
            Self::Payment(kind) => dated(kind, fields)?,
            Self::Batch => Operation::Batch(batch::batch(Asked::default(), fields)?),
            Self::CancelOrder(id) => Operation::CancelOrder(CancelOrder { order_id: fields.path("id", id, text::UUID)? }),
            Self::Status { account_id, change } => {
                let account_id = fields.path("id", account_id, text::UUID)?;
                Operation::ChangeStatus(ChangeStatus { account_id, change })
            }
            Self::Reserve => Operation::Reserve(hold::reserve("operation", fields)?),
            Self::Capture(id) => Operation::Capture(hold::capture(fields.path("id", id, text::UUID), fields)?),
            Self::Release(id) => Operation::Release(hold::release(fields.path("id", id, text::UUID))?),
            Self::Refund(id) => Operation::Refund(hold::refund(fields.path("id", id, text::UUID), fields)?),
            Self::Reverse(id) => Operation::Reverse(hold::reverse(fields.path("id", id, text::UUID))?),
            Self::Level(id) => Operation::SetPolicy(Policy::Level(policy::level(id, fields)?)),
            Self::Terms(id) => Operation::SetPolicy(Policy::Terms(policy::terms(id, fields)?)),
            Self::Limits(level) => Operation::SetPolicy(Policy::Limits(policy::level_limits(level, fields)?)),
            Self::Tariff => Operation::SetPolicy(Policy::Tariff(policy::tariff(fields)?)),
            Self::TariffEnd(code) => Operation::SetPolicy(Policy::TariffEnd(policy::tariff_end(code, fields)?)),
            Self::AmlRule(rule) => Operation::SetAml(AmlSetting::Rule(gate::rule(rule, fields)?)),
            Self::GatePolicy => Operation::SetAml(AmlSetting::Policy(gate::policy(fields)?)),
            Self::Countries(list) => Operation::SetAml(AmlSetting::Countries(gate::countries(list, fields)?)),
            Self::Freeze { party, frozen, .. } => Operation::Freeze(gate::freeze(party, frozen, fields)?),
            Self::Signal => Operation::ReportSignal(gate::signal(fields)?),
            Self::Review(id) => Operation::DecideReview(gate::review(id, fields)?),
            Self::List(asked) => Operation::List(list::read(asked, fields)?),
            Self::Diligence(wanted) => diligence::read(wanted, fields)?,
            Self::Rules { newest } => Operation::ActivateRules(rules(newest, fields)?),
        };
        Some(operation)
    }
}

fn customer(fields: &mut Fields) -> Option<CreateCustomer> {
    let full_name = fields.required("full_name", text::full_name);
    let msisdn = fields.optional("msisdn", text::msisdn);
    let country = fields.optional("country", text::country);
    Some(CreateCustomer { full_name: full_name?, msisdn, country })
}

fn account(fields: &mut Fields) -> Option<OpenAccount> {
    let customer_id = fields.required("customer_id", parse);
    let account_type = fields.required("type", parse);
    let currency = fields.required("currency", parse);
    let role = fields.optional("role", text::role).unwrap_or(Role::Customer);
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

/// A payment, and its date where it has one of its own.
fn dated(kind: PaymentKind, fields: &mut Fields) -> Option<Operation> {
    let payment = payment(kind, fields);
    let execute_at = fields.optional("execute_at", text::moment).map(Dated::ExecuteAt);
    let effective_at = fields.optional("effective_at", text::moment).map(Dated::EffectiveAt);
    if execute_at.is_some() && effective_at.is_some() {
        return fields.wrong("effective_at", "stands beside execute_at: a payment has one of them");
    }
    let payment = payment?;
    Some(match execute_at.or(effective_at) {
        None => Operation::Pay(payment),
        Some(dated) => Operation::Order(Order { payment, dated }),
    })
}

fn payment(kind: PaymentKind, fields: &mut Fields) -> Option<Payment> {
    let mut side = |name, may_be_cash: bool| -> Option<Option<AccountId>> {
        if may_be_cash { Some(fields.optional(name, parse)) } else { fields.required(name, parse).map(Some) }
    };
    let account_debit = side("account_debit", kind == PaymentKind::Deposit);
    let account_credit = side("account_credit", kind == PaymentKind::Withdrawal);
    let amount = amount(fields);
    let channel = fields.optional("channel", parse).unwrap_or(Channel::Wallet);
    let context = context::context(fields);
    Some(Payment {
        kind,
        account_debit: account_debit?,
        account_credit: account_credit?,
        amount_minor: amount?.minor,
        currency: amount?.currency,
        channel,
        context: context?,
    })
}

/// More than nothing, of a currency, in which alone it can be read.
fn amount(fields: &mut Fields) -> Option<Money> {
    let currency = fields.required("currency", parse);
    let minor = fields.required("amount", |text| text::positive_minor(text, currency));
    Some(Money { minor: minor?, currency: currency? })
}

#[cfg(test)]
mod tests;
