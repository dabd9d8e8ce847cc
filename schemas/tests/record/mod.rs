//! A record of any topic, as its bytes and back.

use schemas::wire::{Decoder, Encoder, WireError};
use schemas::{AlertChange, Command, Entry, Event, Topic};

/// A record of any topic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Record {
    Command(Command),
    Event(Event),
    Entry(Topic, Entry),
    Alert(AlertChange),
}

impl Record {
    pub(crate) fn topic(&self) -> Topic {
        match self {
            Self::Command(_) => Topic::Commands,
            Self::Event(event) => Topic::of(event),
            Self::Entry(journal, _) => *journal,
            Self::Alert(AlertChange::Raised(_)) => Topic::AlertRaised,
            Self::Alert(AlertChange::Cleared(_)) => Topic::AlertCleared,
        }
    }

    pub(crate) fn write(&self, encoder: &Encoder) -> Vec<u8> {
        let written = match self {
            Self::Command(command) => encoder.command(command),
            Self::Event(event) => encoder.event(event),
            Self::Entry(journal, entry) => encoder.entry(*journal, entry),
            Self::Alert(change) => {
                let mut bytes = Vec::new();
                encoder.alert_into(change, &mut bytes).map(|()| bytes)
            }
        };
        written.expect("what the bank means it can write")
    }

    pub(crate) fn read(decoder: &Decoder, topic: Topic, framed: &[u8], traceparent: &str) -> Result<Self, WireError> {
        match topic {
            Topic::Commands => decoder.command(framed).map(Self::Command),
            Topic::SettlementJournal | Topic::ViewsJournal | Topic::RiskJournal => {
                decoder.entry(topic, framed).map(|entry| Self::Entry(topic, entry))
            }
            Topic::AlertRaised | Topic::AlertCleared => decoder.alert(topic, framed, traceparent).map(Self::Alert),
            Topic::Outcomes
            | Topic::OutcomesLinked
            | Topic::TransactionLinked
            | Topic::CommandRefused
            | Topic::RulesActivated
            | Topic::CustomerCreated
            | Topic::AccountOpened
            | Topic::AccountUpdated
            | Topic::HoldUpdated
            | Topic::PolicyUpdated
            | Topic::BatchDecided
            | Topic::OrderUpdated
            | Topic::AmlRuleUpdated
            | Topic::PartyUpdated
            | Topic::ListUpdated
            | Topic::TransactionAssessed
            | Topic::CustomerUpdated
            | Topic::KycUpdated
            | Topic::CaseUpdated
            | Topic::AddressUpdated
            | Topic::TransactionSettled
            | Topic::TransactionFailed => decoder.event(topic, framed, traceparent).map(Self::Event),
        }
    }
}
