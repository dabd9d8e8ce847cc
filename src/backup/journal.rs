//! Settlement's journal as an archive has it.

use crate::archive::{Manifest, records};
use crate::exit::{self, Exit};
use schemas::topic::SCHEMA_HEADER;
use schemas::wire::{Decoder, WireError};
use schemas::{Entry, SealedEpoch, Topic};

/// Every committed epoch, in order.
pub(super) fn each_sealed(manifest: &Manifest, mut each: impl FnMut(SealedEpoch) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let topic = Topic::SettlementJournal;
    let mut decoder = Decoder::default();
    for record in records(manifest, topic.as_str(), 0) {
        let record = record.map_err(Exit::from)?;
        let unreadable = |error: WireError| Exit {
            code: exit::BAD_INPUT,
            sentence: format!("{topic} offset {}, in the archive, can't be read: {error}", record.offset),
        };
        match record.header(SCHEMA_HEADER) {
            "" => {
                if let Entry::Commit(commit) = decoder.entry(topic, record.value()).map_err(unreadable)? {
                    commit.epochs.into_iter().try_for_each(&mut each)?;
                }
            }
            id => decoder.learn_record(id, record.value()).map_err(unreadable)?,
        }
    }
    Ok(())
}
