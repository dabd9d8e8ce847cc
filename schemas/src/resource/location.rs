//! Where each resource is.

use crate::customer::KycLevel;
use crate::gate::{AmlSetting, PartyChanged};
use crate::id::{AccountId, CommandId, CustomerId, HoldId, OrderId, TransactionId};
use crate::list::ListCommand;
use crate::money::Currency;
use crate::policy::Policy;

pub use super::diligence::location::{CASE_POLICY, case, diligence, kyc};

/// The rules in force.
pub const RULES: &str = "/v1/rules";

/// A customer.
pub fn customer(id: CustomerId) -> String {
    format!("/v1/customers/{id}")
}

/// An account.
pub fn account(id: AccountId) -> String {
    format!("/v1/accounts/{id}")
}

/// A transaction.
pub fn transaction(id: TransactionId) -> String {
    format!("/v1/transactions/{id}")
}

/// A hold.
pub fn hold(id: HoldId) -> String {
    format!("/v1/holds/{id}")
}

/// An order.
pub fn order(id: OrderId) -> String {
    format!("/v1/orders/{id}")
}

/// A batch.
pub fn batch(id: CommandId) -> String {
    format!("/v1/batches/{id}")
}

/// The terms of an account.
pub fn terms(id: AccountId) -> String {
    format!("/v1/accounts/{id}/terms")
}

/// The limits of a level.
pub fn limits(level: KycLevel, currency: Currency) -> String {
    format!("/v1/levels/{level}/limits/{currency}")
}

/// A tariff.
pub fn tariff(code: &str) -> String {
    format!("/v1/tariffs/{code}")
}

/// What a policy is shown at.
pub fn policy(policy: &Policy) -> String {
    match policy {
        Policy::Level(set) => customer(set.customer_id),
        Policy::Terms(set) => terms(set.account_id),
        Policy::Limits(set) => limits(set.level, set.currency),
        Policy::Tariff(set) => tariff(&set.code),
        Policy::TariffEnd(end) => tariff(&end.code),
    }
}

/// All rules against fraud, with what is set beside them.
pub const AML_RULES: &str = "/admin/aml/rules";

/// What a setting is shown at.
pub fn aml(setting: &AmlSetting) -> String {
    match setting {
        AmlSetting::Rule(setting) => format!("{AML_RULES}/{}", setting.rule),
        AmlSetting::Policy(_) | AmlSetting::Countries(_) => AML_RULES.to_owned(),
        AmlSetting::Cases(_) => CASE_POLICY.to_owned(),
    }
}

/// All watchlists in force.
pub const LISTS: &str = "/admin/aml/lists";

/// What a change of a list is shown at; what was cleared is the customer's.
pub fn list(change: &ListCommand) -> String {
    match change {
        ListCommand::Part(_) | ListCommand::Activate(_) => LISTS.to_owned(),
        ListCommand::Clear(clear) => customer(clear.customer_id),
    }
}

/// What a party is shown at.
pub fn party(changed: &PartyChanged) -> String {
    changed.account_id.map_or_else(|| customer(changed.customer_id), account)
}

/// An operation.
pub fn operation(id: CommandId) -> String {
    format!("/v1/operations/{id}")
}
