//! Taps: any topic, record by record, as it was committed.

use crate::kafka::{self, ReadError};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use schemas::money::Unreadable;
use schemas::topic::{EPOCH_HEADER, TRACE_HEADER};
use schemas::{Epoch, Position};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where a tap starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// With the oldest record there is.
    Beginning,
    /// With the first record of this moment or later: of what a cell wrote, by its epoch.
    At(Epoch),
    /// With the next record.
    Now,
}

impl std::str::FromStr for From {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let unreadable =
            || Unreadable::new("start", text, "beginning, now, an epoch in milliseconds, or a time such as 2026-11-28T09:30:00Z");
        match text {
            "beginning" => return Ok(Self::Beginning),
            "now" => return Ok(Self::Now),
            _ => {}
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::At).map_err(|_| unreadable());
        }
        schemas::epoch::from_rfc3339(text).map(Self::At).ok_or_else(unreadable)
    }
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
    /// All its headers that are text, in their order.
    pub headers: Vec<(String, String)>,
}

impl Tapped {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let text = |value: Option<&[u8]>| value.and_then(|value| std::str::from_utf8(value).ok()).map(str::to_owned);
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        Self {
            topic: message.topic().to_owned(),
            position: Position { partition: message.partition(), offset: message.offset() },
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().unwrap_or_default().to_vec(),
            epoch: kafka::header(message, EPOCH_HEADER).parse().ok(),
            traceparent: kafka::header(message, TRACE_HEADER).to_owned(),
            headers: headers.filter_map(|header| Some((header.key.to_owned(), text(header.value)?))).collect(),
        }
    }

    /// A header; none without it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
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
    let starts: BTreeMap<i32, i64> = match from {
        From::Beginning => marks.iter().map(|(partition, (low, _))| (*partition, *low)).collect(),
        From::At(epoch) => kafka::offsets_at(&consumer, topic, epoch)?,
        From::Now => marks.iter().map(|(partition, (_, high))| (*partition, *high)).collect(),
    };
    let assigned: Vec<_> = starts.iter().map(|(partition, start)| (topic.to_owned(), *partition, *start)).collect();
    kafka::assign(&consumer, &assigned)?;
    let mut open: BTreeMap<i32, i64> = marks
        .iter()
        .filter(|(partition, (_, high))| starts.get(partition).is_some_and(|start| start < high))
        .map(|(partition, (_, high))| (*partition, *high))
        .collect();
    while !(until_end && open.is_empty()) {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                let tapped = Tapped::of(&message);
                let position = tapped.position;
                // What was aborted may have led Kafka to an earlier place.
                let early = matches!((from, tapped.epoch), (From::At(from), Some(epoch)) if epoch < from);
                let more = early || each(tapped)?;
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

#[cfg(test)]
mod tests {
    use super::From;

    #[test]
    fn a_start_is_a_word_or_a_moment() {
        assert_eq!("beginning".parse(), Ok(From::Beginning));
        assert_eq!("now".parse(), Ok(From::Now));
        assert_eq!("1764000000123".parse(), Ok(From::At(1_764_000_000_123)));
        assert_eq!("2025-11-24T16:00:00.123Z".parse(), Ok(From::At(1_764_000_000_123)));
        for text in
            ["", "yesterday", "Now", "-5", "99999999999999999999", "2025-11-24", "2025-11-24T17:00:00+01:00", "1931-01-01T00:00:00Z"]
        {
            let error = text.parse::<From>().unwrap_err();
            assert!(error.to_string().contains("beginning, now, an epoch in milliseconds"), "{error}");
        }
    }
}
