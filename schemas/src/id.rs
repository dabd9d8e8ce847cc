//! Identifiers. Those that the bank mints are a function of (epoch, number), so replay mints them again.
//!
//! Layout of a minted id, which is that of a UUIDv7 (RFC 9562):
//!
//! | bits | content |
//! |---|---|
//! | 48 | the epoch, milliseconds since 1970 |
//! | 4 | version 7 |
//! | 12 | what the id names: 0 event, 1 transaction, 2 account, 3 customer, 4 hold, 5 order, 6 case |
//! | 2 | variant |
//! | 62 | the number among the ids of that kind in that epoch, from 0 |
//!
//! So ids of one kind sort by the order in which the bank decided, and an id tells its epoch.

use crate::epoch::{Epoch, LAST_EPOCH};
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};
use uuid::Uuid;

/// Name space of the ids that the bank derives by UUIDv5.
const ORION: Uuid = Uuid::from_u128(0x6f72_696f_6e2e_4261_8b6b_6f72_696f_6e31);

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Its text, written to a buffer of the caller.
            pub fn text(self, buffer: &mut [u8; 36]) -> &str {
                self.0.hyphenated().encode_lower(buffer)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::money::Unreadable;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                // Only the hyphenated form: an id that is compared as text must have one spelling.
                if text.len() != 36 {
                    return Err(crate::money::Unreadable::new(stringify!($name), text, "a UUID"));
                }
                Uuid::parse_str(text).map(Self).map_err(|_| crate::money::Unreadable::new(stringify!($name), text, "a UUID"))
            }
        }
    };
}

macro_rules! minted {
    ($name:ident, $kind:literal) => {
        impl $name {
            /// The id of number `number` of its kind in `epoch`.
            pub fn mint(epoch: Epoch, number: u32) -> Self {
                Self(mint(epoch, $kind, number))
            }

            /// The epoch in which the id was minted; `None` if the bank can't have minted it.
            pub fn epoch(self) -> Option<Epoch> {
                minted_in(self.0, $kind).map(|(epoch, _)| epoch)
            }

            /// The epoch and the number of which it was minted; `None` if the bank can't have minted it.
            pub fn minted(self) -> Option<(Epoch, u32)> {
                minted_in(self.0, $kind)
            }
        }
    };
}

id!(
    /// An event: the total order of everything the bank said.
    EventId
);
id!(
    /// A transaction, settled or failed.
    TransactionId
);
id!(
    /// An account, a customer's or the house's.
    AccountId
);
id!(
    /// A customer.
    CustomerId
);
id!(
    /// A hold.
    HoldId
);
id!(
    /// An order.
    OrderId
);
id!(
    /// A case.
    CaseId
);
id!(
    /// An alert, the same for the same rule, version, subject and beginning.
    AlertId
);
id!(
    /// A command, the same for every retry of it.
    CommandId
);

minted!(EventId, 0);
minted!(TransactionId, 1);
minted!(AccountId, 2);
minted!(CustomerId, 3);
minted!(HoldId, 4);
minted!(OrderId, 5);
minted!(CaseId, 6);

impl AccountId {
    /// The house's own account for `purpose` in a currency: the same on every replay and every cluster.
    pub fn house(purpose: &str, currency: crate::Currency) -> Self {
        Self(Uuid::new_v5(&ORION, format!("house/{purpose}/{currency}").as_bytes()))
    }
}

impl CommandId {
    /// UUIDv5 of the length-prefixed (principal, operation, key): no choice of texts makes two triples collide.
    pub fn derive(subject: &str, operation: &str, idempotency_key: &str) -> Self {
        // As `Uuid::new_v5` does it, which has no hash of its own that uses the processor's instructions.
        let mut name = Vec::with_capacity(32 + subject.len() + operation.len() + idempotency_key.len());
        name.extend_from_slice(ORION.as_bytes());
        for part in [subject, operation, idempotency_key] {
            let length = u32::try_from(part.len()).expect("every part is bounded at the door");
            name.extend_from_slice(&length.to_be_bytes());
            name.extend_from_slice(part.as_bytes());
        }
        let digest: [u8; 20] = Sha1::digest(&name).into();
        Self(uuid::Builder::from_sha1_bytes(*digest.first_chunk().expect("a SHA-1 digest has 20 bytes")).into_uuid())
    }
}

impl CommandId {
    /// What an item of this command goes by as the cause of events: nothing that can be asked for has that id.
    ///
    /// The item's number, from 0, is added to the last two bytes, so a batch and its items share the rest.
    pub fn item(self, number: u16) -> Self {
        let (high, low) = self.0.as_u64_pair();
        let item = u16::try_from(low & 0xffff).expect("16 bits fit a u16").wrapping_add(number).wrapping_add(1);
        Self(Uuid::from_u64_pair(high, (low & !0xffff) | u64::from(item)))
    }
}

fn mint(epoch: Epoch, kind: u16, number: u32) -> Uuid {
    assert!(epoch <= LAST_EPOCH, "epoch {epoch} does not fit an id");
    let high = (epoch << 16) | 0x7000 | u64::from(kind);
    let low = (0b10 << 62) | u64::from(number);
    Uuid::from_u64_pair(high, low)
}

fn minted_in(id: Uuid, kind: u16) -> Option<(Epoch, u32)> {
    let (high, low) = id.as_u64_pair();
    let (epoch, number) = (high >> 16, low & (u64::MAX >> 2));
    let ours = high & 0xffff == 0x7000 | u64::from(kind) && low >> 62 == 0b10 && epoch <= LAST_EPOCH;
    u32::try_from(number).ok().filter(|_| ours).map(|number| (epoch, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_ids_are_uuid_v7_and_sort_by_epoch_then_number() {
        let ids = [EventId::mint(1, 0), EventId::mint(1, 1), EventId::mint(1, u32::MAX), EventId::mint(2, 0)];
        assert!(ids.is_sorted());
        for id in ids {
            assert_eq!(id.0.get_version_num(), 7);
            assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
        }
        assert_eq!(EventId::mint(1_764_000_000_123, 5).epoch(), Some(1_764_000_000_123));
        assert_eq!(TransactionId(EventId::mint(7, 0).0).epoch(), None, "an event id is no transaction id");
        assert_eq!(TransactionId(Uuid::new_v4()).epoch(), None);
        let far = EventId(Uuid::from_u64_pair(((LAST_EPOCH + 1) << 16) | 0x7000, 0b10 << 62));
        assert_eq!(far.epoch(), None, "an id that a caller made up names no epoch after the last");
        assert_eq!(EventId::mint(LAST_EPOCH, u32::MAX).epoch(), Some(LAST_EPOCH));
    }

    #[test]
    fn derived_ids_are_fixed_for_good() {
        let cash = AccountId::house("cash", crate::Currency::XOF);
        assert_eq!(cash.to_string(), "e7402ac1-9a5e-536a-8820-4e11a1f2b0df");
    }

    #[test]
    fn command_ids_do_not_run_into_each_other() {
        assert_ne!(CommandId::derive("a", "bc", "d"), CommandId::derive("ab", "c", "d"));
        assert_ne!(CommandId::derive("a", "b", "cd"), CommandId::derive("a", "bc", "d"));
        // Fixed for good: a retry after an upgrade must find its decision.
        assert_eq!(CommandId::derive("alice", "transfer", "k1").to_string(), "ce4ce417-9f96-5967-bcb6-f9eefab959b1");
    }

    #[test]
    fn command_ids_are_those_of_uuid_v5() {
        for (subject, key) in [("alice", "k1"), ("Ndèye", ""), (&*"s".repeat(255), &*"k".repeat(255))] {
            let mut name = Vec::new();
            for part in [subject, "transfer", key] {
                name.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
                name.extend_from_slice(part.as_bytes());
            }
            assert_eq!(CommandId::derive(subject, "transfer", key).0, Uuid::new_v5(&ORION, &name));
        }
    }

    #[test]
    fn only_the_hyphenated_form_is_read() {
        let id = AccountId(Uuid::new_v4());
        assert_eq!(id.to_string().parse::<AccountId>().unwrap(), id);
        assert!(id.0.simple().to_string().parse::<AccountId>().is_err());
        assert!(format!("{{{id}}}").parse::<AccountId>().is_err());
    }
}
