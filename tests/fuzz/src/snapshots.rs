//! Chunks of snapshots and segments of pins: bytes that may be a ledger.
//!
//! Never: a panic, more memory than a small multiple of the bytes, or a ledger that is another one after it was frozen and thawed.

use super::ledger;
use super::random::Random;
use state::bytes::Damaged;
use state::pins::Segment;
use state::{Ledger, Thawing};

/// The bytes are pieces, each behind its length in two bytes: a segment, then chunks.
pub fn run(mut bytes: &[u8]) {
    let mut pieces = Vec::new();
    while let [low, high, rest @ ..] = bytes {
        let (piece, rest) = rest.split_at(usize::from(u16::from_le_bytes([*low, *high])).min(rest.len()));
        pieces.push(piece);
        bytes = rest;
    }
    let Some((part, chunks)) = pieces.split_first() else { return };
    if let Ok(segment) = Segment::read(part) {
        assert_eq!(Segment::read(&segment.write()), Ok(segment), "a segment is written as it was read");
    }
    if let Ok(mut ledger) = thaw(chunks.iter().copied(), part) {
        assert!(ledger.trial_balance().values().all(|sum| *sum == 0));
        let frozen = ledger.freeze();
        let chunks: Vec<_> = frozen.chunks(&[]).collect();
        let mut again = thaw(chunks.iter().map(Vec::as_slice), part).expect("what was frozen can be thawed");
        assert_eq!(again.freeze(), frozen);
        assert!(again.freeze().chunks(&[]).eq(chunks));
    }
}

/// A snapshot of a ledger that has lived for some time; sometimes a little spoilt, in which case its lengths are not.
pub fn seed(random: &mut Random) -> Vec<u8> {
    let frozen = ledger::lived(&random.some_bytes(2048)).0.freeze();
    let mut pieces: Vec<Vec<u8>> = frozen.chunks(&[]).collect();
    let part = pieces.last().map_or_else(Vec::new, |open| open[1..].to_vec());
    pieces.insert(0, part);
    if random.below(2) == 0 {
        let spoilt = random.below(pieces.len());
        random.spoil(&mut pieces[spoilt]);
    }
    let mut bytes = Vec::new();
    for piece in pieces {
        let length = u16::try_from(piece.len()).expect("a short life has a small snapshot");
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&piece);
    }
    bytes
}

/// The ledger of these chunks; every part of it is the same segment.
pub(crate) fn thaw<'a>(mut chunks: impl Iterator<Item = &'a [u8]>, part: &[u8]) -> Result<Ledger, Damaged> {
    let mut thawing = Thawing::default();
    chunks.try_for_each(|chunk| thawing.chunk(chunk, |_| Segment::read(part)))?;
    Ledger::thaw(thawing)
}
