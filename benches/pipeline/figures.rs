//! Figures: the runs of a measurement, their median and spread; as a table for people, as a file for machines.

use crate::Extent;
use anyhow::Context;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// Something measured a few times.
pub(crate) struct Figure {
    key: &'static str,
    unit: &'static str,
    what: &'static str,
    runs: Vec<f64>,
}

impl Figure {
    pub(crate) const fn new(key: &'static str, unit: &'static str, what: &'static str) -> Self {
        Self { key, unit, what, runs: Vec::new() }
    }

    pub(crate) fn add(&mut self, run: f64) {
        self.runs.push(run);
    }

    pub(crate) const fn key(&self) -> &'static str {
        self.key
    }

    pub(crate) fn median(&self) -> f64 {
        self.spread()[0]
    }

    /// Median, lowest, highest; of an even number of runs the lower one of the two in the middle.
    fn spread(&self) -> [f64; 3] {
        let mut sorted = self.runs.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        [(sorted.len() - 1) / 2, 0, sorted.len() - 1].map(|rank| sorted[rank])
    }
}

/// Where everything that a bench leaves behind lies: in the checkout, and not in git.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from("target/bench")
}

/// The page.
pub(crate) fn table(figures: &[Figure], machine: &Map<String, Value>) -> String {
    let mut page = String::from("\n");
    let width = machine.keys().map(String::len).max().unwrap_or_default();
    for (name, value) in machine {
        let shown = match value {
            Value::String(text) => text.clone(),
            Value::Object(settings) => {
                settings.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" ")
            }
            other => other.to_string(),
        };
        let _ = writeln!(page, "  {name:<width$}  {shown}");
    }
    let _ = writeln!(page, "\n  {:<28}{:>10}{:>10}{:>10}  unit", "figure", "median", "lowest", "highest");
    for figure in figures {
        let [median, lowest, highest] = figure.spread().map(shown);
        let line = format!("  {:<28}{median:>10}{lowest:>10}{highest:>10}  {:<12}{}", figure.key, figure.unit, figure.what);
        let _ = writeln!(page, "{}", line.trim_end());
    }
    page
}

/// Writes `summary.json`: each key with its median, and `_meta` with everything else.
pub(crate) fn write(figures: &[Figure], machine: Map<String, Value>, extent: Extent) -> anyhow::Result<PathBuf> {
    let mut meta = machine;
    let per_figure = |of: fn(&Figure) -> Value| Value::Object(figures.iter().map(|figure| (figure.key.to_owned(), of(figure))).collect());
    meta.insert("commands".to_owned(), json!(extent.commands));
    meta.insert("commands_of_views".to_owned(), json!(extent.views()));
    meta.insert("seconds".to_owned(), json!(extent.time.as_secs()));
    meta.insert("pins".to_owned(), json!(extent.pins));
    if figures.iter().any(|figure| figure.key == "flatness") {
        meta.insert("history".to_owned(), json!(extent.history));
    }
    meta.insert("accounts_at_scale".to_owned(), json!(extent.pins / 10));
    meta.insert("runs".to_owned(), json!(extent.runs));
    meta.insert("units".to_owned(), per_figure(|figure| json!(figure.unit)));
    meta.insert(
        "spread".to_owned(),
        per_figure(|figure| {
            let [_, lowest, highest] = figure.spread().map(rounded);
            json!({"lowest": lowest, "highest": highest, "runs": figure.runs.iter().copied().map(rounded).collect::<Vec<_>>()})
        }),
    );
    let mut summary: Map<String, Value> = figures.iter().map(|figure| (figure.key.to_owned(), json!(rounded(figure.median())))).collect();
    summary.insert("_meta".to_owned(), Value::Object(meta));
    let file = folder().join("summary.json");
    std::fs::create_dir_all(folder()).with_context(|| format!("can't make {}", folder().display()))?;
    std::fs::write(&file, serde_json::to_string_pretty(&summary)? + "\n").with_context(|| format!("can't write {}", file.display()))?;
    Ok(file)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// To what a machine repeats: a thousand and more without decimals, less than ten with two, the rest with one.
fn rounded(value: f64) -> f64 {
    let scale = [1.0, 10.0, 100.0][decimals(value)];
    (value * scale).round() / scale
}

const fn decimals(value: f64) -> usize {
    if value < 10.0 {
        2
    } else if value < 1_000.0 {
        1
    } else {
        0
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a figure is positive, and shown to the whole number")]
fn shown(value: f64) -> String {
    if value >= 1_000.0 { grouped(value.round() as u64) } else { format!("{value:.*}", decimals(value)) }
}

/// 1234567 as `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

pub(crate) fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-6)
}
