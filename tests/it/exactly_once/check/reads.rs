//! Reads: at one epoch, never older than asked for, never older than a read that ended before, and right.

use super::super::history::{Call, Entry, Least, Outcome};
use super::{Case, Findings, Kind};
use schemas::{AccountId, Epoch, Fact, Position, Transaction};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    // Of each account the epochs at which it moved, with the balance after each.
    let mut moved: BTreeMap<AccountId, Vec<(Epoch, i64)>> = BTreeMap::new();
    let mut transactions: BTreeMap<Uuid, (Epoch, &Transaction)> = BTreeMap::new();
    for recorded in &case.events {
        if let Fact::Transaction(transaction) = &recorded.event.fact {
            transactions.insert(transaction.id.0, (recorded.event.epoch, transaction));
            for posting in &transaction.postings {
                let balances = moved.entry(posting.account).or_default();
                let before = balances.last().map_or(0, |(_, balance)| *balance);
                balances.push((recorded.event.epoch, before.saturating_add(posting.amount_minor)));
            }
        }
    }
    for entry in &case.evidence.history {
        let least = match &entry.call {
            Call::Balance { at_least, .. } | Call::Transaction { at_least, .. } => at_least.and_then(|least| epoch_of(case, least)),
            Call::Command { .. } | Call::Operation { .. } => continue,
        };
        match (&entry.call, &entry.outcome) {
            (Call::Balance { account, .. }, Outcome::Balance { minor, as_of }) => {
                let balances = moved.get(account).map_or(&[][..], Vec::as_slice);
                let upto = balances.partition_point(|(epoch, _)| epoch <= as_of);
                let sum = upto.checked_sub(1).map_or(0, |last| balances[last].1);
                if sum != *minor {
                    findings.add(
                        Kind::WrongBalance,
                        format!("account {account} showed {minor} as of {as_of}, when its postings summed to {sum}"),
                    );
                }
            }
            (Call::Transaction { id, .. }, Outcome::Transaction { settled, minor, epoch, as_of }) => {
                let agrees = transactions.get(id).is_some_and(|(decided, transaction)| {
                    decided == epoch && epoch <= as_of && *minor == transaction.amount.minor && *settled == transaction.refusal.is_none()
                });
                if !agrees {
                    findings.add(
                        Kind::AnswerContradictsLog,
                        format!("transaction {id} was shown as {:?}, and the log has {:?}", entry.outcome, transactions.get(id)),
                    );
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
        Outcome::Balance { as_of, .. } | Outcome::Transaction { as_of, .. } => Some(*as_of),
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
