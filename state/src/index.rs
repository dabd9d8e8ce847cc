//! Look-up by id. Nothing can iterate it, so the order of a hash map can't leak into a decision.

#[allow(clippy::disallowed_types, reason = "this is the wrapper that makes a hash map safe here")]
use std::collections::HashMap;
use std::hash::Hash;

/// From an id to a value; it only ever answers for one id.
#[derive(Clone, Debug)]
pub struct Index<K, V> {
    #[allow(clippy::disallowed_types, reason = "never iterated")]
    entries: HashMap<K, V>,
}

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Self { entries: Default::default() }
    }
}

impl<K: Eq + Hash, V> Index<K, V> {
    /// The value of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// Whether `key` is known.
    pub fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// Adds a key that must be new.
    pub fn insert(&mut self, key: K, value: V) {
        let previous = self.entries.insert(key, value);
        assert!(previous.is_none(), "an id is given once");
    }

    /// Forgets a key.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key)
    }

    /// How many keys are known.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
