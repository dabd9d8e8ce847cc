//! Pins: every decision, a refusal included, under the id of its command, for the horizon.
//!
//! A retry of the command within the horizon gets the first decision. Afterwards the same key is a new
//! operation. Pins leave in the order in which they came, a bounded number an epoch.
//!
//! They are numbered as they come and lie in segments, each with as many numbers, so a number says where its pin lies. A segment is
//! full when its numbers are used, or when its decisions did as much as that: what is left of its numbers is then nobody's. A full
//! segment never changes again: a snapshot names it, and it is written to a disk once.

mod effect;

pub use effect::{Batched, Effect};

use crate::bytes::{Bytes, Damaged, put_text};
use crate::index::{Entries, Hashed};
use crate::moved::{Moved, Promised};
use schemas::{CommandId, Epoch, Fingerprint, Refusal};
use std::collections::VecDeque;
use std::sync::Arc;

/// How long a decision is kept: seven days of epochs.
pub const HORIZON_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Most pins forgotten in one epoch, so that a jump of the clock never forgets a week's worth at once.
const FORGOTTEN_MAX: usize = 4096;

/// Pins in a segment: what a snapshot copies of those that came last, at most, is 3 MB.
pub const SEGMENT_PINS: u32 = 65_536;

/// Things that its decisions did, at which a segment is full as well: one of a batch does thousands. That is 4 MB more.
const SEGMENT_EFFECTS: usize = 65_536;

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

/// Decisions that came one after the other, and what they did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    pins: Vec<(CommandId, Pin)>,
    moved: Vec<Moved>,
    promised: Vec<Promised>,
    batched: Vec<Batched>,
    /// Items of the batches that were refused.
    refused: usize,
}

/// All decisions within the horizon.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    /// The number of the oldest pin that is kept.
    first: u64,
    /// Full segments, the oldest first; some of the pins of the first one may be forgotten already.
    full: VecDeque<Arc<Segment>>,
    /// What came since the last full one.
    open: Segment,
    /// The number of each command's pin, as far as it tells those that are kept from each other.
    by_command: Entries,
}

/// The pins of a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenPins {
    /// The number of the oldest pin that is kept.
    pub first: u64,
    /// Full segments, the oldest first. That of the oldest pin comes first.
    pub full: Vec<Arc<Segment>>,
    /// What came since.
    pub open: Segment,
}

impl Pins {
    /// The hash under which the decision on a command is found.
    pub fn hashed(&self, command: CommandId) -> Hashed {
        self.by_command.hashed(&command)
    }

    /// The decision on a command, by its hash.
    pub fn get(&self, hashed: Hashed, command: CommandId) -> Option<&Pin> {
        let number = self.by_command.get_hashed(hashed, |number| self.at(number).0 == command)?;
        Some(&self.at(number).1)
    }

    /// Reads where the look for a hash begins, so that it is near afterwards.
    pub fn glance(&self, hashed: Hashed) -> u64 {
        self.by_command.glance(hashed)
    }

    /// What the decision on a command did, if its pin is kept.
    pub fn effect(&self, command: CommandId) -> Effect {
        let number = self.by_command.get(&command, |number| self.at(number).0 == command);
        number.map_or(Effect::None, |number| {
            let (segment, place) = place(self.first, &self.full, &self.open, number);
            segment.effect(u16::try_from(place).expect("a segment has as many pins as a u16 counts"))
        })
    }

    /// The settled transaction that was given a number in an epoch, as long as its decision is kept.
    pub fn transaction(&self, epoch: Epoch, number: u32) -> Option<&Moved> {
        // Segments are in the order of time, and one epoch may lie in several of them.
        let from = self.full.partition_point(|segment| segment.last_epoch() < epoch);
        let segments = (from..).zip(self.full.range(from..).map(|segment| &**segment).chain([&self.open]));
        let mut candidates = segments.take_while(|(_, segment)| segment.first_epoch().is_some_and(|first| first <= epoch));
        let (segment, moved) = candidates.find_map(|(place, segment)| segment.moved_at(epoch, number).map(|moved| (place, moved)))?;
        let forgotten = segment == 0 && u64::from(moved.pin) < self.first % u64::from(SEGMENT_PINS);
        (!forgotten).then_some(moved)
    }

    /// Keeps a decision that must be the first on its command, and what it did, under the command's hash.
    pub fn keep(&mut self, hashed: Hashed, command: CommandId, pin: Pin, effect: Effect) {
        let number = low(self.next());
        let place = u16::try_from(self.open.pins.len()).expect("a segment has as many pins as a u16 counts");
        self.open.pins.push((command, pin));
        self.open.keep(place, effect);
        let Self { first, full, open, by_command } = self;
        by_command.insert_hashed(hashed, command, number, |number| entry(*first, full, open, number).0);
        if self.open.is_full() {
            // Most likely as much will come and be moved as in the last.
            let (pins, moved) = (Vec::with_capacity(self.open.pins.len()), Vec::with_capacity(self.open.moved.len()));
            let next = Segment { pins, moved, ..Segment::default() };
            self.full.push_back(Arc::new(std::mem::replace(&mut self.open, next)));
        }
    }

    /// Forgets what is older than the horizon at `epoch`.
    pub fn forget(&mut self, epoch: Epoch) {
        for _ in 0..FORGOTTEN_MAX {
            if self.is_empty() {
                return;
            }
            let number = low(self.first);
            let (command, pin) = *self.at(number);
            if pin.epoch + HORIZON_MS >= epoch {
                return;
            }
            let forgotten = self.by_command.remove(&command, |entry| entry == number);
            assert!(forgotten.is_some(), "every pin that is kept can be found");
            let start = segment_start(self.first);
            self.first += 1;
            // The numbers that a full segment did not use are passed over.
            if self.full.front().is_some_and(|oldest| usize::try_from(self.first - start) == Ok(oldest.len())) {
                self.first = start + u64::from(SEGMENT_PINS);
                self.full.pop_front();
            }
        }
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

    /// The pins of this moment: full segments are shared, the open one is copied.
    pub fn freeze(&self) -> FrozenPins {
        FrozenPins { first: self.first, full: self.full.iter().cloned().collect(), open: self.open.clone() }
    }

    /// Goes on from frozen pins.
    pub fn thaw(frozen: FrozenPins) -> Result<Self, Damaged> {
        let FrozenPins { first, full, open } = frozen;
        if full.iter().any(|segment| segment.is_empty() || segment.len() > segment_pins()) || open.len() >= segment_pins() {
            return Err(Damaged::new("a segment of pins has not its size"));
        }
        let mut pins = Self { first, full: full.into(), open, by_command: Entries::default() };
        let next = pins.next();
        let starts = (0..).map(|place| segment_start(first) + place * u64::from(SEGMENT_PINS));
        let ends = pins.full.iter().map(|segment| segment.len()).chain([pins.open.len()]);
        let numbers: Vec<_> =
            starts.zip(ends).map(|(start, count)| start.max(first)..start + u64::try_from(count).expect("a segment is small")).collect();
        if first > next || numbers[..pins.full.len()].iter().any(std::ops::Range::is_empty) {
            return Err(Damaged::new("more pins are forgotten than there are"));
        }
        let by_command = Entries::of(numbers.iter().cloned().flatten().map(low), |number| pins.at(number).0);
        pins.by_command = by_command.ok_or_else(|| Damaged::new("a command is pinned twice"))?;
        Ok(pins)
    }

    /// The number that the next pin gets.
    fn next(&self) -> u64 {
        let before = self.first - self.first % u64::from(SEGMENT_PINS);
        let kept = self.full.len() * segment_pins() + self.open.pins.len();
        before + u64::try_from(kept).expect("pins in memory fit a u64")
    }

    fn at(&self, number: u32) -> &(CommandId, Pin) {
        entry(self.first, &self.full, &self.open, number)
    }
}

/// The pin of a number. Numbers that are kept at the same time differ in their lower 32 bits.
fn entry<'a>(first: u64, full: &'a VecDeque<Arc<Segment>>, open: &'a Segment, number: u32) -> &'a (CommandId, Pin) {
    let (segment, place) = place(first, full, open, number);
    segment.pins.get(place).expect("only kept pins have an entry")
}

/// The segment of a number, and its place there.
fn place<'a>(first: u64, full: &'a VecDeque<Arc<Segment>>, open: &'a Segment, number: u32) -> (&'a Segment, usize) {
    let before = low(first - first % u64::from(SEGMENT_PINS));
    let place = usize::try_from(number.wrapping_sub(before)).expect("a u32 fits a usize");
    (full.get(place / segment_pins()).map_or(open, |segment| segment), place % segment_pins())
}

/// The number of the first pin of the segment in which this one lies.
pub fn segment_start(number: u64) -> u64 {
    number - number % u64::from(SEGMENT_PINS)
}

fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).expect("32 bits fit a u32")
}

fn segment_pins() -> usize {
    usize::try_from(SEGMENT_PINS).expect("a u32 fits a usize")
}

impl Segment {
    /// How many pins.
    pub const fn len(&self) -> usize {
        self.pins.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }

    fn is_full(&self) -> bool {
        self.pins.len() == segment_pins() || self.moved.len() + self.promised.len() + self.refused >= SEGMENT_EFFECTS
    }

    fn first_epoch(&self) -> Option<Epoch> {
        self.pins.first().map(|(_, pin)| pin.epoch)
    }

    fn last_epoch(&self) -> Epoch {
        self.pins.last().map_or(0, |(_, pin)| pin.epoch)
    }

    /// The transaction of a number: they are in the order of their decisions.
    fn moved_at(&self, epoch: Epoch, number: u32) -> Option<&Moved> {
        let id = |moved: &Moved| (self.pins[usize::from(moved.pin)].1.epoch, moved.number);
        self.moved.binary_search_by_key(&(epoch, number), id).ok().map(|place| &self.moved[place])
    }

    fn keep(&mut self, pin: u16, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Moved(moved) => self.moved.push(Moved { pin, ..moved }),
            Effect::Promised(promised) => self.promised.push(Promised { pin, ..promised }),
            Effect::Batch(effects, batched) => {
                effects.into_iter().for_each(|effect| self.keep(pin, effect));
                self.refused += batched.refused.len();
                self.batched.push(Batched { pin, ..batched });
            }
        }
    }

    /// What the decision of a pin did; of a batch, first what was moved and then what was promised.
    fn effect(&self, pin: u16) -> Effect {
        if let Ok(place) = self.batched.binary_search_by_key(&pin, |batched| batched.pin) {
            let moved = &self.moved[self.moved.partition_point(|moved| moved.pin < pin)..];
            let promised = &self.promised[self.promised.partition_point(|promised| promised.pin < pin)..];
            let moved = moved.iter().take_while(|moved| moved.pin == pin).map(|moved| Effect::Moved(*moved));
            let promised = promised.iter().take_while(|promised| promised.pin == pin).map(|promised| Effect::Promised(*promised));
            return Effect::Batch(moved.chain(promised).collect(), self.batched[place].clone());
        }
        if let Ok(place) = self.moved.binary_search_by_key(&pin, |moved| moved.pin) {
            return Effect::Moved(self.moved[place]);
        }
        match self.promised.binary_search_by_key(&pin, |promised| promised.pin) {
            Ok(place) => Effect::Promised(self.promised[place]),
            Err(_) => Effect::None,
        }
    }

    /// As bytes. Where nothing was moved or promised, nothing follows the pins, as before there was anything to follow. The words of those refusals that occur are listed once: a binary that knows fewer reads what names none of the others.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1024 + self.pins.len() * 45 + self.moved.len() * 64);
        let occurs = |refusal: &&Refusal| self.pins.iter().any(|(_, pin)| pin.refusal == Some(**refusal));
        let words: Vec<Refusal> = Refusal::ALL.iter().filter(occurs).copied().collect();
        bytes.push(u8::try_from(words.len()).expect("there are fewer refusals than 256"));
        words.iter().for_each(|refusal| put_text(&mut bytes, refusal.as_str()));
        bytes.extend_from_slice(&u32::try_from(self.pins.len()).expect("a segment is small").to_le_bytes());
        for (command, pin) in &self.pins {
            bytes.extend_from_slice(command.0.as_bytes());
            bytes.extend_from_slice(&pin.fingerprint.0);
            bytes.extend_from_slice(&pin.epoch.to_le_bytes());
            bytes.extend_from_slice(&pin.number.to_le_bytes());
            let place = pin.refusal.and_then(|refusal| words.iter().position(|listed| *listed == refusal));
            bytes.push(place.map_or(0, |place| u8::try_from(place + 1).expect("there are fewer refusals than 255")));
        }
        if self.moved.is_empty() && self.promised.is_empty() && self.batched.is_empty() {
            return bytes;
        }
        let count = |rows: usize| u32::try_from(rows).expect("a segment is small").to_le_bytes();
        bytes.extend_from_slice(&count(self.moved.len()));
        bytes.extend_from_slice(&count(self.promised.len()));
        self.moved.iter().for_each(|moved| moved.write(&mut bytes));
        self.promised.iter().for_each(|promised| promised.write(&mut bytes));
        if !self.batched.is_empty() {
            bytes.extend_from_slice(&count(self.batched.len()));
            self.batched.iter().for_each(|batched| batched.write(&mut bytes));
        }
        bytes
    }

    /// From bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut bytes = Bytes(bytes);
        let mut words = Vec::new();
        for _ in 0..bytes.u8()? {
            let word = bytes.text()?;
            words.push(word.parse::<Refusal>().map_err(|_| Damaged(format!("{word:?} is no refusal that is known")))?);
        }
        let count = bytes.u32()?;
        let mut pins = Vec::with_capacity(segment_pins().min(usize::try_from(count).unwrap_or(usize::MAX)));
        for _ in 0..count {
            let command = CommandId(bytes.uuid()?);
            let (fingerprint, epoch, number) = (Fingerprint(bytes.array()?), bytes.u64()?, bytes.u32()?);
            let refusal = match usize::from(bytes.u8()?) {
                0 => None,
                place => Some(*words.get(place - 1).ok_or_else(|| Damaged::new("a pin has a refusal that is not listed"))?),
            };
            pins.push((command, Pin { fingerprint, epoch, number, refusal }));
        }
        let mut segment = Self { pins, ..Self::default() };
        if bytes.is_empty() {
            return Ok(segment);
        }
        let (moved, promised) = (bytes.u32()?, bytes.u32()?);
        for _ in 0..moved {
            segment.moved.push(Moved::read(&mut bytes)?);
        }
        for _ in 0..promised {
            segment.promised.push(Promised::read(&mut bytes)?);
        }
        let batched = if bytes.is_empty() { 0 } else { bytes.u32()? };
        for _ in 0..batched {
            segment.batched.push(Batched::read(&mut bytes)?);
        }
        segment.refused = segment.batched.iter().map(|batched| batched.refused.len()).sum();
        let count = segment.pins.len();
        let moved = segment.moved.iter().map(|moved| (moved.pin, moved.number));
        let promised = segment.promised.iter().map(|promised| promised.pin);
        let batched = segment.batched.iter().map(|batched| batched.pin);
        let pins = moved.clone().map(|(pin, _)| pin).chain(promised.clone()).chain(batched.clone());
        // Of a batch, many things stand under one pin.
        let in_order = moved.is_sorted_by(|one, next| one.0 < next.0 || (one.0 == next.0 && one.1 < next.1)) && promised.is_sorted();
        let whole = in_order && batched.is_sorted_by(|one, next| one < next) && { pins }.all(|pin| usize::from(pin) < count);
        if !bytes.is_empty() {
            return Err(Damaged::new("bytes follow the last pin"));
        }
        if whole { Ok(segment) } else { Err(Damaged::new("what was moved is of no pin")) }
    }
}

#[cfg(test)]
mod tests;
