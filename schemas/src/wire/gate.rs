//! What sets gates, and what they are told, on the wire: the same in commands and in events. Each shape is that of the type of its name.

use crate::aml::{self, Lane, RuleId};
use crate::gate::{self, AmlSetting, ListName, Party, PartyChange, ReviewDecision};
use crate::id::{AccountId, CustomerId, HoldId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A setting as a union of records.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Wire(#[serde(with = "Shape")] AmlSetting);

impl Wire {
    pub(super) fn of(setting: &AmlSetting) -> Self {
        Self(setting.clone())
    }

    /// The setting, if it is one that could be set.
    pub(super) fn set(self) -> Result<AmlSetting, String> {
        self.0.check().map_err(|error| error.to_string())?;
        Ok(self.0)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AmlSetting")]
enum Shape {
    #[serde(rename = "Orion.bank.AmlRule")]
    Rule(#[serde(with = "AmlRule")] aml::Setting),
    #[serde(rename = "Orion.bank.GatePolicy")]
    Policy(#[serde(with = "GatePolicy")] gate::GatePolicy),
    #[serde(rename = "Orion.bank.CountryList")]
    Countries(#[serde(with = "CountryList")] gate::CountryList),
    #[serde(rename = "Orion.bank.CasePolicy")]
    Cases(#[serde(with = "super::diligence::CasePolicy")] crate::diligence::CasePolicy),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "aml::Setting")]
pub(super) struct AmlRule {
    rule: RuleId,
    lane: Lane,
    enabled: bool,
    weight: u32,
    parameters: BTreeMap<String, i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "gate::GatePolicy")]
pub(super) struct GatePolicy {
    review_score: u32,
    refuse_score: u32,
    review_expires_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "gate::CountryList")]
pub(super) struct CountryList {
    list: ListName,
    countries: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Freeze {
    #[serde(default)]
    customer_id: Option<CustomerId>,
    #[serde(default)]
    account_id: Option<AccountId>,
    frozen: bool,
    reason: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Signal {
    #[serde(default)]
    customer_id: Option<CustomerId>,
    #[serde(default)]
    account_id: Option<AccountId>,
    #[serde(default)]
    device: Option<String>,
    signal: PartyChange,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "gate::DecideReview")]
pub(super) struct DecideReview {
    hold_id: HoldId,
    decision: ReviewDecision,
    reason: String,
}

impl Freeze {
    pub(super) fn of(freeze: &gate::Freeze) -> Self {
        let (customer_id, account_id) = ids(freeze.party);
        Self { customer_id, account_id, frozen: freeze.frozen, reason: freeze.reason.clone() }
    }

    pub(super) fn freeze(self) -> Result<gate::Freeze, String> {
        Ok(gate::Freeze { party: party(self.customer_id, self.account_id)?, frozen: self.frozen, reason: self.reason })
    }
}

impl Signal {
    pub(super) fn of(signal: &gate::Signal) -> Self {
        let (customer_id, account_id) = ids(signal.party);
        Self { customer_id, account_id, device: signal.device.clone(), signal: signal.signal }
    }

    pub(super) fn signal(self) -> Result<gate::Signal, String> {
        Ok(gate::Signal { party: party(self.customer_id, self.account_id)?, device: self.device, signal: self.signal })
    }
}

const fn ids(party: Party) -> (Option<CustomerId>, Option<AccountId>) {
    match party {
        Party::Customer(id) => (Some(id), None),
        Party::Account(id) => (None, Some(id)),
    }
}

/// Whom two fields name, of which one is filled.
fn party(customer: Option<CustomerId>, account: Option<AccountId>) -> Result<Party, String> {
    match (customer, account) {
        (Some(id), None) => Ok(Party::Customer(id)),
        (None, Some(id)) => Ok(Party::Account(id)),
        (None, None) | (Some(_), Some(_)) => Err("a party is a customer or an account, one of them".to_owned()),
    }
}
