//! Mangled names of a list must be found, names of the world must not.
//!
//! Both are harder than what is usually measured: see what the simple way makes of them. So there are two figures: one on all
//! manglings, and one on those that leave words whole or nearly (no two slips, nothing dropped, no initials).

use crate::chance::{Chance, Part};
use crate::mangle::{ALL, How, mangle};
use crate::{data, jaro, later, mangle as manglings, world};
use screening::THRESHOLD;
use screening::index::Index;
use screening::list::{Entry, Kind, List, Strength};
use screening::qualify::Facts;
use screening::rarity::Rarity;
use std::collections::BTreeMap;

/// Manglings that leave too little of some names to tell them from others.
const HARD: [How; 3] = [How::TwoTypos, How::Dropped, How::Initial];

/// The threshold for a list of five times as many people: chance meets more of them.
const LONG_LIST: u32 = 7_250;

/// In parts of ten thousand.
struct Measured {
    recall: usize,
    /// Where words are whole or nearly.
    whole: usize,
    wrong: usize,
}

/// The people of the list, without the organisations.
fn people(list: &List) -> List {
    List::new(list.entries().iter().filter(|entry| entry.kind == Kind::Person).cloned().collect()).unwrap()
}

/// Mangled names of each of these entries.
fn positives(list: &List, part: Part, seed: u64) -> Vec<(String, How, String)> {
    let mut chance = Chance::new(seed);
    let mut positives = Vec::new();
    let spellings = if part == Part::Tuned { &manglings::SPELLINGS } else { &later::SPELLINGS };
    for entry in list.entries().iter().filter(|entry| Part::of(&entry.id) == part) {
        for how in ALL {
            let Some(name) = latin_name(entry, &mut chance) else { continue };
            if let Some(mangled) = mangle(name, how, spellings, &mut chance) {
                positives.push((entry.id.clone(), how, mangled));
            }
        }
    }
    positives
}

/// Mostly the primary name, at times an alias that is its own.
fn latin_name<'a>(entry: &'a Entry, chance: &mut Chance) -> Option<&'a str> {
    let names: Vec<_> = entry.names.iter().filter(|alias| matches!(alias.strength, Strength::Primary | Strength::Alias)).collect();
    let alias = if chance.below(3) == 0 { chance.one(&names) } else { names.first()? };
    alias.name.is_ascii().then_some(alias.name.as_str())
}

/// Made-up names.
fn negatives(list: &List, part: Part, seed: u64) -> Vec<String> {
    let names = match (std::env::var_os("SCREENING_NEGATIVES"), part) {
        (Some(file), Part::Tuned) => std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect(),
        (_, Part::Tuned) => world::names(&world::REGIONS, seed, 10_400),
        (_, Part::HeldOut) => world::names(&later::REGIONS, seed, 10_400),
    };
    // Without those that happen to be on the list, or nearly, whoever compares.
    let mut words = BTreeMap::<Vec<u8>, Vec<Vec<u8>>>::new();
    for name in list.entries().iter().flat_map(|entry| &entry.names).map(|alias| jaro::sorted(&alias.name)).filter(|name| name.len() > 2) {
        words.entry(name[..2].to_vec()).or_default().push(name);
    }
    let is_listed = |name: &Vec<u8>| {
        name.get(..2).is_some_and(|start| words.get(start).into_iter().flatten().any(|listed| jaro::jaro_winkler(name, listed) >= 9_300))
    };
    names.into_iter().filter(|name| !is_listed(&jaro::sorted(name))).take(10_000).collect()
}

fn measure(what: &str, list: &List, part: Part, seed: u64, threshold: u32) -> Measured {
    let list = people(list);
    let index = Index::new(list.clone(), Rarity::of(&list));
    let positives = positives(&list, part, seed);
    let negatives = negatives(&list, part, seed);
    let mut wrong: Vec<(u32, String)> = negatives
        .iter()
        .filter_map(|name| {
            let hits = index.screen(name, &Facts::default(), THRESHOLD - 500);
            hits.first().map(|hit| (hit.score, format!("{name} = {}", hit.matched)))
        })
        .collect();
    wrong.sort();
    let found: Vec<_> = positives
        .iter()
        .map(|(id, how, name)| {
            let hits = index.screen(name, &Facts::default(), 1);
            (hits.iter().find(|hit| hit.entry.id == *id).map_or(0, |hit| hit.score), *how, name, id)
        })
        .collect();
    let at = |threshold: u32| {
        let whole: Vec<_> = found.iter().filter(|(_, how, ..)| !HARD.contains(how)).collect();
        Measured {
            recall: per_ten_thousand(found.iter().filter(|(score, ..)| *score >= threshold).count(), found.len()),
            whole: per_ten_thousand(whole.iter().filter(|(score, ..)| *score >= threshold).count(), whole.len()),
            wrong: per_ten_thousand(wrong.iter().filter(|(score, _)| *score >= threshold).count(), negatives.len()),
        }
    };
    println!("{what}, {part:?}, {} mangled names, {} of the world, in 10,000:", found.len(), negatives.len());
    for threshold in [6_500, 6_750, 6_900, 7_000, 7_100, 7_250, 7_500, 7_750, 8_000] {
        let Measured { recall, whole, wrong } = at(threshold);
        println!("  {what} from {threshold} on: {recall} found ({whole} of whole words), {wrong} wrong");
    }
    let mut by = BTreeMap::<How, (usize, usize)>::new();
    for (score, how, ..) in &found {
        let count = by.entry(*how).or_default();
        count.0 += usize::from(*score >= threshold);
        count.1 += 1;
    }
    println!("  {}", by.iter().map(|(how, (found, all))| format!("{how:?} {found}/{all}")).collect::<Vec<_>>().join(", "));
    if std::env::var_os("SCREENING_MISSES").is_some() && part == Part::Tuned {
        found.iter().filter(|(score, ..)| *score < threshold).for_each(|(score, how, name, id)| {
            println!("  missed {score} {how:?} {name} = {}", list.entry(id).unwrap().names[0].name);
        });
        wrong.iter().rev().filter(|(score, _)| *score + 500 >= threshold).for_each(|(score, pair)| println!("  wrong {score} {pair}"));
    }
    at(threshold)
}

#[test]
fn people_of_the_united_nations() {
    let Some(list) = data::un() else { return };
    measure("UN", &list, Part::Tuned, 2, THRESHOLD);
}

#[test]
fn people_of_ofac() {
    let Some(list) = data::ofac() else { return };
    measure("OFAC", &list, Part::Tuned, 2, LONG_LIST);
}

#[test]
fn held_out_people_of_the_united_nations() {
    let Some(list) = data::un() else { return };
    let Measured { recall, whole, wrong } = measure("UN", &list, Part::HeldOut, 20_261_129, THRESHOLD);
    assert!(recall >= 9_800, "recall {recall}");
    assert!(whole >= 9_850, "recall {whole}");
    assert!(wrong <= 10, "false positives {wrong}");
}

#[test]
fn held_out_people_of_ofac() {
    let Some(list) = data::ofac() else { return };
    let Measured { recall, wrong, .. } = measure("OFAC", &list, Part::HeldOut, 20_261_129, LONG_LIST);
    assert!(recall >= 9_700, "recall {recall}");
    assert!(wrong <= 35, "false positives {wrong}");
}

/// The same, by the simple way: how hard are our names?
#[test]
fn the_simple_way_on_the_same_names() {
    the_simple_way(Part::Tuned, 2);
}

#[test]
fn held_out_the_simple_way_on_the_same_names() {
    the_simple_way(Part::HeldOut, 20_261_129);
}

fn the_simple_way(part: Part, seed: u64) {
    let Some(list) = data::un() else { return };
    let list = people(&list);
    let listed: Vec<_> =
        list.entries().iter().flat_map(|entry| entry.names.iter().map(|alias| (entry.id.as_str(), jaro::sorted(&alias.name)))).collect();
    let positives: Vec<_> = positives(&list, part, seed).into_iter().step_by(6).collect();
    let negatives: Vec<_> = negatives(&list, part, seed).into_iter().step_by(5).collect();
    let found: Vec<_> = positives
        .iter()
        .map(|(id, how, name)| {
            let name = jaro::sorted(name);
            (listed.iter().filter(|(of, _)| of == id).map(|(_, listed)| jaro::jaro_winkler(&name, listed)).max().unwrap(), how)
        })
        .collect();
    let wrong: Vec<_> = negatives
        .iter()
        .map(|name| jaro::sorted(name))
        .map(|name| listed.iter().map(|(_, listed)| jaro::jaro_winkler(&name, listed)).max().unwrap())
        .collect();
    for threshold in [9_000, 9_200, 9_500] {
        let recall = per_ten_thousand(found.iter().filter(|(score, _)| *score >= threshold).count(), found.len());
        let whole: Vec<_> = found.iter().filter(|(_, how)| !HARD.contains(how)).collect();
        let of_whole = per_ten_thousand(whole.iter().filter(|(score, _)| *score >= threshold).count(), whole.len());
        let false_positives = per_ten_thousand(wrong.iter().filter(|score| **score >= threshold).count(), wrong.len());
        println!(
            "Jaro-Winkler of sorted words, {part:?}, from {threshold} on: {recall} found ({of_whole} of whole words), {false_positives} wrong"
        );
    }
}

fn per_ten_thousand(some: usize, all: usize) -> usize {
    some * 10_000 / all
}
