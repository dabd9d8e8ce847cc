//! The risk cell on the real processes: it dies at every phase while money is laundered, and its alerts, in Kafka, in Postgres, over the
//! API and over the stream, are exactly those of a run that nobody interrupts.

mod bank;
mod report;
mod ring;
pub(crate) mod told;
mod verdict;

use crate::house::{House, signal};
use crate::overload::patient;
use anyhow::{Context, ensure};
use bank::Bank;
use dataflows::risk::{Found, Given, risk};
use ingress::events::{Events, Start};
use schemas::aml::Lane;
use schemas::wire::Decoder;
use schemas::{AlertChange, Binding, Cause, CommandId, EpochEvents, Event, EventId, Fact, Position, RuleId, Told, Topic};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use timely::dataflow::InputHandle;
use timely::dataflow::operators::{Input, Inspect, Probe};
use told::Listener;

const WAIT: Duration = Duration::from_secs(60);

#[test]
fn every_death_leaves_the_alerts_of_an_uninterrupted_run() -> anyhow::Result<()> {
    let prepare = |folder: &std::path::Path| {
        let faults = folder.join("faults");
        std::fs::create_dir(&faults)?;
        Ok([("ORION_FAULTS", faults.into()), patient()]
            .into_iter()
            .chain(report::ENROLLED.map(|(name, value)| (name, value.into())))
            .collect())
    };
    let Some(house) = House::start_with("risk", prepare)? else { return Ok(()) };
    let bank = Bank::open(&house, 24)?;
    let listener = Listener::start(&house, "beginning")?;
    let points = if cfg!(feature = "faults") { faults::POINTS } else { &[] };
    for (round, (point, _)) in points.iter().filter(|(_, process)| *process == "risk").enumerate() {
        let armed = house.file("faults").join(point);
        std::fs::write(&armed, "")?;
        if point.ends_with("claimed") {
            house.kill_cell("risk")?;
        }
        bank.launder(round)?;
        let deadline = Instant::now() + WAIT;
        while armed.exists() {
            ensure!(Instant::now() < deadline, "nobody passed {point}");
            bank.pay_around()?;
        }
    }
    // A cell that stands still slows no payment, and goes on where it was.
    let process = stopped(&house)?;
    bank.launder(100)?;
    let late = Listener::start(&house, "beginning")?;
    signal("CONT", process)?;
    bank.launder(101)?;
    bank.buys()?;

    let brokers = std::env::var("KAFKA_BROKERS")?;
    let url = crate::views::reader::views_url()?;
    let epochs = all_epochs(&brokers, bank.epoch())?;
    let last = epochs.last().context("an epoch")?.epoch();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(reached(&url, last))?;
    // What came while we read is not compared.
    let expected = uninterrupted(&epochs);
    let raised = expected.iter().filter(|change| matches!(change, AlertChange::Raised(_))).count();
    ensure!(raised >= 10, "only {raised} alerts: the run proves little");
    let in_kafka = alerts_in_kafka(&brokers, last)?;
    let of_topic = |topic: Topic| expected.iter().filter(|change| told::topic(change) == topic).cloned().collect::<Vec<_>>();
    for topic in Topic::ALERTS {
        assert_eq!(in_kafka.get(topic).cloned().unwrap_or_default(), of_topic(*topic), "{topic}");
    }
    assert_eq!(runtime.block_on(alerts_in_postgres(&url, last))?, told::lines(&expected));
    // Whoever has listened from the beginning, and through every death of the cell, and whoever came late, hear each once.
    for listener in [listener, late] {
        assert_eq!(listener.until(last)?, told::lines(&expected));
    }
    bank.reads(&expected)?;
    bank.drafts_a_report()?;
    crate::audit::alerts(&house)?;
    bank.asks_what_if()?;
    backtest(&house, &expected)?;
    bank.compares_with_a_shadow()?;
    bank.shares_a_device_and_a_home(&house)?;
    bank.confirms_an_alert(&house)?;
    let epochs = all_epochs(&brokers, bank.epoch())?;
    let last = epochs.last().context("an epoch")?.epoch();
    runtime.block_on(reached(&url, last))?;
    assert_eq!(runtime.block_on(alerts_in_postgres(&url, last))?, told::lines(&uninterrupted(&epochs)));
    let facts = runtime.block_on(egress::postgres::lists::at(&url, last))?;
    knows_who_they_are(&facts)?;
    for event in epochs.iter().flat_map(|epoch| &epoch.events).filter(|event| verdict::closes_a_case(&event.fact)) {
        for at in [event.epoch - 1, event.epoch] {
            let facts = runtime.block_on(egress::postgres::lists::at(&url, at))?;
            let events = epochs.iter().filter(|epoch| epoch.epoch() <= at).flat_map(|epoch| &epoch.events);
            assert_eq!(verdict::of(&facts), verdict::of(events.map(|event| &event.fact)), "at {at}");
        }
    }
    // To a cell that begins without history, none of the open alerts is new, and none is over; here it has no rule in shadow.
    let mut open = runtime.block_on(egress::postgres::wishes::open(&url, last))?;
    open.retain(|open| open.lane == Lane::Live);
    ensure!(open.len() >= 5, "{open:?}");
    let said = begun(Given::Open { epoch: last + 1, unheard: last, alerts: Arc::new(open) }, facts, last + 3);
    ensure!(said.is_empty(), "a start without history says {said:?}");
    house.forget()
}

/// What Postgres would give to a cell that begins without history: the homes that are known, and the document, with what events said of it.
fn knows_who_they_are(facts: &[Fact]) -> anyhow::Result<()> {
    let told = facts.iter().filter_map(|fact| if let Fact::Diligence(told) = fact { Some(&**told) } else { None });
    let (mut towns, mut documents) = (Vec::new(), Vec::new());
    for told in told {
        match told {
            Told::Address(told) => towns.extend(told.set.address.as_ref().map(|address| address.town_name.as_str())),
            Told::Kyc(changed) => documents.extend(&changed.document),
            Told::Customer(_) | Told::Case(_) => {}
        }
    }
    towns.sort_unstable();
    ensure!(towns == ["Dakar", "THIES", "Thiès"], "{towns:?}");
    ensure!(documents.len() == 1 && documents[0].surname == "NDIAYE" && documents[0].number_end == "6789", "{documents:?}");
    Ok(())
}

/// The process of the cell, standing still. That which died last may not be gone yet.
fn stopped(house: &House) -> anyhow::Result<u32> {
    let deadline = Instant::now() + WAIT;
    loop {
        match house.cell("risk").and_then(|process| signal("STOP", process).map(|()| process)) {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(100)),
            stopped => return stopped,
        }
    }
}

/// Changed rules over the same history: what the live ones have raised is counted as it was raised, and lower thresholds raise no less.
fn backtest(house: &House, expected: &[AlertChange]) -> anyhow::Result<()> {
    let rules = house.file("rules.toml");
    std::fs::write(&rules, "[fan_in]\nsenders = 3\namount_minor = 0\n\n[fan_out]\nenabled = false\n")?;
    let output = house.orion().args(["backtest", "--quiet", "--rules"]).arg(&rules).output()?;
    let said = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let row = |rule: RuleId| -> anyhow::Result<Vec<usize>> {
        let line = said.lines().find(|line| line.starts_with(rule.as_str())).with_context(|| said.clone())?;
        Ok(line.split_whitespace().skip(1).map(str::parse).collect::<Result<_, _>>()?)
    };
    for rule in [RuleId::FanIn, RuleId::FanOut] {
        let [live, changed, added, removed] = row(rule)?[..] else { anyhow::bail!("{said}") };
        let raised = expected.iter().filter(|change| matches!(change, AlertChange::Raised(alert) if alert.rule == rule)).count();
        // The bank has gone on since.
        ensure!(live >= raised, "{rule}: {live} of {raised} alerts\n{said}");
        ensure!(if rule == RuleId::FanIn { removed == 0 && changed > 0 } else { (changed, added) == (0, 0) }, "{said}");
    }
    std::fs::write(&rules, "[fan_in]\nsenders = 0\n")?;
    let output = house.orion().args(["backtest", "--rules"]).arg(&rules).output()?;
    ensure!(output.status.code() == Some(65), "{output:?}");
    Ok(())
}

/// Every epoch that is committed by now, at least up to one.
pub(crate) fn all_epochs(brokers: &str, at_least: u64) -> anyhow::Result<Vec<EpochEvents>> {
    let mut reader = Events::new(brokers, &Start::default())?;
    let (deadline, mut epochs) = (Instant::now() + WAIT, Vec::<EpochEvents>::new());
    while !reader.caught_up() || epochs.last().is_none_or(|last| last.epoch() < at_least) {
        epochs.extend(reader.next(Duration::from_millis(100))?);
        ensure!(Instant::now() < deadline, "settlement's events can't be read to their end");
    }
    Ok(epochs)
}

/// What a detection says that begins with open alerts and with facts that an epoch tells.
pub(crate) fn begun(open: Given, facts: Vec<Fact>, epoch: u64) -> Vec<AlertChange> {
    let position = Position { partition: 0, offset: 0 };
    let cause = Cause { command_id: CommandId(uuid::Uuid::nil()), position, traceparent: String::new() };
    let event = |(number, fact)| Event { id: EventId::mint(epoch, number), epoch, cause: cause.clone(), fact };
    let events = (0..).zip(facts).map(event).collect();
    let told = |epoch, events| {
        let binding = Binding { epoch, generation: 0, code_version: 6, inputs: Vec::new() };
        let events = EpochEvents { binding, events, waited: Vec::new(), leaves: Vec::new() };
        Given::Epoch { events: Arc::new(events), keep: false }
    };
    say(vec![open, told(epoch, events), told(epoch + 1, Vec::new())])
}

/// What the detection says of them, in one go.
pub(crate) fn uninterrupted(epochs: &[EpochEvents]) -> Vec<AlertChange> {
    say(epochs.iter().map(|events| Given::Epoch { events: Arc::new(events.clone()), keep: false }).collect())
}

fn say(given: Vec<Given>) -> Vec<AlertChange> {
    let (sender, receiver) = mpsc::channel();
    let ends = Mutex::new((given, sender));
    timely::execute_directly(move |worker| {
        let (given, sender) = ends.into_inner().expect("never locked");
        let mut input = InputHandle::new();
        let probe = worker.dataflow::<u64, _, _>(|scope| {
            let found = risk(scope.input_from(&mut input));
            found.inspect(move |found: &Found| drop(sender.send(found.alerts.clone()))).probe().0
        });
        for given in given {
            let time = given.epoch();
            input.advance_to(time);
            input.send(given);
            input.advance_to(time + 1);
            worker.step_while(|| probe.less_than(&(time + 1)));
        }
    });
    receiver.iter().flatten().collect()
}

/// Waits until the cell has written an epoch, and the views show it: what is asked of Postgres next is of both.
pub(crate) async fn reached(url: &str, epoch: u64) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    let deadline = Instant::now() + WAIT;
    loop {
        let query = "select least((select epoch from risk_progress), (select epoch from sink_progress where sink = 'views'))";
        let next: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await?;
        if u64::try_from(next)? > epoch {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "risk stands at {next} and does not reach {epoch}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What Kafka shows of alerts up to an epoch, by topic, in order.
pub(crate) fn alerts_in_kafka(brokers: &str, last: u64) -> anyhow::Result<BTreeMap<Topic, Vec<AlertChange>>> {
    let mut decoder = Decoder::default();
    let mut found = BTreeMap::<Topic, Vec<AlertChange>>::new();
    crate::exactly_once::gather::read(brokers, Topic::RiskJournal.as_str(), |message| {
        use rdkafka::message::Message as _;
        match crate::exactly_once::gather::header(message, schemas::topic::SCHEMA_HEADER) {
            "" => {}
            id => decoder.learn_record(id, message.payload().unwrap_or_default())?,
        }
        Ok(())
    })?;
    for topic in Topic::ALERTS {
        crate::exactly_once::gather::read(brokers, topic.as_str(), |message| {
            use rdkafka::message::Message as _;
            let traceparent = crate::exactly_once::gather::header(message, schemas::topic::TRACE_HEADER);
            let change = decoder.alert(*topic, message.payload().unwrap_or_default(), traceparent)?;
            if change.epoch() <= last {
                found.entry(*topic).or_default().push(change);
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// What Postgres shows of them, in order.
async fn alerts_in_postgres(url: &str, last: u64) -> anyhow::Result<Vec<String>> {
    let mut connection = PgConnection::connect(url).await?;
    let rows: Vec<(String,)> = sqlx::query_as(
        "select said from (
             select epoch, number, concat_ws(' ', 'raised', id, epoch) as said from alert
             union all
             select epoch, number, concat_ws(' ', 'cleared', alert_id, epoch) from alert_cleared
         ) rows where epoch <= $1 order by epoch, number",
    )
    .bind(i64::try_from(last)?)
    .fetch_all(&mut connection)
    .await?;
    Ok(rows.into_iter().map(|(said,)| said).collect())
}
