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
//! partition's records begin at zero in each, and what an older process still sends is refused. One request at a time is under way
//! to a broker, and what Kafka asks to send again is the same bytes, which Kafka knows by their numbers.
//!
//! It is crash-only: a connection that is lost is never opened again, and any other error is the end too. Whoever comes next fences,
//! which settles what became of the transaction.

/// Records of a partition.
mod batch;
/// Who leads what.
mod cluster;
/// Requests and answers.
mod connection;
/// What goes wrong.
mod error;
/// Transactions without an end.
mod hanging;
/// Asking again.
mod pause;

pub use error::ProduceError;

use crate::records::Sent;
use batch::{Batch, Identity};
use bytes::Bytes;
use cluster::Cluster;
use connection::ANSWERS;
use error::{begins, is_busy, is_sent_again, refused};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    BrokerId, EndTxnRequest, InitProducerIdRequest, ProduceRequest, ProduceResponse, ProducerId, TopicName, TransactionalId,
};
use kafka_protocol::protocol::StrBytes;
use pause::Pause;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    /// of it. Nor after one that was left without an end: what it appended would be part of this one.
    pub(crate) fn begin(&mut self) -> Result<(), ProduceError> {
        if self.is_over || self.wrote || self.waiting > 0 || !self.cluster.is_open(RESTS_MAX) {
            self.is_over = true;
            return Err(ProduceError::Lost(std::io::ErrorKind::ConnectionReset.into()));
        }
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
                        producer.wrote = false;
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
        let mut requests = Vec::new();
        for partition in self.partitions.iter_mut().filter(|partition| partition.batch.count() > 0) {
            let count = i32::try_from(partition.batch.count()).expect("a request has fewer records than bytes");
            let records = Bytes::from(partition.batch.seal(self.identity, partition.sent));
            partition.sent += count;
            let data = PartitionProduceData::default().with_index(partition.number).with_records(Some(records));
            add(&mut requests, &self.id, partition.leader, &partition.topic, data);
        }
        self.waiting = 0;
        if requests.is_empty() {
            return Ok(());
        }
        // What was sent before has its answer first: were it to be sent again, it would stand behind this.
        self.answers()?;
        self.wrote = true;
        self.send(requests)
    }

    fn send(&mut self, requests: Vec<(BrokerId, ProduceRequest)>) -> Result<(), ProduceError> {
        for (broker, request) in requests {
            self.cluster.connection(broker)?.send(&request, PRODUCE)?;
            self.under_way.push((broker, request));
        }
        Ok(())
    }

    /// Takes the answers to what is under way, and sends again what Kafka could not take yet.
    fn answers(&mut self) -> Result<(), ProduceError> {
        let mut pause = Pause::until(ANSWERS);
        loop {
            let (mut again, mut why) = (Vec::new(), None);
            for (broker, request) in std::mem::take(&mut self.under_way) {
                let response = self.cluster.connection(broker)?.receive::<ProduceRequest>(PRODUCE)?;
                why = left(request, &response, &mut again)?.or(why);
            }
            let Some(error) = why else { return Ok(()) };
            pause.or(error)?;
            let mut requests = Vec::new();
            for (topic, data) in again {
                // It may be led by another broker by now.
                let leader = self.leader(&topic, data.index)?;
                let is_this = |partition: &&mut Partition| partition.number == data.index && partition.topic == **topic;
                self.partitions.iter_mut().filter(is_this).for_each(|partition| partition.leader = leader);
                add(&mut requests, &self.id, leader, &topic, data);
            }
            self.send(requests)?;
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

/// Puts a partition's records into the request to a broker.
fn add(requests: &mut Vec<(BrokerId, ProduceRequest)>, id: &TransactionalId, broker: BrokerId, topic: &str, data: PartitionProduceData) {
    let place = requests.iter().position(|(to, _)| *to == broker).unwrap_or_else(|| {
        let request = ProduceRequest::default()
            .with_transactional_id(Some(id.clone()))
            .with_acks(-1)
            .with_timeout_ms(i32::try_from(ANSWERS.as_millis()).expect("some seconds"));
        requests.push((broker, request));
        requests.len() - 1
    });
    let topics = &mut requests[place].1.topic_data;
    if let Some(found) = topics.iter_mut().find(|found| *found.name == *topic) {
        found.partition_data.push(data);
    } else {
        let name = TopicName(StrBytes::from_string(topic.to_owned()));
        topics.push(TopicProduceData::default().with_name(name).with_partition_data(vec![data]));
    }
}

/// Leaves what of a request has to be sent again, and says why; none if Kafka has all of it.
fn left(
    request: ProduceRequest,
    response: &ProduceResponse,
    again: &mut Vec<(TopicName, PartitionProduceData)>,
) -> Result<Option<ProduceError>, ProduceError> {
    let mut why = None;
    for topic in request.topic_data {
        let answered = response.responses.iter().find(|answered| answered.name == topic.name);
        for data in topic.partition_data {
            let answer = answered.and_then(|answered| answered.partition_responses.iter().find(|answer| answer.index == data.index));
            let code = answer.ok_or_else(|| ProduceError::format("a partition is missing in it"))?.error_code;
            match refused(&format!("records for {} partition {}", *topic.name, data.index), code) {
                Ok(()) => {}
                Err(error) if is_sent_again(&error) => {
                    again.push((topic.name.clone(), data));
                    why = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(why)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::error::ResponseError;
    use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};

    /// What is left of a request for as many partitions, each of which was answered with a code.
    fn answered(codes: &[i16]) -> Result<(Vec<i32>, Option<ProduceError>), ProduceError> {
        let (mut requests, id) = (Vec::new(), TransactionalId(StrBytes::from_static_str("cell")));
        let mut topic = TopicProduceResponse::default().with_name(TopicName(StrBytes::from_static_str("topic")));
        for (number, code) in (0..).zip(codes) {
            add(&mut requests, &id, BrokerId(1), "topic", PartitionProduceData::default().with_index(number));
            topic.partition_responses.push(PartitionProduceResponse::default().with_index(number).with_error_code(*code));
        }
        assert_eq!(requests.len(), 1, "a broker gets one request");
        let (_, request) = requests.remove(0);
        let mut again = Vec::new();
        let why = left(request, &ProduceResponse::default().with_responses(vec![topic]), &mut again)?;
        Ok((again.into_iter().map(|(_, data)| data.index).collect(), why))
    }

    #[test]
    fn only_what_kafka_could_not_take_yet_is_sent_again() {
        use ResponseError::{
            ConcurrentTransactions, DuplicateSequenceNumber, NotLeaderOrFollower, OutOfOrderSequenceNumber, ProducerFenced,
        };
        assert!(matches!(answered(&[0, DuplicateSequenceNumber.code()]), Ok((again, None)) if again.is_empty()));
        let (again, why) = answered(&[0, NotLeaderOrFollower.code(), 0, ConcurrentTransactions.code()]).unwrap();
        assert_eq!(again, [1, 3]);
        assert_eq!(why.unwrap().to_string(), "kafka says no to records for topic partition 3: ConcurrentTransactions");
        // What can't be mended is the end, whatever else was answered.
        assert!(answered(&[NotLeaderOrFollower.code(), ProducerFenced.code()]).unwrap_err().is_fenced());
        assert!(!answered(&[OutOfOrderSequenceNumber.code(), 0]).unwrap_err().is_fenced());
    }

    #[test]
    fn an_answer_that_lacks_a_partition_is_no_answer() {
        let mut requests = Vec::new();
        let id = TransactionalId(StrBytes::from_static_str("cell"));
        add(&mut requests, &id, BrokerId(1), "topic", PartitionProduceData::default());
        let (_, request) = requests.remove(0);
        assert!(left(request, &ProduceResponse::default(), &mut Vec::new()).is_err());
    }
}
