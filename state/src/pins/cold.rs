//! A full segment that lies on a disk: of each page of its rows, memory keeps where it lies and a checksum.
//!
//! In: the bytes of a segment, which stand on a shelf as a part. Out: its rows, a page of them read at a time. Never: a row of a page
//! that is not, bit by bit, what it was when the segment was put there; then the process ends, since it would decide by guesswork.
//!
//! A page is a stretch of pins and what those did. Its rows are in four places of the part, one for each kind. So the bytes of a
//! part are those that a segment in memory has, and any binary that reads snapshots reads them.

use super::effect::{Batched, Effect};
use super::segment::{Laid, Segment, read_pin};
use super::{Pages, Pin};
use crate::bytes::{Bytes, Damaged};
use crate::moved::{Moved, Promised};
use foldhash::quality::FixedState;
use schemas::{CommandId, Epoch, Refusal};
use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::Range;
use std::sync::Arc;

/// Pins in a page: 40 bytes of memory for each page are nothing then, and 30 KB are read in microseconds.
const PAGE_PINS: usize = 256;

/// Things that its decisions did, at which a page ends as well: a batch does thousands.
const PAGE_EFFECTS: usize = 1024;

/// A full segment that lies on a disk.
#[derive(Debug)]
pub struct Cold {
    /// The name of its part.
    part: Arc<str>,
    /// The words by which its pins name their refusals.
    words: Box<[Refusal]>,
    first_epoch: Option<Epoch>,
    last_epoch: Epoch,
    /// Its pages, in order, and last one without rows, which says where the others end.
    pages: Box<[Page]>,
    shelf: Arc<Pages>,
}

/// Where a page lies.
#[derive(Debug)]
struct Page {
    /// The place of its first pin in the segment.
    first: u32,
    /// Where that lies in the part, and the first of what its pins did, of each kind.
    at: [u32; 4],
    /// By what the last transaction is found that stands before this page; each of this page comes after it.
    before: (Epoch, u32),
    /// Of its bytes, as long as this process lives.
    check: u64,
}

impl Cold {
    /// The segment of these bytes, which stand on a shelf as this part.
    pub fn of(bytes: &[u8], part: &str, shelf: &Arc<Pages>) -> Result<Self, Damaged> {
        Ok(Self::laid(&Laid::read(bytes)?, bytes, part, shelf))
    }

    pub(super) fn laid(laid: &Laid, bytes: &[u8], part: &str, shelf: &Arc<Pages>) -> Self {
        let segment = &laid.segment;
        let mut cold = Self {
            part: part.into(),
            words: laid.words.clone().into(),
            first_epoch: segment.first_epoch(),
            last_epoch: segment.last_epoch(),
            pages: pages(laid).into(),
            shelf: Arc::clone(shelf),
        };
        for place in 0..cold.count() {
            cold.pages[place].check = check(cold.ranges(place).iter().map(|range| &bytes[usizes(range)]));
        }
        cold
    }

    /// The name of its part.
    pub fn part(&self) -> &str {
        &self.part
    }

    /// How many pins.
    pub fn len(&self) -> usize {
        self.pages.last().map_or(0, |end| size(end.first))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) const fn first_epoch(&self) -> Option<Epoch> {
        self.first_epoch
    }

    pub(super) const fn last_epoch(&self) -> Epoch {
        self.last_epoch
    }

    /// The pin of a place.
    pub(super) fn at(&self, place: usize) -> (CommandId, Pin) {
        let (page, first) = self.page_of(place);
        page.pins[place - first]
    }

    /// What the decision of a pin did.
    pub(super) fn effect(&self, place: u16) -> Effect {
        let (page, first) = self.page_of(usize::from(place));
        page.effect(place - short(first)).of_pin(place)
    }

    /// The transaction of a number.
    pub(super) fn moved_at(&self, epoch: Epoch, number: u32) -> Option<Moved> {
        let page = self.pages[..self.count()].partition_point(|page| page.before < (epoch, number)).checked_sub(1)?;
        let moved = self.page(page).moved_at(epoch, number)?;
        Some(Moved { pin: moved.pin + short(size(self.pages[page].first)), ..moved })
    }

    /// All of it, as it was in memory.
    pub(super) fn whole(&self) -> Segment {
        let mut segment = Segment::default();
        for place in 0..self.len() {
            let (command, pin) = self.at(place);
            segment.push(command, pin, self.effect(short(place)));
        }
        segment
    }

    /// How many pages.
    fn count(&self) -> usize {
        self.pages.len() - 1
    }

    /// The page of a pin, and the place of its first one.
    fn page_of(&self, place: usize) -> (Arc<Segment>, usize) {
        let page = self.pages[..self.count()].partition_point(|page| size(page.first) <= place) - 1;
        (self.page(page), size(self.pages[page].first))
    }

    fn page(&self, place: usize) -> Arc<Segment> {
        // Without it nobody knows what was decided, and a payment could be made twice.
        let unread = |Damaged(what)| panic!("page {place} of {} can't be read back, and nothing is decided without it: {what}", self.part);
        self.shelf.page(&self.part, place, || self.read(place)).unwrap_or_else(unread)
    }

    fn read(&self, place: usize) -> Result<Segment, Damaged> {
        let ranges = self.ranges(place);
        let bytes = self.shelf.read(&self.part, &ranges)?;
        let mut rest = &bytes[..];
        let mut pieces = [rest; 4];
        for (piece, range) in pieces.iter_mut().zip(&ranges) {
            (*piece, rest) = rest.split_at_checked(range.len()).ok_or_else(|| Damaged::new("it is cut off"))?;
        }
        if !rest.is_empty() || check(pieces.into_iter()) != self.pages[place].check {
            return Err(Damaged::new("its bytes are not those that were written"));
        }
        self.rows(pieces, short(size(self.pages[place].first)))
    }

    /// The rows of a page whose first pin has this place, each at its place in the page.
    fn rows(&self, [pins, moved, promised, batched]: [&[u8]; 4], first: u16) -> Result<Segment, Damaged> {
        let place = |pin: u16| pin.checked_sub(first).ok_or_else(|| Damaged::new("it holds what another page did"));
        let page = Segment {
            pins: all(pins, |bytes| read_pin(bytes, &self.words))?,
            moved: all(moved, |bytes| Moved::read(bytes).and_then(|row| Ok(Moved { pin: place(row.pin)?, ..row })))?,
            promised: all(promised, |bytes| Promised::read(bytes).and_then(|row| Ok(Promised { pin: place(row.pin)?, ..row })))?,
            batched: all(batched, |bytes| Batched::read(bytes).and_then(|row| Ok(Batched { pin: place(row.pin)?, ..row })))?,
            refused: 0,
        };
        if page.is_whole() { Ok(page) } else { Err(Damaged::new("what was moved is of no pin")) }
    }

    /// Where a page lies in the part.
    fn ranges(&self, place: usize) -> [Range<u32>; 4] {
        let (page, next) = (&self.pages[place], &self.pages[place + 1]);
        std::array::from_fn(|kind| page.at[kind]..next.at[kind])
    }
}

/// The pages of a segment, without their checksums.
fn pages(laid: &Laid) -> Vec<Page> {
    let segment = &laid.segment;
    let page = |first: usize, [moved, promised, batched]: [usize; 3]| Page {
        first: u32::try_from(first).expect("a segment is small"),
        at: [laid.pins[first], laid.moved[moved], laid.promised[promised], laid.batched[batched]],
        before: moved.checked_sub(1).map_or((0, 0), |last| segment.key(&segment.moved[last])),
        check: 0,
    };
    // How many rows of each kind those pins have that were looked at.
    let (mut pages, mut rows, mut first, mut effects) = (Vec::new(), [0; 3], 0, 0);
    let mut begins = rows;
    for place in 0..segment.len() {
        if place == first + PAGE_PINS || effects >= PAGE_EFFECTS {
            pages.push(page(first, begins));
            (first, begins, effects) = (place, rows, 0);
        }
        let pin = short(place);
        let moved = segment.moved[rows[0]..].iter().take_while(|row| row.pin == pin).count();
        let promised = segment.promised[rows[1]..].iter().take_while(|row| row.pin == pin).count();
        let batched: Vec<_> = segment.batched[rows[2]..].iter().take_while(|row| row.pin == pin).collect();
        effects += moved + promised + batched.iter().map(|row| row.refused.len()).sum::<usize>();
        rows = [rows[0] + moved, rows[1] + promised, rows[2] + batched.len()];
    }
    if !segment.is_empty() {
        pages.push(page(first, begins));
    }
    pages.push(page(segment.len(), rows));
    pages
}

/// Reads rows until there are no bytes left.
fn all<R>(bytes: &[u8], read: impl Fn(&mut Bytes<'_>) -> Result<R, Damaged>) -> Result<Vec<R>, Damaged> {
    let most = if bytes.is_empty() { 0 } else { PAGE_PINS };
    let (mut bytes, mut rows) = (Bytes(bytes), Vec::with_capacity(most));
    while !bytes.is_empty() {
        rows.push(read(&mut bytes)?);
    }
    Ok(rows)
}

/// Nobody chooses these bytes to deceive it, and it never leaves the process.
fn check<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    pieces.for_each(|piece| {
        hasher.write_usize(piece.len());
        hasher.write(piece);
    });
    hasher.finish()
}

fn usizes(range: &Range<u32>) -> Range<usize> {
    size(range.start)..size(range.end)
}

fn size(number: u32) -> usize {
    usize::try_from(number).expect("a u32 fits a usize")
}

fn short(place: usize) -> u16 {
    u16::try_from(place).expect("a segment has as many pins as a u16 counts")
}

#[cfg(test)]
mod tests;
