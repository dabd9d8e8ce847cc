//! Pins: every decision, a refusal included, under the id of its command, for the horizon.
//!
//! A retry of the command within the horizon gets the first decision. Afterwards the same key is a new
//! operation. Pins leave in the order in which they came, a bounded number an epoch.
//!
//! They are numbered as they come and lie in segments, each with as many numbers, so a number says where its pin lies. A segment is
//! full when its numbers are used, or when its decisions did as much as that: what is left of its numbers is then nobody's. A full
//! segment never changes again: a snapshot names it, and it is written to a disk once.
//!
//! Once it is there, memory need not hold it: of a cold segment only the look-up and where its pages lie stay. The newest full
//! ones stay warm, since whoever asks again does so soon. What is decided never depends on which are which.

mod cold;
mod effect;
mod full;
mod segment;
mod shelf;

pub use cold::Cold;
pub use effect::{Batched, Effect};
pub use full::{Full, Stored};
pub use segment::Segment;
pub use shelf::{Pages, Shelf};

use crate::bytes::Damaged;
use crate::index::{Entries, Hashed};
use crate::moved::Moved;
use schemas::{CommandId, Epoch, Fingerprint, Refusal};
use std::collections::VecDeque;
use std::sync::Arc;

/// How long a decision is kept: seven days of epochs.
pub const HORIZON_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Most pins forgotten in one epoch, so that a jump of the clock never forgets a week's worth at once.
const FORGOTTEN_MAX: usize = 4096;

/// Pins in a segment: what a snapshot copies of those that came last, at most, is 3 MB.
pub const SEGMENT_PINS: u32 = 65_536;

/// Full segments that are never cold, the newest ones: with the open one, at 500 payments a second, at least those of four minutes, in 12 MB.
pub const WARM_SEGMENTS: usize = 2;

/// A decision, as far as its command does not say it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// What the command said.
    pub fingerprint: Fingerprint,
    /// When it was decided.
    pub epoch: Epoch,
    /// The number of the resource that came of it, among those of its kind in that epoch.
    pub number: u32,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
}

/// All decisions within the horizon.
#[derive(Clone, Debug)]
pub struct Pins {
    /// The number of the oldest pin that is kept.
    first: u64,
    /// Full segments, the oldest first; some of the pins of the first one may be forgotten already.
    full: VecDeque<Full>,
    /// What came since the last full one.
    open: Segment,
    /// The number of each command's pin, as far as it tells those that are kept from each other.
    by_command: Entries,
    /// How many of the pins that are kept lie in cold segments.
    cold: usize,
    /// Pins with which a segment is full.
    segment_pins: usize,
}

/// The pins of a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenPins {
    /// The number of the oldest pin that is kept.
    pub first: u64,
    /// Full segments, the oldest first. That of the oldest pin comes first.
    pub full: Vec<Full>,
    /// What came since.
    pub open: Segment,
}

impl Default for Pins {
    fn default() -> Self {
        let (full, open, by_command) = (VecDeque::new(), Segment::default(), Entries::default());
        Self { first: 0, full, open, by_command, cold: 0, segment_pins: segment_pins() }
    }
}

impl Pins {
    /// The hash under which the decision on a command is found.
    pub fn hashed(&self, command: CommandId) -> Hashed {
        self.by_command.hashed(&command)
    }

    /// The decision on a command, by its hash.
    pub fn get(&self, hashed: Hashed, command: CommandId) -> Option<Pin> {
        let number = self.by_command.get_hashed(hashed, |number| self.at(number).0 == command)?;
        Some(self.at(number).1)
    }

    /// Reads where the look for a hash begins, so that it is near afterwards.
    pub fn glance(&self, hashed: Hashed) -> u64 {
        self.by_command.glance(hashed)
    }

    /// What the decision on a command did, if its pin is kept.
    pub fn effect(&self, command: CommandId) -> Effect {
        let number = self.by_command.get(&command, |number| self.at(number).0 == command);
        number.map_or(Effect::None, |number| {
            let (segment, place) = place(self.first, number);
            let place = u16::try_from(place).expect("a segment has as many pins as a u16 counts");
            self.full.get(segment).map_or_else(|| self.open.effect(place), |segment| segment.effect(place))
        })
    }

    /// The settled transaction that was given a number in an epoch, as long as its decision is kept.
    pub fn transaction(&self, epoch: Epoch, number: u32) -> Option<Moved> {
        // Segments are in the order of time, and one epoch may lie in several of them.
        let from = self.full.partition_point(|segment| segment.last_epoch() < epoch);
        let has = |first: Option<Epoch>| first.is_some_and(|first| first <= epoch);
        let candidates = self.full.range(from..).take_while(|segment| has(segment.first_epoch()));
        let found = (from..).zip(candidates).find_map(|(place, segment)| Some((place, segment.moved_at(epoch, number)?)));
        let (segment, moved) = found.or_else(|| Some((self.full.len(), self.open.moved_at(epoch, number)?)))?;
        let forgotten = segment == 0 && u64::from(moved.pin) < self.first % u64::from(SEGMENT_PINS);
        (!forgotten).then_some(moved)
    }

    /// Keeps a decision that must be the first on its command, and what it did, under the command's hash.
    pub fn keep(&mut self, hashed: Hashed, command: CommandId, pin: Pin, effect: Effect) {
        let number = low(self.next());
        let place = u16::try_from(self.open.pins.len()).expect("a segment has as many pins as a u16 counts");
        // Not by `push`, which would copy the effect once more, behind a pin that is on its way to memory.
        self.open.pins.push((command, pin));
        self.open.keep(place, effect);
        let Self { first, full, open, by_command, .. } = self;
        by_command.insert_hashed(hashed, command, number, |number| entry(*first, full, open, number).0);
        if self.open.is_full(self.segment_pins) {
            let next = self.open.next();
            self.full.push_back(Full::Warm(Arc::new(std::mem::replace(&mut self.open, next))));
        }
    }

    /// Forgets what is older than the horizon at `epoch`.
    pub fn forget(&mut self, epoch: Epoch) {
        for _ in 0..FORGOTTEN_MAX {
            if self.is_empty() {
                return;
            }
            let number = low(self.first);
            let (command, pin) = self.at(number);
            if pin.epoch + HORIZON_MS >= epoch {
                return;
            }
            let forgotten = self.by_command.remove(&command, |entry| entry == number);
            assert!(forgotten.is_some(), "every pin that is kept can be found");
            self.cold -= usize::from(self.full.front().is_some_and(Full::is_cold));
            let start = segment_start(self.first);
            self.first += 1;
            // The numbers that a full segment did not use are passed over.
            if self.full.front().is_some_and(|oldest| usize::try_from(self.first - start) == Ok(oldest.len())) {
                self.first = start + u64::from(SEGMENT_PINS);
                self.full.pop_front();
            }
        }
    }

    /// Lets go of segments that are on a disk, each under the number of its first pin. The newest stay, and those that are forgotten
    /// already are gone.
    pub fn shelve(&mut self, on_disk: impl IntoIterator<Item = (u64, Arc<Cold>)>) {
        for (number, cold) in on_disk {
            let Some(before) = number.checked_sub(self.segments_from()) else { continue };
            let place = usize::try_from(before / u64::from(SEGMENT_PINS)).expect("a u64 fits a usize");
            if place + WARM_SEGMENTS >= self.full.len() {
                continue;
            }
            let Full::Warm(segment) = &self.full[place] else { continue };
            assert_eq!(segment.len(), cold.len(), "what is on the disk is the segment of pin {number}");
            self.full[place] = Full::Cold(cold);
            self.cold += self.kept_of(place);
        }
    }

    /// How many pins of a full segment are kept.
    fn kept_of(&self, place: usize) -> usize {
        let forgotten = if place == 0 { self.first - self.segments_from() } else { 0 };
        self.full[place].len() - usize::try_from(forgotten).expect("a segment fits into memory")
    }

    /// The number of the first pin of the oldest segment.
    pub fn segments_from(&self) -> u64 {
        segment_start(self.first)
    }

    /// How many decisions are kept.
    pub const fn len(&self) -> usize {
        self.by_command.len()
    }

    /// Whether nothing is kept.
    pub const fn is_empty(&self) -> bool {
        self.by_command.is_empty()
    }

    /// How many of the decisions that are kept are in no memory.
    pub const fn cold(&self) -> usize {
        self.cold
    }

    /// Makes segments full with fewer pins than they have numbers.
    pub fn fill_segments_with(&mut self, pins: usize) {
        assert!((1..=segment_pins()).contains(&pins), "a segment has room for {SEGMENT_PINS} pins");
        self.segment_pins = pins;
    }

    /// The pins of this moment: full segments are shared, the open one is copied.
    pub fn freeze(&self) -> FrozenPins {
        FrozenPins { first: self.first, full: self.full.iter().cloned().collect(), open: self.open.clone() }
    }

    /// Goes on from frozen pins: the number of the oldest, the full segments, the open one.
    pub fn thaw(first: u64, full: Vec<Stored>, open: Segment) -> Result<Self, Damaged> {
        if full.iter().any(|stored| stored.full.is_empty() || stored.full.len() > segment_pins()) || open.len() >= segment_pins() {
            return Err(Damaged::new("a segment of pins has not its size"));
        }
        let (full, mut hashed): (VecDeque<_>, Vec<_>) = full.into_iter().map(|Stored { full, hashed }| (full, hashed)).unzip();
        hashed.push(full::hashed(&open));
        let mut pins = Self { first, full, open, ..Self::default() };
        let starts = (0..).map(|place| segment_start(first) + place * u64::from(SEGMENT_PINS));
        let numbers: Vec<_> = starts.zip(&hashed).map(|(start, hashed)| start..start + count(hashed.len())).collect();
        let ends = |(start, end): (u64, u64)| start.max(first) >= end;
        let mut full = numbers[..pins.full.len()].iter();
        if first > pins.next() || full.any(|numbers| ends((numbers.start, numbers.end))) {
            return Err(Damaged::new("more pins are forgotten than there are"));
        }
        let entries = numbers.iter().zip(&hashed).flat_map(|(numbers, hashed)| hashed.iter().copied().zip(numbers.clone()));
        let kept = entries.filter(|(_, number)| *number >= first).map(|(hashed, number)| (hashed, low(number)));
        let by_command = Entries::of(kept, |one, other| pins.at(one).0 == pins.at(other).0);
        pins.by_command = by_command.ok_or_else(|| Damaged::new("a command is pinned twice"))?;
        pins.cold = (0..pins.full.len()).filter(|place| pins.full[*place].is_cold()).map(|place| pins.kept_of(place)).sum();
        Ok(pins)
    }

    /// The number that the next pin gets.
    fn next(&self) -> u64 {
        segment_start(self.first) + count(self.full.len() * segment_pins() + self.open.len())
    }

    fn at(&self, number: u32) -> (CommandId, Pin) {
        entry(self.first, &self.full, &self.open, number)
    }
}

/// The pin of a number.
fn entry(first: u64, full: &VecDeque<Full>, open: &Segment, number: u32) -> (CommandId, Pin) {
    let (segment, place) = place(first, number);
    full.get(segment).map_or_else(|| open.pins[place], |segment| segment.at(place))
}

/// Which segment has a number, and its place there. Numbers that are kept at the same time differ in their lower 32 bits.
fn place(first: u64, number: u32) -> (usize, usize) {
    let place = usize::try_from(number.wrapping_sub(low(segment_start(first)))).expect("a u32 fits a usize");
    (place / segment_pins(), place % segment_pins())
}

/// The number of the first pin of the segment in which this one lies.
pub fn segment_start(number: u64) -> u64 {
    number - number % u64::from(SEGMENT_PINS)
}

fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).expect("32 bits fit a u32")
}

fn count(pins: usize) -> u64 {
    u64::try_from(pins).expect("pins in memory fit a u64")
}

fn segment_pins() -> usize {
    usize::try_from(SEGMENT_PINS).expect("a u32 fits a usize")
}

#[cfg(test)]
mod tests;
