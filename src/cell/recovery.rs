//! How settlement starts: from the newest snapshot that is of use, and what is bound after it.
//!
//! A snapshot is of use if it is whole and its epoch is committed as its generation minted it. One that is damaged is
//! removed, and one of an epoch that was never committed: that epoch may be minted again, with other commands in it. One
//! that can't be read for another reason, such as a newer format, stays for the binary that can. Without any, the logs
//! are replayed from their start. If that is gone, since it was pruned, nothing is decided and nothing removed: a bank
//! that began anew behind what it has forgotten would mint the same history twice.

use super::snapshots::{self, Found};
use crate::config::Config;
use crate::exit::{Exit, UNAVAILABLE};
use egress::snapshots::{Name, SnapshotError, Store};
use ingress::journal::{self, Journal};
use schemas::wire::{Decoder, WireError};
use schemas::{Epoch, SealedEpoch, Topic};
use state::pins::Pages;
use std::sync::Arc;

/// Where settlement stands.
pub struct Recovered {
    /// The snapshot, if there is one.
    pub found: Option<Found>,
    /// The newest generation that there was.
    pub generation: u64,
    /// What is bound after the snapshot, in order.
    pub bound: Vec<SealedEpoch>,
    /// The schemas that the journal has recorded.
    pub journal_schemas: Vec<(u32, String)>,
}

/// Which part of the journal is read: all of it, or what follows from the entry of an epoch on, with a decoder that knows
/// the schemas recorded before.
pub type From = Option<(Epoch, Decoder)>;

/// Finds it. Every other process of the cell is fenced, so the journal holds all that was ever committed.
pub fn recover(config: &Config, store: &Store, shelf: &Arc<Pages>) -> anyhow::Result<Recovered> {
    let (brokers, topic) = (&config.kafka.brokers, Topic::SettlementJournal);
    find(store, shelf, &mut |from| {
        Ok(match from {
            Some((epoch, decoder)) => journal::read_from(brokers, topic, epoch, decoder)?,
            None => journal::read(brokers, topic)?,
        })
    })
}

/// The same, wherever the journal is read from.
pub fn find(store: &Store, shelf: &Arc<Pages>, read: &mut dyn FnMut(From) -> anyhow::Result<Journal>) -> anyhow::Result<Recovered> {
    for name in store.list()? {
        let found = match snapshots::load(store, name, Some(shelf)) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(snapshot = %name, error = format!("{error:#}"), "a snapshot is of no use");
                if matches!(error.downcast_ref(), Some(SnapshotError::Damaged { .. })) {
                    store.delete(name)?;
                }
                continue;
            }
        };
        let decoder = decoder(&found.journal_schemas)?;
        let journal = read(Some((name.epoch, decoder)))?;
        if !journal.commits(name.epoch, name.generation) {
            // Only a journal that goes back that far can say that an epoch was never committed.
            if journal.start > 0 {
                reaches(&read(None)?, name)?;
            }
            tracing::warn!(snapshot = %name, "a snapshot is of an epoch that was not committed");
            store.delete(name)?;
            continue;
        }
        return stand(Some(found), journal);
    }
    stand(None, whole(read(None)?)?)
}

/// Refuses a journal that begins after the epoch of a snapshot.
fn reaches(journal: &Journal, name: Name) -> Result<(), Exit> {
    if journal.first().is_some_and(|first| first <= name.epoch) {
        return Ok(());
    }
    Err(starts_late(journal, &format!("snapshot {name} is of an epoch before that: a newer snapshot of this bank has to be brought back")))
}

/// Refuses a journal whose beginning is gone.
fn whole(journal: Journal) -> Result<Journal, Exit> {
    if journal.start == 0 {
        return Ok(journal);
    }
    Err(starts_late(&journal, "no snapshot is of use: one of this bank has to be brought back"))
}

fn starts_late(journal: &Journal, what: &str) -> Exit {
    let sentence = format!("{} starts at offset {}, since older records were deleted, and {what}", Topic::SettlementJournal, journal.start);
    Exit { code: UNAVAILABLE, sentence }
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

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Binding, Claim, Commit, Entry};

    fn journal(code_version: u32) -> Journal {
        let binding = |epoch| Binding { epoch, generation: 2, code_version, inputs: Vec::new() };
        let sealed = [7, 9].map(|epoch| SealedEpoch { binding: binding(epoch), outputs: Vec::new(), pinned: 0, waited: Vec::new() });
        let commit = Entry::Commit(Commit { generation: 2, epochs: sealed.to_vec(), detection: 0 });
        Journal { entries: vec![commit, Entry::Claim(Claim { generation: 5, code_version })], ..Journal::default() }
    }

    #[test]
    fn the_newest_claim_counts_and_what_is_bound_is_replayed() {
        let Recovered { generation, bound, .. } = stand(None, journal(state::CODE_VERSION)).unwrap();
        assert_eq!((generation, bound.len()), (5, 2));
        assert!(journal(1).commits(9, 2) && !journal(1).commits(9, 3) && !journal(1).commits(8, 2));
    }

    #[test]
    fn a_journal_that_was_cut_is_no_beginning_and_no_proof_that_an_older_epoch_never_was() {
        let cut = || Journal { start: 40, ..journal(1) };
        assert!(whole(journal(1)).is_ok());
        let error = whole(cut()).err().unwrap();
        assert!(error.sentence.starts_with("orion.settlement.journal.v1 starts at offset 40"), "{error}");
        let snapshot = |epoch| Name { epoch, generation: 1 };
        assert!(reaches(&cut(), snapshot(7)).is_ok() && reaches(&cut(), snapshot(8)).is_ok());
        assert!(reaches(&cut(), snapshot(6)).is_err() && reaches(&Journal { start: 40, ..Journal::default() }, snapshot(6)).is_err());
    }

    #[test]
    fn epochs_of_newer_rules_are_left_to_the_newer_binary() {
        let error = stand(None, journal(state::CODE_VERSION + 1)).err().unwrap();
        assert!(
            error.to_string().starts_with(&format!("epoch 7 was decided by version {} of the rules", state::CODE_VERSION + 1)),
            "{error}"
        );
    }
}
