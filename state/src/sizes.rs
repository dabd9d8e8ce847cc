//! How much the ledger keeps, as its tables count it: nothing is walked through.

use crate::ledger::Ledger;

/// How many rows of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Customers.
    pub customers: usize,
    /// Accounts, the house's too.
    pub accounts: usize,
    /// Holds that are open.
    pub holds: usize,
    /// Orders that wait for their day.
    pub orders: usize,
    /// Cases that are open.
    pub cases: usize,
    /// Pins that are on the disk alone.
    pub cold_pins: usize,
}

impl Ledger {
    /// How much there is now.
    pub const fn sizes(&self) -> Sizes {
        Sizes {
            customers: self.customers.len(),
            accounts: self.accounts.count(),
            holds: self.holds.len(),
            orders: self.orders.count(),
            cases: self.cases.count(),
            cold_pins: self.pins.cold(),
        }
    }
}
