//! Look-up by id. Nothing can iterate it, so the order of a hash map can't leak into a decision.
//!
//! A hash table that grows moves all it holds at once: with ten million entries that is half a second in which no
//! payment is decided. So it is many small tables, chosen by the hash, and each grows by itself.
//!
//! Each entry has a part of its hash beside it. So a table grows without a look at any key, and hardly ever compares one
//! that is not the one: keys lie far away, and each look is a wait.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::{BuildHasher as _, Hash};

/// Number of tables. With ten million entries each has 10,000 to move when it grows, in less than a millisecond.
const TABLES: usize = 1024;
/// Threads that fill tables at once, and the rounds in which each does its share: what is sorted takes 8 bytes an entry
/// of a round.
const FILLERS: usize = 2;
const ROUNDS: usize = 2;

/// Entries found by a hash and a comparison; the entry itself need not hold its key.
#[derive(Clone, Debug)]
pub struct Entries<T> {
    /// Seeded anew in each process, so that nobody can choose keys that fall on each other.
    hasher: DefaultHashBuilder,
    tables: Vec<HashTable<Tagged<T>>>,
    count: usize,
}

/// An entry with the part of its hash that its table goes by.
type Tagged<T> = (u32, T);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        let tables = std::iter::repeat_with(HashTable::new).take(TABLES).collect();
        Self { hasher: DefaultHashBuilder::default(), tables, count: 0 }
    }
}

impl<T> Entries<T> {
    /// The entry for `key`; `same` tells whether an entry is the one.
    pub fn get<K: Hash>(&self, key: &K, mut same: impl FnMut(&T) -> bool) -> Option<&T> {
        let (table, tag) = parts(self.hasher.hash_one(key));
        let found = self.tables[table].find(spread(tag), |(other, entry)| *other == tag && same(entry));
        found.map(|(_, entry)| entry)
    }

    /// The entry that is that of `key`, or of another key in one case of billions: no key is looked at.
    pub fn likely<K: Hash>(&self, key: &K) -> Option<&T> {
        self.get(key, |_| true)
    }

    /// Adds the entry for a key that must be new; `key_of` gives the key of any entry.
    pub fn insert<K: Hash + Eq>(&mut self, key: K, entry: T, key_of: impl Fn(&T) -> K) {
        let Self { hasher, tables, count } = self;
        let (table, tag) = parts(hasher.hash_one(&key));
        let same = |(other, entry): &Tagged<T>| *other == tag && key_of(entry) == key;
        let found = tables[table].entry(spread(tag), same, |(tag, _)| spread(*tag));
        let hashbrown::hash_table::Entry::Vacant(place) = found else { panic!("an id is given once") };
        place.insert((tag, entry));
        *count += 1;
    }

    /// All entries at once; none if two of them have the same key.
    ///
    /// One after the other, each of ten million would wait for memory. So they are sorted by their tables first: a table
    /// fits the processor's cache while it is filled. Threads share nothing, since each has tables of its own.
    pub fn of<K: Hash + Eq>(entries: impl Iterator<Item = T> + Clone + Send, key_of: impl Fn(&T) -> K + Sync) -> Option<Self>
    where
        T: Send,
    {
        let mut all = Self::default();
        let Self { hasher, tables, count } = &mut all;
        let (hasher, key_of) = (&*hasher, &key_of);
        let share = TABLES / (FILLERS * ROUNDS);
        let counted: Option<Vec<usize>> = std::thread::scope(|scope| {
            let fillers: Vec<_> = (0..)
                .zip(tables.chunks_mut(share * ROUNDS))
                .map(|(filler, tables)| {
                    let entries = entries.clone();
                    scope.spawn(move || {
                        let rounds = (filler * ROUNDS..).zip(tables.chunks_mut(share));
                        rounds.map(|(round, tables)| fill(tables, round * share, entries.clone(), hasher, key_of)).sum()
                    })
                })
                .collect();
            fillers.into_iter().map(|filler| filler.join().expect("nothing panics while it fills a table")).collect()
        });
        *count = counted?.into_iter().sum();
        Some(all)
    }

    /// Forgets the entry for `key`.
    pub fn remove<K: Hash>(&mut self, key: &K, mut same: impl FnMut(&T) -> bool) -> Option<T> {
        let (table, tag) = parts(self.hasher.hash_one(key));
        let found = self.tables[table].find_entry(spread(tag), |(other, entry)| *other == tag && same(entry)).ok()?;
        self.count -= 1;
        let ((_, entry), _) = found.remove();
        Some(entry)
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Fills some of the tables, of which the first has the number `from`; how many entries they got, or none at a second
/// one for a key.
fn fill<T, K: Hash + Eq>(
    tables: &mut [HashTable<Tagged<T>>],
    from: usize,
    entries: impl Iterator<Item = T>,
    hasher: &DefaultHashBuilder,
    key_of: &impl Fn(&T) -> K,
) -> Option<usize> {
    let mut sorted: Vec<Vec<Tagged<T>>> = tables.iter().map(|_| Vec::new()).collect();
    for entry in entries {
        let (table, tag) = parts(hasher.hash_one(key_of(&entry)));
        if let Some(ours) = table.checked_sub(from).and_then(|place| sorted.get_mut(place)) {
            ours.push((tag, entry));
        }
    }
    let mut count = 0;
    for (table, entries) in tables.iter_mut().zip(sorted) {
        count += entries.len();
        table.reserve(entries.len(), |(tag, _)| spread(*tag));
        for (tag, entry) in entries {
            if table.find(spread(tag), |(other, known)| *other == tag && key_of(known) == key_of(&entry)).is_some() {
                return None;
            }
            table.insert_unique(spread(tag), (tag, entry), |(tag, _)| spread(*tag));
        }
    }
    Some(count)
}

/// What of a hash chooses the table, and what the table itself goes by.
fn parts(hash: u64) -> (usize, u32) {
    let table = usize::try_from((hash >> 40) & 0xffff).expect("16 bits fit a usize") % TABLES;
    (table, u32::try_from(hash & 0xffff_ffff).expect("32 bits fit a u32"))
}

/// A tag as a table's hash: the table chooses a place by the lowest bits, and tells its neighbours apart by the highest.
fn spread(tag: u32) -> u64 {
    u64::from(tag) << 32 | u64::from(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_keys_until_they_are_forgotten() {
        // The entries are places in a list that has the keys.
        let keys: Vec<u64> = (0..20_000).map(|number| number * 7).collect();
        let mut entries = Entries::default();
        let key_of = |place: &usize| keys[*place];
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(entries.get(key, |entry| key_of(entry) == *key), None);
            entries.insert(*key, place, key_of);
        }
        assert_eq!(entries.len(), keys.len());
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(entries.get(key, |entry| key_of(entry) == *key), Some(&place));
        }
        let at_once = Entries::of(0..keys.len(), key_of).unwrap();
        assert_eq!(at_once.len(), keys.len());
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(at_once.get(key, |entry| key_of(entry) == *key), Some(&place));
        }
        assert!(Entries::of(0..keys.len(), |place: &usize| keys[place % 19_999]).is_none(), "the last has the key of the first");
        assert_eq!(entries.remove(&7, |entry| key_of(entry) == 7), Some(1));
        assert_eq!(entries.remove(&7, |entry| key_of(entry) == 7), None);
        assert_eq!(entries.len(), keys.len() - 1);
        assert!(!entries.is_empty());
    }

    #[test]
    #[should_panic(expected = "an id is given once")]
    fn a_key_is_given_once() {
        let mut entries = Entries::default();
        entries.insert(1u64, 1u64, |entry| *entry);
        entries.insert(1u64, 1u64, |entry| *entry);
    }
}
