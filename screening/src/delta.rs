//! What a new version of a list changes, and whom it touches.
//!
//! Keys make the second question a join: each customer has keys ([`crate::index::keys`]), so have the entries that are
//! different, and only a customer with a key in common can have other hits than before. Nobody else is looked at.

use crate::index::{Index, keys, keys_of};
use crate::list::{Entry, List};
use crate::rarity::Rarity;

/// Entries that came, went, or are different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta<'list> {
    /// Only in the new version.
    pub came: Vec<&'list Entry>,
    /// Only in the old one.
    pub went: Vec<&'list Entry>,
    /// In both, and not the same: as it was and as it is.
    pub changed: Vec<(&'list Entry, &'list Entry)>,
    /// How many entries the old version has.
    pub before: usize,
    /// How many the new one has.
    pub after: usize,
}

/// A list that lost more of its entries than an authority strikes off at once: more likely half a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has {after} entries where the version before had {before}, less than {at_least_percent} %; see that the file is whole")]
pub struct Shrunk {
    /// Entries of the old version.
    pub before: usize,
    /// Entries of the new one.
    pub after: usize,
    /// What was asked to be left, in percent.
    pub at_least_percent: usize,
}

/// What makes the new version of the old.
pub fn delta<'list>(old: &'list List, new: &'list List) -> Delta<'list> {
    let mut delta = Delta { before: old.entries().len(), after: new.entries().len(), ..Delta::default() };
    for entry in new.entries() {
        match old.entry(&entry.id) {
            None => delta.came.push(entry),
            Some(before) if before != entry => delta.changed.push((before, entry)),
            Some(_) => {}
        }
    }
    delta.went = old.entries().iter().filter(|entry| new.entry(&entry.id).is_none()).collect();
    delta
}

impl Delta<'_> {
    /// The keys that it touches, sorted: whoever has none of them has the hits that they had.
    pub fn keys(&self) -> Vec<u64> {
        let changed = self.changed.iter().flat_map(|(before, after)| [*before, *after]);
        let mut keys: Vec<_> = self.came.iter().chain(&self.went).copied().chain(changed).flat_map(keys_of).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Whether less than that share of the old version's entries is left, in percent.
    pub fn shrunk(&self, at_least_percent: usize) -> Option<Shrunk> {
        let (before, after) = (self.before, self.after);
        (after * 100 < before * at_least_percent).then_some(Shrunk { before, after, at_least_percent })
    }
}

/// The keys that a new version touches, sorted, where its words are counted anew: those of [`Delta::keys`], and those of every entry
/// with a word that says more or less than before.
pub fn touched_keys(old: &Index, new: &Index) -> Vec<u64> {
    let mut keys = delta(old.list(), new.list()).keys();
    let words = old.rarity().differ(new.rarity());
    if !words.is_empty() {
        let entries = old.list().entries().iter().chain(new.list().entries());
        keys.extend(entries.filter(|entry| Rarity::has_one(entry, &words)).flat_map(keys_of));
        keys.sort_unstable();
        keys.dedup();
    }
    keys
}

/// Names that were screened, by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screened {
    /// Keys, sorted, each with the number of a name.
    by_key: Vec<(u64, usize)>,
}

impl Screened {
    /// Numbers the names from zero on.
    pub fn of(names: &[&str]) -> Self {
        let mut by_key: Vec<_> = (0..).zip(names).flat_map(|(number, name)| keys(name).into_iter().map(move |key| (key, number))).collect();
        by_key.sort_unstable();
        Self { by_key }
    }

    /// The numbers of the names that must be screened again, sorted: those with one of these keys. The work grows with what
    /// is touched, not with how many there are.
    pub fn touched(&self, keys: &[u64]) -> Vec<usize> {
        let with = |key: &u64| {
            let start = self.by_key.partition_point(|(other, _)| other < key);
            let found = self.by_key[start..].iter();
            found.take_while(move |(other, _)| other == key).map(|(_, number)| *number).collect::<Vec<_>>()
        };
        let mut touched: Vec<_> = keys.iter().flat_map(with).collect();
        touched.sort_unstable();
        touched.dedup();
        touched
    }
}
