//! Rows that are open for a time: each lies in a slot of a table.
//!
//! When a row ends its slot is free, and the next row takes the lowest free one: so which row lies where follows from what was decided,
//! in every process alike, and memory is bounded by the most rows that were ever open at once.

use crate::index::Entries;
use crate::table::{Row, Rows};
use schemas::Epoch;
use std::collections::BTreeSet;

/// A row that is open until it ends.
pub trait Ends: Row {
    /// Whether it is open.
    fn is_open(&self) -> bool;

    /// When it ends by itself; this never changes.
    fn ends(&self) -> Epoch;

    /// Ends it.
    fn end(&mut self);
}

/// Open rows by id, and the slots of those that ended.
#[derive(Clone, Debug)]
pub struct Slots<R: Ends> {
    rows: Rows<R>,
    by_id: Entries,
    free: BTreeSet<u32>,
    /// When each ends, in the order in which they do.
    ends: BTreeSet<(Epoch, R::Id)>,
}

impl<R: Ends> Default for Slots<R>
where
    R::Id: Ord,
{
    fn default() -> Self {
        Self { rows: Rows::default(), by_id: Entries::default(), free: BTreeSet::new(), ends: BTreeSet::new() }
    }
}

impl<R: Ends> Slots<R>
where
    R::Id: Ord,
{
    /// These slots; none if a row is open in two of them.
    pub fn of(rows: Vec<R>) -> Option<Self> {
        let mut slots = Self::default();
        for (slot, row) in (0..).zip(rows) {
            if !row.is_open() {
                slots.free.insert(slot);
            } else if slots.slot(row.id()).is_some() {
                return None;
            } else {
                slots.note(slot, &row);
            }
            slots.rows.push(row);
        }
        Some(slots)
    }

    /// The open row of this id.
    pub fn get(&self, id: R::Id) -> Option<&R> {
        self.slot(id).map(|slot| self.rows.get(slot))
    }

    /// The open row of this id, to be changed; it exists.
    pub fn get_mut(&mut self, id: R::Id) -> &mut R {
        let slot = self.place(id);
        self.rows.get_mut(slot)
    }

    /// Adds a row, which is new and open. What had ended in its slot before comes back.
    pub fn open(&mut self, row: R) -> Option<R> {
        if let Some(slot) = self.free.pop_first() {
            self.note(slot, &row);
            return Some(std::mem::replace(self.rows.get_mut(slot), row));
        }
        let slot = u32::try_from(self.rows.len()).expect("four billion rows do not fit into memory");
        self.note(slot, &row);
        self.rows.push(row);
        None
    }

    /// Takes an open row away as if it had not been added to what was in its slot before.
    pub fn take_back(&mut self, id: R::Id, before: Option<R>) {
        let slot = self.place(id);
        self.end(slot);
        if let Some(ended) = before {
            *self.rows.get_mut(slot) = ended;
        } else {
            self.rows.pop();
            self.free.remove(&slot);
        }
    }

    /// Ends an open row.
    pub fn close(&mut self, id: R::Id) -> &R {
        let slot = self.place(id);
        self.end(slot);
        self.rows.get(slot)
    }

    /// The slot of an open row.
    pub fn place(&self, id: R::Id) -> u32 {
        self.slot(id).expect("the row was found by the checks")
    }

    /// Puts an open row back to where it was, in the place of whatever is there now.
    pub fn restore(&mut self, slot: u32, row: R) {
        if self.rows.get(slot).is_open() {
            self.end(slot);
        }
        self.free.remove(&slot);
        self.note(slot, &row);
        *self.rows.get_mut(slot) = row;
    }

    /// Those that end by themselves up to `epoch`, the earliest first, at most so many.
    pub fn ended(&self, epoch: Epoch, most: usize) -> Vec<R::Id> {
        self.ends.iter().take_while(|(ends, _)| *ends <= epoch).take(most).map(|(_, id)| *id).collect()
    }

    /// How many are open.
    pub const fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether none is.
    pub const fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Every open row, by slot.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.iter().filter(|row| row.is_open())
    }

    /// The slots of this moment.
    pub fn freeze(&mut self) -> Rows<R> {
        self.rows.freeze()
    }

    fn slot(&self, id: R::Id) -> Option<u32> {
        self.by_id.get(&id, |slot| self.rows.get(slot).id() == id)
    }

    fn note(&mut self, slot: u32, row: &R) {
        let Self { rows, by_id, ends, .. } = self;
        let id = row.id();
        // The slot itself still holds what was there before.
        by_id.insert(id, slot, |other| if other == slot { id } else { rows.get(other).id() });
        ends.insert((row.ends(), id));
    }

    fn end(&mut self, slot: u32) {
        let row = self.rows.get_mut(slot);
        row.end();
        let (id, ends) = (row.id(), row.ends());
        self.by_id.remove(&id, |other| other == slot);
        self.ends.remove(&(ends, id));
        self.free.insert(slot);
    }
}
