//! A Kafka that dies in the middle of commits, again and again: what was written in one transaction stands in all of its
//! partitions or in none. `LOOSE_ENDS_KILLS` says how often it dies; each death may lose the end of a transaction, or not.

use crate::house::{House, signal};
use crate::overload::broker;
use anyhow::{Context, ensure};
use egress::kafka::{Sink, SinkError};
use ingress::kafka::{ReadError, read_all};
use ingress::loose_ends::{self, LooseEnds};
use orion::cell::fence;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use schemas::topic::{EPOCH_HEADER, GENERATION_HEADER};
use schemas::wire::Encoder;
use schemas::{Binding, Cause, CommandId, Epoch, EpochOutput, Event, EventId, Fact, Position, Refusal, Repeat, Topic};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Each epoch has a record in each of these.
const TOPICS: [Topic; 3] = [Topic::CommandRefused, Topic::RulesActivated, Topic::Outcomes];

const WAIT: Duration = Duration::from_secs(30);

#[test]
fn a_transaction_stands_whole_or_not_at_all_whenever_kafka_dies() -> anyhow::Result<()> {
    let Some(mut house) = House::start("loose-ends")? else { return Ok(()) };
    house.end_run()?;
    house.end_serve()?;
    let kills: u32 = std::env::var("LOOSE_ENDS_KILLS").map_or(Ok(2), |kills| kills.parse())?;
    let mut generation = ingress::journal::read(&brokers()?, Topic::SettlementJournal)?.generation();
    let (mut last, mut written) = (0, 0);
    for number in 0..=kills {
        let mut sink = take_over(&mut generation, &mut last)?;
        if number == kills {
            break;
        }
        let Some(kafka) = broker()? else { return house.forget() };
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let writer = std::thread::spawn(move || -> SinkError {
            let mut epoch = last;
            loop {
                epoch = now_ms().max(epoch + 1);
                if let Err(error) = sink.write(&[output(epoch, generation)]) {
                    return error;
                }
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        let deadline = Instant::now() + WAIT;
        while count.load(Ordering::Relaxed) <= 10 && !writer.is_finished() {
            ensure!(Instant::now() < deadline, "only {count:?} transactions in {WAIT:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(u64::from(number) * 37));
        signal("KILL", kafka)?;
        let error = writer.join().ok().context("the writer has panicked")?;
        let count = count.load(Ordering::Relaxed);
        // A Kafka that dies in the middle of an end may fence the writer when it is back; to a cell both are a reason to start again.
        ensure!(!matches!(error, SinkError::Wire(_)), "{error}");
        written += count;
        println!("Kafka died after {count} transactions: {error}");
    }
    ensure!(written > u64::from(kills) * 10, "only {written} transactions were written");
    house.forget()
}

/// A record: its partition, of which the first is the journal, its generation, and its epoch; a claim has none.
type Record = (i32, u64, Option<Epoch>);

/// What was committed, what hangs, and how that has to end.
type Case = (&'static str, &'static [Record], &'static [Record], Option<bool>);

/// An open transaction of somebody else looks like what hangs, and ends as it does.
#[test]
fn what_hangs_ends_as_the_rest_of_its_transaction() -> anyhow::Result<()> {
    let Ok(brokers) = brokers() else {
        println!("skipped: KAFKA_BROKERS is not set");
        return Ok(());
    };
    let _services = crate::house::share_services();
    let cases: &[Case] = &[
        ("nothing hangs", &[(0, 3, Some(5)), (1, 3, Some(5))], &[], None),
        ("its entry is visible", &[(0, 3, Some(5))], &[(1, 3, Some(5))], Some(true)),
        ("its entry is visible, and of a later epoch", &[(0, 3, Some(7))], &[(1, 3, Some(5)), (2, 3, Some(6))], Some(true)),
        ("the journal ends before it", &[(0, 3, Some(4))], &[(1, 3, Some(5))], Some(false)),
        ("the journal ends before it, with a claim of its generation", &[(0, 2, Some(4)), (0, 3, None)], &[(1, 3, Some(5))], Some(false)),
        ("only another generation has committed since", &[(0, 3, Some(4)), (0, 4, Some(9))], &[(1, 3, Some(5))], Some(false)),
        ("the entry hangs, and an output is visible", &[(0, 3, Some(4)), (2, 3, Some(5))], &[(0, 3, Some(5)), (1, 3, Some(5))], Some(true)),
        ("the entry hangs, and an output of an epoch before its last", &[(0, 3, Some(4)), (2, 3, Some(5))], &[(0, 3, Some(6))], Some(true)),
        (
            "the entry hangs, and only older outputs are visible",
            &[(0, 3, Some(4)), (2, 3, Some(4))],
            &[(0, 3, Some(5)), (1, 3, Some(5))],
            Some(false),
        ),
        ("everything hangs", &[], &[(0, 3, Some(5)), (1, 3, Some(5)), (2, 3, Some(5))], Some(false)),
        ("a claim hangs", &[(0, 3, Some(5)), (1, 3, Some(5))], &[(0, 4, None)], Some(false)),
    ];
    let id = uuid::Uuid::new_v4().to_string();
    let mut sink = Sink::fence(&brokers, &id, Topic::ViewsJournal, Encoder::new(BTreeMap::new()), BTreeMap::new())?;
    for (name, committed, hanging, expected) in cases {
        let (topic, _open) = set_up(&brokers, committed, hanging)?;
        let places: Vec<_> = (0..3).map(|partition| (topic.clone(), partition)).collect();
        let found = loose_ends::find(&brokers, &places)?;
        if let Some(LooseEnds { places: hangs, commits }) = &found {
            // One by one: whoever dies between two of them is followed by one who finds the same end for the rest.
            for (ended, place) in hangs.iter().enumerate() {
                sink.end(&BTreeSet::from([place.clone()]), *commits)?;
                let rest = loose_ends::find(&brokers, &places)?;
                let left = rest.as_ref().map_or(0, |rest| rest.places.len());
                ensure!(left == hangs.len() - ended - 1, "{name}: {left} hang after {} were ended", ended + 1);
                ensure!(rest.is_none_or(|rest| rest.commits == *commits), "{name}: the rest would end otherwise");
            }
            let seen = if *commits { committed.len() + hanging.len() } else { committed.len() };
            ensure!(records(&brokers, &topic)? == seen, "{name}: of {seen} records {} are seen", records(&brokers, &topic)?);
        }
        let ends = found.as_ref().map(|found| found.commits);
        ensure!(ends == *expected, "{name}: {found:?}");
        let hang: BTreeSet<i32> = hanging.iter().map(|(partition, ..)| *partition).collect();
        let told: BTreeSet<i32> = found.iter().flat_map(|found| &found.places).map(|(_, partition)| *partition).collect();
        ensure!(hang == told, "{name}: {found:?}");
    }
    ensure!(loose_ends::find(&brokers, &[("no-such-topic".to_owned(), 0)])?.is_none());
    Ok(())
}

/// A Kafka that has just come back, whose partitions may have no leader yet, is not one in which nothing hangs.
#[test]
fn what_hangs_is_found_as_soon_as_kafka_answers_again() -> anyhow::Result<()> {
    let Some(mut house) = House::start("hanging")? else { return Ok(()) };
    house.end_run()?;
    house.end_serve()?;
    let Some(kafka) = broker()? else { return house.forget() };
    let (brokers, topic) = (brokers()?, format!("loose-ends-{}", uuid::Uuid::new_v4()));
    made(&brokers, &topic)?;
    let _open = send(&brokers, &topic, &[(0, 3, Some(5)), (1, 3, Some(5)), (2, 3, Some(5))])?;
    signal("KILL", kafka)?;
    let places: Vec<_> = (0..3).map(|partition| (topic.clone(), partition)).collect();
    let deadline = Instant::now() + 4 * WAIT;
    let found = loop {
        match loose_ends::find(&brokers, &places) {
            Err(error) if Instant::now() < deadline => println!("not yet: {error}"),
            found => break found?,
        }
    };
    ensure!(found.as_ref().is_some_and(|found| found.places.len() == 3), "{found:?}");
    house.forget()
}

/// How many records of a topic are committed.
fn records(brokers: &str, topic: &str) -> anyhow::Result<usize> {
    let mut seen = 0;
    for partition in 0..3 {
        read_all(brokers, topic, partition, |_| {
            seen += 1;
            Ok::<_, ReadError>(())
        })?;
    }
    Ok(seen)
}

fn made(brokers: &str, topic: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    // Epochs of the cases are of 1970, and Kafka looks for what is too old half a minute after each start: without this, it may delete
    // a case before it is looked at, or in the middle of its making.
    let topic = NewTopic::new(topic, 3, TopicReplication::Fixed(-1)).set("retention.ms", "-1");
    let made = runtime.block_on(admin.create_topics(&[topic], &AdminOptions::new()))?;
    made.into_iter().try_for_each(|made| made.map(drop)).map_err(|(topic, code)| anyhow::anyhow!("can't create the topic {topic}: {code}"))
}

/// A topic of its own with what was committed, and the open transaction of what hangs. A Kafka that has just come back may refuse a
/// record: then once more.
fn set_up(brokers: &str, committed: &[Record], hanging: &[Record]) -> anyhow::Result<(String, BaseProducer<Refused>)> {
    let mut attempts = 0;
    loop {
        let topic = format!("loose-ends-{}", uuid::Uuid::new_v4());
        let open = made(brokers, &topic).and_then(|()| {
            send(brokers, &topic, committed)?.commit_transaction(WAIT)?;
            // The marks of its end are under way for a moment; until then, it hangs as well.
            records(brokers, &topic)?;
            send(brokers, &topic, hanging)
        });
        attempts += 1;
        match open {
            Err(error) if attempts < 5 => println!("once more, after: {error}"),
            open => return Ok((topic, open?)),
        }
    }
}

/// Why Kafka did not take a record; nobody else says it of a transaction that is not committed.
#[derive(Default)]
struct Refused(Mutex<Option<KafkaError>>);

impl ClientContext for Refused {}

impl ProducerContext for Refused {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        }
    }
}

/// Begins a transaction with these records.
fn send(brokers: &str, topic: &str, records: &[Record]) -> anyhow::Result<BaseProducer<Refused>> {
    let id = uuid::Uuid::new_v4().to_string();
    let producer: BaseProducer<Refused> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("transactional.id", &id)
        // Kafka must not end what is to stay open, however long the rest takes.
        .set("transaction.timeout.ms", "600000")
        .create_with_context(Refused::default())?;
    producer.init_transactions(WAIT)?;
    producer.begin_transaction()?;
    for (partition, generation, epoch) in records {
        let (generation, stamp) = (generation.to_string(), epoch.map(|epoch| epoch.to_string()).unwrap_or_default());
        let mut headers = OwnedHeaders::new().insert(Header { key: GENERATION_HEADER, value: Some(&generation) });
        if epoch.is_some() {
            headers = headers.insert(Header { key: EPOCH_HEADER, value: Some(&stamp) });
        }
        let record = BaseRecord::<str, str>::to(topic).partition(*partition).payload("record").headers(headers);
        // As the sink does it: a claim has the time of the clock, which may run ahead of the epochs.
        let time = epoch.map_or(1_000, |epoch| i64::try_from(epoch).expect("a small number"));
        producer.send(record.timestamp(time)).map_err(|(error, _)| error)?;
    }
    producer.flush(WAIT)?;
    let refused = producer.context().0.lock().unwrap_or_else(PoisonError::into_inner).take();
    refused.map_or(Ok(producer), |error| Err(error.into()))
}

/// Takes settlement over, and once more where Kafka still ends the transaction of before: a cell would start again.
fn take_over(generation: &mut u64, last: &mut Epoch) -> anyhow::Result<Sink> {
    let mut attempts = 0;
    loop {
        let registry = std::env::var("SCHEMA_REGISTRY_URL")?;
        let taken = fence(&brokers()?, &registry, "orion-settlement", Topic::SettlementJournal).and_then(|mut sink| {
            check(last)?;
            *generation += 1;
            sink.claim(*generation, 1)?;
            Ok(sink)
        });
        attempts += 1;
        match taken {
            Err(error) if attempts < 5 && error.downcast_ref::<SinkError>().is_some() => println!("again, after: {error}"),
            taken => return taken,
        }
    }
}

/// Every topic holds the epochs that the journal commits, and no other.
fn check(last: &mut Epoch) -> anyhow::Result<()> {
    let brokers = brokers()?;
    let sealed = ingress::journal::read(&brokers, Topic::SettlementJournal)?.into_sealed();
    let journal: BTreeSet<Epoch> = sealed.filter(|sealed| !sealed.outputs.is_empty()).map(|sealed| sealed.binding.epoch).collect();
    *last = journal.last().copied().unwrap_or(*last).max(*last);
    for topic in TOPICS {
        let mut held = BTreeSet::new();
        read_all(&brokers, topic.as_str(), 0, |message| {
            let header = message.headers().and_then(|headers| headers.iter().find(|header| header.key == EPOCH_HEADER));
            held.extend(header.and_then(|header| std::str::from_utf8(header.value?).ok()?.parse::<Epoch>().ok()));
            Ok::<_, ReadError>(())
        })?;
        let (more, fewer): (Vec<_>, Vec<_>) = (held.difference(&journal).collect(), journal.difference(&held).collect());
        ensure!(more.is_empty() && fewer.is_empty(), "{topic} holds {more:?} that the journal does not commit, and lacks {fewer:?}");
    }
    Ok(())
}

fn output(epoch: Epoch, generation: u64) -> EpochOutput {
    let repeat = Repeat { operation: "transfer".to_owned(), first_epoch: epoch, first: None };
    let refused = Fact::Refused { operation: "open_account".to_owned(), refusal: Refusal::NotAuthorized };
    let facts = [refused, Fact::RulesActivated { version: 1 }, Fact::Repeated(Box::new(repeat))];
    let event = |(number, fact)| {
        let cause = Cause {
            command_id: CommandId::derive("loose", "ends", &epoch.to_string()),
            position: Position { partition: 0, offset: 0 },
            traceparent: String::new(),
        };
        Event { id: EventId::mint(epoch, number), epoch, cause, fact }
    };
    EpochOutput {
        binding: Binding { epoch, generation, code_version: 1, inputs: Vec::new() },
        events: (0..).zip(facts).map(event).collect(),
        dead_letters: Vec::new(),
        pinned: 0,
        waited: Vec::new(),
        committed: None,
    }
}

fn brokers() -> anyhow::Result<String> {
    Ok(std::env::var("KAFKA_BROKERS")?)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
