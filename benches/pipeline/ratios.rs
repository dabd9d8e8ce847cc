//! How this bank compares with its peer: figures that are made of others, where those were measured.

use crate::figures::Figure;

/// What it is called, what is divided by what.
const RATIOS: [(&str, &str, &str, &str); 3] = [
    ("events_ratio_to_postgres", "drain_events_per_s", "postgres_ledger_per_s", "events of a backlog, to calls of the peer"),
    ("views_ratio_to_postgres", "drain_views_per_s", "postgres_ledger_per_s", "payments of a backlog in Postgres, to calls of the peer"),
    ("batch_ratio_to_postgres", "batch_events_per_s", "postgres_ledger_batch_per_s", "events of batches, to calls of fifty"),
];

/// The medians' ratios.
pub(crate) fn of(figures: &[Figure]) -> Vec<Figure> {
    let median = |key: &str| figures.iter().find(|figure| figure.key() == key).map(Figure::median);
    let ratio = |(key, over, under, what)| {
        let mut figure = Figure::new(key, "times", what);
        figure.add(median(over)? / median(under)?);
        Some(figure)
    };
    RATIOS.into_iter().filter_map(ratio).collect()
}
