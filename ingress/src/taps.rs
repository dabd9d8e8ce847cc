//! Taps: any topic, record by record, as it was committed.

use crate::kafka::{self, ReadError};
use rdkafka::message::Message;
use schemas::topic::{EPOCH_HEADER, TRACE_HEADER};
use schemas::{Epoch, Position};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where a tap starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// With the oldest record there is.
    Beginning,
    /// With the next record.
    Now,
}

/// A record as tapped.
#[derive(Clone, Debug)]
pub struct Tapped {
    /// Topic.
    pub topic: String,
    /// Where it stands.
    pub position: Position,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Vec<u8>,
    /// Its epoch, if a cell wrote it.
    pub epoch: Option<Epoch>,
    /// Its trace context; empty if none.
    pub traceparent: String,
}

/// Hands records to `each` until it says `false`, or until the end that the topic has now.
pub fn read<E: std::convert::From<ReadError>>(
    brokers: &str,
    topic: &str,
    from: From,
    until_end: bool,
    mut each: impl FnMut(Tapped) -> Result<bool, E>,
) -> Result<(), E> {
    let consumer = kafka::consumer_with_ends(brokers)?;
    let marks = kafka::watermarks(&consumer, topic)?;
    let start =
        |(partition, (low, high)): (&i32, &(i64, i64))| (topic.to_owned(), *partition, if from == From::Beginning { *low } else { *high });
    kafka::assign(&consumer, &marks.iter().map(start).collect::<Vec<_>>())?;
    let mut open: BTreeMap<i32, i64> = marks
        .iter()
        .filter(|(_, (low, high))| from == From::Beginning && low < high)
        .map(|(partition, (_, high))| (*partition, *high))
        .collect();
    while !(until_end && open.is_empty()) {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                let position = Position { partition: message.partition(), offset: message.offset() };
                let tapped = Tapped {
                    topic: topic.to_owned(),
                    position,
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().unwrap_or_default().to_vec(),
                    epoch: kafka::header(&message, EPOCH_HEADER).parse().ok(),
                    traceparent: kafka::header(&message, TRACE_HEADER).to_owned(),
                };
                let more = each(tapped)?;
                if open.get(&position.partition).is_some_and(|high| position.offset + 1 >= *high) {
                    open.remove(&position.partition);
                }
                if !more {
                    return Ok(());
                }
            }
            // The markers of transactions, which end a partition, are no records.
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(source)) => return Err(ReadError::Kafka { topic: topic.to_owned(), source }.into()),
            None => {}
        }
    }
    Ok(())
}
