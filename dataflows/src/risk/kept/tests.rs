//! What is kept reads back, and damage is never taken for a state.

use crate::risk::tests::{busy, run};
use crate::risk::{Given, Kept};
use std::sync::Arc;

fn kept() -> Kept {
    let found = run(1, busy(true));
    found.into_iter().filter_map(|found| found.kept).next_back().unwrap().as_ref().clone()
}

#[test]
fn what_is_kept_reads_back_as_it_was() {
    let kept = kept();
    assert!(kept.chunks().count() >= 7, "every kind of row is there");
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

/// What was kept before there were ties, places and frozen parties: telephones tie customers again, and the rest is not known.
#[test]
fn the_first_format_is_read_and_goes_on() {
    let (history, last) = (busy(true), busy(true).last().unwrap().epoch());
    let kept = run(1, history).into_iter().filter_map(|found| found.kept).next_back().unwrap();
    let chunks: Vec<Vec<u8>> = kept.chunks().map(<[u8]>::to_vec).collect();
    let counts = 1 + 4 + 8 + 5 * 8..1 + 4 + 8 + 8 * 8;
    let of_old = |chunk: &&Vec<u8>| !matches!(chunk[0], b'F' | b'G' | b'T');
    let old = chunks.iter().filter(of_old).enumerate().map(|(place, chunk)| {
        let mut chunk = chunk[..chunk.len() - 8].to_vec();
        if place == 0 {
            chunk[1] = 1;
            chunk.drain(counts.clone());
        }
        super::seal(place, chunk)
    });
    let old = Kept::read(old).unwrap();
    assert_eq!(old.epoch, last);
    let ties = |kept: &Kept| kept.standing().graph.beside.ties.all().collect::<Vec<_>>();
    assert_eq!(ties(&old), ties(&kept));
    assert!(!ties(&old).is_empty());
    let goes_on = |kept: Kept| run(1, vec![Given::Standing(last, Arc::new(kept)), Given::End(last + 1)]).pop().unwrap().kept;
    assert_eq!(goes_on(old), goes_on(kept.as_ref().clone()));
}

#[test]
fn what_is_kept_at_the_end_is_the_end_of_the_last_epoch() {
    let mut given = busy(false);
    given.push(Given::End(given.last().unwrap().epoch() + 1));
    let found = run(2, given).pop().unwrap();
    assert_eq!((found.alerts, found.kept.as_deref()), (Vec::new(), Some(&kept())));
    assert!(run(1, vec![Given::End(1)]).pop().unwrap().kept.is_none(), "nothing was given");
}
