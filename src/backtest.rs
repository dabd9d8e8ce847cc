//! `orion backtest`: rules as they might be set, over history, beside the rules as they were.
//!
//! In: settlement's events from the first epoch on, and a file of rules. Out: what both would have raised, and where they differ. The changed
//! rules run in shadow of the live ones, in one dataflow, the same that the risk cell runs; nothing is written anywhere.

mod diff;
mod rules;

use crate::config::Config;
use crate::exit::{Exit, USAGE};
use crate::progress::Progress;
use anyhow::Context;
use dataflows::risk::{Found, Given, risk};
use diff::Diff;
use ingress::events::{Events, Start};
use schemas::aml::{Lane, Setting};
use schemas::epoch::from_rfc3339;
use schemas::{AlertChange, AmlSetting, Epoch, Event, Fact};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use timely::dataflow::InputHandle;
use timely::dataflow::operators::{Input, Inspect, Probe};

/// `orion backtest`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "The file has a table for each rule that is changed; what it does not name is as in the catalogue:\n\n  [fan_in]\n  senders = 8\n  window_hours = 48\n\n  [fan_out]\n  enabled = false\n\nExamples:\n  orion backtest --rules rules.toml\n  orion backtest --rules rules.toml --from 2026-11-01T00:00:00Z --show 50\n\nExit codes: 0 done; 64 usage; 65 the file is wrong; 69 Kafka is not there, or has no longer all events."
)]
pub struct Args {
    /// The rules as they might be set, as TOML.
    #[arg(long, value_name = "FILE")]
    pub rules: PathBuf,
    /// Alerts from then on alone: an epoch, or RFC 3339 in UTC. What was paid before is taken into account all the same.
    #[arg(long, value_name = "T", value_parser = moment, default_value = "0")]
    pub from: Epoch,
    /// How many differences are printed one by one.
    #[arg(long, default_value_t = 20)]
    pub show: usize,
    /// No progress bar.
    #[arg(long)]
    pub quiet: bool,
}

fn moment(text: &str) -> Result<Epoch, String> {
    let wrong = || "expected an epoch, such as 1764000000123, or a moment in UTC, such as 2026-01-01T00:00:00Z".to_owned();
    text.parse().ok().or_else(|| from_rfc3339(text)).ok_or_else(wrong)
}

/// Does it.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let settings = rules::read(&args.rules)?;
    if settings.is_empty() {
        return Err(Exit { code: USAGE, sentence: format!("{} changes no rule", args.rules.display()) }.into());
    }
    let events = Events::new(&config.kafka.brokers, &Start::default()).map_err(Exit::unavailable)?;
    let begun = Instant::now();
    let changed: Vec<_> = settings.iter().map(|setting| setting.rule).collect();
    let (changes, epochs, payments) = alerts(events, settings, args.quiet)?;
    let diff = Diff::of(&changes, &changed, args.from);
    diff.print(args.show);
    println!("backtest: {payments} events of {epochs} epochs in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

/// What both lanes say of all events; how many epochs and events those are.
fn alerts(events: Events, settings: Vec<Setting>, quiet: bool) -> anyhow::Result<(Vec<AlertChange>, u64, u64)> {
    let (sender, found) = channel();
    let work = Mutex::new(Some((settings, sender, events)));
    let outcome = timely::execute_directly(move |worker| -> anyhow::Result<(u64, u64)> {
        let (settings, sender, mut events) = work.lock().expect("never locked").take().context("there is one worker")?;
        let mut input = InputHandle::new();
        let probe = worker.dataflow::<Epoch, _, _>(|scope| {
            let stream = risk(scope.input_from(&mut input));
            stream.inspect(move |found: &Found| found.alerts.iter().for_each(|change| drop(sender.send(change.clone())))).probe().0
        });
        let mut give = |given: Given| {
            let time = given.epoch();
            input.advance_to(time);
            input.send(given);
            input.advance_to(time + 1);
            worker.step_while(|| probe.less_than(&(time + 1)));
        };
        let (mut progress, mut settings, mut epochs, mut count) = (Progress::new("epochs", 0, quiet), Some(settings), 0, 0);
        while !events.caught_up() {
            let Some(mut epoch) = events.next(Duration::from_millis(100))? else { continue };
            epoch.events.retain(|event| !is_shadow(event));
            if let Some(settings) = settings.take() {
                // Before the first epoch, whatever that is.
                let before = epoch.epoch().saturating_sub(1);
                give(Given::Settings(before, Arc::new(settings.into_iter().map(|setting| (1, setting)).collect())));
            }
            epochs += 1;
            count += u64::try_from(epoch.events.len())?;
            progress.add(1);
            give(Given::Epoch { events: Arc::new(epoch), keep: false });
        }
        Ok((epochs, count))
    });
    let (epochs, count) = outcome?;
    Ok((found.try_iter().collect(), epochs, count))
}

/// Whether staff set a shadow lane: the shadow here is what the file says.
fn is_shadow(event: &Event) -> bool {
    let Fact::AmlChanged(changed) = &event.fact else { return false };
    matches!(&changed.setting, AmlSetting::Rule(setting) if setting.lane == Lane::Shadow)
}
