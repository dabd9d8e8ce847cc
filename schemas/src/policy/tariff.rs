//! Tariffs: what operations cost.

use super::{amount, code, expect, moment, number};
use crate::account::AccountType;
use crate::customer::KycLevel;
use crate::epoch::Epoch;
use crate::money::{Currency, Unreadable};
use crate::transaction::{Channel, PaymentKind};
use crate::word::words;

/// Most tiers of a tariff.
pub const TIERS_MAX: usize = 16;

/// Parts in the whole of a rate.
pub const RATE_WHOLE_PPM: u32 = 1_000_000;

words! {
    /// Who bears a fee.
    pub enum Bearer {
        /// The payer, on top of the amount.
        Payer = "payer",
        /// The payee, out of the amount.
        Payee = "payee",
    }
}

/// What an operation costs.
///
/// A tariff applies where all that it names fits; type and level are those of the account that bears the fee, which is never the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// Its name: 1 to 64 of a-z, 0-9, `-` and `_`.
    pub code: String,
    /// Of payments in this currency, in whose minor units the rest is.
    pub currency: Currency,
    /// Of this operation only.
    pub operation: Option<PaymentKind>,
    /// Through this channel only.
    pub channel: Option<Channel>,
    /// Of accounts of this type only.
    pub account_type: Option<AccountType>,
    /// Of customers of this level only.
    pub level: Option<KycLevel>,
    /// Who bears the fee.
    pub bearer: Bearer,
    /// The price, by amount; the highest bound comes last and is none.
    pub tiers: Vec<Tier>,
    /// The fee is never less.
    pub min_minor: Option<i64>,
    /// The fee is never more.
    pub max_minor: Option<i64>,
    /// So many operations of its month that the bearer pays, or is paid, come without the fee.
    pub free_per_month: u32,
    /// From when on, milliseconds since 1970; at once without one.
    pub effective_from: Option<Epoch>,
    /// Until when, exclusive; for good without one.
    pub effective_to: Option<Epoch>,
}

/// What a price is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// What the payment is for.
    pub operation: PaymentKind,
    /// Through which channel it comes.
    pub channel: Channel,
    /// Its currency.
    pub currency: Currency,
    /// Who pays; none where it is the house, which bears no fee.
    pub payer: Option<Borne>,
    /// Who is paid; none where it is the house.
    pub payee: Option<Borne>,
}

/// An account that may bear a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borne {
    /// The product; none where it is not known.
    pub account_type: Option<AccountType>,
    /// The level of its holder.
    pub level: KycLevel,
}

/// The price of amounts up to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Up to this amount, inclusive; any without one.
    pub up_to_minor: Option<i64>,
    /// A fixed part.
    pub fixed_minor: i64,
    /// Parts of the amount, in millionths.
    pub rate_ppm: u32,
}

impl Tariff {
    /// Whether name, tiers, bounds and moments have the form that the fields say.
    pub(super) fn form(&self) -> Result<(), Unreadable> {
        code(&self.code)?;
        moment("effective_from", self.effective_from)?;
        moment("effective_to", self.effective_to)?;
        amount("min", self.min_minor)?;
        amount("max", self.max_minor)?;
        let asked = self.operation.is_none_or(|kind| PaymentKind::ASKED.contains(&kind));
        expect("operation", asked, "a payment that is asked for: a refund and a reversal cost nothing")?;
        let ordered = self.min_minor.unwrap_or(0) <= self.max_minor.unwrap_or(i64::MAX);
        expect("min", ordered, "no more than max")?;
        let count = (1..=TIERS_MAX).contains(&self.tiers.len());
        expect("tiers", count, "1 to 16 tiers")?;
        let bounds = self.tiers.iter().map(|tier| tier.up_to_minor.map_or(i128::MAX, i128::from));
        let ascend = bounds.clone().zip(bounds.skip(1)).all(|(lower, upper)| lower < upper);
        let open = self.tiers.last().is_some_and(|tier| tier.up_to_minor.is_none());
        expect("tiers", ascend && open, "tiers with growing bounds, the last without one")?;
        for tier in &self.tiers {
            amount("up_to", tier.up_to_minor)?;
            amount("fixed", Some(tier.fixed_minor))?;
            expect("rate", tier.rate_ppm <= RATE_WHOLE_PPM, "a rate of at most 100 %")?;
        }
        Ok(())
    }

    /// Whether there is a moment at which it holds.
    pub(super) fn lasts(&self) -> Result<(), Unreadable> {
        let lasts = self.effective_to.is_none_or(|to| to > self.effective_from.unwrap_or(0));
        expect("effective_to", lasts, "later than effective_from")
    }

    /// Whether it is the price of this, as far as words go.
    pub fn applies(&self, to: &Priced) -> bool {
        let bearer = match self.bearer {
            Bearer::Payer => to.payer,
            Bearer::Payee => to.payee,
        };
        let fits = |borne: Borne| {
            self.account_type.is_none_or(|named| borne.account_type == Some(named)) && self.level.is_none_or(|named| borne.level == named)
        };
        self.currency == to.currency
            && self.operation.is_none_or(|named| named == to.operation)
            && self.channel.is_none_or(|named| named == to.channel)
            && bearer.is_some_and(fits)
    }

    /// Of all that apply the greatest is the price: what names the operation comes before what does not, then the channel, the type of
    /// the account and the level; then the code that is last in the alphabet.
    pub fn rank(&self) -> (bool, bool, bool, bool, &str) {
        let named = (self.operation.is_some(), self.channel.is_some(), self.account_type.is_some(), self.level.is_some());
        (named.0, named.1, named.2, named.3, &self.code)
    }

    pub(super) fn fields(&self, field: &mut impl FnMut(&str, &str)) {
        field("code", &self.code);
        field("currency", self.currency.code());
        let words = [
            ("operation", self.operation.map(PaymentKind::as_str)),
            ("channel", self.channel.map(Channel::as_str)),
            ("account_type", self.account_type.map(AccountType::as_str)),
            ("level", self.level.map(KycLevel::as_str)),
            ("bearer", Some(self.bearer.as_str())),
        ];
        words.iter().for_each(|(name, word)| word.iter().for_each(|word| field(name, word)));
        for tier in &self.tiers {
            number("tier.up_to_minor", tier.up_to_minor, field);
            number("tier.fixed_minor", Some(tier.fixed_minor), field);
            number("tier.rate_ppm", Some(tier.rate_ppm), field);
        }
        number("min_minor", self.min_minor, field);
        number("max_minor", self.max_minor, field);
        number("free_per_month", Some(self.free_per_month), field);
        number("effective_from", self.effective_from, field);
        number("effective_to", self.effective_to, field);
    }

    /// The fee for an amount, in minor units: the fixed part and the rate of the amount's tier, the rate rounded half up to a whole
    /// minor unit, then within the bounds.
    pub fn fee_minor(&self, amount_minor: i64) -> i64 {
        let fits = |tier: &&Tier| tier.up_to_minor.is_none_or(|up_to_minor| amount_minor <= up_to_minor);
        let tier = self.tiers.iter().find(fits).expect("the last tier has no bound");
        let whole = i128::from(RATE_WHOLE_PPM);
        let part = (i128::from(amount_minor) * i128::from(tier.rate_ppm) + whole / 2) / whole;
        let bounded = (part + i128::from(tier.fixed_minor)).max(self.min_minor.map_or(0, i128::from));
        let bounded = bounded.min(self.max_minor.map_or(i128::from(i64::MAX), i128::from));
        i64::try_from(bounded).expect("a fee is between its bounds, which are minor units")
    }
}
