//! Rules against fraud, and what is set of them, as HTTP clients see them.

use super::diligence::CasePolicy;
use crate::aml::{Lane, Parameter, ParameterKind, RuleId};
use crate::epoch::Epoch;
use crate::gate::{self, AmlChanged, AmlSetting, ListName, PartyChange};
use crate::id::{AccountId, CustomerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A rule as it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AmlRuleSetting {
    /// Which rule.
    pub rule: RuleId,
    /// Which of its two settings.
    pub lane: Lane,
    /// Whether it says anything.
    pub enabled: bool,
    /// What it adds to a score.
    #[schema(maximum = 1_000, example = 20)]
    pub weight: u32,
    /// Values by the name of the parameter; the others are as in the catalogue.
    pub parameters: BTreeMap<String, i64>,
    /// How many there have been of this rule and lane.
    #[schema(example = 3)]
    pub version: u32,
    /// The subject of whoever set it.
    #[schema(example = "staff")]
    pub set_by: String,
    /// When it was set.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// What a score leads to, and how long a review may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GatePolicy {
    /// From this score on a payment is held for a review.
    #[schema(example = 40)]
    pub review_score: u32,
    /// From this score on it is refused.
    #[schema(example = 100)]
    pub refuse_score: u32,
    /// After so many milliseconds what is held is given back.
    #[schema(example = 259_200_000_u64)]
    pub review_expires_ms: u64,
    /// How many there have been.
    #[schema(example = 1)]
    pub version: u32,
    /// The subject of whoever set it.
    #[schema(example = "staff")]
    pub set_by: String,
    /// When it was set.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// A list of countries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountryList {
    /// Which.
    pub list: ListName,
    /// ISO 3166-1 alpha-2.
    #[schema(example = json!(["IR", "KP"]))]
    pub countries: Vec<String>,
    /// How many there have been of this list.
    #[schema(example = 2)]
    pub version: u32,
    /// The subject of whoever set it.
    #[schema(example = "staff")]
    pub set_by: String,
    /// When it was set.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// A party that was frozen or not any more, or about which something was reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartyUpdate {
    /// The customer.
    pub customer_id: CustomerId,
    /// The account, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub account_id: Option<AccountId>,
    /// What.
    pub change: PartyChange,
    /// When it was decided.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// A rule of the catalogue, with what is set of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AmlRule {
    /// Which.
    pub rule: RuleId,
    /// Its number in the catalogue.
    #[schema(example = "R01")]
    pub code: String,
    /// Whether it is decided with the payment, and may refuse or hold it.
    pub gate: bool,
    /// Its weight without a setting.
    #[schema(example = 20)]
    pub weight: u32,
    /// Its parameters.
    pub parameters: Vec<AmlParameter>,
    /// By which the bank acts; a rule that nobody has set does not say anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub live: Option<AmlRuleSetting>,
    /// Which only shows what it would have said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub shadow: Option<AmlRuleSetting>,
}

/// A parameter of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AmlParameter {
    /// Its name.
    #[schema(example = "account_1h")]
    pub name: String,
    /// What it does.
    pub kind: ParameterKind,
    /// Thresholds with the same clause must all be reached; one clause is enough.
    pub clause: u8,
    /// What it counts in, where its name says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "minor")]
    pub unit: Option<String>,
    /// The value without a setting.
    pub default: i64,
    /// The smallest value.
    pub min: i64,
    /// The largest.
    pub max: i64,
}

/// One rule, at an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AmlRuleShown {
    /// The rule.
    #[serde(flatten)]
    pub rule: AmlRule,
    /// The epoch of the view that this was read from.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

/// The catalogue, and all that is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AmlRules {
    /// The rules, in the order of the catalogue.
    pub rules: Vec<AmlRule>,
    /// What a score leads to, where that is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub policy: Option<GatePolicy>,
    /// The lists that are set.
    pub lists: Vec<CountryList>,
    /// The epoch of the view that this was read from.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    pub as_of: Epoch,
}

/// What was set, in the shape of what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmlSet {
    /// A rule.
    Rule(AmlRuleSetting),
    /// What a score leads to.
    Policy(GatePolicy),
    /// A list.
    Countries(CountryList),
    /// How long cases may take.
    Cases(CasePolicy),
}

impl AmlSet {
    /// What was set in `epoch`.
    pub fn of(changed: &AmlChanged, epoch: Epoch) -> Self {
        let AmlChanged { setting, version, by } = changed;
        let (version, set_by) = (*version, by.clone());
        match setting {
            AmlSetting::Rule(setting) => Self::Rule(AmlRuleSetting {
                rule: setting.rule,
                lane: setting.lane,
                enabled: setting.enabled,
                weight: setting.weight,
                parameters: setting.parameters.clone(),
                version,
                set_by,
                epoch,
            }),
            AmlSetting::Policy(policy) => Self::Policy(GatePolicy {
                review_score: policy.review_score,
                refuse_score: policy.refuse_score,
                review_expires_ms: policy.review_expires_ms,
                version,
                set_by,
                epoch,
            }),
            AmlSetting::Countries(list) => {
                let countries = list.countries.iter().cloned().collect();
                Self::Countries(CountryList { list: list.list, countries, version, set_by, epoch })
            }
            AmlSetting::Cases(policy) => Self::Cases(CasePolicy::of(policy, version, set_by, epoch)),
        }
    }
}

impl PartyUpdate {
    /// What was decided in `epoch`.
    pub const fn of(changed: &gate::PartyChanged, epoch: Epoch) -> Self {
        Self { customer_id: changed.customer_id, account_id: changed.account_id, change: changed.change, epoch }
    }
}

impl AmlRule {
    /// A rule as the catalogue has it, with nothing set.
    pub fn of(rule: RuleId) -> Self {
        let parameters = rule.parameters().iter().map(AmlParameter::of).collect();
        let (code, gate, weight) = (rule.code().to_owned(), rule.is_gate(), rule.weight());
        Self { rule, code, gate, weight, parameters, live: None, shadow: None }
    }
}

impl AmlParameter {
    fn of(parameter: &Parameter) -> Self {
        let Parameter { name, kind, clause, default, min, max } = *parameter;
        Self { name: name.to_owned(), kind, clause, unit: unit(name).map(str::to_owned), default, min, max }
    }
}

/// What the last word of a name says that is counted.
fn unit(name: &str) -> Option<&str> {
    let (_, last) = name.rsplit_once('_')?;
    ["minor", "ms", "seconds", "minutes", "hours", "days", "percent", "permille", "km"].into_iter().find(|unit| *unit == last)
}
