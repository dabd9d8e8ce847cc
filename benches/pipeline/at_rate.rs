//! `at_200`, `at_2000`: what a client waits for at so many payments a second, which come when they are due, whatever was answered.
//!
//! `orion load` drives the whole house through its door, measures, and checks the books afterwards.

use crate::Extent;
use crate::bank::Bank;
use crate::figures::Figure;
use crate::services::Services;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::process::Stdio;

/// As many payments as come in fifteen seconds.
struct Rate {
    name: &'static str,
    a_second: &'static str,
    payments: &'static str,
    /// Requests at a time: more than are under way as long as the bank keeps up.
    clients: &'static str,
    /// What the load's report calls it, what the summary does, and what it is.
    latencies: [(&'static str, &'static str, &'static str, &'static str); 9],
}

macro_rules! latencies {
    ($rate:literal) => {
        [
            ("api_ms", "p50", concat!("api_p50_ms_at_", $rate), "from due to the final answer"),
            ("api_ms", "p95", concat!("api_p95_ms_at_", $rate), ""),
            ("api_ms", "p99", concat!("api_p99_ms_at_", $rate), ""),
            ("event_ms", "p50", concat!("event_p50_ms_at_", $rate), "from due to the settled event"),
            ("event_ms", "p95", concat!("event_p95_ms_at_", $rate), ""),
            ("event_ms", "p99", concat!("event_p99_ms_at_", $rate), ""),
            ("view_ms", "p50", concat!("view_p50_ms_at_", $rate), "from due to the row in Postgres"),
            ("view_ms", "p95", concat!("view_p95_ms_at_", $rate), ""),
            ("view_ms", "p99", concat!("view_p99_ms_at_", $rate), ""),
        ]
    };
}

const AT_200: Rate = Rate { name: "at_200", a_second: "200", payments: "3000", clients: "64", latencies: latencies!("200") };
const AT_2000: Rate = Rate { name: "at_2000", a_second: "2000", payments: "30000", clients: "256", latencies: latencies!("2000") };

pub(crate) fn at_200(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    measure(services, extent, &AT_200)
}

pub(crate) fn at_2000(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    measure(services, extent, &AT_2000)
}

fn measure(services: &Services, extent: &Extent, rate: &Rate) -> anyhow::Result<Vec<Figure>> {
    let mut figures = rate.latencies.map(|(_, _, key, what)| Figure::new(key, "ms", what));
    let bank = Bank::fresh(services, rate.name)?;
    let mut processes = [bank.settlement()?, bank.views()?, bank.risk()?, bank.door()?];
    for run in 1..=extent.runs {
        let name = format!("{} {run}/{}", rate.name, extent.runs);
        eprintln!("{name:<24} {} payments, {} a second", rate.payments, rate.a_second);
        let out = bank.file(&format!("load-{run}.json"));
        let mut load = bank.orion();
        load.args(["load", "--rate", rate.a_second, "--payments", rate.payments, "--clients", rate.clients]);
        load.args(["--seed", &run.to_string(), "--out"]).arg(&out);
        let output = load.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?.wait_with_output()?;
        processes.iter_mut().try_for_each(|process| process.check())?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "orion load ended with {}:\n{said}", output.status);
        let report: Value = serde_json::from_slice(&std::fs::read(&out)?)?;
        for (figure, (part, percentile, ..)) in figures.iter_mut().zip(rate.latencies) {
            figure.add(report[part][percentile].as_f64().with_context(|| format!("{} has no {part}.{percentile}", out.display()))?);
        }
    }
    Ok(figures.into())
}
