//! What the views show of themselves, by what the sink has written: once a transaction.

use egress::postgres::Written;
use meters::since::{self, Since};
use meters::{EPOCH_AGE, EPOCHS, FRESHNESS, IMBALANCES, NONE, POSTGRES_COMMIT};
use std::sync::Arc;
use std::time::Duration;

const CELL: &str = "views";

/// What the sink says.
pub(super) struct Measures {
    fresh: Arc<Since>,
}

impl Measures {
    /// Epochs before `written` are shown already.
    pub(super) fn begin(written: schemas::Epoch) -> Self {
        let fresh = since::of(&FRESHNESS, CELL);
        fresh.at(written.saturating_sub(1));
        EPOCHS.with_label_values(&[CELL]).inc_by(0);
        Self { fresh }
    }

    /// Epochs are written in one transaction, and so many imbalances stand; no epochs where all were written before us.
    pub(super) fn written(&self, group: &[Written], standing: i64, took: Duration) {
        IMBALANCES.with_label_values(NONE).set(standing);
        let Some(last) = group.last() else { return };
        POSTGRES_COMMIT.with_label_values(&[CELL]).observe(took.as_secs_f64());
        EPOCHS.with_label_values(&[CELL]).inc_by(u64::try_from(group.len()).unwrap_or_default());
        let (ages, now_ms) = (EPOCH_AGE.with_label_values(&["visible"]), since::now_ms());
        for Written { events, .. } in group {
            ages.observe(since::seconds(now_ms.saturating_sub(events.epoch())));
        }
        self.fresh.at(last.events.epoch());
    }
}
