//! Answers: each is what the log says, each attempt of a command hears the same, and what was taken is decided.

use super::super::asked::Asked;
use super::super::evidence::{Recorded, resource};
use super::super::history::{Call, Entry, Item, Outcome};
use super::{Case, Findings, Kind};
use schemas::{BatchDecided, Command, CommandId, Event, Fact, Position};
use std::collections::BTreeMap;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let mut attempts: BTreeMap<CommandId, Vec<(&Asked, &Outcome)>> = BTreeMap::new();
    for entry in &case.evidence.history {
        if let Outcome::Odd { status, body } = &entry.outcome {
            findings.add(Kind::OddAnswer, format!("{:?} was answered with {status}: {body}", entry.call));
        }
        match &entry.call {
            Call::Command { id, asked } => {
                if asked.is_dry() {
                    tried(case, *id, asked, &entry.outcome, findings);
                } else {
                    attempts.entry(*id).or_default().push((asked, &entry.outcome));
                    one(case, *id, asked, &entry.outcome, findings);
                }
            }
            Call::Operation { id } => operation(case, *id, entry, findings),
            Call::Balance { .. } | Call::Transaction { .. } | Call::Hold { .. } | Call::Order { .. } => {}
        }
    }
    for (id, attempts) in attempts {
        alike(id, &attempts, findings);
    }
}

/// What was only tried: every answer is one of the decisions, of which each attempt has its own.
fn tried(case: &Case<'_>, id: CommandId, asked: &Asked, outcome: &Outcome, findings: &mut Findings) {
    let decisions = case.tried.get(&id).map_or(&[][..], Vec::as_slice);
    let says = |event: &Event| match (outcome, &event.fact) {
        (Outcome::Tried { items, epoch }, Fact::BatchDecided(decided)) => {
            event.epoch == *epoch && decided.outcomes.iter().map(Item::of).eq(items.iter().cloned())
        }
        (Outcome::Refused { reason, epoch, replayed, .. }, Fact::Refused { refusal, .. }) => {
            event.epoch == *epoch && refusal.as_str() == reason && !replayed
        }
        _ => false,
    };
    let told =
        !matches!(outcome, Outcome::Accepted { .. } | Outcome::Unknown | Outcome::NotNow | Outcome::NotInForce | Outcome::Odd { .. });
    let of_it = |decision: &&&Recorded| case.asked(decision).is_some_and(|operation| *operation == asked.operation());
    if told && !decisions.iter().filter(of_it).any(|decision| says(&decision.event)) {
        findings.add(Kind::AnswerContradictsLog, format!("command {id} was answered {outcome:?}, and no decision on it says that"));
    }
}

/// One answer against the log.
fn one(case: &Case<'_>, id: CommandId, asked: &Asked, outcome: &Outcome, findings: &mut Findings) {
    let decision = case.first.get(&id).copied();
    if let Outcome::Accepted { partition, offset } = outcome {
        let position = Position { partition: *partition, offset: *offset };
        if case.commands.get(&position).copied().flatten().map(Command::id) != Some(id) {
            findings.add(Kind::NeverDecided, format!("command {id} was taken at {position}, where it is not"));
        }
    }
    let told = outcome.is_decision() || matches!(outcome, Outcome::KeyReused | Outcome::Tried { .. });
    let Some(decision) = decision else {
        if told {
            findings.add(Kind::LostDecision, format!("command {id} was answered {outcome:?}, and the log has no decision"));
        }
        return;
    };
    let event = &decision.event;
    let same_body = case.decided(decision).is_none_or(|command| asked.operation() == command.operation);
    let agrees = match outcome {
        Outcome::Done { resource: told, epoch, replayed } => {
            same_body
                && refusal(event).is_none()
                && resource(&event.fact) == Some(*told)
                && event.epoch == *epoch
                && (!replayed || case.repeated.contains(&id))
        }
        Outcome::Refused { reason, transaction, epoch, replayed } => {
            same_body
                && refusal(event) == Some(reason)
                && resource(&event.fact) == *transaction
                && event.epoch == *epoch
                && (!replayed || case.repeated.contains(&id))
        }
        Outcome::Batch { items, epoch, replayed } => {
            let said = |decided: &BatchDecided| !decided.dry_run && decided.outcomes.iter().map(Item::of).eq(items.iter().cloned());
            same_body
                && refusal(event).is_none()
                && matches!(&event.fact, Fact::BatchDecided(decided) if said(decided))
                && event.epoch == *epoch
                && (!replayed || case.repeated.contains(&id))
        }
        Outcome::Tried { .. } => false,
        Outcome::KeyReused => !same_body && case.repeated.contains(&id),
        _ => true,
    };
    if !agrees {
        findings.add(
            Kind::AnswerContradictsLog,
            format!("command {id} was answered {outcome:?}, and the log says {:?} in epoch {}", event.fact, event.epoch),
        );
    }
}

/// All attempts of one command with one body hear one answer, and at most one of them is the first.
fn alike(id: CommandId, attempts: &[(&Asked, &Outcome)], findings: &mut Findings) {
    let mut heard: Vec<(&Asked, Outcome)> = Vec::new();
    let mut firsts = 0;
    for (asked, outcome) in attempts.iter().filter(|(_, outcome)| outcome.is_decision()) {
        let mut answer = (*outcome).clone();
        if let Outcome::Done { replayed, .. } | Outcome::Refused { replayed, .. } | Outcome::Batch { replayed, .. } = &mut answer {
            firsts += usize::from(!*replayed);
            *replayed = false;
        }
        if !heard.iter().any(|(body, other)| body == asked && *other == answer) {
            heard.push((asked, answer));
        }
    }
    if heard.len() > 1 || firsts > 1 {
        findings.add(Kind::AnswersDiffer, format!("command {id} was answered {heard:?}; {firsts} attempts were told to be the first"));
    }
}

/// What an operation was said to be, against the log and against what was known before.
fn operation(case: &Case<'_>, id: CommandId, entry: &Entry, findings: &mut Findings) {
    let decision = case.first.get(&id).map(|decision| &decision.event);
    let agrees = match (&entry.outcome, decision) {
        (Outcome::Operation { status, .. }, _) if status == "pending" => !case.known(id, entry.invoked, true),
        (Outcome::Operation { status, resource: told, reason, epoch }, Some(event)) => {
            let refused = refusal(event);
            let expected = match (&event.fact, refused) {
                (_, Some(_)) => "failed",
                (Fact::Transaction(_), None) => "settled",
                _ => "completed",
            };
            // Where the rules are shown does not say which.
            let named = match &event.fact {
                Fact::RulesActivated { .. } => None,
                Fact::BatchDecided(_) => Some(id.0),
                fact => resource(fact),
            };
            status == expected && *told == named && reason.as_deref() == refused && *epoch == Some(event.epoch)
        }
        (Outcome::Operation { .. }, None) => {
            findings.add(Kind::LostDecision, format!("operation {id} was shown as {:?}, and the log has no decision", entry.outcome));
            return;
        }
        (Outcome::Missing, _) => !case.known(id, entry.invoked, false),
        _ => true,
    };
    if !agrees {
        let kind = match entry.outcome {
            Outcome::Missing => Kind::MissedWrite,
            Outcome::Operation { ref status, .. } if status == "pending" => Kind::BackInTime,
            _ => Kind::AnswerContradictsLog,
        };
        findings.add(
            kind,
            format!("operation {id} was shown as {:?}, and the log says {:?}", entry.outcome, decision.map(|event| &event.fact)),
        );
    }
}

/// Why it was refused, if it was.
fn refusal(event: &Event) -> Option<&str> {
    match &event.fact {
        Fact::BatchDecided(decided) => decided.undone_by().map(|(_, refusal)| refusal.as_str()),
        Fact::Transaction(transaction) => transaction.refusal.map(|refusal| refusal.as_str()),
        Fact::Refused { refusal, .. } => Some(refusal.as_str()),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Diligence(_)
        | Fact::Assessed(_)
        | Fact::Repeated(_) => None,
    }
}
