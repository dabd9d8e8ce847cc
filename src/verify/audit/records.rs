//! Events, or alerts, epoch by epoch, hashed as they stand in Kafka.

use crate::audit::compare::Said;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::verify::Faults;
use crate::verify::events::{Source, epoch_of};
use schemas::topic::TRACE_HEADER;
use schemas::wire::{Decoder, datum};
use schemas::{Epoch, Stored, Topic, audit};

/// All partitions of events, side by side.
pub(crate) struct Records {
    pub(crate) sources: Vec<Source>,
    decoder: Decoder,
    from: Epoch,
    to: Epoch,
    pub(crate) count: u64,
}

impl Records {
    /// Those of the epochs from one to another.
    pub(crate) const fn new(sources: Vec<Source>, decoder: Decoder, from: Epoch, to: Epoch) -> Self {
        Self { sources, decoder, from, to, count: 0 }
    }

    /// The next epoch that has any, and its records in their order; `each` sees the records themselves, as they come.
    pub(crate) fn next(
        &mut self,
        progress: &mut Progress,
        faults: &mut Faults,
        mut each: impl FnMut(&Said, &Source, &Stored),
    ) -> Result<Option<(Epoch, Vec<Said>)>, Exit> {
        let mut next = None;
        for source in &mut self.sources {
            while source.peek()?.is_some_and(|record| epoch_of(record) < self.from) {
                source.read()?;
                progress.add(1);
            }
            let epoch = source.peek()?.map(epoch_of).filter(|epoch| *epoch <= self.to);
            next = next.into_iter().chain(epoch).min();
        }
        let Some(epoch) = next else { return Ok(None) };
        let mut said = Vec::new();
        for (number, source) in self.sources.iter_mut().enumerate() {
            let topic: Topic = source.topic.parse().expect("a source of events is a topic of ours");
            while source.peek()?.is_some_and(|record| epoch_of(record) == epoch) {
                let Some(record) = source.read()? else { break };
                progress.add(1);
                let (value, trace) = (record.value(), record.header(TRACE_HEADER));
                let id = match Topic::EVENTS.contains(&topic) {
                    true => self.decoder.event(topic, value, trace).map(|event| Some(event.id)),
                    false => self.decoder.alert(topic, value, trace).map(|_| None),
                };
                let bytes = datum(record.value()).map_or(&[][..], |(_, datum)| datum);
                match id {
                    Ok(id) => {
                        let leaf = audit::leaf(topic.as_str(), record.key(), bytes);
                        let found = Said { id, leaf, source: number, at: record.offset };
                        each(&found, source, &record);
                        said.push(found);
                    }
                    Err(error) => faults.add(|| format!("{} of epoch {epoch} can't be read: {error}", source.place(&record))),
                }
            }
        }
        said.sort_by_key(|said| (said.id, said.source, said.at));
        // An epoch that comes again stands behind a later one.
        self.from = epoch + 1;
        self.count += u64::try_from(said.len()).expect("what is in memory fits a u64");
        Ok(Some((epoch, said)))
    }

    /// What a sentence calls a record.
    pub(crate) fn place(&self, said: &Said) -> String {
        let source = &self.sources[said.source];
        format!("{} partition {} offset {}", source.topic, source.partition, said.at)
    }
}
