//! Bound epochs again, from a journal and the commands that it binds; where they are kept does not matter.
//!
//! In: the records of settlement's journal and of the commands log, in order. Out: every epoch that was ever
//! committed, with its commands and what it wrote. Then what is not bound yet. Never: an epoch with other records
//! than its binding says.

use crate::exit::{self, Exit};
use ingress::commands::{self, Learnt, Record};
use ingress::epochs::{Epochs, Policy};
use schemas::topic::{SCHEMA_HEADER, TRACE_HEADER};
use schemas::wire::Decoder;
use schemas::{Bound, Entry, Epoch, EpochInput, Position, SealedEpoch, Stored, Topic};
use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;

/// The records of a partition, in order.
pub type Records = Box<dyn Iterator<Item = anyhow::Result<Stored>> + Send>;

/// A journal and the commands that it binds.
pub struct BoundEpochs {
    journal: Records,
    journal_decoder: Decoder,
    sealed: VecDeque<SealedEpoch>,
    commands: BTreeMap<i32, Peekable<Records>>,
    read: BTreeMap<i32, i64>,
    decoder: Decoder,
    epochs: Epochs,
    /// Epochs up to this are left out.
    after: Epoch,
}

impl BoundEpochs {
    /// Everything from the first command on.
    pub fn new(journal: Records, commands: BTreeMap<i32, Records>) -> Self {
        let read: BTreeMap<i32, i64> = commands.keys().map(|partition| (*partition, 0)).collect();
        Self {
            journal,
            journal_decoder: Decoder::default(),
            sealed: VecDeque::new(),
            commands: commands.into_iter().map(|(partition, records)| (partition, records.peekable())).collect(),
            epochs: Epochs::new(replaying(), Topic::Commands.as_str(), &read, 0, 0, 0, 0),
            read,
            decoder: Decoder::default(),
            after: 0,
        }
    }

    /// Only what follows an epoch: `uppers` is what had been read of each partition by its end, and `schemas` what the log
    /// had recorded by then. Nothing may have been asked for before.
    pub fn after(mut self, epoch: Epoch, uppers: &BTreeMap<i32, i64>, schemas: &[Learnt]) -> anyhow::Result<Self> {
        self.after = epoch;
        for learnt in schemas {
            self.decoder.learn(learnt.id, &learnt.json).map_err(|error| wrong(&error))?;
        }
        for (partition, records) in &mut self.commands {
            let upper = uppers.get(partition).copied().unwrap_or(0);
            while let Some(record) = records.next_if(|record| record.as_ref().is_ok_and(|record| record.offset < upper)) {
                drop(record);
            }
            self.read.insert(*partition, upper);
        }
        self.epochs = Epochs::new(replaying(), Topic::Commands.as_str(), &self.read, epoch, 0, 0, 0);
        Ok(self)
    }

    /// The next epoch; none when the journal ends.
    pub fn next_epoch(&mut self) -> anyhow::Result<Option<EpochInput>> {
        let Some(sealed) = self.next_sealed()? else { return Ok(None) };
        let commands = Topic::Commands.as_str();
        for input in sealed.binding.inputs.iter().filter(|input| input.topic == commands) {
            let read =
                self.read.get_mut(&input.partition).ok_or_else(|| wrong(&format!("{commands} has no partition {}", input.partition)))?;
            let records = self.commands.get_mut(&input.partition).expect("a partition that is read has records");
            while let Some(record) = records.next_if(|record| record.as_ref().is_ok_and(|record| record.offset < input.upper)) {
                let record = record?;
                self.epochs.read(input.partition, record.offset, bound(&mut self.decoder, input.partition, &record), 0);
                *read = record.offset + 1;
            }
            if let Some(Err(error)) = records.next_if(Result::is_err) {
                return Err(error);
            }
            if *read < input.upper {
                // The binding ends behind something that is no record. Whether one is missing, its count will say.
                self.epochs.read(input.partition, input.upper - 1, None, 0);
                *read = input.upper;
            }
        }
        let epoch = self.epochs.replay(&sealed).map_err(|error| wrong(&error))?;
        // All of its commands were read: what is missing now never comes.
        let missing = || wrong(&format!("epoch {} binds what is no command: {:?}", sealed.binding.epoch, sealed.binding.inputs));
        Ok(Some(epoch.ok_or_else(missing)?))
    }

    /// Every command that is not bound yet, once the epochs are through.
    pub fn next_unbound(&mut self) -> anyhow::Result<Option<Bound>> {
        for (partition, records) in &mut self.commands {
            for record in records.by_ref() {
                if let Some(bound) = bound(&mut self.decoder, *partition, &record?) {
                    return Ok(Some(bound));
                }
            }
        }
        Ok(None)
    }

    fn next_sealed(&mut self) -> anyhow::Result<Option<SealedEpoch>> {
        while self.sealed.is_empty() {
            let Some(record) = self.journal.next().transpose()? else { return Ok(None) };
            match record.header(SCHEMA_HEADER) {
                "" => match self.journal_decoder.entry(Topic::SettlementJournal, record.value()).map_err(|error| wrong(&error))? {
                    Entry::Claim(_) => {}
                    Entry::Commit(commit) => {
                        let after = self.after;
                        self.sealed.extend(commit.epochs.into_iter().filter(|sealed| sealed.binding.epoch > after));
                    }
                },
                id => self.journal_decoder.learn_record(id, record.value()).map_err(|error| wrong(&error))?,
            }
        }
        Ok(self.sealed.pop_front())
    }
}

fn wrong(what: &dyn std::fmt::Display) -> Exit {
    Exit { code: exit::BAD_INPUT, sentence: what.to_string() }
}

fn bound(decoder: &mut Decoder, partition: i32, record: &Stored) -> Option<Bound> {
    let position = Position { partition, offset: record.offset };
    let (schema, traceparent) = (record.header(SCHEMA_HEADER), record.header(TRACE_HEADER));
    let key = record.key.as_deref().map(Vec::as_slice);
    let value = record.value.as_deref().map(Vec::as_slice);
    commands::bound(decoder, &Record { position, key, value, schema, traceparent, appended_ms: None })
}

/// A replay closes epochs where they were bound; none of these counts.
fn replaying() -> Policy {
    Policy { age_max_ms: u64::MAX, weight_max: usize::MAX, pause_max_ms: 0, tick_ms: u64::MAX, in_flight_max: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Binding, Input};

    #[test]
    fn an_epoch_that_can_not_be_made_is_no_end_of_the_journal() {
        let none = || -> Records { Box::new(std::iter::empty()) };
        let mut bound = BoundEpochs::new(none(), BTreeMap::from([(0, none())]));
        assert!(bound.next_epoch().unwrap().is_none());
        let input = Input { topic: "another".to_owned(), partition: 3, upper: 5, count: 0 };
        let binding = Binding { epoch: 7, generation: 1, code_version: 1, inputs: vec![input] };
        bound.sealed.push_back(SealedEpoch { binding, outputs: Vec::new(), pinned: 0, waited: Vec::new() });
        let error = bound.next_epoch().err().unwrap();
        assert!(error.to_string().starts_with("epoch 7 binds what is no command"), "{error}");
    }
}
