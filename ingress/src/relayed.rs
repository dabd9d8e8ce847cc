//! Up to which epoch are rows of the views in their topics?

use crate::kafka::{self, ReadError};
use schemas::Epoch;
use schemas::topic::EPOCH_HEADER;
use schemas::wire::view::PROGRESS_TOPIC;

/// The epoch of the last committed record of the topic of their progress; zero where there is none. The writers before are fenced.
pub fn last(brokers: &str) -> Result<Epoch, ReadError> {
    let mut last = 0;
    kafka::look_back(brokers, PROGRESS_TOPIC, 0, |message| {
        let epoch = kafka::header(message, EPOCH_HEADER).parse().ok();
        last = epoch.unwrap_or(last);
        epoch.is_some()
    })?;
    Ok(last)
}
