//! What the bank did, counted: how often, how much, at what fee, in which stretch of time, and by whom.

use crate::account::{AccountType, Role};
use crate::customer::KycLevel;
use crate::epoch::Epoch;
use crate::id::AccountId;
use crate::money::Currency;
use crate::refusal::Refusal;
use crate::transaction::{Channel, PaymentKind};
use crate::waited::Waited;
use crate::word::words;

words! {
    /// How long a stretch of time is. Hours and days are those of UTC, as everywhere in the bank.
    pub enum Span {
        /// 60 seconds.
        Minute = "minute",
        /// 60 minutes.
        Hour = "hour",
        /// 24 hours.
        Day = "day",
    }
}

impl Span {
    /// How long it is.
    pub const fn width_ms(self) -> u64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// The beginning of the one that an epoch lies in.
    pub const fn start(self, epoch: Epoch) -> Epoch {
        epoch - epoch % self.width_ms()
    }
}

words! {
    /// In what a customer counts once.
    pub enum Period {
        /// A day of UTC.
        Day = "day",
        /// A month of the calendar, in UTC.
        Month = "month",
    }
}

impl Period {
    /// The beginning of the one that an epoch lies in.
    pub fn start(self, epoch: Epoch) -> Epoch {
        let day = Span::Day.start(epoch);
        match self {
            Self::Day => day,
            Self::Month => day - (u64::from(day_of_month(day)) - 1) * Span::Day.width_ms(),
        }
    }
}

/// From 1 on.
fn day_of_month(epoch: Epoch) -> u8 {
    let seconds = i64::try_from(epoch / 1000).expect("a u64 of milliseconds fits an i64 of seconds");
    time::OffsetDateTime::from_unix_timestamp(seconds).expect("an epoch is before the year 10000").day()
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Bucket {
    /// How long.
    pub span: Span,
    /// From when on.
    pub start: Epoch,
    /// What was asked for; of a payment its kind, whether it was asked for by itself, captured or ordered.
    pub operation: String,
    /// Of a payment: through which channel.
    pub channel: Option<Channel>,
    /// Of a payment: of what.
    pub currency: Option<Currency>,
    /// Why it was refused; none where it settled.
    pub refusal: Option<Refusal>,
}

/// A bucket and what is in it, or comes into it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Volume {
    /// What was counted.
    pub bucket: Bucket,
    /// How many.
    pub count: i64,
    /// How much was moved, or was to be, in minor units.
    pub amount_minor: i128,
    /// What it cost, in minor units; of a reversal, the fee that was given back.
    pub fee_minor: i128,
}

/// What an account did in a day, as one of the two sides of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Side {
    /// The beginning of the day.
    pub day: Epoch,
    /// Of what.
    pub currency: Currency,
    /// Whose.
    pub account: AccountId,
    /// What the payment was for.
    pub operation: PaymentKind,
}

/// How much an account did, or what comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turnover {
    /// Who, when and as what.
    pub side: Side,
    /// How many.
    pub count: i64,
    /// How much was moved, in minor units.
    pub amount_minor: i128,
}

/// What accounts are counted together: what they are, and who holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Group {
    /// Of what.
    pub currency: Currency,
    /// The product.
    pub account_type: AccountType,
    /// What the holder is to the bank.
    pub role: Role,
    /// How far the holder's identity is known; none where the house is the holder.
    pub level: Option<KycLevel>,
}

/// How many accounts a group has that are not closed, and what is on them, or by how much both change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Balances {
    /// Which accounts.
    pub group: Group,
    /// How many.
    pub accounts: i64,
    /// Their balances together, in minor units.
    pub balance_minor: i128,
}

/// What the bank owes, or by how much that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Liability {
    /// Of what.
    pub currency: Currency,
    /// The balances of all accounts but the house's, in minor units.
    pub owed_minor: i128,
    /// How much of it holds hold, in minor units.
    pub held_minor: i128,
}

/// What an epoch adds to all that is counted, each in the order of what it is counted by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aggregates {
    /// To the volume.
    pub volume: Vec<Volume>,
    /// To the turnover of accounts; also of those whose turnover nobody keeps.
    pub turnover: Vec<Turnover>,
    /// To the accounts and balances of each group.
    pub positions: Vec<Balances>,
    /// To what the bank owes.
    pub liabilities: Vec<Liability>,
    /// The accounts that had a part in a payment which settled, whether it was their first or not.
    pub active: Vec<AccountId>,
    /// To how long commands waited.
    pub latency: Vec<Waited>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_lies_in_one_minute_one_hour_and_one_day() {
        // 2025-11-24T15:59:59.999Z
        let epoch = 1_763_999_999_999;
        let starts = Span::ALL.iter().map(|span| crate::rfc3339(span.start(epoch))).collect::<Vec<_>>();
        assert_eq!(starts, ["2025-11-24T15:59:00.000Z", "2025-11-24T15:00:00.000Z", "2025-11-24T00:00:00.000Z"]);
        for span in Span::ALL {
            let start = span.start(epoch);
            assert_eq!((span.start(start), span.start(start + span.width_ms() - 1)), (start, start));
            assert_eq!(span.start(start + span.width_ms()), start + span.width_ms());
        }
    }

    #[test]
    fn a_month_begins_with_its_first_day() {
        for (epoch, day, month) in [
            ("2024-02-29T23:59:59.999Z", "2024-02-29", "2024-02-01"),
            ("2024-03-01T00:00:00.000Z", "2024-03-01", "2024-03-01"),
            ("2025-12-31T12:00:00.000Z", "2025-12-31", "2025-12-01"),
            ("1970-01-01T00:00:00.000Z", "1970-01-01", "1970-01-01"),
        ] {
            let epoch = crate::epoch::from_rfc3339(epoch).unwrap();
            let starts = Period::ALL.iter().map(|period| crate::rfc3339(period.start(epoch))).collect::<Vec<_>>();
            assert_eq!(starts, [day, month].map(|date| format!("{date}T00:00:00.000Z")));
        }
    }
}
