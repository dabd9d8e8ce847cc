//! The journal: what it says was written is what is there, and what was read.

use super::{Case, Findings, Kind};
use crate::exactly_once::evidence::Recorded;
use schemas::{Entry, Epoch, EventId, Fact, Records};
use std::collections::BTreeMap;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let mut written: BTreeMap<(Epoch, &str, i32), Records> = BTreeMap::new();
    for recorded in &case.evidence.log.events {
        let records = written.entry((recorded.epoch, recorded.topic.as_str(), recorded.partition)).or_default();
        records.add(&recorded.key, &recorded.datum);
    }
    let (mut last, mut generation) = (0, 0);
    let mut generations: BTreeMap<Epoch, u64> = BTreeMap::new();
    let mut uppers: BTreeMap<i32, i64> = BTreeMap::new();
    let activations = activations(case);
    let mut began_by = None;
    for entry in &case.evidence.log.journal {
        if entry.generation() < generation {
            findings.add(Kind::OutOfOrder, format!("generation {} writes after {generation}", entry.generation()));
        }
        if let Entry::Claim(claim) = entry
            && claim.generation == generation
        {
            findings.add(Kind::OutOfOrder, format!("generation {generation} is claimed twice"));
        }
        generation = generation.max(entry.generation());
        let Entry::Commit(commit) = entry else { continue };
        for sealed in &commit.epochs {
            let epoch = sealed.binding.epoch;
            if epoch <= last {
                findings.add(Kind::OutOfOrder, format!("the journal holds epoch {epoch} after {last}"));
            }
            last = last.max(epoch);
            generations.insert(epoch, sealed.binding.generation);
            // A bank begins by the newest version of the binary that opened it, which only its first binding tells.
            let by = sealed.binding.code_version;
            let began_by = *began_by.get_or_insert(by);
            let in_force = activations.iter().rfind(|(activated, _, _)| *activated < epoch).map_or(began_by, |(_, _, version)| *version);
            if by != in_force {
                findings.add(Kind::JournalDiffers, format!("epoch {epoch} is decided by rules {by}, and {in_force} were in force"));
            }
            for input in &sealed.binding.inputs {
                let from = uppers.insert(input.partition, input.upper).unwrap_or(0);
                let inside = bound(case, input.partition, from, input.upper);
                if input.upper < from || usize::try_from(input.count) != Ok(inside) {
                    let sentence =
                        format!("epoch {epoch} binds {} commands from {from} to {}, where {inside} are", input.count, input.upper);
                    findings.add(Kind::JournalDiffers, sentence);
                }
            }
            for output in sealed.outputs.iter().filter(|output| output.topic != schemas::topic::COMMANDS_DLQ) {
                let found = written.remove(&(epoch, output.topic.as_str(), output.partition)).unwrap_or_default();
                let count = found.count();
                if count != output.count || found.digest() != output.digest {
                    let sentence = format!(
                        "{} partition {} has {count} records of epoch {epoch}, and the journal says {}{}",
                        output.topic,
                        output.partition,
                        output.count,
                        if count == output.count { " with another digest" } else { "" }
                    );
                    findings.add(Kind::JournalDiffers, sentence);
                }
            }
        }
    }
    for recorded in &case.evidence.log.events {
        let (event, by) = (&recorded.event, recorded.generation);
        if let Some(bound) = generations.get(&recorded.epoch).filter(|bound| **bound != by) {
            findings.add(Kind::OutOfOrder, format!("event {} is of generation {by}, and its epoch of {bound}", event.id));
        }
    }
    for ((epoch, topic, partition), records) in written {
        findings.add(
            Kind::JournalDiffers,
            format!("{topic} partition {partition} has {} records of epoch {epoch}, of which the journal says nothing", records.count()),
        );
    }
}

/// The versions of the rules that were activated: the epoch and the event of each, in order.
fn activations(case: &Case<'_>) -> Vec<(Epoch, EventId, u32)> {
    let activation = |recorded: &Recorded| match recorded.event.fact {
        Fact::RulesActivated { version } => Some((recorded.epoch, recorded.event.id, version)),
        _ => None,
    };
    let mut activations: Vec<_> = case.evidence.log.events.iter().filter_map(activation).collect();
    activations.sort_unstable();
    activations
}

/// How many commands stand in a stretch of a partition.
fn bound(case: &Case<'_>, partition: i32, from: i64, upper: i64) -> usize {
    let at = |offset| schemas::Position { partition, offset };
    if from < upper { case.commands.range(at(from)..at(upper)).count() } else { 0 }
}
