//! What a commit costs: from the begin of a transaction of the sink to its commit, against the pause before it, the
//! partitions that it touches and the records in it. Reads `KAFKA_BROKERS`; takes about a minute. Topics are its own.

use egress::kafka::Sink;
use egress::records::Sent;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use schemas::Topic;
use schemas::wire::Encoder;
use std::collections::BTreeMap;
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

#[derive(Clone, Copy)]
struct Cell {
    pause: Duration,
    partitions: i32,
    records: usize,
}

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
    let mut sink = Sink::fence(brokers, run, Topic::ViewsJournal, Encoder::new(BTreeMap::new()), BTreeMap::new())?;

    println!("Milliseconds from begin to committed; {TRANSACTIONS} transactions a line, records of {RECORD_BYTES} bytes.");
    println!("If not varied: a pause of {} ms, {} partitions, {} records.", USUAL.pause.as_millis(), USUAL.partitions, USUAL.records);
    heading("pause, ms");
    for pause in PAUSES_MS {
        line(&pause.to_string(), measure(&mut sink, run, Cell { pause: Duration::from_millis(pause), ..USUAL })?);
    }
    heading("partitions");
    for partitions in PARTITIONS {
        line(&partitions.to_string(), measure(&mut sink, run, Cell { partitions, ..USUAL })?);
    }
    heading("records");
    for records in RECORDS {
        line(&records.to_string(), measure(&mut sink, run, Cell { records, ..USUAL })?);
    }
    Ok(())
}

fn measure(sink: &mut Sink, run: &str, cell: Cell) -> anyhow::Result<Vec<Duration>> {
    let topic = topic(run, cell.partitions);
    let value = [b'x'; RECORD_BYTES];
    let mut took = Vec::with_capacity(TRANSACTIONS);
    for transaction in 0..UNCOUNTED + TRANSACTIONS {
        std::thread::sleep(cell.pause);
        let begun = Instant::now();
        let places = (0..cell.partitions).cycle().take(cell.records);
        sink.publish(places.map(|partition| Sent { topic: &topic, partition, key: "", value: &value, headers: &[], epoch: None }))?;
        if transaction >= UNCOUNTED {
            took.push(begun.elapsed());
        }
    }
    Ok(took)
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
