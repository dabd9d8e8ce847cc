//! Taps: any topic, record by record, as it was committed.

use crate::kafka::{self, ReadError, Reader};
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

/// A topic that is being read.
pub struct Tap {
    consumer: Reader,
    topic: String,
    /// What is of an earlier epoch is passed over.
    since: Option<Epoch>,
    /// Of each partition, the offset behind the last record that was read.
    read: Positions,
    /// Of each partition that has something up to the end that it had at the beginning, that end.
    open: Positions,
}

/// An offset of each partition.
pub type Positions = BTreeMap<i32, i64>;

/// How much of a topic waits in the client of a tap that does not hurry, in kilobytes.
pub const UNHURRIED_KB: u32 = 1024;

impl Tap {
    /// Reads as much ahead as is quickest.
    pub fn open(brokers: &str, topic: &str, from: From) -> Result<Self, ReadError> {
        Self::at(kafka::consumer_with_ends(brokers)?, topic, from)
    }

    /// Keeps little in memory, however slowly it is read.
    pub fn open_unhurried(brokers: &str, topic: &str, from: From) -> Result<Self, ReadError> {
        Self::at(unhurried(brokers)?, topic, from)
    }

    /// The same, from exact offsets on: one of each partition, and of each everything from there on must still be there.
    pub fn resume(brokers: &str, topic: &str, positions: &Positions) -> Result<Self, ReadError> {
        let consumer = unhurried(brokers)?;
        let marks = kafka::watermarks(&consumer, topic)?;
        if !positions.keys().eq(marks.keys()) {
            return Err(ReadError::NoPartition(topic.to_owned()));
        }
        for ((partition, needed), (low, high)) in positions.iter().zip(marks.values().copied()) {
            let topic = || topic.to_owned();
            if *needed < low {
                return Err(ReadError::StartsLate { topic: topic(), partition: *partition, low, needed: *needed });
            }
            if *needed > high {
                return Err(ReadError::EndsEarly { topic: topic(), partition: *partition, high, needed: *needed });
            }
        }
        Self::begin(consumer, topic, None, positions.clone(), &marks)
    }

    fn at(consumer: Reader, topic: &str, from: From) -> Result<Self, ReadError> {
        let marks = kafka::watermarks(&consumer, topic)?;
        let (since, starts) = match from {
            From::Beginning => (None, marks.iter().map(|(partition, (low, _))| (*partition, *low)).collect()),
            From::At(epoch) => (Some(epoch), kafka::offsets_at(&consumer, topic, epoch)?),
            From::Now => (None, marks.iter().map(|(partition, (_, high))| (*partition, *high)).collect()),
        };
        Self::begin(consumer, topic, since, starts, &marks)
    }

    fn begin(
        consumer: Reader,
        topic: &str,
        since: Option<Epoch>,
        starts: Positions,
        marks: &BTreeMap<i32, (i64, i64)>,
    ) -> Result<Self, ReadError> {
        let assigned: Vec<_> = starts.iter().map(|(partition, start)| (topic.to_owned(), *partition, *start)).collect();
        kafka::assign(&consumer, &assigned)?;
        let open = marks
            .iter()
            .filter(|(partition, (_, high))| starts.get(partition).is_some_and(|start| start < high))
            .map(|(partition, (_, high))| (*partition, *high))
            .collect();
        Ok(Self { consumer, topic: topic.to_owned(), since, read: starts, open })
    }

    /// The next record, if one comes in time.
    pub fn next(&mut self, wait: Duration) -> Result<Option<Tapped>, ReadError> {
        match self.consumer.poll(wait) {
            Some(Ok(message)) => {
                let tapped = Tapped::of(&message);
                let Position { partition, offset } = tapped.position;
                self.read.insert(partition, offset + 1);
                if self.open.get(&partition).is_some_and(|high| offset + 1 >= *high) {
                    self.open.remove(&partition);
                }
                // What was aborted may have led Kafka to an earlier place.
                let early = matches!((self.since, tapped.epoch), (Some(since), Some(epoch)) if epoch < since);
                Ok((!early).then_some(tapped))
            }
            // The markers of transactions, which end a partition, are no records.
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(partition))) => {
                self.open.remove(&partition);
                Ok(None)
            }
            Some(Err(source)) => Err(ReadError::Kafka { topic: self.topic.clone(), source }),
            None => Ok(None),
        }
    }

    /// Whether everything has been read that was there at the beginning.
    pub fn has_ended(&self) -> bool {
        self.open.is_empty()
    }

    /// From where on [`Tap::resume`] reads what has not been read here.
    pub const fn read(&self) -> &Positions {
        &self.read
    }
}

fn unhurried(brokers: &str) -> Result<Reader, ReadError> {
    let kilobytes = UNHURRIED_KB.to_string();
    // Less than a fetch can't wait; the largest record still comes whole.
    let bytes = (UNHURRIED_KB * 1024).to_string();
    kafka::build(brokers, &[("enable.partition.eof", "true"), ("queued.max.messages.kbytes", &kilobytes), ("fetch.max.bytes", &bytes)])
}

/// Hands records to `each` until it says `false`, or until the end that the topic has now.
pub fn read<E: std::convert::From<ReadError>>(
    brokers: &str,
    topic: &str,
    from: From,
    until_end: bool,
    mut each: impl FnMut(Tapped) -> Result<bool, E>,
) -> Result<(), E> {
    let mut tap = Tap::open(brokers, topic, from)?;
    while !(until_end && tap.has_ended()) {
        if let Some(record) = tap.next(Duration::from_millis(200))?
            && !each(record)?
        {
            return Ok(());
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
