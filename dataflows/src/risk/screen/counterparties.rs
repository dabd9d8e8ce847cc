//! Who pays or is paid outside of the bank, by what a payment's context says of them.
//!
//! In: names, as payments say them. Out: who is new, who is forgotten, and who has a key that a list touches. Never: a name that no
//! payment has said for [`SEEN_MS`], or more than [`COUNTERPARTIES_MAX`] of them: whoever was not seen for longest is forgotten first.
//!
//! A counterparty is of a customer, by the name and the country: so what is said of one never changes, but for capitals and spaces, which
//! nobody compares. One takes the bytes of the name, some 250 more, and eight for each key, of which a name has 40 or so: 600 bytes, and 300 MB for
//! all that there may be. Keys are worked out when a list first asks for them.

use super::names::{half, keys_of};
use schemas::{CounterpartyDigest, CustomerId, Epoch, TransactionId};
use std::collections::{BTreeMap, BTreeSet};

/// For how long one is known after the last payment: 30 days.
pub(crate) const SEEN_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// Most counterparties of all customers together.
const COUNTERPARTIES_MAX: usize = 500_000;

/// Places of keys that may be vacant before all keys are worked out anew.
const VACANT_MAX: usize = 1_024;

/// Of which customer, and which.
pub(crate) type Counterparty = (CustomerId, CounterpartyDigest);

/// What is known of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// As it was said first.
    pub(crate) name: String,
    pub(crate) country: Option<String>,
    /// When it was said last.
    pub(crate) seen: Epoch,
    /// With which transaction, where one came of it.
    pub(crate) transaction: Option<TransactionId>,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Counterparties {
    rows: BTreeMap<Counterparty, Known>,
    /// The same, by when they were seen last.
    seen: BTreeSet<(Epoch, Counterparty)>,
    /// Half a key and a place, sorted when it is asked. What is forgotten keeps its place until all is worked out anew.
    keys: Vec<(u32, u32)>,
    places: Vec<Counterparty>,
    /// Whose keys were not worked out yet.
    unkeyed: Vec<Counterparty>,
    /// It is another one in tests alone.
    most: usize,
}

impl Default for Counterparties {
    fn default() -> Self {
        let (rows, seen) = (BTreeMap::new(), BTreeSet::new());
        Self { rows, seen, keys: Vec::new(), places: Vec::new(), unkeyed: Vec::new(), most: COUNTERPARTIES_MAX }
    }
}

impl Counterparties {
    /// Says that a payment named one; whether it is new.
    pub(crate) fn see(&mut self, of: Counterparty, known: Known) -> bool {
        self.seen.insert((known.seen, of));
        if let Some(row) = self.rows.get_mut(&of) {
            let before = std::mem::replace(&mut row.seen, known.seen);
            row.transaction = known.transaction.or(row.transaction);
            if before != known.seen {
                self.seen.remove(&(before, of));
            }
            return false;
        }
        self.rows.insert(of, known);
        self.unkeyed.push(of);
        true
    }

    /// Forgets whoever was not seen for too long, and whoever there is no room for.
    pub(crate) fn forget(&mut self, now: Epoch) -> Vec<Counterparty> {
        let mut forgotten = Vec::new();
        while let Some((seen, of)) = self.seen.first().copied() {
            if seen + SEEN_MS > now && self.rows.len() <= self.most {
                break;
            }
            self.seen.remove(&(seen, of));
            self.rows.remove(&of);
            forgotten.push(of);
        }
        forgotten
    }

    pub(crate) fn get(&self, of: &Counterparty) -> Option<&Known> {
        self.rows.get(of)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Counterparty, &Known)> {
        self.rows.iter()
    }

    /// Who has one of these keys. The work grows with the keys, and with the names that have come since it was asked last.
    pub(crate) fn touched(&mut self, keys: &[u64]) -> BTreeSet<Counterparty> {
        if self.places.len() + self.unkeyed.len() > 2 * self.rows.len() + VACANT_MAX {
            (self.keys, self.places) = (Vec::new(), Vec::new());
            self.unkeyed = self.rows.keys().copied().collect();
        }
        for of in std::mem::take(&mut self.unkeyed) {
            let Some(known) = self.rows.get(&of) else { continue };
            let place = u32::try_from(self.places.len()).expect("there are fewer than a u32 counts");
            self.places.push(of);
            self.keys.extend(keys_of(&known.name, place));
        }
        self.keys.sort();
        let at = |key: u32| {
            let start = self.keys.partition_point(|(other, _)| *other < key);
            self.keys[start..].iter().take_while(move |(other, _)| *other == key).map(|(_, place)| *place)
        };
        let of = |place: u32| self.places[usize::try_from(place).expect("a u32 fits a usize")];
        keys.iter().flat_map(|key| at(half(*key))).map(of).filter(|of| self.rows.contains_key(of)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str, seen: Epoch) -> Known {
        Known { name: name.to_owned(), country: None, seen, transaction: None }
    }

    fn of(customer: u32, name: &str) -> Counterparty {
        (CustomerId::mint(1, customer), CounterpartyDigest::of(name, None))
    }

    #[test]
    fn who_was_not_seen_for_longest_is_forgotten_first() {
        let mut all = Counterparties { most: 2, ..Counterparties::default() };
        for (name, at) in [("Awa Sow", 1), ("Serge Fotso", 2), ("Awa Sow", 3), ("Joseph Konyema", 4)] {
            all.see(of(1, name), known(name, at));
        }
        assert_eq!(all.forget(4), [of(1, "Serge Fotso")]);
        assert_eq!(all.forget(3 + SEEN_MS - 1), []);
        assert_eq!(all.forget(3 + SEEN_MS), [of(1, "Awa Sow")]);
        assert_eq!((all.len(), all.get(&of(1, "Joseph Konyema"))), (1, Some(&known("Joseph Konyema", 4))));
        assert!(all.see(of(1, "Awa Sow"), known("Awa Sow", 9)), "it is new again");
    }

    /// Places of those who are forgotten are not kept for ever, and touch nobody.
    #[test]
    fn what_is_forgotten_leaves_no_keys() {
        let keys = screening::index::keys("Serge Fotso");
        let mut all = Counterparties { most: 1, ..Counterparties::default() };
        for at in 1..5_000u32 {
            let name = format!("Serge Fotso {}", if at % 2 == 0 { "Awa" } else { "Ali" });
            all.see(of(at, &name), known(&name, at.into()));
            all.forget(at.into());
            assert_eq!(all.touched(&keys), BTreeSet::from([of(at, &name)]));
            assert!(all.places.len() <= VACANT_MAX + 3, "{}", all.places.len());
        }
    }
}
