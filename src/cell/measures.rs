//! What every cell shows of itself: its snapshots.

use egress::snapshots::Store;
use meters::since::{self, Since};
use meters::{SNAPSHOT_AGE, SNAPSHOT_BYTES, SNAPSHOT_DURATION, SNAPSHOT_FAILURES, SNAPSHOT_TIME, number};
use schemas::Epoch;
use std::sync::Arc;
use std::time::Duration;

/// The snapshots of a cell.
pub(crate) struct Snapshots {
    cell: &'static str,
    age: Arc<Since>,
}

impl Snapshots {
    /// The cell has started from that of an epoch, or from none.
    pub(crate) fn begin(cell: &'static str, store: &Store, epoch: Option<Epoch>) -> Self {
        let snapshots = Self { cell, age: since::of(&SNAPSHOT_AGE, cell) };
        snapshots.age.at(epoch.unwrap_or_else(since::now_ms));
        SNAPSHOT_FAILURES.with_label_values(&[cell]).inc_by(0);
        snapshots.weigh(store);
        snapshots
    }

    /// One was written.
    pub(crate) fn written(&self, store: &Store, epoch: Epoch, took: Duration) {
        self.age.at(epoch);
        SNAPSHOT_TIME.with_label_values(&[self.cell]).set(since::seconds(since::now_ms()));
        SNAPSHOT_DURATION.with_label_values(&[self.cell]).observe(took.as_secs_f64());
        self.weigh(store);
    }

    /// One could not be.
    pub(crate) fn failed(&self) {
        SNAPSHOT_FAILURES.with_label_values(&[self.cell]).inc();
    }

    fn weigh(&self, store: &Store) {
        // A disk that does not even answer this has been complained about by whoever writes.
        if let Ok(bytes) = store.bytes() {
            SNAPSHOT_BYTES.with_label_values(&[self.cell]).set(number(bytes));
        }
    }
}
