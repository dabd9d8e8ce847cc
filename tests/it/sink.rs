//! The transactions of a cell's sink on the real Kafka, read by another client: whole, in order, once, and none by a sink that was
//! taken over.

use crate::kafka::{self, on_a_topic};
use anyhow::{Context, ensure};
use egress::kafka::{Sink, SinkError};
use egress::records::Sent;
use ingress::kafka::{ReadError, read_all};
use orion::load::random::SplitMix64;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::Producer;
use rdkafka::{Offset, TopicPartitionList};
use schemas::Topic;
use schemas::wire::Encoder;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(30);

#[test]
fn transactions_of_any_size_stand_whole_and_in_order() -> anyhow::Result<()> {
    on_a_topic("sink-sizes", |brokers, topic| {
        let mut sink = sink(brokers, topic)?;
        let mut random = SplitMix64::new(11);
        let mut written = Vec::new();
        // One record, some hundreds, and several requests' worth, of which one is nearly as large as a request.
        for (count, bytes_max) in [(1, 50), (700, 400), (90, 300_000), (2, 3_900_000), (1, 0), (40, 100_000)] {
            let records: Vec<Record> = (0..count).map(|_| Record::any(&mut random, bytes_max)).collect();
            publish(&mut sink, topic, &records)?;
            written.extend(records);
        }
        ensure!(read(brokers, topic)? == by_partition(&written), "what was read is not what was written");
        Ok(())
    })
}

/// Each begins while Kafka still marks the end of the one before.
#[test]
fn transactions_follow_each_other_without_a_pause() -> anyhow::Result<()> {
    on_a_topic("sink-many", |brokers, topic| {
        let mut sink = sink(brokers, topic)?;
        let mut random = SplitMix64::new(12);
        let written: Vec<Record> = (0..400).map(|_| Record::any(&mut random, 60)).collect();
        for records in written.chunks(2) {
            publish(&mut sink, topic, records)?;
        }
        ensure!(read(brokers, topic)? == by_partition(&written), "what was read is not what was written");
        Ok(())
    })
}

#[test]
fn a_sink_that_was_taken_over_writes_nothing() -> anyhow::Result<()> {
    on_a_topic("sink-fenced", |brokers, topic| {
        let mut random = SplitMix64::new(13);
        let mut records = || -> Vec<Record> { (0..5).map(|_| Record::any(&mut random, 60)).collect() };
        let [kept, lost, last] = [records(), records(), records()];
        let mut first = sink(brokers, topic)?;
        publish(&mut first, topic, &kept)?;
        let mut second = sink(brokers, topic)?;
        let refused = publish(&mut first, topic, &lost);
        ensure!(matches!(refused, Err(SinkError::Fenced)), "{refused:?}");
        // Whatever it tries next.
        ensure!(publish(&mut first, topic, &lost).is_err(), "a sink that was taken over goes on");
        publish(&mut second, topic, &last)?;
        ensure!(read(brokers, topic)? == by_partition(&[kept, last].concat()), "what was read is not what was kept");
        Ok(())
    })
}

/// An older binary writes by librdkafka, and may come back.
#[test]
fn another_client_takes_over_and_is_taken_over() -> anyhow::Result<()> {
    on_a_topic("sink-older", |brokers, topic| {
        let record =
            |partition, value: &str| Record { value: value.as_bytes().to_vec(), partition, ..Record::any(&mut SplitMix64::new(15), 0) };
        let mut first = sink(brokers, topic)?;
        publish(&mut first, topic, &[record(0, "first")])?;
        let older = kafka::producer(brokers, topic)?;
        kafka::send(&older, topic, &["older"])?;
        older.commit_transaction(WAIT)?;
        let refused = publish(&mut first, topic, &[record(0, "never")]);
        ensure!(matches!(refused, Err(SinkError::Fenced)), "{refused:?}");
        let mut last = sink(brokers, topic)?;
        let refused = kafka::send(&older, topic, &["never"]).and_then(|()| Ok(older.commit_transaction(WAIT)?));
        ensure!(refused.is_err(), "a client that was taken over goes on");
        publish(&mut last, topic, &[record(0, "end"), record(1, "end")])?;
        let seen = kafka::read(brokers, topic, "read_committed")?;
        ensure!(seen == ["first", "older", "end", "older", "end"], "{seen:?}");
        Ok(())
    })
}

#[test]
fn a_topic_that_is_not_there_is_named() -> anyhow::Result<()> {
    on_a_topic("sink-missing", |brokers, topic| {
        let mut sink = sink(brokers, topic)?;
        let missing = format!("{topic}-missing");
        let error = publish(&mut sink, &missing, &[Record::any(&mut SplitMix64::new(14), 10)]).err().context("it was written")?;
        let said = chain(&error);
        ensure!(said.contains(&missing) && said.contains("UnknownTopicOrPartition"), "{said}");
        Ok(())
    })
}

#[derive(Clone, Debug, PartialEq)]
struct Record {
    partition: i32,
    key: String,
    value: Vec<u8>,
    trace: String,
    at_ms: u64,
}

impl Record {
    fn any(random: &mut SplitMix64, bytes_max: usize) -> Self {
        // Half of it can't be compressed.
        let bytes = random.index(bytes_max + 1);
        let value = (0..bytes).map(|at| if at % 2 == 0 { 7 } else { random.next().to_le_bytes()[0] }).collect();
        Self {
            partition: i32::from(random.index(2) == 1),
            key: format!("{:x}", random.next()),
            value,
            trace: format!("{:x}", random.next()),
            at_ms: 1_764_000_000_000 + random.next() % 1_000_000,
        }
    }
}

fn sink(brokers: &str, id: &str) -> Result<Sink, SinkError> {
    Sink::fence(brokers, id, Topic::ViewsJournal, Encoder::new(BTreeMap::new()), BTreeMap::new())
}

fn publish(sink: &mut Sink, topic: &str, records: &[Record]) -> Result<(), SinkError> {
    let headers: Vec<_> = records.iter().map(|record| [("trace", record.trace.as_str())]).collect();
    sink.publish(records.iter().zip(&headers).map(|(Record { partition, key, value, at_ms, .. }, headers)| Sent {
        topic,
        partition: *partition,
        key,
        value,
        headers,
        epoch: Some(*at_ms),
    }))
}

fn by_partition(records: &[Record]) -> [Vec<Record>; 2] {
    [0, 1].map(|partition| records.iter().filter(|record| record.partition == partition).cloned().collect())
}

/// What a client of another make sees that was committed.
fn read(brokers: &str, topic: &str) -> anyhow::Result<[Vec<Record>; 2]> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", topic)
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in [0, 1] {
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    // The end of the last transaction may be under way to one of them.
    for partition in [0, 1] {
        read_all(brokers, topic, partition, |_| Ok::<_, ReadError>(()))?;
    }
    consumer.assign(&list)?;
    let (mut found, mut ended, begun) = ([Vec::new(), Vec::new()], BTreeSet::new(), Instant::now());
    while ended.len() < 2 {
        ensure!(begun.elapsed() < WAIT, "the topic has no end");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(partition))) => drop(ended.insert(partition)),
            Some(message) => {
                let message = message?;
                let trace = message.headers().context("no headers")?.get(0);
                let record = Record {
                    partition: message.partition(),
                    key: String::from_utf8(message.key().context("no key")?.to_vec())?,
                    value: message.payload().context("no value")?.to_vec(),
                    trace: String::from_utf8(trace.value.context("an empty header")?.to_vec())?,
                    at_ms: u64::try_from(message.timestamp().to_millis().context("no time")?)?,
                };
                found[usize::try_from(message.partition())?].push(record);
            }
            None => {}
        }
    }
    Ok(found)
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        said = format!("{said}: {error}");
        next = error.source();
    }
    said
}
