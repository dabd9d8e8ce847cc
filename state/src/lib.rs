//! The ledger: a pure state machine. A command and an epoch in, events out.
//!
//! Nothing here does IO, reads a clock or draws a random number, so the same commands give the same events,
//! byte for byte, on every machine and in every replay.

/// Look-up by id that can't be iterated, hence has no order to leak.
pub mod index;

/// Rows in the order in which they came, shared with snapshots.
pub mod table;

/// Bytes of a snapshot, read front to back.
pub mod bytes;

/// Customers.
pub mod customers;

/// Accounts and their balances.
pub mod accounts;

/// Days and months.
pub mod calendar;

/// What accounts have paid and were paid lately.
pub mod usage;

/// What may be paid.
mod limits;

/// Rows that are open for a time.
pub mod slots;

/// Money that is promised.
pub mod holds;

/// Payments that wait for their day.
pub mod orders;

/// What was paid, a hash a minute.
pub mod record;

/// Who has tried to pay lately.
pub mod attempts;

/// Rules that are decided with a payment.
pub mod gates;

/// Where customers stand with their identity.
pub mod identities;
/// Watchlists.
pub mod lists;

/// What leads from where to where.
pub mod standing;

/// What people have to look at.
pub mod cases;

/// Payments that were given back.
pub mod refunds;

/// What staff has set.
pub mod policies;

/// What decisions have moved.
pub mod moved;

/// Decisions, kept for the retries of their commands.
pub mod pins;

/// Which roles take part in which operation.
pub mod permitted;

/// What the status of an account forbids.
pub mod status;

/// The versions of the rules.
pub mod rules;

/// The ledger at the end of an epoch, as bytes.
pub mod snapshot;

/// How much the ledger keeps.
pub mod sizes;

/// Looks at what commands are about to need.
mod ahead;

/// The ledger itself.
pub mod ledger;

pub use ahead::{AHEAD, Ahead};
pub use ledger::Ledger;
pub use rules::CODE_VERSION;
pub use sizes::Sizes;
pub use snapshot::{Frozen, Thawing};
