//! A reader of settlement's events that starts in the middle sees what one from the beginning sees, and reads no more.

use crate::house::House;
use anyhow::{Context, ensure};
use egress::postgres::Progress;
use ingress::events::{Events, EventsError, Start};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use schemas::{Epoch, EpochEvents};
use std::process::Stdio;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(30);

#[test]
fn a_reader_that_starts_in_the_middle_reads_the_same_and_no_more() -> anyhow::Result<()> {
    let Some(house) = House::start("reader")? else { return Ok(()) };
    let brokers = std::env::var("KAFKA_BROKERS")?;
    // Three generations of settlement: claims, and their schemas, stand between the epochs; what the dead have begun is
    // aborted. In between, aborted records whose time stamps run ahead.
    for round in 0..3 {
        let load =
            house.orion().args(["load", "--payments", "300", "--rate", "150", "--seed", &round.to_string()]).stdout(Stdio::null()).spawn();
        let mut load = load?;
        std::thread::sleep(Duration::from_millis(1200));
        aborted_ahead(&brokers, &["orion.settlement.journal.v1", "transaction.settled.v1"])?;
        house.kill_cell("settlement")?;
        ensure!(load.wait()?.success(), "the load of round {round} failed");
    }
    // The last may have been killed when nothing was left to do.
    ensure!(house.orion().args(["load", "--payments", "20", "--seed", "3"]).stdout(Stdio::null()).status()?.success());
    let url = views_url()?;
    let shown = tokio::runtime::Runtime::new()?.block_on(Progress::read(&url))?;
    ensure!(!shown.schemas.is_empty(), "the schemas are written beside the progress");

    let (all, from_first) = read(&brokers, &Start::default(), 0)?;
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    let (_, end) = consumer.fetch_watermarks("orion.settlement.journal.v1", 0, WAIT)?;
    let generations: Vec<_> = all.iter().map(|epoch| epoch.binding.generation).collect();
    let claims: Vec<_> = (1..all.len()).filter(|at| generations[at - 1] != generations[*at]).collect();
    ensure!(claims.len() >= 3, "settlement was taken over: {generations:?}");
    // Around each claim, at both ends, and in between.
    let mut places: Vec<_> = claims.iter().flat_map(|at| [at - 1, *at, at + 1]).filter(|at| *at < all.len()).collect();
    places.extend((0..5).map(|part| part * (all.len() - 1) / 4));
    places.sort_unstable();
    let mut journal_from = from_first;
    for at in places {
        // Where that epoch, and none after, has been read. One epoch later than a minted one is enough for the next.
        let start = Start { epoch: all.get(at.wrapping_sub(1)).map_or(0, |last| last.binding.epoch + 1), schemas: shown.schemas.clone() };
        let (found, from) = read(&brokers, &start, all.last().context("an epoch")?.epoch())?;
        assert_eq!(events(&found[..all.len() - at]), events(&all[at..]), "from {}", start.epoch);
        ensure!(from >= journal_from, "a later start reads the journal from {from}, an earlier one from {journal_from}");
        journal_from = from;
    }
    ensure!((end - journal_from) * 4 < end - from_first, "the last start reads {journal_from} to {end} of a journal from {from_first}");

    // What this Kafka never had is not waited for.
    let never = Start { epoch: all[3].epoch(), schemas: shown.schemas };
    let refused = Events::new(&brokers, &never).err();
    let between = all[2].epoch() + 1 < all[3].epoch();
    ensure!(!between || matches!(refused, Some(EventsError::NotHeld(epoch)) if epoch + 1 == never.epoch), "{refused:?}");
    house.forget()
}

fn events(epochs: &[EpochEvents]) -> Vec<(Epoch, u64, &[schemas::Event])> {
    epochs.iter().map(|epoch| (epoch.epoch(), epoch.binding.generation, epoch.events.as_slice())).collect()
}

/// Every epoch that was committed at the start, at least up to one; and where in the journal the reader began.
fn read(brokers: &str, start: &Start, at_least: Epoch) -> anyhow::Result<(Vec<EpochEvents>, i64)> {
    let mut reader = Events::new(brokers, start)?;
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut epochs: Vec<EpochEvents> = Vec::new();
    while !reader.caught_up() || epochs.last().is_none_or(|last| last.epoch() < at_least) {
        epochs.extend(reader.next(Duration::from_millis(100))?);
        ensure!(Instant::now() < deadline, "the reader from {} does not catch up", start.epoch);
    }
    Ok((epochs, reader.journal_from()))
}

/// Records that nobody will ever see, stamped a little ahead.
fn aborted_ahead(brokers: &str, topics: &[&str]) -> anyhow::Result<()> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("transactional.id", format!("ahead-{}", uuid::Uuid::new_v4()))
        .create()?;
    producer.init_transactions(WAIT)?;
    producer.begin_transaction()?;
    let ahead = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis())? + 1500;
    for topic in topics {
        let headers = OwnedHeaders::new().insert(Header { key: "epoch", value: Some("1") });
        let record = BaseRecord::to(topic).partition(0).key("ahead").payload("ahead").timestamp(ahead).headers(headers);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    producer.flush(WAIT)?;
    Ok(producer.abort_transaction(WAIT)?)
}

/// The database of the views that a house writes.
pub(crate) fn views_url() -> anyhow::Result<String> {
    let mut url = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
    url.set_path("orion_views");
    Ok(url.to_string())
}
