//! What a run found: a JSON file for machines, a page for people.

use super::books::{Sums, decimal};
use super::check::Checked;
use super::drive::{Day, Decision};
use super::latency::{Percentiles, milliseconds};
use schemas::{Currency, Money};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The JSON file: latencies in milliseconds, money as currency → decimal, `submitted = settled + Σ failed` unless
/// payments are undecided.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Report {
    /// Payments sent.
    pub submitted: usize,
    /// Payments that moved money.
    pub settled: usize,
    /// Payments that did not, by reason.
    pub failed: BTreeMap<String, usize>,
    /// Payments without an answer; there are none in a good run.
    #[serde(skip_serializing_if = "is_zero")]
    pub undecided: usize,
    /// Sent → final answer.
    pub api_ms: Percentiles,
    /// Sent → event readable, for settled payments.
    pub event_ms: Percentiles,
    /// Sent → shown by the views, for a sample of settled payments.
    pub view_ms: Percentiles,
    /// What payers paid on top.
    pub fees: BTreeMap<Currency, String>,
    /// The sum of all balances of the bank.
    pub trial_balance: BTreeMap<Currency, String>,
    /// How long the payments took.
    pub seconds: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Report {
    /// The report of a checked day of `payments` payments.
    pub(super) fn of(day: &Day, checked: &Checked, payments: usize) -> Self {
        let mut failed = BTreeMap::new();
        let (mut api, mut event) = (Vec::with_capacity(payments), Vec::with_capacity(payments));
        let mut fees = Sums::from([(Currency::XOF, 0)]);
        for outcome in &day.outcomes {
            api.push(outcome.answered.saturating_duration_since(outcome.sent));
            match &outcome.decision {
                Decision::Failed { code, .. } => *failed.entry(code.clone()).or_default() += 1,
                Decision::Settled(transaction, _) => {
                    if let Some(seen) = checked.seen.get(transaction) {
                        event.push(seen.at.saturating_duration_since(outcome.sent));
                        let Money { minor, currency } = seen.fee;
                        *fees.entry(currency).or_default() += i128::from(minor);
                    }
                }
            }
        }
        let mut trial_balance = checked.trial_balance.clone();
        trial_balance.entry(Currency::XOF).or_default();
        let refused: usize = failed.values().sum();
        Self {
            submitted: payments,
            settled: day.outcomes.len() - refused,
            failed,
            undecided: payments - day.outcomes.len(),
            api_ms: Percentiles::of(api),
            event_ms: Percentiles::of(event),
            view_ms: Percentiles::of(day.views.clone()),
            fees: decimals(&fees),
            trial_balance: decimals(&trial_balance),
            seconds: milliseconds(day.took).round() / 1e3,
        }
    }

    /// Writes the JSON file.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        std::fs::write(path, json)
    }

    /// The page: a column of names, a column of numbers.
    pub(super) fn page(&self) -> String {
        let mut page = String::new();
        let mut line = |name: &str, value: &str, note: &str| {
            page.push_str(format!("  {name:<28}{value:>14}  {note}").trim_end());
            page.push('\n');
        };
        line("submitted", &grouped(self.submitted), "");
        line("settled", &grouped(self.settled), "");
        line("failed", &grouped(self.failed.values().sum()), "");
        for (reason, count) in &self.failed {
            line(&format!("  {reason}"), &grouped(*count), "");
        }
        if self.undecided > 0 {
            line("undecided", &grouped(self.undecided), "");
        }
        let per_second = u32::try_from(self.submitted - self.undecided).map_or(f64::INFINITY, f64::from) / self.seconds.max(0.001);
        line("seconds", &format!("{:.3}", self.seconds), &format!("{per_second:.0} payments per second"));
        for (currency, fee) in &self.fees {
            line("fees", fee, currency.code());
        }
        for (currency, sum) in &self.trial_balance {
            line("trial balance", sum, currency.code());
        }
        page.push_str(&format!("\n  {:<28}{:>10}{:>10}{:>10}{:>10}\n", "milliseconds from sent", "p50", "p95", "p99", "max"));
        let latencies =
            [("to the answer", self.api_ms), ("to the settled event", self.event_ms), ("to the view in Postgres", self.view_ms)];
        for (name, Percentiles { p50, p95, p99, max }) in latencies {
            let [p50, p95, p99, max] =
                [p50, p95, p99, max].map(|value| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}")));
            page.push_str(&format!("  {name:<28}{p50:>10}{p95:>10}{p99:>10}{max:>10}\n"));
        }
        page
    }
}

fn decimals(sums: &Sums) -> BTreeMap<Currency, String> {
    sums.iter().map(|(currency, sum)| (*currency, decimal(*sum, *currency))).collect()
}

/// 1234567 as `1,234,567`.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests;
