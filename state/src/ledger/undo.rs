//! What a batch that may still fail has changed: each row as it was, in the order of the changes.

use super::Ledger;
use crate::accounts::Holding;
use crate::attempts::{Before, Key};
use crate::cases::Case;
use crate::holds::Hold;
use crate::refunds::Refunded;
use schemas::{AccountId, CaseId, HoldId};

/// One change, by what was there before it.
#[derive(Clone, Debug)]
pub(crate) enum Undo {
    /// An account had other balances.
    Account(Box<Holding>),
    /// An account was opened.
    Opened,
    /// A hold was made, in a slot where another one had ended.
    Reserved(HoldId, Option<Box<Hold>>),
    /// A hold, in its slot, was open and less captured.
    Hold(u32, Box<Hold>),
    /// Of a payment less was given back.
    Refunded(Box<Refunded>),
    /// A payment was given back for the first time.
    RefundedFirst,
    /// A case was opened, in a slot where another one had ended.
    CaseOpened(CaseId, Option<Box<Case>>),
    /// Less was counted of a key.
    Attempted(Key, Before),
}

impl Ledger {
    /// Remembers a change, if it may have to be undone.
    pub(super) fn may_undo(&mut self, undo: impl FnOnce(&Self) -> Undo) {
        if self.undo.is_some() {
            let undo = undo(self);
            self.undo.iter_mut().for_each(|all| all.push(undo.clone()));
        }
    }

    /// An account to be changed; it exists.
    pub(super) fn account_mut(&mut self, id: AccountId) -> &mut Holding {
        self.may_undo(|ledger| Undo::Account(Box::new(ledger.accounts.find(id).expect("the account was found by the checks").clone())));
        self.accounts.of_id(id)
    }

    /// The account of a place, to be changed.
    pub(super) fn account_at(&mut self, place: u32) -> &mut Holding {
        self.may_undo(|ledger| Undo::Account(Box::new(ledger.accounts.at(place).clone())));
        self.accounts.at_mut(place)
    }

    /// Puts everything back that was changed since it is remembered, the last change first.
    pub(super) fn undo_all(&mut self) {
        for undo in self.undo.take().unwrap_or_default().into_iter().rev() {
            match undo {
                Undo::Account(before) => {
                    let id = before.id;
                    *self.accounts.of_id(id) = *before;
                }
                Undo::Opened => self.accounts.pop(),
                Undo::Reserved(id, before) => self.holds.take_back(id, before.map(|before| *before)),
                Undo::Hold(slot, before) => self.holds.restore(slot, *before),
                Undo::Refunded(before) => {
                    let id = before.id;
                    *self.refunded.get_mut(id).expect("it was there before") = *before;
                }
                Undo::RefundedFirst => drop(self.refunded.pop()),
                Undo::CaseOpened(id, before) => self.cases.take_back(id, before.map(|before| *before)),
                Undo::Attempted(key, before) => self.gates.attempts.put_back(key, before),
            }
        }
    }
}
