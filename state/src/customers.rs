//! Customers, as far as decisions depend on them.

use crate::bytes::{Bytes, Damaged};
use crate::table::Row;
use schemas::CustomerId;

/// What the ledger knows of a customer: that there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Who.
    pub id: CustomerId,
}

impl Row for Enrolled {
    type Id = CustomerId;

    fn id(&self) -> CustomerId {
        self.id
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
    }

    fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        Ok(Self { id: CustomerId(bytes.uuid()?) })
    }
}
