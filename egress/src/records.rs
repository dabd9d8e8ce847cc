//! What a cell writes: the records of an epoch, of a transaction, of a claim, in order, and per partition how many with
//! which digest. Pure.
//!
//! The live path sends what comes out and commits the digests; a replay only compares them. Both make it here, so
//! that what is compared is what is sent.

use crate::planted;
use schemas::topic::{self, COMMANDS_DLQ, EPOCH_HEADER, GENERATION_HEADER, SCHEMA_HEADER, TRACE_HEADER};
use schemas::wire::{self, Encoder, WireError};
use schemas::{Binding, Claim, Commit, DeadLetter, Entry, Epoch, EpochOutput, Output, Records, SealedEpoch, Topic};
use std::collections::BTreeMap;

/// A record exactly as Kafka gets it.
pub struct Sent<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Key.
    pub key: &'a str,
    /// Value.
    pub value: &'a [u8],
    /// Headers, in order.
    pub headers: &'a [(&'a str, &'a str)],
    /// Its time stamp, so that Kafka's own time index finds an epoch; none is Kafka's.
    pub epoch: Option<Epoch>,
}

/// What a cell writes with, the same for all that it writes.
pub struct Writer {
    /// Encodes.
    pub encoder: Encoder,
    /// The journal of the cell.
    pub journal: Topic,
    /// How many partitions each topic has.
    pub partitions: BTreeMap<Topic, i32>,
    /// The generation that writes.
    pub generation: u64,
}

impl Writer {
    /// The records of a claim: the schemas that this writer uses, and the claim.
    pub fn claim<E: From<WireError>>(&self, code_version: u32, mut each: impl FnMut(Sent<'_>) -> Result<(), E>) -> Result<(), E> {
        let journal = self.journal.as_str();
        for schema in self.encoder.schemas() {
            let id = schema.id.to_string();
            let headers = &[(SCHEMA_HEADER, id.as_str())];
            each(Sent { topic: journal, partition: 0, key: "schema", value: schema.schema.as_bytes(), headers, epoch: None })?;
        }
        self.entry(&Entry::Claim(Claim { generation: self.generation, code_version }), None, each)
    }

    /// The records of epochs that are committed together: theirs, then the journal entry that binds them.
    pub fn transaction<E: From<WireError>>(
        &self,
        epochs: &[EpochOutput],
        mut each: impl FnMut(Sent<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut sealed = Vec::with_capacity(epochs.len());
        for epoch in epochs {
            let outputs = self.epoch(epoch, &mut each)?;
            sealed.push(SealedEpoch { binding: epoch.binding.clone(), outputs, pinned: epoch.pinned, waited: epoch.waited.clone() });
        }
        let last = epochs.last().map(|epoch| epoch.binding.epoch);
        self.entry(&Entry::Commit(Commit { generation: self.generation, epochs: sealed, detection: 0 }), last, each)
    }

    /// Where an epoch of a replay differs from what was committed; none if nowhere.
    pub fn differs(&self, epoch: &EpochOutput, committed: &[Output]) -> Result<Option<String>, WireError> {
        let now = outputs(&self.encoder, &self.partitions, epoch, |_| Ok::<(), WireError>(()))?;
        Ok(difference(&now, committed))
    }

    fn epoch<E: From<WireError>>(&self, epoch: &EpochOutput, each: &mut impl FnMut(Sent<'_>) -> Result<(), E>) -> Result<Vec<Output>, E> {
        let Binding { epoch: time, generation, .. } = epoch.binding;
        let (stamp, generation) = (time.to_string(), generation.to_string());
        outputs(&self.encoder, &self.partitions, epoch, |record| {
            let Outgoing { topic, partition, key, value, traceparent, dead } = record;
            let written = [(TRACE_HEADER, traceparent), (EPOCH_HEADER, stamp.as_str()), (GENERATION_HEADER, generation.as_str())];
            let epoch = Some(time);
            let Some(dead) = dead else { return each(Sent { topic, partition, key, value, headers: &written, epoch }) };
            let source = format!("{}:{}", Topic::Commands, dead.position);
            let [trace, stamp, generation] = written;
            let headers = &[trace, stamp, generation, ("source", source.as_str()), ("reason", dead.record.reason.as_str())];
            each(Sent { topic, partition, key, value, headers, epoch })
        })
    }

    pub(crate) fn entry<E: From<WireError>>(
        &self,
        entry: &Entry,
        epoch: Option<Epoch>,
        mut each: impl FnMut(Sent<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let value = self.encoder.entry(self.journal, entry)?;
        let (generation, stamp) = (self.generation.to_string(), epoch.map(|epoch| epoch.to_string()).unwrap_or_default());
        // A claim is of no epoch.
        let headers = &[(GENERATION_HEADER, generation.as_str()), (EPOCH_HEADER, stamp.as_str())][..1 + usize::from(epoch.is_some())];
        each(Sent { topic: self.journal.as_str(), partition: 0, key: &generation, value: &value, headers, epoch })
    }
}

/// A record on its way out.
pub struct Outgoing<'a> {
    /// Topic.
    pub topic: &'static str,
    /// Partition.
    pub partition: i32,
    /// Key.
    pub key: &'a str,
    /// Value, as it will stand in Kafka.
    pub value: &'a [u8],
    /// The trace context of its command; empty if none.
    pub traceparent: &'a str,
    /// What it is about, if it is a dead letter.
    pub dead: Option<&'a DeadLetter>,
}

/// Encodes an epoch's records, hands each to `each`, and says what every partition gets.
pub fn outputs<E: From<WireError>>(
    encoder: &Encoder,
    partitions: &BTreeMap<Topic, i32>,
    epoch: &EpochOutput,
    mut each: impl FnMut(Outgoing<'_>) -> Result<(), E>,
) -> Result<Vec<Output>, E> {
    let mut tally = Tally::default();
    let mut emit = |record: Outgoing<'_>, datum: &[u8]| {
        tally.add(record.topic, record.partition, record.key.as_bytes(), datum);
        each(record)
    };
    // One buffer for all of them.
    let mut value = Vec::new();
    for event in planted::said(epoch).as_ref() {
        encoder.event_into(event, &mut value)?;
        let topic = Topic::of(event);
        let partitions = *partitions.get(&topic).expect("the topics of all events were counted at the start");
        let mut key = [0; 36];
        let record = Outgoing {
            topic: topic.as_str(),
            partition: topic::partition(event, partitions),
            key: topic::key(event).hyphenated().encode_lower(&mut key),
            value: &value,
            traceparent: &event.cause.traceparent,
            dead: None,
        };
        emit(record, wire::datum(&value)?.1)?;
    }
    for dead in &epoch.dead_letters {
        let value = dead.record.value.as_deref().unwrap_or_default();
        let key = dead.position.to_string();
        let record = Outgoing { topic: COMMANDS_DLQ, partition: 0, key: &key, value, traceparent: &dead.traceparent, dead: Some(dead) };
        emit(record, value)?;
    }
    Ok(tally.outputs())
}

/// What an epoch writes to each partition. There are a dozen at most, so they are found by looking at each.
#[derive(Default)]
pub(crate) struct Tally(Vec<Written>);

impl Tally {
    /// Adds a record.
    pub(crate) fn add(&mut self, topic: &'static str, partition: i32, key: &[u8], datum: &[u8]) {
        let this = |written: &Written| written.partition == partition && written.topic == topic;
        let place = self.0.iter().position(this).unwrap_or_else(|| {
            self.0.push(Written { topic, partition, records: Records::default() });
            self.0.len() - 1
        });
        self.0[place].records.add(key, datum);
    }

    /// How many there are of each, and their digest.
    pub(crate) fn outputs(mut self) -> Vec<Output> {
        self.0.sort_unstable_by_key(|written| (written.topic, written.partition));
        let output = |Written { topic, partition, records }| Output {
            topic: str::to_owned(topic),
            partition,
            count: records.count(),
            digest: records.digest(),
        };
        self.0.into_iter().map(output).collect()
    }
}

/// What it writes to one.
struct Written {
    topic: &'static str,
    partition: i32,
    records: Records,
}

/// Where what is written now differs from what was written then; none if nowhere.
pub fn difference(now: &[Output], then: &[Output]) -> Option<String> {
    if now.len() != then.len() {
        return Some(format!("{} partitions are written now and {} were then", now.len(), then.len()));
    }
    let (now, then) = now.iter().zip(then).find(|(now, then)| now != then)?;
    Some(if (&now.topic, now.partition) != (&then.topic, then.partition) {
        format!("{} partition {} is written now, {} partition {} was then", now.topic, now.partition, then.topic, then.partition)
    } else if now.count == then.count {
        format!("the {} records of {} partition {} have another digest", then.count, then.topic, then.partition)
    } else {
        format!("{} partition {} gets {} records now and got {} then", then.topic, then.partition, now.count, then.count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Binding, Cause, CommandId, Event, EventId, Fact, Malformed, Position, Refusal};

    fn encoder(first_id: u32) -> Encoder {
        Encoder::new(Topic::ALL.iter().copied().zip(first_id..).collect())
    }

    fn written(first_id: u32, operations: &[&str], junk: &[&[u8]]) -> Vec<Output> {
        let position = |offset: usize| Position { partition: 0, offset: i64::try_from(offset).unwrap() };
        let event = |(number, operation): (usize, &&str)| Event {
            id: EventId::mint(7, u32::try_from(number).unwrap()),
            epoch: 7,
            cause: Cause { command_id: CommandId::derive("a", "b", "c"), position: position(number), traceparent: String::new() },
            fact: Fact::Refused { operation: (*operation).to_owned(), refusal: Refusal::NotAuthorized },
        };
        let dead = |(offset, value): (usize, &&[u8])| DeadLetter {
            position: position(offset),
            traceparent: String::new(),
            record: Malformed { key: None, value: Some(value.to_vec()), reason: "junk".to_owned() },
        };
        let epoch = EpochOutput {
            binding: Binding { epoch: 7, generation: 1, code_version: 1, inputs: Vec::new() },
            events: operations.iter().enumerate().map(event).collect(),
            pinned: 0,
            waited: Vec::new(),
            dead_letters: junk.iter().enumerate().map(dead).collect(),
            committed: None,
        };
        let partitions = Topic::ALL.iter().map(|topic| (*topic, 1)).collect();
        outputs(&encoder(first_id), &partitions, &epoch, |_| Ok::<(), WireError>(())).unwrap()
    }

    #[test]
    fn a_replay_that_gives_the_same_does_not_differ_whatever_ids_the_registry_gives() {
        let then = written(1, &["create_customer", "open_account"], &[b"junk"]);
        assert_eq!(difference(&written(900, &["create_customer", "open_account"], &[b"junk"]), &then), None);
        assert_eq!(then.iter().map(|output| output.count).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn a_replay_that_gives_anything_else_says_where() {
        let then = written(1, &["create_customer", "open_account"], &[b"junk"]);
        for (now, what) in [
            (
                written(1, &["create_customer", "create_customer"], &[b"junk"]),
                "the 2 records of command.refused.v1 partition 0 have another digest",
            ),
            (
                written(1, &["open_account", "create_customer"], &[b"junk"]),
                "the 2 records of command.refused.v1 partition 0 have another digest",
            ),
            (written(1, &["create_customer"], &[b"junk"]), "command.refused.v1 partition 0 gets 1 records now and got 2 then"),
            (written(1, &["create_customer", "open_account"], &[]), "1 partitions are written now and 2 were then"),
            (
                written(1, &["create_customer", "open_account"], &[b"bunk"]),
                "the 1 records of orion.commands.dlq.v1 partition 0 have another digest",
            ),
        ] {
            assert_eq!(difference(&now, &then).as_deref(), Some(what));
        }
    }
}
