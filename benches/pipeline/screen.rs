//! `screen_per_s_core`: how many names of people a core holds against a list of ten thousand names.
//!
//! List and people are made up, the people by the generator of the tests of quality. What a public list has is made alike: entries with
//! other names beside their own, words that many of the people bear, and words that nobody else has. One thread screens, and its time is what it had a
//! core for, so that a busy machine changes little. What it finds is counted, and has to be something.

#[path = "../../screening/tests/quality/chance.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with tests, which need more of it and may unwrap")]
mod chance;
#[path = "../../screening/tests/quality/world.rs"]
mod world;

use crate::Extent;
use crate::figures::{Figure, per_second};
use crate::services::Services;
use anyhow::{Context, ensure};
use chance::Chance;
use screening::index::Index;
use screening::list::{Alias, Entry, Kind, List, Strength};
use screening::qualify::Facts;
use screening::rarity::Rarity;
use std::time::Duration;

const LISTED: usize = 10_000;
const PEOPLE: usize = 10_000;
/// Of ten words of a listed name, as many nobody else has.
const RARE: usize = 4;

pub(crate) fn measure(_: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut rate = Figure::new("screen_per_s_core", "names/s", "people held against 10,000 listed names, on one core");
    let list = List::new(listed())?;
    let rarity = Rarity::of(&list);
    let index = Index::new(list, rarity);
    let people = world::names(&world::REGIONS, 7, PEOPLE);
    for _ in 0..extent.runs {
        let began = worked()?;
        let hits: usize = people.iter().map(|name| index.screen(name, &Facts::default(), screening::THRESHOLD).len()).sum();
        let took = worked()? - began;
        ensure!(hits > 0, "nobody is found on the list: the figure says little");
        rate.add(per_second(u64::try_from(people.len())?, took));
    }
    Ok(vec![rate])
}

/// Entries with ten thousand names together: of five, three have one name, and two have another one that shares a word with it.
fn listed() -> Vec<Entry> {
    let mut chance = Chance::new(11);
    let mut names = world::names(&world::REGIONS, 13, LISTED).into_iter();
    let mut entries = Vec::new();
    while let Some(name) = names.next() {
        let name = rarer(&name, &mut chance);
        let mut aliases = vec![Alias { name: name.clone(), strength: Strength::Primary }];
        if chance.below(5) < 2
            && let Some(other) = names.next()
        {
            let shared = name.split(' ').next_back().unwrap_or_default();
            aliases.push(Alias { name: format!("{} {shared}", rarer(&other, &mut chance)), strength: Strength::Alias });
        }
        entries.push(Entry { id: entries.len().to_string(), kind: Kind::Person, names: aliases, ..Entry::default() });
    }
    entries
}

/// The name with some of its words made up of syllables.
fn rarer(name: &str, chance: &mut Chance) -> String {
    const SYLLABLES: [&str; 24] = [
        "ba", "dou", "ka", "li", "mo", "nas", "ri", "sha", "tu", "wan", "yel", "zo", "gar", "hu", "fen", "jib", "ko", "lam", "mir", "ste",
        "vo", "per", "qas", "den",
    ];
    let words = name.split(' ').map(|word| {
        if chance.below(10) < RARE { (0..2 + chance.below(3)).map(|_| *chance.one(&SYLLABLES)).collect() } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// How long this thread has had a core.
fn worked() -> anyhow::Result<Duration> {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").context("the kernel does not say how long a thread had a core")?;
    let nanoseconds =
        times.split(' ').next().and_then(|text| text.parse().ok()).context("the time that a thread had a core is no number")?;
    Ok(Duration::from_nanos(nanoseconds))
}
