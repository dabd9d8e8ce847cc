//! Prometheus text, read back.

use anyhow::{Context, ensure};
use std::collections::BTreeMap;

/// What one process showed.
pub(crate) struct Scrape {
    pub(super) text: String,
    series: Vec<Series>,
}

struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Scrape {
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let series = lines.map(|line| series(line).with_context(|| line.to_owned())).collect::<anyhow::Result<_>>()?;
        Ok(Self { text: text.to_owned(), series })
    }

    /// All series of a name together; zero without any.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.named(name).map(|series| series.value).sum()
    }

    /// Those of a name together that have these labels.
    pub(crate) fn sum_of(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.named(name).filter(|series| series.is(labels)).map(|series| series.value).sum()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// The first series of a name that has these labels.
    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.named(name).find(|series| series.is(labels)).map(|series| series.value)
    }

    /// Every series is one that stands in the list, with the labels that it has there.
    pub(super) fn is_registered(&self) -> anyhow::Result<()> {
        for Series { name, labels, .. } in &self.series {
            let labels: Vec<&str> = labels.keys().map(String::as_str).collect();
            let known = super::promql::labels(name).with_context(|| format!("{name} is not in the list"))?;
            ensure!(labels.iter().all(|label| known.contains(*label)), "{name} has the labels {labels:?}, and {known:?} are in the list");
        }
        Ok(())
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(move |series| series.name == name)
    }
}

impl Series {
    fn is(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(label, value)| self.labels.get(*label).is_some_and(|found| found == value))
    }
}

/// `name{label="value",...} number`. No value of ours has a quote in it.
fn series(line: &str) -> anyhow::Result<Series> {
    let (series, value) = line.rsplit_once(' ').context("no value")?;
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let pairs = labels.strip_suffix('}').context("no end of the labels")?.split("\",").filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (label, value) = pair.split_once("=\"").context("no label")?;
        Ok((label.to_owned(), value.trim_end_matches('"').to_owned()))
    };
    Ok(Series { name: name.to_owned(), labels: pairs.map(pair).collect::<anyhow::Result<_>>()?, value: value.parse()? })
}
