//! The pins of the ledger: how many there are, and what of them need not be in memory.

use super::Ledger;
use crate::pins::Cold;
use std::sync::Arc;

impl Ledger {
    /// How many decisions are kept for retries.
    pub fn pinned(&self) -> usize {
        self.pins.len()
    }

    /// The number of the first pin of the oldest segment of pins.
    pub fn segments_from(&self) -> u64 {
        self.pins.segments_from()
    }

    /// Lets go of full segments of pins that are on a disk, each under the number of its first pin. Nothing that is decided changes.
    pub fn shelve(&mut self, on_disk: impl IntoIterator<Item = (u64, Arc<Cold>)>) {
        self.pins.shelve(on_disk);
    }

    /// Makes segments of pins full with fewer than they have numbers, from the next pin on: for tests, whose histories are short.
    pub fn fill_segments_with(&mut self, pins: usize) {
        self.pins.fill_segments_with(pins);
    }
}
