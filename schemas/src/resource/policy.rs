//! What staff sets as HTTP clients see it. Amounts are decimals of the currency, rates are percent, moments are RFC 3339 in UTC.

use crate::account::AccountType;
use crate::customer::KycLevel;
use crate::epoch::{Epoch, rfc3339};
use crate::id::{AccountId, CustomerId};
use crate::money::{Currency, Money, Unreadable};
use crate::policy::{self, Bearer, RATE_WHOLE_PPM};
use crate::transaction::{Channel, PaymentKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far the identity of a customer is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerLevel {
    /// Who.
    pub customer_id: CustomerId,
    /// How far.
    pub level: KycLevel,
    /// When it was set.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl CustomerLevel {
    /// A level that was set in `epoch`.
    pub const fn of(set: &policy::CustomerLevel, epoch: Epoch) -> Self {
        Self { customer_id: set.customer_id, level: set.level, epoch, as_of: None }
    }
}

/// The terms of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountTerms {
    /// Which account.
    pub account_id: AccountId,
    /// Its currency.
    pub currency: Currency,
    /// The lowest available balance, negative for an overdraft; without one it is that of everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "-50000")]
    pub floor: Option<String>,
    /// Limits of its own, which hold beside those of its holder's level.
    pub limits: Limits,
    /// From when on they hold.
    #[schema(format = DateTime, example = "2025-12-01T00:00:00.000Z")]
    pub effective_from: String,
    /// When they were set.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl AccountTerms {
    /// Terms that were set in `epoch`.
    pub fn of(terms: &policy::AccountTerms, epoch: Epoch) -> Self {
        Self {
            account_id: terms.account_id,
            currency: terms.currency,
            floor: decimal(terms.floor_minor, terms.currency),
            limits: Limits::of(&terms.limits, terms.currency),
            effective_from: rfc3339(terms.effective_from.unwrap_or(epoch)),
            epoch,
            as_of: None,
        }
    }
}

/// What the accounts of every customer of a level may do in a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LevelLimits {
    /// Which level.
    pub level: KycLevel,
    /// In which currency.
    pub currency: Currency,
    /// How much.
    pub limits: Limits,
    /// From when on they hold.
    #[schema(format = DateTime, example = "2025-12-01T00:00:00.000Z")]
    pub effective_from: String,
    /// When they were set.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl LevelLimits {
    /// Limits that were set in `epoch`.
    pub fn of(limits: &policy::LevelLimits, epoch: Epoch) -> Self {
        Self {
            level: limits.level,
            currency: limits.currency,
            limits: Limits::of(&limits.limits, limits.currency),
            effective_from: rfc3339(limits.effective_from.unwrap_or(epoch)),
            epoch,
            as_of: None,
        }
    }
}

/// Bounds of an account. What is not named is not bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// The highest posted balance to which a payment may lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "200000")]
    pub balance: Option<String>,
    /// What it may pay.
    #[serde(default)]
    #[schema(required = false)]
    pub debit: Quota,
    /// What it may be paid.
    #[serde(default)]
    #[schema(required = false)]
    pub credit: Quota,
}

impl Limits {
    /// Bounds in a currency.
    pub fn of(limits: &policy::Limits, currency: Currency) -> Self {
        Self {
            balance: decimal(limits.balance_minor, currency),
            debit: Quota::of(&limits.debit, currency),
            credit: Quota::of(&limits.credit, currency),
        }
    }
}

/// Bounds of one direction. Days and months are those of the calendar in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quota {
    /// The highest amount of one operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "50000")]
    pub operation: Option<String>,
    /// The most operations of a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 10)]
    pub day_count: Option<u32>,
    /// The highest sum of a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "100000")]
    pub day: Option<String>,
    /// The most operations of a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 100)]
    pub month_count: Option<u32>,
    /// The highest sum of a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "500000")]
    pub month: Option<String>,
}

impl Quota {
    fn of(quota: &policy::Quota, currency: Currency) -> Self {
        Self {
            operation: decimal(quota.operation_minor, currency),
            day_count: quota.day_count,
            day: decimal(quota.day_minor, currency),
            month_count: quota.month_count,
            month: decimal(quota.month_minor, currency),
        }
    }
}

/// What an operation costs. It applies where all that it names fits; of several that apply, the one that names more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tariff {
    /// Its name.
    #[schema(example = "transfer-standard")]
    pub code: String,
    /// Of payments in this currency.
    pub currency: Currency,
    /// Of this operation only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub operation: Option<PaymentKind>,
    /// Through this channel only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub channel: Option<Channel>,
    /// Of accounts of this type only: that of the one who bears the fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub account_type: Option<AccountType>,
    /// Of customers of this level only: that of the one who bears the fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub level: Option<KycLevel>,
    /// Who bears the fee.
    pub bearer: Bearer,
    /// The price by amount. The bounds grow, and the last tier has none.
    pub tiers: Vec<Tier>,
    /// The fee is never less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "25")]
    pub min: Option<String>,
    /// The fee is never more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "5000")]
    pub max: Option<String>,
    /// So many operations of the bearer's month come without the fee.
    pub free_per_month: u32,
    /// From when on it holds.
    #[schema(format = DateTime, example = "2025-12-01T00:00:00.000Z")]
    pub effective_from: String,
    /// Until when, exclusive; for good without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2026-12-01T00:00:00.000Z")]
    pub effective_to: Option<String>,
    /// When it was set.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl Tariff {
    /// A tariff that was set in `epoch`.
    pub fn of(tariff: &policy::Tariff, epoch: Epoch) -> Self {
        Self {
            code: tariff.code.clone(),
            currency: tariff.currency,
            operation: tariff.operation,
            channel: tariff.channel,
            account_type: tariff.account_type,
            level: tariff.level,
            bearer: tariff.bearer,
            tiers: tariff.tiers.iter().map(|tier| Tier::of(tier, tariff.currency)).collect(),
            min: decimal(tariff.min_minor, tariff.currency),
            max: decimal(tariff.max_minor, tariff.currency),
            free_per_month: tariff.free_per_month,
            effective_from: rfc3339(tariff.effective_from.unwrap_or(epoch)),
            effective_to: tariff.effective_to.map(rfc3339),
            epoch,
            as_of: None,
        }
    }
}

/// The price of amounts up to a bound: a fixed part and a rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tier {
    /// Up to this amount, inclusive; any without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "10000")]
    pub up_to: Option<String>,
    /// The fixed part.
    #[schema(example = "100")]
    pub fixed: String,
    /// Percent of the amount, with at most four decimals.
    #[schema(example = "1.5")]
    pub rate: String,
}

impl Tier {
    fn of(tier: &policy::Tier, currency: Currency) -> Self {
        Self {
            up_to: decimal(tier.up_to_minor, currency),
            fixed: Money { minor: tier.fixed_minor, currency }.to_string(),
            rate: percent(tier.rate_ppm),
        }
    }
}

/// The end of a tariff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TariffEnd {
    /// Which.
    #[schema(example = "transfer-standard")]
    pub code: String,
    /// From when on it is none.
    #[schema(format = DateTime, example = "2025-12-01T00:00:00.000Z")]
    pub effective_from: String,
    /// When it was withdrawn.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

impl TariffEnd {
    /// A tariff that was withdrawn in `epoch`.
    pub fn of(end: &policy::TariffEnd, epoch: Epoch) -> Self {
        Self { code: end.code.clone(), effective_from: rfc3339(end.effective_from.unwrap_or(epoch)), epoch }
    }
}

fn decimal(minor: Option<i64>, currency: Currency) -> Option<String> {
    minor.map(|minor| Money { minor, currency }.to_string())
}

/// Millionths in one percent.
const PERCENT_PPM: u32 = RATE_WHOLE_PPM / 100;

/// A rate in millionths as percent: 15 000 is `1.5`.
pub fn percent(rate_ppm: u32) -> String {
    let (whole, part) = (rate_ppm / PERCENT_PPM, rate_ppm % PERCENT_PPM);
    let text = format!("{whole}.{part:04}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads percent with at most four decimals, from 0 to 100, as millionths.
pub fn rate_ppm(percent: &str) -> Result<u32, Unreadable> {
    let unreadable = || Unreadable::new("rate", percent, "percent from 0 to 100 with at most four decimals, such as 1.5");
    let (whole, part) = percent.split_once('.').unwrap_or((percent, "0"));
    let plain = |digits: &str, most: usize| (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole, 3) || !plain(part, 4) {
        return Err(unreadable());
    }
    let (whole, part): (u32, u32) = (whole.parse().map_err(|_| unreadable())?, format!("{part:0<4}").parse().map_err(|_| unreadable())?);
    Some(whole * PERCENT_PPM + part).filter(|rate| *rate <= RATE_WHOLE_PPM).ok_or_else(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_shown_as_percent_and_read_exactly_or_not_at_all() {
        for (ppm, text) in [(0, "0"), (1, "0.0001"), (10_000, "1"), (15_000, "1.5"), (100_000, "10"), (1_000_000, "100")] {
            assert_eq!((percent(ppm).as_str(), rate_ppm(text).unwrap()), (text, ppm));
        }
        assert_eq!(rate_ppm("007.5000").unwrap(), 75_000);
        for text in ["", "-1", "+1", "1.", ".5", "1.00000", "100.0001", "101", "1e2", "1,5", "9999", "1.2.3", "١"] {
            assert!(rate_ppm(text).is_err(), "{text}");
        }
    }
}
