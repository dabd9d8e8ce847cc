//! The chain against a slow tree of its own, and against every change.

use super::*;
use crate::merkle::{self, leads};
use proptest::collection::vec;
use proptest::prelude::*;

/// The root as RFC 9162 defines it, by recursion over the whole list.
fn slow_root(leaves: &[Hash]) -> Hash {
    if let [leaf] = leaves {
        return *leaf;
    }
    let mut split = 1;
    while split * 2 < leaves.len() {
        split *= 2;
    }
    let mut bytes = vec![1];
    bytes.extend(slow_root(&leaves[..split]));
    bytes.extend(slow_root(&leaves[split..]));
    Sha256::digest(&bytes).into()
}

/// Records by key and datum.
type Records = Vec<(Vec<u8>, Vec<u8>)>;

fn records() -> impl Strategy<Value = Records> {
    vec((vec(any::<u8>(), 0..4), vec(any::<u8>(), 0..6)), 1..70)
}

fn leaves(records: &Records) -> Vec<Hash> {
    records.iter().map(|(key, datum)| leaf("t", key, datum)).collect()
}

fn root(leaves: &[Hash]) -> Hash {
    Tree::of(leaves).root().expect("there are leaves")
}

proptest! {
    #[test]
    fn the_root_is_that_of_the_definition_and_every_leaf_has_a_proof(records in records()) {
        let leaves = leaves(&records);
        let root = root(&leaves);
        prop_assert_eq!(root, slow_root(&leaves));
        let count = u32::try_from(leaves.len()).unwrap();
        for (number, leaf) in (0..).zip(&leaves) {
            let place = usize::try_from(number).unwrap();
            let path = merkle::path(place, &leaves).unwrap();
            prop_assert!(leads(*leaf, number, count, &path, &root));
            for other in (0..count).filter(|other| *other != number) {
                prop_assert!(!leads(*leaf, other, count, &path, &root) || leaves[usize::try_from(other).unwrap()] == *leaf);
            }
            prop_assert!(!leads(*leaf, number, number, &path, &root), "it stands before the end");
            for at in 0..path.len() {
                let mut changed = path.clone();
                changed[at][0] ^= 1;
                prop_assert!(!leads(*leaf, number, count, &changed, &root));
            }
            let longer = [&path[..], &[root]].concat();
            prop_assert!(!leads(*leaf, number, count, &longer, &root));
            if let Some((_, shorter)) = path.split_last() {
                prop_assert!(!leads(*leaf, number, count, shorter, &root));
            }
        }
        prop_assert_eq!(merkle::path(leaves.len(), &leaves), None);
    }

    #[test]
    fn any_change_of_the_records_is_another_root(records in records(), at in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let whole = root(&leaves(&records));
        let (at, to) = (at.index(records.len()), to.index(records.len()));
        let mut altered = records.clone();
        altered[at].1.push(0);
        prop_assert_ne!(root(&leaves(&altered)), whole);
        // The same bytes, cut elsewhere.
        let mut moved = records.clone();
        if let Some(byte) = moved[at].0.pop() {
            moved[at].1.insert(0, byte);
            prop_assert_ne!(root(&leaves(&moved)), whole);
        }
        let mut swapped = records.clone();
        swapped.swap(at, to);
        prop_assert_eq!(root(&leaves(&swapped)) == whole, records[at] == records[to]);
        let mut fewer = records.clone();
        fewer.remove(at);
        if !fewer.is_empty() {
            prop_assert_ne!(root(&leaves(&fewer)), whole);
        }
        let mut more = records.clone();
        more.insert(at, records[to].clone());
        prop_assert_ne!(root(&leaves(&more)), whole);
    }
}

fn chain(epochs: &[Epoch]) -> Vec<Signed> {
    let mut previous = NOTHING;
    let link = |epoch: &Epoch| {
        let link = Link::of(SETTLEMENT, *epoch, &[leaf("t", &epoch.to_be_bytes(), b"")], previous).unwrap();
        previous = link.head();
        // A signature of these tests is the head twice.
        let signature = [previous, previous].concat().try_into().unwrap();
        Signed { head: previous, link, signature, key_id: KeyId([1; 8]) }
    };
    epochs.iter().map(link).collect()
}

fn breaks(links: &[Signed]) -> Vec<(Epoch, Break)> {
    let mut followed = Followed::default();
    let verify = |key: &KeyId, message: &[u8], signature: &Signature| match message.strip_prefix(DOMAIN) {
        _ if key.0 != [1; 8] => Verdict::Unknown,
        Some(head) if signature[..32] == *head && signature[32..] == *head => Verdict::Good,
        _ => Verdict::Bad,
    };
    links.iter().flat_map(|signed| followed.next(signed, verify).into_iter().map(|wrong| (signed.link.epoch, wrong))).collect()
}

#[test]
fn a_chain_holds_from_wherever_it_is_followed_and_breaks_where_it_was_changed() {
    let whole = chain(&[3, 5, 8, 13]);
    assert_eq!(breaks(&whole), []);
    assert_eq!(breaks(&whole[2..]), []);

    let dropped: Vec<_> = [0, 2, 3].map(|at| whole[at].clone()).into();
    assert!(matches!(&breaks(&dropped)[..], [(8, Break::Follows { .. })]));
    let swapped: Vec<_> = [0, 2, 1, 3].map(|at| whole[at].clone()).into();
    assert!(breaks(&swapped).contains(&(5, Break::Order(8))));
    let doubled: Vec<_> = [0, 1, 1, 2, 3].map(|at| whole[at].clone()).into();
    assert!(breaks(&doubled).contains(&(5, Break::Order(5))));

    // Whoever changes a link and its head has no signature for it.
    let change = |at: usize, change: &dyn Fn(&mut Signed)| {
        let mut changed = whole.clone();
        change(&mut changed[at]);
        breaks(&changed)
    };
    for one in [&(|signed: &mut Signed| signed.link.root[0] ^= 1) as &dyn Fn(&mut Signed), &|signed| signed.link.events += 1, &|signed| {
        signed.link.cell = "risk".to_owned()
    }] {
        assert_eq!(change(1, one), [(5, Break::Head)]);
        let rehashed = change(1, &|signed| {
            one(signed);
            signed.head = signed.link.head();
        });
        assert!(matches!(&rehashed[..], [(5, Break::Signature(_)), (8, Break::Follows { .. })]), "{rehashed:?}");
    }
    assert_eq!(change(3, &|signed| signed.key_id.0[7] = 9), [(13, Break::Key(KeyId([1, 1, 1, 1, 1, 1, 1, 9])))]);
    assert_eq!(change(3, &|signed| signed.signature[63] ^= 1), [(13, Break::Signature(KeyId([1; 8])))]);
}

/// Whoever verifies by hand, or in another language, has these to begin with.
#[test]
fn what_is_hashed_is_fixed_for_good() {
    let leaves = [leaf("a.v1", b"k", b"d"), leaf("b.v1", b"", b"")];
    let link = Link::of(SETTLEMENT, 1_764_000_000_123, &leaves, NOTHING).unwrap();
    assert_eq!(Link::of(SETTLEMENT, 1, &[], NOTHING), None);
    assert_eq!(hex(&leaves[0]), LEAF);
    assert_eq!(hex(&link.root), ROOT);
    assert_eq!(hex(&link.head()), HEAD);
    assert_eq!(KeyId::of(&[7; 32]).to_string(), "4bb06f8e4e3a7715");
    assert_eq!(message(&link.head()).len(), 52);
}

const LEAF: &str = "f47e460190ec797e0d5d146d8e5d70a705616fbadb03447292dfac0ada2dbcf6";
const ROOT: &str = "6dbeced684f060607eed7135b2c21bc92b66b72b0cd1ad7a99b701d6ad57aa16";
const HEAD: &str = "74ec521bb2eed05c2457771dc69483de2f0bbd37f82c8a7fa2ab29f46bb28936";
