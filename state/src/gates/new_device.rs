//! R15: a high amount from a device on which the customer is new, or soon after what proves who they are was new.

use super::{Active, Found, Look};
use schemas::context::KeyKind;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// `amount_minor` on a device that is new, or `amount_after_reset_minor`; `new_hours`, `reset_hours`, `action`, `when_absent`.
pub(super) fn find(gate: &Active, look: &Look<'_>) -> Option<Found> {
    let within = |since: u64, hours: i64| i64::try_from(look.epoch - since).is_ok_and(|age_ms| age_ms < hours * HOUR_MS);
    let device = look.context.and_then(|context| context.device.as_ref());
    let is_new = match device {
        Some(_) => look.device_since.is_none_or(|since| within(since, gate.values[2])),
        None => gate.values[5] == 1,
    };
    let found = |parameter, key| Found { parameter, value: look.amount_minor, window_ms: None, key };
    if is_new && look.amount_minor >= gate.values[0] {
        return Some(found(0, Some(KeyKind::Device)));
    }
    let is_reset = look.reset.is_some_and(|reset| within(reset, gate.values[3]));
    (is_reset && look.amount_minor >= gate.values[1]).then(|| found(1, Some(KeyKind::Customer)))
}
