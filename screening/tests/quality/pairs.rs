//! Pairs of names of OFAC, the same or not: people, companies, ships. The false ones are hard: one word is another, or a
//! number is, or two entries share a word.

use crate::chance::{Chance, Part};
use crate::mangle::{ALL, SPELLINGS, mangle};
use crate::{data, jaro, later};
use screening::list::{Entry, Strength};
use screening::score::pair;
use std::collections::BTreeMap;

/// From here on, two names are one.
const PAIR: u32 = 7_000;

/// Two names, and whether they are one.
pub(crate) type Pair = (String, String, bool);

fn pairs(part: Part, seed: u64) -> Option<Vec<Pair>> {
    let list = data::ofac()?;
    let mut chance = Chance::new(seed);
    let spellings = if part == Part::Tuned { &SPELLINGS } else { &later::SPELLINGS };
    let entries: Vec<_> = list.entries().iter().filter(|entry| Part::of(&entry.id) == part).collect();
    let mut of_word = BTreeMap::<String, Vec<&str>>::new();
    for entry in &entries {
        for word in screening::text::words(&entry.names[0].name).into_iter().filter(|word| word.len() > 4) {
            of_word.entry(word).or_default().push(&entry.names[0].name);
        }
    }
    let mut pairs = Vec::new();
    while pairs.len() < 2_000 {
        let name = entries[chance.below(entries.len())].names[0].name.as_str();
        let words = screening::text::words(name);
        let Some(long) = words.iter().filter(|word| word.len() > 4).max_by_key(|word| word.len()) else { continue };
        pairs.extend(match chance.below(8) {
            0..=3 => mangle(name, *chance.one(&ALL), spellings, &mut chance).map(|other| (name.to_owned(), other, true)),
            4 => alias(&entries, &mut chance),
            // Another with the same word.
            5 => {
                let other = *chance.one(&of_word[long]);
                (screening::text::words(other) != words).then(|| (name.to_owned(), other.to_owned(), false))
            }
            // Another word in the same place, of about the same length.
            6 => {
                let others: Vec<_> = of_word
                    .keys()
                    .filter(|other| *other != long && other.len().abs_diff(long.len()) < 2 && other[..1] == long[..1])
                    .collect();
                (words.len() > 1 && !others.is_empty())
                    .then(|| (name.to_owned(), words.join(" ").replace(long.as_str(), chance.one::<&String>(&others)), false))
            }
            // Another number.
            _ => Some((format!("{name} {}", 1 + chance.below(4)), format!("{name} {}", 5 + chance.below(4)), false))
                .filter(|_| chance.below(4) == 0),
        });
    }
    Some(pairs)
}

/// An alias that is another spelling, which sorted letters say well enough, and no other name.
fn alias(entries: &[&Entry], chance: &mut Chance) -> Option<Pair> {
    let names = &chance.one(entries).names;
    let strong: Vec<_> = names.iter().filter(|alias| alias.strength == Strength::Alias).collect();
    let (one, other) = (&names[0].name, &strong.get(chance.below(strong.len().max(1)))?.name);
    let close = jaro::jaro_winkler(&jaro::sorted(one), &jaro::sorted(other)) >= 8_000;
    close.then(|| (one.clone(), other.clone(), true))
}

/// F1 in ten-thousandths at a threshold.
fn f1(scored: &[(u32, bool)], threshold: u32) -> usize {
    let found = scored.iter().filter(|(score, same)| *same && *score >= threshold).count();
    let said = scored.iter().filter(|(score, _)| *score >= threshold).count();
    let same = scored.iter().filter(|(_, same)| *same).count();
    2 * found * 10_000 / (said + same).max(1)
}

fn best(scored: &[(u32, bool)]) -> (usize, u32) {
    (50..100).map(|percent| percent * 100).map(|threshold| (f1(scored, threshold), threshold)).max().unwrap()
}

pub(crate) fn told_apart(what: &str, pairs: &[Pair], part: Part) -> usize {
    let scored: Vec<_> = pairs.iter().map(|(one, other, same)| (pair(one, other), *same)).collect();
    let simple: Vec<_> =
        pairs.iter().map(|(one, other, same)| (jaro::jaro_winkler(&jaro::sorted(one), &jaro::sorted(other)), *same)).collect();
    let at: Vec<_> = [6_500, 7_000, 7_500, 8_000].into_iter().map(|threshold| (threshold, f1(&scored, threshold))).collect();
    println!("{what}, {part:?}, {} pairs: F1 in 10,000 {at:?}, at best {:?}; Jaro-Winkler {:?}", pairs.len(), best(&scored), best(&simple));
    if std::env::var_os("SCREENING_MISSES").is_some() && part == Part::Tuned {
        for ((score, same), (one, other, _)) in scored.iter().zip(pairs).filter(|((score, same), _)| (*score >= PAIR) != *same) {
            println!("  {} {score} {one} = {other}", if *same { "apart" } else { "one" });
        }
    }
    f1(&scored, PAIR)
}

#[test]
fn pairs_are_told_apart() {
    let Some(pairs) = pairs(Part::Tuned, 2) else { return };
    told_apart("OFAC", &pairs, Part::Tuned);
}

#[test]
fn held_out_pairs_are_told_apart() {
    let Some(pairs) = pairs(Part::HeldOut, 20_261_129) else { return };
    let f1 = told_apart("OFAC", &pairs, Part::HeldOut);
    assert!(f1 >= 8_000, "F1 {f1}");
}
