//! A Kafka that dies in the middle of commits, again and again: what was written in one transaction stands in all of its
//! partitions or in none. `LOOSE_ENDS_KILLS` says how often it dies; each death may lose the end of a transaction, or not.

use crate::house::{House, signal};
use crate::overload::broker;
use anyhow::{Context, ensure};
use egress::kafka::{Sink, SinkError};
use egress::registry::Registry;
use egress::topics::Topics;
use ingress::kafka::{ReadError, read_all};
use rdkafka::message::{Headers, Message};
use schemas::topic::EPOCH_HEADER;
use schemas::wire::Encoder;
use schemas::{Binding, Cause, CommandId, Epoch, EpochOutput, Event, EventId, Fact, Position, Refusal, Repeat, Topic};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Each epoch has a record in each of these.
const TOPICS: [Topic; 3] = [Topic::CommandRefused, Topic::RulesActivated, Topic::Outcomes];

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
        let writer = std::thread::spawn(move || -> (u64, SinkError) {
            let (mut epoch, mut count) = (last, 0);
            loop {
                epoch = now_ms().max(epoch + 1);
                if let Err(error) = sink.write(&[output(epoch, generation)]) {
                    return (count, error);
                }
                count += 1;
            }
        });
        std::thread::sleep(Duration::from_millis(700 + u64::from(number) * 37));
        signal("KILL", kafka)?;
        let (count, error) = writer.join().ok().context("the writer has panicked")?;
        ensure!(!matches!(error, SinkError::Wire(_) | SinkError::Fenced), "{error}");
        written += count;
        println!("Kafka died after {count} transactions: {error}");
    }
    ensure!(written > u64::from(kills) * 10, "only {written} transactions were written");
    house.forget()
}

/// Takes settlement over, and once more where Kafka still ends the transaction of before: a cell would start again.
fn take_over(generation: &mut u64, last: &mut Epoch) -> anyhow::Result<Sink> {
    let mut attempts = 0;
    loop {
        let taken = fence().and_then(|mut sink| {
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

/// Takes settlement over, as its cell does.
fn fence() -> anyhow::Result<Sink> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ids = runtime.block_on(Registry::new(&std::env::var("SCHEMA_REGISTRY_URL")?).ids(Topic::ALL))?;
    let topics = Topics::committed();
    let partitions = Topic::ALL.iter().filter_map(|topic| topics.partitions(topic.as_str()).map(|partitions| (*topic, partitions)));
    let journal = Topic::SettlementJournal;
    Ok(Sink::fence(&brokers()?, "orion-settlement", journal, Encoder::new(ids), partitions.collect())?)
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
