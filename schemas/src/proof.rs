//! Proofs of old payments: what was paid too long ago for the ledger to remember is shown to it again.
//!
//! Of every minute the ledger keeps one hash for good, the root of a Merkle tree (RFC 9162, 2.1) over what was paid in it, in the
//! order of the decisions. A leaf is up to [`LEAF_ROWS`] payments. A proof is the leaf in which the payment stands and the hashes beside
//! its way to the root; nobody can make one for a payment that was not.

use crate::epoch::Epoch;
use crate::id::{AccountId, TransactionId};
use crate::merkle::{self, PATH_MAX};
use crate::money::{Currency, Unreadable};
use crate::policy::Bearer;
use crate::transaction::{Channel, PaymentKind};

pub use crate::merkle::{Hash, Tree, leaf_hash};

/// The time that one tree covers.
pub const TREE_MS: u64 = 60_000;

/// Payments in a leaf; the last of a minute may have fewer.
pub const LEAF_ROWS: usize = 32;

/// A payment as the tree has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The transaction.
    pub id: TransactionId,
    /// What it was for; never a refund or a reversal.
    pub kind: PaymentKind,
    /// Through which channel.
    pub channel: Channel,
    /// Who bore the fee.
    pub bearer: Bearer,
    /// Who paid.
    pub payer: AccountId,
    /// Who was paid.
    pub payee: AccountId,
    /// Of what.
    pub currency: Currency,
    /// How much.
    pub amount_minor: i64,
    /// The fee.
    pub fee_minor: i64,
}

/// That a payment was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The leaf in which it stands.
    pub rows: Vec<Paid>,
    /// Which leaf of its minute that is, from 0.
    pub leaf: u32,
    /// The hashes beside its way to the root, the lowest first.
    pub path: Vec<Hash>,
}

impl Paid {
    /// The minute whose tree it stands in; none if the bank can't have minted its id.
    pub fn minute(&self) -> Option<u64> {
        self.id.epoch().map(minute)
    }

    /// Its bytes in a leaf.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
        bytes.extend_from_slice(self.payer.0.as_bytes());
        bytes.extend_from_slice(self.payee.0.as_bytes());
        bytes.extend_from_slice(&self.amount_minor.to_be_bytes());
        bytes.extend_from_slice(&self.fee_minor.to_be_bytes());
        bytes.extend_from_slice(self.currency.code().as_bytes());
        for word in [self.kind.as_str(), self.channel.as_str(), self.bearer.as_str()] {
            bytes.push(u8::try_from(word.len()).expect("a word is short"));
            bytes.extend_from_slice(word.as_bytes());
        }
    }
}

/// The minute of an epoch.
pub const fn minute(epoch: Epoch) -> u64 {
    epoch / TREE_MS
}

impl Proof {
    /// That the payment `id` was made, out of all that were made in its minute, in their order; none if it is not one of them.
    pub fn of(id: TransactionId, minute: &[Paid]) -> Option<Self> {
        let place = minute.iter().position(|paid| paid.id == id)?;
        let leaves: Vec<&[Paid]> = minute.chunks(LEAF_ROWS).collect();
        let leaf = place / LEAF_ROWS;
        let hashes: Vec<Hash> = leaves.iter().map(|rows| leaf_hash(&bytes(rows))).collect();
        let path = merkle::path(leaf, &hashes)?;
        Some(Self { rows: leaves[leaf].to_vec(), leaf: u32::try_from(leaf).ok()?, path })
    }

    /// Whether it has the size that a proof can have.
    pub fn check(&self) -> Result<(), Unreadable> {
        if (1..=LEAF_ROWS).contains(&self.rows.len()) && self.path.len() <= PATH_MAX {
            return Ok(());
        }
        let found = format!("{} payments and {} hashes", self.rows.len(), self.path.len());
        Err(Unreadable::new("proof", &found, "1 to 32 payments and up to 32 hashes"))
    }

    /// The payment `id`, if it stands in the leaf and the leaf in the tree of so many leaves with this root (RFC 9162, 2.1.3.2).
    pub fn shows(&self, id: TransactionId, leaves: u32, root: &Hash) -> Option<&Paid> {
        let paid = self.rows.iter().find(|paid| paid.id == id)?;
        merkle::leads(leaf_hash(&bytes(&self.rows)), self.leaf, leaves, &self.path, root).then_some(paid)
    }
}

fn bytes(rows: &[Paid]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * 96);
    rows.iter().for_each(|paid| paid.write(&mut bytes));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(number: u32) -> Paid {
        Paid {
            id: TransactionId::mint(1_764_000_000_000, number),
            kind: PaymentKind::Transfer,
            channel: Channel::Wallet,
            bearer: Bearer::Payer,
            payer: AccountId::mint(1, number),
            payee: AccountId::mint(2, number),
            currency: Currency::XOF,
            amount_minor: 100,
            fee_minor: 1,
        }
    }

    #[test]
    fn every_payment_of_a_minute_can_be_shown_and_no_other() {
        for count in [1u32, 2, 31, 32, 33, 64, 65, 97, 128, 200, 321] {
            let minute: Vec<Paid> = (0..count).map(paid).collect();
            let mut tree = Tree::default();
            minute.chunks(LEAF_ROWS).for_each(|rows| tree.push(leaf_hash(&bytes(rows))));
            let root = tree.root().unwrap();
            for row in &minute {
                let proof = Proof::of(row.id, &minute).unwrap();
                assert!(proof.check().is_ok());
                assert_eq!(proof.shows(row.id, tree.leaves, &root), Some(row), "{count}");
                // Nothing else is shown by it, nothing by a part of it, and nothing by more than it.
                assert_eq!(proof.shows(paid(count).id, tree.leaves, &root), None);
                assert_eq!(proof.shows(row.id, tree.leaves, &leaf_hash(&root)), None);
                let mut more = proof.clone();
                more.path.push(root);
                assert_eq!(more.shows(row.id, tree.leaves, &root), None);
                let mut elsewhere = proof.clone();
                elsewhere.leaf += 1;
                assert_eq!(elsewhere.shows(row.id, tree.leaves, &root), None);
                let mut richer = proof.clone();
                richer.rows.iter_mut().for_each(|row| row.amount_minor += 1);
                assert_eq!(richer.shows(row.id, tree.leaves, &root), None);
                if !proof.path.is_empty() {
                    let mut less = proof;
                    less.path.pop();
                    assert_eq!(less.shows(row.id, tree.leaves, &root), None);
                }
            }
            assert_eq!(Proof::of(paid(count).id, &minute), None);
        }
        assert_eq!(Tree::default().root(), None);
    }
}
