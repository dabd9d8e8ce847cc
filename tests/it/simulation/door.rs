//! A door, and the network between it and Kafka: appends that arrive late, twice, in another order, or never, and
//! acknowledgements that are lost.

use super::broker::{Place, Record};
use super::reader::Reader;
use super::settlement::commands_place;
use super::world::{World, journal};
use ingress::decisions::Decisions;
use schemas::topic::TRACE_HEADER;
use schemas::wire::Encoder;
use schemas::{Command, CommandId, Epoch, Topic};
use std::sync::Arc;

/// What a door may do next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    Start,
    /// Reads the commands log.
    Tail,
    /// Reads an event topic or the journal.
    Fetch(Place),
    /// Lets go of what the views show.
    Forget,
}

pub(super) struct Door {
    id: usize,
    running: Option<Box<Running>>,
}

struct Running {
    decisions: Decisions,
    reader: Reader,
    next: i64,
    forgotten: i64,
}

impl Door {
    pub(super) const fn new(id: usize) -> Self {
        Self { id, running: None }
    }

    pub(super) fn enabled(&self, world: &World) -> Vec<Step> {
        let Some(running) = &self.running else {
            let readable = world.broker.is_stable(&journal(Topic::SettlementJournal));
            return if readable { vec![Step::Start] } else { Vec::new() };
        };
        let mut steps: Vec<Step> = running.reader.places(world).into_iter().map(Step::Fetch).collect();
        steps.extend(world.broker.next(&commands_place(), running.next, false).map(|_| Step::Tail));
        steps.extend((world.postgres.progress().1 > running.forgotten).then_some(Step::Forget));
        steps
    }

    pub(super) fn act(&mut self, step: &Step, world: &mut World) {
        let Some(running) = &mut self.running else {
            self.running = Some(Box::new(Running::start(self.id, world)));
            return;
        };
        match step {
            Step::Start => unreachable!("it has started"),
            Step::Tail => running.tail(world),
            Step::Fetch(place) => {
                running.reader.fetch(place, world);
                for epoch in running.reader.whole.drain(..) {
                    running.decisions.saw_events(epoch.events.clone());
                }
            }
            Step::Forget => {
                running.forgotten = world.postgres.progress().1;
                let progress = Epoch::try_from(running.forgotten).expect("progress is never negative");
                running.decisions.forget(progress, &world.postgres.commands_upper);
            }
        }
    }

    /// What waits for decisions here, once it has started.
    pub(super) fn decisions(&self) -> Option<&Decisions> {
        self.running.as_ref().map(|running| &running.decisions)
    }
}

impl Running {
    /// As the server does: the schemas are recorded, then it follows both logs from where the views stand.
    fn start(id: usize, world: &mut World) -> Self {
        world.record_schema();
        let (_, progress) = world.postgres.progress();
        let upper = world.postgres.commands_upper.first().copied().unwrap_or(0);
        let schemas: Vec<_> = world.postgres.schemas.clone().into_iter().collect();
        let from = Epoch::try_from(progress).expect("progress is never negative");
        let reader = Reader::start(id, world, from, &schemas);
        Self { decisions: Decisions::new(100, u64::MAX), reader, next: upper, forgotten: progress }
    }

    fn tail(&mut self, world: &World) {
        let Some(record) = world.broker.next(&commands_place(), self.next, false) else { return };
        self.next = record.offset + 1;
        let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()).and_then(|key| key.parse::<CommandId>().ok());
        if let Some(id) = key {
            let bytes = record.value.len();
            self.decisions.saw_command(schemas::Position { partition: 0, offset: record.offset }, id, bytes);
        }
    }
}

/// An append on its way.
#[derive(Clone, Debug)]
pub(super) struct Append {
    /// Which attempt of the clients it is, and through which door.
    pub(super) attempt: usize,
    pub(super) door: usize,
    record: Arc<Record>,
    /// Where it stands, once Kafka has it; the acknowledgement is on its way then.
    pub(super) offset: Option<i64>,
}

impl Append {
    pub(super) fn new(attempt: usize, door: usize, command: &Command, traceparent: &str, encoder: &Encoder, now_ms: u64) -> Self {
        let value = encoder.command(command).expect("clients send what the door lets pass");
        let key = command.id().to_string().into_bytes();
        let record = Arc::new(Record::new(Some(key), value, &[(TRACE_HEADER, traceparent)], now_ms));
        Self { attempt, door, record, offset: None }
    }

    /// Kafka takes it.
    pub(super) fn arrive(&mut self, world: &mut World) {
        self.offset = Some(world.broker.append(&commands_place(), (*self.record).clone()));
    }
}
