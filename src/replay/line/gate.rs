//! What sets rules against fraud and what they are told, as a line says it, beside the customer, the account or the hold that it is about.

use schemas::aml::{Lane, Setting};
use schemas::gate::{CountryList, ListName, REVIEW_EXPIRES_MS};
use schemas::{AmlSetting, DecideReview, Freeze, GatePolicy, HoldId, Party, PartyChange, ReviewDecision, RuleId, Signal};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All of it, flat: the operation's name says what it may have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// Of a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// Of a rule; live without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
    /// Of a rule; enabled without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Of a rule; that of the catalogue without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Of a rule.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, i64>,
    /// Of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_score: Option<u32>,
    /// Of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuse_score: Option<u32>,
    /// Of the policy; three days without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_expires_ms: Option<u64>,
    /// Of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<ListName>,
    /// Of a list.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub countries: BTreeSet<String>,
    /// Of a signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<PartyChange>,
    /// Of a signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Of a review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<ReviewDecision>,
    /// Of a freeze or a review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Gate {
    /// What an operation of this name sets.
    pub(super) fn setting(&self, named: &str) -> Result<AmlSetting, String> {
        Ok(match named {
            "set_aml_rule" => {
                let rule = some("rule", self.rule)?;
                AmlSetting::Rule(Setting {
                    rule,
                    lane: self.lane.unwrap_or(Lane::Live),
                    enabled: self.enabled.unwrap_or(true),
                    weight: self.weight.unwrap_or_else(|| rule.weight()),
                    parameters: self.parameters.clone(),
                })
            }
            "set_gate_policy" => AmlSetting::Policy(GatePolicy {
                review_score: some("review_score", self.review_score)?,
                refuse_score: some("refuse_score", self.refuse_score)?,
                review_expires_ms: self.review_expires_ms.unwrap_or(REVIEW_EXPIRES_MS),
            }),
            _ => AmlSetting::Countries(CountryList { list: some("list", self.list)?, countries: self.countries.clone() }),
        })
    }

    pub(super) fn freeze(&self, party: Party, frozen: bool) -> Result<Freeze, String> {
        Ok(Freeze { party, frozen, reason: some("reason", self.reason.clone())? })
    }

    pub(super) fn signal(&self, party: Party) -> Result<Signal, String> {
        Ok(Signal { party, device: self.device.clone(), signal: some("signal", self.signal)? })
    }

    pub(super) fn review(&self, hold_id: HoldId) -> Result<DecideReview, String> {
        Ok(DecideReview { hold_id, decision: some("decision", self.decision)?, reason: some("reason", self.reason.clone())? })
    }

    pub(super) fn of_setting(setting: &AmlSetting) -> Self {
        match setting {
            AmlSetting::Rule(Setting { rule, lane, enabled, weight, parameters }) => Self {
                rule: Some(*rule),
                lane: Some(*lane),
                enabled: Some(*enabled),
                weight: Some(*weight),
                parameters: parameters.clone(),
                ..Self::default()
            },
            AmlSetting::Policy(policy) => Self {
                review_score: Some(policy.review_score),
                refuse_score: Some(policy.refuse_score),
                review_expires_ms: Some(policy.review_expires_ms),
                ..Self::default()
            },
            AmlSetting::Cases(_) => unreachable!("how long cases may take is written with them"),
            AmlSetting::Countries(list) => Self { list: Some(list.list), countries: list.countries.clone(), ..Self::default() },
        }
    }

    pub(super) fn of_freeze(freeze: &Freeze) -> Self {
        Self { reason: Some(freeze.reason.clone()), ..Self::default() }
    }

    pub(super) fn of_signal(signal: &Signal) -> Self {
        Self { signal: Some(signal.signal), device: signal.device.clone(), ..Self::default() }
    }

    pub(super) fn of_review(review: &DecideReview) -> Self {
        Self { decision: Some(review.decision), reason: Some(review.reason.clone()), ..Self::default() }
    }
}

fn some<T>(field: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("gate needs {field}"))
}
