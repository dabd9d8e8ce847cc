//! What a new version of a list changes, and whom it touches.

use crate::index::keys_of;
use crate::list::{Entry, List};

/// Entries that came, went, or are different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta<'list> {
    /// Only in the new version.
    pub came: Vec<&'list Entry>,
    /// Only in the old one.
    pub went: Vec<&'list Entry>,
    /// In both, and not the same: as it was and as it is.
    pub changed: Vec<(&'list Entry, &'list Entry)>,
}

impl List {
    /// What makes the new version of the old.
    pub fn delta<'list>(old: &'list Self, new: &'list Self) -> Delta<'list> {
        let mut delta = Delta::default();
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

    /// Whether a customer with these keys must be screened again.
    pub fn touches(&self, keys: &[u64]) -> bool {
        touches(&self.keys(), keys)
    }
}

/// Whether two sets of keys have one in common; the first is sorted.
pub fn touches(touched: &[u64], keys: &[u64]) -> bool {
    keys.iter().any(|key| touched.binary_search(key).is_ok())
}
