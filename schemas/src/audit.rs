//! The audit chain: everything that a cell has said, so that nobody can change, drop or reorder any of it unseen.
//!
//! In: the records of an epoch as they stand in Kafka, in the order of their events. Out: their Merkle root, and a link that holds it and
//! the head before it. Pure: who signs a head, and who writes it down, is not known here.
//!
//! Lengths are four bytes, numbers are big-endian, texts are UTF-8:
//!
//! | Hash | SHA-256 of |
//! |---|---|
//! | leaf | `00`, length and name of the topic, length and record key, length and Avro datum without the registry's framing |
//! | inner node | `01`, left, right (RFC 9162, 2.1) |
//! | head | `02`, the head before, length and name of the cell, the epoch in eight bytes, the number of events in four, the root |
//!
//! The head before the first is 32 zero bytes. An epoch without events has no link. What is signed (Ed25519) is [`DOMAIN`] and the head.
//! Events of an epoch are numbered from 0 in their ids, so the number of an event is the place of its leaf.

use crate::epoch::Epoch;
use crate::hex::hex;
use crate::merkle::{Hash, Tree};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The cell that decides.
pub const SETTLEMENT: &str = "settlement";

/// The cell that raises alerts.
pub const RISK: &str = "risk";

/// Every cell that has a chain, in the order of their partitions in the topic of roots: a partition belongs to one writer alone.
pub const CELLS: &[&str] = &[SETTLEMENT, RISK];

/// The partition of a cell's roots in their topic; none of a cell without a chain.
pub fn partition(cell: &str) -> Option<i32> {
    CELLS.iter().position(|known| *known == cell).and_then(|place| i32::try_from(place).ok())
}

/// What stands before a head where it is signed: a key that signs something else, too, signs nothing that could be taken for it.
pub const DOMAIN: &[u8] = b"orion audit head v1\0";

/// The head before the first.
pub const NOTHING: Hash = [0; 32];

/// An Ed25519 signature.
pub type Signature = [u8; 64];

/// Which key signed: the first 8 bytes of SHA-256 of its 32 public bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// That of a public key.
    pub fn of(public_key: &[u8; 32]) -> Self {
        let whole: Hash = Sha256::digest(public_key).into();
        Self(*whole.first_chunk().expect("a SHA-256 has 32 bytes"))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The leaf of a record: its topic, its key and its value without the framing, whose schema id depends on the registry.
pub fn leaf(topic: &str, key: &[u8], datum: &[u8]) -> Hash {
    let mut hash = Sha256::new().chain_update([0]);
    for part in [topic.as_bytes(), key, datum] {
        hash.update(length(part));
        hash.update(part);
    }
    hash.finalize().into()
}

fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).expect("a record is far smaller than 4 GiB").to_be_bytes()
}

/// An epoch in the chain of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who said it.
    pub cell: String,
    /// When.
    pub epoch: Epoch,
    /// How many events.
    pub events: u32,
    /// The root over them.
    pub root: Hash,
    /// The head before.
    pub previous: Hash,
}

impl Link {
    /// The link of an epoch behind a head; none of an epoch without events.
    pub fn of(cell: &str, epoch: Epoch, leaves: &[Hash], previous: Hash) -> Option<Self> {
        let tree = Tree::of(leaves);
        tree.root().map(|root| Self { cell: cell.to_owned(), epoch, events: tree.leaves, root, previous })
    }

    /// Its head, which stands for it and all before it.
    pub fn head(&self) -> Hash {
        let mut hash = Sha256::new().chain_update([2]).chain_update(self.previous);
        hash.update(length(self.cell.as_bytes()));
        hash.update(self.cell.as_bytes());
        hash.update(self.epoch.to_be_bytes());
        hash.update(self.events.to_be_bytes());
        hash.update(self.root);
        hash.finalize().into()
    }
}

/// What is signed of a head.
pub fn message(head: &Hash) -> Vec<u8> {
    [DOMAIN, head].concat()
}

/// A link as it was written down: with the head that it was given, and who signed that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The link.
    pub link: Link,
    /// Its head, as it was written.
    pub head: Hash,
    /// The signature of the head.
    pub signature: Signature,
    /// The key.
    pub key_id: KeyId,
}

/// What breaks a chain at a link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// It comes after a later epoch, or after itself.
    #[error("it stands behind epoch {0}")]
    Order(Epoch),
    /// It follows another head than that of the link before.
    #[error("it follows the head {followed} and not {before}, that of the link before it: a link is missing or another one")]
    Follows {
        /// The head that it says.
        followed: String,
        /// The head of the link before.
        before: String,
    },
    /// Its head is not the hash of what it says.
    #[error("its head is not the hash of what it says")]
    Head,
    /// Its signature is not one of its head by the key that it names.
    #[error("its signature is not that of key {0}")]
    Signature(KeyId),
    /// Nobody here knows the key.
    #[error("it is signed by key {0}, which is none of those that were given")]
    Key(KeyId),
}

/// How a signature fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the key's.
    Good,
    /// It is not.
    Bad,
    /// There is no such key.
    Unknown,
}

/// A chain that is followed, link by link.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    last: Option<(Epoch, Hash)>,
}

impl Followed {
    /// From behind a link that is known by its epoch and its head.
    pub const fn behind(epoch: Epoch, head: Hash) -> Self {
        Self { last: Some((epoch, head)) }
    }

    /// Takes the next link; what is wrong with it. It may be the first that is seen of a longer chain: then its signature vouches for what it follows.
    pub fn next(&mut self, signed: &Signed, verify: impl FnOnce(&KeyId, &[u8], &Signature) -> Verdict) -> Vec<Break> {
        let Signed { link, head, signature, key_id } = signed;
        let mut breaks = Vec::new();
        if let Some((epoch, before)) = self.last {
            if link.epoch <= epoch {
                breaks.push(Break::Order(epoch));
            }
            if link.previous != before {
                breaks.push(Break::Follows { followed: hex(&link.previous), before: hex(&before) });
            }
        }
        if link.head() != *head {
            breaks.push(Break::Head);
        }
        match verify(key_id, &message(head), signature) {
            Verdict::Good => {}
            Verdict::Bad => breaks.push(Break::Signature(*key_id)),
            Verdict::Unknown => breaks.push(Break::Key(*key_id)),
        }
        self.last = Some((link.epoch, *head));
        breaks
    }
}

#[cfg(test)]
mod tests;
