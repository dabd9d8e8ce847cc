//! What was paid, a hash a minute: enough to know an old payment again when it is shown, and nothing else of it.
//!
//! The trees are those of [`schemas::proof`]. The minute that is not over yet is kept as the leaf that is being filled and the roots of
//! the tree's whole parts.

use crate::bytes::{Bytes, Damaged};
use crate::table::{Row, Rows, Table};
use schemas::proof::{Hash, LEAF_ROWS, Tree, leaf_hash, minute};
use schemas::{Epoch, Paid, Proof, TransactionId};

/// The root of a minute that is over and in which something was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The minute, since 1970.
    pub minute: u64,
    /// How many leaves its tree has.
    pub leaves: u32,
    /// The root.
    pub root: Hash,
}

/// The minute that is not over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growing {
    /// The first minute that is recorded; none as long as nothing is.
    pub from: Option<u64>,
    /// The minute.
    minute: u64,
    tree: Tree,
    /// The payments of the leaf that is being filled.
    leaf: Vec<u8>,
    rows: usize,
}

/// All minutes.
#[derive(Clone, Debug, Default)]
pub struct Record {
    sealed: Table<Sealed>,
    growing: Growing,
}

impl Record {
    /// What was frozen; none if a minute is there twice.
    pub fn of(sealed: Vec<Sealed>, growing: Growing) -> Option<Self> {
        Some(Self { sealed: Table::of(sealed)?, growing })
    }

    /// Begins an epoch. The record begins at once where nothing was decided before, and else with the next whole minute.
    pub fn begin(&mut self, epoch: Epoch, first: bool) {
        let minute = minute(epoch);
        let growing = &mut self.growing;
        growing.from.get_or_insert(if first { minute } else { minute + 1 });
        if growing.minute == minute {
            return;
        }
        growing.fill();
        if let Some(root) = growing.tree.root() {
            self.sealed.push(Sealed { minute: growing.minute, leaves: growing.tree.leaves, root });
        }
        self.growing = Growing { from: growing.from, minute, ..Growing::default() };
    }

    /// Adds a payment of the open epoch, the latest so far.
    pub fn push(&mut self, paid: &Paid) {
        let growing = &mut self.growing;
        if growing.from.is_none_or(|from| from > growing.minute) {
            return;
        }
        paid.write(&mut growing.leaf);
        growing.rows += 1;
        if growing.rows == LEAF_ROWS {
            growing.fill();
        }
    }

    /// The payment of this id, if the proof shows that it was made in a minute that is over.
    pub fn shows<'a>(&self, proof: &'a Proof, id: TransactionId) -> Option<&'a Paid> {
        let sealed = self.sealed.get(minute(id.epoch()?))?;
        proof.shows(id, sealed.leaves, &sealed.root)
    }

    /// The record of this moment.
    pub fn freeze(&mut self) -> (Rows<Sealed>, Growing) {
        (self.sealed.freeze(), self.growing.clone())
    }
}

impl Growing {
    /// Makes a leaf of the payments that are none yet.
    fn fill(&mut self) {
        if self.rows > 0 {
            self.tree.push(leaf_hash(&self.leaf));
            self.leaf.clear();
            self.rows = 0;
        }
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.from.unwrap_or(u64::MAX).to_le_bytes());
        bytes.extend_from_slice(&self.minute.to_le_bytes());
        bytes.extend_from_slice(&self.tree.leaves.to_le_bytes());
        for peak in &self.tree.peaks {
            bytes.extend_from_slice(peak);
        }
        for count in [self.rows, self.leaf.len()] {
            bytes.extend_from_slice(&u32::try_from(count).expect("a leaf is small").to_le_bytes());
        }
        bytes.extend_from_slice(&self.leaf);
    }

    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let from = Some(bytes.u64()?).filter(|from| *from != u64::MAX);
        let (minute, leaves) = (bytes.u64()?, bytes.u32()?);
        let peaks = (0..leaves.count_ones()).map(|_| bytes.array()).collect::<Result<_, Damaged>>()?;
        let [rows, length] = [bytes.u32()?, bytes.u32()?].map(|count| usize::try_from(count).expect("a u32 fits a usize"));
        let leaf = std::mem::take(&mut bytes.0).to_vec();
        if rows >= LEAF_ROWS || (rows == 0) != leaf.is_empty() || leaf.len() != length {
            return Err(Damaged::new("the record of what was paid ends in a leaf that can't be"));
        }
        Ok(Self { from, minute, tree: Tree { leaves, peaks }, leaf, rows })
    }
}

impl Row for Sealed {
    type Id = u64;

    fn id(&self) -> u64 {
        self.minute
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.minute.to_le_bytes());
        bytes.extend_from_slice(&self.leaves.to_le_bytes());
        bytes.extend_from_slice(&self.root);
    }

    fn write_more(&self, _: &mut Vec<u8>) {}

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        Ok(Self { minute: bytes.u64()?, leaves: bytes.u32()?, root: bytes.array()? })
    }

    fn read_more(&mut self, _: &mut Bytes<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}
