//! Partitions of events, and what is left of them.
//!
//! Kafka keeps events for seven days, and forgets each partition at its own pace. The journal says in which epochs a
//! partition was written, so what is left of it tells from which epoch on it is whole.

use crate::exit::{self, Exit};
use egress::topics::Topics;
use ingress::partition::{Ends, Partition, Until};
use schemas::topic::{COMMANDS_DLQ, EPOCH_HEADER, SCHEMA_HEADER};
use schemas::wire::Decoder;
use schemas::{Commit, Entry, Epoch, SealedEpoch, Stored, Topic};
use std::collections::BTreeMap;

/// What settlement's journal says about all of it.
pub(crate) struct Journal {
    /// Every schema that settlement has written with.
    pub decoder: Decoder,
    /// The first epoch that it has.
    pub first: Epoch,
    /// The last. Nothing later is looked at: it may not be visible whole.
    pub last: Epoch,
    /// Whether older entries are gone.
    cut: bool,
    /// The last epoch that wrote to each partition.
    last_output: BTreeMap<(String, i32), Epoch>,
}

impl Journal {
    /// Reads the journal.
    pub(crate) fn read(brokers: &str) -> Result<Self, Exit> {
        Self::of(brokers, Topic::SettlementJournal)
    }

    /// Reads that of a cell.
    pub(crate) fn of(brokers: &str, topic: Topic) -> Result<Self, Exit> {
        let mut sealed = SealedEpochs::of(brokers, topic)?;
        let mut journal =
            Self { decoder: Decoder::default(), first: 0, last: 0, cut: sealed.reader.low() > 0, last_output: BTreeMap::new() };
        while let Some(epoch) = sealed.next()? {
            if journal.first == 0 {
                journal.first = epoch.binding.epoch;
            }
            journal.last = epoch.binding.epoch;
            for output in epoch.outputs {
                journal.last_output.insert((output.topic, output.partition), epoch.binding.epoch);
            }
        }
        journal.decoder = sealed.decoder;
        Ok(journal)
    }

    /// What is wrong with views, looked at before the journal was read, that show an epoch which it does not reach.
    pub(super) fn lacks(&self, shown: Epoch) -> Option<String> {
        let last = self.last;
        (shown > last).then(|| {
            format!("postgres shows epoch {shown}, and settlement's journal ends at {last}: this is another Kafka, or it has lost its log")
        })
    }
}

/// The journal's epochs, one after the other.
pub(super) struct SealedEpochs {
    topic: Topic,
    reader: Partition,
    decoder: Decoder,
    waiting: std::collections::VecDeque<SealedEpoch>,
}

impl SealedEpochs {
    /// From the first that is left of settlement's.
    pub(super) fn open(brokers: &str) -> Result<Self, Exit> {
        Self::of(brokers, Topic::SettlementJournal)
    }

    fn of(brokers: &str, topic: Topic) -> Result<Self, Exit> {
        let kafka = Ends::connect(brokers).map_err(Exit::unavailable)?;
        let reader = kafka.open(topic.as_str(), 0, None, Until::Decided).map_err(Exit::unavailable)?;
        Ok(Self { topic, reader, decoder: Decoder::default(), waiting: std::collections::VecDeque::new() })
    }

    /// The next.
    pub(super) fn next(&mut self) -> Result<Option<SealedEpoch>, Exit> {
        while self.waiting.is_empty() {
            let Some(record) = self.reader.read().map_err(Exit::unavailable)? else { return Ok(None) };
            let topic = self.topic;
            let unreadable = |error: schemas::wire::WireError| Exit {
                code: exit::NO,
                sentence: format!("{topic} offset {} can't be read: {error}", record.offset),
            };
            match record.header(SCHEMA_HEADER) {
                "" => {
                    if let Entry::Commit(Commit { epochs, .. }) = self.decoder.entry(topic, record.value()).map_err(unreadable)? {
                        self.waiting.extend(epochs);
                    }
                }
                id => self.decoder.learn_record(id, record.value()).map_err(unreadable)?,
            }
        }
        Ok(self.waiting.pop_front())
    }
}

/// A partition that settlement writes.
pub(crate) struct Source {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// From this epoch on it is whole; 0 if nothing of it is gone.
    pub from: Epoch,
    /// Roughly how many records it has.
    pub extent: u64,
    reader: Partition,
    ahead: Option<Stored>,
}

impl Source {
    /// The next record, left where it is.
    pub(super) fn peek(&mut self) -> Result<Option<&Stored>, Exit> {
        while self.ahead.as_ref().is_none_or(Stored::is_filler) {
            self.ahead = self.reader.read().map_err(Exit::unavailable)?;
            if self.ahead.is_none() {
                break;
            }
        }
        Ok(self.ahead.as_ref())
    }

    /// The next record.
    pub(super) fn read(&mut self) -> Result<Option<Stored>, Exit> {
        self.peek()?;
        Ok(self.ahead.take())
    }

    /// What a sentence calls a record of it.
    pub(super) fn place(&self, record: &Stored) -> String {
        format!("{} partition {} offset {}", self.topic, self.partition, record.offset)
    }
}

/// The epoch in a record's header; 0 without one, which no epoch is.
pub(super) fn epoch_of(record: &Stored) -> Epoch {
    record.header(EPOCH_HEADER).parse().unwrap_or(0)
}

/// Every partition that settlement writes events to, and its dead letters where they are asked for.
pub(crate) fn sources(brokers: &str, journal: &Journal, dead_letters: bool) -> Result<Vec<Source>, Exit> {
    let events = Topic::EVENTS.iter().map(|topic| topic.as_str());
    sources_of(brokers, journal, events.chain(dead_letters.then_some(COMMANDS_DLQ)))
}

/// Every partition of some topics.
pub(crate) fn sources_of<'a>(brokers: &str, journal: &Journal, all: impl Iterator<Item = &'a str>) -> Result<Vec<Source>, Exit> {
    let topics = Topics::committed();
    let partitions = all.flat_map(|topic| (0..topics.partitions(topic).unwrap_or(1)).map(move |partition| (topic, partition)));
    let kafka = Ends::connect(brokers).map_err(Exit::unavailable)?;
    partitions.map(|(topic, partition)| source(&kafka, journal, topic, partition)).collect()
}

fn source(kafka: &Ends, journal: &Journal, topic: &str, partition: i32) -> Result<Source, Exit> {
    let reader = kafka.open(topic, partition, None, Until::Decided).map_err(Exit::unavailable)?;
    let extent = u64::try_from(reader.end() - reader.low()).unwrap_or(0);
    let gone = reader.low() > 0;
    let mut source = Source { topic: topic.to_owned(), partition, from: 0, extent, reader, ahead: None };
    if gone {
        // The epoch of the first record left may have lost others; without any, the last that wrote here is gone.
        let last = journal.last_output.get(&(topic.to_owned(), partition)).copied().unwrap_or(0);
        source.from = after(source.peek()?.map_or(last, epoch_of));
    }
    if journal.cut {
        // Whoever starts at an epoch looks up the one before it, so the first that is left is none to start at.
        source.from = source.from.max(after(journal.first));
    }
    Ok(source)
}

/// Where what follows an epoch begins; 0, the very beginning, if there is no such epoch.
fn after(epoch: Epoch) -> Epoch {
    if epoch == 0 { 0 } else { epoch + 1 }
}

/// What a reader can see.
pub(crate) struct Visible {
    /// From here on everything is whole; 0 if nothing is gone, and otherwise one after an epoch that the journal holds.
    pub(crate) from: Epoch,
    /// The last epoch of the journal.
    pub(crate) last: Epoch,
}

/// Looks what is visible, for whoever shows the epochs up to `shown`; a sentence where that is more than there is.
pub(crate) fn visible(brokers: &str, shown: Epoch) -> Result<Result<Visible, String>, Exit> {
    let journal = Journal::read(brokers)?;
    if let Some(fault) = journal.lacks(shown) {
        return Ok(Err(fault));
    }
    Ok(Ok(Visible { from: whole_from(&sources(brokers, &journal, false)?), last: journal.last }))
}

/// The first epoch of which every source has all; 0, or one after an epoch of the journal.
pub(crate) fn whole_from(sources: &[Source]) -> Epoch {
    sources.iter().map(|source| source.from).max().unwrap_or(0)
}

/// Says what is gone.
pub(super) fn print_gone(sources: &[Source]) {
    for source in sources.iter().filter(|source| source.from > 0) {
        println!("{} partition {}: older records are gone; it is whole from epoch {} on", source.topic, source.partition, source.from);
    }
}
