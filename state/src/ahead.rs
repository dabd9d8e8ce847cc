//! Looking ahead: what the next commands need, looked at together before the first of them is decided.
//!
//! A row of a large bank comes from far away, and a processor that decides one command after the other waits for each. Asked for many
//! at once, memory takes hardly longer than for one. Nothing is decided here and nothing changes; a look at the wrong row costs time only.
//!
//! 1. The places of the index: whether a command was decided before, and where its accounts lie.
//! 2. The accounts.
//! 3. Their holders, whose levels say what they may do.

use crate::ledger::Ledger;
use schemas::{Asked, KycLevel, Operation, Reserve};

/// Commands that are looked at together before they are decided: what they need fits the cache nearest to the processor but one.
pub const AHEAD: usize = 64;

impl Ledger {
    /// Looks at what these commands need. They should be few enough that all of it stays near until they are decided.
    pub fn look_ahead<'a>(&self, commands: impl Iterator<Item = &'a Asked>) {
        // 1.
        let mut pinned = 0;
        let operations = commands.map(|asked| {
            pinned ^= self.pins.likely_number(asked.id()).unwrap_or_default();
            &asked.command().operation
        });
        self.look_at_accounts(operations);
        std::hint::black_box(pinned);
    }

    /// The same of the items of a batch, which have no pins of their own.
    pub(crate) fn look_at_accounts<'a>(&self, operations: impl Iterator<Item = &'a Operation>) {
        // 1.
        let mut places = Vec::with_capacity(256);
        for operation in operations {
            if let Operation::Pay(payment) | Operation::Reserve(Reserve { payment, .. }) = operation {
                let sides = [payment.account_debit, payment.account_credit].into_iter().flatten();
                places.extend(sides.filter_map(|side| self.accounts.likely_place(side)));
            }
        }
        // 2.
        let mut balances = 0;
        let mut holders = Vec::with_capacity(places.len());
        for place in places {
            let account = self.accounts.at(place);
            balances ^= account.balance_minor;
            holders.extend(account.customer_id);
        }
        // 3.
        let places = holders.into_iter().filter_map(|holder| self.customers.likely_place(holder));
        let levels = places.filter(|place| self.customers.at(*place).level != KycLevel::Unidentified).count();
        // Looks whose results nobody used would not be made.
        std::hint::black_box((balances, levels));
    }
}
