//! Merkle trees (RFC 9162, section 2.1): one hash that stands for many things in their order, and the proof that one of them is among them.
//!
//! In: hashes of leaves, in order. Out: the root, the hashes beside a leaf's way to it, and whether such a way leads there. A leaf is hashed
//! behind a 0 and an inner node behind a 1, so neither can be shown for the other.

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// The longest way to a root: no tree has more than 2^32 leaves.
pub const PATH_MAX: usize = 32;

/// A tree that grows: the roots of its whole parts, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// How many leaves it has.
    pub leaves: u32,
    /// One root for each bit that is set in the number of leaves, the highest first.
    pub peaks: Vec<Hash>,
}

/// The hash of a leaf by its bytes.
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

fn inner_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

impl Tree {
    /// The tree of these leaves.
    pub fn of(leaves: &[Hash]) -> Self {
        let mut tree = Self::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree
    }

    /// Adds a leaf behind the last.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // As in a counter: every whole part that is as large as what came is joined with it.
        for _ in 0..self.leaves.trailing_ones() {
            let left = self.peaks.pop().expect("a whole part stands for every bit");
            hash = inner_hash(&left, &hash);
        }
        self.peaks.push(hash);
        self.leaves += 1;
    }

    /// The root; none if it has no leaf.
    pub fn root(&self) -> Option<Hash> {
        let mut peaks = self.peaks.iter().rev();
        let last = *peaks.next()?;
        Some(peaks.fold(last, |right, left| inner_hash(left, &right)))
    }
}

/// The hashes beside the way of a leaf to the root, the lowest first; none where there is no such leaf.
pub fn path(leaf: usize, leaves: &[Hash]) -> Option<Vec<Hash>> {
    let mut path = Vec::new();
    (leaf < leaves.len()).then(|| climb(leaf, leaves, &mut path))?;
    Some(path)
}

/// The same, with the root.
fn climb(leaf: usize, hashes: &[Hash], path: &mut Vec<Hash>) -> Hash {
    if let [hash] = hashes {
        return *hash;
    }
    // The left part is the largest power of two that leaves something to the right.
    let split = hashes.len().next_power_of_two() / 2;
    let (left, right) = hashes.split_at(split);
    let root = |hashes| Tree::of(hashes).root().expect("neither part is empty");
    if leaf < split {
        let (ours, beside) = (climb(leaf, left, path), root(right));
        path.push(beside);
        inner_hash(&ours, &beside)
    } else {
        let (ours, beside) = (climb(leaf - split, right, path), root(left));
        path.push(beside);
        inner_hash(&beside, &ours)
    }
}

/// Whether a leaf, so many places behind the first of so many, leads to a root by these hashes beside its way (RFC 9162, 2.1.3.2).
pub fn leads(hash: Hash, leaf: u32, leaves: u32, path: &[Hash], root: &Hash) -> bool {
    if leaf >= leaves {
        return false;
    }
    let (mut hash, mut place, mut last) = (hash, leaf, leaves - 1);
    for beside in path {
        if last == 0 {
            return false;
        }
        if place % 2 == 1 || place == last {
            hash = inner_hash(beside, &hash);
            while place % 2 == 0 && place != 0 {
                (place, last) = (place / 2, last / 2);
            }
        } else {
            hash = inner_hash(&hash, beside);
        }
        (place, last) = (place / 2, last / 2);
    }
    last == 0 && hash == *root
}
