//! A transactional producer that writes what a cell has to say with as few requests as Kafka allows.
//!
//! ```text
//! fence ─► begin ─► append … append ─► delivered ─► commit ─► begin …
//! ```
//!
//! A general client treats each record as a message of its own and asks once for each partition. Here a record is written straight
//! into the batch of its partition, and a request carries all partitions of a broker: Kafka adds those to the transaction by
//! itself (its `transaction.version` 2), so that a transaction of any number of partitions takes two requests.
//!
//! **Definition.** Each transaction has an identity of its own: its end gives the epoch of the next, so the numbers of a
//! partition's records begin at zero in each, and what an older process still sends is refused. One request at a time is under way to a broker, and
//! what Kafka asks to send again is the same bytes, which Kafka knows by their numbers.
//!
//! It is crash-only: a connection that is lost is never opened again, and any other error is the end too. Whoever comes next fences,
//! which settles what became of the transaction.

/// Records of a partition.
mod batch;
/// Who leads what.
mod cluster;
/// Requests and answers.
mod connection;
/// Transactions without an end.
mod hanging;
/// Asking again.
mod pause;

use crate::records::Sent;
use batch::{Batch, Identity};
use bytes::Bytes;
use cluster::Cluster;
use connection::ANSWERS;
use kafka_protocol::error::{ParseResponseErrorCode, ResponseError};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    BrokerId, EndTxnRequest, InitProducerIdRequest, ProduceRequest, ProduceResponse, ProducerId, TopicName, TransactionalId,
};
use kafka_protocol::protocol::StrBytes;
use pause::Pause;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What ends a producer.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// There is no connection.
    #[error("can't reach kafka at {address}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The connection is gone: what became of what was asked is not known.
    #[error("the connection to kafka was lost")]
    Lost(#[source] std::io::Error),
    /// An answer is not what it ought to be.
    #[error("kafka's answer can't be read: {0}")]
    Format(String),
    /// Kafka can't do what is needed.
    #[error("this kafka lacks {0}; Orion needs Kafka 4.0 or later, with transaction.version 2 (kafka-features.sh upgrade)")]
    Unsupported(String),
    /// Kafka says no.
    #[error("kafka says no to {what}: {code}")]
    Refused {
        /// What was asked.
        what: String,
        /// Why.
        code: ResponseError,
    },
}

impl ProduceError {
    fn format(error: impl ToString) -> Self {
        Self::Format(error.to_string())
    }

    const fn lost(error: std::io::Error) -> Self {
        Self::Lost(error)
    }

    /// Whether another process has the identity.
    pub(crate) const fn is_fenced(&self) -> bool {
        use ResponseError::{InvalidProducerEpoch, InvalidProducerIdMapping, ProducerFenced};
        matches!(self, Self::Refused { code, .. } if matches!(code, ProducerFenced | InvalidProducerEpoch | InvalidProducerIdMapping))
    }
}

/// How long a transaction may stay open before Kafka aborts it for a writer that died.
const TRANSACTION_TIMEOUT_MS: i32 = 10_000;
/// How long to wait for a Kafka that is not there, or has not ended what an older process began.
const FENCES: Duration = Duration::from_secs(60);
/// Bytes of records in one request, before they are compressed: Kafka and the sink work at the same time on what is large.
const AT_ONCE_BYTES: usize = 4_000_000;
/// A partition of them can't be larger than a topic takes; bytes that can't be compressed grow a little.
const _: () = assert!(AT_ONCE_BYTES + AT_ONCE_BYTES / 64 < schemas::topic::BATCH_MAX_BYTES, "a request is larger than a topic takes");
/// Kafka closes what nobody has used for ten minutes.
const RESTS_MAX: Duration = Duration::from_secs(60);

const INIT_PRODUCER_ID: i16 = 4;
const PRODUCE: i16 = 12;
const END_TXN: i16 = 5;

/// The producer of one transactional id.
#[derive(Debug)]
pub(crate) struct Producer {
    id: TransactionalId,
    cluster: Cluster,
    identity: Identity,
    partitions: Vec<Partition>,
    /// Where the last record went: the next goes there too, often.
    last: usize,
    /// Bytes that were appended and not sent, or a few more.
    waiting: usize,
    /// What was sent and has no answer, by its broker.
    under_way: Vec<(BrokerId, ProduceRequest)>,
    /// Whether the transaction has anything.
    wrote: bool,
    /// Whether something went wrong: nothing else is written.
    is_over: bool,
}

#[derive(Debug)]
struct Partition {
    topic: String,
    number: i32,
    leader: BrokerId,
    batch: Batch,
    /// Records that this transaction has sent.
    sent: i32,
}

impl Producer {
    /// Takes the transactional id over: after this, no other process ends a transaction of it.
    pub(crate) fn fence(brokers: &str, transactional_id: &str) -> Result<Self, ProduceError> {
        let id = TransactionalId(StrBytes::from_string(transactional_id.to_owned()));
        let mut pause = Pause::until(FENCES);
        loop {
            match Cluster::find(brokers, transactional_id).and_then(|mut cluster| identify(&mut cluster, &id).map(|who| (cluster, who))) {
                Ok((cluster, identity)) => {
                    let (partitions, under_way) = (Vec::new(), Vec::new());
                    return Ok(Self { id, cluster, identity, partitions, last: 0, waiting: 0, under_way, wrote: false, is_over: false });
                }
                Err(error) if begins(&error) || is_busy(&error) => pause.or(error)?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Begins a transaction, unless a connection is gone: the one before may have lost its end with it, and another would end parts
    /// of it.
    pub(crate) fn begin(&mut self) -> Result<(), ProduceError> {
        if self.is_over || !self.cluster.is_open(RESTS_MAX) {
            self.is_over = true;
            return Err(ProduceError::Lost(std::io::ErrorKind::ConnectionReset.into()));
        }
        self.wrote = false;
        Ok(())
    }

    /// Appends a record to the transaction.
    pub(crate) fn append(&mut self, sent: &Sent<'_>) -> Result<(), ProduceError> {
        let is_this = |partition: &Partition| partition.number == sent.partition && partition.topic == sent.topic;
        if !self.partitions.get(self.last).is_some_and(is_this) {
            self.last = match self.partitions.iter().position(is_this) {
                Some(place) => place,
                None => self.meet(sent.topic, sent.partition)?,
            };
        }
        let at_ms = sent.epoch.map_or_else(now_ms, |epoch| i64::try_from(epoch).expect("an epoch is before the year 10000"));
        let bytes = batch::room(sent);
        if self.waiting + bytes > AT_ONCE_BYTES {
            self.checked(Self::dispatch)?;
        }
        self.partitions[self.last].batch.add(sent, at_ms);
        self.waiting += bytes;
        Ok(())
    }

    /// Waits until Kafka has every record of the transaction.
    pub(crate) fn delivered(&mut self) -> Result<(), ProduceError> {
        self.checked(|producer| {
            producer.dispatch()?;
            producer.answers()
        })
    }

    /// Commits the transaction, all of which is delivered.
    pub(crate) fn commit(&mut self) -> Result<(), ProduceError> {
        if !self.wrote {
            return Ok(());
        }
        self.checked(|producer| {
            let mut pause = Pause::until(ANSWERS);
            loop {
                let request = EndTxnRequest::default()
                    .with_transactional_id(producer.id.clone())
                    .with_producer_id(ProducerId(producer.identity.id))
                    .with_producer_epoch(producer.identity.epoch)
                    .with_committed(true);
                let response = producer.cluster.coordinator()?.ask(&request, END_TXN)?;
                match refused("a commit", response.error_code) {
                    Ok(()) => {
                        producer.identity = Identity { id: response.producer_id.0, epoch: response.producer_epoch };
                        producer.partitions.iter_mut().for_each(|partition| partition.sent = 0);
                        return Ok(());
                    }
                    // A commit that has happened answers the same again.
                    Err(error) if is_busy(&error) => pause.or(error)?,
                    Err(error) => return Err(error),
                }
            }
        })
    }

    fn checked<T>(&mut self, what: impl FnOnce(&mut Self) -> Result<T, ProduceError>) -> Result<T, ProduceError> {
        let done = what(self);
        self.is_over |= done.is_err();
        done
    }

    /// The place of a partition that it has not written before.
    fn meet(&mut self, topic: &str, number: i32) -> Result<usize, ProduceError> {
        // It asks by a connection on which records may be under way.
        let leader = self.checked(|producer| {
            producer.answers()?;
            producer.leader(topic, number)
        })?;
        self.partitions.push(Partition { topic: topic.to_owned(), number, leader, batch: Batch::default(), sent: 0 });
        Ok(self.partitions.len() - 1)
    }

    /// Who leads a partition, which may have been made just now, or whose broker is just back.
    fn leader(&mut self, topic: &str, number: i32) -> Result<BrokerId, ProduceError> {
        let mut pause = Pause::until(ANSWERS);
        loop {
            match self.cluster.leader(topic, number) {
                Err(error) if is_busy(&error) => pause.or(error)?,
                leader => return leader,
            }
        }
    }

    /// Sends what waits, a request to each broker.
    fn dispatch(&mut self) -> Result<(), ProduceError> {
        let mut requests: Vec<(BrokerId, ProduceRequest)> = Vec::new();
        for partition in self.partitions.iter_mut().filter(|partition| partition.batch.count() > 0) {
            let count = i32::try_from(partition.batch.count()).expect("a request has fewer records than bytes");
            let records = Bytes::from(partition.batch.seal(self.identity, partition.sent));
            partition.sent += count;
            let place = requests.iter().position(|(broker, _)| *broker == partition.leader).unwrap_or_else(|| {
                let request = ProduceRequest::default()
                    .with_transactional_id(Some(self.id.clone()))
                    .with_acks(-1)
                    .with_timeout_ms(i32::try_from(ANSWERS.as_millis()).expect("some seconds"));
                requests.push((partition.leader, request));
                requests.len() - 1
            });
            add(
                &mut requests[place].1,
                &partition.topic,
                PartitionProduceData::default().with_index(partition.number).with_records(Some(records)),
            );
        }
        self.waiting = 0;
        if requests.is_empty() {
            return Ok(());
        }
        // What was sent before has its answer first: were it to be sent again, it would stand behind this.
        self.answers()?;
        for (broker, request) in requests {
            self.cluster.connection(broker)?.send(&request, PRODUCE)?;
            self.under_way.push((broker, request));
        }
        self.wrote = true;
        Ok(())
    }

    /// Takes the answers to what is under way, and sends again what Kafka could not take yet.
    fn answers(&mut self) -> Result<(), ProduceError> {
        let mut pause = Pause::until(ANSWERS);
        loop {
            let mut again = Vec::new();
            let mut why = None;
            for (broker, request) in std::mem::take(&mut self.under_way) {
                let response = self.cluster.connection(broker)?.receive::<ProduceRequest>(PRODUCE)?;
                if let Some((left, error)) = left(request, &response)? {
                    again.push((broker, left));
                    why = Some(error);
                }
            }
            let Some(error) = why else { return Ok(()) };
            pause.or(error)?;
            for (broker, request) in again {
                self.cluster.connection(broker)?.send(&request, PRODUCE)?;
                self.under_way.push((broker, request));
            }
        }
    }
}

/// Asks for an identity, which takes it from whoever had one.
fn identify(cluster: &mut Cluster, id: &TransactionalId) -> Result<Identity, ProduceError> {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(Some(id.clone()))
        .with_transaction_timeout_ms(TRANSACTION_TIMEOUT_MS)
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1);
    let response = cluster.coordinator()?.ask(&request, INIT_PRODUCER_ID)?;
    refused("an identity", response.error_code)?;
    Ok(Identity { id: response.producer_id.0, epoch: response.producer_epoch })
}

/// Puts a partition's records into a request.
fn add(request: &mut ProduceRequest, topic: &str, data: PartitionProduceData) {
    if let Some(found) = request.topic_data.iter_mut().find(|found| *found.name == *topic) {
        found.partition_data.push(data);
    } else {
        let name = TopicName(StrBytes::from_string(topic.to_owned()));
        request.topic_data.push(TopicProduceData::default().with_name(name).with_partition_data(vec![data]));
    }
}

/// What of a request has to be sent again, and why; none if Kafka has all of it.
fn left(mut request: ProduceRequest, response: &ProduceResponse) -> Result<Option<(ProduceRequest, ProduceError)>, ProduceError> {
    let topics = std::mem::take(&mut request.topic_data);
    let (mut again, mut why) = (request, None);
    for topic in topics {
        let answered = response.responses.iter().find(|answered| answered.name == topic.name);
        for data in topic.partition_data {
            let answer = answered.and_then(|answered| answered.partition_responses.iter().find(|answer| answer.index == data.index));
            let code = answer.ok_or_else(|| ProduceError::format("a partition is missing in it"))?.error_code;
            match refused(&format!("records for {} partition {}", *topic.name, data.index), code) {
                Ok(()) => {}
                Err(error) if is_sent_again(&error) => {
                    add(&mut again, &topic.name, data);
                    why = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(why.map(|error| (again, error)))
}

fn refused(what: &str, code: i16) -> Result<(), ProduceError> {
    match code.err() {
        // It has them since they were sent before.
        None | Some(ResponseError::DuplicateSequenceNumber) => Ok(()),
        Some(code) => Err(ProduceError::Refused { what: what.to_owned(), code }),
    }
}

/// Whether records are taken when they come again: markers of the transaction before may be under way, or a copy is behind.
const fn is_sent_again(error: &ProduceError) -> bool {
    use ResponseError::{ConcurrentTransactions, NotEnoughReplicas, NotEnoughReplicasAfterAppend, RequestTimedOut};
    let ProduceError::Refused { code, .. } = error else { return false };
    matches!(code, ConcurrentTransactions | NotEnoughReplicas | NotEnoughReplicasAfterAppend | RequestTimedOut)
}

/// Whether the same may be asked again in a moment: Kafka is still busy with what was before.
const fn is_busy(error: &ProduceError) -> bool {
    use ResponseError::{ConcurrentTransactions, CoordinatorLoadInProgress, LeaderNotAvailable, UnknownTopicOrPartition};
    let ProduceError::Refused { code, .. } = error else { return false };
    matches!(code, ConcurrentTransactions | CoordinatorLoadInProgress | LeaderNotAvailable | UnknownTopicOrPartition)
}

/// Whether it is a Kafka that is not there, or has only begun.
const fn begins(error: &ProduceError) -> bool {
    use ResponseError::{CoordinatorNotAvailable, NotCoordinator};
    match error {
        ProduceError::Unreachable { .. } | ProduceError::Lost(_) => true,
        ProduceError::Refused { code, .. } => matches!(code, CoordinatorNotAvailable | NotCoordinator),
        ProduceError::Format(_) | ProduceError::Unsupported(_) => false,
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
