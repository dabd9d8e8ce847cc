//! What staff sets, as a line says it: amounts are decimals, rates millionths, moments milliseconds since 1970.

use super::asked::read;
use schemas::{AccountType, Bearer, Channel, Currency, Epoch, KycLevel, Money, PaymentKind, policy};
use serde::{Deserialize, Serialize};

/// Bounds of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The highest balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<String>,
    /// What it may pay.
    pub debit: Quota,
    /// What it may be paid.
    pub credit: Quota,
}

/// Bounds of one direction.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// The highest amount of one operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The most operations of a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_count: Option<u32>,
    /// The highest sum of a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The most operations of a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month_count: Option<u32>,
    /// The highest sum of a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
}

/// A tariff.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// Its name.
    pub code: String,
    /// Its currency.
    pub currency: Currency,
    /// The operation that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<PaymentKind>,
    /// The channel that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The type of account that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
    /// The level that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<KycLevel>,
    /// Who bears the fee.
    pub bearer: Bearer,
    /// The price.
    pub tiers: Vec<Tier>,
    /// The least fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// The highest fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// Operations a month without the fee.
    #[serde(default)]
    pub free_per_month: u32,
    /// From when on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Epoch>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<Epoch>,
}

/// The price of amounts up to a bound.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tier {
    /// The bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to: Option<String>,
    /// A fixed part; nothing without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// Millionths of the amount.
    pub rate_ppm: u32,
}

impl Limits {
    /// What the line says.
    pub(super) fn limits(&self, currency: Currency) -> Result<policy::Limits, String> {
        let quota = |said: &Quota| {
            Ok::<_, String>(policy::Quota {
                operation_minor: minor(said.operation.as_deref(), currency)?,
                day_count: said.day_count,
                day_minor: minor(said.day.as_deref(), currency)?,
                month_count: said.month_count,
                month_minor: minor(said.month.as_deref(), currency)?,
            })
        };
        let balance_minor = minor(self.balance.as_deref(), currency)?;
        Ok(policy::Limits { balance_minor, debit: quota(&self.debit)?, credit: quota(&self.credit)? })
    }

    /// Limits as a line says them.
    pub(super) fn of(limits: &policy::Limits, currency: Currency) -> Self {
        let quota = |quota: &policy::Quota| Quota {
            operation: decimal(quota.operation_minor, currency),
            day_count: quota.day_count,
            day: decimal(quota.day_minor, currency),
            month_count: quota.month_count,
            month: decimal(quota.month_minor, currency),
        };
        Self { balance: decimal(limits.balance_minor, currency), debit: quota(&limits.debit), credit: quota(&limits.credit) }
    }
}

impl Tariff {
    /// What the line says.
    pub(super) fn tariff(self) -> Result<policy::Tariff, String> {
        let currency = self.currency;
        let tier = |said: &Tier| {
            Ok::<_, String>(policy::Tier {
                up_to_minor: minor(said.up_to.as_deref(), currency)?,
                fixed_minor: minor(said.fixed.as_deref(), currency)?.unwrap_or(0),
                rate_ppm: said.rate_ppm,
            })
        };
        Ok(policy::Tariff {
            tiers: self.tiers.iter().map(tier).collect::<Result<_, _>>()?,
            min_minor: minor(self.min.as_deref(), currency)?,
            max_minor: minor(self.max.as_deref(), currency)?,
            code: self.code,
            currency,
            operation: self.operation,
            channel: self.channel,
            account_type: self.account_type,
            level: self.level,
            bearer: self.bearer,
            free_per_month: self.free_per_month,
            effective_from: self.effective_from,
            effective_to: self.effective_to,
        })
    }

    /// A tariff as a line says it.
    pub(super) fn of(tariff: &policy::Tariff) -> Self {
        let currency = tariff.currency;
        let tier = |tier: &policy::Tier| Tier {
            up_to: decimal(tier.up_to_minor, currency),
            fixed: decimal(Some(tier.fixed_minor), currency),
            rate_ppm: tier.rate_ppm,
        };
        Self {
            code: tariff.code.clone(),
            currency,
            operation: tariff.operation,
            channel: tariff.channel,
            account_type: tariff.account_type,
            level: tariff.level,
            bearer: tariff.bearer,
            tiers: tariff.tiers.iter().map(tier).collect(),
            min: decimal(tariff.min_minor, currency),
            max: decimal(tariff.max_minor, currency),
            free_per_month: tariff.free_per_month,
            effective_from: tariff.effective_from,
            effective_to: tariff.effective_to,
        }
    }
}

/// The minor units of a decimal, where there is one.
pub(super) fn minor(text: Option<&str>, currency: Currency) -> Result<Option<i64>, String> {
    text.map(|text| read(Money::parse(text, currency)).map(|money| money.minor)).transpose()
}

/// The decimal of minor units, where there are any.
pub(super) fn decimal(minor: Option<i64>, currency: Currency) -> Option<String> {
    minor.map(|minor| Money { minor, currency }.to_string())
}
