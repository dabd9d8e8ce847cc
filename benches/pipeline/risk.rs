//! `risk`: how many payments a second the detection takes, with all rules, and how that grows with history.
//!
//! A million accounts of as many customers as halves of them; payments between accounts of which few are chosen often, spread evenly over logical days; some in
//! cash, some to merchants, some from people who send around what they are sent. The whole dataflow runs in this process, as in the cell; nothing is
//! read from Kafka or written. Making the events is not timed.
//!
//! 1. `risk_tx_per_s`: `ORION_BENCH_RISK` payments (2,000,000) over 90 days; the last tenth counts, when all windows are full.
//! 2. `risk_flatness`: 990 days of as many payments and a tenth, a tenth as many accounts; what a payment takes in the last 90 days, to what it took in the
//!    90 days after the first. All windows are full in either. It is the one that is measured `ORION_BENCH_RUNS` times: the others look at memory, which the
//!    run before would leave behind.
//! 3. `risk_recovery_s`: what is kept at the end, as bytes, read back into a new dataflow, until it has taken one more epoch.
//! 4. `incremental_ratio`: one threshold of a rule set anew, until all that follows is said; against the same rule measured from the payments anew.
//! 5. Bytes: what the process has, before accounts, after them, and at the end.

mod history;

use crate::Extent;
use crate::figures::{Figure, per_second};
use crate::services::Services;
use anyhow::{Context, ensure};
use dataflows::risk::{Found, Given, Kept, risk};
use history::{EPOCH_PAYMENTS, History};
use schemas::aml::{RuleId, Setting};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use timely::dataflow::operators::{Input, Inspect, Probe};
use timely::dataflow::{InputHandle, ProbeHandle};
use timely::worker::Worker;

const ACCOUNTS: usize = 1_000_000;
const DAY_MS: u64 = 86_400_000;

pub(crate) fn measure(_: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut rate = Figure::new("risk_tx_per_s", "payments/s", "all rules, a million accounts, 90 days, windows full");
    let mut account = Figure::new("risk_bytes_per_account", "bytes", "what the detection keeps of an account");
    let mut payment = Figure::new("risk_bytes_per_payment", "bytes", "and of a payment that is not forgotten");
    let mut recovery = Figure::new("risk_recovery_s", "s", "the state from its bytes, until one more epoch is taken");
    let mut ratio = Figure::new("incremental_ratio", "times", "a rule measured anew, to one threshold of it set anew");
    let mut flat = Figure::new("risk_flatness", "times", "what a payment takes after 900 days, to what it took after 90");
    let payments = extent.risk;

    let run = in_a_dataflow(move |flow| {
        let mut history = History::new(7, ACCOUNTS);
        let empty = resident()?;
        history.accounts().for_each(|given| flow.give(given));
        let opened = resident()?;
        let (mut took, mut told) = (Duration::ZERO, Told::default());
        let (epochs, step) = history.plan(payments, 90 * DAY_MS);
        for number in 0..epochs {
            let given = history.payments(step, false);
            let spent = flow.timed(given);
            took += if number >= epochs - epochs / 10 { spent } else { Duration::ZERO };
            told.take(number, epochs, spent);
        }
        let alerts = flow.alerts;
        ensure!(alerts > 0, "no rule has found anything: the figures say little");
        let full = resident()?;
        let timed = u64::try_from(payments / 10)?;
        // 4.
        let [set, anew] = [("senders", 9), ("window_hours", 25)].map(|(name, value)| {
            let setting = Setting { parameters: [(name.to_owned(), value)].into(), ..Setting::of(RuleId::FanIn) };
            flow.timed(Given::Settings(history.tick(), Arc::new(vec![(1, setting)])))
        });
        // 3.
        flow.give(history.payments(step, true));
        let kept = flow.kept.take().context("the state was asked for")?;
        Ok((took, timed, alerts, [empty, opened, full], [set, anew], kept, history.payments(step, false)))
    })?;
    let (took, timed, alerts, [empty, opened, full], [set, anew], kept, next) = run;
    eprintln!("{:<24} {timed} payments in {:.2} s, {alerts} alerts in all", "risk", took.as_secs_f64());
    rate.add(per_second(timed, took));
    account.add(each(opened.saturating_sub(empty), ACCOUNTS));
    payment.add(each(full.saturating_sub(opened), payments));
    ratio.add(anew.as_secs_f64() / set.as_secs_f64().max(1e-6));
    let bytes: Vec<Vec<u8>> = kept.chunks().map(<[u8]>::to_vec).collect();
    eprintln!("{:<24} {} bytes are kept", "risk", bytes.iter().map(Vec::len).sum::<usize>());
    let begun = Instant::now();
    let kept = Kept::read(bytes).map_err(|error| anyhow::anyhow!("{error}"))?;
    in_a_dataflow(move |flow| {
        flow.give(Given::Standing(kept.epoch, Arc::new(kept)));
        flow.give(next);
        Ok(())
    })?;
    recovery.add(begun.elapsed().as_secs_f64());
    for _ in 0..extent.runs {
        flat.add(flatness(payments)?);
    }
    Ok(vec![rate, account, payment, recovery, ratio, flat])
}

/// The cost of a payment after ten times as long a history.
fn flatness(payments: usize) -> anyhow::Result<f64> {
    in_a_dataflow(move |flow| {
        let mut history = History::new(9, payments / 10);
        history.accounts().for_each(|given| flow.give(given));
        let (epochs, step) = history.plan(payments, 900 * DAY_MS);
        let tenth = epochs / 10;
        let (mut young, mut old, mut told) = (Duration::ZERO, Duration::ZERO, Told::default());
        for number in 0..epochs + tenth {
            let spent = flow.timed(history.payments(step, false));
            young += if (tenth..2 * tenth).contains(&number) { spent } else { Duration::ZERO };
            old += if number >= epochs { spent } else { Duration::ZERO };
            told.take(number, epochs, spent);
        }
        eprintln!("{:<24} {:.2} s after a tenth, {:.2} s at the end", "risk_flatness", young.as_secs_f64(), old.as_secs_f64());
        Ok(old.as_secs_f64() / young.as_secs_f64())
    })
}

/// What a long history took by now, tenth by tenth: a run with all payments takes many minutes.
#[derive(Default)]
struct Told {
    payments: usize,
    took: Duration,
}

impl Told {
    fn take(&mut self, number: usize, epochs: usize, spent: Duration) {
        (self.payments, self.took) = (self.payments + EPOCH_PAYMENTS, self.took + spent);
        if (number + 1).is_multiple_of((epochs / 10).max(1)) {
            let rate = per_second(u64::try_from(self.payments).unwrap_or_default(), self.took);
            eprintln!("{:<24} {:>3} % of the history, {rate:.0} payments/s", "risk", (number + 1) * 100 / epochs);
            *self = Self::default();
        }
    }
}

/// A running dataflow.
struct Flow<'a> {
    worker: &'a mut Worker,
    input: InputHandle<u64, timely::container::CapacityContainerBuilder<Vec<Given>>>,
    probe: ProbeHandle<u64>,
    found: Receiver<(usize, Option<Arc<Kept>>)>,
    alerts: usize,
    kept: Option<Arc<Kept>>,
}

impl Flow<'_> {
    fn give(&mut self, given: Given) {
        self.timed(given);
    }

    /// How long it takes until all is said.
    fn timed(&mut self, given: Given) -> Duration {
        let begun = Instant::now();
        let time = given.epoch();
        self.input.advance_to(time);
        self.input.send(given);
        self.input.advance_to(time + 1);
        self.worker.step_while(|| self.probe.less_than(&(time + 1)));
        let spent = begun.elapsed();
        for (alerts, kept) in self.found.try_iter() {
            self.alerts += alerts;
            self.kept = kept.or(self.kept.take());
        }
        spent
    }
}

/// Does something with a dataflow of its own.
fn in_a_dataflow<T: Send + 'static>(work: impl FnOnce(&mut Flow<'_>) -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    let work = Mutex::new(Some(work));
    timely::execute_directly(move |worker| {
        let (sender, found) = channel();
        let mut input = InputHandle::new();
        let probe = worker.dataflow::<u64, _, _>(|scope| {
            let stream = risk(scope.input_from(&mut input));
            stream.inspect(move |found: &Found| drop(sender.send((found.alerts.len(), found.kept.clone())))).probe().0
        });
        let work = work.lock().expect("never locked").take().expect("there is one worker");
        work(&mut Flow { worker, input, probe, found, alerts: 0, kept: None })
    })
}

/// What this process has in memory, in bytes.
fn resident() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel does not say how much memory is used")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn each(bytes: u64, count: usize) -> f64 {
    bytes as f64 / count as f64
}
