//! Kafka first: what everything here rests on, checked on the real thing. A `read_committed` consumer sees what was
//! committed, and nothing of an aborted or a fenced transaction. A commit shows partition by partition, each one whole.

use anyhow::{Context, ensure};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::ops::Range;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(30);
const PARTITIONS: i32 = 2;

#[test]
fn read_committed_shows_only_what_was_committed() -> anyhow::Result<()> {
    on_a_topic("visibility", only_what_was_committed)
}

#[test]
fn a_commit_may_show_in_one_partition_before_another() -> anyhow::Result<()> {
    on_a_topic("partitions", partition_by_partition)
}

#[test]
fn reading_a_whole_partition_never_misses_what_commits_meanwhile() -> anyhow::Result<()> {
    on_a_topic("whole", nothing_is_missed)
}

/// Runs a check on a topic of its own, which is removed afterwards.
pub(crate) fn on_a_topic(name: &str, check: fn(&str, &str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let Ok(brokers) = std::env::var("KAFKA_BROKERS") else {
        println!("skipped: KAFKA_BROKERS is not set");
        return Ok(());
    };
    let _services = crate::house::share_services();
    let topic = format!("{name}-{}", uuid::Uuid::new_v4());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    let new = NewTopic::new(&topic, PARTITIONS, TopicReplication::Fixed(-1));
    for made in runtime.block_on(admin.create_topics(&[new], &AdminOptions::new()))? {
        made.map_err(|(_, code)| anyhow::anyhow!("can't create the topic {topic}: {code}"))?;
    }
    let checked = check(&brokers, &topic);
    runtime.block_on(admin.delete_topics(&[&topic], &AdminOptions::new()))?;
    checked
}

fn only_what_was_committed(brokers: &str, topic: &str) -> anyhow::Result<()> {
    let first = producer(brokers, topic)?;
    send(&first, topic, &["committed"])?;
    first.commit_transaction(WAIT)?;
    send(&first, topic, &["aborted"])?;
    first.abort_transaction(WAIT)?;
    // Another process takes over while this one has a transaction open, with its records already in the log.
    send(&first, topic, &["fenced"])?;
    let second = producer(brokers, topic)?;
    let refused = first.commit_transaction(WAIT).err().context("a fenced producer has committed")?;
    ensure!(matches!(&refused, rdkafka::error::KafkaError::Transaction(error) if error.is_fatal()), "not fatal: {refused}");
    send(&second, topic, &["committed"])?;
    second.commit_transaction(WAIT)?;
    // The last transaction shows where to stop.
    send(&second, topic, &["end"])?;
    second.commit_transaction(WAIT)?;

    let committed = read(brokers, topic, "read_committed")?;
    ensure!(committed == ["committed", "committed", "end"].repeat(2), "shown as committed: {committed:?}");
    let all = read(brokers, topic, "read_uncommitted")?;
    for record in ["aborted", "fenced"] {
        ensure!(all.iter().filter(|value| *value == record).count() == 2, "{record} is not in the log: {all:?}");
    }
    Ok(())
}

/// While one thread commits, another reads both partitions. Each partition shows whole transactions, in order; which
/// partition shows one first, and by how much, is the broker's affair.
fn partition_by_partition(brokers: &str, topic: &str) -> anyhow::Result<()> {
    const TRANSACTIONS: usize = 20;
    const RECORDS: usize = 10;
    let reader = consumer(brokers, topic, "read_committed", 0..PARTITIONS)?;
    let writer = producer(brokers, topic)?;
    let shown = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for transaction in 0..TRANSACTIONS {
                send(&writer, topic, &[transaction.to_string().as_str(); RECORDS])?;
                writer.commit_transaction(WAIT)?;
            }
            anyhow::Ok(())
        });
        let mut shown = vec![Vec::new(); usize::try_from(PARTITIONS)?];
        let deadline = Instant::now() + WAIT;
        while shown.iter().any(|values| values.len() < TRANSACTIONS * RECORDS) {
            ensure!(Instant::now() < deadline, "a partition does not show all that was committed: {shown:?}");
            let Some(message) = reader.poll(Duration::from_millis(100)) else { continue };
            let message = message?;
            let partition = usize::try_from(message.partition())?;
            shown[partition].push(String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned());
        }
        writing.join().expect("the writer returns its errors")?;
        anyhow::Ok(shown)
    })?;
    let whole: Vec<_> = (0..TRANSACTIONS).flat_map(|transaction| vec![transaction.to_string(); RECORDS]).collect();
    for (partition, values) in shown.iter().enumerate() {
        ensure!(*values == whole, "partition {partition} does not show whole transactions in order: {values:?}");
    }
    Ok(())
}

/// A transaction is open, with its record in the log, when the reading begins, and commits at some moment of it. The
/// end that the reader reports lies behind that record, so it must have read it.
fn nothing_is_missed(brokers: &str, topic: &str) -> anyhow::Result<()> {
    let writer = producer(brokers, topic)?;
    for round in 0..12 {
        send(&writer, topic, &[round.to_string().as_str()])?;
        let (read, end) = std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut values = 0;
                let end = ingress::kafka::read_all(brokers, topic, 0, |_| {
                    values += 1;
                    Ok::<(), ingress::kafka::ReadError>(())
                })?;
                anyhow::Ok((values, end))
            });
            // Where in the reading the commit falls is what varies.
            std::thread::sleep(Duration::from_millis(round * 25));
            writer.commit_transaction(WAIT)?;
            reading.join().expect("the reader returns its errors")
        })?;
        // One record and one marker for each transaction before this one, and then this record.
        ensure!(end > i64::try_from(2 * round)?, "round {round}: the end {end} lies before a record that was in the log");
        ensure!(read == round + 1, "round {round}: {read} records were read up to offset {end}");
    }
    Ok(())
}

pub(crate) fn producer(brokers: &str, transactional_id: &str) -> anyhow::Result<BaseProducer> {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", brokers).set("transactional.id", transactional_id).set("acks", "all").create()?;
    producer.init_transactions(WAIT)?;
    Ok(producer)
}

/// Begins a transaction with these records in each partition, and waits until Kafka has them.
pub(crate) fn send(producer: &BaseProducer, topic: &str, values: &[&str]) -> anyhow::Result<()> {
    producer.begin_transaction()?;
    for partition in 0..PARTITIONS {
        for value in values {
            producer.send(BaseRecord::<str, str>::to(topic).partition(partition).payload(value)).map_err(|(error, _)| error)?;
        }
    }
    producer.flush(WAIT)?;
    Ok(())
}

/// Every value up to the end mark of each partition, one partition after the other.
pub(crate) fn read(brokers: &str, topic: &str, isolation: &str) -> anyhow::Result<Vec<String>> {
    let mut values = Vec::new();
    for partition in 0..PARTITIONS {
        let consumer = consumer(brokers, topic, isolation, partition..partition + 1)?;
        let deadline = Instant::now() + WAIT;
        while values.iter().filter(|value| *value == "end").count() <= usize::try_from(partition)? {
            ensure!(Instant::now() < deadline, "partition {partition} does not show its end under {isolation}: {values:?}");
            if let Some(message) = consumer.poll(Duration::from_millis(100)) {
                values.push(String::from_utf8_lossy(message?.payload().unwrap_or_default()).into_owned());
            }
        }
    }
    Ok(values)
}

fn consumer(brokers: &str, topic: &str, isolation: &str, partitions: Range<i32>) -> anyhow::Result<BaseConsumer> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "visibility")
        .set("enable.auto.commit", "false")
        .set("isolation.level", isolation)
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    Ok(consumer)
}
