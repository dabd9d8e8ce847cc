//! How low may a debit lead an account?
//!
//! To its floor and what is held of it. The floor is that of its terms by the rules of version 4 and later, zero without terms and by
//! older rules. What is held stays held whatever the rules are.

use schemas::{AccountId, AccountTerms, Epoch};
use std::collections::HashMap;

/// The first version of the rules that knows terms.
const SINCE: u32 = 4;

/// The floors of accounts, and the version of the rules.
#[derive(Default)]
pub(super) struct Floors {
    /// By account, from when on it has which; in the order of time.
    by_account: HashMap<AccountId, Vec<(Epoch, Option<i64>)>>,
    /// The version that was in force before the last activation, and that activation.
    before: Option<u32>,
    activated: Option<(Epoch, u32)>,
}

impl Floors {
    /// Terms were set: they replace those that would hold from then on or later.
    pub(super) fn set(&mut self, terms: &AccountTerms, effective: Epoch) {
        let floors = self.by_account.entry(terms.account_id).or_default();
        floors.retain(|(from, _)| *from < effective);
        floors.push((effective, terms.floor_minor));
    }

    /// A version of the rules was activated: it decides every later epoch.
    pub(super) fn activate(&mut self, epoch: Epoch, version: u32) {
        if let Some((last, version)) = self.activated
            && last < epoch
        {
            self.before = Some(version);
        }
        self.activated = Some((epoch, version));
    }

    /// The lowest balance that a debit may leave while so much is held.
    pub(super) fn balance_min(&self, account: AccountId, epoch: Epoch, held_minor: i128) -> i128 {
        let rules = match self.activated {
            Some((activated, version)) if activated < epoch => Some(version),
            Some(_) | None => self.before,
        };
        // Terms come only of rules that know them, so whoever sees some and no activation sees those rules.
        if rules.is_some_and(|version| version < SINCE) {
            return held_minor;
        }
        let floors = self.by_account.get(&account).map(Vec::as_slice).unwrap_or_default();
        let floor_minor = floors.iter().rev().find(|(from, _)| *from <= epoch).and_then(|(_, floor_minor)| *floor_minor);
        i128::from(floor_minor.unwrap_or(0)) + held_minor
    }
}
