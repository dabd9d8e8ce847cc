//! Bytes and back: Confluent's framing (a zero, the schema's id, the datum) around Avro.
//!
//! In: domain values, or record values as they stand in Kafka. Out: the other. The registry is never asked:
//! ids are given to an [`Encoder`], and a [`Decoder`] knows the schemas that the log itself recorded.
//! A reader of older bytes decodes with the writer's schema; what that schema lacks takes its default.

mod alert;
mod command;
mod contract;
mod diligence;
mod event;
mod gate;
mod journal;
mod list;
mod payment;
mod policy;
mod proof;

/// Links of the audit chain.
pub mod audit;
/// Segments of the archive.
pub mod segment;
/// Rows of the views.
pub mod view;

pub use contract::schema_json;

use crate::alert::AlertChange;
use crate::command::Command;
use crate::event::Event;
use crate::journal::Entry;
use crate::topic::Topic;
use contract::{Known, schema};
use serde_avro_fast::Schema;
use serde_avro_fast::de::DeserializerState;
use serde_avro_fast::ser::SerializerConfig;
use std::collections::BTreeMap;
use std::io::BufRead as _;

/// Most characters of a reason.
const REASON_MAX: usize = 256;

/// More than nearly every record takes.
const RECORD_BYTES: usize = 512;

/// Bytes that can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The record is not in Confluent's framing.
    #[error("the record does not start with a zero byte and a schema id")]
    Framing,
    /// No schema of this id was recorded before the record.
    #[error("schema id {0} was not recorded in this log before its first use")]
    UnknownSchema(u32),
    /// The id is recorded, with another schema.
    #[error("schema id {0} is already recorded with another schema")]
    SchemaConflict(u32),
    /// The text is no Avro schema.
    #[error("schema id {id} is not an Avro schema: {reason}")]
    BadSchema {
        /// The registry's id.
        id: u32,
        /// What the parser said.
        reason: String,
    },
    /// The bytes are no value of their schema.
    #[error("the record is not a value of schema id {id}: {reason}")]
    BadValue {
        /// The registry's id.
        id: u32,
        /// What the codec said.
        reason: String,
    },
    /// The encoder was given no id for the topic.
    #[error("no schema id is known for {0}")]
    NoId(Topic),
    /// The encoder of rows was given no id for the topic.
    #[error("no schema id is known for {0}")]
    NoRowId(&'static str),
    /// A row can't be written.
    #[error("can't encode a row for {topic}: {reason}")]
    EncodeRow {
        /// The topic.
        topic: &'static str,
        /// What the codec said.
        reason: String,
    },
    /// The value can't be written.
    #[error("can't encode a record of {topic}: {reason}")]
    Encode {
        /// The topic.
        topic: Topic,
        /// What the codec said.
        reason: String,
    },
    /// The bytes are no segment of an archive.
    #[error("can't write or read a segment of the archive: {0}")]
    Segment(String),
    /// The bytes can't be read.
    #[error("can't decode a record of {topic}: {reason}")]
    Decode {
        /// The topic.
        topic: Topic,
        /// What the codec said.
        reason: String,
    },
}

/// The datum of a framed record: what a digest covers, since it does not depend on the registry's ids.
pub fn datum(framed: &[u8]) -> Result<(u32, &[u8]), WireError> {
    match framed {
        [0, a, b, c, d, datum @ ..] => Ok((u32::from_be_bytes([*a, *b, *c, *d]), datum)),
        _ => Err(WireError::Framing),
    }
}

/// A schema as a log records it before its first use: a record whose header [`crate::topic::SCHEMA_HEADER`] is
/// the id and whose value is the JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaRecord {
    /// The topic whose records have this schema.
    pub topic: Topic,
    /// The registry's id, as in the first five bytes of every record.
    pub id: u32,
    /// The Avro schema as JSON.
    pub schema: &'static str,
}

/// Writes records under the ids that the registry gave.
#[derive(Clone, Debug)]
pub struct Encoder {
    ids: BTreeMap<Topic, u32>,
}

impl Encoder {
    /// An encoder for the topics whose schema ids are known.
    pub const fn new(ids: BTreeMap<Topic, u32>) -> Self {
        Self { ids }
    }

    /// What a log must record before the first use of this encoder's ids.
    pub fn schemas(&self) -> Vec<SchemaRecord> {
        let record = |(topic, id): (&Topic, &u32)| SchemaRecord { topic: *topic, id: *id, schema: schema_json(*topic) };
        self.ids.iter().map(record).collect()
    }

    /// A command as a record value of `orion.commands.v1`.
    pub fn command(&self, command: &Command) -> Result<Vec<u8>, WireError> {
        command.check().map_err(|error| WireError::Encode { topic: Topic::Commands, reason: error.to_string() })?;
        self.frame(Topic::Commands, &command::Wire::of(command))
    }

    /// An event as a record value of its topic.
    pub fn event(&self, event: &Event) -> Result<Vec<u8>, WireError> {
        let mut bytes = Vec::with_capacity(RECORD_BYTES);
        self.event_into(event, &mut bytes)?;
        Ok(bytes)
    }

    /// The same, in the place of what `bytes` held.
    pub fn event_into(&self, event: &Event, bytes: &mut Vec<u8>) -> Result<(), WireError> {
        let topic = Topic::of(event);
        match event::Wire::of(event) {
            event::Wire::Payment(transaction) => {
                self.header(topic, bytes)?;
                payment::put(bytes, event, transaction);
                Ok(())
            }
            event::Wire::CustomerCreated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::AccountOpened(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::AccountUpdated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::HoldUpdated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::PolicyUpdated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::BatchDecided(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::OrderUpdated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::AmlRuleUpdated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::PartyUpdated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::TransactionAssessed(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::ListUpdated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::CustomerUpdated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::KycUpdated(wire) => self.frame_into(topic, &*wire, bytes),
            event::Wire::CaseUpdated(wire) => self.frame_into(topic, &*wire, bytes),
            event::Wire::AddressUpdated(wire) => self.frame_into(topic, &*wire, bytes),
            event::Wire::RulesActivated(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::Refused(wire) => self.frame_into(topic, &wire, bytes),
            event::Wire::Repeated(wire) => self.frame_into(topic, &wire, bytes),
        }
    }

    /// What becomes of an alert as a record value of its topic, in the place of what `bytes` held.
    pub fn alert_into(&self, change: &AlertChange, bytes: &mut Vec<u8>) -> Result<(), WireError> {
        match change {
            AlertChange::Raised(alert) => self.frame_into(Topic::AlertRaised, &alert::Raised::of(alert), bytes),
            AlertChange::Cleared(cleared) => self.frame_into(Topic::AlertCleared, &alert::WireCleared::of(cleared), bytes),
        }
    }

    /// A journal entry as a record value of a cell's journal.
    pub fn entry(&self, journal: Topic, entry: &Entry) -> Result<Vec<u8>, WireError> {
        self.frame(journal, &journal::Wire::of(entry))
    }

    fn frame<T: serde::Serialize>(&self, topic: Topic, wire: &T) -> Result<Vec<u8>, WireError> {
        let mut bytes = Vec::with_capacity(RECORD_BYTES);
        self.frame_into(topic, wire, &mut bytes)?;
        Ok(bytes)
    }

    fn frame_into<T: serde::Serialize>(&self, topic: Topic, wire: &T, bytes: &mut Vec<u8>) -> Result<(), WireError> {
        self.header(topic, bytes)?;
        serde_avro_fast::to_datum(wire, bytes, &mut SerializerConfig::new(schema(topic)))
            .map_err(|error| WireError::Encode { topic, reason: error.to_string() })?;
        Ok(())
    }

    fn header(&self, topic: Topic, bytes: &mut Vec<u8>) -> Result<(), WireError> {
        let id = self.ids.get(&topic).ok_or(WireError::NoId(topic))?;
        bytes.clear();
        bytes.push(0);
        bytes.extend_from_slice(&id.to_be_bytes());
        Ok(())
    }
}

/// Reads records by the schemas that were recorded before them.
#[derive(Debug, Default)]
pub struct Decoder {
    schemas: BTreeMap<u32, Known>,
}

impl Decoder {
    /// Learns a schema. The first record of an id stands.
    pub fn learn(&mut self, id: u32, json: &str) -> Result<(), WireError> {
        if let Some(known) = self.schemas.get(&id) {
            return if known.json() == json { Ok(()) } else { Err(WireError::SchemaConflict(id)) };
        }
        let known = Known::of(json).map_err(|error| WireError::BadSchema { id, reason: cut(&error.to_string()) })?;
        self.schemas.insert(id, known);
        Ok(())
    }

    /// Learns a schema from the record that a log holds before its first use: its header and its value.
    pub fn learn_record(&mut self, header: &str, value: &[u8]) -> Result<(), WireError> {
        let id = header.parse().map_err(|_| WireError::Framing)?;
        let json = std::str::from_utf8(value).map_err(|error| WireError::BadSchema { id, reason: error.to_string() })?;
        self.learn(id, json)
    }

    /// Every schema that is known: its id and its JSON.
    pub fn recorded(&self) -> impl Iterator<Item = (u32, &str)> {
        self.schemas.iter().map(|(id, known)| (*id, known.json()))
    }

    /// Whether the schema of this id is known.
    pub fn knows(&self, id: u32) -> bool {
        self.schemas.contains_key(&id)
    }

    /// Any record value as JSON, for people.
    pub fn json(&self, framed: &[u8]) -> Result<serde_json::Value, WireError> {
        let (id, bytes) = datum(framed)?;
        let known = self.schemas.get(&id).ok_or(WireError::UnknownSchema(id))?;
        serde_avro_fast::from_datum_slice(bytes, known.schema()).map_err(|error| WireError::BadValue { id, reason: error.to_string() })
    }

    /// A command from a record value of `orion.commands.v1`.
    pub fn command(&self, framed: &[u8]) -> Result<Command, WireError> {
        self.read::<command::Wire<'_>>(Topic::Commands, framed)?.into_command().map_err(|reason| unreadable(Topic::Commands, &reason))
    }

    /// An event from a record value of `topic`; its trace context is the record's header, not in the value.
    pub fn event(&self, topic: Topic, framed: &[u8], traceparent: &str) -> Result<Event, WireError> {
        let event = match topic {
            Topic::CustomerCreated => self.read::<event::CustomerCreated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::AccountOpened => self.read::<event::AccountOpened<'_>>(topic, framed)?.into_event(traceparent),
            Topic::AccountUpdated => self.read::<event::AccountUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::TransactionSettled | Topic::TransactionLinked => self.read::<event::Settled<'_>>(topic, framed)?.into_event(traceparent),
            Topic::TransactionFailed => self.read::<event::Failed<'_>>(topic, framed)?.into_event(traceparent),
            Topic::HoldUpdated => self.read::<event::HoldUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::PolicyUpdated => self.read::<event::PolicyUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::BatchDecided => self.read::<event::BatchDecided<'_>>(topic, framed)?.into_event(traceparent),
            Topic::OrderUpdated => self.read::<event::OrderUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::AmlRuleUpdated => self.read::<event::AmlRuleUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::PartyUpdated => self.read::<event::PartyUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::TransactionAssessed => self.read::<event::TransactionAssessed<'_>>(topic, framed)?.into_event(traceparent),
            Topic::ListUpdated => self.read::<event::ListUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::CustomerUpdated => self.read::<event::CustomerUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::KycUpdated => self.read::<event::KycUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::CaseUpdated => self.read::<event::CaseUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::AddressUpdated => self.read::<event::AddressUpdated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::RulesActivated => self.read::<event::RulesActivated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::CommandRefused => self.read::<event::Refused<'_>>(topic, framed)?.into_event(traceparent),
            Topic::Outcomes | Topic::OutcomesLinked => self.read::<event::Repeated<'_>>(topic, framed)?.into_event(traceparent),
            Topic::Commands
            | Topic::AlertRaised
            | Topic::AlertCleared
            | Topic::SettlementJournal
            | Topic::ViewsJournal
            | Topic::RiskJournal => Err("this topic holds no events".to_owned()),
        };
        let event = event.map_err(|reason| unreadable(topic, &reason))?;
        let of = Topic::of(&event);
        if of == topic { Ok(event) } else { Err(unreadable(topic, &format!("an event of {of}"))) }
    }

    /// What became of an alert from a record value of `topic`; its trace context is the record's header.
    pub fn alert(&self, topic: Topic, framed: &[u8], traceparent: &str) -> Result<AlertChange, WireError> {
        let change = match topic {
            Topic::AlertRaised => self.read::<alert::Raised>(topic, framed)?.into_change(traceparent),
            Topic::AlertCleared => self.read::<alert::WireCleared>(topic, framed)?.into_change(),
            _ => Err("this topic holds no alerts".to_owned()),
        };
        change.map_err(|reason| unreadable(topic, &reason))
    }

    /// A journal entry from a record value of a cell's journal.
    pub fn entry(&self, journal: Topic, framed: &[u8]) -> Result<Entry, WireError> {
        self.read::<journal::Wire>(journal, framed)?.into_entry().map_err(|reason| unreadable(journal, &reason))
    }

    fn read<'a, T: serde::Deserialize<'a>>(&self, topic: Topic, framed: &'a [u8]) -> Result<T, WireError> {
        let (id, bytes) = datum(framed)?;
        let known = self.schemas.get(&id).ok_or(WireError::UnknownSchema(id))?;
        let schema = known.schema_of(topic).map_err(|reason| unreadable(topic, &reason))?;
        from_datum(topic, bytes, schema)
    }
}

fn from_datum<'a, T: serde::Deserialize<'a>>(topic: Topic, bytes: &'a [u8], schema: &Schema) -> Result<T, WireError> {
    let mut state = DeserializerState::from_slice(bytes, schema);
    let value = T::deserialize(state.deserializer()).map_err(|error| unreadable(topic, &error.to_string()))?;
    // A datum is exactly what its schema says; what reads short was written with another one.
    match state.into_reader().fill_buf() {
        Ok([]) => Ok(value),
        Ok(_) | Err(_) => Err(unreadable(topic, "bytes are left over after the record")),
    }
}

fn unreadable(topic: Topic, reason: &str) -> WireError {
    WireError::Decode { topic, reason: cut(reason) }
}

/// A reason may quote the record, and travels with it to the dead letters: it must stay small.
fn cut(reason: &str) -> String {
    reason.chars().take(REASON_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_valid_for_the_reference_implementation_too() {
        for topic in Topic::ALL {
            apache_avro::Schema::parse_str(schema_json(*topic)).unwrap_or_else(|error| panic!("{topic}: {error}"));
            schema(*topic);
        }
    }

    #[test]
    fn what_is_not_framed_is_refused() {
        let decoder = Decoder::default();
        for bytes in [&b""[..], b"\0", b"\0\0\0\0", b"{\"amount\":1}"] {
            assert!(matches!(decoder.command(bytes), Err(WireError::Framing)), "{bytes:?}");
        }
        assert!(matches!(decoder.command(b"\0\0\0\0\x09"), Err(WireError::UnknownSchema(9))));
    }

    #[test]
    fn the_first_schema_of_an_id_stands() {
        let mut decoder = Decoder::default();
        decoder.learn(1, schema_json(Topic::Commands)).unwrap();
        decoder.learn(1, schema_json(Topic::Commands)).unwrap();
        assert!(matches!(decoder.learn(1, r#""string""#), Err(WireError::SchemaConflict(1))));
        assert!(matches!(decoder.learn(2, "{"), Err(WireError::BadSchema { id: 2, .. })));
    }
}
