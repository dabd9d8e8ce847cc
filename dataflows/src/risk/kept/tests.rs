//! What is kept reads back, and damage is never taken for a state.

use crate::risk::Kept;
use crate::risk::tests::{busy, run};

fn kept() -> Kept {
    let found = run(1, busy(true));
    found.into_iter().filter_map(|found| found.kept).next_back().unwrap().as_ref().clone()
}

#[test]
fn what_is_kept_reads_back_as_it_was() {
    let kept = kept();
    assert!(kept.chunks().count() >= 6, "every kind of row is there");
    assert_eq!(Kept::read(kept.chunks().map(<[u8]>::to_vec)).unwrap(), kept);
}

#[test]
fn damage_is_told() {
    let chunks: Vec<Vec<u8>> = kept().chunks().map(<[u8]>::to_vec).collect();
    for place in 0..chunks.len() {
        let mut missing = chunks.clone();
        missing.remove(place);
        assert!(Kept::read(missing).is_err(), "without chunk {place}");
        for byte in (0..chunks[place].len()).step_by(7) {
            let mut changed = chunks.clone();
            changed[place][byte] ^= 0x10;
            assert!(Kept::read(changed).is_err(), "byte {byte} of chunk {place}");
        }
        let mut cut = chunks.clone();
        cut[place].pop();
        assert!(Kept::read(cut).is_err(), "chunk {place} cut off");
    }
    let mut swapped = chunks.clone();
    swapped.swap(1, 2);
    assert!(Kept::read(swapped).is_err());
    assert!(Kept::read(Vec::new()).is_err());
}
