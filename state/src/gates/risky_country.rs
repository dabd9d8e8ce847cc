//! R21: a payment that has to do with a country on the list of those of high risk.

use super::{Active, Found, Look};

/// `amount_minor`; `action`, `when_absent`.
pub(super) fn find(gate: &Active, look: &Look<'_>) -> Option<Found> {
    let is_named = look.context.is_some_and(|context| context.country.is_some());
    let is_risky = if is_named { look.is_listed } else { gate.values[2] == 1 };
    (is_risky && look.amount_minor >= gate.values[0]).then_some(Found {
        parameter: 0,
        value: look.amount_minor,
        window_ms: None,
        key: None,
    })
}
