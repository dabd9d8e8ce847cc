//! Policies: what staff sets and the ledger goes by. Levels of customers, terms of accounts, limits by level, tariffs.
//!
//! Each but a level has a moment from which it holds; setting one replaces whatever was planned for its subject from then on.

use crate::customer::KycLevel;
use crate::epoch::{Epoch, LAST_EPOCH};
use crate::id::{AccountId, CustomerId};
use crate::money::{Currency, Unreadable};

/// What operations cost.
mod tariff;

pub use tariff::{Bearer, Borne, Priced, RATE_WHOLE_PPM, TIERS_MAX, Tariff, Tier};

/// What staff sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    /// How far the identity of a customer is known.
    Level(CustomerLevel),
    /// What an account may do beyond what everyone may, and short of it.
    Terms(AccountTerms),
    /// What the accounts of every customer of a level may do.
    Limits(LevelLimits),
    /// What an operation costs.
    Tariff(Tariff),
    /// A tariff that ends.
    TariffEnd(TariffEnd),
}

/// How far the identity of a customer is known; at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerLevel {
    /// Who.
    pub customer_id: CustomerId,
    /// How far.
    pub level: KycLevel,
}

/// The terms of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountTerms {
    /// Which account.
    pub account_id: AccountId,
    /// Its currency, in whose minor units the rest is.
    pub currency: Currency,
    /// The lowest available balance: negative for an overdraft. Without one it is that of the role.
    pub floor_minor: Option<i64>,
    /// Limits of its own, which hold beside those of its holder's level.
    pub limits: Limits,
    /// From when on, milliseconds since 1970; at once without one.
    pub effective_from: Option<Epoch>,
}

/// What the accounts of every customer of a level may do in a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelLimits {
    /// Which level.
    pub level: KycLevel,
    /// In which currency.
    pub currency: Currency,
    /// How much.
    pub limits: Limits,
    /// From when on, milliseconds since 1970; at once without one.
    pub effective_from: Option<Epoch>,
}

/// Bounds of an account, in minor units of its currency. What is not named is not bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The highest posted balance to which a payment may lead.
    pub balance_minor: Option<i64>,
    /// What it may pay.
    pub debit: Quota,
    /// What it may be paid.
    pub credit: Quota,
}

/// Bounds of one direction. Days and months are those of the calendar in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// The highest amount of one operation.
    pub operation_minor: Option<i64>,
    /// The most operations of a day.
    pub day_count: Option<u32>,
    /// The highest sum of a day.
    pub day_minor: Option<i64>,
    /// The most operations of a month.
    pub month_count: Option<u32>,
    /// The highest sum of a month.
    pub month_minor: Option<i64>,
}

/// The end of a tariff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffEnd {
    /// Which.
    pub code: String,
    /// From when on it is none; at once without one.
    pub effective_from: Option<Epoch>,
}

impl Policy {
    /// The name of the operation that sets it.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Level(_) => "set_customer_level",
            Self::Terms(_) => "set_account_terms",
            Self::Limits(_) => "set_level_limits",
            Self::Tariff(_) => "set_tariff",
            Self::TariffEnd(_) => "withdraw_tariff",
        }
    }

    /// From when on it holds where it was decided in `epoch`: never before.
    pub fn effective(&self, epoch: Epoch) -> Epoch {
        let from = match self {
            Self::Level(_) => None,
            Self::Terms(terms) => terms.effective_from,
            Self::Limits(limits) => limits.effective_from,
            Self::Tariff(tariff) => tariff.effective_from,
            Self::TariffEnd(end) => end.effective_from,
        };
        from.map_or(epoch, |from| from.max(epoch))
    }

    /// The policy as decided in `epoch`: it says from when on it holds.
    #[must_use]
    pub fn decided(mut self, epoch: Epoch) -> Self {
        let from = Some(self.effective(epoch));
        match &mut self {
            Self::Level(_) => {}
            Self::Terms(terms) => terms.effective_from = from,
            Self::Limits(limits) => limits.effective_from = from,
            Self::Tariff(tariff) => tariff.effective_from = from,
            Self::TariffEnd(end) => end.effective_from = from,
        }
        self
    }

    /// Its fields and their texts, as far as they are present; the fingerprint is made of them, so they are fixed for good.
    pub fn fields(&self, mut field: impl FnMut(&str, &str)) {
        match self {
            Self::Level(set) => {
                field("customer_id", set.customer_id.text(&mut [0; 36]));
                field("level", set.level.as_str());
            }
            Self::Terms(terms) => {
                field("account_id", terms.account_id.text(&mut [0; 36]));
                field("currency", terms.currency.code());
                number("floor_minor", terms.floor_minor, &mut field);
                terms.limits.fields(&mut field);
                number("effective_from", terms.effective_from, &mut field);
            }
            Self::Limits(limits) => {
                field("level", limits.level.as_str());
                field("currency", limits.currency.code());
                limits.limits.fields(&mut field);
                number("effective_from", limits.effective_from, &mut field);
            }
            Self::Tariff(tariff) => tariff.fields(&mut field),
            Self::TariffEnd(end) => {
                field("code", &end.code);
                number("effective_from", end.effective_from, &mut field);
            }
        }
    }

    /// Whether it can be asked for: it has its form, and a tariff ends after it begins.
    pub fn check(&self) -> Result<(), Unreadable> {
        self.form()?;
        match self {
            Self::Tariff(tariff) => tariff.lasts(),
            Self::Level(_) | Self::Terms(_) | Self::Limits(_) | Self::TariffEnd(_) => Ok(()),
        }
    }

    /// Whether its amounts, tiers, names and moments have the form that the fields say.
    ///
    /// One that was decided may have less sense than one that can be asked for: a tariff that was over by then begins after its end.
    pub fn form(&self) -> Result<(), Unreadable> {
        match self {
            Self::Level(_) => Ok(()),
            Self::Terms(terms) => {
                moment("effective_from", terms.effective_from)?;
                terms.limits.check()
            }
            Self::Limits(limits) => {
                moment("effective_from", limits.effective_from)?;
                limits.limits.check()
            }
            Self::Tariff(tariff) => tariff.form(),
            Self::TariffEnd(end) => {
                moment("effective_from", end.effective_from)?;
                code(&end.code)
            }
        }
    }
}

impl Limits {
    fn fields(&self, field: &mut impl FnMut(&str, &str)) {
        number("balance_minor", self.balance_minor, field);
        for (side, quota) in [("debit", &self.debit), ("credit", &self.credit)] {
            number(&format!("{side}.operation_minor"), quota.operation_minor, field);
            number(&format!("{side}.day_count"), quota.day_count, field);
            number(&format!("{side}.day_minor"), quota.day_minor, field);
            number(&format!("{side}.month_count"), quota.month_count, field);
            number(&format!("{side}.month_minor"), quota.month_minor, field);
        }
    }

    /// Whether no bound is negative.
    pub fn check(&self) -> Result<(), Unreadable> {
        amount("balance", self.balance_minor)?;
        for quota in [&self.debit, &self.credit] {
            amount("operation", quota.operation_minor)?;
            amount("day", quota.day_minor)?;
            amount("month", quota.month_minor)?;
        }
        Ok(())
    }
}

fn number<N: ToString>(name: &str, value: Option<N>, field: &mut impl FnMut(&str, &str)) {
    if let Some(value) = value {
        field(name, &value.to_string());
    }
}

fn expect(what: &str, holds: bool, form: &str) -> Result<(), Unreadable> {
    if holds { Ok(()) } else { Err(Unreadable::new(what, "the value", form)) }
}

fn amount(what: &str, minor: Option<i64>) -> Result<(), Unreadable> {
    match minor {
        Some(minor) if minor < 0 => Err(Unreadable::new(what, &minor.to_string(), "zero or more")),
        _ => Ok(()),
    }
}

pub(crate) fn moment(what: &str, epoch: Option<Epoch>) -> Result<(), Unreadable> {
    match epoch {
        Some(epoch) if epoch > LAST_EPOCH => Err(Unreadable::new(what, &epoch.to_string(), "milliseconds before the year 10000")),
        _ => Ok(()),
    }
}

fn code(text: &str) -> Result<(), Unreadable> {
    let plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    if plain && (1..=64).contains(&text.len()) { Ok(()) } else { Err(Unreadable::new("code", text, "1 to 64 of a-z, 0-9, - and _")) }
}

#[cfg(test)]
mod tests;
