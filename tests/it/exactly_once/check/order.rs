//! Order: that of the log is that of the decisions, of their ids and of real time.

use super::{Case, Findings, Kind, PartOf, is_expired};
use crate::exactly_once::evidence::Recorded;
use schemas::{CommandId, Position};
use std::collections::BTreeMap;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    ids_and_partitions(case, findings);
    every_command_is_decided(case, findings);
    real_time(case, findings);
}

fn ids_and_partitions(case: &Case<'_>, findings: &mut Findings) {
    for pair in case.events.windows(2) {
        let (before, after) = (&pair[0].event, &pair[1].event);
        if before.id == after.id {
            findings.add(Kind::DoubledDecision, format!("event {} is there twice", after.id));
        }
    }
    // What has waited for its time is said of a command that is long past.
    let waited = |recorded: &Recorded| is_expired(&recorded.event.fact) || matches!(case.part(recorded), Some(PartOf::Order(_)));
    let said: Vec<_> = case.events.iter().filter(|recorded| !waited(recorded)).map(|recorded| &recorded.event).collect();
    for pair in said.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        if before.cause.position > after.cause.position {
            let sentence =
                format!("event {} answers {}, after {} answered {}", after.id, after.cause.position, before.id, before.cause.position);
            findings.add(Kind::OutOfOrder, sentence);
        }
    }
    let mut last = BTreeMap::new();
    for recorded in &case.evidence.log.events {
        let event = &recorded.event;
        if event.id.epoch() != Some(event.epoch) || recorded.epoch != event.epoch {
            let (said, header) = (event.epoch, recorded.epoch);
            findings.add(Kind::OutOfOrder, format!("event {} says epoch {said}, and its header {header}", event.id));
        }
        let place = (recorded.topic, recorded.partition);
        if let Some((offset, id, generation)) = last.insert(place, (recorded.offset, event.id, recorded.generation))
            && (offset >= recorded.offset || id > event.id || generation > recorded.generation)
        {
            let (topic, partition) = place;
            findings.add(Kind::OutOfOrder, format!("{topic} partition {partition} holds event {} after {id}", event.id));
        }
    }
}

fn every_command_is_decided(case: &Case<'_>, findings: &mut Findings) {
    for (position, command) in &case.commands {
        match (command, case.answered.get(position)) {
            (Some(command), Some(answer)) if answer.event.cause.command_id != command.id() => {
                let sentence = format!(
                    "event {} answers {position} as command {}, which holds {}",
                    answer.event.id,
                    answer.event.cause.command_id,
                    command.id()
                );
                findings.add(Kind::AnswerContradictsLog, sentence);
            }
            (Some(command), None) => findings.add(Kind::NeverDecided, format!("command {} at {position} has no decision", command.id())),
            (None, None) if !case.evidence.log.dead.contains(position) => {
                findings.add(Kind::NeverDecided, format!("the record at {position} is neither decided nor a dead letter"));
            }
            _ => {}
        }
    }
    for (position, answer) in &case.answered {
        if !case.commands.contains_key(position) {
            findings.add(Kind::OutOfOrder, format!("event {} answers {position}, where no command is", answer.event.id));
        }
    }
}

/// Whoever had an answer before another asked stands before them in the log.
fn real_time(case: &Case<'_>, findings: &mut Findings) {
    // The first time that a command can have been in the log, and the first that it was known to be decided.
    let mut spans: BTreeMap<CommandId, (u64, u64)> = BTreeMap::new();
    for entry in &case.evidence.history {
        if let super::super::history::Call::Command { id, asked } = &entry.call
            && !asked.is_dry()
        {
            let span = spans.entry(*id).or_insert((u64::MAX, u64::MAX));
            span.0 = span.0.min(entry.invoked);
            if entry.outcome.is_decision() {
                span.1 = span.1.min(entry.completed);
            }
        }
    }
    let placed = |id: &CommandId| case.first.get(id).map(|decision| decision.event.cause.position);
    let mut begun: Vec<(u64, Position, CommandId)> =
        spans.iter().filter_map(|(id, (invoked, _))| Some((*invoked, placed(id)?, *id))).collect();
    let mut done: Vec<(u64, Position, CommandId)> =
        spans.iter().filter(|(_, span)| span.1 < u64::MAX).filter_map(|(id, span)| Some((span.1, placed(id)?, *id))).collect();
    begun.sort();
    done.sort();
    let (mut next, mut newest) = (done.into_iter().peekable(), None::<(Position, CommandId)>);
    for (invoked, position, id) in begun {
        while let Some((_, position, id)) = next.next_if(|(completed, ..)| *completed < invoked) {
            newest = newest.max(Some((position, id)));
        }
        if let Some((before, other)) = newest.filter(|(before, _)| *before > position) {
            let sentence = format!("command {id} at {position} was asked after {other} was answered, which stands at {before}");
            findings.add(Kind::RealTimeOrder, sentence);
        }
    }
}
