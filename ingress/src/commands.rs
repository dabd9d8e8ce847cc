//! The commands log as settlement reads it: first the epochs that are bound already, then new ones.
//!
//! In: records of `orion.commands.v1`, the clock. Out: sealed epochs, in order, into a bounded channel.
//! A record that can't be read is handed on as such; a schema record is learnt and not handed on. Never: an
//! epoch with other records than its binding says.

use crate::epochs::{Epochs, LogMismatch, Policy};
use crate::kafka::{self, ReadError};
use crate::stop::Stop;
use rdkafka::message::{BorrowedMessage, Message};
use schemas::topic::{SCHEMA_HEADER, TRACE_HEADER};
use schemas::wire::{Decoder, WireError};
use schemas::{Bound, Epoch, EpochInput, Malformed, Operation, Position, SealedEpoch, Topic};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
    let Shared { in_flight, schemas, stop, .. } = shared;
    let topic = Topic::Commands.as_str();
    let consumer = kafka::consumer(brokers)?;
    let marks = kafka::watermarks(&consumer, topic)?;
    let starts: BTreeMap<i32, i64> =
        marks.keys().map(|partition| (*partition, start.uppers.get(partition).copied().unwrap_or(0))).collect();
    check_log(topic, &marks, &starts, start.bound.last())?;
    let clock = Clock::start();
    let last = start.bound.last().map_or(start.after, |sealed| sealed.binding.epoch);
    check_gap((last > 0).then_some(last), clock.now_ms(), start.accept_gap)?;

    kafka::assign(&consumer, &starts.iter().map(|(partition, offset)| (topic.to_owned(), *partition, *offset)).collect::<Vec<_>>())?;
    let weight_max = policy.weight_max;
    let mut epochs = Epochs::new(policy, topic, &starts, start.after, start.generation, start.newest_rules, clock.now_ms());
    let mut decoder = Decoder::default();
    for learnt in start.schemas {
        decoder.learn(learnt.id, &learnt.json)?;
        schemas.add(learnt);
    }
    let mut take = |epochs: &mut Epochs, wait: Duration| -> Result<bool, SourceError> {
        let Some(message) = kafka::next(&consumer, topic, wait)? else { return Ok(false) };
        let bound = read(&mut decoder, schemas, &message);
        epochs.read(message.partition(), message.offset(), bound, clock.now_ms());
        Ok(true)
    };

    for sealed in &start.bound {
        let input = loop {
            match epochs.replay(sealed)? {
                Some(input) => break input,
                None => take(&mut epochs, Duration::from_millis(100))?,
            };
        };
        in_flight.fetch_add(1, Ordering::AcqRel);
        if epochs_out.send(input).is_err() {
            return Ok(());
        }
    }
    drop(start.bound);

    let mut rules_may_change = true;
    loop {
        if rules_may_change {
            epochs.decide_by(shared.rules_of_the_next(start.newest_rules)?);
            rules_may_change = false;
        }
        if stop.is_requested() {
            let last = epochs.close(clock.now_ms());
            stop.after(last.binding.epoch);
            in_flight.fetch_add(1, Ordering::AcqRel);
            if epochs_out.send(last).is_err() {
                return Ok(());
            }
            // The sink ends the process. Dropping the channel would end the dataflow before it.
            loop {
                std::thread::park();
            }
        }
        // Everything that is there already belongs to the epoch that closes next, up to its weight.
        while epochs.waiting() < weight_max && take(&mut epochs, Duration::ZERO)? {}
        if let Some(input) = epochs.poll(clock.now_ms(), in_flight.load(Ordering::Acquire)) {
            faults::point("settlement.mint");
            rules_may_change = activates(&input);
            in_flight.fetch_add(1, Ordering::AcqRel);
            if epochs_out.send(input).is_err() {
                return Ok(());
            }
            continue;
        }
        match epochs.waiting() {
            0 => take(&mut epochs, Duration::from_millis(20)).map(drop)?,
            // Something waits for its age or for the sink: look again soon.
            waiting if waiting < weight_max => take(&mut epochs, Duration::from_millis(1)).map(drop)?,
            _ => std::thread::park_timeout(Duration::from_millis(1)),
        }
    }
}

impl Shared {
    /// Waits until all that was handed on is committed, and says by which rules the next epoch is decided. Only then is it
    /// known whether a command that activates others was accepted.
    fn rules_of_the_next(&self, newest: u32) -> Result<u32, SourceError> {
        while self.in_flight.load(Ordering::Acquire) > 0 {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        match self.rules.load(Ordering::Acquire) {
            0 => Ok(newest),
            version if version > newest => Err(SourceError::Rules { version, newest }),
            version => Ok(version),
        }
    }
}

/// Whether other rules may decide what comes after this epoch.
fn activates(epoch: &EpochInput) -> bool {
    let activates = |bound: &Bound| matches!(&bound.command, Ok(command) if matches!(command.operation, Operation::ActivateRules(_)));
    epoch.commands.iter().any(activates)
}

/// A log that is too short at either end can't be replayed.
fn check_log(
    topic: &str,
    marks: &BTreeMap<i32, (i64, i64)>,
    starts: &BTreeMap<i32, i64>,
    last: Option<&SealedEpoch>,
) -> Result<(), ReadError> {
    for (partition, (low, high)) in marks {
        let (topic, partition, low, high) = (topic.to_owned(), *partition, *low, *high);
        let start = starts.get(&partition).copied().unwrap_or(0);
        if low > start {
            return Err(ReadError::StartsLate { topic, partition, low, needed: start });
        }
        let bound = last.iter().flat_map(|sealed| &sealed.binding.inputs).find(|input| input.partition == partition);
        let needed = bound.map_or(start, |input| input.upper);
        if needed > high {
            return Err(ReadError::EndsEarly { topic, partition, high, needed });
        }
    }
    Ok(())
}

fn check_gap(last: Option<Epoch>, now_ms: u64, accept_gap: bool) -> Result<(), SourceError> {
    match last {
        Some(last) if now_ms > last + DAY_MS && !accept_gap => {
            Err(SourceError::Gap { days: (now_ms - last) / DAY_MS, last: schemas::rfc3339(last) })
        }
        _ => Ok(()),
    }
}

/// What a record of the log says; none for a schema.
fn read(decoder: &mut Decoder, schemas: &Schemas, message: &BorrowedMessage<'_>) -> Option<Bound> {
    let position = Position { partition: message.partition(), offset: message.offset() };
    let (schema, traceparent) = (kafka::header(message, SCHEMA_HEADER), kafka::header(message, TRACE_HEADER));
    let id = schema.parse().ok().filter(|id| !decoder.knows(*id));
    let bound = bound(decoder, &Record { position, key: message.key(), value: message.payload(), schema, traceparent });
    if let (None, Some(id)) = (&bound, id) {
        schemas.add(Learnt { position, id, json: String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned() });
    }
    bound
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
        command: command.map_err(|error| Malformed {
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
    use schemas::{Binding, Input};

    fn sealed(upper: i64) -> SealedEpoch {
        let inputs = vec![Input { topic: "log".to_owned(), partition: 0, upper, count: 0 }];
        SealedEpoch { binding: Binding { epoch: 1, generation: 1, code_version: 1, inputs }, outputs: Vec::new() }
    }

    #[test]
    fn a_log_that_is_too_short_at_either_end_is_refused() {
        let check = |low, high, start, upper: Option<i64>| {
            check_log("log", &BTreeMap::from([(0, (low, high))]), &BTreeMap::from([(0, start)]), upper.map(sealed).as_ref())
        };
        for (low, high, start, upper) in [(0, 5, 0, Some(5)), (0, 9, 0, Some(5)), (3, 9, 3, Some(5)), (1, 9, 3, None), (0, 0, 0, None)] {
            assert!(check(low, high, start, upper).is_ok(), "{low} {high} {start} {upper:?}");
        }
        assert!(matches!(check(0, 4, 0, Some(5)), Err(ReadError::EndsEarly { high: 4, needed: 5, .. })));
        assert!(matches!(check(1, 9, 0, Some(5)), Err(ReadError::StartsLate { low: 1, needed: 0, .. })));
        assert!(matches!(check(4, 9, 3, Some(5)), Err(ReadError::StartsLate { low: 4, needed: 3, .. })));
        assert!(matches!(check(0, 2, 3, None), Err(ReadError::EndsEarly { high: 2, needed: 3, .. })));
    }

    #[test]
    fn rules_that_are_not_known_here_are_left_to_the_binary_that_has_them() {
        let shared = Shared::default();
        assert_eq!(shared.rules_of_the_next(2).unwrap(), 2, "a new bank goes by the newest");
        for (version, goes_on) in [(1, true), (2, true), (3, false)] {
            shared.rules.store(version, Ordering::Release);
            assert_eq!(shared.rules_of_the_next(2).is_ok_and(|rules| rules == version), goes_on, "{version}");
        }
    }

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

    #[test]
    fn a_long_gap_waits_for_a_person() {
        assert!(check_gap(None, 10 * DAY_MS, false).is_ok(), "the first epoch of all needs none");
        assert!(check_gap(Some(9 * DAY_MS), 10 * DAY_MS, false).is_ok());
        assert!(matches!(check_gap(Some(7 * DAY_MS), 10 * DAY_MS, false), Err(SourceError::Gap { days: 3, .. })));
        assert!(check_gap(Some(7 * DAY_MS), 10 * DAY_MS, true).is_ok());
    }
}
