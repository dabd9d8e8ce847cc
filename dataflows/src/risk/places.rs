//! Where customers were when they paid.
//!
//! In: places, each with its payment, in the order of epochs. Out: the places of a customer. Never: more than [`PLACES_MAX`] of one, or one from
//! before the longest window.
//!
//! A place takes 32 bytes, and 4 in its hour. Where somebody was is so from when they asked on, whatever became of the payment: nothing of it
//! comes late, and nothing is given back.

use crate::risk::distance::Degrees;
use crate::risk::graph::{HOUR_MS, Node};
use schemas::Epoch;
use std::collections::{BTreeMap, VecDeque};

/// Most places of a customer: the newest.
pub(crate) const PLACES_MAX: usize = 256;

/// The longest window that can be set: a week.
const KEPT_MS: u64 = 168 * HOUR_MS;

/// When somebody was where: the epoch and the number of the event.
pub(crate) type Moment = (Epoch, u32);

/// Where somebody was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) moment: Moment,
    pub(crate) degrees: Degrees,
    /// The number of the transaction in this epoch, where it became one.
    pub(crate) transaction: Option<u32>,
}

/// By customer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    of: BTreeMap<Node, VecDeque<Place>>,
    /// Who was somewhere within an hour.
    hours: BTreeMap<u64, Vec<Node>>,
}

impl Places {
    /// Where a customer is now. Gives whose step from one place to the next there is to look at: this one's, and that of the place that lost the one
    /// before it.
    pub(crate) fn add(&mut self, customer: Node, place: Place) -> Vec<Moment> {
        let places = self.of.entry(customer).or_default();
        let mut changed = vec![place.moment];
        if places.len() == PLACES_MAX {
            changed.extend(places.pop_front().map(|gone| gone.moment));
            changed.extend(places.front().map(|first| first.moment));
        }
        places.push_back(place);
        self.hours.entry(place.moment.0 / HOUR_MS).or_default().push(customer);
        changed
    }

    /// The place of a moment, the one before it, and whether there were more than are kept.
    pub(crate) fn step(&self, customer: Node, moment: Moment) -> Option<(Place, Place, bool)> {
        let places = self.of.get(&customer)?;
        let at = places.binary_search_by_key(&moment, |place| place.moment).ok()?;
        Some((places[at.checked_sub(1)?], places[at], places.len() == PLACES_MAX))
    }

    /// All of them, by customer, in their order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Node, Place)> + '_ {
        self.of.iter().flat_map(|(customer, places)| places.iter().map(|place| (*customer, *place)))
    }

    /// Forgets every place of the hours that no window can have.
    pub(crate) fn forget(&mut self, now: Epoch) {
        while let Some(first) = self.hours.first_entry().filter(|first| (first.key() + 1) * HOUR_MS + KEPT_MS <= now) {
            let end = (first.key() + 1) * HOUR_MS;
            for customer in first.remove() {
                if let Some(places) = self.of.get_mut(&customer) {
                    while places.front().is_some_and(|place| place.moment.0 < end) {
                        places.pop_front();
                    }
                    if places.is_empty() {
                        self.of.remove(&customer);
                    }
                }
            }
        }
    }
}
