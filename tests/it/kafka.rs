//! Kafka first: what everything here rests on, checked on the real thing. A `read_committed` consumer sees what was
//! committed, and nothing of an aborted or a fenced transaction.

use anyhow::{Context, ensure};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(30);
const PARTITIONS: i32 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn read_committed_shows_only_what_was_committed() -> anyhow::Result<()> {
    let Ok(brokers) = std::env::var("KAFKA_BROKERS") else {
        println!("skipped: KAFKA_BROKERS is not set");
        return Ok(());
    };
    let topic = format!("visibility-{}", uuid::Uuid::new_v4());
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    admin.create_topics(&[NewTopic::new(&topic, PARTITIONS, TopicReplication::Fixed(-1))], &AdminOptions::new()).await?;
    let checked = tokio::task::block_in_place(|| check(&brokers, &topic));
    admin.delete_topics(&[&topic], &AdminOptions::new()).await?;
    checked
}

fn check(brokers: &str, topic: &str) -> anyhow::Result<()> {
    let first = producer(brokers, topic)?;
    send(&first, topic, "committed")?;
    first.commit_transaction(WAIT)?;
    send(&first, topic, "aborted")?;
    first.abort_transaction(WAIT)?;
    // Another process takes over while this one has a transaction open, with its records already in the log.
    send(&first, topic, "fenced")?;
    let second = producer(brokers, topic)?;
    let refused = first.commit_transaction(WAIT).err().context("a fenced producer has committed")?;
    ensure!(matches!(&refused, rdkafka::error::KafkaError::Transaction(error) if error.is_fatal()), "not fatal: {refused}");
    send(&second, topic, "committed")?;
    second.commit_transaction(WAIT)?;
    // The last transaction shows where to stop.
    send(&second, topic, "end")?;
    second.commit_transaction(WAIT)?;

    let committed = read(brokers, topic, "read_committed")?;
    assert_eq!(committed, ["committed", "committed", "end"].repeat(2).into_iter().map(str::to_owned).collect::<Vec<_>>());
    let all = read(brokers, topic, "read_uncommitted")?;
    for record in ["aborted", "fenced"] {
        assert_eq!(all.iter().filter(|value| *value == record).count(), 2, "{record} was in the log");
    }
    Ok(())
}

fn producer(brokers: &str, transactional_id: &str) -> anyhow::Result<BaseProducer> {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", brokers).set("transactional.id", transactional_id).set("acks", "all").create()?;
    producer.init_transactions(WAIT)?;
    Ok(producer)
}

/// Begins a transaction with one record in each partition, and waits until Kafka has them.
fn send(producer: &BaseProducer, topic: &str, value: &str) -> anyhow::Result<()> {
    producer.begin_transaction()?;
    for partition in 0..PARTITIONS {
        producer.send(BaseRecord::<str, str>::to(topic).partition(partition).payload(value)).map_err(|(error, _)| error)?;
    }
    producer.flush(WAIT)?;
    Ok(())
}

/// Every value up to the end mark of each partition, one partition after the other.
fn read(brokers: &str, topic: &str, isolation: &str) -> anyhow::Result<Vec<String>> {
    let mut values = Vec::new();
    for partition in 0..PARTITIONS {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", "visibility")
            .set("enable.auto.commit", "false")
            .set("isolation.level", isolation)
            .create()?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
        consumer.assign(&list)?;
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
