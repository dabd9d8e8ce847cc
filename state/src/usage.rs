//! What an account has paid and was paid in the day and the month, as limits and waivers count it.

use crate::bytes::{Bytes, Damaged};
use crate::calendar::{Today, day, month};
use schemas::{Epoch, Refusal};

/// Counts and sums of the day and the month of the last operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    day: u32,
    month: u32,
    debit: Counted,
    credit: Counted,
}

/// Counts and sums of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Operations of the day.
    pub day_count: u32,
    /// Operations of the month.
    pub month_count: u32,
    /// Their sum, of the day.
    pub day_minor: i64,
    /// Their sum, of the month.
    pub month_minor: i64,
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It pays.
    Debit,
    /// It is paid.
    Credit,
}

impl Usage {
    /// Reads something of it.
    pub(crate) const fn glance(&self) -> i64 {
        self.credit.month_minor
    }

    /// What counts today: nothing of another day, or of another month.
    pub fn of(&self, side: Side, today: Today) -> Counted {
        let counted = match side {
            Side::Debit => self.debit,
            Side::Credit => self.credit,
        };
        let (this_day, this_month) = (self.day == today.day, self.month == today.month);
        Counted {
            day_count: if this_day { counted.day_count } else { 0 },
            day_minor: if this_day { counted.day_minor } else { 0 },
            month_count: if this_month { counted.month_count } else { 0 },
            month_minor: if this_month { counted.month_minor } else { 0 },
        }
    }

    /// The day of the last operation, in days since 1970; zero before the first.
    pub(crate) const fn last_day(&self) -> u32 {
        self.day
    }

    /// With one operation more; refused where a sum would leave its range.
    pub fn with(&self, side: Side, today: Today, amount_minor: i64) -> Result<Self, Refusal> {
        let before = self.of(side, today);
        let sum = |sum_minor: i64| sum_minor.checked_add(amount_minor).ok_or(Refusal::BalanceOverflow);
        let counted = Counted {
            day_count: before.day_count.saturating_add(1),
            month_count: before.month_count.saturating_add(1),
            day_minor: sum(before.day_minor)?,
            month_minor: sum(before.month_minor)?,
        };
        let (debit, credit) = match side {
            Side::Debit => (counted, self.of(Side::Credit, today)),
            Side::Credit => (self.of(Side::Debit, today), counted),
        };
        Ok(Self { day: today.day, month: today.month, debit, credit })
    }

    /// Without what was counted as paid in `epoch` and was not paid in the end; `whole` where nothing was.
    pub fn give_back(&mut self, epoch: Epoch, amount_minor: i64, whole: bool) {
        let count = u32::from(whole);
        if self.day == day(epoch) {
            self.debit.day_minor -= amount_minor;
            self.debit.day_count = self.debit.day_count.saturating_sub(count);
        }
        if self.month == month(epoch) {
            self.debit.month_minor -= amount_minor;
            self.debit.month_count = self.debit.month_count.saturating_sub(count);
        }
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let Self { day, month, debit, credit } = self;
        bytes.extend_from_slice(&day.to_le_bytes());
        bytes.extend_from_slice(&month.to_le_bytes());
        for counted in [debit, credit] {
            bytes.extend_from_slice(&counted.day_count.to_le_bytes());
            bytes.extend_from_slice(&counted.month_count.to_le_bytes());
            bytes.extend_from_slice(&counted.day_minor.to_le_bytes());
            bytes.extend_from_slice(&counted.month_minor.to_le_bytes());
        }
    }

    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let (day, month) = (bytes.u32()?, bytes.u32()?);
        let mut counted = || -> Result<Counted, Damaged> {
            let (day_count, month_count) = (bytes.u32()?, bytes.u32()?);
            Ok(Counted { day_count, month_count, day_minor: bytes.i64()?, month_minor: bytes.i64()? })
        };
        Ok(Self { day, month, debit: counted()?, credit: counted()? })
    }
}
