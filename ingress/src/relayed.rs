//! Up to which epoch is what a relay writes in its topics?

use crate::kafka::{self, ReadError};
use schemas::Epoch;
use schemas::topic::EPOCH_HEADER;

/// The epoch of the last committed record of a partition, such as that of the progress of the views; zero where there is none. The
/// writers before are fenced.
pub fn last(brokers: &str, topic: &str, partition: i32) -> Result<Epoch, ReadError> {
    let mut last = 0;
    kafka::look_back(brokers, topic, partition, |message| {
        let epoch = kafka::header(message, EPOCH_HEADER).parse().ok();
        last = epoch.unwrap_or(last);
        epoch.is_some()
    })?;
    Ok(last)
}
