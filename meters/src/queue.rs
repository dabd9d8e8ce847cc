//! Bounded queues: how much waits in each, and how much may.
//!
//! Whoever puts something in or takes something out says so; the channel itself does not tell.

use crate::{QUEUE_BOUND, QUEUE_DEPTH, number};
use prometheus::IntGauge;
use std::sync::LazyLock;

/// A queue. What enters it and leaves it is counted one by one, or is set as a whole.
pub struct Queue {
    name: &'static str,
    depth: LazyLock<IntGauge>,
}

macro_rules! queues {
    ($($(#[doc = $doc:literal])+ $queue:ident = $name:literal;)+) => {
        $(
            $(#[doc = $doc])+
            pub static $queue: Queue = Queue { name: $name, depth: LazyLock::new(|| QUEUE_DEPTH.with_label_values(&[$name])) };
        )+
    };
}

queues! {
    /// Operations that this door knows to be in the log and not decided.
    OPERATIONS = "operations";
    /// Epochs between the log and the ledger.
    DECIDE = "decide";
    /// Epochs between the ledger and Kafka.
    COMMIT = "commit";
    /// Epochs between Kafka and the proof of the books.
    PROVE = "prove";
    /// Epochs between the proof and Postgres.
    WRITE = "write";
    /// Epochs between Kafka and the detection.
    DETECT = "detect";
    /// Epochs between the detection and Kafka.
    ALERT = "alert";
    /// Events between Kafka and Postgres, or the detection.
    ROOM = "room";
}

impl Queue {
    /// One more.
    pub fn enters(&self) {
        self.depth.inc();
    }

    /// One less.
    pub fn leaves(&self) {
        self.depth.dec();
    }

    /// So many, whatever was said before.
    pub fn holds(&self, count: usize) {
        self.depth.set(number(count));
    }

    /// So many are all that it may hold.
    pub fn bound(&self, count: usize) {
        QUEUE_BOUND.with_label_values(&[self.name]).set(number(count));
        LazyLock::force(&self.depth);
    }
}
