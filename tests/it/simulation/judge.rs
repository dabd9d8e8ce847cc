//! The judge: everything that a house did, once it rests, against a straight replay of the log through its bindings.
//!
//! 1. Every partition holds, byte for byte, what the replay writes, and nothing else.
//! 2. Every reader handed on whole epochs, in order, without a gap.
//! 3. Postgres holds the rows of every epoch once.
//! 4. Every snapshot on the disk is the ledger, or the books, of the replay at that epoch.
//! 5. The books balance at every epoch, the aggregates are what a loop over the epoch counts, and the views give the same bytes
//!    with one, two and three workers.
//! 6. What the clients saw stands up to the checker of `exactly_once`, which shares no rule with the ledger.

use super::super::exactly_once::check;
use super::super::exactly_once::check::latency;
use super::super::exactly_once::check::positions::Bank;
use super::super::exactly_once::check::rows::derive;
use super::super::exactly_once::evidence::{Evidence, Log, Recorded, Rows};
use super::broker::{Place, Record};
use super::flow;
use super::house::House;
use super::settlement::{FULL, commands_place, keep, shelf};
use super::world::journal;
use dataflows::views::Given;
use egress::records::Writer;
use egress::snapshots::Store;
use ingress::commands;
use orion::cell::{snapshots, views};
use schemas::topic::{COMMANDS_DLQ, EPOCH_HEADER, GENERATION_HEADER, SCHEMA_HEADER, TRACE_HEADER};
use schemas::wire::{Decoder, datum};
use schemas::{Aggregates, Asked, Bound, Epoch, EpochEvents, EpochInput, Position, Topic};
use state::{Frozen, Ledger};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most sentences about one house.
const TOLD_MAX: usize = 8;

/// What the replay says.
struct Replay {
    records: BTreeMap<Place, Vec<Record>>,
    epochs: Vec<Arc<EpochEvents>>,
    frozen: BTreeMap<Epoch, Frozen>,
    wrong: Vec<String>,
}

/// Everything that is wrong with a house that rests.
pub(super) fn judge(house: &House) -> Vec<String> {
    let (commands, log) = (commands(house), log(house));
    let mut wrong = house.world.wrong.clone();
    let replay = replay(house, &commands);
    wrong.extend(replay.wrong.iter().cloned());
    records(house, &replay, &mut wrong);
    readers(house, &replay, &mut wrong);
    rows(house, &replay, &mut wrong);
    disk(house, &replay, &mut wrong);
    workers(house, &replay, &mut wrong);
    let written = house.world.postgres.written.iter().flat_map(|write| &write.epochs).flat_map(|epoch| &epoch.events);
    let upper = Epoch::try_from(house.world.postgres.progress().1).unwrap_or_default();
    let mut tables = derive(written);
    let epochs = house.world.postgres.written.iter().flat_map(|write| &write.epochs);
    tables.insert("latency", latency::table(epochs.map(|epoch| (epoch.epoch(), &epoch.waited[..]))));
    let evidence = Evidence { history: house.clients.history.clone(), log, rows: Rows { upper, tables }, chain: None };
    wrong.extend(check::check(&evidence).into_iter().map(|finding| format!("{:?}: {}", finding.kind, finding.sentence)));
    wrong.truncate(TOLD_MAX);
    wrong
}

fn commands(house: &House) -> Vec<Bound> {
    let mut decoder = Decoder::default();
    let bound = |record: &Record| {
        let position = Position { partition: 0, offset: record.offset };
        let (schema, traceparent) = (record.header(SCHEMA_HEADER), record.header(TRACE_HEADER));
        let record = commands::Record {
            position,
            key: record.key.as_deref(),
            value: Some(&record.value),
            schema,
            traceparent,
            appended_ms: Some(record.stamp),
        };
        commands::bound(&mut decoder, &record)
    };
    house.world.broker.committed(&commands_place()).filter_map(bound).collect()
}

/// Every binding of the journal, in order, over the commands that it binds.
fn replay(house: &House, commands: &[Bound]) -> Replay {
    let mut replay = Replay { records: BTreeMap::new(), epochs: Vec::new(), frozen: BTreeMap::new(), wrong: Vec::new() };
    let (mut ledger, mut rest) = (Ledger::default(), commands);
    ledger.fill_segments_with(FULL);
    let mut writer = Writer {
        encoder: house.world.encoder(),
        journal: Topic::SettlementJournal,
        partitions: house.world.partitions.clone(),
        generation: 0,
    };
    for sealed in house.world.committed.values() {
        let input = &sealed.binding.inputs[0];
        let (inside, after) = rest.split_at(rest.iter().take_while(|bound| bound.position.offset < input.upper).count());
        rest = after;
        let epoch = sealed.binding.epoch;
        if u32::try_from(inside.len()) != Ok(input.count) {
            replay.wrong.push(format!("epoch {epoch} binds {} commands, and {} are there", input.count, inside.len()));
            return replay;
        }
        let input = EpochInput { binding: sealed.binding.clone(), commands: inside.to_vec(), committed: None };
        let output = dataflows::settlement::decide(input, &mut ledger);
        if let Some(what) = writer.differs(&output, &sealed.outputs).expect("decisions can be encoded") {
            replay.wrong.push(format!("the straight replay of epoch {epoch} differs: {what}"));
        }
        if output.waited != sealed.waited {
            replay.wrong.push(format!("the journal says that the commands of epoch {epoch} waited otherwise than they did"));
        }
        if output.pinned != sealed.pinned {
            let (said, pinned) = (sealed.pinned, output.pinned);
            replay.wrong.push(format!("the journal says that {said} decisions are kept at epoch {epoch}, and {pinned} are"));
        }
        writer.generation = sealed.binding.generation;
        let mut sent = Vec::new();
        writer.transaction(std::slice::from_ref(&output), |record| keep(&mut sent, Record::of(&record, 0))).expect("the same");
        for (place, record) in sent.into_iter().filter(|(place, _)| place.0 != Topic::SettlementJournal.as_str()) {
            replay.records.entry(place).or_default().push(record);
        }
        replay.epochs.push(Arc::new(EpochEvents {
            binding: output.binding,
            events: output.events,
            waited: output.waited,
            leaves: Vec::new(),
        }));
        replay.frozen.insert(epoch, ledger.freeze());
    }
    if let Some(left) = rest.first() {
        replay.wrong.push(format!("{} commands from {} on are never decided", rest.len(), left.position));
    }
    if ledger.trial_balance().values().any(|sum| *sum != 0) {
        replay.wrong.push("the books do not sum to zero".to_owned());
    }
    replay
}

fn records(house: &House, replay: &Replay, wrong: &mut Vec<String>) {
    let topics = Topic::EVENTS.iter().map(|topic| topic.as_str()).chain([COMMANDS_DLQ]);
    let same = |found: &Record, said: &Record| (&found.key, &found.value, &found.headers) == (&said.key, &said.value, &said.headers);
    for place in topics.flat_map(|topic| house.world.broker.places(topic)) {
        let none = Vec::new();
        let said = replay.records.get(&place).unwrap_or(&none);
        let found: Vec<_> = house.world.broker.committed(&place).collect();
        let differs = found.iter().zip(said).position(|(found, said)| !same(found, said));
        if found.len() != said.len() || differs.is_some() {
            let (found, said) = (found.len(), said.len());
            wrong.push(format!("{place:?} holds {found} records, the replay says {said}; the first that differs is {differs:?}"));
        }
    }
}

fn readers(house: &House, replay: &Replay, wrong: &mut Vec<String>) {
    let places: BTreeMap<Epoch, usize> = replay.epochs.iter().enumerate().map(|(at, epoch)| (epoch.epoch(), at)).collect();
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    for (by, handed) in &house.world.handed {
        let Some(at) = places.get(&handed.epoch()).copied() else {
            wrong.push(format!("reader {by} handed on epoch {}, which is not committed", handed.epoch()));
            continue;
        };
        let said = &replay.epochs[at];
        if (&said.binding, &said.events) != (&handed.binding, &handed.events) {
            wrong.push(format!("reader {by} handed on another epoch {} than was committed", handed.epoch()));
        }
        if let Some(before) = last.insert(*by, at)
            && before + 1 != at
        {
            wrong.push(format!("reader {by} handed on epoch {at} after {before}, by their order"));
        }
    }
}

fn rows(house: &House, replay: &Replay, wrong: &mut Vec<String>) {
    let postgres = &house.world.postgres;
    let (mut rest, mut bank) = (replay.epochs.iter(), Bank::default());
    for write in &postgres.written {
        let mut said = egress::postgres::Rows::default();
        for epoch in rest.by_ref().take(write.epochs.len()) {
            said.add(i64::try_from(epoch.epoch()).unwrap_or_default(), &epoch.events, &[], &added(&mut bank, epoch));
        }
        if said != write.group.rows {
            wrong.push(format!("the rows up to {} are not those of the epochs that are due", write.group.next));
            return;
        }
    }
    let left = rest.count();
    let next = replay.epochs.last().map_or(0, |epoch| epoch.epoch() + 1);
    if left > 0 || i64::try_from(next) != Ok(postgres.progress().1) || postgres.imbalances != 0 {
        let (_, progress) = postgres.progress();
        wrong.push(format!(
            "postgres stands at {progress} instead of {next}, {left} epochs behind, with {} imbalances",
            postgres.imbalances
        ));
    }
}

/// What an epoch adds to the aggregates. How long its commands waited is the checker's question.
fn added(bank: &mut Bank, epoch: &EpochEvents) -> Aggregates {
    Aggregates { latency: epoch.waited.clone(), ..bank.count(&epoch.events) }
}

fn disk(house: &House, replay: &Replay, wrong: &mut Vec<String>) {
    let store = Store::open(&house.world.folder.join("settlement")).expect("the disk is there");
    for name in store.list().expect("the disk is there") {
        match snapshots::load(&store, name, Some(&shelf(&store))) {
            Ok(mut found) => {
                if replay.frozen.get(&name.epoch) != Some(&found.ledger.freeze()) {
                    wrong.push(format!("snapshot {name} is not the ledger at that epoch"));
                }
            }
            // The disk lost it, and the next start will see that.
            Err(error) if error.downcast_ref().is_some_and(|error| matches!(error, egress::snapshots::SnapshotError::Damaged { .. })) => {}
            Err(error) => wrong.push(format!("snapshot {name}: {error:#}")),
        }
    }
}

fn workers(house: &House, replay: &Replay, wrong: &mut Vec<String>) {
    let store = Store::open(&house.world.folder.join("views")).expect("the disk is there");
    let names = store.list().expect("the disk is there");
    let kept = |epoch: Epoch| names.iter().any(|name| name.epoch == epoch) || replay.epochs.last().map(|last| last.epoch()) == Some(epoch);
    let given = || replay.epochs.iter().map(|events| Given::Epoch { events: Arc::clone(events), keep: kept(events.epoch()) }).collect();
    let one = flow::run(1, given());
    if let Some((epoch, said, ..)) = one.iter().find(|(_, said, ..)| said != "[]") {
        wrong.push(format!("the proof says of epoch {epoch}: {said}"));
    }
    let mut bank = Bank::default();
    for ((epoch, .., said), events) in one.iter().zip(&replay.epochs) {
        if *said != added(&mut bank, events) {
            wrong.push(format!("epoch {epoch} adds something else to the aggregates than happened in it"));
            break;
        }
    }
    for workers in [2, 3] {
        if flow::run(workers, given()) != one {
            wrong.push(format!("{workers} workers give other bytes than one"));
        }
    }
    for name in names {
        let Ok(rows) = views::snapshots::read(&store, name) else { continue };
        let mut bytes = Vec::new();
        rows.iter().for_each(|(subject, sum)| dataflows::proof::books::write(subject, sum, &mut bytes));
        if one.iter().find(|(epoch, ..)| *epoch == name.epoch).map(|(_, _, said, _)| said) != Some(&bytes) {
            wrong.push(format!("the books of {name} are not those of that epoch"));
        }
    }
}

/// What Kafka holds, for the checker.
fn log(house: &House) -> Log {
    let broker = &house.world.broker;
    let (mut log, mut decoder) = (Log::default(), Decoder::default());
    for record in broker.committed(&journal(Topic::SettlementJournal)) {
        match record.header(SCHEMA_HEADER) {
            "" => log.journal.push(decoder.entry(Topic::SettlementJournal, &record.value).expect("entries are ours")),
            id => decoder.learn_record(id, &record.value).expect("schemas are ours"),
        }
    }
    for topic in Topic::EVENTS {
        for place in broker.places(topic.as_str()) {
            log.events.extend(broker.committed(&place).map(|record| Recorded {
                topic: *topic,
                partition: place.1,
                offset: record.offset,
                epoch: record.header(EPOCH_HEADER).parse().unwrap_or_default(),
                generation: record.header(GENERATION_HEADER).parse().unwrap_or_default(),
                key: record.key.clone().unwrap_or_default(),
                datum: datum(&record.value).expect("events are framed").1.to_vec(),
                event: decoder.event(*topic, &record.value, record.header(TRACE_HEADER)).expect("events are ours"),
            }));
        }
    }
    for Bound { position, appended_ms, command, .. } in commands(house) {
        log.appended.extend(appended_ms.map(|stamp| (position, stamp)));
        log.commands.push((position, command.ok().map(Asked::into_command)));
    }
    log.dead =
        broker.committed(&(COMMANDS_DLQ, 0)).filter_map(|record| std::str::from_utf8(record.key.as_deref()?).ok()?.parse().ok()).collect();
    log
}
