//! What Orion measures: one list of all metrics, and the text that Prometheus reads.
//!
//! In: numbers, from whoever knows them. Out: the text, on request. Names are stable: dashboards and alerts are held to
//! [`ALL`] by a test. Units are seconds, bytes and records; a counter ends in `_total`. Labels are words of ours, so that
//! no caller can make a time series. Never: anything that a customer could be known by.
//!
//! The door, settlement and the views each show what they have touched. Where two processes show the same metric,
//! each says what it knows itself.

mod family;
/// Bounded queues: how full they are.
pub mod queue;
/// The text.
mod scrape;
/// How long ago something was.
pub mod since;

pub use family::{Described, Kind};
pub use scrape::{MEDIA_TYPE, look, text};

use family::meters;
use prometheus::{GaugeVec, HistogramVec, IntCounterVec, IntGaugeVec};

/// OpenTelemetry's bounds for HTTP, and the promises: 200 ms for an answer, 2 s until staff see a transaction.
const HTTP_S: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.25, 0.5, 0.75, 1.0, 2.0, 2.5, 5.0, 7.5, 10.0];
/// Commits take 2 ms on a good day and seconds on a bad one.
const COMMIT_S: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Among the bounds are the promises: 1 s until a decision is visible, 2 s for staff.
const AGE_S: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
/// Snapshots take from milliseconds to minutes.
const SNAPSHOT_S: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// A page comes from the memory of the kernel in microseconds, and from a disk in milliseconds.
const PIN_READ_S: &[f64] = &[0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 1.0];

meters! {
    // How fresh, and how right.

    /// Now, less the newest epoch of a view: `settlement` is what is decided and committed, `views` what Postgres shows, `risk` what is searched for laundering and fraud, `topics` what
    /// the topics of the views have, `tail` what this door has read. An idle bank has an epoch a second.
    FRESHNESS: GaugeVec = "orion_freshness_seconds" ["view"];
    /// From the time stamp of an epoch until it was `committed` to Kafka, or `visible` in Postgres.
    EPOCH_AGE: HistogramVec = "orion_epoch_age_seconds" ["stage"], AGE_S;
    /// Currencies, accounts and transactions that do not balance.
    IMBALANCES: IntGaugeVec = "orion_views_imbalances" [];

    // The door.

    /// Time from a request's headers to its answer's.
    HTTP_REQUESTS: HistogramVec = "http_server_request_duration_seconds"
        ["http_request_method", "http_route", "http_response_status_class"], HTTP_S;
    /// Time from a call's headers to its answer's, over gRPC. The code is canonical, such as `OK` or `NOT_FOUND`.
    RPC_REQUESTS: HistogramVec = "rpc_server_duration_seconds" ["rpc_service", "rpc_method", "rpc_grpc_status_code"], HTTP_S;
    /// Requests that were answered 429 since their subject asks too fast.
    RATE_LIMITED: IntCounterVec = "orion_http_rate_limited_total" [];
    /// Streams that are open: of topics (`tap`), of views, of transactions, or of alerts.
    STREAMS_OPEN: IntGaugeVec = "orion_streams_open" ["stream"];
    /// Records and rows that were sent over streams.
    STREAM_EVENTS: IntCounterVec = "orion_stream_events_total" ["stream"];
    /// Times that a stream read for itself: at its beginning, and where it was too slow for what is read once for all.
    STREAM_CATCH_UPS: IntCounterVec = "orion_stream_catch_ups_total" ["stream"];

    // What is decided.

    /// Decisions that were committed: `accepted`, `refused`, `replayed` to a repeat, or `key_reused`. The items of a batch count too.
    DECISIONS: IntCounterVec = "orion_decisions_total" ["operation", "outcome"];
    /// Decisions against the caller, by the reason that state/RULES.md lists.
    REFUSALS: IntCounterVec = "orion_refusals_total" ["operation", "reason"];
    /// Records of the commands log that are no commands.
    DEAD_LETTERS: IntCounterVec = "orion_dead_letters_total" [];
    /// Epochs that this process has committed.
    EPOCHS: IntCounterVec = "orion_epochs_total" ["cell"];

    /// Names that were looked at against watchlists: `touched` by a version that came into force, `enrolled`, or `paid`: of a counterparty that a payment names.
    SCREENED: IntCounterVec = "orion_screened_names_total" ["cause"];
    /// Commands that alerts ask for: `sent`, `retried`, or `left_out` until the next start.
    FEEDBACK: IntCounterVec = "orion_feedback_commands_total" ["wish", "outcome"];

    // What that takes.

    /// A Kafka transaction, from its beginning to its commit.
    KAFKA_COMMIT: HistogramVec = "orion_kafka_commit_duration_seconds" ["cell"], COMMIT_S;
    /// A Postgres transaction, from its beginning to its commit; where the connection was lost, with the look what became of it.
    POSTGRES_COMMIT: HistogramVec = "orion_postgres_commit_duration_seconds" ["cell"], COMMIT_S;
    /// Epochs that were read from the log and are not committed yet.
    IN_FLIGHT: IntGaugeVec = "orion_epochs_in_flight" [];
    /// What waits in a queue: epochs, events (`room`), or operations of the door.
    QUEUE_DEPTH: IntGaugeVec = "orion_queue_depth" ["queue"];
    /// How much may wait in a queue; a full one stops its writer, up to the door, which answers 429.
    QUEUE_BOUND: IntGaugeVec = "orion_queue_bound" ["queue"];
    /// Records of the commands log that no committed epoch has bound yet.
    KAFKA_LAG: IntGaugeVec = "orion_kafka_lag_records" ["topic", "partition"];
    /// High watermark less last stable offset: what stands behind a transaction that has no end yet.
    KAFKA_UNSTABLE: IntGaugeVec = "orion_kafka_unstable_records" ["topic", "partition"];

    // What is kept.

    /// Accounts in the ledger.
    ACCOUNTS: IntGaugeVec = "orion_accounts" [];
    /// Customers in the ledger.
    CUSTOMERS: IntGaugeVec = "orion_customers" [];
    /// Holds that are open.
    HOLDS: IntGaugeVec = "orion_holds_open" [];
    /// Cases that are open: alerts, hits, reviews and enrolments that somebody has to look at.
    CASES: IntGaugeVec = "orion_cases_open" [];
    /// Orders that wait for their day.
    ORDERS: IntGaugeVec = "orion_orders_waiting" [];
    /// Decisions that the ledger keeps for the retries of their commands.
    PINS: IntGaugeVec = "orion_pins" [];
    /// Those of them that are on the disk alone, but for the look-up.
    PINS_COLD: IntGaugeVec = "orion_pins_cold" [];
    /// A page of those, read from the disk: for a repeat, a refund, or to be forgotten. The bank decides nothing meanwhile.
    PIN_READ: HistogramVec = "orion_pin_read_duration_seconds" [], PIN_READ_S;
    /// How many it may keep; from there on new commands get 503.
    PINS_MAX: IntGaugeVec = "orion_pins_max" [];
    /// Now, less the epoch of the newest snapshot; without one, less the start of this process.
    SNAPSHOT_AGE: GaugeVec = "orion_snapshot_age_seconds" ["cell"];
    /// When a snapshot was last written by this process.
    SNAPSHOT_TIME: GaugeVec = "orion_snapshot_timestamp_seconds" ["cell"];
    /// How long a snapshot took to write.
    SNAPSHOT_DURATION: HistogramVec = "orion_snapshot_duration_seconds" ["cell"], SNAPSHOT_S;
    /// What all snapshots of a cell take on the disk.
    SNAPSHOT_BYTES: IntGaugeVec = "orion_snapshot_bytes" ["cell"];
    /// Snapshots that could not be written.
    SNAPSHOT_FAILURES: IntCounterVec = "orion_snapshot_failures_total" ["cell"];

    // Who says so.

    /// The generation of a cell: one more with every start.
    GENERATION: IntGaugeVec = "orion_generation" ["cell"];
    /// Always 1: which process this is, and of which version.
    BUILD_INFO: IntGaugeVec = "orion_build_info" ["process", "version"];
    /// When this process started.
    STARTED: GaugeVec = "process_start_time_seconds" [];
}

/// Says which process this is.
pub fn begin(process: &str, version: &str) {
    BUILD_INFO.with_label_values(&[process, version]).set(1);
    STARTED.with_label_values(NONE).set(since::seconds(since::now_ms()));
}

/// The labels of a metric that has none.
pub const NONE: &[&str] = &[];

/// A count as a gauge takes it.
pub fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        let mut names = BTreeSet::new();
        for Described { name, help, labels, kind, buckets } in ALL {
            assert!(names.insert(name), "{name} is there twice");
            assert!(help.ends_with('.') && !help.starts_with(' '), "{name} says what it is in a sentence: {help:?}");
            let ours = name.starts_with("orion_")
                || ["http_server_request_duration_seconds", "rpc_server_duration_seconds", "process_start_time_seconds"].contains(name);
            assert!(ours, "{name} is ours and says so");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert_eq!(*kind == Kind::Histogram, !buckets.is_empty(), "{name}");
            assert!(buckets.is_sorted_by(|a, b| a < b), "{name} {buckets:?}");
            if *kind == Kind::Histogram {
                assert!(name.ends_with("_seconds"), "{name} is in seconds");
            }
            let lower = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            assert!(lower(name) && labels.iter().all(|label| lower(label)), "{name} {labels:?}");
        }
    }

    #[test]
    fn what_is_touched_is_in_the_text() {
        begin("test", "1");
        DECISIONS.with_label_values(&["transfer", "accepted"]).inc();
        queue::COMMIT.bound(16);
        queue::COMMIT.enters();
        queue::COMMIT.enters();
        queue::COMMIT.leaves();
        look(|| HOLDS.with_label_values(NONE).set(7));
        let age = since::of(&FRESHNESS, "views");
        age.at(since::now_ms() - 2_000);
        let text = text().unwrap();
        for line in [
            "# TYPE orion_decisions_total counter",
            "orion_decisions_total{operation=\"transfer\",outcome=\"accepted\"} 1",
            "orion_queue_depth{queue=\"commit\"} 1",
            "orion_queue_bound{queue=\"commit\"} 16",
            "orion_holds_open 7",
            "orion_build_info{process=\"test\",version=\"1\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing from\n{text}");
        }
        let shown = text.lines().find_map(|line| line.strip_prefix("orion_freshness_seconds{view=\"views\"} ")).unwrap();
        assert!((2.0..60.0).contains(&shown.parse::<f64>().unwrap()), "{shown}");
    }
}
