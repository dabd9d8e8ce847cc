//! Does Kafka still hold what a reader goes on from?
//!
//! In: where the reader stands. Out: nothing, or what is not there: an epoch that the journal never had, or records
//! that were deleted when they were old.

use crate::assembly::AssemblyError;
use crate::events::{EventsError, Start};
use crate::kafka;
use rdkafka::message::Message;
use schemas::topic::{EPOCH_HEADER, SCHEMA_HEADER};
use schemas::wire::Decoder;
use schemas::{Entry, Epoch, SealedEpoch, Topic};
use std::ops::ControlFlow;

/// Checks that the journal, from an offset on, holds an epoch.
pub(super) fn epoch(brokers: &str, offset: i64, decoder: Decoder, wanted: Epoch) -> Result<(), EventsError> {
    let found = first(brokers, offset, decoder, |sealed| sealed.binding.epoch >= wanted)?;
    match found {
        Some(sealed) if sealed.binding.epoch == wanted => Ok(()),
        _ => Err(EventsError::NotHeld(wanted)),
    }
}

/// Checks that a partition whose older records were deleted still holds all that are wanted.
///
/// A partition is in the order of epochs. So if it holds any record of the first epoch that the journal names for it,
/// and the epoch's count is checked later, then nothing after that is missing either.
pub(super) fn events(brokers: &str, offset: i64, start: &Start, of: (Topic, i32)) -> Result<(), EventsError> {
    let (topic, partition) = of;
    let writes = |sealed: &SealedEpoch| sealed.outputs.iter().any(|output| output.topic == topic.as_str() && output.partition == partition);
    let due = first(brokers, offset, start.decoder()?, |sealed| sealed.binding.epoch >= start.epoch && writes(sealed))?;
    let Some(due) = due.map(|sealed| sealed.binding.epoch) else { return Ok(()) };
    let mut oldest = None;
    kafka::read_from(brokers, topic.as_str(), partition, 0, |message| {
        let epoch = kafka::header(message, EPOCH_HEADER).parse().unwrap_or(0);
        oldest = (epoch >= start.epoch.max(1)).then_some(epoch);
        Ok::<_, EventsError>(if oldest.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    if oldest == Some(due) {
        return Ok(());
    }
    Err(AssemblyError::Gone { topic: topic.to_string(), partition, epoch: due }.into())
}

/// The first epoch of the journal, from an offset on, that is looked for.
fn first(
    brokers: &str,
    offset: i64,
    mut decoder: Decoder,
    is_it: impl Fn(&SealedEpoch) -> bool,
) -> Result<Option<SealedEpoch>, EventsError> {
    let topic = Topic::SettlementJournal;
    let mut found = None;
    kafka::read_from(brokers, topic.as_str(), 0, offset, |message| {
        let value = message.payload().unwrap_or_default();
        match kafka::header(message, SCHEMA_HEADER) {
            "" => {
                if let Entry::Commit(commit) = decoder.entry(topic, value)? {
                    found = commit.epochs.into_iter().find(|sealed| is_it(sealed));
                }
            }
            id => decoder.learn_record(id, value)?,
        }
        Ok::<_, EventsError>(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}
