//! Events of all partitions in the order of their ids.

use crate::exit::Exit;
use crate::verify::Faults;
use crate::verify::events::{Source, epoch_of};
use schemas::topic::TRACE_HEADER;
use schemas::wire::Decoder;
use schemas::{Epoch, Event, EventId, Topic};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The next event of each partition.
pub(super) struct Merge {
    heads: BinaryHeap<Reverse<(EventId, usize)>>,
    events: Vec<Option<Event>>,
    from: Epoch,
    last: Epoch,
}

impl Merge {
    /// Of events from `from` to `last`.
    pub(super) fn new(sources: &mut [Source], decoder: &Decoder, from: Epoch, last: Epoch, faults: &mut Faults) -> Result<Self, Exit> {
        let mut merge = Self { heads: BinaryHeap::new(), events: vec![None; sources.len()], from, last };
        for (at, source) in sources.iter_mut().enumerate() {
            merge.fill(at, source, decoder, faults)?;
        }
        Ok(merge)
    }

    /// The next event.
    pub(super) fn next(&mut self, sources: &mut [Source], decoder: &Decoder, faults: &mut Faults) -> Result<Option<Event>, Exit> {
        let Some(Reverse((_, at))) = self.heads.pop() else { return Ok(None) };
        let event = self.events[at].take();
        self.fill(at, &mut sources[at], decoder, faults)?;
        Ok(event)
    }

    fn fill(&mut self, at: usize, source: &mut Source, decoder: &Decoder, faults: &mut Faults) -> Result<(), Exit> {
        let topic: Topic = source.topic.parse().expect("a source of events is a topic of ours");
        while let Some(record) = source.read()? {
            let epoch = epoch_of(&record);
            if epoch == 0 {
                faults.add(|| format!("{} has no epoch: settlement did not write it", source.place(&record)));
            }
            if epoch != 0 && (epoch < self.from || epoch > self.last) {
                continue;
            }
            match decoder.event(topic, record.value(), record.header(TRACE_HEADER)) {
                Ok(event) => {
                    if epoch != 0 && event.epoch != epoch {
                        faults.add(|| format!("{} says epoch {} and is of epoch {epoch}", source.place(&record), event.epoch));
                    }
                    self.heads.push(Reverse((event.id, at)));
                    self.events[at] = Some(event);
                    return Ok(());
                }
                Err(error) => faults.add(|| format!("{} can't be read: {error}", source.place(&record))),
            }
        }
        Ok(())
    }
}
