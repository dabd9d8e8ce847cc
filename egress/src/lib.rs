//! The way out: exactly-once sinks to Kafka and Postgres, and what they need to exist.
//!
//! "Once" means: in Kafka, an epoch's records, its binding and its commit record become visible in one
//! transaction of a producer that no two processes can share. In Postgres, an epoch's rows and the sink's
//! progress commit together, after Kafka, if the progress was what the writer believed.

/// Mistakes that a test may ask for.
mod planted;
/// Transactions of Kafka.
mod producer;

/// What the risk cell writes to Kafka.
pub mod alerts;
/// The transactional producer of a cell.
pub mod kafka;
/// Rows of the views.
pub mod postgres;
/// What an epoch writes.
pub mod records;
/// The schema registry.
pub mod registry;
/// Who signs the audit chain.
pub mod signer;
/// Snapshots of a cell's state.
pub mod snapshots;
/// Topics and their settings.
pub mod topics;
