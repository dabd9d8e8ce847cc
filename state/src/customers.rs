//! Customers, as far as decisions depend on them.

use crate::bytes::{Bytes, Damaged, put_text};
use crate::table::Row;
use schemas::{CustomerId, KycLevel};

/// What the ledger knows of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Who.
    pub id: CustomerId,
    /// How far their identity is known.
    pub level: KycLevel,
}

impl Enrolled {
    /// A customer who has just been enrolled.
    pub const fn new(id: CustomerId) -> Self {
        Self { id, level: KycLevel::Unidentified }
    }
}

impl Row for Enrolled {
    type Id = CustomerId;

    fn id(&self) -> CustomerId {
        self.id
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
    }

    fn write_more(&self, bytes: &mut Vec<u8>) {
        put_text(bytes, self.level.as_str());
    }

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        Ok(Self::new(CustomerId(bytes.uuid()?)))
    }

    fn read_more(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        self.level = bytes.word("level")?;
        Ok(())
    }
}
