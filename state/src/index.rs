//! Look-up by id. Nothing can iterate it, so the order of a hash map can't leak into a decision.
//!
//! An entry is a number: the place of a row, or the number of a pin. It stands in one word with a part of its key's hash, and the
//! words of a table stand in a line (open addressing, linear probing). So a look needs one line of the cache, which comes from far
//! away, where a table with its tags apart from its entries needs two, one after the other; a table grows without a look at any key;
//! and a key, which lies far away too, is hardly ever compared where it is not the one.
//!
//! A hash table that grows moves all it holds at once: with ten million entries that is half a second in which no payment is decided.
//! So it is many small tables, chosen by the hash, and each grows by itself.

use foldhash::fast::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::sync::LazyLock;

/// Number of tables. With ten million entries each has 10,000 to move when it grows, in less than a millisecond.
const TABLES: usize = 1024;
/// Threads that fill tables at once, and the rounds in which each does its share: what is sorted takes 8 bytes an entry
/// of a round.
const FILLERS: usize = 2;
const ROUNDS: usize = 4;
/// The words of a table that has just got its first entry.
const WORDS_MIN: usize = 8;

/// Drawn anew in each process, so that nobody can choose keys that fall on each other; one for all, so that a key may be hashed
/// before there is a table for it.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// Numbers found by the hash of a key and a comparison; the key itself stands elsewhere.
#[derive(Clone, Debug)]
pub struct Entries {
    hasher: RandomState,
    tables: Vec<Table>,
    count: usize,
}

/// A key's hash in one process, so that a key that is looked for more than once is hashed once.
#[derive(Clone, Copy, Debug)]
pub struct Hashed(u64);

impl Hashed {
    /// The hash of a key.
    pub fn of<K: Hash>(key: &K) -> Self {
        Self(SEED.hash_one(key))
    }
}

/// The words of a table: nothing, or a tag and an entry.
#[derive(Clone, Debug, Default)]
struct Table {
    words: Vec<Word>,
    used: usize,
}

/// Zero, or a tag, which is never zero, above an entry.
type Word = u64;

impl Default for Entries {
    fn default() -> Self {
        let tables = std::iter::repeat_with(Table::default).take(TABLES).collect();
        Self { hasher: SEED.clone(), tables, count: 0 }
    }
}

impl Entries {
    /// The hash of a key.
    pub fn hashed<K: Hash>(&self, key: &K) -> Hashed {
        Hashed(self.hasher.hash_one(key))
    }

    /// The entry for `key`; `same` tells whether an entry is the one.
    pub fn get<K: Hash>(&self, key: &K, same: impl FnMut(u32) -> bool) -> Option<u32> {
        self.get_hashed(self.hashed(key), same)
    }

    /// The entry for a key of this hash.
    pub fn get_hashed(&self, hashed: Hashed, same: impl FnMut(u32) -> bool) -> Option<u32> {
        let (table, tag) = parts(hashed);
        let table = &self.tables[table];
        table.find(tag, same).map(|place| entry(table.words[place]))
    }

    /// The entry for a key of this hash, or for another key in one case of billions: no key is looked at.
    pub fn likely(&self, hashed: Hashed) -> Option<u32> {
        self.get_hashed(hashed, |_| true)
    }

    /// Reads the word where the look for this hash begins, so that it is near afterwards.
    pub fn glance(&self, hashed: Hashed) -> u64 {
        let (table, tag) = parts(hashed);
        let words = &self.tables[table].words;
        words.get(home(tag, words.len())).copied().unwrap_or_default()
    }

    /// Adds the entry for a key that must be new; `key_of` gives the key of any entry.
    pub fn insert<K: Hash + Eq>(&mut self, key: K, entry: u32, key_of: impl Fn(u32) -> K) {
        self.insert_hashed(self.hashed(&key), key, entry, key_of);
    }

    /// The same with the key's hash.
    pub fn insert_hashed<K: Eq>(&mut self, hashed: Hashed, key: K, entry: u32, key_of: impl Fn(u32) -> K) {
        let (table, tag) = parts(hashed);
        let new = self.tables[table].insert(tag, entry, |other| key_of(other) == key);
        assert!(new, "an id is given once");
        self.count += 1;
    }

    /// All entries at once, each with the hash of its key; none if two of them have the same key, which `same` tells.
    ///
    /// One after the other, each of ten million would wait for memory. So they are sorted by their tables first: a table
    /// fits the processor's cache while it is filled. Threads share nothing, since each has tables of its own. A key is looked at only
    /// where two look alike.
    pub fn of(entries: impl Iterator<Item = (Hashed, u32)> + Clone + Send, same: impl Fn(u32, u32) -> bool + Sync) -> Option<Self> {
        let mut all = Self::default();
        let Self { tables, count, .. } = &mut all;
        let same = &same;
        let share = TABLES / (FILLERS * ROUNDS);
        let counted: Option<Vec<usize>> = std::thread::scope(|scope| {
            let fillers: Vec<_> = (0..)
                .zip(tables.chunks_mut(share * ROUNDS))
                .map(|(filler, tables)| {
                    let entries = entries.clone();
                    scope.spawn(move || {
                        let rounds = (filler * ROUNDS..).zip(tables.chunks_mut(share));
                        rounds.map(|(round, tables)| fill(tables, round * share, entries.clone(), same)).sum()
                    })
                })
                .collect();
            fillers.into_iter().map(|filler| filler.join().expect("nothing panics while it fills a table")).collect()
        });
        *count = counted?.into_iter().sum();
        Some(all)
    }

    /// Forgets the entry for `key`.
    pub fn remove<K: Hash>(&mut self, key: &K, same: impl FnMut(u32) -> bool) -> Option<u32> {
        let (table, tag) = parts(self.hashed(key));
        let table = &mut self.tables[table];
        let place = table.find(tag, same)?;
        let removed = entry(table.words[place]);
        table.remove(place);
        self.count -= 1;
        Some(removed)
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

impl Table {
    /// Where the entry of a tag stands.
    fn find(&self, tag: u32, mut same: impl FnMut(u32) -> bool) -> Option<usize> {
        let words = &self.words[..];
        let mut place = home(tag, words.len());
        loop {
            // A table is never full, but it may have no words at all.
            let word = *words.get(place)?;
            if word == 0 {
                return None;
            }
            if tag_of(word) == tag && same(entry(word)) {
                return Some(place);
            }
            place = after(place, words.len());
        }
    }

    /// Adds an entry, unless it is there already.
    fn insert(&mut self, tag: u32, entry: u32, same: impl FnMut(u32) -> bool) -> bool {
        // At most seven of ten words are used, so a look for what is not there ends soon.
        if (self.used + 1) * 10 > self.words.len() * 7 {
            self.grow((self.words.len() * 3 / 2).max(WORDS_MIN));
        }
        if self.find(tag, same).is_some() {
            return false;
        }
        self.put(u64::from(tag) << 32 | u64::from(entry));
        self.used += 1;
        true
    }

    /// Puts a word into the first free place from its own on.
    fn put(&mut self, word: Word) {
        let mut place = home(tag_of(word), self.words.len());
        while self.words[place] != 0 {
            place = after(place, self.words.len());
        }
        self.words[place] = word;
    }

    fn grow(&mut self, words: usize) {
        let smaller = std::mem::replace(&mut self.words, vec![0; words]);
        smaller.into_iter().filter(|word| *word != 0).for_each(|word| self.put(word));
    }

    /// Frees a place. Each word behind it moves there if the look for it passes that place, and leaves its own to the next.
    fn remove(&mut self, mut free: usize) {
        let count = self.words.len();
        let distance = |from: usize, to: usize| if to >= from { to - from } else { to + count - from };
        let mut place = after(free, count);
        while self.words[place] != 0 {
            let word = self.words[place];
            if distance(home(tag_of(word), count), place) >= distance(free, place) {
                self.words[free] = word;
                free = place;
            }
            place = after(place, count);
        }
        self.words[free] = 0;
        self.used -= 1;
    }
}

/// Fills some of the tables, of which the first has the number `from`; how many entries they got, or none at a second
/// one for a key.
fn fill(
    tables: &mut [Table],
    from: usize,
    entries: impl Iterator<Item = (Hashed, u32)>,
    same: &impl Fn(u32, u32) -> bool,
) -> Option<usize> {
    let mut sorted: Vec<Vec<(u32, u32)>> = tables.iter().map(|_| Vec::new()).collect();
    for (hashed, entry) in entries {
        let (table, tag) = parts(hashed);
        if let Some(ours) = table.checked_sub(from).and_then(|place| sorted.get_mut(place)) {
            ours.push((tag, entry));
        }
    }
    let mut count = 0;
    for (table, entries) in tables.iter_mut().zip(sorted) {
        count += entries.len();
        // Six of ten words are used: as full as tables are that grow by themselves, on average, and with room for what comes next.
        table.grow((entries.len() * 5 / 3).max(WORDS_MIN));
        for (tag, entry) in entries {
            if !table.insert(tag, entry, |known| same(known, entry)) {
                return None;
            }
        }
    }
    Some(count)
}

/// What of a hash chooses the table, and what the table itself goes by.
fn parts(Hashed(hash): Hashed) -> (usize, u32) {
    let table = usize::try_from((hash >> 40) & 0xffff).expect("16 bits fit a usize") % TABLES;
    (table, low(hash).max(1))
}

/// The place of so many where the look for a tag begins: as far along as the tag is among all tags.
fn home(tag: u32, words: usize) -> usize {
    let words = u64::try_from(words).expect("a usize fits a u64");
    usize::try_from((u64::from(tag) * words) >> 32).expect("it is less than how many words there are")
}

/// The next place, and behind the last one the first.
const fn after(place: usize, words: usize) -> usize {
    if place + 1 == words { 0 } else { place + 1 }
}

fn tag_of(word: Word) -> u32 {
    low(word >> 32)
}

fn entry(word: Word) -> u32 {
    low(word)
}

fn low(word: u64) -> u32 {
    u32::try_from(word & 0xffff_ffff).expect("32 bits fit a u32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn entries_are_found_by_their_keys_until_they_are_forgotten() {
        // The entries are places in a list that has the keys.
        let keys: Vec<u64> = (0..20_000).map(|number| number * 7).collect();
        let mut entries = Entries::default();
        let key_of = |place: u32| keys[usize::try_from(place).unwrap()];
        for (place, key) in (0..).zip(&keys) {
            assert_eq!(entries.get(key, |entry| key_of(entry) == *key), None);
            entries.insert(*key, place, key_of);
        }
        assert_eq!(entries.len(), keys.len());
        let hashed = |last: u32| (0..last).map(|place| (Hashed::of(&key_of(place % 19_999)), place));
        let same = |one: u32, other: u32| key_of(one % 19_999) == key_of(other % 19_999);
        let mut at_once = Entries::of(hashed(19_999), same).unwrap();
        at_once.insert(keys[19_999], 19_999, key_of);
        assert_eq!(at_once.len(), keys.len());
        for entries in [&entries, &at_once] {
            for (place, key) in (0..).zip(&keys) {
                assert_eq!(entries.get(key, |entry| key_of(entry) == *key), Some(place));
                assert_ne!(entries.glance(entries.hashed(key)), 0, "a look begins where something is");
            }
        }
        assert!(Entries::of(hashed(20_000), same).is_none(), "the last has the key of the first");
        assert_eq!(entries.remove(&7, |entry| key_of(entry) == 7), Some(1));
        assert_eq!(entries.remove(&7, |entry| key_of(entry) == 7), None);
        assert_eq!(entries.len(), keys.len() - 1);
        assert!(!entries.is_empty());
    }

    #[test]
    #[should_panic(expected = "an id is given once")]
    fn a_key_is_given_once() {
        let mut entries = Entries::default();
        entries.insert(1u64, 1, u64::from);
        entries.insert(1u64, 1, u64::from);
    }

    proptest! {
        // Tags that crowd at either end of a table, so that looks pass its end and removals move what stands behind.
        #[test]
        fn a_table_holds_what_was_put_and_not_removed(
            steps in prop::collection::vec((any::<bool>(), prop_oneof![1..4u32, Just(1 << 31), u32::MAX - 3..=u32::MAX], 0..6u32), 0..200)
        ) {
            let (mut table, mut model) = (Table::default(), BTreeMap::new());
            for (add, tag, entry) in steps {
                // A tag stands for several keys, each of which has one entry.
                if add {
                    let new = table.insert(tag, entry, |other| other == entry);
                    prop_assert_eq!(new, model.insert((tag, entry), ()).is_none());
                } else {
                    let place = table.find(tag, |other| other == entry);
                    prop_assert_eq!(place.is_some(), model.remove(&(tag, entry)).is_some());
                    place.into_iter().for_each(|place| table.remove(place));
                }
                prop_assert_eq!(table.used, model.len());
                for (tag, entry) in model.keys() {
                    prop_assert!(table.find(*tag, |other| other == *entry).is_some());
                }
                prop_assert_eq!(table.words.iter().filter(|word| **word != 0).count(), model.len());
            }
        }
    }
}
