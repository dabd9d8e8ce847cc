//! How long ago something was: a gauge that is worked out when somebody looks, so that it goes on when nothing else does.

use prometheus::core::Collector;
use prometheus::{Gauge, GaugeVec};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Every one of this process, by the metric's name and the label.
static ALL: Mutex<BTreeMap<(String, &'static str), Arc<Since>>> = Mutex::new(BTreeMap::new());

/// A moment, which moves.
pub struct Since {
    gauge: Gauge,
    /// Milliseconds since 1970; zero as long as it has not been.
    at_ms: AtomicU64,
}

impl Since {
    /// It was then, in milliseconds since 1970.
    pub fn at(&self, at_ms: u64) {
        self.at_ms.store(at_ms, Ordering::Relaxed);
    }

    fn show(&self, now_ms: u64) {
        let at_ms = self.at_ms.load(Ordering::Relaxed);
        if at_ms > 0 {
            self.gauge.set(seconds(now_ms) - seconds(at_ms));
        }
    }
}

/// The one of a metric with this value of its label. Nothing is shown until it is said when it was.
pub fn of(metric: &GaugeVec, label: &'static str) -> Arc<Since> {
    let name = metric.desc().first().map(|described| described.fq_name.clone()).unwrap_or_default();
    let make = || Arc::new(Since { gauge: metric.with_label_values(&[label]), at_ms: AtomicU64::new(0) });
    Arc::clone(all().entry((name, label)).or_insert_with(make))
}

/// Brings all of them up to now.
pub(crate) fn show() {
    let now_ms = now_ms();
    all().values().for_each(|since| since.show(now_ms));
}

/// Milliseconds as seconds.
pub fn seconds(milliseconds: u64) -> f64 {
    Duration::from_millis(milliseconds).as_secs_f64()
}

/// The wall clock; it is measured by, and nothing is decided by it.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn all() -> MutexGuard<'static, BTreeMap<(String, &'static str), Arc<Since>>> {
    // What a panic leaves behind is still a map of moments.
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}
