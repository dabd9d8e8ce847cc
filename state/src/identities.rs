//! Identities: where customers stand, by which documents, and until which day. Of a document only its digest is kept, with who
//! presented it first: so the same document at two customers is found.

use crate::bytes::{Bytes, Damaged};
use crate::table::{Row, Rows, Table};
use schemas::diligence::{DocumentDigest, Presented, Standing};
use schemas::{Cause, CommandId, CustomerId, Position};
use std::collections::BTreeSet;

/// Most documents of one customer that are kept.
pub const DOCUMENTS_MAX: u8 = 20;

/// Most customers whose day is over that are told in one epoch.
pub(crate) const OVER_MAX: usize = 1024;

/// The day of what never ends.
pub const NEVER: u32 = u32::MAX;

/// Where a customer stands who has ever presented a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub id: CustomerId,
    /// Where they stand.
    pub standing: Standing,
    /// Whether they were rejected, and not approved since.
    pub was_rejected: bool,
    /// How many documents are kept that they presented first.
    pub documents: u8,
    /// The last day on which one of the documents is good that they presented since they were last rejected, in days since 1970; zero
    /// without one.
    pub presented_until: u32,
    /// The last day on which what was established is good; zero where nothing is.
    pub verified_until: u32,
    /// What changed this last.
    pub command_id: CommandId,
    /// Where that command stands in the log.
    pub position: Position,
}

/// A document that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub digest: DocumentDigest,
    /// Who presented it first.
    pub by: CustomerId,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    rows: Table<Identity>,
    documents: Table<Known>,
    /// The last days of those that are verified, in their order.
    days: BTreeSet<(u32, CustomerId)>,
}

impl Identity {
    /// A customer who has presented nothing.
    pub const fn new(id: CustomerId, command_id: CommandId, position: Position) -> Self {
        let (was_rejected, documents, presented_until, verified_until) = (false, 0, 0, 0);
        Self { id, standing: Standing::PENDING, was_rejected, documents, presented_until, verified_until, command_id, position }
    }

    /// The cause of what happens to it by itself.
    pub(crate) const fn cause(&self) -> Cause {
        Cause { command_id: self.command_id, position: self.position, traceparent: String::new() }
    }

    const fn ends(&self) -> Option<(u32, CustomerId)> {
        if self.verified_until == 0 || self.verified_until == NEVER { None } else { Some((self.verified_until, self.id)) }
    }
}

impl Identities {
    /// These rows; none if one is there twice.
    pub fn of(rows: Vec<Identity>, documents: Vec<Known>) -> Option<Self> {
        let days = rows.iter().filter_map(Identity::ends).collect();
        Some(Self { rows: Table::of(rows)?, documents: Table::of(documents)?, days })
    }

    /// Where a customer stands, if they have ever presented anything.
    pub fn get(&self, id: CustomerId) -> Option<&Identity> {
        self.rows.get(id)
    }

    /// Keeps where a customer stands now.
    pub fn put(&mut self, identity: Identity) {
        let Self { rows, days, .. } = self;
        let ends = identity.ends();
        match rows.get_mut(identity.id) {
            Some(row) => {
                if let Some(before) = row.ends() {
                    days.remove(&before);
                }
                *row = identity;
            }
            None => rows.push(identity),
        }
        days.extend(ends);
    }

    /// Who presented a document first.
    pub fn holder(&self, digest: DocumentDigest) -> Option<CustomerId> {
        self.documents.get(digest).map(|known| known.by)
    }

    /// Keeps a document that nobody has presented.
    pub fn keep(&mut self, known: Known) {
        self.documents.push(known);
    }

    /// Those whose last day is before this one, the earliest first, as many as an epoch takes.
    pub(crate) fn over(&self, day: u32) -> Vec<CustomerId> {
        self.days.iter().take_while(|(last, _)| *last < day).take(OVER_MAX).map(|(_, id)| *id).collect()
    }

    /// Every customer who has ever presented anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Identity> {
        self.rows.iter()
    }

    /// Every document.
    pub(crate) fn known(&self) -> impl Iterator<Item = &Known> {
        self.documents.iter()
    }

    /// The rows of this moment.
    pub(crate) fn freeze(&mut self) -> (Rows<Identity>, Rows<Known>) {
        (self.rows.freeze(), self.documents.freeze())
    }
}

/// The last day on which a document is good, in days since 1970.
pub fn last_day(document: &Presented) -> u32 {
    document.last_day().unwrap_or(NEVER)
}

impl Row for Identity {
    type Id = CustomerId;

    fn id(&self) -> CustomerId {
        self.id
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
        let place = Standing::ALL.iter().position(|standing| *standing == self.standing).expect("every standing is listed");
        bytes.push(u8::try_from(place).expect("there are eight"));
        bytes.push(u8::from(self.was_rejected));
        bytes.push(self.documents);
        bytes.extend_from_slice(&self.presented_until.to_le_bytes());
        bytes.extend_from_slice(&self.verified_until.to_le_bytes());
        bytes.extend_from_slice(self.command_id.0.as_bytes());
        bytes.extend_from_slice(&self.position.partition.to_le_bytes());
        bytes.extend_from_slice(&self.position.offset.to_le_bytes());
    }

    fn write_more(&self, _: &mut Vec<u8>) {}

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let id = CustomerId(bytes.uuid()?);
        let place = usize::from(bytes.u8()?);
        let standing = *Standing::ALL.get(place).ok_or_else(|| Damaged::new("a customer stands where nobody can"))?;
        Ok(Self {
            id,
            standing,
            was_rejected: bytes.u8()? != 0,
            documents: bytes.u8()?,
            presented_until: bytes.u32()?,
            verified_until: bytes.u32()?,
            command_id: CommandId(bytes.uuid()?),
            position: Position { partition: i32::from_le_bytes(bytes.array()?), offset: bytes.i64()? },
        })
    }

    fn read_more(&mut self, _: &mut Bytes<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}

impl Row for Known {
    type Id = DocumentDigest;

    fn id(&self) -> DocumentDigest {
        self.digest
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.digest.0);
        bytes.extend_from_slice(self.by.0.as_bytes());
    }

    fn write_more(&self, _: &mut Vec<u8>) {}

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        Ok(Self { digest: DocumentDigest(bytes.array()?), by: CustomerId(bytes.uuid()?) })
    }

    fn read_more(&mut self, _: &mut Bytes<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}
