//! Reads: at one epoch, never older than asked for, never older than a read that ended before, and right.

use super::super::history::{Call, Entry, Least, Outcome};
use super::{Case, Findings, Kind};
use schemas::{AccountId, Epoch, Fact, HoldChange, HoldChanged, HoldId, OrderChanged, OrderId, Position, Transaction};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let past = Past::of(case);
    for entry in &case.evidence.history {
        let least = match &entry.call {
            Call::Balance { at_least, .. } | Call::Transaction { at_least, .. } => at_least.and_then(|least| epoch_of(case, least)),
            Call::Hold { .. } | Call::Order { .. } => None,
            Call::Command { .. } | Call::Operation { .. } => continue,
        };
        match (&entry.call, &entry.outcome) {
            (Call::Balance { account, .. }, Outcome::Balance { minor, held, available, as_of }) => {
                let sums = past.at(*account, *as_of);
                if (*minor, *held, *available) != (sums.posted, sums.held, sums.posted.saturating_sub(sums.held)) {
                    let Sums { posted, held: of_it, .. } = sums;
                    let sentence = format!(
                        "account {account} showed {minor}, {held} of it held and {available} available as of {as_of}, \
                         when its postings summed to {posted} and {of_it} of it were held"
                    );
                    findings.add(Kind::WrongBalance, sentence);
                }
            }
            (Call::Transaction { id, .. }, Outcome::Transaction { settled, minor, fee, epoch, as_of }) => {
                let transaction = past.transactions.get(id);
                let agrees = transaction.is_some_and(|(decided, transaction)| {
                    decided == epoch
                        && epoch <= as_of
                        && (*minor, *fee) == (transaction.amount.minor, transaction.fee_minor)
                        && *settled == transaction.refusal.is_none()
                });
                if !agrees {
                    let sentence = format!("transaction {id} was shown as {:?}, and the log has {transaction:?}", entry.outcome);
                    findings.add(Kind::AnswerContradictsLog, sentence);
                }
            }
            (Call::Hold { id }, Outcome::Hold { status, minor, fee, epoch, as_of }) => {
                let last = past.holds.get(id).and_then(|changes| changes.iter().rfind(|stands| stands.epoch <= *as_of));
                let shown = Stands { status, minor: *minor, fee: *fee, epoch: *epoch };
                if last != Some(&shown) {
                    let sentence = format!("hold {id} was shown as {:?}, and the log has {last:?}", entry.outcome);
                    findings.add(Kind::AnswerContradictsLog, sentence);
                }
            }
            (Call::Order { id }, Outcome::Order { status, transaction, epoch, as_of }) => {
                let last = past.orders.get(id).and_then(|changes| changes.iter().rfind(|(decided, _)| decided <= as_of));
                let stands = last.map(|(decided, order)| (*decided, order.change.as_str(), order.transaction_id.map(|id| id.0)));
                if stands != Some((*epoch, status.as_str(), *transaction)) {
                    let sentence = format!("order {id} was shown as {:?}, and the log has {last:?}", entry.outcome);
                    findings.add(Kind::AnswerContradictsLog, sentence);
                }
            }
            (call, Outcome::Missing) if told(case, call, entry) => {
                findings.add(Kind::MissedWrite, format!("{call:?} found nothing, after it was answered"));
            }
            _ => {}
        }
        if let (Some(least), Some(as_of)) = (least, as_of(&entry.outcome))
            && as_of < least
        {
            findings.add(Kind::MissedWrite, format!("{:?} was read as of {as_of}, before {least}", entry.call));
        }
    }
    monotone(case, findings);
}

/// What the events add up to, epoch by epoch.
#[derive(Default)]
struct Past<'a> {
    /// Of each account the epochs at which it moved, with what was in it after each.
    accounts: BTreeMap<AccountId, Vec<Sums>>,
    transactions: BTreeMap<Uuid, (Epoch, &'a Transaction)>,
    /// Where each hold stood after each change.
    holds: BTreeMap<HoldId, Vec<Stands<'a>>>,
    /// The changes of each order.
    orders: BTreeMap<OrderId, Vec<(Epoch, &'a OrderChanged)>>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    epoch: Epoch,
    posted: i64,
    held: i64,
}

/// While it is held, how much is left; afterwards, how much the end was about.
#[derive(Debug, PartialEq, Eq)]
struct Stands<'a> {
    status: &'a str,
    minor: i64,
    fee: i64,
    epoch: Epoch,
}

impl<'a> Past<'a> {
    fn of(case: &Case<'a>) -> Self {
        let mut past = Self::default();
        for event in case.events.iter().map(|recorded| &recorded.event) {
            match &event.fact {
                Fact::Transaction(transaction) => {
                    past.transactions.insert(transaction.id.0, (event.epoch, transaction));
                    for posting in &transaction.postings {
                        past.moves(posting.account, event.epoch, posting.amount_minor, 0);
                    }
                }
                Fact::HoldChanged(held) => {
                    let whole = held.amount.minor.saturating_add(held.fee_minor);
                    let whole = if held.change.begins() { whole } else { -whole };
                    past.moves(held.account_debit, event.epoch, 0, whole);
                    past.changes(held, event.epoch);
                }
                Fact::OrderChanged(order) => past.orders.entry(order.id).or_default().push((event.epoch, &**order)),
                Fact::CustomerCreated(_)
                | Fact::AccountOpened(_)
                | Fact::RulesActivated { .. }
                | Fact::StatusChanged(_)
                | Fact::PolicyChanged(_)
                | Fact::BatchDecided(_)
                | Fact::AmlChanged(_)
                | Fact::ListChanged(_)
                | Fact::PartyChanged(_)
                | Fact::Diligence(_)
                | Fact::Assessed(_)
                | Fact::Refused { .. }
                | Fact::Repeated(_) => {}
            }
        }
        past
    }

    fn moves(&mut self, account: AccountId, epoch: Epoch, posted: i64, held: i64) {
        let sums = self.accounts.entry(account).or_default();
        let before = sums.last().copied().unwrap_or_default();
        sums.push(Sums { epoch, posted: before.posted.saturating_add(posted), held: before.held.saturating_add(held) });
    }

    fn changes(&mut self, held: &HoldChanged, epoch: Epoch) {
        let stood = self.holds.entry(held.id).or_default();
        let (mut minor, mut fee) = (held.amount.minor, held.fee_minor);
        if let Some(before) = stood.last().filter(|_| held.open) {
            (minor, fee) = (before.minor.saturating_sub(minor), before.fee.saturating_sub(fee));
        }
        let status = match held.change {
            HoldChange::Reserved | HoldChange::Captured if held.open => "held",
            HoldChange::Reserved | HoldChange::Captured | HoldChange::Closed => "captured",
            HoldChange::Released => "released",
            HoldChange::Expired => "expired",
            HoldChange::Reviewed => "under_review",
            HoldChange::ReviewRefused => "review_refused",
            HoldChange::ReviewExpired => "review_expired",
        };
        stood.push(Stands { status, minor, fee, epoch });
    }

    fn at(&self, account: AccountId, epoch: Epoch) -> Sums {
        let sums = self.accounts.get(&account).map_or(&[][..], Vec::as_slice);
        sums[..sums.partition_point(|sums| sums.epoch <= epoch)].last().copied().unwrap_or_default()
    }
}

/// The views are one: whoever asks after somebody was shown an epoch is shown at least that one.
fn monotone(case: &Case<'_>, findings: &mut Findings) {
    let reads = || case.evidence.history.iter().filter_map(|entry| Some((entry, as_of(&entry.outcome)?)));
    let mut begun: Vec<_> = reads().map(|(entry, as_of)| (entry.invoked, as_of, entry)).collect();
    let mut done: Vec<_> = reads().map(|(entry, as_of)| (entry.completed, as_of)).collect();
    begun.sort_by_key(|(invoked, ..)| *invoked);
    done.sort_unstable();
    let (mut next, mut newest) = (done.into_iter().peekable(), 0);
    for (invoked, as_of, entry) in begun {
        while let Some((_, as_of)) = next.next_if(|(completed, _)| *completed < invoked) {
            newest = newest.max(as_of);
        }
        if as_of < newest {
            findings.add(
                Kind::BackInTime,
                format!("client {} read {:?} as of {as_of}, after epoch {newest} was shown", entry.client, entry.call),
            );
        }
    }
}

const fn as_of(outcome: &Outcome) -> Option<Epoch> {
    match outcome {
        Outcome::Balance { as_of, .. }
        | Outcome::Transaction { as_of, .. }
        | Outcome::Hold { as_of, .. }
        | Outcome::Order { as_of, .. } => Some(*as_of),
        _ => None,
    }
}

/// The epoch that a read must show at least; none if the place has no decision, which another check says.
fn epoch_of(case: &Case<'_>, least: Least) -> Option<Epoch> {
    match least {
        Least::Epoch(epoch) => Some(epoch),
        Least::Position { partition, offset } => case.answered.get(&Position { partition, offset }).map(|answer| answer.event.epoch),
    }
}

/// Whether somebody was told of this account or transaction before it was read.
fn told(case: &Case<'_>, call: &Call, read: &Entry) -> bool {
    let wanted = match call {
        Call::Balance { account, .. } => account.0,
        Call::Transaction { id, .. } => *id,
        Call::Hold { id } => id.0,
        Call::Order { id } => id.0,
        Call::Command { .. } | Call::Operation { .. } => return false,
    };
    case.evidence.history.iter().any(|entry| {
        let told = match &entry.outcome {
            Outcome::Done { resource, .. } => Some(*resource),
            Outcome::Refused { transaction, .. } => *transaction,
            _ => None,
        };
        told == Some(wanted) && entry.completed < read.invoked
    })
}
