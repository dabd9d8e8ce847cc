//! `at_200`: what a client waits for at 200 payments a second, which come when they are due, whatever was answered.
//!
//! `orion load` drives the whole house through its door, measures, and checks the books afterwards.

use crate::Extent;
use crate::bank::Bank;
use crate::figures::Figure;
use crate::services::Services;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::process::Stdio;

const RATE: &str = "200";
const PAYMENTS: &str = "3000";

/// What the load's report calls it, what the summary does, and what it is.
const LATENCIES: [(&str, &str, &str, &str); 9] = [
    ("api_ms", "p50", "api_p50_ms_at_200", "from due to the final answer"),
    ("api_ms", "p95", "api_p95_ms_at_200", ""),
    ("api_ms", "p99", "api_p99_ms_at_200", ""),
    ("event_ms", "p50", "event_p50_ms_at_200", "from due to the settled event"),
    ("event_ms", "p95", "event_p95_ms_at_200", ""),
    ("event_ms", "p99", "event_p99_ms_at_200", ""),
    ("view_ms", "p50", "view_p50_ms_at_200", "from due to the row in Postgres"),
    ("view_ms", "p95", "view_p95_ms_at_200", ""),
    ("view_ms", "p99", "view_p99_ms_at_200", ""),
];

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut figures = LATENCIES.map(|(_, _, key, what)| Figure::new(key, "ms", what));
    let bank = Bank::fresh(services, "at_200")?;
    let mut processes = [bank.settlement()?, bank.views()?, bank.door()?];
    for run in 1..=extent.runs {
        eprintln!("{:<24} {PAYMENTS} payments, {RATE} a second", format!("at_200 {run}/{}", extent.runs));
        let out = bank.file(&format!("load-{run}.json"));
        let mut load = bank.orion();
        load.args(["load", "--rate", RATE, "--payments", PAYMENTS, "--seed", &run.to_string(), "--out"]).arg(&out);
        let output = load.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?.wait_with_output()?;
        processes.iter_mut().try_for_each(|process| process.check())?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "orion load ended with {}:\n{said}", output.status);
        let report: Value = serde_json::from_slice(&std::fs::read(&out)?)?;
        for (figure, (part, percentile, ..)) in figures.iter_mut().zip(LATENCIES) {
            figure.add(report[part][percentile].as_f64().with_context(|| format!("{} has no {part}.{percentile}", out.display()))?);
        }
    }
    Ok(figures.into())
}
