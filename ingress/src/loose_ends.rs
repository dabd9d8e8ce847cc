//! Transactions whose end Kafka has lost: which partitions have records of one, and how it has to end.
//!
//! **Definition.** A record hangs when it lies behind the last stable offset of its partition although no transaction is
//! open. Kafka 4.3 can do that when a broker without replicas dies between the decision to commit and the markers
//! (`ARCHITECTURE.md`). The next marker of the same producer would then end it, in each partition by itself: a commit here, an
//! abort there; and without one it hangs for good. So whoever takes a cell over looks for such records before it writes anything, and
//! ends them all alike:
//! 1. a journal's entry says in its header of which epoch its last is, and commits all of its transaction. Where the entry is
//!    visible, or decided the other way, that is the end of the rest;
//! 2. where the entry hangs itself, any record that is visible behind what the journal commits says that the end was a
//!    commit. Without one nobody has seen anything, and nothing happened.

use crate::kafka::{self, ReadError, UP_TO_ENDS};
use rdkafka::consumer::BaseConsumer;
use rdkafka::message::BorrowedMessage;
use schemas::Epoch;
use schemas::topic::{EPOCH_HEADER, GENERATION_HEADER};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// A partition: its topic and its number.
pub type Place = (String, i32);

/// What hangs, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseEnds {
    /// Every partition with a record that hangs.
    pub places: BTreeSet<Place>,
    /// Whether they are committed; aborted otherwise.
    pub commits: bool,
}

/// The markers of what was just aborted may take so long to be seen.
const SETTLES: Duration = Duration::from_secs(1);

/// Who wrote a record, and in which epoch; zero where it says none.
type Origin = (String, Epoch);

/// Looks for them among the partitions that a cell writes, the first of which is its journal. Every other process of the
/// cell is fenced. None where nothing hangs, as nearly always.
pub fn find(brokers: &str, places: &[Place]) -> Result<Option<LooseEnds>, ReadError> {
    let committed = kafka::build(brokers, &UP_TO_ENDS)?;
    let all = kafka::build(brokers, &[&UP_TO_ENDS[..], &[("isolation.level", "read_uncommitted")]].concat())?;
    let begun = Instant::now();
    let ranges = loop {
        let ranges = hanging(&committed, &all, places)?;
        if ranges.is_empty() {
            return Ok(None);
        }
        if begun.elapsed() > SETTLES {
            break ranges;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let mut origins = Vec::new();
    for ((topic, partition), from, to) in &ranges {
        kafka::read_range(&all, topic, *partition, *from, *to, |message| {
            origins.push(origin(message));
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })?;
    }
    let places_hanging: BTreeSet<Place> = ranges.into_iter().map(|(place, ..)| place).collect();
    let commits = commits(&committed, places, &places_hanging, &origins)?;
    tracing::warn!(places = ?places_hanging, commits, "kafka has lost the end of a transaction: it is ended now");
    Ok(Some(LooseEnds { places: places_hanging, commits }))
}

/// Whether the transaction of what hangs is known to be committed.
fn commits(committed: &BaseConsumer, places: &[Place], hanging: &BTreeSet<Place>, origins: &[Origin]) -> Result<bool, ReadError> {
    let (journal, events) = places.split_first().expect("a cell has a journal");
    let Some((generation, epoch)) = origins.iter().filter(|(_, epoch)| *epoch > 0).max_by_key(|(_, epoch)| *epoch) else {
        // Nothing of an epoch: a claim, which its process will not miss.
        return Ok(false);
    };
    let of_this = |origin: &Origin, after: Epoch| origin.0 == *generation && origin.1 > after;
    // 1.
    if !hanging.contains(journal) {
        return shows(committed, journal, *epoch, |origin| of_this(origin, epoch - 1));
    }
    // 2.
    let before = last_epoch(committed, journal)?;
    for place in events.iter().filter(|place| !hanging.contains(*place)) {
        if shows(committed, place, before + 1, |origin| of_this(origin, before))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Partitions with records behind the last stable offset: from where, to where.
fn hanging(committed: &BaseConsumer, all: &BaseConsumer, places: &[Place]) -> Result<Vec<(Place, i64, i64)>, ReadError> {
    let mut ranges = Vec::new();
    for (topic, partition) in places {
        // First what is stable: only we write here, and do not yet.
        let stable = match kafka::ends(committed, topic, *partition) {
            Ok((_, stable)) => stable,
            // What is not there yet holds nothing.
            Err(ReadError::NoTopic(_)) => continue,
            Err(error) => return Err(error),
        };
        let (_, end) = kafka::ends(all, topic, *partition)?;
        if stable < end {
            ranges.push(((topic.clone(), *partition), stable, end));
        }
    }
    Ok(ranges)
}

/// Whether a committed record of an epoch or later is such a one.
fn shows(committed: &BaseConsumer, (topic, partition): &Place, from: Epoch, is_it: impl Fn(&Origin) -> bool) -> Result<bool, ReadError> {
    let (_, stable) = match kafka::ends(committed, topic, *partition) {
        Err(ReadError::NoTopic(_)) => return Ok(false),
        ends => ends?,
    };
    let Some(start) = kafka::offsets_at(committed, topic, from)?.get(partition).copied() else { return Ok(false) };
    let mut seen = false;
    kafka::read_range(committed, topic, *partition, start, stable, |message| {
        seen |= is_it(&origin(message));
        Ok::<_, ReadError>(if seen { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(seen)
}

/// The last epoch that a journal commits; zero if none. Looks back from the end, further each time.
fn last_epoch(committed: &BaseConsumer, (topic, partition): &Place) -> Result<Epoch, ReadError> {
    let (low, stable) = kafka::ends(committed, topic, *partition)?;
    let (mut back, mut last) = (64, 0);
    loop {
        let from = low.max(stable - back);
        kafka::read_range(committed, topic, *partition, from, stable, |message| {
            last = last.max(origin(message).1);
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })?;
        if last > 0 || from == low {
            return Ok(last);
        }
        back *= 8;
    }
}

fn origin(message: &BorrowedMessage<'_>) -> Origin {
    (kafka::header(message, GENERATION_HEADER).to_owned(), kafka::header(message, EPOCH_HEADER).parse().unwrap_or(0))
}
