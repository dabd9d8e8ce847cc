//! The calendar of limits: days and months in UTC.

use schemas::Epoch;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The day and the month of an epoch, worked out once for all that is decided in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Today {
    pub(crate) day: u32,
    pub(crate) month: u32,
}

impl Today {
    /// Those of an epoch.
    pub fn of(epoch: Epoch) -> Self {
        Self { day: day(epoch), month: month(epoch) }
    }
}

/// The number of the day since 1970.
pub(crate) fn day(epoch: Epoch) -> u32 {
    u32::try_from(epoch / DAY_MS).expect("an epoch is before the year 10000")
}

/// The number of the month since the year 0 of the Gregorian calendar.
pub(crate) fn month(epoch: Epoch) -> u32 {
    // Years that begin in March have their leap day at the end, so the months have the same lengths in all of them.
    let since_march = u64::from(day(epoch)) + 719_468;
    let (era, day_of_era) = (since_march / 146_097, since_march % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let months = (era * 400 + year_of_era) * 12 + march_month + 2;
    u32::try_from(months).expect("an epoch is before the year 10000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        for (text, year, month_of_year) in [
            (0, 1970, 1),
            (DAY_MS * 31 - 1, 1970, 1),
            (DAY_MS * 31, 1970, 2),
            (DAY_MS * 59, 1970, 3),
            (DAY_MS * 364, 1970, 12),
            (DAY_MS * 365, 1971, 1),
            // 2024-02-29 and 2024-03-01.
            (1_709_164_800_000, 2024, 2),
            (1_709_251_200_000, 2024, 3),
            // 2025-11-30T23:59:59.999 and a millisecond later.
            (1_764_547_199_999, 2025, 11),
            (1_764_547_200_000, 2025, 12),
            // 2100 has no leap day: 2100-02-28 and 2100-03-01.
            (4_107_456_000_000, 2100, 2),
            (4_107_542_400_000, 2100, 3),
        ] {
            assert_eq!(month(text), year * 12 + month_of_year - 1, "{text}");
        }
        assert_eq!(day(DAY_MS - 1), 0);
        assert_eq!(day(DAY_MS), 1);
    }
}
