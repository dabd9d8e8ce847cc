//! What is kept reads back, and damage is never taken for a state.

use crate::risk::tests::{busy, run};
use crate::risk::{Given, Kept};

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

/// What was kept before there were names, ties and places, counterparties, or homes, or verdicts: all is gone through again.
#[test]
fn an_older_format_is_not_taken_for_this_one() {
    for format in [1, 2, 3, 4] {
        let mut head = kept().chunks().next().unwrap().to_vec();
        head.truncate(head.len() - 8);
        head[1] = format;
        let refused = Kept::read([super::seal(0, head)]).unwrap_err();
        assert!(refused.to_string().contains(&format!("format is {format}")), "{refused}");
    }
}

#[test]
fn what_is_kept_at_the_end_is_the_end_of_the_last_epoch() {
    let mut given = busy(false);
    given.push(Given::End(given.last().unwrap().epoch() + 1));
    let found = run(2, given).pop().unwrap();
    assert_eq!((found.alerts, found.kept.as_deref()), (Vec::new(), Some(&kept())));
    assert!(run(1, vec![Given::End(1)]).pop().unwrap().kept.is_none(), "nothing was given");
}
