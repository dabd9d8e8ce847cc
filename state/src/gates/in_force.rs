//! What decides now, so that a payment finds thresholds without a look at names. It follows from what is set, and no snapshot has it.

use super::set::{Set, Versioned};
use super::{Found, KINDS};
use schemas::RuleId;
use schemas::aml::{Lane, Setting};
use schemas::gate::{GateAnswer, GatePolicy, ListName, Said};
use std::collections::BTreeSet;

/// A gate that is enabled.
#[derive(Clone, Debug)]
pub(crate) struct Active {
    pub(crate) rule: RuleId,
    pub(crate) lane: Lane,
    pub(crate) version: u32,
    pub(crate) weight: u32,
    /// What it leads to by itself.
    pub(crate) action: GateAnswer,
    /// The values of its parameters, in their order.
    pub(crate) values: Vec<i64>,
}

/// Everything that is enabled.
#[derive(Clone, Debug, Default)]
pub(crate) struct InForce {
    gates: Vec<Active>,
    policy: GatePolicy,
    risky: BTreeSet<String>,
    /// Which kinds of keys are counted.
    counted: [bool; KINDS],
    /// Whether it is noted on which devices customers are known.
    devices: bool,
    /// Whether reports about customers are counted.
    signals: bool,
}

impl InForce {
    pub(super) fn of(set: &Set) -> Self {
        let enabled = set.rules.values().filter(|rule| rule.setting.enabled && rule.setting.rule.is_gate());
        let gates: Vec<Active> = enabled.map(Active::of).collect();
        let any = |rules: &[RuleId]| gates.iter().any(|gate| rules.contains(&gate.rule));
        let velocity = any(&[RuleId::VelocityCount, RuleId::VelocityAmount]);
        let account = velocity || any(&[RuleId::NewAccountBurst]);
        let devices = any(&[RuleId::NewDeviceHighAmount]);
        let counted = [account, velocity, velocity, velocity, velocity, velocity];
        Self {
            policy: set.policy.as_ref().map(|policy| policy.setting).unwrap_or_default(),
            risky: set.lists.get(&ListName::HighRisk).map(|list| list.setting.clone()).unwrap_or_default(),
            counted,
            devices,
            signals: devices || any(&[RuleId::VelocityCount]),
            gates,
        }
    }

    /// Whether any gate is enabled.
    pub(crate) const fn is_any(&self) -> bool {
        !self.gates.is_empty()
    }

    pub(crate) fn gates(&self) -> &[Active] {
        &self.gates
    }

    pub(crate) const fn policy(&self) -> &GatePolicy {
        &self.policy
    }

    pub(crate) fn is_risky(&self, country: &str) -> bool {
        self.risky.contains(country)
    }

    pub(crate) const fn counts(&self) -> &[bool; KINDS] {
        &self.counted
    }

    pub(crate) const fn notes_devices(&self) -> bool {
        self.devices
    }

    pub(crate) const fn counts_signals(&self) -> bool {
        self.signals
    }
}

impl Active {
    fn of(rule: &Versioned<Setting>) -> Self {
        let Versioned { version, setting } = rule;
        let values: Vec<i64> = setting.rule.parameters().iter().map(|parameter| setting.value(parameter)).collect();
        let action = match setting.named("action") {
            2 => GateAnswer::Refuse,
            1 => GateAnswer::Review,
            _ => GateAnswer::Allow,
        };
        Self { rule: setting.rule, lane: setting.lane, version: *version, weight: setting.weight, action, values }
    }

    /// What is said of what was found.
    pub(super) fn said(&self, found: Found) -> Said {
        Said {
            rule: self.rule,
            lane: self.lane,
            version: self.version,
            name: self.rule.parameters()[found.parameter].name.to_owned(),
            value: found.value,
            threshold: self.values[found.parameter],
            window_ms: found.window_ms,
            key: found.key,
        }
    }
}
