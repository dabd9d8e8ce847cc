//! `orion aml evaluate`: what the detection finds in payments with labels, and how fast it is.
//!
//! In: files with labels. Out: a line a typology. Never: a server, or another dataflow than the one that the bank runs.
//!
//! 1. The accounts are opened, and every payment settles in an epoch of its own moment; those of one moment share one.
//! 2. Rules are set as [`DEFAULTS`] says, which is for payments of which only the day is known and whose amounts say nothing; `--set`
//!    changes that.
//! 3. What is raised is compared with the labels ([`score`]).

mod score;

use super::labelled::{self, Labelled};
use crate::exit::{Exit, USAGE};
use crate::progress::Progress;
use dataflows::risk::{Given, risk};
use schemas::alert::{Alert, AlertChange};
use schemas::aml::{RuleId, Setting};
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Binding, Cause, CommandId, Customer, CustomerId, Epoch, EpochEvents, Event, EventId,
    Fact, KycStatus, Position, Role, Transaction, TransactionId,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use timely::dataflow::InputHandle;
use timely::dataflow::operators::{Input, Inspect, Probe};

/// `orion aml evaluate`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "The files are CSV as AMLSim writes it, plain or .gz. Rules are set for payments of which only the day is known and whose amounts say\nnothing: windows of 20 days, 5 others on the wide side of a fan, no smallest amount, no likeness of amounts in a cycle.\n\nExamples:\n  orion aml evaluate --transactions transactions.csv.gz --alerts alert_transactions.csv.gz --accounts accounts.csv.gz\n  orion aml evaluate … --set fan_in.senders=8 --rules fan_in,fan_out\n\nExit codes: 0 done; 64 no such rule or parameter; 65 a file is wrong, and the line is named."
)]
pub struct Args {
    /// The payments.
    #[arg(long)]
    transactions: PathBuf,
    /// The payments of every pattern.
    #[arg(long)]
    alerts: PathBuf,
    /// The accounts.
    #[arg(long)]
    accounts: PathBuf,
    /// A parameter of a rule, such as fan_in.senders=8.
    #[arg(long, value_name = "RULE.PARAMETER=VALUE", value_parser = Set::from_str)]
    set: Vec<Set>,
    /// The rules that run; those of the typologies unless it is said.
    #[arg(long, value_delimiter = ',')]
    rules: Vec<RuleId>,
    /// No progress.
    #[arg(long)]
    quiet: bool,
}

/// A parameter that is set.
#[derive(Clone, Debug)]
struct Set {
    rule: RuleId,
    name: String,
    value: i64,
}

/// What is not as in the catalogue, beside smallest amounts, which are none.
const DEFAULTS: &[(RuleId, &str, i64)] = &[
    (RuleId::FanIn, "senders", 5),
    (RuleId::FanIn, "window_hours", 480),
    (RuleId::FanOut, "receivers", 5),
    (RuleId::FanOut, "window_hours", 480),
    (RuleId::Cycle, "ratio_percent", 0),
    (RuleId::ScatterGather, "window_hours", 480),
    (RuleId::ScatterGather, "kept_percent", 0),
    (RuleId::GatherScatter, "window_hours", 480),
    (RuleId::GatherScatter, "kept_percent", 0),
];

/// Epochs that are under way at once.
const UNDER_WAY: usize = 256;

impl FromStr for Set {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').and_then(|(name, value)| Some((name.split_once('.')?, value)));
        let Some(((rule, name), value)) = parts else {
            return Err(format!("{text:?} is not RULE.PARAMETER=VALUE, such as fan_in.senders=8"));
        };
        let rule = rule.parse().map_err(|error: schemas::money::Unreadable| error.to_string())?;
        let value = value.parse().map_err(|_| format!("{value:?} is not a whole number"))?;
        Ok(Self { rule, name: name.to_owned(), value })
    }
}

/// Does it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = settings(args)?;
    let labelled = labelled::read(&args.transactions, &args.alerts, &args.accounts)?;
    let enabled: Vec<RuleId> = settings.iter().filter(|setting| setting.enabled).map(|setting| setting.rule).collect();
    let labelled = Arc::new(labelled);
    let (alerts, took) = detect(&labelled, &settings, args.quiet);
    for line in score::lines(&labelled, &alerts, &enabled) {
        println!("{line}");
    }
    let (payments, micros) = (labelled.payments.len(), took.as_micros().max(1));
    let a_second = u128::try_from(payments).expect("a usize fits a u128") * 1_000_000 / micros;
    println!("{payments} payments between {} accounts in {} ms, {a_second} a second", labelled.accounts.len(), took.as_millis());
    Ok(ExitCode::SUCCESS)
}

/// Every rule that is found behind the payments, as this command sets it.
fn settings(args: &Args) -> anyhow::Result<Vec<Setting>> {
    let usage = |sentence: String| Exit { code: USAGE, sentence };
    let found: Vec<RuleId> = dataflows::risk::rules::known().collect();
    if let Some(other) = args.rules.iter().chain(args.set.iter().map(|set| &set.rule)).find(|rule| !found.contains(rule)) {
        return Err(usage(format!("{other} is not a rule that is found behind the payments")).into());
    }
    let wanted = |rule| if args.rules.is_empty() { score::is_of_a_typology(rule) } else { args.rules.contains(&rule) };
    let mut settings = Vec::new();
    for rule in found {
        let mut setting = Setting { enabled: wanted(rule), ..Setting::of(rule) };
        let amounts = rule.parameters().iter().filter(|parameter| matches!(parameter.name, "amount_minor" | "hop_amount_minor"));
        if score::is_of_a_typology(rule) {
            setting.parameters.extend(amounts.map(|parameter| (parameter.name.to_owned(), parameter.min)));
        }
        let defaults = DEFAULTS.iter().filter(|(of, ..)| *of == rule).map(|(_, name, value)| ((*name).to_owned(), *value));
        setting.parameters.extend(defaults);
        setting.parameters.extend(args.set.iter().filter(|set| set.rule == rule).map(|set| (set.name.clone(), set.value)));
        setting.check().map_err(|error| usage(format!("{rule}: {error}")))?;
        settings.push(setting);
    }
    Ok(settings)
}

/// What is raised, and how long it took.
fn detect(labelled: &Arc<Labelled>, settings: &[Setting], quiet: bool) -> (Vec<Alert>, Duration) {
    let (sender, found) = channel();
    let (labelled, settings) = (Arc::clone(labelled), settings.iter().map(|setting| (1, setting.clone())).collect());
    let began = Instant::now();
    timely::execute_directly(move |worker| {
        let mut input = InputHandle::new();
        let probe = worker.dataflow::<Epoch, _, _>(|scope| {
            let found = risk(scope.input_from(&mut input));
            found.inspect(move |found| found.alerts.iter().for_each(|change| drop(sender.send(change.clone())))).probe().0
        });
        let total = u64::try_from(labelled.payments.len()).expect("a usize fits a u64");
        let mut progress = Progress::new("payments", total, quiet);
        for (number, given) in given(&labelled, settings).enumerate() {
            let epoch = given.epoch();
            let payments = if let Given::Epoch { events, .. } = &given { events.events.len() } else { 0 };
            input.advance_to(epoch);
            input.send(given);
            if number % UNDER_WAY == 0 {
                worker.step_while(|| probe.less_than(&epoch));
            }
            progress.add(u64::try_from(payments).expect("a usize fits a u64"));
        }
        drop(input);
        worker.step_while(|| !probe.done());
    });
    let took = began.elapsed();
    let raised = found.into_iter().filter_map(|change| match change {
        AlertChange::Raised(alert) => Some(*alert),
        AlertChange::Cleared(_) => None,
    });
    (raised.collect(), took)
}

/// The epochs, the accounts and settings before them.
fn given(labelled: &Labelled, settings: Vec<(u32, Setting)>) -> impl Iterator<Item = Given> + '_ {
    let first = labelled.payments[0].time;
    let opened = labelled.accounts.iter().zip(0..).flat_map(|(account, number)| {
        let holder = (account.role != Role::House).then(|| CustomerId::mint(1, number));
        let customer = holder.map(|id| {
            let (msisdn, full_name) = (account.msisdn.clone(), account.name.clone());
            Fact::CustomerCreated(Customer { id, full_name, msisdn, country: None, kyc_status: KycStatus::Pending })
        });
        let opened = Fact::AccountOpened(Account {
            id: AccountId::mint(1, number),
            customer_id: holder,
            account_type: AccountType::Current,
            role: account.role,
            currency: labelled.payments[0].amount.currency,
            status: AccountStatus::Active,
        });
        customer.into_iter().chain([opened])
    });
    let opened = epoch(first - 1, opened);
    let settled = labelled.payments.chunk_by(|one, other| one.time == other.time).map(|payments| {
        let time = payments[0].time;
        let paid = (0..).zip(payments).map(move |(number, payment)| {
            let account = |place| AccountId::mint(1, u32::try_from(place).expect("there are fewer than 4 billion accounts"));
            Fact::Transaction(Transaction {
                id: TransactionId::mint(time, number),
                kind: payment.kind,
                account_debit: account(payment.payer),
                account_credit: account(payment.payee),
                amount: payment.amount,
                fee_minor: 0,
                channel: payment.channel,
                refusal: None,
                link: None,
                postings: Vec::new(),
            })
        });
        epoch(time, paid)
    });
    [Given::Settings(first - 2, Arc::new(settings)), opened].into_iter().chain(settled)
}

fn epoch(epoch: Epoch, facts: impl Iterator<Item = Fact>) -> Given {
    let event = |(number, fact)| {
        let position = Position { partition: 0, offset: i64::from(number) };
        let cause = Cause { command_id: CommandId(uuid::Uuid::nil()), position, traceparent: String::new() };
        Event { id: EventId::mint(epoch, number), epoch, cause, fact }
    };
    let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
    let events = EpochEvents { binding, events: (0..).zip(facts).map(event).collect(), waited: Vec::new(), leaves: Vec::new() };
    Given::Epoch { events: Arc::new(events), keep: false }
}

/// The places of payments, by their ids.
fn places(labelled: &Labelled) -> BTreeMap<Epoch, usize> {
    let firsts = labelled.payments.iter().enumerate().rev();
    firsts.map(|(place, payment)| (payment.time, place)).collect()
}

#[cfg(test)]
mod tests;
