//! How long commands waited: from the time stamp of their record, which the door gave it, to the epoch that decided them.
//!
//! Both are read from clocks, and those of a door and of settlement may differ. So this says how the bank did, and decides nothing.

use crate::epoch::Epoch;
use std::collections::BTreeMap;

/// Where the buckets begin, in milliseconds: each has what is more than this, and no more than the next.
pub const OVER_MS: [u32; 13] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/// Commands that waited about as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waited {
    /// More milliseconds than these; the first bucket, zero, also has those that did not wait.
    pub over_ms: u32,
    /// How many.
    pub count: u32,
}

/// How many commands of an epoch waited how long, by bucket, by the time stamps of their records.
pub fn waited(epoch: Epoch, appended_ms: impl Iterator<Item = Epoch>) -> Vec<Waited> {
    let mut buckets: BTreeMap<u32, u32> = BTreeMap::new();
    for appended_ms in appended_ms {
        *buckets.entry(bucket(epoch.saturating_sub(appended_ms))).or_default() += 1;
    }
    buckets.into_iter().map(|(over_ms, count)| Waited { over_ms, count }).collect()
}

fn bucket(waited_ms: u64) -> u32 {
    OVER_MS.into_iter().rfind(|over_ms| u64::from(*over_ms) < waited_ms).unwrap_or(OVER_MS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_ends_where_the_next_begins() {
        for (waited_ms, over_ms) in [
            (0, 0),
            (1, 0),
            (2, 1),
            (3, 2),
            (5, 2),
            (6, 5),
            (1_000, 500),
            (1_001, 1_000),
            (5_000, 2_000),
            (5_001, 5_000),
            (u64::MAX, 5_000),
        ] {
            assert_eq!(bucket(waited_ms), over_ms, "{waited_ms}");
        }
    }

    #[test]
    fn what_was_stamped_after_the_epoch_did_not_wait() {
        let count = |over_ms, count| Waited { over_ms, count };
        assert_eq!(waited(1_000, [1_007, 1_000, 993, 994, 0].into_iter()), [count(0, 2), count(5, 2), count(500, 1)]);
        assert_eq!(waited(1_000, std::iter::empty()), []);
    }
}
