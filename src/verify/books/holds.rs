//! What is held, again from the events alone.

use super::{Faults, decimal, goes_up};
use schemas::{AccountId, Epoch, Event, HoldChange, HoldChanged, HoldId, Link, Transaction};
use std::collections::HashMap;

/// Open holds, and what they hold.
pub(in crate::verify) struct Holds {
    /// The first epoch that is seen whole; 0 if all of history is.
    from: Epoch,
    open: HashMap<HoldId, Hold>,
    /// Of every account of which something was ever held.
    pub(in crate::verify) held: HashMap<AccountId, Held>,
    /// A capture whose transaction is to come.
    captured: Option<HoldChanged>,
    last: Option<HoldId>,
}

/// What is held of an account, and by how many holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::verify) struct Held {
    pub(in crate::verify) minor: i128,
    holds: u64,
}

struct Hold {
    /// As it was reserved.
    reserved: HoldChanged,
    left_minor: i64,
    fee_left_minor: i64,
    /// The last capture has left something that is to be given back.
    closing: bool,
}

impl Holds {
    /// Of a history that begins with an epoch.
    pub(super) fn new(from: Epoch) -> Self {
        Self { from, open: HashMap::new(), held: HashMap::new(), captured: None, last: None }
    }

    /// What is held of an account, as far as it is seen.
    pub(super) fn held_minor(&self, account: AccountId) -> i128 {
        self.held.get(&account).map_or(0, |held| held.minor)
    }

    /// A hold has changed.
    pub(super) fn take(&mut self, event: &Event, changed: &HoldChanged, faults: &mut Faults) {
        let id = changed.id;
        let held = self.held.entry(changed.account_debit).or_default();
        held.minor += i128::from(changed.held_minor());
        if changed.amount.minor <= 0 || changed.fee_minor < 0 {
            faults.add(|| format!("event {} says that {} of hold {id} is {}", event.id, changed.amount, changed.change));
        }
        match changed.change {
            HoldChange::Reserved | HoldChange::Reviewed => {
                goes_up(faults, &mut self.last, id, "hold");
                if id.epoch() != Some(event.epoch) || !changed.open || changed.expires_at <= event.epoch {
                    faults.add(|| format!("event {} makes hold {id}, which is over or of another epoch", event.id));
                }
                held.holds += 1;
                let (left_minor, fee_left_minor) = (changed.amount.minor, changed.fee_minor);
                self.open.insert(id, Hold { reserved: changed.clone(), left_minor, fee_left_minor, closing: false });
            }
            HoldChange::Captured
            | HoldChange::Released
            | HoldChange::Closed
            | HoldChange::Expired
            | HoldChange::ReviewRefused
            | HoldChange::ReviewExpired => {
                if changed.change == HoldChange::Captured
                    && let Some(before) = self.captured.replace(changed.clone())
                {
                    faults.add(|| format!("hold {} was captured, and no transaction says so", before.id));
                }
                self.lessen(event, changed, faults);
            }
        }
        let held = self.held.entry(changed.account_debit).or_default();
        // Something may have been held before what is seen.
        let wrong = held.minor < 0 || (held.holds == 0 && held.minor != 0);
        if self.from == 0 && wrong {
            let (account, minor) = (changed.account_debit, decimal(held.minor, changed.amount.currency));
            faults.add(|| format!("event {} leaves {minor} held of account {account} by {} holds", event.id, held.holds));
        }
    }

    /// Something is held no longer.
    fn lessen(&mut self, event: &Event, changed: &HoldChanged, faults: &mut Faults) {
        let (id, change) = (changed.id, changed.change);
        let Some(hold) = self.open.get_mut(&id) else {
            if id.epoch().is_none_or(|epoch| epoch >= self.from) {
                faults.add(|| format!("event {} says {change} of hold {id}, which is not open", event.id));
            }
            return;
        };
        let fixed = |of: &HoldChanged| (of.kind, of.channel, of.account_debit, of.account_credit, of.amount.currency, of.expires_at);
        if fixed(&hold.reserved) != fixed(changed) {
            faults.add(|| format!("event {} says another payment of hold {id} than was reserved", event.id));
        }
        hold.left_minor = hold.left_minor.saturating_sub(changed.amount.minor);
        hold.fee_left_minor = hold.fee_left_minor.saturating_sub(changed.fee_minor);
        let over = event.epoch >= hold.reserved.expires_at;
        let reviewed = hold.reserved.change == HoldChange::Reviewed;
        let (in_turn, ends) = match change {
            // What was looked at is paid whole.
            HoldChange::Captured => (!(over || hold.closing || reviewed && hold.left_minor > 0), hold.left_minor == 0),
            HoldChange::Closed => (!over && hold.closing, true),
            HoldChange::Released => (!over && !hold.closing && !reviewed, true),
            HoldChange::Expired | HoldChange::Reserved => (over && !hold.closing && !reviewed, true),
            HoldChange::ReviewRefused => (!over && reviewed, true),
            HoldChange::ReviewExpired | HoldChange::Reviewed => (over && reviewed, true),
        };
        if !in_turn {
            faults.add(|| format!("event {} says {change} of hold {id} out of its turn", event.id));
        }
        let (left, fee_left) = (hold.left_minor, hold.fee_left_minor);
        let whole = !ends || (left == 0 && fee_left == 0);
        if left < 0 || fee_left < 0 || !whole || (ends && changed.open) {
            faults.add(|| format!("event {} says {change} of hold {id} and leaves {left} with a fee of {fee_left} of it", event.id));
        }
        hold.closing |= !changed.open;
        if ends {
            self.open.remove(&id);
            let held = self.held.entry(changed.account_debit).or_default();
            held.holds = held.holds.saturating_sub(1);
        }
    }

    /// Money moved: out of a hold what was captured a moment ago.
    pub(super) fn settle(&mut self, transaction: &Transaction, faults: &mut Faults) {
        let id = transaction.id;
        let linked = match transaction.link {
            Some(Link::Hold(hold)) => Some(hold),
            Some(Link::Original(_)) | None => None,
        };
        let captured = self.captured.take();
        if linked != captured.as_ref().map(|captured| captured.id) {
            faults.add(|| format!("transaction {id} is not of the hold that was captured before it"));
            return;
        }
        let Some(captured) = captured else { return };
        let paid = |of: &HoldChanged| (of.kind, of.channel, of.account_debit, of.account_credit, of.amount);
        let Transaction { kind, channel, account_debit, account_credit, amount, .. } = *transaction;
        let leg = transaction.postings.iter().find(|leg| leg.account == account_debit);
        let taken = leg.is_some_and(|leg| leg.amount_minor == captured.held_minor());
        if paid(&captured) != (kind, channel, account_debit, account_credit, amount) || !taken {
            faults.add(|| format!("transaction {id} does not pay what was captured of hold {}", captured.id));
        }
    }
}
