//! Commands and decisions as a door follows them: what waits, and what was decided.
//!
//! In: the commands log from where the views stand, and settlement's committed epochs from there. Out: both
//! noted in [`Decisions`].

use crate::decisions::Decisions;
use crate::events::{Events, EventsError, Start};
use crate::kafka::{self, Follower, ReadError};
use rdkafka::message::Message;
use schemas::{CommandId, EpochEvents, Fact, Position, Topic};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where the views stand.
#[derive(Clone, Debug, Default)]
pub struct TailStart {
    /// Exclusive upper offset of each partition of the commands log that they show.
    pub commands_upper: Vec<i64>,
    /// First epoch that they do not show, and the schemas recorded by then.
    pub events: Start,
    /// The version of the rules that was activated last, as far as they show; none where nobody activated any.
    pub rules: Option<u32>,
}

/// A running tail.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    commands: Arc<AtomicBool>,
    events: Arc<AtomicBool>,
}

impl Tail {
    /// Whether everything that stood in the logs at the start has been read, and it is known by which rules the bank goes: a new one has said
    /// nothing of them yet.
    pub fn caught_up(&self) -> bool {
        self.commands.load(Ordering::Acquire) && self.events.load(Ordering::Acquire)
    }
}

/// Starts following, in two threads that run as long as the process. A tail that can't go on ends the process:
/// without it no caller would ever hear a decision.
pub fn spawn(brokers: &str, decisions: Arc<Decisions>, from: TailStart) -> Result<Tail, EventsError> {
    let tail = Tail::default();
    let mut events = Events::new(brokers, &from.events)?;
    let (commands, ends) = commands_from(brokers, &from.commands_upper)?;

    let mut rules = from.rules.unwrap_or(0);
    let read = meters::since::of(&meters::FRESHNESS, "tail");
    let (deciding, caught_up) = (Arc::clone(&decisions), Arc::clone(&tail.events));
    spawn_thread("tail-events", move || {
        loop {
            let epoch = events.next(Duration::from_millis(100))?;
            deciding.saw_pinned(events.pinned());
            if let Some(epoch) = &epoch {
                rules = rules_after(epoch);
            }
            if rules == 0 {
                // Nobody has activated any: those by which the journal's epochs were decided are in force.
                rules = events.rules();
            }
            if events.caught_up() {
                // Before the events: whoever hears that a version is activated may go by it.
                deciding.saw_rules(rules);
            }
            if let Some(epoch) = epoch {
                read.at(epoch.epoch());
                deciding.saw_events(epoch.events);
            }
            if events.caught_up() && rules > 0 {
                caught_up.store(true, Ordering::Release);
            }
        }
    });
    let caught_up = Arc::clone(&tail.commands);
    spawn_thread("tail-commands", move || follow_commands(&commands, ends, &decisions, &caught_up).map_err(EventsError::Read));
    Ok(tail)
}

/// The version of the rules that decides what comes after an epoch.
fn rules_after(epoch: &EpochEvents) -> u32 {
    let activated = epoch.events.iter().rev().find_map(|event| match event.fact {
        Fact::RulesActivated { version } => Some(version),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::Transaction(_)
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::BatchDecided(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Diligence(_)
        | Fact::Assessed(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => None,
    });
    activated.unwrap_or(epoch.binding.code_version)
}

fn commands_from(brokers: &str, uppers: &[i64]) -> Result<(Follower, BTreeMap<i32, i64>), ReadError> {
    let topic = Topic::Commands.as_str();
    let consumer = kafka::consumer(brokers)?;
    let marks = kafka::watermarks(&consumer, topic)?;
    let upper = |partition: i32| usize::try_from(partition).ok().and_then(|index| uppers.get(index)).copied().unwrap_or(0);
    let starts: Vec<_> =
        marks.iter().map(|(partition, (low, high))| (topic.to_owned(), *partition, upper(*partition).clamp(*low, *high))).collect();
    let open = starts
        .iter()
        .filter_map(|(_, partition, start)| marks.get(partition).filter(|(_, high)| start < high).map(|(_, high)| (*partition, *high)));
    let ends = open.collect();
    Ok((Follower::new(consumer, topic, starts.clone())?, ends))
}

fn follow_commands(
    follower: &Follower,
    mut ends: BTreeMap<i32, i64>,
    decisions: &Decisions,
    caught_up: &AtomicBool,
) -> Result<(), ReadError> {
    loop {
        if ends.is_empty() {
            caught_up.store(true, Ordering::Release);
        }
        let Some(message) = follower.next(Duration::from_millis(100))? else { continue };
        let position = Position { partition: message.partition(), offset: message.offset() };
        // A door keys each command by its id; a record without one is a schema, or no command of a door's.
        let key = message.key().and_then(|key| std::str::from_utf8(key).ok()).and_then(|key| key.parse::<CommandId>().ok());
        if let Some(command_id) = key {
            decisions.saw_command(position, command_id, message.payload_len());
        }
        if ends.get(&position.partition).is_some_and(|end| position.offset + 1 >= *end) {
            ends.remove(&position.partition);
        }
    }
}

fn spawn_thread(name: &str, body: impl FnOnce() -> Result<(), EventsError> + Send + 'static) {
    let thread = std::thread::Builder::new().name(name.to_owned());
    let run = move || {
        if let Err(error) = body() {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(%error, cause, "the tail can't go on; the server stops so that it starts afresh");
            std::process::exit(70);
        }
    };
    drop(thread.spawn(run).expect("a process may start a thread"));
}
