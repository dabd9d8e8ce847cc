//! How long commands waited: what the journal says of each epoch against the time stamps of the records that it binds, and the sums
//! against the journal.

use super::super::evidence::Table;
use super::{Case, Findings, Kind};
use schemas::{Entry, Epoch, Position, Waited};
use std::collections::BTreeMap;

/// The longest of a bucket, and the name of the one that follows it.
const UP_TO_MS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let log = &case.evidence.log;
    let readable = log.commands.iter().filter(|(_, command)| command.is_some());
    let stamps: BTreeMap<Position, u64> = readable.filter_map(|(place, _)| Some((*place, *log.appended.get(place)?))).collect();
    let mut uppers: BTreeMap<i32, i64> = BTreeMap::new();
    for entry in &log.journal {
        let Entry::Commit(commit) = entry else { continue };
        for sealed in &commit.epochs {
            let epoch = sealed.binding.epoch;
            let mut counted: BTreeMap<u64, u64> = BTreeMap::new();
            for input in &sealed.binding.inputs {
                let from = uppers.insert(input.partition, input.upper).unwrap_or(0);
                let at = |offset| Position { partition: input.partition, offset };
                for (_, stamp) in stamps.range(at(from)..at(input.upper.max(from))) {
                    let waited_ms = epoch.saturating_sub(*stamp);
                    let longer = UP_TO_MS.iter().filter(|up_to| **up_to < waited_ms).max().copied();
                    *counted.entry(longer.unwrap_or(0)).or_default() += 1;
                }
            }
            let said: BTreeMap<u64, u64> = sealed.waited.iter().map(|waited| (waited.over_ms.into(), waited.count.into())).collect();
            if said != counted {
                let sentence = format!("epoch {epoch} says that its commands waited {said:?}, and by their records it is {counted:?}");
                findings.add(Kind::JournalDiffers, sentence);
            }
        }
    }
}

/// The table, by what the journal says of each epoch.
pub(crate) fn table<'a>(epochs: impl Iterator<Item = (Epoch, &'a [Waited])>) -> Table {
    let mut sums: BTreeMap<String, (u64, Epoch)> = BTreeMap::new();
    for (epoch, waited) in epochs {
        for Waited { over_ms, count } in waited {
            for (span, width) in [("minute", 60_000), ("hour", 3_600_000), ("day", 86_400_000)] {
                let sum = sums.entry(format!("{span} {} {over_ms}", epoch / width * width)).or_default();
                *sum = (sum.0 + u64::from(*count), epoch);
            }
        }
    }
    sums.into_iter().map(|(key, (count, epoch))| (key, format!("{count} {epoch}"))).collect()
}

/// What the journal says, in its order.
pub(super) fn said(journal: &[Entry]) -> impl Iterator<Item = (Epoch, &[Waited])> {
    let commits = journal.iter().filter_map(|entry| match entry {
        Entry::Commit(commit) => Some(commit),
        Entry::Claim(_) => None,
    });
    commits.flat_map(|commit| &commit.epochs).map(|sealed| (sealed.binding.epoch, &sealed.waited[..]))
}
