//! Whether a dataflow is stuck. Waiting for an epoch, for Kafka or for Postgres is not; working on an epoch for too
//! long is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Shared by the dataflow's thread and by whoever watches it.
#[derive(Clone, Debug)]
pub struct Pulse {
    started: Instant,
    /// Milliseconds from the start to the beginning of the work under way, plus one; zero when there is none.
    working_since: Arc<AtomicU64>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { started: Instant::now(), working_since: Arc::default() }
    }
}

impl Pulse {
    /// The dataflow begins to work, or goes on.
    pub fn works(&self) {
        self.working_since.store(self.now_ms() + 1, Ordering::Release);
    }

    /// The dataflow waits for something outside of it.
    pub fn waits(&self) {
        self.working_since.store(0, Ordering::Release);
    }

    /// Whether it has worked for longer than that without waiting for anything.
    pub fn is_stuck(&self, limit: Duration) -> bool {
        let since = self.working_since.load(Ordering::Acquire);
        since > 0 && u128::from(self.now_ms() + 1 - since) > limit.as_millis()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).expect("no process runs for 500 million years")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_work_can_be_stuck() {
        let pulse = Pulse::default();
        assert!(!pulse.is_stuck(Duration::ZERO));
        pulse.works();
        std::thread::sleep(Duration::from_millis(3));
        assert!(pulse.is_stuck(Duration::from_millis(1)));
        assert!(!pulse.is_stuck(Duration::from_secs(60)));
        pulse.waits();
        assert!(!pulse.is_stuck(Duration::ZERO));
    }
}
