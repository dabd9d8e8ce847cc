//! Who has tried to pay lately: attempts by account, customer, device, card, telephone and address.
//!
//! A key has a row as long as something was counted of it in the last thirty days; its slot is then the next one's. Every epoch looks
//! at a few slots for rows that are over, so memory follows what is active, and no epoch has much to do. What a row says never depends on
//! when that is: whoever reads it looks at its time.

/// What windows hold.
pub mod window;

use crate::bytes::{Bytes, Damaged};
use crate::index::{Entries, Hashed};
use crate::table::{Row, Rows};
use schemas::{Currency, Epoch};
use std::collections::BTreeSet;
use std::sync::Arc;
use window::{Measured, Stretch, What, measure, minute};

/// Slots that an epoch looks at for rows that are over.
const SWEPT_MAX: u32 = 64;

/// What was counted longer ago is forgotten.
pub const REMEMBERED_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// After so long no window of a row holds anything: thirty days, and the day that the last one began in.
const OVER_MS: u64 = REMEMBERED_MS + 24 * 60 * 60 * 1000;

/// By what is counted: an id of the bank's, or the hash of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u128);

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    key: Key,
    /// When it was first seen, as far as it is remembered.
    pub first: Epoch,
    /// When something was counted last; zero in a slot that is free.
    pub last: Epoch,
    /// When it was last reported that what proves who they are is new; zero if never.
    pub reset: Epoch,
    /// What was counted last: most attempts fall where the one before did, and need nothing but the row.
    newest: Option<Stretch>,
    /// What was counted before, shared with snapshots, so that a chunk of rows is copied without it.
    older: Arc<[Stretch]>,
}

/// What was there before a change.
#[derive(Clone, Debug)]
pub(crate) enum Before {
    /// The row.
    Row(Box<Attempted>),
    /// Nothing, and the slot was free.
    Free,
    /// Nothing, and the slot was not there.
    Nothing,
}

/// All keys.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    rows: Rows<Attempted>,
    by_key: Entries,
    free: BTreeSet<u32>,
    /// The slot that is looked at next.
    next: u32,
}

impl Attempts {
    /// These slots; none if a key is in two of them.
    pub fn of(rows: Vec<Attempted>, next: u32) -> Option<Self> {
        let mut attempts = Self { next, ..Self::default() };
        for (slot, row) in (0..).zip(rows) {
            if row.last == 0 {
                attempts.free.insert(slot);
            } else if attempts.find(row.key).is_some() {
                return None;
            }
            let (key, used) = (row.key, row.last != 0);
            attempts.rows.push(row);
            if used {
                attempts.note(slot, key);
            }
        }
        Some(attempts)
    }

    /// Where the row of a key lies.
    pub fn find(&self, key: Key) -> Option<u32> {
        self.by_key.get(&key, |slot| self.rows.get(slot).key == key)
    }

    /// The hash of a key.
    pub fn hashed(&self, key: Key) -> Hashed {
        self.by_key.hashed(&key)
    }

    /// Reads what is known of these keys, so that it is near afterwards. Each look waits for memory far away, three times, so each step
    /// makes all of them: the words of the index, the rows that are there most likely, what was counted before.
    pub fn look_at(&self, keys: &[Hashed], slots: &mut Vec<u32>) {
        let words = keys.iter().fold(0, |seen, key| seen ^ self.by_key.glance(*key));
        slots.clear();
        slots.extend(keys.iter().filter_map(|key| self.by_key.likely(*key)));
        let rows = || slots.iter().map(|slot| self.rows.get(*slot));
        let seen = rows().fold(words, |seen, row| seen ^ row.last);
        let older = rows().filter_map(|row| row.older.last()).fold(0, |seen, stretch| seen ^ stretch.start());
        // Looks whose results nobody used would not be made.
        std::hint::black_box((seen, older));
    }

    /// The row of a slot.
    pub fn at(&self, slot: u32) -> &Attempted {
        self.rows.get(slot)
    }

    /// Counts something of a key whose row lies there, if it has one; and what its windows hold then, in sums of a currency.
    pub fn count(&mut self, (key, slot): (Key, Option<u32>), epoch: Epoch, what: What, currency: Currency, minor: i64) -> Measured {
        let slot = slot.unwrap_or_else(|| self.open(key, epoch));
        let (row, now) = (self.rows.get_mut(slot), minute(epoch));
        row.see(epoch);
        if let Some(running) = row.newest.as_mut().filter(|newest| newest.runs(now, what, currency)) {
            running.add(minor);
        } else {
            let mut stretches: Vec<Stretch> = row.stretches().copied().collect();
            window::count(&mut stretches, now, what, currency, minor);
            row.keep(stretches);
        }
        measure(row.stretches(), now, currency)
    }

    /// Notes that a key was seen, without counting it; and since when it is known, this time aside.
    pub fn see(&mut self, (key, slot): (Key, Option<u32>), epoch: Epoch) -> Option<Epoch> {
        let Some(slot) = slot else {
            self.open(key, epoch);
            return None;
        };
        let row = self.rows.get_mut(slot);
        let known = row.known(epoch);
        row.see(epoch);
        known
    }

    /// Notes that what proves who somebody is is new.
    pub fn reset(&mut self, (key, slot): (Key, Option<u32>), epoch: Epoch) {
        let slot = slot.unwrap_or_else(|| self.open(key, epoch));
        let row = self.rows.get_mut(slot);
        row.see(epoch);
        row.reset = epoch;
    }

    /// What is there of a key, to be put back.
    pub(crate) fn before(&self, slot: Option<u32>) -> Before {
        match slot {
            Some(slot) => Before::Row(Box::new(self.rows.get(slot).clone())),
            None if self.free.is_empty() => Before::Nothing,
            None => Before::Free,
        }
    }

    /// Puts back what was there before.
    pub(crate) fn put_back(&mut self, key: Key, before: Before) {
        let slot = self.find(key).expect("a key that was counted has a row");
        match before {
            Before::Row(row) => *self.rows.get_mut(slot) = *row,
            Before::Free => self.close(slot),
            Before::Nothing => {
                self.by_key.remove(&key, |other| other == slot);
                self.rows.pop();
            }
        }
    }

    /// Frees the slots of rows that are over, among the few that are this epoch's turn.
    pub fn sweep(&mut self, epoch: Epoch) {
        let slots = u32::try_from(self.rows.len()).expect("four billion rows do not fit into memory");
        for _ in 0..slots.min(SWEPT_MAX) {
            let slot = if self.next < slots { self.next } else { 0 };
            self.next = slot + 1;
            let row = self.rows.get(slot);
            if row.last != 0 && row.last + OVER_MS <= epoch {
                self.close(slot);
            }
        }
    }

    /// How many keys have a row.
    pub const fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether none has.
    pub const fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The slots of this moment, and the one that is looked at next.
    pub fn freeze(&mut self) -> (Rows<Attempted>, u32) {
        (self.rows.freeze(), self.next)
    }

    fn open(&mut self, key: Key, epoch: Epoch) -> u32 {
        let row = Attempted { key, first: epoch, last: epoch, reset: 0, newest: None, older: Arc::default() };
        let slot = if let Some(slot) = self.free.pop_first() {
            *self.rows.get_mut(slot) = row;
            slot
        } else {
            self.rows.push(row);
            u32::try_from(self.rows.len() - 1).expect("four billion rows do not fit into memory")
        };
        self.note(slot, key);
        slot
    }

    fn close(&mut self, slot: u32) {
        let row = self.rows.get_mut(slot);
        let key = row.key;
        *row = Attempted::none();
        self.by_key.remove(&key, |other| other == slot);
        self.free.insert(slot);
    }

    fn note(&mut self, slot: u32, key: Key) {
        let Self { rows, by_key, .. } = self;
        by_key.insert(key, slot, |other| rows.get(other).key);
    }
}

impl Attempted {
    fn none() -> Self {
        Self { key: Key(0), first: 0, last: 0, reset: 0, newest: None, older: Arc::default() }
    }

    /// Since when the key is known in an epoch; none if that is forgotten.
    pub const fn known(&self, epoch: Epoch) -> Option<Epoch> {
        if self.last + REMEMBERED_MS > epoch { Some(self.first) } else { None }
    }

    /// When it was last reported that what proves who they are is new.
    pub const fn reset(&self) -> Option<Epoch> {
        if self.reset == 0 { None } else { Some(self.reset) }
    }

    /// What was counted, in the order of time.
    fn stretches(&self) -> impl Iterator<Item = &Stretch> {
        self.older.iter().chain(&self.newest)
    }

    fn keep(&mut self, mut stretches: Vec<Stretch>) {
        self.newest = stretches.pop();
        self.older = stretches.into();
    }

    const fn see(&mut self, epoch: Epoch) {
        if self.known(epoch).is_none() {
            self.first = epoch;
        }
        self.last = epoch;
    }
}

impl Row for Attempted {
    type Id = Key;

    fn id(&self) -> Key {
        self.key
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.key.0.to_le_bytes());
        for epoch in [self.first, self.last, self.reset] {
            bytes.extend_from_slice(&epoch.to_le_bytes());
        }
        self.stretches().for_each(|stretch| stretch.write(bytes));
    }

    fn write_more(&self, _: &mut Vec<u8>) {}

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let key = Key(bytes.array().map(u128::from_le_bytes)?);
        let (first, last, reset) = (bytes.u64()?, bytes.u64()?, bytes.u64()?);
        let mut stretches = Vec::new();
        while !bytes.is_empty() {
            stretches.push(Stretch::read(bytes)?);
        }
        if first > last || reset > last {
            return Err(Damaged::new("attempts are of a time that can't be"));
        }
        let mut row = Self { key, first, last, reset, newest: None, older: Arc::default() };
        row.keep(stretches);
        Ok(row)
    }

    fn read_more(&mut self, _: &mut Bytes<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Epoch = 1_764_000_000_000;

    fn count(attempts: &mut Attempts, key: u128, epoch: Epoch) -> Measured {
        let slot = attempts.find(Key(key));
        attempts.count((Key(key), slot), epoch, What::Attempt, Currency::XOF, 5)
    }

    #[test]
    fn rows_that_are_over_make_room() {
        let mut attempts = Attempts::default();
        for key in 1..=200 {
            count(&mut attempts, key, START);
        }
        count(&mut attempts, 7, START + REMEMBERED_MS);
        let over = START + OVER_MS;
        (0..4).for_each(|_| attempts.sweep(over - 1));
        assert_eq!(attempts.len(), 200);
        attempts.sweep(over);
        assert!(attempts.len() > 100, "an epoch looks at few of them");
        (0..3).for_each(|_| attempts.sweep(over));
        assert_eq!((attempts.len(), attempts.rows.len()), (1, 200));
        assert_eq!(count(&mut attempts, 300, over).counts, [1; 4]);
        assert_eq!(attempts.find(Key(300)), Some(0), "it takes the first free slot");
        let (rows, next) = attempts.freeze();
        let again = Attempts::of(rows.iter().cloned().collect(), next).unwrap();
        assert_eq!((again.len(), again.find(Key(7))), (2, Some(6)));
        let twice = [rows.get(0).clone(), rows.get(0).clone()];
        assert!(Attempts::of(twice.to_vec(), 0).is_none());
    }

    #[test]
    fn a_row_counts_as_a_list_of_stretches_does_and_comes_back_from_its_bytes() {
        let (mut attempts, mut listed) = (Attempts::default(), Vec::new());
        let euro = "EUR".parse().unwrap();
        for (after, currency) in [(0, Currency::XOF), (1, euro), (2, Currency::XOF), (70_000, euro), (70_001, euro), (4_000_000, euro)] {
            let (epoch, slot) = (START + after, attempts.find(Key(1)));
            let counted = attempts.count((Key(1), slot), epoch, What::Attempt, currency, 5);
            window::count(&mut listed, minute(epoch), What::Attempt, currency, 5);
            assert_eq!(counted, measure(listed.iter(), minute(epoch), currency), "after {after} ms");
            let (row, mut bytes) = (attempts.at(0), Vec::new());
            row.write_first(&mut bytes);
            assert_eq!(Attempted::read_first(&mut Bytes(&bytes)).as_ref(), Ok(row), "after {after} ms");
        }
    }

    #[test]
    fn what_a_batch_has_counted_is_put_back() {
        let mut attempts = Attempts::default();
        for key in 1..=3 {
            count(&mut attempts, key, START);
        }
        attempts.close(1);
        let before = attempts.clone();
        let mut undo = Vec::new();
        for key in [1, 8, 9, 8, 1] {
            let slot = attempts.find(Key(key));
            undo.push((Key(key), attempts.before(slot)));
            count(&mut attempts, key, START + 61_000);
        }
        undo.into_iter().rev().for_each(|(key, before)| attempts.put_back(key, before));
        assert_eq!(attempts.rows, before.rows);
        assert_eq!((attempts.free, attempts.by_key.len()), (before.free, before.by_key.len()));
    }

    #[test]
    fn a_key_is_new_again_when_it_is_forgotten() {
        let mut attempts = Attempts::default();
        let mut see = |epoch| {
            let slot = attempts.find(Key(1));
            attempts.see((Key(1), slot), epoch)
        };
        assert_eq!(see(START), None);
        assert_eq!(see(START + 5), Some(START));
        assert_eq!(see(START + 5 + REMEMBERED_MS), None);
        assert_eq!(see(START + 6 + REMEMBERED_MS), Some(START + 5 + REMEMBERED_MS));
    }
}
