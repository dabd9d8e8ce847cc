//! How settlement starts: from the newest snapshot that is of use, and what is bound after it.
//!
//! A snapshot is of use if it is whole and its epoch is committed as its generation minted it. Everything else is
//! removed: a snapshot of an epoch that was never committed may be of an epoch that will be minted again, with other
//! commands in it. Without any, the logs are replayed from their start.

use super::snapshots::{self, Found};
use crate::config::Config;
use crate::exit::{Exit, UNAVAILABLE};
use egress::snapshots::{Name, Store};
use ingress::journal::{self, Journal};
use schemas::wire::{Decoder, WireError};
use schemas::{SealedEpoch, Topic};

/// Where settlement stands.
pub(super) struct Recovered {
    /// The snapshot, if there is one.
    pub(super) found: Option<Found>,
    /// The newest generation that there was.
    pub(super) generation: u64,
    /// What is bound after the snapshot, in order.
    pub(super) bound: Vec<SealedEpoch>,
    /// The schemas that the journal has recorded.
    pub(super) journal_schemas: Vec<(u32, String)>,
}

/// Finds it. Every other process of the cell is fenced, so the journal holds all that was ever committed.
pub(super) fn recover(config: &Config, store: &Store) -> anyhow::Result<Recovered> {
    for name in store.list()? {
        let found = match snapshots::load(store, name) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(snapshot = %name, error = format!("{error:#}"), "a snapshot is of no use");
                store.delete(name)?;
                continue;
            }
        };
        let decoder = decoder(&found.journal_schemas)?;
        let journal = journal::read_from(&config.kafka.brokers, Topic::SettlementJournal, name.epoch, decoder)?;
        if !journal.commits(name.epoch, name.generation) {
            tracing::warn!(snapshot = %name, "a snapshot is of an epoch that was not committed");
            store.delete(name)?;
            continue;
        }
        return stand(Some(found), journal);
    }
    stand(None, journal::read(&config.kafka.brokers, Topic::SettlementJournal)?)
}

fn decoder(schemas: &[(u32, String)]) -> Result<Decoder, WireError> {
    let mut decoder = Decoder::default();
    schemas.iter().try_for_each(|(id, json)| decoder.learn(*id, json))?;
    Ok(decoder)
}

fn stand(found: Option<Found>, journal: Journal) -> anyhow::Result<Recovered> {
    let Name { epoch: after, generation } = found.as_ref().map_or(Name { epoch: 0, generation: 0 }, |found| found.name);
    let generation = journal.generation().max(generation);
    let journal_schemas = journal.decoder.recorded().map(|(id, json)| (id, json.to_owned())).collect();
    let bound: Vec<SealedEpoch> = journal.into_sealed().filter(|sealed| sealed.binding.epoch > after).collect();
    if let Some(newer) = bound.iter().map(|sealed| &sealed.binding).find(|binding| binding.code_version > state::CODE_VERSION) {
        let sentence = format!(
            "epoch {} was decided by version {} of the rules, and this binary knows them up to version {}: start the newer binary",
            newer.epoch,
            newer.code_version,
            state::CODE_VERSION
        );
        return Err(Exit { code: UNAVAILABLE, sentence }.into());
    }
    Ok(Recovered { found, generation, bound, journal_schemas })
}
