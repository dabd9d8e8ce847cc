//! The way in: doors that write commands, and sources that turn logs back into epochs.
//!
//! A door authenticates, validates shape and size, appends to the log and waits for the decision. It never
//! decides about money. A source never decides either: it hands records on in the order of the log.

/// From committed records back to whole epochs.
pub mod assembly;
/// The commands log, as settlement reads it.
pub mod commands;
/// Decisions as they are made, for whoever waits for one.
pub mod decisions;
/// From a log to epochs.
pub mod epochs;
/// Settlement's events, as everything downstream reads them.
pub mod events;
/// The HTTP door.
pub mod http;
/// A cell's journal, read whole.
pub mod journal;
/// Consumers.
pub mod kafka;
/// How far a cell is behind Kafka.
pub mod lag;
/// The commands log, as a door appends to it.
pub mod log;
/// Transactions whose end Kafka has lost.
pub mod loose_ends;
/// One partition, up to where it ends now.
pub mod partition;
/// How far the topics of the views have come.
pub mod relayed;
/// The orderly end of a cell.
pub mod stop;
/// Commands and decisions, as a door follows them.
pub mod tail;
/// Any topic, record by record.
pub mod taps;

/// How the way in reaches Kafka, and its bounds.
#[derive(Clone, Debug)]
pub struct Config {
    /// Kafka's bootstrap servers.
    pub brokers: String,
    /// Most operations that a door remembers until the views have them: pending ones, and decided ones that
    /// Postgres does not show yet. Above it, new commands get 429.
    pub remembered_max: usize,
    /// How long the door waits for Kafka to take a command before it answers 503.
    pub append_timeout_ms: u64,
}
