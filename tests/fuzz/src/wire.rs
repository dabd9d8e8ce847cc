//! The codec as a cell has it: every schema of this binary, under ids in the order of the topics.

use schemas::wire::{Decoder, Encoder, schema_json};
use schemas::{Event, Topic};
use std::sync::LazyLock;

/// Writes every record.
pub(crate) static ENCODER: LazyLock<Encoder> =
    LazyLock::new(|| Encoder::new(Topic::ALL.iter().map(|topic| (*topic, id(*topic))).collect()));

/// Reads every record.
pub(crate) static DECODER: LazyLock<Decoder> = LazyLock::new(|| {
    let mut decoder = Decoder::default();
    for topic in Topic::ALL {
        decoder.learn(id(*topic), schema_json(*topic)).expect("our own schema is one");
    }
    decoder
});

/// A datum in the framing of its topic.
pub(crate) fn framed(topic: Topic, datum: &[u8]) -> Vec<u8> {
    [&[0][..], &id(topic).to_be_bytes(), datum].concat()
}

/// What is written of an event must be read back as it was.
pub(crate) fn there_and_back(event: &Event) {
    let bytes = ENCODER.event(event).unwrap_or_else(|error| panic!("{error}: {event:?}"));
    let read = DECODER.event(Topic::of(event), &bytes, &event.cause.traceparent);
    assert_eq!(read.as_ref().ok(), Some(event), "{read:?}");
}

fn id(topic: Topic) -> u32 {
    let place = Topic::ALL.iter().position(|other| *other == topic).expect("every topic is listed");
    u32::try_from(place).expect("there are few topics") + 1
}
