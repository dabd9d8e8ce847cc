//! What all processes share: Kafka, Postgres, a disk, the time; and what a judge who sees everything sees at once.

use super::broker::{Broker, Fenced, Handle, Place, Record};
use super::mistakes::Mistake;
use super::postgres::Postgres;
use super::settlement::commands_place;
use egress::snapshots::Name;
use schemas::topic::SCHEMA_HEADER;
use schemas::wire::{Decoder, Encoder};
use schemas::{Entry, Epoch, EpochEvents, SealedEpoch, Topic};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The time at which every world begins.
pub(super) const BEGIN_MS: u64 = 1_764_000_000_000;

pub(super) struct World {
    pub(super) broker: Broker,
    pub(super) postgres: Postgres,
    pub(super) now_ms: u64,
    pub(super) mistake: Option<Mistake>,
    /// The disk.
    pub(super) folder: PathBuf,
    pub(super) partitions: BTreeMap<Topic, i32>,
    /// Every epoch that was committed, as soon as Kafka has decided so.
    pub(super) committed: BTreeMap<Epoch, SealedEpoch>,
    /// The newest generation of settlement.
    pub(super) generation: u64,
    /// Epochs that readers handed on: who, and what.
    pub(super) handed: Vec<(usize, Arc<EpochEvents>)>,
    /// Parts of snapshots that the disk has damaged.
    pub(super) parts_lost: usize,
    /// Most pins that were on the disk alone.
    pub(super) most_cold: usize,
    /// What is wrong.
    pub(super) wrong: Vec<String>,
    /// Topics whose schemas there are.
    topics: &'static [Topic],
}

fn ids() -> impl Iterator<Item = (Topic, u32)> {
    Topic::ALL.iter().copied().zip(1..)
}

thread_local! {
    static DECODER: Decoder = {
        let mut decoder = Decoder::default();
        for (topic, id) in ids() {
            decoder.learn(id, schemas::wire::schema_json(topic)).expect("every schema of ours can be read");
        }
        decoder
    };
}

/// The journals are read whole by whoever starts, so all their records have to be decided.
pub(super) const fn journal(topic: Topic) -> Place {
    (topic.as_str(), 0)
}

impl World {
    pub(super) fn new(folder: PathBuf, mistake: Option<Mistake>, event_partitions: i32, topics: &'static [Topic]) -> Self {
        let partitions: BTreeMap<Topic, i32> =
            Topic::ALL.iter().map(|topic| (*topic, if *topic == Topic::TransactionSettled { event_partitions } else { 1 })).collect();
        let mut broker = Broker::default();
        partitions.iter().for_each(|(topic, partitions)| broker.create(topic.as_str(), *partitions));
        broker.create(schemas::topic::COMMANDS_DLQ, 1);
        Self {
            broker,
            postgres: Postgres::with(mistake),
            now_ms: BEGIN_MS,
            mistake,
            folder,
            partitions,
            committed: BTreeMap::new(),
            generation: 0,
            handed: Vec::new(),
            parts_lost: 0,
            most_cold: 0,
            wrong: Vec::new(),
            topics,
        }
    }

    pub(super) fn encoder(&self) -> Encoder {
        Encoder::new(ids().filter(|(topic, _)| self.topics.contains(topic)).collect())
    }

    /// What the records of this house are read with by whoever is no part of it.
    pub(super) fn read<T>(read: impl FnOnce(&Decoder) -> T) -> T {
        DECODER.with(read)
    }

    /// The log of commands records its schema, as it does when a door starts.
    pub(super) fn record_schema(&mut self) {
        for schema in self.encoder().schemas().iter().filter(|schema| schema.topic == Topic::Commands) {
            let id = schema.id.to_string();
            let record = Record::new(None, schema.schema.as_bytes().to_vec(), &[(SCHEMA_HEADER, id.as_str())], self.now_ms);
            self.broker.append(&commands_place(), record);
        }
    }

    pub(super) fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    pub(super) fn is_wrong(&mut self, sentence: impl Into<String>) {
        self.wrong.push(sentence.into());
    }

    /// Kafka decides a transaction, and the judge looks at once at what it binds.
    pub(super) fn commit(&mut self, handle: Handle) -> Result<(), Fenced> {
        for record in self.broker.commit(handle)? {
            if record.header(SCHEMA_HEADER).is_empty()
                && let Ok(entry) = Self::read(|decoder| decoder.entry(Topic::SettlementJournal, &record.value))
            {
                self.bound(entry, &record);
            }
        }
        Ok(())
    }

    fn bound(&mut self, entry: Entry, record: &Record) {
        // Claims of the views have the same form, and another generation; they bind nothing.
        let commit = match entry {
            Entry::Claim(_) => return,
            Entry::Commit(commit) => commit,
        };
        if commit.generation != self.generation {
            let newest = self.generation;
            self.is_wrong(format!("generation {} commits at {}, after {newest} took over", commit.generation, record.offset));
        }
        for sealed in commit.epochs {
            let epoch = sealed.binding.epoch;
            if let Some((last, _)) = self.committed.last_key_value()
                && *last >= epoch
            {
                self.wrong.push(format!("epoch {epoch} is committed after {last}"));
            }
            self.committed.insert(epoch, sealed);
        }
    }

    /// A snapshot of settlement is on the disk, or is used: its epoch must be committed, as this generation minted it.
    pub(super) fn snapshot(&mut self, name: Name, what: &str) {
        let minted = self.committed.get(&name.epoch).map(|sealed| sealed.binding.generation);
        if minted != Some(name.generation) {
            self.is_wrong(format!("snapshot {name} is {what}, and of that epoch the journal commits {minted:?}"));
        }
    }

    /// Postgres has committed up to an epoch, or is about to show it: Kafka must have done so before.
    pub(super) fn shown(&mut self, epoch: Epoch, by: &str) {
        if !self.committed.contains_key(&epoch) {
            self.is_wrong(format!("{by} shows epoch {epoch}, which is not committed"));
        }
    }

    pub(super) fn fingerprint(&self) -> String {
        let mut files: Vec<String> = ["settlement", "views"].iter().flat_map(|cell| files(&self.folder.join(cell))).collect();
        files.sort();
        format!("{} {} {files:?} {} {:?}", self.broker.fingerprint(), self.postgres.fingerprint(), self.generation, self.committed.keys())
    }
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}
