//! R14: an account that pays after a long rest.
//!
//! It rests since the day of its last payment, in or out, or since the day on which it was opened.

use super::{Active, Found, Look};
use crate::calendar::day;

/// `rested_days`, `amount_minor`: both.
pub(super) fn find(gate: &Active, look: &Look<'_>) -> Option<Found> {
    let rested = i64::from(day(look.epoch).saturating_sub(look.active_day));
    let reached = rested >= gate.values[0] && look.amount_minor >= gate.values[1];
    reached.then_some(Found { parameter: 0, value: rested, window_ms: None, key: None })
}
