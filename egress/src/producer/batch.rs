//! Records on their way to one partition, as Kafka stores them: a record batch of version 2. Pure.
//!
//! Layout and numbers are those of Kafka's documentation, "Message Format". A record is written once, straight into its batch.

use crate::records::Sent;
use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use std::io::Write;

/// From its first byte to its first record.
const HEADER_BYTES: usize = 61;
/// Where what the checksum covers begins: the attributes.
const SUMMED_FROM: usize = 21;
/// What stands in front of the length's end: the base offset and the length itself.
const BEFORE_LENGTH_ENDS: usize = 12;
const MAGIC: u8 = 2;
const LZ4: u16 = 3;
const TRANSACTIONAL: u16 = 1 << 4;
/// What a field takes for its length, and a record besides its fields: five numbers, the lengths of key and value, and a byte.
const FIELD_MAX_BYTES: usize = 5;
const BESIDES_MAX_BYTES: usize = 10 + 3 * FIELD_MAX_BYTES + 2 * FIELD_MAX_BYTES + 1;
/// Fewer bytes are not worth compressing.
const COMPRESSED_FROM: usize = 512;

/// Who writes: what Kafka knows a transaction by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

/// Most bytes that a record takes in a batch that is not compressed.
pub(crate) fn room(sent: &Sent<'_>) -> usize {
    let headers: usize = sent.headers.iter().map(|(name, value)| name.len() + value.len() + 2 * FIELD_MAX_BYTES).sum();
    headers + sent.key.len() + sent.value.len() + BESIDES_MAX_BYTES
}

/// An open batch.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    records: Vec<u8>,
    count: u32,
    /// Time stamps of the first and of the newest record.
    first_ms: i64,
    newest_ms: i64,
}

impl Batch {
    /// How many records it has.
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }

    /// Adds a record, whose time is `at_ms`.
    pub(crate) fn add(&mut self, sent: &Sent<'_>, at_ms: i64) {
        if self.count == 0 {
            (self.first_ms, self.newest_ms) = (at_ms, at_ms);
        }
        self.newest_ms = self.newest_ms.max(at_ms);
        let (time, number) = (zigzag(at_ms - self.first_ms), zigzag(i64::from(self.count)));
        let fields: usize = sent.headers.iter().map(|(name, value)| field(name.len()) + field(value.len())).sum();
        let headers = zigzag(length(sent.headers.len()));
        // Its attributes are one byte, and say nothing.
        let size = 1 + width(time) + width(number) + field(sent.key.len()) + field(sent.value.len()) + width(headers) + fields;
        let into = &mut self.records;
        into.reserve(size + 5);
        put(into, zigzag(length(size)));
        into.push(0);
        put(into, time);
        put(into, number);
        put_field(into, sent.key.as_bytes());
        put_field(into, sent.value);
        put(into, headers);
        for (name, value) in sent.headers {
            put_field(into, name.as_bytes());
            put_field(into, value.as_bytes());
        }
        self.count += 1;
    }

    /// The batch as Kafka takes it, its first record the `sequence`th that this identity writes to the partition; empties it and keeps
    /// its room.
    pub(crate) fn seal(&mut self, identity: Identity, sequence: i32) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(HEADER_BYTES + self.records.len() / 2);
        sealed.resize(HEADER_BYTES, 0);
        let compresses = self.records.len() >= COMPRESSED_FROM;
        if compresses {
            let blocks = FrameInfo::new().block_size(BlockSize::Max64KB);
            let mut frame = FrameEncoder::with_frame_info(blocks, sealed);
            frame.write_all(&self.records).expect("memory takes what is written");
            sealed = frame.finish().expect("memory takes what is written");
        } else {
            sealed.extend_from_slice(&self.records);
        }
        let length = i32::try_from(sealed.len() - BEFORE_LENGTH_ENDS).expect("a request is smaller than two gigabytes");
        let attributes = TRANSACTIONAL | if compresses { LZ4 } else { 0 };
        let count = i32::try_from(self.count).expect("a request has fewer records than bytes");

        let mut at = Fields { bytes: &mut sealed, next: 0 };
        at.put(&0i64.to_be_bytes()); // base offset: the broker's
        at.put(&length.to_be_bytes());
        at.put(&(-1i32).to_be_bytes()); // the leader's epoch: the broker's
        at.put(&[MAGIC]);
        at.put(&[0; 4]); // the checksum, below
        at.put(&attributes.to_be_bytes());
        at.put(&(count - 1).to_be_bytes()); // offset of the last record
        at.put(&self.first_ms.to_be_bytes());
        at.put(&self.newest_ms.to_be_bytes());
        at.put(&identity.id.to_be_bytes());
        at.put(&identity.epoch.to_be_bytes());
        at.put(&sequence.to_be_bytes());
        at.put(&count.to_be_bytes());
        let sum = crc32c::crc32c(&sealed[SUMMED_FROM..]);
        sealed[SUMMED_FROM - 4..SUMMED_FROM].copy_from_slice(&sum.to_be_bytes());
        self.records.clear();
        self.count = 0;
        sealed
    }
}

/// Fields that are written one behind the other.
struct Fields<'a> {
    bytes: &'a mut [u8],
    next: usize,
}

impl Fields<'_> {
    fn put(&mut self, field: &[u8]) {
        self.bytes[self.next..self.next + field.len()].copy_from_slice(field);
        self.next += field.len();
    }
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).expect("what is in memory fits")
}

/// Small numbers of either sign as small ones without.
const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// Bytes of a number in groups of seven bits.
fn width(number: u64) -> usize {
    let bits = 64 - (number | 1).leading_zeros();
    usize::try_from(bits.div_ceil(7)).expect("ten at most")
}

/// Bytes of a field behind its length.
fn field(bytes: usize) -> usize {
    width(zigzag(length(bytes))) + bytes
}

fn put(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(low(number) | 0x80);
        number >>= 7;
    }
    into.push(low(number));
}

/// The lowest seven bits.
const fn low(number: u64) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

fn put_field(into: &mut Vec<u8>, bytes: &[u8]) {
    put(into, zigzag(length(bytes.len())));
    into.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use kafka_protocol::records::{Compression, RecordBatchDecoder, TimestampType};
    use proptest::prelude::*;

    /// A record as somebody else reads it.
    #[derive(Clone, Debug, PartialEq)]
    struct Plain {
        key: String,
        value: Vec<u8>,
        headers: Vec<(String, String)>,
        at_ms: i64,
    }

    fn plain() -> impl Strategy<Value = Plain> {
        let value = prop_oneof![prop::collection::vec(any::<u8>(), 0..300), (0..200_000usize).prop_map(|length| vec![7; length])];
        (".{0,40}", value, prop::collection::vec(("[a-z]{1,12}", ".{0,60}"), 0..4), 0..4_000_000_000_000i64).prop_map(
            |(key, value, headers, at_ms)| {
                // A name stands once in a record.
                let mut seen = std::collections::BTreeSet::new();
                let headers = headers.into_iter().filter(|(name, _)| seen.insert(name.clone())).collect();
                Plain { key, value, headers, at_ms }
            },
        )
    }

    fn sealed(batch: &mut Batch, records: &[Plain], identity: Identity, sequence: i32) -> Vec<u8> {
        for Plain { key, value, headers, at_ms } in records {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let (sent, before) = (Sent { topic: "t", partition: 0, key, value, headers: &headers, epoch: None }, batch.records.len());
            batch.add(&sent, *at_ms);
            assert!(batch.records.len() - before <= room(&sent), "a record takes more room than it said");
        }
        batch.seal(identity, sequence)
    }

    proptest! {
        /// What another implementation of Kafka's format reads is what was written, in order.
        #[test]
        fn another_reader_finds_what_was_written(
            records in prop::collection::vec(plain(), 1..40), id in 0..i64::MAX, epoch in 0..i16::MAX, sequence in 0..1_000_000i32,
        ) {
            let mut batch = Batch::default();
            // Room that was used before holds nothing of what it held.
            sealed(&mut batch, &records[..1], Identity { id: 1, epoch: 1 }, 0);
            let bytes = sealed(&mut batch, &records, Identity { id, epoch }, sequence);
            let set = RecordBatchDecoder::decode(&mut Bytes::from(bytes)).unwrap();
            prop_assert_eq!(set.records.len(), records.len());
            for ((number, found), written) in (0i32..).zip(&set.records).zip(&records) {
                let read = Plain {
                    key: String::from_utf8(found.key.clone().unwrap().to_vec()).unwrap(),
                    value: found.value.clone().unwrap().to_vec(),
                    headers: found.headers.iter().map(|(name, value)| {
                        (name.to_string(), String::from_utf8(value.clone().unwrap().to_vec()).unwrap())
                    }).collect(),
                    at_ms: found.timestamp,
                };
                prop_assert_eq!(&read, written);
                prop_assert_eq!((found.producer_id, found.producer_epoch, found.sequence), (id, epoch, sequence.wrapping_add(number)));
                prop_assert_eq!(found.offset, i64::from(number));
                prop_assert!(found.transactional && !found.control);
                prop_assert_eq!(found.timestamp_type, TimestampType::Creation);
            }
        }
    }

    #[test]
    fn what_is_small_is_not_compressed_and_what_is_large_is() {
        let (who, at_ms) = (Identity { id: 1, epoch: 0 }, 5);
        let record = |bytes| Plain { key: "k".to_owned(), value: vec![1; bytes], headers: Vec::new(), at_ms };
        let compression = |bytes: Vec<u8>| RecordBatchDecoder::decode(&mut Bytes::from(bytes)).unwrap().compression;
        let (small, large) =
            (sealed(&mut Batch::default(), &[record(10)], who, 0), sealed(&mut Batch::default(), &[record(100_000)], who, 0));
        assert!(large.len() < 2_000, "{} bytes", large.len());
        assert_eq!((compression(small), compression(large)), (Compression::None, Compression::Lz4));
    }

    #[test]
    fn a_bit_that_was_turned_is_noticed() {
        let record = Plain { key: "k".to_owned(), value: vec![3; 5_000], headers: Vec::new(), at_ms: 1 };
        let bytes = sealed(&mut Batch::default(), &[record], Identity { id: 9, epoch: 2 }, 0);
        for at in SUMMED_FROM..bytes.len() {
            let mut turned = bytes.clone();
            turned[at] ^= 1;
            assert!(RecordBatchDecoder::decode(&mut Bytes::from(turned)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn numbers_are_as_wide_as_they_are_written() {
        for number in (0..64).flat_map(|bit| [1u64 << bit, (1 << bit) - 1]).chain([u64::MAX]) {
            let mut written = Vec::new();
            put(&mut written, number);
            assert_eq!(written.len(), width(number), "{number}");
        }
    }
}
