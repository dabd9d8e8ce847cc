//! Customers by name, and by the keys under which names are alike.
//!
//! A customer takes the bytes of the name, some 100 more, and eight for each key, of which a name has 40 or so: half a kilobyte in all.
//! Keys are worked out when a list first asks for them, so that a start, or a bank without lists, does not wait for them.

use schemas::CustomerId;
use std::collections::{BTreeMap, BTreeSet};

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: CustomerId,
    pub(crate) name: String,
    pub(crate) country: Option<String>,
    /// The day, as 1971-03-25.
    pub(crate) born: Option<String>,
}

/// All customers, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Names {
    rows: Vec<Named>,
    places: BTreeMap<CustomerId, u32>,
    /// Half a key and a place, sorted when it is asked; where a name was another one, its keys stay, and touch one too many.
    keys: Vec<(u32, u32)>,
    /// How many of the rows have their keys.
    keyed: usize,
}

impl Names {
    /// Names a customer, whether new or not; the place, if that is not what is known.
    pub(crate) fn name(&mut self, named: Named) -> Option<u32> {
        let Some(place) = self.place(named.id) else {
            let place = u32::try_from(self.rows.len()).expect("a bank has fewer customers than a u32 counts");
            self.places.insert(named.id, place);
            self.rows.push(named);
            return Some(place);
        };
        let row = &mut self.rows[index(place)];
        if *row == named {
            return None;
        }
        *row = named;
        if index(place) < self.keyed {
            self.keys.extend(keys_of(&self.rows[index(place)].name, place));
        }
        Some(place)
    }

    pub(crate) fn place(&self, id: CustomerId) -> Option<u32> {
        self.places.get(&id).copied()
    }

    pub(crate) fn named(&self, place: u32) -> &Named {
        &self.rows[index(place)]
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn rows(&self) -> &[Named] {
        &self.rows
    }

    /// Who has one of these keys. The work grows with the keys, and with the names that have come since it was asked last.
    pub(crate) fn touched(&mut self, keys: &[u64]) -> BTreeSet<u32> {
        for (place, row) in (0..).zip(&self.rows).skip(self.keyed) {
            self.keys.extend(keys_of(&row.name, place));
        }
        self.keyed = self.rows.len();
        // It knows what is in order already, and merges.
        self.keys.sort();
        let of = |key: u32| {
            let start = self.keys.partition_point(|(other, _)| *other < key);
            self.keys[start..].iter().take_while(move |(other, _)| *other == key).map(|(_, place)| *place)
        };
        keys.iter().flat_map(|key| of(half(*key))).collect()
    }
}

pub(super) fn keys_of(name: &str, place: u32) -> impl Iterator<Item = (u32, u32)> {
    screening::index::keys(name).into_iter().map(move |key| (half(key), place))
}

/// The upper half: names that share no more than that are touched in vain.
pub(super) fn half(key: u64) -> u32 {
    u32::try_from(key >> 32).expect("half of a u64 is a u32")
}

fn index(place: u32) -> usize {
    usize::try_from(place).expect("a u32 fits a usize")
}
