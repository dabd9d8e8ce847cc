//! Percentiles of what was measured: exact, from all of it, by the nearest rank.

use serde::Serialize;
use std::time::Duration;

/// Milliseconds; none where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Percentiles {
    /// Half took at most this.
    pub p50: Option<f64>,
    /// 95 of 100.
    pub p95: Option<f64>,
    /// 99 of 100.
    pub p99: Option<f64>,
    /// All.
    pub max: Option<f64>,
}

impl Percentiles {
    /// The percentiles of a set of measurements, in any order.
    pub(super) fn of(mut measured: Vec<Duration>) -> Self {
        measured.sort_unstable();
        let rank = |percent: usize| {
            let rank = (measured.len() * percent).div_ceil(100).max(1);
            measured.get(rank - 1).map(|duration| milliseconds(*duration))
        };
        Self { p50: rank(50), p95: rank(95), p99: rank(99), max: rank(100) }
    }
}

/// To the microsecond, which is more than a network repeats.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_exact() {
        let shown = |numbers: Vec<u64>| {
            let found = Percentiles::of(numbers.into_iter().map(Duration::from_millis).collect());
            [found.p50, found.p95, found.p99, found.max]
        };
        assert_eq!(shown(vec![]), [None; 4]);
        assert_eq!(shown(vec![7]), [Some(7.0); 4]);
        assert_eq!(shown(vec![3, 1, 2]), [Some(2.0), Some(3.0), Some(3.0), Some(3.0)]);
        assert_eq!(shown((1..=100).rev().collect()), [Some(50.0), Some(95.0), Some(99.0), Some(100.0)]);
        assert_eq!(shown((1..=1_000).collect()), [Some(500.0), Some(950.0), Some(990.0), Some(1_000.0)]);
    }

    #[test]
    fn microseconds_are_kept() {
        assert_eq!(milliseconds(Duration::from_nanos(1_234_567)), 1.235);
    }
}
