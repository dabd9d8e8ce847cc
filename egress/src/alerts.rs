//! What the risk cell writes to Kafka: alerts, and how far it has come by them.
//!
//! In: epochs with what became of alerts in each. Out: in one transaction, a record for each change and a journal entry that says of each
//! epoch that has any how many records it wrote, with which digest. Epochs without any are many, and leave no trace but the last.

use crate::kafka::{Sink, SinkError};
use crate::records::{Sent, Tally, Writer, difference};
use schemas::audit;
use schemas::merkle::Hash;
use schemas::topic::{EPOCH_HEADER, GENERATION_HEADER, TRACE_HEADER};
use schemas::wire::{self, WireError};
use schemas::{AlertChange, Binding, Commit, Entry, Output, SealedEpoch, Topic};

/// An epoch of settlement, and what became of alerts in it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What settlement bound.
    pub binding: Binding,
    /// What became of alerts, in order.
    pub changes: Vec<AlertChange>,
}

impl Sink {
    /// Commits epochs in one transaction; the last of them is how far the cell has come by it.
    ///
    /// `detection` is the version of what found them.
    pub fn write_alerts(&mut self, epochs: &[Judged], detection: u32) -> Result<(), SinkError> {
        if epochs.is_empty() {
            return Ok(());
        }
        self.transaction(|writer, producer| writer.alerts(epochs, detection, |record| crate::kafka::send(producer, &record)))
    }

    /// The leaves of the audit chain of what an epoch says, by the bytes that Kafka gets or has: raised before cleared, each in its order.
    pub fn leaves_of_alerts(&self, epoch: &Judged) -> Result<Vec<Hash>, SinkError> {
        let mut hashed = Vec::new();
        self.writer.alerts_of(epoch, &mut |sent| {
            let place = Topic::ALERTS.iter().position(|topic| topic.as_str() == sent.topic);
            hashed.push((place, audit::leaf(sent.topic, sent.key.as_bytes(), wire::datum(sent.value)?.1)));
            Ok::<(), SinkError>(())
        })?;
        hashed.sort_by_key(|(place, _)| *place);
        Ok(hashed.into_iter().map(|(_, leaf)| leaf).collect())
    }

    /// Checks that an epoch of a replay says what was committed; writes nothing.
    pub fn verify_alerts(&self, epoch: &Judged, committed: &[Output]) -> Result<(), SinkError> {
        let now = self.writer.alerts_of(epoch, &mut |_| Ok::<(), SinkError>(()))?;
        match difference(&now, committed) {
            None => Ok(()),
            Some(what) => Err(SinkError::Diverged { epoch: epoch.binding.epoch, what }),
        }
    }
}

impl Writer {
    fn alerts<E: From<WireError>>(
        &self,
        epochs: &[Judged],
        detection: u32,
        mut each: impl FnMut(Sent<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut sealed = Vec::new();
        for (number, epoch) in (1..).zip(epochs) {
            let outputs = self.alerts_of(epoch, &mut each)?;
            if !outputs.is_empty() || number == epochs.len() {
                sealed.push(SealedEpoch { binding: epoch.binding.clone(), outputs, pinned: 0, waited: Vec::new() });
            }
        }
        let last = epochs.last().map(|epoch| epoch.binding.epoch);
        self.entry(&Entry::Commit(Commit { generation: self.generation, epochs: sealed, detection }), last, each)
    }

    fn alerts_of<E: From<WireError>>(&self, epoch: &Judged, each: &mut impl FnMut(Sent<'_>) -> Result<(), E>) -> Result<Vec<Output>, E> {
        let (stamp, generation) = (epoch.binding.epoch.to_string(), self.generation.to_string());
        let (mut tally, mut value) = (Tally::default(), Vec::new());
        for change in &epoch.changes {
            self.encoder.alert_into(change, &mut value)?;
            let (topic, id, traceparent) = match change {
                AlertChange::Raised(alert) => (Topic::AlertRaised, alert.id, alert.traceparent.as_str()),
                AlertChange::Cleared(cleared) => (Topic::AlertCleared, cleared.id, ""),
            };
            let mut key = [0; 36];
            let (topic, key) = (topic.as_str(), id.text(&mut key));
            tally.add(topic, 0, key.as_bytes(), wire::datum(&value)?.1);
            let headers = &[(TRACE_HEADER, traceparent), (EPOCH_HEADER, stamp.as_str()), (GENERATION_HEADER, generation.as_str())];
            each(Sent { topic, partition: 0, key, value: &value, headers, epoch: Some(epoch.binding.epoch) })?;
        }
        Ok(tally.outputs())
    }
}
