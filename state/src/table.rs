//! Rows in the order in which they came, found by their ids.
//!
//! A snapshot must show the rows of one moment while the ledger goes on. So rows lie in chunks that are shared with
//! the snapshot, and a chunk is copied when it is first changed afterwards: what freezing costs does not depend on
//! the number of rows beyond a pointer a chunk, and what it costs later is spread over the changes. A chunk that no
//! snapshot shares is owned outright, so that a change of a row needs no atomic instruction, each of which would wait
//! until all that was written before has reached the cache.

use crate::bytes::{Bytes, Damaged};
use crate::index::{Entries, Hashed};
use std::hash::Hash;
use std::sync::Arc;

/// Rows in a chunk: copying one of accounts takes a few microseconds, and an epoch may have to copy one for each side of each payment.
pub const CHUNK_ROWS: usize = 256;

/// A row of a table.
pub trait Row: Clone {
    /// What it is found by.
    type Id: Copy + Eq + Hash;

    /// Its id, which never changes.
    fn id(&self) -> Self::Id;

    /// Writes what every snapshot says of it.
    fn write_first(&self, bytes: &mut Vec<u8>);

    /// Writes what only a snapshot of the fourth format or later says of it.
    fn write_more(&self, bytes: &mut Vec<u8>);

    /// Reads back what every snapshot says of it; the rest is as it was when that was all.
    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged>;

    /// Reads back the rest.
    fn read_more(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged>;
}

/// Rows by id.
#[derive(Clone, Debug)]
pub struct Table<R> {
    rows: Rows<R>,
    by_id: Entries,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self { chunks: Vec::new(), count: 0 }
    }
}

/// Rows in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<R> {
    chunks: Vec<Chunk<R>>,
    count: usize,
}

/// Some of the rows.
#[derive(Clone, Debug)]
enum Chunk<R> {
    /// They are nobody else's.
    Own(Vec<R>),
    /// A snapshot has them too, or had them.
    Shared(Arc<Vec<R>>),
}

impl<R> Chunk<R> {
    fn rows(&self) -> &[R] {
        match self {
            Self::Own(rows) => rows,
            Self::Shared(rows) => rows,
        }
    }
}

impl<R: Clone> Chunk<R> {
    /// The rows, to be changed: copied if a snapshot still has them.
    fn own(&mut self) -> &mut Vec<R> {
        if let Self::Shared(_) = self {
            self.take_back();
        }
        let Self::Own(rows) = self else { unreachable!("what was shared was just taken back") };
        rows
    }

    #[cold]
    fn take_back(&mut self) {
        let Self::Shared(shared) = std::mem::replace(self, Self::Own(Vec::new())) else { return };
        // A copy has room for what is added to the last chunk.
        let copy = |shared: Arc<Vec<R>>| {
            let mut rows = Vec::with_capacity(CHUNK_ROWS);
            rows.extend_from_slice(&shared);
            rows
        };
        *self = Self::Own(Arc::try_unwrap(shared).unwrap_or_else(copy));
    }

    /// The same rows for somebody else, who does not change them.
    fn share(&mut self) -> Self {
        if let Self::Own(rows) = self {
            *self = Self::Shared(Arc::new(std::mem::take(rows)));
        }
        let Self::Shared(rows) = self else { unreachable!("what was owned was just shared") };
        Self::Shared(Arc::clone(rows))
    }
}

impl<R: PartialEq> PartialEq for Chunk<R> {
    fn eq(&self, other: &Self) -> bool {
        self.rows() == other.rows()
    }
}

impl<R: Eq> Eq for Chunk<R> {}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { rows: Rows::default(), by_id: Entries::default() }
    }
}

impl<R: Row + Send + Sync> Table<R> {
    /// A table of these rows, in this order; none if two of them have the same id.
    pub fn of(all: Vec<R>) -> Option<Self> {
        let mut rows = Rows { chunks: Vec::with_capacity(all.len().div_ceil(CHUNK_ROWS)), count: 0 };
        all.into_iter().for_each(|row| rows.push(row));
        let slots = u32::try_from(rows.count).expect("four billion rows do not fit into memory");
        let hashed = (0..slots).map(|slot| (Hashed::of(&rows.get(slot).id()), slot));
        let by_id = Entries::of(hashed, |one, other| rows.get(one).id() == rows.get(other).id())?;
        Some(Self { rows, by_id })
    }
}

impl<R: Row> Table<R> {
    /// The row of this id.
    pub fn get(&self, id: R::Id) -> Option<&R> {
        self.slot(id).map(|slot| self.rows.get(slot))
    }

    /// The row of this id, to be changed.
    pub fn get_mut(&mut self, id: R::Id) -> Option<&mut R> {
        self.slot(id).map(|slot| self.rows.get_mut(slot))
    }

    /// The place of the row of this id, which never changes.
    pub fn place(&self, id: R::Id) -> Option<u32> {
        self.slot(id)
    }

    /// The hash under which the row of this id is found.
    pub fn hashed(&self, id: R::Id) -> Hashed {
        self.by_id.hashed(&id)
    }

    /// Reads where the look for a hash begins, so that it is near afterwards.
    pub fn glance(&self, hashed: Hashed) -> u64 {
        self.by_id.glance(hashed)
    }

    /// The place of the row of this hash, or of another row in one case of billions: no row is looked at.
    pub fn likely_place(&self, hashed: Hashed) -> Option<u32> {
        self.by_id.likely(hashed)
    }

    /// The row of a place.
    pub fn at(&self, place: u32) -> &R {
        self.rows.get(place)
    }

    /// The row of a place, to be changed.
    pub fn at_mut(&mut self, place: u32) -> &mut R {
        self.rows.get_mut(place)
    }

    /// How many rows.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row whose id must be new.
    pub fn push(&mut self, row: R) {
        let Self { rows, by_id } = self;
        let slot = u32::try_from(rows.count).expect("four billion rows do not fit into memory");
        let id = row.id();
        rows.push(row);
        by_id.insert(id, slot, |slot| rows.get(slot).id());
    }

    /// Takes the row away that was added last.
    pub fn pop(&mut self) -> Option<R> {
        let row = self.rows.pop()?;
        let slot = u32::try_from(self.rows.count).expect("four billion rows do not fit into memory");
        self.by_id.remove(&row.id(), |other| other == slot);
        Some(row)
    }

    /// Every row, in order.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.iter()
    }

    /// The rows of this moment.
    pub fn freeze(&mut self) -> Rows<R> {
        self.rows.freeze()
    }

    fn slot(&self, id: R::Id) -> Option<u32> {
        self.by_id.get(&id, |slot| self.rows.get(slot).id() == id)
    }
}

impl<R: Row> Rows<R> {
    /// How many rows.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Every row, in order.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.chunks.iter().flat_map(Chunk::rows)
    }

    /// The rows, a chunk at a time.
    pub fn chunks(&self) -> impl Iterator<Item = &[R]> {
        self.chunks.iter().map(Chunk::rows)
    }

    /// The row of a place.
    pub fn get(&self, slot: u32) -> &R {
        let (chunk, place) = place(slot);
        &self.chunks[chunk].rows()[place]
    }

    /// The row of a place, to be changed.
    pub fn get_mut(&mut self, slot: u32) -> &mut R {
        let (chunk, place) = place(slot);
        &mut self.chunks[chunk].own()[place]
    }

    /// Takes the last row away.
    pub fn pop(&mut self) -> Option<R> {
        let row = self.chunks.last_mut()?.own().pop()?;
        self.count -= 1;
        if self.count.is_multiple_of(CHUNK_ROWS) {
            self.chunks.pop();
        }
        Some(row)
    }

    /// Adds a row behind the last.
    pub fn push(&mut self, row: R) {
        if self.count.is_multiple_of(CHUNK_ROWS) {
            self.chunks.push(Chunk::Own(Vec::with_capacity(CHUNK_ROWS)));
        }
        let last = self.chunks.last_mut().expect("a chunk was just added if there was none with room");
        last.own().push(row);
        self.count += 1;
    }

    /// The rows of this moment, shared until they are changed.
    pub fn freeze(&mut self) -> Self {
        Self { chunks: self.chunks.iter_mut().map(Chunk::share).collect(), count: self.count }
    }
}

fn place(slot: u32) -> (usize, usize) {
    let slot = usize::try_from(slot).expect("a u32 fits a usize");
    (slot / CHUNK_ROWS, slot % CHUNK_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Counter {
        id: u64,
        count: u64,
    }

    impl Row for Counter {
        type Id = u64;
        fn id(&self) -> u64 {
            self.id
        }
        fn write_first(&self, bytes: &mut Vec<u8>) {
            bytes.extend_from_slice(&self.id.to_le_bytes());
        }
        fn write_more(&self, bytes: &mut Vec<u8>) {
            bytes.extend_from_slice(&self.count.to_le_bytes());
        }
        fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
            Ok(Self { id: bytes.u64()?, count: 0 })
        }
        fn read_more(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
            self.count = bytes.u64()?;
            Ok(())
        }
    }

    #[test]
    fn what_is_frozen_stays_while_the_table_goes_on() {
        let mut table = Table::default();
        for id in 0..3000 {
            table.push(Counter { id: id * 2, count: 0 });
        }
        let frozen = table.freeze();
        table.get_mut(2048).unwrap().count = 5;
        table.push(Counter { id: 1, count: 1 });
        assert_eq!(table.get(2048), Some(&Counter { id: 2048, count: 5 }));
        assert_eq!(table.get(1), Some(&Counter { id: 1, count: 1 }));
        assert_eq!(table.get(3), None);
        assert_eq!((table.iter().count(), frozen.len()), (3001, 3000));
        assert!(frozen.iter().all(|row| row.count == 0));
        // Only what was changed was copied.
        let shared = frozen.chunks.iter().zip(&table.rows.chunks).filter(|(a, b)| std::ptr::eq(a.rows(), b.rows())).count();
        assert_eq!((shared, frozen.chunks.len()), (10, 12));
        // And nothing where the snapshot is over.
        let lies = table.get(4000).map(std::ptr::from_ref);
        drop(frozen);
        table.get_mut(4000).unwrap().count = 7;
        assert_eq!(table.get(4000).map(std::ptr::from_ref), lies);
        let mut again = Table::of(table.iter().cloned().collect()).unwrap();
        assert_eq!(again.get(2048), table.get(2048));
        assert_eq!(again.freeze(), table.freeze());
        assert!(Table::of([7, 8, 7].map(|id| Counter { id, count: 0 }).into()).is_none());
    }
}
