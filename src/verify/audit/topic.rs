//! The links of a chain as the topic of roots has them.

use crate::exit::Exit;
use crate::verify::Faults;
use egress::registry::Registry;
use ingress::partition::{Ends, Partition, Until};
use schemas::Epoch;
use schemas::resource::AuditRoot;
use schemas::wire::{Decoder, audit, datum};
use tokio::runtime::Runtime;

/// The partition of a cell, link by link.
pub(super) struct Roots<'a> {
    runtime: &'a Runtime,
    registry: Registry,
    reader: Partition,
    partition: i32,
    decoder: Decoder,
    ahead: Option<(i64, AuditRoot)>,
    last: Epoch,
}

impl<'a> Roots<'a> {
    /// From its first link.
    pub(super) fn open(brokers: &str, registry: &str, partition: i32, runtime: &'a Runtime) -> Result<Self, Exit> {
        let kafka = Ends::connect(brokers).map_err(Exit::unavailable)?;
        let reader = kafka.open(audit::TOPIC, partition, None, Until::Decided).map_err(Exit::unavailable)?;
        let (registry, decoder) = (Registry::new(registry), Decoder::default());
        Ok(Self { runtime, registry, reader, partition, decoder, ahead: None, last: 0 })
    }

    /// The next link and its offset, left where it is. What is no link is passed over, and said.
    pub(super) fn peek(&mut self, faults: &mut Faults) -> Result<Option<&(i64, AuditRoot)>, Exit> {
        while self.ahead.is_none() {
            let Some(record) = self.reader.read().map_err(Exit::unavailable)? else { break };
            let place = format!("{} partition {} offset {}", audit::TOPIC, self.partition, record.offset);
            match self.decode(record.value())? {
                Ok(root) if audit::key(&root).as_bytes() != record.key() => faults.add(|| format!("{place} has the key of another link")),
                Ok(root) if root.epoch <= self.last => {
                    faults.add(|| format!("{place} is the link of epoch {} and stands behind that of {}", root.epoch, self.last));
                }
                Ok(root) => {
                    self.last = root.epoch;
                    self.ahead = Some((record.offset, root));
                }
                Err(what) => faults.add(|| format!("{place} can't be read: {what}")),
            }
        }
        Ok(self.ahead.as_ref())
    }

    /// Goes on behind the link that was looked at.
    pub(super) fn pass(&mut self) -> Option<(i64, AuditRoot)> {
        self.ahead.take()
    }

    fn decode(&mut self, value: &[u8]) -> Result<Result<AuditRoot, String>, Exit> {
        let id = match datum(value) {
            Ok((id, _)) => id,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if !self.decoder.knows(id) {
            let schema = self.runtime.block_on(self.registry.schema(id));
            let schema = schema.map_err(Exit::unavailable)?;
            if let Err(error) = self.decoder.learn(id, &schema) {
                return Ok(Err(error.to_string()));
            }
        }
        Ok(audit::decode(&self.decoder, value).map_err(|error| error.to_string()))
    }
}
