//! R01 and R02: attempts within a time, and their sum, by each of the keys of a payment; and failures to prove who one is.
//!
//! The thresholds stand as the catalogue has them: of each kind of key, of each window; behind them of R01 those of failures, of the
//! customer and of the device, in the first two windows.

use super::{Active, Found, KINDS, Look, place};
use crate::attempts::window::{WINDOWS, WINDOWS_MS};
use schemas::context::KeyKind;

/// The first parameter of failures.
const FAILURES: usize = KINDS * WINDOWS;

/// How many windows look at failures.
const FAILURE_WINDOWS: usize = 2;

/// R01.
pub(super) fn count(gate: &Active, look: &Look<'_>) -> Option<Found> {
    let attempts = find(gate, look, |look, kind, window| look.measured[place(kind)].map(|measured| measured.counts[window]));
    attempts.or_else(|| failures(gate, look))
}

/// R02.
pub(super) fn amount(gate: &Active, look: &Look<'_>) -> Option<Found> {
    find(gate, look, |look, kind, window| look.measured[place(kind)].map(|measured| measured.sums_minor[window]))
}

fn find(gate: &Active, look: &Look<'_>, measure: fn(&Look<'_>, KeyKind, usize) -> Option<i64>) -> Option<Found> {
    let places = KeyKind::ALL.iter().flat_map(|kind| (0..WINDOWS).map(move |window| (*kind, window)));
    places.enumerate().find_map(|(parameter, (kind, window))| {
        let value = measure(look, kind, window)?;
        reached(gate, parameter, value, window, kind)
    })
}

fn failures(gate: &Active, look: &Look<'_>) -> Option<Found> {
    let places = [KeyKind::Customer, KeyKind::Device].into_iter().flat_map(|kind| (0..FAILURE_WINDOWS).map(move |window| (kind, window)));
    (FAILURES..).zip(places).find_map(|(parameter, (kind, window))| {
        let value = look.measured[place(kind)]?.failures[window];
        reached(gate, parameter, value, window, kind)
    })
}

fn reached(gate: &Active, parameter: usize, value: i64, window: usize, kind: KeyKind) -> Option<Found> {
    let found = Found { parameter, value, window_ms: Some(WINDOWS_MS[window]), key: Some(kind) };
    (value >= gate.values[parameter]).then_some(found)
}
