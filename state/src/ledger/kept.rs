//! The ledger of a moment, for a snapshot; and a ledger that comes back from one.

use super::Ledger;
use crate::bytes::Damaged;
use crate::rules;
use crate::snapshot::{Cased, Dates, Frozen, Gated, More, Thawing};
use schemas::AccountId;
use std::collections::BTreeMap;

impl Ledger {
    /// The ledger as it is, between two epochs. It costs a pointer for every few hundred rows, and a copy of the newest pins.
    pub fn freeze(&mut self) -> Frozen {
        Frozen {
            epoch: self.epoch,
            rules: self.next_rules,
            customers: self.customers.freeze(),
            accounts: self.accounts.freeze(),
            pins: self.pins.freeze(),
            more: rules::knows_policies(self.kept).then(|| {
                let (terms, common) = self.policies.freeze();
                More { holds: self.holds.freeze(), refunded: self.refunded.freeze(), terms, common }
            }),
            dated: rules::knows_orders(self.kept).then(|| {
                let (sealed, growing) = self.record.freeze();
                Dates { orders: self.orders.freeze(), sealed, growing }
            }),
            gated: rules::knows_gates(self.kept).then(|| {
                let (attempts, next) = self.gates.attempts.freeze();
                Gated { set: self.gates.freeze(), attempts, next, lists: self.lists.clone() }
            }),
            cased: rules::knows_gates(self.kept).then(|| {
                let (identities, documents) = self.identities.freeze();
                let (cases, policy) = self.cases.freeze();
                Cased { identities, documents, cases, policy }
            }),
        }
    }

    /// The ledger that was frozen; none if not all of it is there, or if its books do not balance.
    pub fn thaw(thawing: Thawing) -> Result<Self, Damaged> {
        let ledger = thawing.finish()?;
        if let Some((currency, sum)) = ledger.trial_balance().iter().find(|(_, sum)| **sum != 0) {
            return Err(Damaged(format!("its books in {currency} are off by {sum}")));
        }
        let sides = ledger.holds().map(|hold| hold.payee).chain(ledger.refunded.iter().flat_map(|row| [row.payer, row.payee]));
        let sides = sides.chain(ledger.orders().flat_map(|order| [order.payer, order.payee]));
        if let Some(side) = sides.into_iter().find(|side| ledger.accounts.find(*side).is_none()) {
            return Err(Damaged(format!("the account {side} is missing")));
        }
        if let Some(party) = ledger.gates.freeze().frozen().find(|party| !ledger.knows(*party)) {
            return Err(Damaged(format!("{party:?} is frozen and missing")));
        }
        let people = ledger.identities.iter().map(|row| row.id).chain(ledger.identities.known().map(|known| known.by));
        let people = people.chain(ledger.cases.iter().filter_map(|case| case.about.customer_id));
        if let Some(missing) = people.into_iter().find(|id| ledger.customers.get(*id).is_none()) {
            return Err(Damaged(format!("the customer {missing} is missing")));
        }
        let mut held = BTreeMap::<AccountId, i128>::new();
        for hold in ledger.holds() {
            *held.entry(hold.payer).or_default() += i128::from(hold.left_minor()) + i128::from(hold.held_fee_minor());
        }
        let promised =
            ledger.accounts().filter(|account| account.held_minor != 0).map(|account| (account.id, i128::from(account.held_minor)));
        if held != promised.collect() {
            return Err(Damaged::new("what is held is not what its holds hold"));
        }
        Ok(ledger)
    }
}
