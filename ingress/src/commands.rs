//! The commands log as settlement reads it: first the epochs that are bound already, then new ones.
//!
//! In: records of `orion.commands.v1`, the clock. Out: sealed epochs, in order, into a bounded channel.
//! A record that can't be read is handed on as such; a schema record is learnt and not handed on. Never: an
//! epoch with other records than its binding says.

use crate::epochs::{LogMismatch, Policy};
use crate::kafka::{self, Follower, ReadError};
use crate::stop::Stop;
use meters::queue;
use rdkafka::message::{BorrowedMessage, Message};
use schemas::topic::{SCHEMA_HEADER, TRACE_HEADER};
use schemas::wire::{Decoder, WireError};
use schemas::{Asked, Bound, Epoch, EpochInput, Malformed, Position, SealedEpoch, Topic};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub use source::Source;

mod source;

/// What ends a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Kafka can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A schema of the snapshot is none.
    #[error("the snapshot's schemas can't be used")]
    Schemas(#[from] WireError),
    /// Rules are in force that this binary does not have.
    #[error("version {version} of the rules is in force, and this binary has them up to version {newest}: start the newer binary")]
    Rules {
        /// In force.
        version: u32,
        /// The newest here.
        newest: u32,
    },
    /// The log does not hold what was bound.
    #[error(transparent)]
    Mismatch(#[from] LogMismatch),
    /// The clock is far ahead of the last epoch.
    #[error(
        "the last epoch is {days} days back ({last}): if the clock of this machine is right, start once with `orion run --accept-gap`; \
         what expires in between will expire for good"
    )]
    Gap {
        /// Whole days between.
        days: u64,
        /// The last epoch, as a date.
        last: String,
    },
}

/// Where settlement stands when it starts to read.
#[derive(Debug)]
pub struct Start {
    /// The epoch that the ledger is at the end of; zero if it has seen none.
    pub after: Epoch,
    /// Exclusive upper offset of each partition of the log that the ledger has seen; none is zero.
    pub uppers: BTreeMap<i32, i64>,
    /// The schemas that the log has recorded before those.
    pub schemas: Vec<Learnt>,
    /// Every epoch that is bound and that the ledger has not seen, in order.
    pub bound: Vec<SealedEpoch>,
    /// The generation that will mint new ones.
    pub generation: u64,
    /// The newest rules that there are here; they decide a bank that has decided nothing yet.
    pub newest_rules: u32,
    /// Whether a long time may have passed since the last one.
    pub accept_gap: bool,
}

/// A schema that the log records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// Where it stands.
    pub position: Position,
    /// The id that later records use for it.
    pub id: u32,
    /// The schema.
    pub json: String,
}

/// The schemas that were learnt so far. A reader that starts between two epochs must know those that stand before
/// it, and no others: a record is judged by what was recorded before it.
#[derive(Clone, Debug, Default)]
pub struct Schemas(Arc<Mutex<Vec<Learnt>>>);

impl Schemas {
    /// Those that stand before these offsets.
    pub fn before(&self, uppers: &BTreeMap<i32, i64>) -> Vec<Learnt> {
        let before = |learnt: &&Learnt| uppers.get(&learnt.position.partition).is_some_and(|upper| learnt.position.offset < *upper);
        self.lock().iter().filter(before).cloned().collect()
    }

    fn add(&self, learnt: Learnt) {
        self.lock().push(learnt);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Learnt>> {
        self.0.lock().expect("nothing panics while it holds the schemas")
    }
}

/// What a source shares with the rest of its cell.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// Epochs handed on and not committed yet.
    pub in_flight: InFlight,
    /// The version of the rules that decides the epoch after those that are committed; zero as long as there is none. The
    /// sink says it before it counts down.
    pub rules: Arc<AtomicU32>,
    /// The schemas that the log has recorded so far.
    pub schemas: Schemas,
    /// Whether to stop, and after which epoch.
    pub stop: Stop,
}

/// Epochs handed on and not committed yet; the sink counts down.
pub type InFlight = Arc<AtomicUsize>;

const DAY_MS: u64 = 86_400_000;

/// Reads until the process ends; returns only an error, or when nobody takes the epochs any more.
///
/// When it is to stop it hands on one last epoch, and then nothing: the epochs on their way are not cut off.
pub fn run(brokers: &str, policy: Policy, start: Start, shared: &Shared, epochs_out: &SyncSender<EpochInput>) -> Result<(), SourceError> {
    let Shared { in_flight, rules, schemas, stop } = shared;
    let topic = Topic::Commands.as_str();
    let consumer = kafka::consumer(brokers)?;
    let marks = kafka::watermarks(&consumer, topic)?;
    let clock = Clock::start();
    let (mut source, starts) = Source::start(policy, start, &marks, schemas.clone(), clock.now_ms())?;
    let starts = starts.iter().map(|(partition, offset)| (topic.to_owned(), *partition, *offset)).collect();
    let follower = Follower::new(consumer, topic, starts)?;
    let take = |source: &mut Source, wait: Duration| -> Result<bool, SourceError> {
        let Some(message) = follower.next(wait)? else { return Ok(false) };
        source.read(&record(&message), clock.now_ms());
        Ok(true)
    };

    // False when nobody takes it any more.
    let hand_on = |input: EpochInput| {
        in_flight.fetch_add(1, Ordering::AcqRel);
        queue::DECIDE.enters();
        epochs_out.send(input).is_ok()
    };

    while source.replays() {
        let Some(input) = source.next(clock.now_ms(), 0, 0)? else {
            take(&mut source, Duration::from_millis(100))?;
            continue;
        };
        if !hand_on(input) {
            return Ok(());
        }
    }

    loop {
        // The sink says by which rules it goes on before it counts down.
        let under_way = in_flight.load(Ordering::Acquire);
        let rules = rules.load(Ordering::Acquire);
        if stop.is_requested()
            && let Some(last) = source.close(clock.now_ms(), under_way, rules)?
        {
            stop.after(last.binding.epoch);
            if !hand_on(last) {
                return Ok(());
            }
            // The sink ends the process. Dropping the channel would end the dataflow before it.
            loop {
                std::thread::park();
            }
        }
        // Everything that is there already belongs to the epoch that closes next, up to its weight.
        while !source.is_full() && take(&mut source, Duration::ZERO)? {}
        if let Some(input) = source.next(clock.now_ms(), under_way, rules)? {
            faults::point("settlement.mint");
            if !hand_on(input) {
                return Ok(());
            }
            continue;
        }
        if source.is_idle() {
            take(&mut source, Duration::from_millis(20))?;
        } else if source.is_full() {
            std::thread::park_timeout(Duration::from_millis(1));
        } else {
            // Something waits for its age or for the sink: look again soon.
            take(&mut source, Duration::from_millis(1))?;
        }
    }
}

fn record<'a>(message: &'a BorrowedMessage<'_>) -> Record<'a> {
    Record {
        position: Position { partition: message.partition(), offset: message.offset() },
        key: message.key(),
        value: message.payload(),
        schema: kafka::header(message, SCHEMA_HEADER),
        traceparent: kafka::header(message, TRACE_HEADER),
        appended_ms: message.timestamp().to_millis().and_then(|stamp| u64::try_from(stamp).ok()),
    }
}

/// A record of the log, wherever it is read from.
pub struct Record<'a> {
    /// Where it stands.
    pub position: Position,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Its header for schemas; empty without one.
    pub schema: &'a str,
    /// Its header for traces; empty without one.
    pub traceparent: &'a str,
    /// Its time stamp; none where it is not known.
    pub appended_ms: Option<Epoch>,
}

/// What a record of the log says, by the schemas that the decoder has learnt from it; none for a schema.
pub fn bound(decoder: &mut Decoder, record: &Record<'_>) -> Option<Bound> {
    let value = record.value.unwrap_or_default();
    let command = match record.schema {
        "" => decoder.command(value),
        id => match decoder.learn_record(id, value) {
            Ok(()) => return None,
            Err(error) => Err(error),
        },
    };
    Some(Bound {
        position: record.position,
        traceparent: traceparent(record.traceparent),
        appended_ms: record.appended_ms,
        command: command.map(Asked::of).map_err(|error| Malformed {
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            reason: error.to_string(),
        }),
    })
}

/// A trace context goes on with every event of the command, so one that is none, or of any size, ends here.
pub fn traceparent(header: &str) -> String {
    let end = header.char_indices().nth(64).map_or(header.len(), |(end, _)| end);
    if schemas::event::trace_id(header).is_empty() { String::new() } else { header[..end].to_owned() }
}

/// Wall time at the start, advanced by the monotonic clock: while the process runs, time never leaps.
struct Clock {
    wall_ms: u64,
    started: Instant,
}

impl Clock {
    fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
        let wall_ms = u64::try_from(wall.as_millis()).expect("the clock is before the year 10000");
        Self { wall_ms: wall_ms.saturating_add_signed(faults::clock_off_ms()), started: Instant::now() }
    }

    fn now_ms(&self) -> u64 {
        self.wall_ms + u64::try_from(self.started.elapsed().as_millis()).expect("no process runs for 500 million years")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn schemas_are_known_from_where_they_stand() {
        let schemas = Schemas::default();
        let learnt = |offset| Learnt { position: Position { partition: 0, offset }, id: 1, json: String::new() };
        for offset in [3, 7] {
            schemas.add(learnt(offset));
        }
        assert_eq!(schemas.before(&BTreeMap::from([(0, 7)])), [learnt(3)]);
        assert_eq!(schemas.before(&BTreeMap::from([(0, 8)])), [learnt(3), learnt(7)]);
        assert_eq!(schemas.before(&BTreeMap::new()), []);
    }
}
