//! The orderly end of a cell: no new epochs, then those on their way, then the last snapshot.

use schemas::Epoch;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared by whoever asks for the end, the source that closes the last epoch, and the sink that ends the process.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<State>);

#[derive(Debug, Default)]
struct State {
    requested: AtomicBool,
    last: AtomicU64,
}

impl Stop {
    /// Asks for the end.
    pub fn request(&self) {
        self.0.requested.store(true, Ordering::Release);
    }

    /// Whether the end was asked for.
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::Acquire)
    }

    /// Says that no epoch will follow this one.
    pub fn after(&self, last: Epoch) {
        self.0.last.store(last, Ordering::Release);
    }

    /// Whether no epoch will follow this one.
    pub fn is_last(&self, epoch: Epoch) -> bool {
        self.0.last.load(Ordering::Acquire) == epoch
    }
}
