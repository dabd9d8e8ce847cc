//! Rules against money laundering and fraud, as they are named and set: data in the log, like tariffs.
//!
//! The catalogue says of each rule which parameters it has; a setting gives them values. A rule has a live setting, by which the bank
//! acts, and may have a second one in shadow, which only shows what it would have said.

use crate::money::Unreadable;
use crate::word::words;
use std::collections::BTreeMap;

mod detected;
mod gated;

words! {
    /// A rule of the catalogue.
    pub enum RuleId {
        /// R01: attempts within a time, by account, customer, device, card, phone or address.
        VelocityCount = "velocity_count",
        /// R02: the sum of attempts within a time.
        VelocityAmount = "velocity_amount",
        /// R03: cash of a person within a day, at or above what has to be reported.
        CashThreshold = "cash_threshold",
        /// R04: several payments just below a threshold.
        Structuring = "structuring",
        /// R04b: several people who pay one, each below the threshold.
        Smurfing = "smurfing",
        /// R05: what comes in goes out again soon.
        PassThrough = "pass_through",
        /// R06: many pay one.
        FanIn = "fan_in",
        /// R07: one pays many.
        FanOut = "fan_out",
        /// R08: one pays another through several in between.
        ScatterGather = "scatter_gather",
        /// R09: several pay one, who pays several.
        GatherScatter = "gather_scatter",
        /// R10: money that comes back to where it began.
        Cycle = "cycle",
        /// R11: many who all pay the same many.
        DenseCore = "dense_core",
        /// R12: money that came from somebody known for fraud or on a list.
        Taint = "taint",
        /// R13: customers who share a device, a document, a phone or an address.
        Ring = "ring",
        /// R14: an account that moves after a long rest.
        DormantReactivation = "dormant_reactivation",
        /// R15: a high amount from a device that is new.
        NewDeviceHighAmount = "new_device_high_amount",
        /// R16: two places too far apart for the time between.
        ImpossibleTravel = "impossible_travel",
        /// R17: mostly round amounts.
        RoundAmounts = "round_amounts",
        /// R18: many payments of nearly the same amount.
        SimilarAmounts = "similar_amounts",
        /// R19: a name on a sanctions list.
        SanctionHit = "sanction_hit",
        /// R20: a politically exposed person.
        PoliticallyExposed = "politically_exposed",
        /// R21: a country of high risk.
        HighRiskCountry = "high_risk_country",
        /// R22: a merchant unlike itself or its kind.
        MerchantAnomaly = "merchant_anomaly",
        /// R23: an account that moves much as soon as it is open.
        NewAccountBurst = "new_account_burst",
        /// R24: an agent whose cash goes round, or stays just below the threshold.
        AgentAnomaly = "agent_anomaly",
        /// R25: more than the customer's profile explains.
        ProfileMismatch = "profile_mismatch",
        /// R26: a merchant paid by itself.
        SelfPayment = "self_payment",
    }
}

words! {
    /// Which of a rule's two settings.
    pub enum Lane {
        /// By which the bank acts.
        Live = "live",
        /// Which only shows what it would have said.
        Shadow = "shadow",
    }
}

words! {
    /// What a parameter does in its rule.
    pub enum ParameterKind {
        /// A rule says something where what is measured is at least this.
        AtLeast = "at_least",
        /// A rule says something where what is measured is at most this.
        AtMost = "at_most",
        /// It shapes what is measured, such as the length of a window: a new value holds for what is measured from then on.
        Shape = "shape",
    }
}

/// A parameter of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name within the rule; ends with its unit, such as `_minor`, `_hours` or `_percent`, where it has one.
    pub name: &'static str,
    /// What it does.
    pub kind: ParameterKind,
    /// Thresholds with the same clause must all be reached; one clause is enough. Of a shape, nothing.
    pub clause: u8,
    /// The value without a setting.
    pub default: i64,
    /// The smallest value. Below it nothing is kept that could be shown.
    pub min: i64,
    /// The largest.
    pub max: i64,
}

/// A rule as it is set. What it does not name is as in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Which rule.
    pub rule: RuleId,
    /// Which of its two settings.
    pub lane: Lane,
    /// Whether it says anything.
    pub enabled: bool,
    /// What it adds to a score, 0 to 1000.
    pub weight: u32,
    /// Values by the name of the parameter.
    pub parameters: BTreeMap<String, i64>,
}

/// The largest weight.
pub const WEIGHT_MAX: u32 = 1_000;

impl RuleId {
    /// Its number in the catalogue, as in `R06`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::VelocityCount => "R01",
            Self::VelocityAmount => "R02",
            Self::CashThreshold => "R03",
            Self::Structuring => "R04",
            Self::Smurfing => "R04b",
            Self::PassThrough => "R05",
            Self::FanIn => "R06",
            Self::FanOut => "R07",
            Self::ScatterGather => "R08",
            Self::GatherScatter => "R09",
            Self::Cycle => "R10",
            Self::DenseCore => "R11",
            Self::Taint => "R12",
            Self::Ring => "R13",
            Self::DormantReactivation => "R14",
            Self::NewDeviceHighAmount => "R15",
            Self::ImpossibleTravel => "R16",
            Self::RoundAmounts => "R17",
            Self::SimilarAmounts => "R18",
            Self::SanctionHit => "R19",
            Self::PoliticallyExposed => "R20",
            Self::HighRiskCountry => "R21",
            Self::MerchantAnomaly => "R22",
            Self::NewAccountBurst => "R23",
            Self::AgentAnomaly => "R24",
            Self::ProfileMismatch => "R25",
            Self::SelfPayment => "R26",
        }
    }

    /// Whether it is decided with the payment, in the ledger, and may refuse or hold it.
    pub const fn is_gate(self) -> bool {
        matches!(
            self,
            Self::VelocityCount
                | Self::VelocityAmount
                | Self::DormantReactivation
                | Self::NewDeviceHighAmount
                | Self::HighRiskCountry
                | Self::NewAccountBurst
        )
    }

    /// Its parameters, thresholds in the order in which alerts name them.
    pub const fn parameters(self) -> &'static [Parameter] {
        if self.is_gate() { gated::parameters(self) } else { detected::parameters(self) }
    }

    /// Its weight without a setting.
    pub const fn weight(self) -> u32 {
        match self {
            Self::SanctionHit | Self::Taint => 100,
            Self::Ring => 60,
            Self::Cycle => 50,
            Self::ScatterGather | Self::GatherScatter => 45,
            Self::PassThrough | Self::Structuring | Self::Smurfing => 40,
            Self::NewDeviceHighAmount => 35,
            Self::DormantReactivation | Self::ImpossibleTravel | Self::DenseCore => 25,
            Self::FanIn | Self::FanOut | Self::MerchantAnomaly | Self::AgentAnomaly | Self::PoliticallyExposed | Self::HighRiskCountry => {
                20
            }
            Self::VelocityCount | Self::VelocityAmount | Self::NewAccountBurst | Self::ProfileMismatch | Self::SelfPayment => 20,
            Self::RoundAmounts | Self::SimilarAmounts => 10,
            Self::CashThreshold => 0,
        }
    }
}

impl Setting {
    /// A rule as the catalogue has it: live, by its defaults.
    pub fn of(rule: RuleId) -> Self {
        Self { rule, lane: Lane::Live, enabled: true, weight: rule.weight(), parameters: BTreeMap::new() }
    }

    /// The value of a parameter of this rule.
    pub fn value(&self, parameter: &Parameter) -> i64 {
        self.parameters.get(parameter.name).copied().unwrap_or(parameter.default)
    }

    /// The value of the parameter of this name.
    ///
    /// # Panics
    ///
    /// If the rule has no such parameter: whoever asks by name is the rule itself.
    pub fn named(&self, name: &str) -> i64 {
        let parameter = self.rule.parameters().iter().find(|parameter| parameter.name == name);
        self.value(parameter.unwrap_or_else(|| panic!("{} has no parameter {name}", self.rule)))
    }

    /// Whether it names only parameters of its rule, each within its bounds.
    pub fn check(&self) -> Result<(), Unreadable> {
        if self.weight > WEIGHT_MAX {
            return Err(Unreadable::new("weight", &self.weight.to_string(), "0 to 1000"));
        }
        for (name, value) in &self.parameters {
            let names = || self.rule.parameters().iter().map(|parameter| parameter.name).collect::<Vec<_>>().join(", ");
            let parameter = self.rule.parameters().iter().find(|parameter| parameter.name == name);
            let parameter = parameter.ok_or_else(|| Unreadable::new("parameter", name, &names()))?;
            if !(parameter.min..=parameter.max).contains(value) {
                return Err(Unreadable::new(name, &value.to_string(), &format!("{} to {}", parameter.min, parameter.max)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_default_is_within_its_bounds_and_no_name_stands_twice() {
        for rule in RuleId::ALL {
            let parameters = rule.parameters();
            assert!(parameters.iter().all(|parameter| (parameter.min..=parameter.max).contains(&parameter.default)), "{rule}");
            assert_eq!(parameters.iter().map(|parameter| parameter.name).collect::<BTreeSet<_>>().len(), parameters.len(), "{rule}");
        }
        assert_eq!(RuleId::ALL.iter().map(|rule| rule.code()).collect::<BTreeSet<_>>().len(), RuleId::ALL.len());
    }

    #[test]
    fn a_setting_names_what_the_rule_has_within_its_bounds() {
        let parameter = RuleId::FanIn.parameters()[0];
        let with = |name: &str, value| Setting { parameters: [(name.to_owned(), value)].into(), ..Setting::of(RuleId::FanIn) };
        assert!(with(parameter.name, parameter.max).check().is_ok());
        assert!(with(parameter.name, parameter.max + 1).check().is_err());
        assert!(with("nothing", 1).check().is_err());
        assert!(Setting { weight: WEIGHT_MAX + 1, ..Setting::of(RuleId::FanIn) }.check().is_err());
    }
}
