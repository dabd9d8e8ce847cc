//! How far a cell is behind Kafka, and Kafka behind itself: looked at once a second by a thread of its own, which nothing waits for.
//!
//! In: topics, and how far the commands log is decided. Out: the two metrics of Kafka. The consumer that reads what is
//! committed hears where the last stable offset is, the other one the high watermark: between them lies what a
//! transaction without an end holds back. A Kafka that does not answer leaves the numbers as they were.

use crate::kafka::{self, ReadError};
use meters::{KAFKA_LAG, KAFKA_UNSTABLE};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use schemas::Topic;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The exclusive upper offset of each partition of the commands log that is decided and committed.
#[derive(Clone, Debug, Default)]
pub struct Uppers(Arc<Mutex<BTreeMap<i32, i64>>>);

impl Uppers {
    /// It is decided up to here.
    pub fn set(&self, uppers: BTreeMap<i32, i64>) {
        *self.lock() = uppers;
    }

    fn get(&self, partition: i32) -> Option<i64> {
        self.lock().get(&partition).copied()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts looking at these topics, for as long as the process runs.
pub fn watch(brokers: &str, topics: Vec<Topic>, uppers: Uppers) -> Result<(), ReadError> {
    let (stable, all) = (kafka::consumer(brokers)?, kafka::build(brokers, &[("isolation.level", "read_uncommitted")])?);
    let look = move || {
        loop {
            std::thread::sleep(EVERY);
            match topics.iter().try_for_each(|topic| show(&stable, &all, *topic, &uppers)) {
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, "kafka does not say how far it is"),
            }
        }
    };
    let thread = std::thread::Builder::new().name("lag".to_owned()).spawn(look);
    drop(thread.expect("a process may start a thread"));
    Ok(())
}

fn show(stable: &BaseConsumer, all: &BaseConsumer, topic: Topic, uppers: &Uppers) -> Result<(), ReadError> {
    let partitions = kafka::partitions(all, topic.as_str())?;
    // First what is stable: what comes in between is then taken for held back, for a second, and never the other way round.
    let (stable, ends) = (ends(stable, topic, &partitions)?, ends(all, topic, &partitions)?);
    for (partition, end) in ends {
        let labels = [topic.as_str(), &partition.to_string()];
        if let Some(stable) = stable.get(&partition) {
            KAFKA_UNSTABLE.with_label_values(&labels).set((end - stable).max(0));
        }
        if let Some(upper) = uppers.get(partition).filter(|_| topic == Topic::Commands) {
            KAFKA_LAG.with_label_values(&labels).set((end - upper).max(0));
        }
    }
    Ok(())
}

/// The end of each partition as the consumer may see it, in one question.
fn ends(consumer: &BaseConsumer, topic: Topic, partitions: &[i32]) -> Result<BTreeMap<i32, i64>, ReadError> {
    let failed = |source| ReadError::Kafka { topic: topic.to_string(), source };
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic.as_str(), *partition, Offset::End).map_err(failed)?;
    }
    let found = consumer.offsets_for_times(list, ANSWER_MAX).map_err(failed)?;
    let end = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
        Offset::Offset(offset) => Some((element.partition(), offset)),
        _ => None,
    };
    Ok(found.elements().iter().filter_map(end).collect())
}
