//! The journal's digests again: what every committed epoch wrote, counted and hashed from the records themselves.

use super::Faults;
use super::events::{Journal, SealedEpochs, Source, epoch_of, print_gone, sources};
use crate::config::Config;
use crate::exit::Exit;
use crate::progress::Progress;
use schemas::topic::COMMANDS_DLQ;
use schemas::{Epoch, Output, Stored};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

/// Recomputes them.
pub(super) fn run(config: &Config, quiet: bool) -> anyhow::Result<ExitCode> {
    let brokers = &config.kafka.brokers;
    let journal = Journal::read(brokers)?;
    let sources = sources(brokers, &journal, true)?;
    print_gone(&sources);
    let mut progress = Progress::new("records", sources.iter().map(|source| source.extent).sum(), quiet);
    let mut sealed = SealedEpochs::open(brokers)?;
    let mut checks: BTreeMap<(String, i32), Check> =
        sources.into_iter().map(|source| ((source.topic.clone(), source.partition), Check::new(source))).collect();
    let mut faults = Faults::default();
    // This reading of the journal ends after the partitions do, so it explains whatever they hold.
    let mut later = BTreeSet::new();
    let (mut epochs, mut last) = (0u64, 0);
    while let Some(epoch) = sealed.next()? {
        let time = epoch.binding.epoch;
        if time > journal.last {
            later.insert(time);
            continue;
        }
        if time <= last {
            faults.add(|| format!("the journal holds epoch {time} after {last}"));
        }
        last = time;
        epochs += 1;
        for output in &epoch.outputs {
            match checks.get_mut(&(output.topic.clone(), output.partition)) {
                Some(check) => progress.add(check.epoch(time, output, &mut faults)?),
                None => faults
                    .add(|| format!("epoch {time} wrote to {} partition {}, which is no topic of events", output.topic, output.partition)),
            }
        }
    }
    let (mut records, mut outputs) = (0, 0);
    for check in checks.values_mut() {
        check.rest(journal.last, &later, &mut faults)?;
        (records, outputs) = (records + check.records, outputs + check.outputs);
        if check.outputs > 0 {
            println!("{} partition {}: {} records of {} epochs", check.source.topic, check.source.partition, check.records, check.outputs);
        }
    }
    drop(progress);
    Ok(faults.finish(&format!("digests: {epochs} epochs up to {}, {outputs} digests over {records} records", journal.last)))
}

/// A partition and how far it has been followed.
struct Check {
    source: Source,
    records: u64,
    outputs: u64,
}

impl Check {
    fn new(source: Source) -> Self {
        Self { source, records: 0, outputs: 0 }
    }

    /// Takes an epoch's records; how many.
    fn epoch(&mut self, epoch: Epoch, output: &Output, faults: &mut Faults) -> Result<u64, Exit> {
        if epoch < self.source.from {
            return Ok(0);
        }
        self.skip_to(epoch, faults)?;
        let framed = output.topic != COMMANDS_DLQ;
        let (mut count, mut hash) = (0, Sha256::new());
        while let Some(record) = self.source.peek()?
            && epoch_of(record) == epoch
        {
            add(&mut hash, record, framed);
            count += 1;
            self.source.read()?;
        }
        self.records += u64::from(count);
        self.outputs += 1;
        let place = || format!("{} partition {}", output.topic, output.partition);
        if count != output.count {
            faults.add(|| format!("epoch {epoch}: {} holds {count} records and the journal says {}", place(), output.count));
        } else if hash.finalize()[..16] != output.digest {
            faults.add(|| format!("epoch {epoch}: the {count} records of {} have another digest than the journal says", place()));
        }
        Ok(u64::from(count))
    }

    /// Leaves behind what no epoch of the journal counts.
    fn skip_to(&mut self, epoch: Epoch, faults: &mut Faults) -> Result<(), Exit> {
        while let Some(record) = self.source.peek()?.filter(|record| epoch_of(record) < epoch).cloned() {
            // What is left of an epoch that was partly deleted can't be judged.
            let found = epoch_of(&record);
            if found == 0 || found >= self.source.from {
                let place = self.source.place(&record);
                faults.add(|| format!("{place} is of epoch {found}, and the journal does not count it"));
            }
            self.source.read()?;
        }
        Ok(())
    }

    /// What is left: of an epoch that was committed while we read, or of none.
    fn rest(&mut self, last: Epoch, later: &BTreeSet<Epoch>, faults: &mut Faults) -> Result<(), Exit> {
        self.skip_to(last + 1, faults)?;
        while let Some(record) = self.source.read()? {
            let epoch = epoch_of(&record);
            if !later.contains(&epoch) {
                let place = self.source.place(&record);
                faults.add(|| format!("{place} is of epoch {epoch}, and the journal does not hold it"));
            }
        }
        Ok(())
    }
}

/// Adds a record to a digest: key and datum, each with its length before it. The framing's schema id is the registry's.
fn add(hash: &mut Sha256, record: &Stored, framed: bool) {
    let value = record.value();
    let datum = if framed { value.get(5..).unwrap_or(value) } else { value };
    for part in [record.key(), datum] {
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    }
}
