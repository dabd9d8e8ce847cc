//! Between two times that Kafka is asked the same.

use super::ProduceError;
use std::time::{Duration, Instant};

const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Longer and longer pauses, until it has been long enough.
pub(super) struct Pause {
    ends: Instant,
    next: Duration,
}

impl Pause {
    pub(super) fn until(longest: Duration) -> Self {
        Self { ends: Instant::now() + longest, next: PAUSE_MIN }
    }

    /// Pauses, or gives up for this reason.
    pub(super) fn or(&mut self, error: ProduceError) -> Result<(), ProduceError> {
        if Instant::now() >= self.ends {
            return Err(error);
        }
        tracing::debug!(%error, pause_ms = self.next.as_millis(), "asking kafka again");
        std::thread::sleep(self.next);
        self.next = (self.next * 2).min(PAUSE_MAX);
        Ok(())
    }
}
