//! Holds: each pays and gives back what was reserved, to the last unit and no more, and ends in its time.

use super::super::evidence::Recorded;
use super::{Case, Findings, Kind};
use schemas::{Event, Fact, HoldChange, HoldChanged, HoldId, Link, Operation, Position, Transaction};
use std::collections::BTreeMap;

/// A hold, and what is left of it.
struct Held<'a> {
    reserved: &'a Event,
    first: &'a HoldChanged,
    left_minor: i64,
    fee_left_minor: i64,
    open: bool,
    /// The last change, and the command that it came of.
    last: (&'a HoldChanged, Position),
}

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let mut holds: BTreeMap<HoldId, Held<'_>> = BTreeMap::new();
    // Captures whose transaction is yet to come.
    let mut captured: BTreeMap<Position, &HoldChanged> = BTreeMap::new();
    for recorded in &case.events {
        let (event, position) = (&recorded.event, recorded.event.cause.position);
        match &event.fact {
            Fact::HoldChanged(change) => {
                if let Err(wrong) = changes(case, &mut holds, change, recorded) {
                    findings.add(Kind::HoldDiffers, format!("event {} of hold {}: {wrong}", event.id, change.id));
                }
                if change.change == HoldChange::Captured {
                    captured.insert(position, change);
                }
            }
            Fact::Transaction(transaction) => {
                if let Some(Link::Hold(hold)) = transaction.link
                    && !captured.remove(&position).is_some_and(|change| pays(change, hold, transaction))
                {
                    findings.add(Kind::HoldDiffers, format!("transaction {} is not what hold {hold} pays", transaction.id));
                }
            }
            Fact::CustomerCreated(_)
            | Fact::AccountOpened(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::PolicyChanged(_)
            | Fact::BatchDecided(_)
            | Fact::OrderChanged(_)
            | Fact::AmlChanged(_)
            | Fact::ListChanged(_)
            | Fact::PartyChanged(_)
            | Fact::Diligence(_)
            | Fact::Assessed(_)
            | Fact::Refused { .. }
            | Fact::Repeated(_) => {}
        }
    }
    for (position, change) in captured {
        findings.add(Kind::HoldDiffers, format!("hold {} pays at {position}, and no transaction comes of it", change.id));
    }
    let last = case.epochs.last_key_value().map_or(0, |(epoch, _)| *epoch);
    for (id, held) in holds {
        let (left, fee_left, until) = (held.left_minor, held.fee_left_minor, held.first.expires_at);
        if held.open && until <= last {
            findings.add(Kind::HoldDiffers, format!("hold {id} is open in epoch {last}, and its time was over at {until}"));
        }
        if !held.open && (left, fee_left) != (0, 0) {
            findings
                .add(Kind::HoldDiffers, format!("hold {id} has ended, and {left} and a fee of {fee_left} are neither paid nor given back"));
        }
    }
}

/// A change of a hold; what is wrong with it, if something is.
fn changes<'a>(
    case: &Case<'_>,
    holds: &mut BTreeMap<HoldId, Held<'a>>,
    change: &'a HoldChanged,
    recorded: &'a Recorded,
) -> Result<(), String> {
    let (event, position) = (&recorded.event, recorded.event.cause.position);
    let (minor, fee) = (change.amount.minor, change.fee_minor);
    let signs = minor > 0 && fee >= 0;
    if change.change.begins() {
        let held = Held { reserved: event, first: change, left_minor: minor, fee_left_minor: fee, open: true, last: (change, position) };
        let is_new = holds.insert(change.id, held).is_none();
        return if is_new && signs && change.open { Ok(()) } else { Err("it is reserved, and was there or holds nothing".to_owned()) };
    }
    let Some(held) = holds.get_mut(&change.id) else { return Err("it was never reserved".to_owned()) };
    let (left, fee_left) = (held.left_minor, held.fee_left_minor);
    let (was_open, before) = (held.open, held.last);
    held.left_minor = left.saturating_sub(minor);
    held.fee_left_minor = fee_left.saturating_sub(fee);
    (held.open, held.last) = (change.open, (change, position));
    let first = held.first;
    let about = |of: &HoldChanged| (of.kind, of.channel, of.account_debit, of.account_credit, of.amount.currency, of.expires_at);
    if about(change) != about(first) {
        return Err(format!("it is not about {first:?}"));
    }
    // A last capture says by itself that nothing is open, and what it left is given back behind it.
    let closes = change.change == HoldChange::Closed && before.0.change == HoldChange::Captured && before.1 == position;
    if !was_open && !closes {
        return Err("it has ended before".to_owned());
    }
    if !signs || minor > left || fee > fee_left {
        return Err(format!("{minor} and a fee of {fee} are more than {left} and {fee_left}"));
    }
    let in_time = event.epoch < first.expires_at;
    let right = match change.change {
        HoldChange::Reserved | HoldChange::Reviewed => false,
        HoldChange::Captured => {
            let asked = case.asked(recorded);
            let last = matches!(asked, Some(Operation::Capture(capture)) if capture.last);
            in_time && change.open == (minor < left && !last)
        }
        HoldChange::Closed => closes && in_time && ends(change, left, fee_left),
        HoldChange::Released | HoldChange::ReviewRefused => in_time && ends(change, left, fee_left),
        // In the first epoch of those to which it does not last, in the name of whoever reserved it.
        HoldChange::Expired | HoldChange::ReviewExpired => {
            let over = case.epochs.range(first.expires_at..).next().is_none_or(|(epoch, _)| *epoch == event.epoch);
            let same = (event.cause.command_id, position) == (held.reserved.cause.command_id, held.reserved.cause.position);
            !in_time && over && same && ends(change, left, fee_left)
        }
    };
    if right {
        Ok(())
    } else {
        Err(format!("{} in epoch {} with {left} and a fee of {fee_left} left: {change:?}", change.change, event.epoch))
    }
}

/// All that is left is given back, and nothing is open then.
fn ends(change: &HoldChanged, left_minor: i64, fee_left_minor: i64) -> bool {
    !change.open && (change.amount.minor, change.fee_minor) == (left_minor, fee_left_minor)
}

/// Whether the transaction is what was captured. A fee that was not held with it is the payee's.
fn pays(change: &HoldChanged, hold: HoldId, transaction: &Transaction) -> bool {
    let payer_bore = change.fee_minor > 0;
    let payee_got = transaction.postings.get(1).map_or(0, |posting| posting.amount_minor);
    (change.id, change.kind, change.channel) == (hold, transaction.kind, transaction.channel)
        && (change.account_debit, change.account_credit) == (transaction.account_debit, transaction.account_credit)
        && change.amount == transaction.amount
        && (!payer_bore || change.fee_minor == transaction.fee_minor)
        && payee_got == if payer_bore { transaction.amount.minor } else { transaction.amount.minor - transaction.fee_minor }
}
