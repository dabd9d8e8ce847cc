//! Deletes from Kafka what the archive has and nobody needs there any more.
//!
//! 1. The archive is checked, whole, and that it is the archive of this Kafka. What it does not have, verified, stays.
//! 2. The floor is the smallest epoch that a cell goes on from ([`Needed`]); `--keep-from` can only lower it.
//! 3. Of the commands log goes what epochs before the floor have bound; of a journal, what its last claim before the
//!    floor made void.
//! 4. Each is cut back to the last place at which what is left says its own schemas (`schemas_kept`).
//! 5. Where the commands log has no such place above its start, its schemas are recorded once more, at its end: from
//!    the moment at which the floor has passed that place, a later prune can cut there.

use super::check;
use super::copy::{JOURNAL, open_same_log};
use super::floor::Needed;
use super::manifest::Manifest;
use super::schemas_kept::{Step, Steps};
use super::{existing, records};
use crate::config::Config;
use crate::exit::{self, Exit};
use anyhow::Context;
use ingress::partition::Ends;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use schemas::topic::SCHEMA_HEADER;
use schemas::wire::{Decoder, WireError, datum};
use schemas::{Entry, Epoch, Topic};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Prunes.
pub(super) fn run(folder: &Path, keep_from: Option<Epoch>, config: &Config, quiet: bool) -> anyhow::Result<ExitCode> {
    // 1.
    let checked = check::check(folder, quiet)?;
    if !checked.faults.is_empty() {
        checked.print();
        return Ok(ExitCode::from(exit::BAD_INPUT));
    }
    let manifest = existing(folder)?;
    let kafka = Ends::connect(&config.kafka.brokers).map_err(Exit::unavailable)?;
    let mut lows = BTreeMap::new();
    for (topic, partition) in checked.ends.keys() {
        let reader = open_same_log(&manifest, &kafka, topic, *partition).map_err(Exit::from)?;
        lows.insert((topic.as_str(), *partition), reader.low());
    }
    // 2.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let needed = runtime.block_on(Needed::find(config, keep_from))?;
    let floor = needed.floor();
    println!("prune: epochs before {floor}; {needed}");
    // 3.
    let floors = floors(&manifest, floor)?;
    let mut deletions = Vec::new();
    for ((topic, partition), archived) in &checked.ends {
        let floor = floors.get(&(topic.clone(), *partition)).copied().unwrap_or(0).min(*archived);
        let low = lows[&(topic.as_str(), *partition)];
        // 4.
        let steps = steps(&manifest, topic, *partition)?;
        match steps.cut(floor).filter(|cut| *cut > low) {
            Some(cut) => {
                println!("{topic} partition {partition}: offsets {low} to {cut} go");
                deletions.push((topic.clone(), *partition, cut));
            }
            None => {
                println!("{topic} partition {partition}: nothing goes; it starts at offset {low}, and the floor is {floor}");
                // 5.
                if *topic == Topic::Commands.as_str() && floor > low && steps.cut(*archived).is_none_or(|cut| cut <= low) {
                    let known = steps.known();
                    runtime.block_on(say_again(&config.kafka.brokers, *partition, &known))?;
                    println!("{topic} partition {partition}: its {} schemas are recorded once more at its end", known.len());
                }
            }
        }
    }
    runtime.block_on(delete(&config.kafka.brokers, &deletions))?;
    println!("prune: {} partitions are shorter now", deletions.len());
    Ok(ExitCode::SUCCESS)
}

/// The exclusive offset below which each partition is not needed at an epoch.
fn floors(manifest: &Manifest, floor: Epoch) -> anyhow::Result<BTreeMap<(String, i32), i64>> {
    let mut floors = BTreeMap::new();
    for topic in [JOURNAL, Topic::ViewsJournal, Topic::RiskJournal] {
        let mut decoder = Decoder::default();
        // Where the newest claim begins, with its schemas before it, as long as nothing after it is too new.
        let (mut begin, mut claim) = (None, 0);
        for record in records(manifest, topic.as_str(), 0) {
            let record = record.map_err(Exit::from)?;
            let unreadable = |error: WireError| Exit {
                code: exit::BAD_INPUT,
                sentence: format!("{topic} offset {}, in the archive, can't be read: {error}", record.offset),
            };
            let schema = record.header(SCHEMA_HEADER);
            if !schema.is_empty() {
                decoder.learn_record(schema, record.value()).map_err(unreadable)?;
                begin.get_or_insert(record.offset);
                continue;
            }
            match decoder.entry(topic, record.value()).map_err(unreadable)? {
                Entry::Claim(_) => claim = begin.unwrap_or(record.offset),
                Entry::Commit(commit) => {
                    // That of risk has some of the same bindings, and not all.
                    for sealed in commit.epochs.iter().filter(|sealed| topic == JOURNAL && sealed.binding.epoch < floor) {
                        for input in &sealed.binding.inputs {
                            floors.insert((input.topic.clone(), input.partition), input.upper);
                        }
                    }
                    if commit.epochs.iter().any(|sealed| sealed.binding.epoch >= floor) {
                        break;
                    }
                }
            }
            begin = None;
        }
        floors.insert((topic.as_str().to_owned(), 0), claim);
    }
    Ok(floors)
}

fn steps(manifest: &Manifest, topic: &str, partition: i32) -> anyhow::Result<Steps> {
    let mut steps = Steps::default();
    for record in records(manifest, topic, partition) {
        let record = record.map_err(Exit::from)?;
        let header = record.header(SCHEMA_HEADER);
        let step = match (header, header.parse()) {
            ("", _) => datum(record.value()).ok().map(|(id, _)| Step::Uses(id)),
            (_, Ok(id)) => {
                // What the decoder of the log would refuse, it refuses here.
                let text = std::str::from_utf8(record.value()).ok().filter(|text| Decoder::default().learn(id, text).is_ok());
                Some(Step::Says(id, text.map(str::to_owned)))
            }
            (_, Err(_)) => None,
        };
        if let Some(step) = step {
            steps.add(record.offset, step);
        }
    }
    Ok(steps)
}

/// Records schemas at the end of a partition of the commands log, as a door does when it starts.
async fn say_again(brokers: &str, partition: i32, known: &BTreeMap<u32, String>) -> anyhow::Result<()> {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "10000")
        .create()
        .map_err(|error| failed(&error))?;
    for (id, schema) in known {
        let id = id.to_string();
        let headers = OwnedHeaders::new().insert(Header { key: SCHEMA_HEADER, value: Some(&id) });
        let record = FutureRecord::<str, str>::to(Topic::Commands.as_str()).partition(partition).payload(schema).headers(headers);
        producer.send(record, Duration::from_secs(10)).await.map_err(|(error, _)| failed(&error))?;
    }
    Ok(())
}

pub(crate) async fn delete(brokers: &str, deletions: &[(String, i32, i64)]) -> anyhow::Result<()> {
    if deletions.is_empty() {
        return Ok(());
    }
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create().map_err(|error| failed(&error))?;
    let mut list = TopicPartitionList::new();
    for (topic, partition, before) in deletions {
        list.add_partition_offset(topic, *partition, Offset::Offset(*before))?;
    }
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let deleted = admin.delete_records(&list, &options).await.map_err(|error| failed(&error))?;
    for element in deleted.elements() {
        element
            .error()
            .map_err(|error| failed(&error))
            .with_context(|| format!("{} partition {}", element.topic(), element.partition()))?;
    }
    Ok(())
}

fn failed(error: &rdkafka::error::KafkaError) -> Exit {
    Exit { code: exit::UNAVAILABLE, sentence: format!("kafka failed: {error}") }
}
