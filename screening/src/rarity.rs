//! How much a word says: little if many people bear it, much if it is rare.
//!
//! Counted once over a list and then frozen beside it. A new version of the list is scored with the old counts, so that
//! what comes and goes touches only the customers who share a key with it.

use crate::list::{Entry, List};
use crate::name::{Name, Token};
use crate::variants;
use crate::words::Role;
use std::collections::{BTreeMap, BTreeSet};

/// One letter.
const INITIAL: u32 = 3_700;
/// Servant of: what follows says who, but many names are the one with it and another without.
const SERVANT: u32 = 3_300;
/// A word of one or two letters.
const TWO_LETTERS: u32 = 6_500;
/// A word of three.
const THREE_LETTERS: u32 = 9_000;
/// A sign of Chinese or Korean: there are few syllables.
const SIGN: u32 = 3_000;
/// What is left of a name that many people bear, in percent.
const EVERYDAY: u32 = 70;
/// What a word loses each time that the number of names with it doubles.
const HALVING: u32 = 600;
/// A word that everybody bears.
const FLOOR: u32 = 2_800;
/// A rare word.
pub const RARE: u32 = 10_000;
/// Borne by as many, it is still rare.
const FEW: u32 = 4;

/// How many names of a list have a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rarity(BTreeMap<String, u32>);

impl Rarity {
    /// Counts the words of a list, once an entry.
    pub fn of(list: &List) -> Self {
        let mut counts = BTreeMap::new();
        for entry in list.entries() {
            let mut words: Vec<_> = entry
                .names
                .iter()
                .flat_map(|alias| Name::new(&alias.name, &Self::default()).tokens)
                .filter(Token::tells)
                .map(|token| word(&token))
                .collect();
            words.sort_unstable();
            words.dedup();
            for word in words {
                *counts.entry(word).or_insert(0) += 1;
            }
        }
        // Who is counted as rare need not be remembered.
        counts.retain(|_, count| *count >= FEW);
        Self(counts)
    }

    /// The words that say more or less by the one count than by the other.
    pub fn differ(&self, other: &Self) -> BTreeSet<String> {
        let words = self.0.keys().chain(other.0.keys());
        words.filter(|word| listed(self.count(word)) != listed(other.count(word))).cloned().collect()
    }

    /// Whether one of these words is in a name of an entry.
    pub fn has_one(entry: &Entry, words: &BTreeSet<String>) -> bool {
        let tokens = entry.names.iter().flat_map(|alias| Name::new(&alias.name, &Self::default()).tokens);
        tokens.filter(Token::tells).any(|token| words.contains(&word(&token)))
    }

    fn count(&self, word: &str) -> u32 {
        self.0.get(word).copied().unwrap_or(0)
    }

    /// How much a word says, in ten-thousandths of a rare one.
    pub fn weight(&self, token: &Token) -> u32 {
        let weight = match token.role {
            Role::Title => 600,
            Role::Particle if token.is_servant() => SERVANT,
            Role::Particle | Role::Form => 800,
            Role::Initial => INITIAL,
            // Jr, or the second of a name.
            Role::Number if token.meaning.is_some() => 2_000,
            Role::Number => 8_000,
            Role::Trade => 3_500,
            Role::Plain => match token.text.len() {
                0..=2 => TWO_LETTERS,
                3 => THREE_LETTERS,
                _ => RARE,
            },
        };
        if token.role != Role::Plain && token.role != Role::Trade {
            return weight;
        }
        let weight = if token.script == crate::text::Script::Signs { weight.min(SIGN) } else { weight };
        let weight = if crate::everyday::is_everyday(&token.folded) { weight * EVERYDAY / 100 } else { weight };
        weight.min(listed(self.count(&word(token))).max(FLOOR))
    }
}

/// What is left of a rare word that so many entries have.
fn listed(count: u32) -> u32 {
    if count < FEW { RARE } else { RARE.saturating_sub(HALVING * (count / FEW).ilog2().saturating_add(1)) }
}

/// What is counted: all spellings of a name as one.
fn word(token: &Token) -> String {
    variants::heads(token.groups).first().map_or_else(|| token.folded.clone(), |head| (*head).to_owned())
}
