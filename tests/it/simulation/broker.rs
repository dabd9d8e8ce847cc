//! Kafka as far as exactly once depends on it: partitions that only grow, transactions with a fence, and readers that
//! see what is committed, each partition at its own time.
//!
//! A commit is decided at one moment, and becomes visible partition by partition, when the marker is written there. Until
//! then nothing behind the transaction's first record is stable. A marker takes an offset, so offsets have gaps.

use egress::records::Sent;
use schemas::Topic;
use schemas::topic::COMMANDS_DLQ;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A record as it stands.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) offset: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Vec<u8>,
    pub(super) headers: Vec<(String, String)>,
    /// Milliseconds.
    pub(super) stamp: u64,
    transaction: Option<usize>,
    /// Of key, value and headers.
    hash: u64,
}

impl Record {
    /// Without a place yet.
    pub(super) fn new(key: Option<Vec<u8>>, value: Vec<u8>, headers: &[(&str, &str)], stamp: u64) -> Self {
        let mut hash = DefaultHasher::new();
        (&key, &value, headers, stamp).hash(&mut hash);
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { offset: 0, key, value, headers, stamp, transaction: None, hash: hash.finish() }
    }

    /// What a cell sends; `now_ms` is the time of the sender.
    pub(super) fn of(sent: &Sent<'_>, now_ms: u64) -> (Place, Self) {
        let record = Self::new(Some(sent.key.as_bytes().to_vec()), sent.value.to_vec(), sent.headers, sent.epoch.unwrap_or(now_ms));
        (place(sent.topic, sent.partition), record)
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }
}

/// A topic's partition.
pub(super) type Place = (&'static str, i32);

/// The place that a writer names.
pub(super) fn place(topic: &str, partition: i32) -> Place {
    (topic.parse::<Topic>().map_or(COMMANDS_DLQ, Topic::as_str), partition)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Committed,
    Aborted,
}

#[derive(Clone, Debug)]
struct Transaction {
    by: &'static str,
    fate: Fate,
    /// The first record in each partition, until the marker is written there.
    unmarked: BTreeMap<Place, i64>,
}

#[derive(Clone, Debug, Default)]
struct Partition {
    records: Vec<Record>,
    end: i64,
}

#[derive(Clone, Debug, Default)]
struct Producer {
    epoch: u32,
    transaction: Option<usize>,
}

/// What a process holds of a transactional producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle {
    id: &'static str,
    epoch: u32,
}

/// What Kafka says to a process that was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fenced;

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Broker {
    partitions: BTreeMap<Place, Partition>,
    transactions: Vec<Transaction>,
    /// Those that some partition has no marker of yet.
    pending: BTreeSet<usize>,
    producers: BTreeMap<&'static str, Producer>,
}

impl Broker {
    pub(super) fn create(&mut self, topic: &str, partitions: i32) {
        (0..partitions).for_each(|partition| drop(self.partitions.insert(place(topic, partition), Partition::default())));
    }

    /// Every partition of a topic.
    pub(super) fn places(&self, topic: &str) -> Vec<Place> {
        self.partitions.keys().filter(|(name, _)| *name == topic).copied().collect()
    }

    /// Appends outside any transaction; gives the offset.
    pub(super) fn append(&mut self, place: &Place, mut record: Record) -> i64 {
        let partition = self.partitions.get_mut(place).expect("only topics that there are are written to");
        record.offset = partition.end;
        partition.end += 1;
        partition.records.push(record);
        partition.end - 1
    }

    /// Fences every older holder: their transaction ends. The new one may go on once it is [`Self::is_settled`].
    pub(super) fn fence(&mut self, id: &'static str) -> Handle {
        let producer = self.producers.entry(id).or_default();
        producer.epoch += 1;
        let handle = Handle { id, epoch: producer.epoch };
        if let Some(open) = producer.transaction.take() {
            self.transactions[open].fate = Fate::Aborted;
        }
        handle
    }

    /// As a broken fence would: a handle that is as good as the one before.
    pub(super) fn join(&mut self, id: &'static str) -> Handle {
        Handle { id, epoch: self.producers.entry(id).or_default().epoch }
    }

    /// Whether every marker is written of the transactions of a producer that have ended.
    pub(super) fn is_settled(&self, id: &str) -> bool {
        let mut pending = self.pending.iter().map(|number| &self.transactions[*number]);
        pending.all(|transaction| transaction.by != id || transaction.fate == Fate::Open || transaction.unmarked.is_empty())
    }

    pub(super) fn begin(&mut self, handle: Handle) -> Result<(), Fenced> {
        let open = self.transactions.len();
        let producer = self.held(handle)?;
        // Only a broken fence lets two share one: then both write into it.
        if producer.transaction.is_none() {
            producer.transaction = Some(open);
            self.pending.insert(open);
            self.transactions.push(Transaction { by: handle.id, fate: Fate::Open, unmarked: BTreeMap::new() });
        }
        Ok(())
    }

    pub(super) fn send(&mut self, handle: Handle, (place, mut record): (Place, Record)) -> Result<(), Fenced> {
        let Some(open) = self.held(handle)?.transaction else { return Err(Fenced) };
        record.transaction = Some(open);
        let offset = self.append(&place, record);
        self.transactions[open].unmarked.entry(place).or_insert(offset);
        Ok(())
    }

    /// Decides a transaction. Nobody sees it yet.
    pub(super) fn commit(&mut self, handle: Handle) -> Result<Vec<Record>, Fenced> {
        let Some(open) = self.held(handle)?.transaction.take() else { return Err(Fenced) };
        self.transactions[open].fate = Fate::Committed;
        let touched = self.transactions[open].unmarked.keys();
        let records = touched.flat_map(|place| &self.partitions[place].records).filter(|record| record.transaction == Some(open));
        Ok(records.cloned().collect())
    }

    /// Gives a silent writer up: its transaction ends, and it may not go on. False where nothing was open.
    pub(super) fn time_out(&mut self, id: &'static str) -> bool {
        let open = self.producers.get(id).is_some_and(|producer| producer.transaction.is_some());
        if open {
            self.fence(id);
        }
        open
    }

    /// Where markers are due.
    pub(super) fn unmarked(&self) -> Vec<(usize, Place)> {
        let ended = self.pending.iter().filter(|number| self.transactions[**number].fate != Fate::Open);
        ended.flat_map(|number| self.transactions[*number].unmarked.keys().map(|place| (*number, *place))).collect()
    }

    /// Writes a marker: from here on this partition shows the transaction, or passes it by.
    pub(super) fn mark(&mut self, number: usize, place: &Place) {
        if self.transactions[number].unmarked.remove(place).is_some() {
            self.partitions.get_mut(place).expect("it was written to").end += 1;
        }
        let Transaction { fate, unmarked, .. } = &self.transactions[number];
        if *fate != Fate::Open && unmarked.is_empty() {
            self.pending.remove(&number);
        }
    }

    /// Exclusive end of what is decided.
    pub(super) fn stable(&self, place: &Place) -> i64 {
        let end = self.partitions.get(place).map_or(0, |partition| partition.end);
        self.pending.iter().filter_map(|number| self.transactions[*number].unmarked.get(place)).copied().fold(end, i64::min)
    }

    /// Whether nothing undecided holds a partition back.
    pub(super) fn is_stable(&self, place: &Place) -> bool {
        self.stable(place) == self.partitions.get(place).map_or(0, |partition| partition.end)
    }

    /// The next committed record at or after an offset; with `dirty`, the next of any kind.
    pub(super) fn next(&self, place: &Place, from: i64, dirty: bool) -> Option<&Record> {
        let stable = self.stable(place);
        let partition = self.partitions.get(place)?;
        let first = partition.records.partition_point(|record| record.offset < from);
        let shown = |record: &&Record| dirty || (record.offset < stable && self.is_committed(record));
        partition.records[first..].iter().take_while(|record| dirty || record.offset < stable).find(shown)
    }

    /// Every record of a partition whose transaction was decided in its favour, whether it is visible yet or not.
    pub(super) fn committed(&self, place: &Place) -> impl Iterator<Item = &Record> {
        self.partitions.get(place).into_iter().flat_map(|partition| &partition.records).filter(|record| self.is_committed(record))
    }

    /// The first record stamped at or after a time; the end without one.
    pub(super) fn offset_at(&self, place: &Place, stamp: u64) -> i64 {
        let Some(partition) = self.partitions.get(place) else { return 0 };
        partition.records.iter().find(|record| record.stamp >= stamp).map_or(partition.end, |record| record.offset)
    }

    /// What tells one state of all logs from another.
    pub(super) fn fingerprint(&self) -> String {
        let partition = |(place, partition): (&Place, &Partition)| {
            let records = partition.records.iter().map(|record| (record.offset, record.transaction, record.hash)).collect::<Vec<_>>();
            format!("{place:?} {} {records:?}", partition.end)
        };
        let partitions: Vec<_> = self.partitions.iter().map(partition).collect();
        format!("{partitions:?} {:?} {:?}", self.transactions, self.producers)
    }

    fn is_committed(&self, record: &Record) -> bool {
        record.transaction.is_none_or(|number| self.transactions[number].fate == Fate::Committed)
    }

    fn held(&mut self, handle: Handle) -> Result<&mut Producer, Fenced> {
        let producer = self.producers.get_mut(handle.id).ok_or(Fenced)?;
        if producer.epoch == handle.epoch { Ok(producer) } else { Err(Fenced) }
    }
}
