//! Transactions whose end Kafka has lost.
//!
//! **Definition.** A record hangs when it lies behind the last stable offset of its partition although no transaction is
//! open. Kafka 4.3 can do that when a broker without replicas dies between the decision to commit and the markers
//! (`ARCHITECTURE.md`). The next marker of the same producer would decide each partition by itself, a commit here and an
//! abort there. So, once the process before is fenced and before anything else is written:
//! 1. the records that hang are read, and what they belong to;
//! 2. the transaction is committed if any part of it is known to be: if its journal entry is visible, or, where the entry hangs
//!    itself, one of the outputs that it names. Otherwise nobody has seen anything of it, and it is aborted;
//! 3. a transaction with a filler in each of these partitions, and in no other, ends it.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use schemas::topic::{EPOCH_HEADER, GENERATION_HEADER, SCHEMA_HEADER};
use schemas::wire::Decoder;
use schemas::{Commit, Entry, Epoch, Output, Topic};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
/// Markers of a transaction that was just aborted may take this long to be seen.
const SETTLES: Duration = Duration::from_secs(1);

/// A partition.
pub(super) type Place = (String, i32);

/// What hangs, and what is to become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LooseEnds {
    /// Every partition that has a record that hangs.
    pub(super) places: BTreeSet<Place>,
    /// Whether they are committed; aborted otherwise.
    pub(super) commits: bool,
}

/// A record that hangs.
#[derive(Clone, Debug)]
struct Hanging {
    epoch: Epoch,
    generation: String,
    /// Of the journal only: the entry.
    entry: Option<Entry>,
}

/// Looks for them in the partitions that a cell writes; none where nothing hangs, as nearly always.
pub(super) fn find(brokers: &str, places: &[Place], journal: Topic, decoder: &Decoder) -> Result<Option<LooseEnds>, KafkaError> {
    let (committed, all) = (consumer(brokers, "read_committed")?, consumer(brokers, "read_uncommitted")?);
    let mut ranges = hanging(&committed, &all, places)?;
    let begun = Instant::now();
    while !ranges.is_empty() && begun.elapsed() < SETTLES {
        std::thread::sleep(Duration::from_millis(50));
        ranges = hanging(&committed, &all, places)?;
    }
    if ranges.is_empty() {
        return Ok(None);
    }
    let mut records = Vec::new();
    for (place, from, to) in &ranges {
        read(&all, place, *from, *to, |message| {
            let entry = (place.0 == journal.as_str() && header(message, SCHEMA_HEADER).is_empty())
                .then(|| decoder.entry(journal, message.payload().unwrap_or_default()).ok())
                .flatten();
            let epoch = header(message, EPOCH_HEADER).parse().unwrap_or(0);
            records.push(Hanging { epoch, generation: header(message, GENERATION_HEADER).to_owned(), entry });
        })?;
    }
    let places: BTreeSet<Place> = ranges.into_iter().map(|(place, ..)| place).collect();
    let commits = commits(&committed, journal, &places, &records)?;
    tracing::warn!(?places, commits, "kafka has lost the end of a transaction: it is ended now");
    Ok(Some(LooseEnds { places, commits }))
}

/// Whether any part of what hangs is known to be committed.
fn commits(committed: &BaseConsumer, journal: Topic, places: &BTreeSet<Place>, records: &[Hanging]) -> Result<bool, KafkaError> {
    let journal = (journal.as_str().to_owned(), 0);
    if !places.contains(&journal) {
        // The entry is decided. It bears the time of its last epoch, and none of another transaction lies in between.
        let Some(first) = records.iter().find(|record| record.epoch > 0) else { return Ok(false) };
        return visible(committed, &journal, first.epoch, |message| {
            let (time, generation) = (message.timestamp().to_millis().unwrap_or(0), header(message, GENERATION_HEADER));
            generation == first.generation && u64::try_from(time).is_ok_and(|time| time >= first.epoch)
        });
    }
    for output in records.iter().filter_map(|record| record.entry.as_ref()).flat_map(outputs) {
        let (epoch, generation, Output { topic, partition, .. }) = output;
        let place = (topic.clone(), *partition);
        let is_it = |message: &BorrowedMessage<'_>| {
            header(message, EPOCH_HEADER) == epoch.to_string() && header(message, GENERATION_HEADER) == generation.to_string()
        };
        if !places.contains(&place) && visible(committed, &place, epoch, is_it)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every output that an entry names, with its epoch and who minted it.
fn outputs(entry: &Entry) -> impl Iterator<Item = (Epoch, u64, &Output)> {
    let sealed = match entry {
        Entry::Claim(_) => &[],
        Entry::Commit(Commit { epochs, .. }) => epochs.as_slice(),
    };
    sealed.iter().flat_map(|sealed| sealed.outputs.iter().map(|output| (sealed.binding.epoch, sealed.binding.generation, output)))
}

/// Partitions with records behind the last stable offset: from where, to where.
fn hanging(committed: &BaseConsumer, all: &BaseConsumer, places: &[Place]) -> Result<Vec<(Place, i64, i64)>, KafkaError> {
    let mut ranges = Vec::new();
    for place in places {
        // First what is stable: what is written in between is ours, and nothing is.
        let stable = match committed.fetch_watermarks(&place.0, place.1, PATIENCE) {
            Ok((_, stable)) => stable,
            // What is not there yet holds nothing.
            Err(error) if error.rdkafka_error_code().is_some_and(is_unknown) => continue,
            Err(error) => return Err(error),
        };
        let (_, end) = all.fetch_watermarks(&place.0, place.1, PATIENCE)?;
        if stable < end {
            ranges.push((place.clone(), stable, end));
        }
    }
    Ok(ranges)
}

const fn is_unknown(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownPartition | RDKafkaErrorCode::UnknownTopic)
}

/// Whether a committed record of this time or later is the one.
fn visible(
    committed: &BaseConsumer,
    place: &Place,
    epoch: Epoch,
    is_it: impl Fn(&BorrowedMessage<'_>) -> bool,
) -> Result<bool, KafkaError> {
    let mut at = TopicPartitionList::new();
    at.add_partition_offset(&place.0, place.1, Offset::Offset(i64::try_from(epoch).unwrap_or(i64::MAX)))?;
    let (_, end) = committed.fetch_watermarks(&place.0, place.1, PATIENCE)?;
    let found = committed.offsets_for_times(at, PATIENCE)?;
    let Some(Offset::Offset(from)) = found.find_partition(&place.0, place.1).map(|found| found.offset()) else { return Ok(false) };
    let mut seen = false;
    read(committed, place, from, end, |message| seen |= is_it(message))?;
    Ok(seen)
}

/// Reads a range of a partition, as far as it can be seen.
fn read(
    consumer: &BaseConsumer,
    (topic, partition): &Place,
    from: i64,
    to: i64,
    mut each: impl FnMut(&BorrowedMessage<'_>),
) -> Result<(), KafkaError> {
    let mut assigned = TopicPartitionList::new();
    assigned.add_partition_offset(topic, *partition, Offset::Offset(from))?;
    consumer.assign(&assigned)?;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if message.offset() >= to => return Ok(()),
            Some(Ok(message)) => {
                each(&message);
                if message.offset() + 1 >= to {
                    return Ok(());
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
            Some(Err(_)) | None => {}
        }
    }
    Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut))
}

fn consumer(brokers: &str, isolation: &str) -> Result<BaseConsumer, KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "orion")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", isolation)
        .set("fetch.wait.max.ms", "50")
        .create()
}

fn header<'a>(message: &'a BorrowedMessage<'_>, name: &str) -> &'a str {
    let header = message.headers().and_then(|headers| headers.iter().find(|header| header.key == name));
    header.and_then(|header| header.value).and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
}
