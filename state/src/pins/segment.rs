//! Decisions that came one after the other, and what they did: in memory, and as the bytes that a snapshot has of them.
//!
//! Nothing in the bytes says where a row lies but what comes before it, so whoever wants some rows alone has to know where they lie
//! (`super::cold`). [`Laid`] says so.

use super::Pin;
use super::effect::{Batched, Effect};
use crate::bytes::{Bytes, Damaged, put_text};
use crate::moved::{Moved, Promised};
use schemas::{CommandId, Epoch, Fingerprint, Refusal};

/// Things that its decisions did, at which a segment is full: one of a batch does thousands. That is 4 MB beside its pins.
const SEGMENT_EFFECTS: usize = 65_536;

/// A pin as bytes: command, fingerprint, epoch, number, and the place of the refusal's word.
pub(super) const PIN_BYTES: usize = 16 + 16 + 8 + 4 + 1;

/// Decisions that came one after the other, and what they did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    pub(super) pins: Vec<(CommandId, Pin)>,
    pub(super) moved: Vec<Moved>,
    pub(super) promised: Vec<Promised>,
    pub(super) batched: Vec<Batched>,
    /// Items of the batches that were refused.
    pub(super) refused: usize,
}

/// A segment, and where each of its rows begins in the bytes from which it was read; of each kind, last where its rows end.
pub(super) struct Laid {
    pub(super) segment: Segment,
    /// The words by which the pins name their refusals.
    pub(super) words: Vec<Refusal>,
    pub(super) pins: Vec<u32>,
    pub(super) moved: Vec<u32>,
    pub(super) promised: Vec<u32>,
    pub(super) batched: Vec<u32>,
}

impl Segment {
    /// An empty one, into which most likely as much will come as into this one.
    pub(super) fn next(&self) -> Self {
        let (pins, moved) = (Vec::with_capacity(self.pins.len()), Vec::with_capacity(self.moved.len()));
        Self { pins, moved, ..Self::default() }
    }

    /// How many pins.
    pub const fn len(&self) -> usize {
        self.pins.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }

    /// Whether it has so many pins, or its decisions did as much as that.
    pub(super) fn is_full(&self, pins: usize) -> bool {
        self.pins.len() >= pins || self.moved.len() + self.promised.len() + self.refused >= SEGMENT_EFFECTS
    }

    pub(super) fn first_epoch(&self) -> Option<Epoch> {
        self.pins.first().map(|(_, pin)| pin.epoch)
    }

    pub(super) fn last_epoch(&self) -> Epoch {
        self.pins.last().map_or(0, |(_, pin)| pin.epoch)
    }

    /// By what a transaction is found: they are in the order of their decisions.
    pub(super) fn key(&self, moved: &Moved) -> (Epoch, u32) {
        (self.pins[usize::from(moved.pin)].1.epoch, moved.number)
    }

    /// The transaction of a number.
    pub(super) fn moved_at(&self, epoch: Epoch, number: u32) -> Option<Moved> {
        self.moved.binary_search_by_key(&(epoch, number), |moved| self.key(moved)).ok().map(|place| self.moved[place])
    }

    /// Adds a decision behind the last, and what it did.
    pub(super) fn push(&mut self, command: CommandId, pin: Pin, effect: Effect) {
        let place = u16::try_from(self.pins.len()).expect("a segment has as many pins as a u16 counts");
        self.pins.push((command, pin));
        self.keep(place, effect);
    }

    /// Keeps what the decision of a pin did, which is the newest.
    pub(super) fn keep(&mut self, pin: u16, effect: Effect) {
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
    pub(super) fn effect(&self, pin: u16) -> Effect {
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
        let mut bytes = Vec::with_capacity(1024 + self.pins.len() * PIN_BYTES + self.moved.len() * 64);
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
        Laid::read(bytes).map(|laid| laid.segment)
    }

    /// Whether everything is of a pin, in order. Of a batch, many things stand under one pin.
    pub(super) fn is_whole(&self) -> bool {
        let moved = self.moved.iter().map(|moved| (moved.pin, moved.number));
        let promised = self.promised.iter().map(|promised| promised.pin);
        let batched = self.batched.iter().map(|batched| batched.pin);
        let mut pins = moved.clone().map(|(pin, _)| pin).chain(promised.clone()).chain(batched.clone());
        let in_order = moved.is_sorted_by(|one, next| one.0 < next.0 || (one.0 == next.0 && one.1 < next.1)) && promised.is_sorted();
        in_order && batched.is_sorted_by(|one, next| one < next) && pins.all(|pin| usize::from(pin) < self.pins.len())
    }
}

impl Laid {
    /// Reads a segment.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Damaged> {
        let (whole, mut bytes) = (bytes.len(), Bytes(bytes));
        let mut words = Vec::new();
        for _ in 0..bytes.u8()? {
            let word = bytes.text()?;
            words.push(word.parse::<Refusal>().map_err(|_| Damaged(format!("{word:?} is no refusal that is known")))?);
        }
        let count = bytes.u32()?;
        let mut segment = Segment::default();
        let pins = read_rows(&mut bytes, count, whole, &mut segment.pins, |bytes| read_pin(bytes, &words))?;
        let more = !bytes.is_empty();
        let counted = |bytes: &mut Bytes<'_>| if more { bytes.u32() } else { Ok(0) };
        let (moved, promised) = (counted(&mut bytes)?, counted(&mut bytes)?);
        let moved = read_rows(&mut bytes, moved, whole, &mut segment.moved, Moved::read)?;
        let promised = read_rows(&mut bytes, promised, whole, &mut segment.promised, Promised::read)?;
        let batched = if bytes.is_empty() { 0 } else { bytes.u32()? };
        let batched = read_rows(&mut bytes, batched, whole, &mut segment.batched, Batched::read)?;
        segment.refused = segment.batched.iter().map(|batched| batched.refused.len()).sum();
        if !bytes.is_empty() {
            return Err(Damaged::new("bytes follow the last pin"));
        }
        if !segment.is_whole() {
            return Err(Damaged::new("what was moved is of no pin"));
        }
        Ok(Self { segment, words, pins, moved, promised, batched })
    }
}

/// Reads so many rows out of bytes of which there were `whole`; where each begins, and last where they end.
fn read_rows<R>(
    bytes: &mut Bytes<'_>,
    count: u32,
    whole: usize,
    rows: &mut Vec<R>,
    read: impl Fn(&mut Bytes<'_>) -> Result<R, Damaged>,
) -> Result<Vec<u32>, Damaged> {
    let at = |bytes: &Bytes<'_>| u32::try_from(whole - bytes.0.len()).map_err(|_| Damaged::new("a segment is too long"));
    // Hardly a row takes fewer bytes than a pin.
    let most = usize::try_from(count).expect("a u32 fits a usize").min(bytes.0.len() / PIN_BYTES);
    let mut starts = Vec::with_capacity(most + 1);
    starts.push(at(bytes)?);
    rows.reserve(most);
    for _ in 0..count {
        rows.push(read(bytes)?);
        starts.push(at(bytes)?);
    }
    Ok(starts)
}

/// Reads a pin, whose refusal is one of these words.
pub(super) fn read_pin(bytes: &mut Bytes<'_>, words: &[Refusal]) -> Result<(CommandId, Pin), Damaged> {
    let command = CommandId(bytes.uuid()?);
    let (fingerprint, epoch, number) = (Fingerprint(bytes.array()?), bytes.u64()?, bytes.u32()?);
    let refusal = match usize::from(bytes.u8()?) {
        0 => None,
        place => Some(*words.get(place - 1).ok_or_else(|| Damaged::new("a pin has a refusal that is not listed"))?),
    };
    Ok((command, Pin { fingerprint, epoch, number, refusal }))
}
