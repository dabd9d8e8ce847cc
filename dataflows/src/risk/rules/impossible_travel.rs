//! R16: two places too far apart for the time between. Who paid from a place that cannot be reached from where they paid before?
//!
//! ```sql
//! select customer, place.moment, distance_km, speed_kmh
//! from (select *, lag(place) over (partition by customer order by moment) as before from place) step
//! where at - window < moment and moment <= at and moment - before.moment <= window
//! ```
//!
//! A place is that of the context of a payment (`transaction.assessed.v1`), also of one that was refused: somebody was there. It counts from its epoch,
//! so none comes late, and what is given back was asked for nevertheless. Merchants and agents pay from many places and are left out. A step is looked at
//! once, when the second place comes. Kilometres, and kilometres an hour, are rounded down; a time of less than a second counts as one.

use crate::risk::distance::metres;
use crate::risk::rules::{Also, Reading, Rule, hours_ms};
use schemas::TransactionId;
use schemas::aml::RuleId;

pub(super) const RULE: Rule = Rule {
    id: RuleId::ImpossibleTravel,
    concerns: |_, _, _| {},
    measure: |graph, key, at, shape| {
        let window_ms = hours_ms(shape[0]);
        let Some((before, place, is_capped)) = graph.beside.places.step(key.node(), key.which) else { return Reading::default() };
        let (since_ms, over) = (place.moment.0 - before.moment.0, place.moment.0 + window_ms);
        if since_ms > window_ms || over <= at {
            return Reading::default();
        }
        let metres = metres(before.degrees, place.degrees);
        let hour_ms = i64::try_from(super::HOUR_MS).expect("an hour is short");
        let since_ms = i64::try_from(since_ms).expect("a window is short").max(1_000);
        let speed_kmh = metres * (hour_ms / 1_000) / since_ms;
        let of = [before, place].into_iter().filter_map(|place| Some(TransactionId::mint(place.moment.0, place.transaction?)));
        Reading {
            rows: vec![(0, [metres / 1_000, speed_kmh, 0, 0])],
            again: Some(over),
            also: Also { transactions: of.collect() },
            is_capped,
            ..Reading::default()
        }
    },
    reach_ms: |_| 0,
    window_ms: |shape| hours_ms(shape[0]),
};

#[cfg(test)]
mod tests;
