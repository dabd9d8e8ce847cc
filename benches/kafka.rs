//! What a commit costs: from `begin_transaction` to the return of `commit_transaction`, against the pause before it, the
//! partitions that it touches and the records in it. Reads `KAFKA_BROKERS`; takes about a minute. Topics are its own.

use anyhow::{Context, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, NoCustomPartitioner, Producer, ProducerContext, ThreadedProducer};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

const PAUSES_MS: [u64; 7] = [0, 1, 2, 5, 10, 20, 50];
const PARTITIONS: [i32; 6] = [1, 2, 4, 8, 16, 24];
const RECORDS: [usize; 3] = [1, 100, 1000];
/// What stays the same while another column varies.
const USUAL: Cell = Cell { pause: Duration::from_millis(2), partitions: 4, records: 100 };

const RECORD_BYTES: usize = 300;
const TRANSACTIONS: usize = 300;
/// Connections, metadata and the broker's own warm-up are not what is measured.
const UNCOUNTED: usize = 30;
const WAIT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy)]
struct Cell {
    pause: Duration,
    partitions: i32,
    records: usize,
}

/// Records that Kafka has not acknowledged yet. The last one wakes the thread that waits to commit.
struct Deliveries {
    open: AtomicUsize,
    refused: AtomicUsize,
    waiter: Thread,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.waiter.unpark();
        }
    }
}

type Transactions = ThreadedProducer<Deliveries, NoCustomPartitioner>;

fn main() -> anyhow::Result<()> {
    let Ok(brokers) = std::env::var("KAFKA_BROKERS") else {
        println!("skipped: KAFKA_BROKERS is not set");
        return Ok(());
    };
    let run = format!("bench-{}", uuid::Uuid::new_v4());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    let names = PARTITIONS.map(|partitions| topic(&run, partitions));
    let topics: Vec<_> =
        names.iter().zip(PARTITIONS).map(|(name, partitions)| NewTopic::new(name, partitions, TopicReplication::Fixed(-1))).collect();
    for made in runtime.block_on(admin.create_topics(&topics, &AdminOptions::new()))? {
        made.map_err(|(name, code)| anyhow::anyhow!("can't create the topic {name}: {code}"))?;
    }
    let measured = tables(&brokers, &run);
    runtime.block_on(admin.delete_topics(&names.each_ref().map(String::as_str), &AdminOptions::new()))?;
    measured
}

fn topic(run: &str, partitions: i32) -> String {
    format!("{run}-{partitions}")
}

fn tables(brokers: &str, run: &str) -> anyhow::Result<()> {
    let producer: Transactions = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("transactional.id", run)
        .set("acks", "all")
        .set("linger.ms", "1")
        .set("compression.type", "lz4")
        .create_with_context(Deliveries { open: 0.into(), refused: 0.into(), waiter: std::thread::current() })?;
    producer.init_transactions(WAIT).context("can't begin: the broker does not answer init_transactions")?;

    println!("Milliseconds from begin to committed; {TRANSACTIONS} transactions a line, records of {RECORD_BYTES} bytes.");
    println!("If not varied: a pause of {} ms, {} partitions, {} records.", USUAL.pause.as_millis(), USUAL.partitions, USUAL.records);
    heading("pause, ms");
    for pause in PAUSES_MS {
        line(&pause.to_string(), measure(&producer, run, Cell { pause: Duration::from_millis(pause), ..USUAL })?);
    }
    heading("partitions");
    for partitions in PARTITIONS {
        line(&partitions.to_string(), measure(&producer, run, Cell { partitions, ..USUAL })?);
    }
    heading("records");
    for records in RECORDS {
        line(&records.to_string(), measure(&producer, run, Cell { records, ..USUAL })?);
    }
    Ok(())
}

fn measure(producer: &Transactions, run: &str, cell: Cell) -> anyhow::Result<Vec<Duration>> {
    let topic = topic(run, cell.partitions);
    let value = [b'x'; RECORD_BYTES];
    let mut took = Vec::with_capacity(TRANSACTIONS);
    for transaction in 0..UNCOUNTED + TRANSACTIONS {
        std::thread::sleep(cell.pause);
        let begun = Instant::now();
        producer.begin_transaction()?;
        for partition in (0..cell.partitions).cycle().take(cell.records) {
            producer.context().open.fetch_add(1, Ordering::AcqRel);
            let record = BaseRecord::<(), [u8]>::to(&topic).partition(partition).payload(&value);
            producer.send(record).map_err(|(error, _)| error)?;
        }
        commit(producer)?;
        if transaction >= UNCOUNTED {
            took.push(begun.elapsed());
        }
    }
    Ok(took)
}

/// Waits until Kafka has every record, then commits: the client's own flush, inside its commit, takes 100 ms whenever
/// something is under way.
fn commit(producer: &Transactions) -> anyhow::Result<()> {
    let (deliveries, deadline) = (producer.context(), Instant::now() + WAIT);
    while deliveries.open.load(Ordering::Acquire) > 0 {
        ensure!(Instant::now() < deadline, "Kafka did not acknowledge a transaction's records in {} s", WAIT.as_secs());
        std::thread::park_timeout(Duration::from_millis(5));
    }
    // The client counts a record as under way until the callback for it has returned, a moment later.
    while producer.in_flight_count() > 0 {
        std::thread::yield_now();
    }
    ensure!(deliveries.refused.load(Ordering::Relaxed) == 0, "Kafka refused a record");
    Ok(producer.commit_transaction(WAIT)?)
}

fn heading(varied: &str) {
    println!("\n| {varied:>10} |  p50 |  p95 |  p99 |   max |");
    println!("|-----------:|-----:|-----:|-----:|------:|");
}

fn line(varied: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let [p50, p95, p99, max] = [50, 95, 99, 100].map(|percent| {
        let rank = (took.len() * percent / 100).min(took.len() - 1);
        took[rank].as_secs_f64() * 1000.0
    });
    println!("| {varied:>10} | {p50:4.1} | {p95:4.1} | {p99:4.1} | {max:5.1} |");
}
