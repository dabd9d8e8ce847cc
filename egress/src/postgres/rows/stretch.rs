//! The stretches of time in which an epoch is counted, as the tables of sums name them.

use schemas::Span;

/// The span of the row that is the sum of all.
const EVER: &str = "ever";

/// The minute, the hour and the day of an epoch: each one's span and beginning.
pub(super) fn stretches(epoch: i64) -> impl Iterator<Item = (&'static str, i64)> {
    Span::ALL.iter().map(move |span| {
        let width = i64::try_from(span.width_ms()).expect("a day has fewer milliseconds than an i64 holds");
        (span.as_str(), epoch / width * width)
    })
}

/// The same, and all of time.
pub(super) fn stretches_and_ever(epoch: i64) -> impl Iterator<Item = (&'static str, i64)> {
    stretches(epoch).chain([(EVER, 0)])
}
