//! A seed makes one world, and the labels are true of it.

use super::*;
use std::collections::BTreeMap;

#[test]
fn a_seed_makes_the_same_files_and_another_seed_others() {
    let folder = std::env::temp_dir().join(format!("orion-generate-{}", uuid::Uuid::new_v4()));
    let written = |name: &str, seed| {
        write(&world(seed, 400, 40), &folder.join(name)).unwrap();
        let mut files: Vec<_> = std::fs::read_dir(folder.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    let one = written("one", 7);
    assert_eq!(one.len(), 4);
    assert_eq!(written("again", 7), one);
    assert_ne!(written("other", 8), one);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn every_pattern_has_its_shape() {
    let world = world(3, 4_000, 60);
    let mut of: BTreeMap<usize, Vec<&Paid>> = BTreeMap::new();
    world.paid.iter().filter_map(|paid| Some((paid.pattern?, paid))).for_each(|(pattern, paid)| of.entry(pattern).or_default().push(paid));
    assert_eq!(of.len(), world.patterns.len(), "none is empty");
    let typologies: BTreeSet<_> = world.patterns.iter().filter(|pattern| pattern.is_sar).map(|pattern| pattern.typology).collect();
    assert_eq!(typologies.len(), 8);
    for (number, paid) in of {
        assert!(paid.is_sorted_by_key(|paid| paid.time));
        let (payers, payees): (BTreeSet<_>, BTreeSet<_>) =
            (paid.iter().map(|paid| paid.payer).collect(), paid.iter().map(|paid| paid.payee).collect());
        let Pattern { typology, is_sar } = world.patterns[number];
        assert!(payers.iter().chain(&payees).all(|number| world.roles[*number] == Role::Customer));
        let middles = payers.intersection(&payees).count();
        let is = match (typology, is_sar) {
            ("fan_in", true) => payees.len() == 1 && payers.len() == paid.len(),
            ("fan_out", _) => payers.len() == 1,
            ("cycle", _) => payers == payees && payers.len() == paid.len() && paid.windows(2).all(|pair| pair[0].payee == pair[1].payer),
            ("scatter_gather", _) => (payers.len(), payees.len(), paid.len()) == (middles + 1, middles + 1, 2 * middles),
            ("gather_scatter", _) => middles == 1 && paid.len() + 2 == payers.len() + payees.len(),
            ("bipartite", _) => middles == 0 && paid.len() == payers.len() * payees.len(),
            ("stack", _) => payers.len() == payees.len() && paid.len() == 2 * middles * middles,
            _ => true,
        };
        assert!(is, "{typology} {number}: {paid:?}");
    }
}

#[test]
fn days_are_ordinary() {
    let world = world(5, 2_000, 30);
    // Whoever has something to hide may pay at any hour.
    let night = world.paid.iter().filter(|paid| paid.pattern.is_none() && (paid.time / HOUR_MS) % 24 < 5).count();
    assert_eq!(night, 0, "nobody pays at night");
    let mut degrees: BTreeMap<usize, usize> = BTreeMap::new();
    world.paid.iter().for_each(|paid| *degrees.entry(paid.payee).or_default() += 1);
    let mut degrees: Vec<usize> = degrees.into_values().collect();
    degrees.sort_unstable();
    let (median, most) = (degrees[degrees.len() / 2], degrees[degrees.len() - 1]);
    assert!(most > 50 * median, "the tail is heavy: {most} against {median}");
}
