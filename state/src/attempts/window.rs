//! Attempts of one key, counted by stretches of time that grow coarser with age.
//!
//! | Attempts of | Lie in stretches of | So this window |
//! |---|---|---|
//! | the minute that runs and the nine before it | a minute | ten minutes |
//! | the five minutes that run and the eleven fives before them | five minutes | an hour |
//! | the hour that runs and the 23 before it | an hour | a day |
//! | the day that runs, in UTC, and the 29 before it | a day | thirty days |
//!
//! A stretch becomes part of a coarser one only when no window that is finer can reach it any more. So what a window holds is exact to
//! its stretches, whenever that happens, and a key has at most 80 stretches for each currency, and 22 of failures.

use crate::bytes::{Bytes, Damaged};
use schemas::{Currency, Epoch};

/// How many windows there are.
pub const WINDOWS: usize = 4;

/// The windows in milliseconds, at most: the last stretch is the one that runs.
pub const WINDOWS_MS: [u64; WINDOWS] = [600_000, 3_600_000, 86_400_000, 2_592_000_000];

/// Of each window: the minutes of a stretch, and how many stretches.
const STRETCHES: [(u32, u32); WINDOWS] = [(1, 10), (5, 12), (60, 24), (1_440, 30)];

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A payment or a reservation that was asked for.
    Attempt,
    /// Somebody who could not prove who they are; only the first two windows look at it.
    Failure,
}

/// What was counted in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    minor: i64,
    /// Its first minute, since 1970.
    start: u32,
    count: u32,
    currency: Currency,
    what: What,
    /// How coarse it is: a place in [`STRETCHES`].
    coarse: u8,
}

/// What the windows of a key hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Attempts of any currency, by window.
    pub counts: [i64; WINDOWS],
    /// The sum of those in one currency, by window.
    pub sums_minor: [i64; WINDOWS],
    /// Failures, by window.
    pub failures: [i64; WINDOWS],
}

/// The minute of an epoch.
pub fn minute(epoch: Epoch) -> u32 {
    u32::try_from(epoch / 60_000).expect("an epoch is before the year 10000")
}

/// Adds to the stretches of a key what happened in a minute, none of them later; and lets those grow coarser that may.
pub fn count(stretches: &mut Vec<Stretch>, now: u32, what: What, currency: Currency, minor: i64) {
    coarsen(stretches, now);
    let same = |stretch: &&mut Stretch| (stretch.what, stretch.currency, stretch.coarse, stretch.start) == (what, currency, 0, now);
    if let Some(stretch) = stretches.iter_mut().rev().find(same) {
        stretch.count = stretch.count.saturating_add(1);
        stretch.minor = stretch.minor.saturating_add(minor);
    } else {
        stretches.push(Stretch { minor, start: now, count: 1, currency, what, coarse: 0 });
    }
}

impl Stretch {
    /// Whether what happens in a minute is counted here, so that counting changes no other.
    pub fn runs(&self, now: u32, what: What, currency: Currency) -> bool {
        (self.what, self.currency, self.coarse, self.start) == (what, currency, 0, now)
    }

    /// Counts one more.
    pub fn add(&mut self, minor: i64) {
        self.count = self.count.saturating_add(1);
        self.minor = self.minor.saturating_add(minor);
    }

    /// Its first minute, since 1970.
    pub(super) const fn start(&self) -> u32 {
        self.start
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.minor.to_le_bytes());
        bytes.extend_from_slice(&self.start.to_le_bytes());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(self.currency.code().as_bytes());
        bytes.push(u8::from(self.what == What::Failure));
        bytes.push(self.coarse);
    }

    pub(super) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let (minor, start, count, currency) = (bytes.i64()?, bytes.u32()?, bytes.u32()?, bytes.currency()?);
        let what = if bytes.u8()? == 0 { What::Attempt } else { What::Failure };
        let coarse = bytes.u8()?;
        let (minutes, _) = STRETCHES.get(usize::from(coarse)).ok_or_else(|| Damaged::new("attempts are of no stretch of time"))?;
        if count == 0 || !start.is_multiple_of(*minutes) {
            return Err(Damaged::new("attempts are of a stretch of time that can't be"));
        }
        Ok(Self { minor, start, count, currency, what, coarse })
    }
}

/// What the windows hold in a minute, in sums of a currency.
pub fn measure<'a>(stretches: impl Iterator<Item = &'a Stretch>, now: u32, currency: Currency) -> Measured {
    let mut measured = Measured::default();
    for stretch in stretches {
        for (window, (minutes, most)) in STRETCHES.iter().enumerate() {
            if now / minutes - stretch.start / minutes >= *most {
                continue;
            }
            match stretch.what {
                // Only the first two are kept, and what is older goes when it is looked at next.
                What::Failure if window > 1 => {}
                What::Failure => measured.failures[window] += i64::from(stretch.count),
                What::Attempt => {
                    measured.counts[window] += i64::from(stretch.count);
                    if stretch.currency == currency {
                        measured.sums_minor[window] = measured.sums_minor[window].saturating_add(stretch.minor);
                    }
                }
            }
        }
    }
    measured
}

/// Lets stretches grow coarser that no finer window reaches, and drops those that none does.
fn coarsen(stretches: &mut Vec<Stretch>, now: u32) {
    let reached = |stretch: &Stretch, coarse: u8| {
        let (minutes, most) = STRETCHES[usize::from(coarse)];
        now / minutes - stretch.start / minutes < most
    };
    if stretches.iter().all(|stretch| reached(stretch, stretch.coarse)) {
        return;
    }
    let last = |what| if what == What::Failure { 1 } else { 3 };
    let mut kept: Vec<Stretch> = Vec::with_capacity(stretches.len() + 1);
    for mut stretch in stretches.drain(..) {
        while stretch.coarse <= last(stretch.what) && !reached(&stretch, stretch.coarse) {
            stretch.coarse += 1;
        }
        if stretch.coarse > last(stretch.what) {
            continue;
        }
        let (minutes, _) = STRETCHES[usize::from(stretch.coarse)];
        stretch.start -= stretch.start % minutes;
        let same = |other: &&mut Stretch| {
            let which = |stretch: &Stretch| (stretch.what, stretch.currency, stretch.coarse, stretch.start);
            which(other) == which(&stretch)
        };
        // They are in the order of time, so the one that it becomes a part of is among the last.
        if let Some(other) = kept.iter_mut().rev().find(same) {
            other.count = other.count.saturating_add(stretch.count);
            other.minor = other.minor.saturating_add(stretch.minor);
        } else {
            kept.push(stretch);
        }
    }
    *stretches = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts one after the other, and holds every window to a loop over all attempts.
    fn check(attempts: &[(Epoch, Currency, i64, What)]) {
        let mut stretches = Vec::new();
        for (place, (epoch, currency, minor, what)) in attempts.iter().enumerate() {
            count(&mut stretches, minute(*epoch), *what, *currency, *minor);
            let expected = looped(&attempts[..=place], *epoch, *currency);
            assert_eq!(measure(stretches.iter(), minute(*epoch), *currency), expected, "{place}");
            let currencies: std::collections::BTreeSet<_> = attempts[..=place].iter().map(|(_, currency, ..)| *currency).collect();
            assert!(stretches.len() <= 80 * currencies.len() + 22 * currencies.len(), "{}", stretches.len());
        }
    }

    fn looped(attempts: &[(Epoch, Currency, i64, What)], now: Epoch, currency: Currency) -> Measured {
        let mut measured = Measured::default();
        let windows: [(u64, u64); 4] = [(60_000, 10), (300_000, 12), (3_600_000, 24), (86_400_000, 30)];
        for (epoch, of, minor, what) in attempts {
            for (window, (length, most)) in windows.iter().enumerate() {
                if now / length - epoch / length < *most {
                    match what {
                        // Of failures only the first two windows are kept.
                        What::Failure if window > 1 => {}
                        What::Failure => measured.failures[window] += 1,
                        What::Attempt => {
                            measured.counts[window] += 1;
                            measured.sums_minor[window] += if *of == currency { *minor } else { 0 };
                        }
                    }
                }
            }
        }
        measured
    }

    #[test]
    fn windows_hold_what_a_loop_finds_in_them() {
        let euro = "EUR".parse().unwrap();
        // A generator of numbers of our own (SplitMix64), so that every run tries the same.
        let mut state = 7u64;
        let mut draw = |most: u64| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ (mixed >> 29)) % most
        };
        for pace in [3_000, 40_000, 200_000, 2_000_000, 30_000_000, 400_000_000] {
            let (mut epoch, mut attempts) = (1_764_000_000_000 + draw(90_000_000), Vec::new());
            for _ in 0..400 {
                epoch += draw(pace);
                let currency = if draw(4) == 0 { euro } else { Currency::XOF };
                let what = if draw(5) == 0 { What::Failure } else { What::Attempt };
                attempts.push((epoch, currency, i64::try_from(draw(1_000)).unwrap(), what));
            }
            check(&attempts);
        }
    }

    #[test]
    fn a_stretch_takes_as_many_bytes_as_it_is_said() {
        assert_eq!(size_of::<Stretch>(), 24);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut stretches = Vec::new();
        count(&mut stretches, 1_000, What::Attempt, Currency::XOF, 5);
        count(&mut stretches, 1_030, What::Failure, Currency::XOF, 0);
        for stretch in stretches {
            let mut bytes = Vec::new();
            stretch.write(&mut bytes);
            assert_eq!(Stretch::read(&mut Bytes(&bytes)), Ok(stretch));
        }
    }
}
