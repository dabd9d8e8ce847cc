//! Entries found by keys, and the best of them scored.
//!
//! In: a name. Out: hits, best first. The work is bounded: a name has at most [`crate::name::TOKENS_MAX`] tokens, each finds at most
//! [`ALIKE_MAX`] words of the list, and at most [`SCORED_MAX`] names are aligned.
//!
//! 1. Every word of the list, and every two or three neighbours of a name written as one, is kept once, with its keys and
//!    with the names in which it stands.
//! 2. The keys of each token of the query find words; the most similar of them vouch for the names in which they stand,
//!    each by its weight.
//! 3. The names for which most is vouched are aligned with the query.
//! 4. An entry is a hit by the best of its names, if it reaches the threshold.
//!
//! What a query finds depends on nothing but entries that share a key with it. Two versions of a list therefore give the
//! same hits for whoever shares no key with what is different.

mod keys;

use crate::list::{Entry, List, Strength};
use crate::name::{Name, Token};
use crate::qualify::{Facts, Qualified, qualify};
use crate::rarity::Rarity;
use crate::score::{self, Alignment, Sieve};
use crate::words::Role;
use keys::{joined_key, neighbours, token_keys, whole_key};
pub use keys::{keys, keys_of};
use std::collections::BTreeMap;

/// Of the weight of a query, what a name must share of it to be looked at, in percent.
const VOUCHED_MIN: u32 = 33;
/// Words of the list that answer a word of the query.
pub const ALIKE_MAX: usize = 48;
/// Names that are aligned with a query.
pub const SCORED_MAX: usize = 40;
/// What a name loses for each token that it has more or less than the query, before it is aligned.
const APART: u32 = 300;
/// A weak alias is worth less.
const WEAK: u32 = 1_000;

/// A list, ready to be asked.
#[derive(Clone, Debug)]
pub struct Index {
    list: List,
    rarity: Rarity,
    names: Vec<Listed>,
    words: Vec<Word>,
    /// Beside each word what tells it from most others, and whether it stands alone: together, since all are looked through.
    sieves: Vec<(Sieve, bool)>,
    /// Keys, sorted, each with a word.
    keys: Vec<(u64, u32)>,
    /// Where the keys begin that start with the same bits.
    starts: Vec<u32>,
    /// How far a key is shifted to have only those bits.
    shift: u32,
    /// Keys of whole names, sorted, each with a name: whoever has the same words is always looked at.
    wholes: Vec<(u64, u32)>,
}

/// A name of an entry.
#[derive(Clone, Debug)]
struct Listed {
    entry: usize,
    alias: usize,
    name: Name,
    /// It is in another script than Latin, while other names of the entry are not.
    original: bool,
}

/// A word of the list.
#[derive(Clone, Debug)]
struct Word {
    token: Token,
    names: Vec<u32>,
    /// It stands somewhere by itself, and not only as neighbours written as one.
    alone: bool,
}

/// Whom a name may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit<'list> {
    /// The entry.
    pub entry: &'list Entry,
    /// The name of it that fits best.
    pub matched: &'list str,
    /// How surely, in ten-thousandths.
    pub score: u32,
    /// How many facts beside the name agree.
    pub agreeing: u8,
    /// Whether the date of birth is one of them.
    pub born_agrees: bool,
    /// Whether a country is.
    pub country_agrees: bool,
    /// Why.
    pub why: Vec<Why>,
}

/// One reason of a score: tokens of the query that answer tokens of the listed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What was asked.
    pub query: String,
    /// What is listed.
    pub listed: String,
    /// How they answer each other.
    pub how: score::How,
    /// What it adds before anything is taken away, in ten-thousandths.
    pub contributed: u32,
}

/// An entry and the name of it that fits best: their places, the score, what facts come to, and how they are aligned.
type Found = (usize, usize, u32, Qualified, Alignment);

impl Word {
    fn keys(&self) -> Vec<u64> {
        if self.alone { token_keys(&self.token) } else { vec![joined_key(&self.token)] }
    }
}

impl Index {
    /// Makes a list ready. A new version of a list takes the rarity of the one before.
    pub fn new(list: List, rarity: Rarity) -> Self {
        let (mut names, mut words) = (Vec::new(), BTreeMap::<String, Word>::new());
        for (entry, listed) in list.entries().iter().enumerate() {
            let has_latin = listed.names.iter().any(|given| !given.name.chars().any(is_other_script));
            for (alias, given) in listed.names.iter().enumerate() {
                let name = Name::new(&given.name, &rarity);
                let place = u32::try_from(names.len()).unwrap_or(u32::MAX);
                let joined = neighbours(&name, &rarity);
                for (token, alone) in name
                    .tokens
                    .iter()
                    .filter(|token| token.tells())
                    .map(|token| (token, true))
                    .chain(joined.iter().map(|token| (token, false)))
                {
                    let word = words.entry(token.text.clone()).or_insert_with(|| Word { token: token.clone(), names: Vec::new(), alone });
                    if alone && !word.alone {
                        (word.token, word.alone) = (token.clone(), true);
                    }
                    if word.names.last() != Some(&place) {
                        word.names.push(place);
                    }
                }
                let original = has_latin && given.name.chars().any(is_other_script);
                names.push(Listed { entry, alias, name, original });
            }
        }
        let words: Vec<_> = words.into_values().collect();
        let mut keys: Vec<_> = (0..).zip(&words).flat_map(|(word, kept)| kept.keys().into_iter().map(move |key| (key, word))).collect();
        keys.sort_unstable();
        let shift = 64 - keys.len().max(2).ilog2();
        let mut starts = vec![0_u32; (1 << (64 - shift)) + 1];
        for (key, _) in &keys {
            starts[bucket(*key, shift) + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let sieves = words.iter().map(|word| (Sieve::of(&word.token), word.alone)).collect();
        let mut wholes: Vec<_> = (0..).zip(&names).map(|(place, listed)| (whole_key(&listed.name), place)).collect();
        wholes.sort_unstable();
        Self { list, rarity, names, words, sieves, keys, starts, shift, wholes }
    }

    /// The list.
    pub fn list(&self) -> &List {
        &self.list
    }

    /// How its words are weighed.
    pub fn rarity(&self) -> &Rarity {
        &self.rarity
    }

    /// Whom a name may mean: hits at or above the threshold, best first.
    pub fn screen(&self, name: &str, facts: &Facts, threshold: u32) -> Vec<Hit<'_>> {
        let query = Name::new(name, &self.rarity);
        let mut best: Vec<Found> = Vec::new();
        // 3.
        for place in self.vouched(&query, !name.chars().any(is_other_script)) {
            let listed = &self.names[place];
            let alignment = score::align(&query, &listed.name);
            // A score of nothing is no hit, whatever the threshold.
            if alignment.score < threshold.max(1) {
                continue;
            }
            let entry = &self.list.entries()[listed.entry];
            let weak = if entry.names[listed.alias].strength == Strength::Weak { WEAK } else { 0 };
            let qualified = qualify(facts, entry);
            let score = alignment.score.saturating_sub(weak + qualified.less);
            if score >= threshold.max(1) {
                best.push((listed.entry, listed.alias, score, qualified, alignment));
            }
        }
        // 4.
        best.sort_by_key(|(entry, alias, score, ..)| (*entry, std::cmp::Reverse(*score), *alias));
        best.dedup_by_key(|(entry, ..)| *entry);
        best.sort_by_key(|(entry, _, score, qualified, _)| (std::cmp::Reverse((*score, qualified.agreeing)), *entry));
        best.into_iter().map(|found| self.hit(&query, found)).collect()
    }

    fn hit(&self, query: &Name, (place, alias, score, qualified, alignment): Found) -> Hit<'_> {
        let entry = &self.list.entries()[place];
        let matched = entry.names[alias].name.as_str();
        let why = why(query, &Name::new(matched, &self.rarity), &alignment);
        let Qualified { agreeing, born_agrees, country_agrees, .. } = qualified;
        Hit { entry, matched, score, agreeing, born_agrees, country_agrees, why }
    }

    /// Step 2: the names for which most is vouched, those of a smaller id first where it is the same. A query in Latin script
    /// is not held against names in others, which have a Latin one beside them.
    fn vouched(&self, query: &Name, is_latin: bool) -> Vec<usize> {
        // For each name what is vouched for it, and which token did so last.
        let mut vouched = vec![(0_u32, 0_u32); self.names.len()];
        let mut touched = Vec::new();
        let joined = neighbours(query, &self.rarity);
        let alone = query.tokens.iter().filter(|token| token.tells()).map(|token| (token, true));
        for (number, (token, alone)) in (1..).zip(alone.chain(joined.iter().map(|token| (token, false)))) {
            for (worth, word) in self.alike(token, alone) {
                for name in &self.words[word].names {
                    let place = usize::try_from(*name).unwrap_or(usize::MAX);
                    let (sum, last) = &mut vouched[place];
                    if *sum == 0 {
                        touched.push(place);
                    }
                    // A token vouches once for a name, by the best of its words, which comes first.
                    if *last != number {
                        (*sum, *last) = (*sum + worth, number);
                    }
                }
            }
        }
        // Whoever shares less than half of the query reaches no threshold that anybody sets.
        let least = query.tokens.iter().filter(|token| token.tells() && token.role != Role::Initial).map(|token| token.weight).sum::<u32>()
            * VOUCHED_MIN
            / 100;
        let length = query.tokens.len();
        let mut names: Vec<_> = touched
            .into_iter()
            .filter(|name| vouched[*name].0 >= least && !(is_latin && self.names[*name].original))
            .map(|name| {
                let lengths_apart = u32::try_from(self.names[name].name.tokens.len().abs_diff(length)).unwrap_or(0);
                (std::cmp::Reverse(vouched[name].0.saturating_sub(lengths_apart * APART)), name)
            })
            .collect();
        if names.len() > SCORED_MAX {
            names.select_nth_unstable(SCORED_MAX);
            names.truncate(SCORED_MAX);
        }
        let mut names: Vec<_> = names.into_iter().map(|(_, name)| name).collect();
        let key = whole_key(query);
        let start = self.wholes.partition_point(|(other, _)| *other < key);
        names
            .extend(self.wholes[start..].iter().take_while(|(other, _)| *other == key).filter_map(|(_, name)| usize::try_from(*name).ok()));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The words of the list that are similar to a token, with what each vouches for, the most first.
    fn alike(&self, token: &Token, alone: bool) -> Vec<(u32, usize)> {
        let keys = if alone { token_keys(token) } else { vec![joined_key(token)] };
        let mut words: Vec<u32> = keys.into_iter().flat_map(|key| self.words_of(key)).collect();
        words.sort_unstable();
        words.dedup();
        let sieve = Sieve::of(token);
        let mut alike: Vec<_> = words
            .into_iter()
            .filter_map(|word| {
                let word = usize::try_from(word).ok()?;
                let (other, other_alone) = self.sieves[word];
                let least = score::least(!(alone && other_alone));
                if !(alone || other_alone) || !sieve.lets(&other, least) {
                    return None;
                }
                let similarity = score::similarity(token, &self.words[word].token, least)?;
                Some((similarity / 100 * (token.weight / 100), word))
            })
            .collect();
        // Words are sorted by their letters, so the order is the same whatever else is on the list.
        alike.sort_unstable_by_key(|(worth, word)| (std::cmp::Reverse(*worth), *word));
        alike.truncate(ALIKE_MAX);
        alike
    }

    fn words_of(&self, key: u64) -> impl Iterator<Item = u32> {
        let start = usize::try_from(self.starts[bucket(key, self.shift)]).unwrap_or(usize::MAX);
        self.keys[start..]
            .iter()
            .skip_while(move |(other, _)| *other < key)
            .take_while(move |(other, _)| *other == key)
            .map(|(_, word)| *word)
    }
}

fn bucket(key: u64, shift: u32) -> usize {
    usize::try_from(key >> shift).unwrap_or(usize::MAX)
}

/// Beyond Latin letters and their accents.
fn is_other_script(letter: char) -> bool {
    letter.is_alphabetic() && letter > '\u{24f}' && !('\u{1e00}'..='\u{1eff}').contains(&letter)
}

/// An alignment in words.
pub fn why(query: &Name, listed: &Name, alignment: &Alignment) -> Vec<Why> {
    let text = |name: &Name, (first, length): (usize, usize)| {
        name.tokens[first..first + length].iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
    };
    let pieces = alignment.pieces.iter();
    pieces
        .map(|piece| Why {
            query: text(query, piece.query),
            listed: text(listed, piece.listed),
            how: piece.how,
            contributed: piece.contributed,
        })
        .collect()
}
