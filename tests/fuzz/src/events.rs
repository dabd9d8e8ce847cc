//! Records of the topics of events: bytes that may be an event.
//!
//! Never: a panic, or an event that can't be written again as it was read.

use super::ledger;
use super::random::Random;
use super::wire::{DECODER, ENCODER, framed, there_and_back};
use schemas::Topic;

/// The first byte says which topic, the second how the rest is taken: as a record, or as the datum of one.
pub fn run(bytes: &[u8]) {
    let [topic, how, rest @ ..] = bytes else { return };
    let topic = Topic::ALL[usize::from(*topic) % Topic::ALL.len()];
    if how % 2 == 0 { read(topic, rest) } else { read(topic, &framed(topic, rest)) }
}

/// An event that a ledger has said, as a datum.
pub fn seed(random: &mut Random) -> Vec<u8> {
    let said = ledger::lived(&random.bytes(1024)).1;
    let event = &said[random.below(said.len())];
    let topic = Topic::of(event);
    let place = Topic::ALL.iter().position(|other| *other == topic).expect("every topic is listed");
    let record = ENCODER.event(event).expect("what a ledger says can be written");
    [&[u8::try_from(place).expect("there are few topics"), 1], &record[5..]].concat()
}

fn read(topic: Topic, record: &[u8]) {
    drop(DECODER.json(record));
    drop(DECODER.entry(topic, record));
    if let Ok(event) = DECODER.event(topic, record, "") {
        assert_eq!(Topic::of(&event), topic);
        there_and_back(&event);
    }
}
