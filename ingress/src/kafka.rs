//! Consumers: how the way in reads Kafka. The only place that builds one.

mod follower;

pub(crate) use follower::Follower;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Deref};
use std::time::{Duration, Instant};

/// What reading can meet.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Kafka said no.
    #[error("can't read {topic}")]
    Kafka {
        /// What was being read.
        topic: String,
        /// What Kafka said.
        #[source]
        source: rdkafka::error::KafkaError,
    },
    /// The topic is not there.
    #[error("topic {0} does not exist; run `orion topics apply`")]
    NoTopic(String),
    /// Positions that are not those of the topic's partitions.
    #[error("these are no positions of the partitions of {0}")]
    NoPartition(String),
    /// Kafka stopped answering.
    #[error("kafka has been silent for {seconds} s while {topic} was read")]
    Silent {
        /// What was being read.
        topic: String,
        /// For how long.
        seconds: u64,
    },
    /// Old records that are needed are gone.
    #[error("{topic} partition {partition} starts at offset {low}, but {needed} is needed: older records were deleted")]
    StartsLate {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// First offset there.
        low: i64,
        /// First offset needed.
        needed: i64,
    },
    /// Records that were bound are gone.
    #[error("{topic} partition {partition} ends at offset {high}, but records up to {needed} were bound: the log was truncated")]
    EndsEarly {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// End of the log.
        high: i64,
        /// Exclusive upper offset that was bound.
        needed: i64,
    },
}

const METADATA_TIMEOUT: Duration = Duration::from_secs(10);

/// A consumer that is gone as soon as its client has ended. By itself it would look for that every 100 ms, and a start makes several.
pub(crate) struct Reader(BaseConsumer);

impl Deref for Reader {
    type Target = BaseConsumer;

    fn deref(&self) -> &BaseConsumer {
        &self.0
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let closes = self.0.close_queue().is_ok();
        while closes && !self.0.closed() {
            drop(self.0.poll(Duration::from_millis(1)));
        }
    }
}

/// A consumer that reads what it is assigned, only what was committed, and never commits an offset.
pub(crate) fn consumer(brokers: &str) -> Result<Reader, ReadError> {
    build(brokers, &[])
}

/// A consumer that keeps little for a reader that may stand still: a record takes more in the client than in the log.
pub(crate) fn patient_consumer(brokers: &str) -> Result<Reader, ReadError> {
    build(brokers, &[("queued.min.messages", "8192"), ("queued.max.messages.kbytes", "8192")])
}

/// A consumer that says where a partition ends.
pub(crate) fn consumer_with_ends(brokers: &str) -> Result<Reader, ReadError> {
    build(brokers, &[("enable.partition.eof", "true")])
}

/// What makes a consumer say where a partition ends, to one that reads no further. Kafka says that there is no more when it has waited
/// for more, so it is not to wait long.
pub(crate) const UP_TO_ENDS: [(&str, &str); 2] = [("enable.partition.eof", "true"), ("fetch.wait.max.ms", "5")];

/// Reads a whole partition up to the end that it has now, and returns that end.
///
/// 1. The end is the high watermark: a transaction that is open holds back the last stable offset, and what it wrote
///    may be committed yet.
/// 2. Wait until everything before that end is decided, committed or aborted.
/// 3. Only then read. The end that a reader meets from here on lies behind everything that was to be read. A reader
///    that met an end first and asked what is stable afterwards would miss what was committed in between.
pub fn read_all<E: From<ReadError>>(
    brokers: &str,
    topic: &str,
    partition: i32,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), E>,
) -> Result<i64, E> {
    read_from(brokers, topic, partition, 0, |message| each(message).map(ControlFlow::Continue))
}

/// As [`read_all`], from an offset on, and only until `each` has seen enough.
pub(crate) fn read_from<E: From<ReadError>>(
    brokers: &str,
    topic: &str,
    partition: i32,
    from: i64,
    each: impl FnMut(&BorrowedMessage<'_>) -> Result<ControlFlow<()>, E>,
) -> Result<i64, E> {
    // 1.
    let unstable = build(brokers, &[("isolation.level", "read_uncommitted")])?;
    let (low, high) = *watermarks(&unstable, topic)?.get(&partition).ok_or_else(|| ReadError::NoTopic(topic.to_owned()))?;
    // 2.
    let consumer = build(brokers, &UP_TO_ENDS)?;
    let failed = |source| ReadError::Kafka { topic: topic.to_owned(), source };
    while led(|| consumer.fetch_watermarks(topic, partition, METADATA_TIMEOUT)).map_err(failed)?.1 < high {
        // Kafka decides for a writer that died, when its transaction has timed out.
        std::thread::sleep(Duration::from_millis(10));
    }
    // 3.
    read_range(&consumer, topic, partition, low.max(from), high, each)
}

/// Reads a range of a partition as far as the consumer can see it, until `each` has seen enough; returns where it ended.
/// The consumer says where a partition ends.
pub(crate) fn read_range<E: From<ReadError>>(
    consumer: &BaseConsumer,
    topic: &str,
    partition: i32,
    from: i64,
    to: i64,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<ControlFlow<()>, E>,
) -> Result<i64, E> {
    let mut next = from;
    assign(consumer, &[(topic.to_owned(), partition, next)])?;
    while next < to {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                next = message.offset() + 1;
                if each(&message)?.is_break() {
                    return Ok(next);
                }
            }
            // Nothing but transaction markers follows the last record; the client skips those by itself.
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => break,
            Some(Err(source)) if !is_passing(&source) => return Err(ReadError::Kafka { topic: topic.to_owned(), source }.into()),
            Some(Err(_)) | None => {}
        }
    }
    // What came after the end while we read is not lost: the next record of it has been handed on too.
    Ok(next.max(to))
}

/// A consumer with settings of its own.
pub(crate) fn build(brokers: &str, changes: &[(&str, &str)]) -> Result<Reader, ReadError> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        // The client demands a group's name even where no group is ever joined.
        .set("group.id", "orion")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("isolation.level", if faults::bug("read-uncommitted") { "read_uncommitted" } else { "read_committed" })
        .set("auto.offset.reset", "error")
        // Answer as soon as there is a byte, and look again at once after an empty or failed fetch.
        .set("fetch.min.bytes", "1")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.error.backoff.ms", "10")
        .set("fetch.queue.backoff.ms", "5")
        // A client opens no second connection before half of this has passed, and needs two to begin.
        .set("reconnect.backoff.ms", "20")
        // The bound of what waits in the client.
        .set("queued.max.messages.kbytes", "32768");
    for (name, value) in changes {
        config.set(*name, *value);
    }
    config.create().map(Reader).map_err(|source| ReadError::Kafka { topic: brokers.to_owned(), source })
}

/// First and exclusive last offset of every partition.
pub(crate) fn watermarks(consumer: &BaseConsumer, topic: &str) -> Result<BTreeMap<i32, (i64, i64)>, ReadError> {
    let failed = |source| ReadError::Kafka { topic: topic.to_owned(), source };
    let mark = |partition: i32| {
        led(|| consumer.fetch_watermarks(topic, partition, METADATA_TIMEOUT)).map(|marks| (partition, marks)).map_err(failed)
    };
    partitions(consumer, topic)?.into_iter().map(mark).collect()
}

/// The partitions of a topic. Only Kafka's word that there is no such topic is [`ReadError::NoTopic`]: a partition that has no leader
/// for the moment, as after a death of the broker, is there.
pub(crate) fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<Vec<i32>, ReadError> {
    use rdkafka::error::RDKafkaErrorCode as Code;
    let failed = |source| ReadError::Kafka { topic: topic.to_owned(), source };
    let metadata = led(|| consumer.fetch_metadata(Some(topic), METADATA_TIMEOUT)).map_err(failed)?;
    let Some(found) = metadata.topics().first() else { return Err(ReadError::NoTopic(topic.to_owned())) };
    match found.error().map(Code::from) {
        None => Ok(found.partitions().iter().map(|partition| partition.id()).collect()),
        Some(Code::UnknownTopicOrPartition) => Err(ReadError::NoTopic(topic.to_owned())),
        Some(code) => Err(failed(rdkafka::error::KafkaError::MetadataFetch(code))),
    }
}

/// First and exclusive last offset of a partition.
pub(crate) fn ends(consumer: &BaseConsumer, topic: &str, partition: i32) -> Result<(i64, i64), ReadError> {
    if !partitions(consumer, topic)?.contains(&partition) {
        return Err(ReadError::NoTopic(topic.to_owned()));
    }
    led(|| consumer.fetch_watermarks(topic, partition, METADATA_TIMEOUT))
        .map_err(|source| ReadError::Kafka { topic: topic.to_owned(), source })
}

/// Asks again as long as a partition has no leader yet, as one that was made just now.
fn led<T>(mut ask: impl FnMut() -> KafkaResult<T>) -> KafkaResult<T> {
    use rdkafka::error::RDKafkaErrorCode as Code;
    let begun = Instant::now();
    loop {
        match ask() {
            Err(error)
                if begun.elapsed() < METADATA_TIMEOUT
                    && matches!(error.rdkafka_error_code(), Some(Code::NotLeaderForPartition | Code::LeaderNotAvailable)) =>
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            answer => return answer,
        }
    }
}

/// Assigns partitions at exact offsets.
pub(crate) fn assign(consumer: &BaseConsumer, offsets: &[(String, i32, i64)]) -> Result<(), ReadError> {
    let mut list = TopicPartitionList::new();
    let failed = |topic: &str, source| ReadError::Kafka { topic: topic.to_owned(), source };
    for (topic, partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset)).map_err(|source| failed(topic, source))?;
    }
    consumer.assign(&list).map_err(|source| failed("its assignment", source))
}

/// The first offset of each partition whose record is of `epoch` or later; the end of the log without one.
///
/// Every record that a cell writes carries its epoch as Kafka time stamp. A crash may leave aborted records
/// whose time stamps run ahead, so the offset found may be early, never late.
pub(crate) fn offsets_at(consumer: &BaseConsumer, topic: &str, epoch: u64) -> Result<BTreeMap<i32, i64>, ReadError> {
    Ok(starts_at(consumer, topic, epoch)?.into_iter().map(|(partition, (_, offset))| (partition, offset)).collect())
}

/// The same behind the first offset of each partition.
pub(crate) fn starts_at(consumer: &BaseConsumer, topic: &str, epoch: u64) -> Result<BTreeMap<i32, (i64, i64)>, ReadError> {
    let failed = |source| ReadError::Kafka { topic: topic.to_owned(), source };
    let marks = watermarks(consumer, topic)?;
    let mut list = TopicPartitionList::new();
    for partition in marks.keys() {
        let at = Offset::Offset(i64::try_from(epoch).unwrap_or(i64::MAX));
        list.add_partition_offset(topic, *partition, at).map_err(failed)?;
    }
    let found = led(|| consumer.offsets_for_times(list.clone(), METADATA_TIMEOUT)).map_err(failed)?;
    let offset = |partition: &i32, end: i64| match found.find_partition(topic, *partition).map(|found| found.offset()) {
        Some(Offset::Offset(offset)) => offset,
        // No such record when we asked. The end was read before, so what came since is not missed.
        _ => end,
    };
    Ok(marks.iter().map(|(partition, (low, end))| (*partition, (*low, offset(partition, *end)))).collect())
}

/// The offset of the last committed record of a partition; none if there is none.
pub(crate) fn last_offset(brokers: &str, topic: &str, partition: i32) -> Result<Option<i64>, ReadError> {
    let mut last = None;
    look_back(brokers, topic, partition, |message| {
        last = Some(message.offset());
        true
    })?;
    Ok(last)
}

/// Hands on the last committed records of a partition, in order, until `each` says of one that it is what was looked for.
///
/// Looks back from the end, further each time: what stands there may be markers and what was aborted.
pub(crate) fn look_back(
    brokers: &str,
    topic: &str,
    partition: i32,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> bool,
) -> Result<(), ReadError> {
    let consumer = consumer(brokers)?;
    let marks = watermarks(&consumer, topic)?;
    let (low, high) = *marks.get(&partition).ok_or_else(|| ReadError::NoTopic(topic.to_owned()))?;
    let mut back = 16;
    loop {
        let (from, mut found) = (low.max(high - back), false);
        read_from(brokers, topic, partition, from, |message| {
            found |= each(message);
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })?;
        if found || from == low {
            return Ok(());
        }
        back *= 8;
    }
}

/// A broker that is away or moving: the client reconnects by itself.
pub(crate) fn is_passing(error: &rdkafka::error::KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::OperationTimedOut
                | Code::Resolve
                | Code::NotLeaderForPartition
                | Code::LeaderNotAvailable
                | Code::RequestTimedOut
                | Code::NetworkException
                | Code::CoordinatorLoadInProgress
                | Code::CoordinatorNotAvailable
                | Code::NotCoordinator
        )
    )
}

/// A header as text; empty without it.
pub(crate) fn header<'a>(message: &'a BorrowedMessage<'_>, name: &str) -> &'a str {
    message
        .headers()
        .and_then(|headers| headers.iter().find(|header| header.key == name))
        .and_then(|header| header.value)
        .and_then(|value| std::str::from_utf8(value).ok())
        .unwrap_or_default()
}
