//! The HTTP server: where it listens, and how much it takes on.

use super::ConfigError;
use serde::{Deserialize, Serialize};

/// The HTTP server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address to listen on.
    pub listen: String,
    /// Longest time that a request may take until its answer begins, waiting included.
    pub timeout_ms: u64,
    /// Whoever does not take a byte of an answer for this long is hung up on.
    pub write_timeout_ms: u64,
    /// Largest request body.
    pub body_max_bytes: usize,
    /// Most operations that wait for their decision, or for Postgres to show it; above it new ones get 429.
    pub remembered_max: usize,
    /// Most decisions that the ledger keeps for the retries of their commands, seven days of them; from there on
    /// commands get 503. Each takes settlement about 70 bytes.
    pub pinned_max: u64,
    /// How long the door waits for Kafka to take a command.
    pub append_timeout_ms: u64,
    /// Requests a second, on average, of one subject that acts for itself; above it 429. 0 is without limit.
    pub rate_per_second: u32,
    /// How many requests may come at once after a pause.
    pub burst: u32,
    /// The same of a subject that may act for any customer, as the bank's own services do.
    pub operator_rate_per_second: u32,
    /// And how many of its requests may come at once.
    pub operator_burst: u32,
    /// Most taps of topics at once; above it 429. Each takes a thread, a Kafka client, and some two megabytes.
    pub taps_max: usize,
    /// Most streams of views and transactions at once; above it 429. One that is not read keeps up to half a megabyte until it is hung up on.
    pub streams_max: usize,
    /// Most of them of one subject.
    pub streams_of_subject_max: usize,
    /// Most streams that read for themselves at once, at their beginning or because they are slow; each takes a connection to Postgres.
    pub catch_ups_max: usize,
}

impl Http {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: &str| Err(ConfigError::of(what));
        if self.timeout_ms == 0 || self.write_timeout_ms == 0 || self.append_timeout_ms == 0 {
            return wrong("http.timeout_ms, write_timeout_ms and append_timeout_ms must be at least 1");
        }
        if self.catch_ups_max == 0 {
            return wrong("http.catch_ups_max must be at least 1");
        }
        for (rate, burst) in [(self.rate_per_second, self.burst), (self.operator_rate_per_second, self.operator_burst)] {
            if rate > 0 && burst == 0 {
                return wrong("http.burst and operator_burst must be at least 1 where there is a rate");
            }
        }
        Ok(())
    }
}
