//! What the door counts.

use crate::decisions::Decisions;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGauge, Opts};
use std::sync::{Arc, LazyLock};

static REFUSALS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let refusals = IntCounterVec::new(Opts::new("orion_refusals_total", "Commands decided against the caller."), &["operation", "reason"]);
    let refusals = refusals.expect("the name and the labels are well-formed");
    register(refusals.clone());
    refusals
});

/// Counts a refusal, if it is one.
pub(super) fn count(refused: Option<(&str, &str)>) {
    if let Some((operation, reason)) = refused {
        REFUSALS.with_label_values(&[operation, reason]).inc();
    }
}

/// Shows how many operations wait, and how many decisions are kept, whenever someone looks.
pub(super) fn watch(decisions: Arc<Decisions>) {
    let help = "Operations in the log that are not decided, as this door knows; at http.remembered_max new ones get 429.";
    let gauge = IntGauge::new("orion_http_operations_remembered", help).expect("the name is well-formed");
    register(Shown { decisions: Arc::clone(&decisions), gauge, count: |decisions| u64::try_from(decisions.pending()).unwrap_or(u64::MAX) });
    let help = "Decisions that the ledger keeps for the retries of their commands; at http.pinned_max new commands get 503.";
    let gauge = IntGauge::new("orion_ledger_decisions_pinned", help).expect("the name is well-formed");
    register(Shown { decisions, gauge, count: Decisions::pinned });
}

/// A second door in the same process, as in tests, keeps the first one's metrics.
fn register(collector: impl Collector + 'static) {
    drop(prometheus::register(Box::new(collector)));
}

struct Shown {
    decisions: Arc<Decisions>,
    gauge: IntGauge,
    count: fn(&Decisions) -> u64,
}

impl Collector for Shown {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gauge.set(i64::try_from((self.count)(&self.decisions)).unwrap_or(i64::MAX));
        self.gauge.collect()
    }
}
