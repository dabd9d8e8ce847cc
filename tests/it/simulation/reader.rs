//! A reader of settlement's events, as the views and the door are: record by record, from each partition as far as it
//! shows, until an epoch is whole.

use super::broker::{Place, place};
use super::mistakes::Mistake;
use super::world::{World, journal};
use ingress::assembly::{Assembly, Record};
use schemas::topic::{EPOCH_HEADER, SCHEMA_HEADER, TRACE_HEADER};
use schemas::wire::{Decoder, datum};
use schemas::{Entry, Epoch, EpochEvents, Output, Records, SealedEpoch, Topic};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub(super) struct Reader {
    /// Which process reads.
    by: usize,
    assembly: Assembly,
    next: BTreeMap<Place, i64>,
    /// Epochs that are whole.
    pub(super) whole: VecDeque<Arc<EpochEvents>>,
    /// What was read, for a reader that takes part of an epoch for all of it.
    seen: BTreeMap<(Place, Epoch), Records>,
}

impl Reader {
    /// Begins with an epoch, by the same steps as `ingress::events::Events::new`. `schemas` are those that the journal had
    /// recorded before.
    pub(super) fn start(by: usize, world: &mut World, epoch: Epoch, schemas: &[(u32, String)]) -> Self {
        let place = journal(Topic::SettlementJournal);
        let last = epoch.checked_sub(1);
        // 1.
        let offset = last.filter(|_| !schemas.is_empty()).map_or(0, |last| world.broker.offset_at(&place, last));
        // 2.
        let is_held = |last| holds(world, &place, offset, last);
        if let Some(last) = last.filter(|last| !is_held(*last)) {
            world.is_wrong(format!("the journal does not hold epoch {last} from offset {offset} on, and a reader stands there"));
        }
        // 3.
        let mut next = BTreeMap::from([(place, offset)]);
        for topic in Topic::EVENTS {
            for place in world.broker.places(topic.as_str()) {
                let offset = world.broker.offset_at(&place, epoch);
                next.insert(place, offset);
            }
        }
        Self { by, assembly: Assembly::new(epoch, decoder(schemas)), next, whole: VecDeque::new(), seen: BTreeMap::new() }
    }

    /// The schemas that it has learnt.
    pub(super) fn schemas(&mut self) -> Vec<(u32, String)> {
        self.assembly.decoder().recorded().map(|(id, json)| (id, json.to_owned())).collect()
    }

    /// Partitions that have something to read.
    pub(super) fn places(&self, world: &World) -> Vec<Place> {
        let dirty = world.makes(Mistake::ReadsDirty);
        let has_more = |(place, next): &(&Place, &i64)| world.broker.next(place, **next, dirty).is_some();
        self.next.iter().filter(has_more).map(|(place, _)| *place).collect()
    }

    /// Reads a record of a partition.
    pub(super) fn fetch(&mut self, place: &Place, world: &mut World) {
        let Some(record) = world.broker.next(place, self.next[place], world.makes(Mistake::ReadsDirty)).cloned() else { return };
        self.next.insert(*place, record.offset + 1);
        let topic: Topic = place.0.parse().expect("only topics of ours are read");
        if topic == Topic::SettlementJournal {
            match record.header(SCHEMA_HEADER) {
                "" => {
                    let entry = self.assembly.decoder().entry(topic, &record.value).expect("entries are ours");
                    let entry = if world.makes(Mistake::CountsIgnored) { self.as_seen(entry) } else { entry };
                    if let Err(error) = self.assembly.journal(entry) {
                        world.is_wrong(format!("reader {}: {error}", self.by));
                    }
                }
                id => self.assembly.decoder().learn_record(id, &record.value).expect("schemas are ours"),
            }
        } else {
            let epoch = record.header(EPOCH_HEADER).parse().unwrap_or(0);
            let key = record.key.clone().unwrap_or_default();
            let datum = datum(&record.value).expect("events are framed").1;
            self.seen.entry((*place, epoch)).or_default().add(&key, datum);
            let traceparent = record.header(TRACE_HEADER).to_owned();
            self.assembly.record(topic, place.1, Record { epoch, traceparent, key, value: record.value });
        }
        loop {
            match self.assembly.poll() {
                Ok(Some(epoch)) => {
                    let epoch = Arc::new(epoch);
                    world.shown(epoch.epoch(), "a reader");
                    world.handed.push((self.by, Arc::clone(&epoch)));
                    self.whole.push_back(epoch);
                }
                Ok(None) => return,
                Err(error) => return world.is_wrong(format!("reader {}: {error}", self.by)),
            }
        }
    }

    /// The entry as if it had counted no more than what was seen.
    fn as_seen(&self, entry: Entry) -> Entry {
        let Entry::Commit(mut commit) = entry else { return entry };
        for SealedEpoch { binding, outputs, .. } in &mut commit.epochs {
            *outputs = std::mem::take(outputs).into_iter().filter_map(|output| self.seen_of(binding.epoch, output)).collect();
        }
        Entry::Commit(commit)
    }

    fn seen_of(&self, epoch: Epoch, output: Output) -> Option<Output> {
        let records = self.seen.get(&(place(&output.topic, output.partition), epoch))?.clone();
        Some(Output { count: records.count(), digest: records.digest(), ..output })
    }

    pub(super) fn fingerprint(&self) -> String {
        let next: Vec<_> = self.next.values().collect();
        format!("{next:?} {:?} {}", self.whole.iter().map(|epoch| epoch.epoch()).collect::<Vec<_>>(), self.assembly.last())
    }
}

fn decoder(schemas: &[(u32, String)]) -> Decoder {
    let mut decoder = Decoder::default();
    schemas.iter().try_for_each(|(id, json)| decoder.learn(*id, json)).expect("schemas are ours");
    decoder
}

fn holds(world: &World, place: &Place, offset: i64, wanted: Epoch) -> bool {
    let mut next = offset;
    while let Some(record) = world.broker.next(place, next, false) {
        next = record.offset + 1;
        if record.header(SCHEMA_HEADER).is_empty()
            && let Ok(Entry::Commit(commit)) = World::read(|decoder| decoder.entry(Topic::SettlementJournal, &record.value))
            && commit.epochs.iter().any(|sealed| sealed.binding.epoch == wanted)
        {
            return true;
        }
    }
    false
}
