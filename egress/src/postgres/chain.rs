//! The audit chain of a cell, in the database that the cell writes.
//!
//! In: epochs with the leaves of their events. Out: the links behind the last, signed, as rows for the transaction that moves the
//! progress. Never: two links behind one, or a link of an epoch that is not written. The last head is read once the sink is ours, when
//! nobody else can write one; a transaction that did not happen leaves it as it was, and the same links come out again.

use crate::postgres::RANGE;
use crate::signer::Signer;
use schemas::audit::{Link, NOTHING, Signed};
use schemas::merkle::Hash;
use schemas::{Epoch, EpochEvents};
use sqlx::postgres::PgConnection;

/// A chain, and who signs it.
#[derive(Debug)]
pub struct Chain {
    cell: &'static str,
    signer: Signer,
    last: Hash,
}

/// The leaves of an epoch's events, for its link. Whoever reads them for a chain has them.
pub fn said(epoch: &EpochEvents) -> (Epoch, &[Hash]) {
    assert_eq!(epoch.leaves.len(), epoch.events.len(), "epoch {} was read without its leaves", epoch.epoch());
    (epoch.epoch(), &epoch.leaves)
}

/// Links of one transaction, column by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    cell: &'static str,
    epoch: Vec<i64>,
    events: Vec<i64>,
    leaves: Vec<Vec<u8>>,
    root: Vec<Vec<u8>>,
    previous: Vec<Vec<u8>>,
    head: Vec<Vec<u8>>,
    signature: Vec<Vec<u8>>,
    key_id: Vec<Vec<u8>>,
    /// The head after them.
    last: Hash,
}

impl Chain {
    /// The chain of a cell as it stands.
    pub async fn read(connection: &mut PgConnection, cell: &'static str, signer: Signer) -> Result<Self, sqlx::Error> {
        let head: Option<Vec<u8>> = sqlx::query_scalar("select head from audit_root where cell = $1 order by epoch desc limit 1")
            .bind(cell)
            .fetch_optional(connection)
            .await?;
        let last = head.map_or(NOTHING, |head| head.try_into().expect("the table takes no head of another size"));
        Ok(Self { cell, signer, last })
    }

    /// The links of epochs that follow, by the leaves of what was said in each.
    pub fn links<'a>(&self, epochs: impl IntoIterator<Item = (Epoch, &'a [Hash])>) -> Links {
        let mut links = Links { cell: self.cell, last: self.last, ..Links::default() };
        for (epoch, leaves) in epochs {
            if let Some(link) = Link::of(self.cell, epoch, leaves, links.last) {
                links.add(self.signer.sign(link), leaves);
            }
        }
        links
    }

    /// Goes on behind links that were written.
    pub const fn remember(&mut self, links: &Links) {
        self.last = links.last;
    }
}

impl Links {
    fn add(&mut self, signed: Signed, leaves: &[Hash]) {
        let Signed { link, head, signature, key_id } = signed;
        self.last = head;
        self.epoch.push(i64::try_from(link.epoch).expect(RANGE));
        self.events.push(i64::from(link.events));
        self.leaves.push(leaves.concat());
        self.root.push(link.root.to_vec());
        self.previous.push(link.previous.to_vec());
        self.head.push(head.to_vec());
        self.signature.push(signature.to_vec());
        self.key_id.push(key_id.0.to_vec());
    }

    /// Their epochs.
    pub fn epochs(&self) -> &[i64] {
        &self.epoch
    }

    /// Inserts them.
    pub async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.epoch.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into audit_root (cell, epoch, events, leaves, root, previous, head, signature, key_id)
             select $1, * from unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[])",
        )
        .bind(self.cell)
        .bind(&self.epoch)
        .bind(&self.events)
        .bind(&self.leaves)
        .bind(&self.root)
        .bind(&self.previous)
        .bind(&self.head)
        .bind(&self.signature)
        .bind(&self.key_id)
        .execute(connection)
        .await
        .map(drop)
    }
}
