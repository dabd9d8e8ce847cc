//! R23: an account that moves much as soon as it is open.

use super::{Active, Found, Look, place};
use crate::attempts::window::WINDOWS_MS;
use schemas::context::KeyKind;

/// The window of a day.
const DAY: usize = 2;

/// `attempts_24h`, or `amount_24h_minor`; `new_hours`.
pub(super) fn find(gate: &Active, look: &Look<'_>) -> Option<Found> {
    let opened = look.payer.id.epoch()?;
    let is_new = i64::try_from(look.epoch - opened).is_ok_and(|age_ms| age_ms < gate.values[2] * 3_600_000);
    let measured = look.measured[place(KeyKind::Account)]?;
    let values = [measured.counts[DAY], measured.sums_minor[DAY]];
    let reached = values.iter().zip(&gate.values).position(|(value, threshold)| value >= threshold);
    let found =
        |parameter: usize| Found { parameter, value: values[parameter], window_ms: Some(WINDOWS_MS[DAY]), key: Some(KeyKind::Account) };
    reached.filter(|_| is_new).map(found)
}
