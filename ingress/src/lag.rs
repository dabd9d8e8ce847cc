//! How far a cell is behind Kafka, and Kafka behind itself: looked at once a second by a thread of its own, which nothing waits for.
//!
//! In: topics, and how far the commands log is decided. Out: the two metrics of Kafka. The consumer that reads what is
//! committed hears where the last stable offset is, the other one the high watermark: between them lies what a
//! transaction without an end holds back. A Kafka that does not answer leaves the numbers as they were.

use crate::kafka::{self, ReadError};
use meters::{KAFKA_LAG, KAFKA_UNSTABLE};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};
use schemas::Topic;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// After so many looks at commands that are there and stay undecided, the process ends, so that it starts afresh.
const STUCK_LOOKS: u32 = 60;

/// The exclusive upper offset of each partition of the commands log that is decided and committed.
#[derive(Clone, Debug, Default)]
pub struct Uppers(Arc<Mutex<Decided>>);

#[derive(Clone, Debug, Default)]
struct Decided {
    uppers: BTreeMap<i32, i64>,
    /// Whether anything was decided since the start: while what was decided before is gone through, nothing moves.
    is_live: bool,
}

impl Uppers {
    /// It was decided up to here before the start.
    pub fn begin(&self, uppers: BTreeMap<i32, i64>) {
        *self.lock() = Decided { uppers, is_live: false };
    }

    /// It is decided up to here.
    pub fn set(&self, uppers: BTreeMap<i32, i64>) {
        *self.lock() = Decided { uppers, is_live: true };
    }

    fn get(&self, partition: i32) -> Option<i64> {
        self.lock().uppers.get(&partition).copied()
    }

    fn is_live(&self) -> bool {
        self.lock().is_live
    }

    fn lock(&self) -> MutexGuard<'_, Decided> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts looking at these topics, for as long as the process runs.
pub fn watch(brokers: &str, topics: Vec<Topic>, uppers: Uppers) -> Result<(), ReadError> {
    let (stable, all) = (kafka::consumer(brokers)?, kafka::build(brokers, &[("isolation.level", "read_uncommitted")])?);
    let look = move || {
        let (mut stuck, mut watched) = (Stuck::default(), Vec::new());
        loop {
            std::thread::sleep(EVERY);
            match show(&stable, &all, &topics, &mut watched, &uppers, &mut stuck) {
                Ok(()) if stuck.is_for_good() => {
                    tracing::error!(undecided = ?stuck.undecided, "commands are there and nobody decides them; the cell stops so that it starts afresh");
                    std::process::exit(70);
                }
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, "kafka does not say how far it is"),
            }
        }
    };
    let thread = std::thread::Builder::new().name("lag".to_owned()).spawn(look);
    drop(thread.expect("a process may start a thread"));
    Ok(())
}

/// Commands that are there, and of which none is decided from look to look. Looks, not seconds: a process that was stopped has not looked.
#[derive(Default)]
struct Stuck {
    /// How far each partition is decided that has more.
    undecided: BTreeMap<i32, i64>,
    looks: u32,
}

impl Stuck {
    fn look(&mut self, undecided: BTreeMap<i32, i64>) {
        let stays = undecided.iter().any(|(partition, upper)| self.undecided.get(partition) == Some(upper));
        self.looks = if stays { self.looks + 1 } else { 0 };
        self.undecided = undecided;
    }

    const fn is_for_good(&self) -> bool {
        self.looks >= STUCK_LOOKS
    }
}

/// One look. A topic keeps the partitions that it was made with, so they are asked for until all are known, and then never again.
fn show(
    stable: &BaseConsumer,
    all: &BaseConsumer,
    topics: &[Topic],
    watched: &mut Vec<(Topic, i32)>,
    uppers: &Uppers,
    stuck: &mut Stuck,
) -> Result<(), ReadError> {
    if watched.is_empty() {
        let mut found = Vec::new();
        for topic in topics {
            found.extend(kafka::partitions(all, topic.as_str())?.into_iter().map(|partition| (*topic, partition)));
        }
        *watched = found;
    }
    // First what is stable: what comes in between is then taken for held back, for a second, and never the other way round.
    let (stable, ends) = (ends(stable, watched)?, ends(all, watched)?);
    let mut undecided = BTreeMap::new();
    for ((topic, partition), end) in ends {
        let labels = [topic.as_str(), &partition.to_string()];
        let stable = stable.get(&(topic, partition));
        if let Some(stable) = stable {
            KAFKA_UNSTABLE.with_label_values(&labels).set((end - stable).max(0));
        }
        if let Some(upper) = uppers.get(partition).filter(|_| topic == Topic::Commands) {
            KAFKA_LAG.with_label_values(&labels).set((end - upper).max(0));
            if stable.is_some_and(|stable| *stable > upper) {
                undecided.insert(partition, upper);
            }
        }
    }
    if topics.contains(&Topic::Commands) && uppers.is_live() {
        stuck.look(undecided);
    }
    Ok(())
}

/// The end of each partition as the consumer may see it, all in one question.
fn ends(consumer: &BaseConsumer, partitions: &[(Topic, i32)]) -> Result<BTreeMap<(Topic, i32), i64>, ReadError> {
    let failed = |source| ReadError::Kafka { topic: "what is watched".to_owned(), source };
    let mut list = TopicPartitionList::new();
    for (topic, partition) in partitions {
        list.add_partition_offset(topic.as_str(), *partition, Offset::End).map_err(failed)?;
    }
    let found = consumer.offsets_for_times(list, ANSWER_MAX).map_err(failed)?;
    let end = |element: &TopicPartitionListElem<'_>| match (element.topic().parse(), element.offset()) {
        (Ok(topic), Offset::Offset(offset)) => Some(((topic, element.partition()), offset)),
        _ => None,
    };
    Ok(found.elements().iter().filter_map(end).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_nobody_decides_are_noticed_and_a_slow_cell_is_not() {
        let mut stuck = Stuck::default();
        for upper in 0..200 {
            stuck.look(BTreeMap::from([(0, upper)]));
        }
        assert!(!stuck.is_for_good(), "it is slow");
        for _ in 1..STUCK_LOOKS {
            stuck.look(BTreeMap::from([(0, 199)]));
        }
        assert!(!stuck.is_for_good());
        stuck.look(BTreeMap::from([(0, 199)]));
        assert!(stuck.is_for_good());
        stuck.look(BTreeMap::new());
        assert!(!stuck.is_for_good(), "nothing waits");
    }
}
