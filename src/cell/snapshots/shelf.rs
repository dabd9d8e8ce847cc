//! The parts of snapshots as a shelf from which the ledger reads pages of pins.

use egress::snapshots::Store;
use meters::{NONE, PIN_READ};
use state::bytes::Damaged;
use state::pins::Shelf;
use std::ops::Range;
use std::time::Instant;

/// The folder of a cell's snapshots.
#[derive(Clone, Debug)]
pub struct OnDisk(pub Store);

impl Shelf for OnDisk {
    fn read(&self, part: &str, ranges: &[Range<u32>]) -> Result<Vec<u8>, Damaged> {
        let begun = Instant::now();
        let bytes = self.0.read_ranges(part, ranges).map_err(|error| Damaged(format!("{:#}", anyhow::Error::from(error))));
        PIN_READ.with_label_values(NONE).observe(begun.elapsed().as_secs_f64());
        bytes
    }
}
