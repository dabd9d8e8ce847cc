//! Policies on the wire, the same in commands, in events and in answers to repeats.
//!
//! Each shape here is that of the type of its name, field by field; amounts are minor units, as in postings.

use crate::account::AccountType;
use crate::customer::KycLevel;
use crate::epoch::Epoch;
use crate::id::{AccountId, CustomerId};
use crate::money::Currency;
use crate::policy;
use crate::transaction::{Channel, PaymentKind};
use serde::{Deserialize, Serialize};

/// A policy as a union of records.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Wire(#[serde(with = "Policy")] policy::Policy);

impl Wire {
    pub(super) fn of(policy: &policy::Policy) -> Self {
        Self(policy.clone())
    }

    /// The policy as it was decided. A tariff that was over when it was set is told to begin after its end, and never applies; so
    /// only its form is checked.
    pub(super) fn decided(&self) -> Result<policy::Policy, String> {
        self.0.form().map_err(|error| error.to_string())?;
        Ok(self.0.clone())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "policy::Policy")]
enum Policy {
    #[serde(rename = "Orion.bank.CustomerLevel")]
    Level(#[serde(with = "CustomerLevel")] policy::CustomerLevel),
    #[serde(rename = "Orion.bank.AccountTerms")]
    Terms(#[serde(with = "AccountTerms")] policy::AccountTerms),
    #[serde(rename = "Orion.bank.LevelLimits")]
    Limits(#[serde(with = "LevelLimits")] policy::LevelLimits),
    #[serde(rename = "Orion.bank.Tariff")]
    Tariff(#[serde(with = "Tariff")] policy::Tariff),
    #[serde(rename = "Orion.bank.TariffEnd")]
    TariffEnd(#[serde(with = "TariffEnd")] policy::TariffEnd),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "policy::CustomerLevel")]
pub(super) struct CustomerLevel {
    customer_id: CustomerId,
    level: KycLevel,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "policy::AccountTerms")]
pub(super) struct AccountTerms {
    account_id: AccountId,
    currency: Currency,
    #[serde(default)]
    floor_minor: Option<i64>,
    #[serde(with = "Limits")]
    limits: policy::Limits,
    #[serde(default)]
    effective_from: Option<Epoch>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "policy::LevelLimits")]
pub(super) struct LevelLimits {
    level: KycLevel,
    currency: Currency,
    #[serde(with = "Limits")]
    limits: policy::Limits,
    #[serde(default)]
    effective_from: Option<Epoch>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "policy::Limits")]
struct Limits {
    #[serde(default)]
    balance_minor: Option<i64>,
    #[serde(with = "Quota")]
    debit: policy::Quota,
    #[serde(with = "Quota")]
    credit: policy::Quota,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "policy::Quota")]
struct Quota {
    #[serde(default)]
    operation_minor: Option<i64>,
    #[serde(default)]
    day_count: Option<u32>,
    #[serde(default)]
    day_minor: Option<i64>,
    #[serde(default)]
    month_count: Option<u32>,
    #[serde(default)]
    month_minor: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "policy::Tariff")]
pub(super) struct Tariff {
    code: String,
    currency: Currency,
    #[serde(default)]
    operation: Option<PaymentKind>,
    #[serde(default)]
    channel: Option<Channel>,
    #[serde(default)]
    account_type: Option<AccountType>,
    #[serde(default)]
    level: Option<KycLevel>,
    bearer: policy::Bearer,
    #[serde(with = "tiers")]
    tiers: Vec<policy::Tier>,
    #[serde(default)]
    min_minor: Option<i64>,
    #[serde(default)]
    max_minor: Option<i64>,
    free_per_month: u32,
    #[serde(default)]
    effective_from: Option<Epoch>,
    #[serde(default)]
    effective_to: Option<Epoch>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "policy::Tier")]
struct Tier {
    #[serde(default)]
    up_to_minor: Option<i64>,
    fixed_minor: i64,
    rate_ppm: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "policy::TariffEnd")]
pub(super) struct TariffEnd {
    code: String,
    #[serde(default)]
    effective_from: Option<Epoch>,
}

/// A list of tiers, each in its shape.
mod tiers {
    use crate::policy::Tier;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Shaped(#[serde(with = "super::Tier")] Tier);

    pub(super) fn serialize<S: Serializer>(tiers: &[Tier], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(tiers.iter().map(|tier| Shaped(*tier)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tier>, D::Error> {
        Ok(Vec::<Shaped>::deserialize(deserializer)?.into_iter().map(|Shaped(tier)| tier).collect())
    }
}
