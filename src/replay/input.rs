//! A log file, line by line, as epochs to decide.
//!
//! A file with bindings is replayed: each binding closes the epoch that it says. A file without any is bound here:
//! an epoch every so many commands, by a clock that starts where it is told to and moves only by `at`. The clock of
//! the machine is never asked, so the same file gives the same epochs.

use super::decide::{Decided, Ledgers};
use super::line::{self, Line};
use crate::exit::{self, Exit};
use egress::topics::Topics;
use ingress::commands::traceparent;
use ingress::epochs::{Epochs, Policy};
use schemas::{Asked, Binding, Bound, CommandId, EpochInput, Event, Fact, Input, OrderId, Outcome, Position, SealedEpoch, Told, Topic};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// How a file without bindings is bound.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Commands an epoch.
    pub every: usize,
    /// The first epoch.
    pub start_ms: u64,
}

/// What takes decided epochs; `false` ends the run.
pub(super) type Take<'a> = dyn FnMut(Decided) -> anyhow::Result<bool> + 'a;

/// Decides a file; how many commands come after the last binding.
pub(super) fn decide(path: &Path, rule: Rule, ledgers: &mut Ledgers, take: &mut Take<'_>) -> anyhow::Result<u64> {
    let bound = lines(path)?.any(|line| matches!(line, Ok((_, line)) if line.binding.is_some()));
    let mut log = Log::new(bound, rule);
    for line in lines(path)? {
        let (number, line) = line?;
        let wrong = |what: String| bad_line(path, number, &what);
        if let Some(epoch) = log.closes_before(&line).map_err(wrong)?
            && !log.decide(epoch, ledgers, take)?
        {
            return Ok(0);
        }
        log.take(number, line).map_err(wrong)?;
        while let Some(epoch) = log.closes().map_err(wrong)? {
            if !log.decide(epoch, ledgers, take).map_err(|error| located(path, number, error))? {
                return Ok(0);
            }
        }
    }
    while let Some(epoch) = log.closes_at_end() {
        if !log.decide(epoch, ledgers, take)? {
            return Ok(0);
        }
    }
    Ok(u64::try_from(log.epochs.waiting()).expect("a count of commands fits a u64"))
}

fn lines(path: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(usize, Line)>>> {
    let unreadable = |error| Exit { code: exit::BAD_INPUT, sentence: format!("can't read {}: {error}", path.display()) };
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    let lines = (1..).zip(file.split(b'\n')).filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim_ascii().is_empty()));
    Ok(lines.map(move |(number, line)| {
        let line = line.map_err(unreadable)?;
        let parsed: Line = serde_json::from_slice(&line).map_err(|error| bad_line(path, number, &error.to_string()))?;
        Ok((number, parsed))
    }))
}

fn bad_line(path: &Path, number: usize, what: &str) -> anyhow::Error {
    Exit { code: exit::BAD_INPUT, sentence: format!("{} line {number}: {what}", path.display()) }.into()
}

/// Says where an input that can't be decided stands; anything else has nothing to do with the line.
fn located(path: &Path, number: usize, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Exit>() {
        Ok(exit) if exit.code == exit::BAD_INPUT => bad_line(path, number, &exit.sentence),
        Ok(exit) => exit.into(),
        Err(error) => error,
    }
}

/// A log file on its way to the ledger.
struct Log {
    /// Whether the file says its own bindings.
    bound: bool,
    epochs: Epochs,
    clock_ms: u64,
    /// By partition, the next offset and the commands since the last binding.
    partitions: BTreeMap<i32, (i64, u32)>,
    /// The binding just read.
    sealed: Option<(SealedEpoch, bool)>,
    /// What will be called by a name, by the place of the command that creates it.
    naming: BTreeMap<Position, (String, Option<CommandId>)>,
    names: BTreeMap<String, String>,
    /// Orders that have a name.
    orders: BTreeMap<OrderId, String>,
    every: usize,
}

impl Log {
    fn new(bound: bool, rule: Rule) -> Self {
        let topic = Topic::Commands.as_str();
        let partitions = Topics::committed().partitions(topic).unwrap_or(1);
        let uppers: BTreeMap<i32, i64> = (0..partitions).map(|partition| (partition, 0)).collect();
        let policy = Policy { age_max_ms: u64::MAX, weight_max: rule.every, pause_max_ms: 0, tick_ms: u64::MAX, in_flight_max: 1 };
        Self {
            bound,
            epochs: Epochs::new(policy, topic, &uppers, 0, 1, state::CODE_VERSION, rule.start_ms),
            clock_ms: rule.start_ms,
            partitions: uppers.into_keys().map(|partition| (partition, (0, 0))).collect(),
            sealed: None,
            naming: BTreeMap::new(),
            names: BTreeMap::new(),
            orders: BTreeMap::new(),
            every: rule.every,
        }
    }

    /// A line that moves the clock, or names what is not decided yet, closes the epoch before it.
    fn closes_before(&mut self, line: &Line) -> Result<Option<EpochInput>, String> {
        let of = |name: &str| name.split_once('#').map_or_else(|| name.to_owned(), |(of, _)| of.to_owned());
        let undecided = |name: &str| self.naming.values().any(|(naming, _)| *naming == of(name));
        let needs = line.command.as_ref().is_some_and(|asked| asked.names().any(undecided));
        if self.bound && needs {
            return Err("it names what an earlier line of the same epoch creates".to_owned());
        }
        if self.bound && line.at.is_some() {
            return Err("the epochs of this file are those of its bindings, so `at` says nothing".to_owned());
        }
        let later = line.at.is_some_and(|at| at > self.clock_ms);
        Ok(if needs || later { self.closes_at_end() } else { None })
    }

    /// Reads a line.
    fn take(&mut self, number: usize, line: Line) -> Result<(), String> {
        if [line.command.is_some(), line.junk.is_some(), line.binding.is_some()].into_iter().filter(|is| *is).count() != 1 {
            return Err("it should have one of command, junk and binding".to_owned());
        }
        if let Some(binding) = line.binding {
            if [line.partition.is_some(), line.offset.is_some(), line.traceparent.is_some(), line.name.is_some()].contains(&true) {
                return Err("a binding has no place, no trace and no name".to_owned());
            }
            return self.bind(binding);
        }
        if let Some(at) = line.at {
            if at < self.clock_ms {
                return Err(format!("time goes back from {} to {at}", self.clock_ms));
            }
            self.clock_ms = at;
        }
        let partition = line.partition.unwrap_or(0);
        let (next, count) = self.partitions.get_mut(&partition).ok_or_else(|| format!("the commands log has no partition {partition}"))?;
        let offset = line.offset.unwrap_or(*next);
        if offset < *next {
            return Err(format!("offset {offset} of partition {partition} does not follow {}", *next - 1));
        }
        let position = Position { partition, offset };
        let command = match (line.command, line.junk) {
            (Some(asked), _) => Ok(Asked::of(asked.command(number, |text| resolve(&self.names, text))?)),
            (None, junk) => Err(junk.unwrap_or_default().record()?),
        };
        if let Some(name) = line.name {
            if self.names.contains_key(&name) || self.naming.values().any(|(naming, _)| *naming == name) {
                return Err(format!("the name {name:?} is given twice"));
            }
            self.naming.insert(position, (name, command.as_ref().ok().map(Asked::id)));
        }
        let traceparent = traceparent(line.traceparent.as_deref().unwrap_or_default());
        (*next, *count) = (offset + 1, *count + 1);
        self.epochs.read(partition, offset, Some(Bound { position, traceparent, appended_ms: None, command }), self.clock_ms);
        Ok(())
    }

    fn bind(&mut self, binding: line::Bound) -> Result<(), String> {
        let topic = Topic::Commands.as_str();
        let mut inputs = Vec::new();
        match binding.inputs {
            Some(given) => {
                for input in given {
                    let partition = input.partition;
                    let (next, count) =
                        self.partitions.get_mut(&partition).ok_or_else(|| format!("the commands log has no partition {partition}"))?;
                    if input.upper > *next {
                        self.epochs.read(partition, input.upper - 1, None, self.clock_ms);
                        *next = input.upper;
                    }
                    *count = 0;
                    inputs.push(Input { topic: topic.to_owned(), partition, upper: input.upper, count: input.count });
                }
            }
            None => {
                for (partition, (next, count)) in &mut self.partitions {
                    inputs.push(Input { topic: topic.to_owned(), partition: *partition, upper: *next, count: std::mem::take(count) });
                }
            }
        }
        let compared = binding.outputs.is_some();
        let outputs = binding.outputs.unwrap_or_default().into_iter().map(line::BoundOutput::output).collect::<Result<_, _>>()?;
        let binding = Binding {
            epoch: binding.epoch,
            generation: binding.generation.unwrap_or(1),
            code_version: binding.code_version.unwrap_or(self.epochs.rules()),
            inputs,
        };
        self.sealed = Some((SealedEpoch { binding, outputs, pinned: 0, waited: Vec::new() }, compared));
        Ok(())
    }

    /// The epoch that the line just read closes.
    fn closes(&mut self) -> Result<Option<EpochInput>, String> {
        if let Some((sealed, compared)) = self.sealed.take() {
            let input = self.epochs.replay(&sealed).map_err(|error| error.to_string())?;
            return Ok(input.map(|input| EpochInput { committed: input.committed.filter(|_| compared), ..input }));
        }
        Ok(if !self.bound && self.epochs.waiting() >= self.every { self.closes_at_end() } else { None })
    }

    /// The next epoch of a file without bindings, if anything waits: a step of the clock may come first.
    fn closes_at_end(&mut self) -> Option<EpochInput> {
        if self.bound || self.epochs.waiting() == 0 { None } else { self.epochs.poll(self.clock_ms, 0) }
    }

    fn decide(&mut self, input: EpochInput, ledgers: &mut Ledgers, take: &mut Take<'_>) -> anyhow::Result<bool> {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let empty = input.commands.is_empty();
            let decided = ledgers.decide(input)?;
            self.epochs.decide_by(ledgers.next_rules());
            decided.output.events.iter().for_each(|event| self.name(event));
            if !take(decided)? {
                return Ok(false);
            }
            // After a leap of the clock come empty epochs, until the one with the commands.
            next = if empty { self.closes_at_end() } else { None };
        }
        Ok(true)
    }

    /// Learns what the names in this event stand for.
    fn name(&mut self, event: &Event) {
        if let Fact::OrderChanged(order) = &event.fact
            && let (Some(id), Some(name)) = (order.transaction_id, self.orders.remove(&order.id))
        {
            self.names.insert(format!("{name}#paid"), id.to_string());
        }
        // Items of a batch, and an order whose day has come, say something at the place of a command in another name than its own.
        let Entry::Occupied(naming) = self.naming.entry(event.cause.position) else { return };
        if !event.answers() || naming.get().1 != Some(event.cause.command_id) {
            return;
        }
        let (name, _) = naming.remove();
        let said = if let Fact::Repeated(repeat) = &event.fact { repeat.first.as_ref() } else { Some(&event.fact) };
        if let Some(Fact::BatchDecided(decided)) = said {
            let made = |outcome: &Outcome| outcome.transaction_id.map(|id| id.0).or(outcome.hold_id.map(|id| id.0));
            for (item, outcome) in decided.outcomes.iter().enumerate().filter(|(_, outcome)| outcome.refusal.is_none()) {
                made(outcome).map(|id| self.names.insert(format!("{name}#{item}"), id.to_string()));
            }
        }
        if let Some(Fact::OrderChanged(order)) = said {
            self.orders.insert(order.id, name.clone());
        }
        said.and_then(created).map(|id| self.names.insert(name, id));
    }
}

/// The id of what a decision created or paid; none where it was refused.
fn created(fact: &Fact) -> Option<String> {
    match fact {
        Fact::CustomerCreated(customer) => Some(customer.id.to_string()),
        Fact::AccountOpened(account) => Some(account.id.to_string()),
        Fact::Transaction(transaction) => transaction.refusal.is_none().then(|| transaction.id.to_string()),
        Fact::HoldChanged(held) => Some(held.id.to_string()),
        Fact::OrderChanged(order) => Some(order.id.to_string()),
        Fact::Diligence(told) => match &**told {
            Told::Case(changed) => Some(changed.id.to_string()),
            Told::Customer(_) | Told::Kyc(_) | Told::Address(_) => None,
        },
        Fact::PolicyChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Assessed(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::BatchDecided(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => None,
    }
}

/// The id that a text stands for: that of a name, or itself.
fn resolve(names: &BTreeMap<String, String>, text: &str) -> Result<String, String> {
    match text.strip_prefix('@') {
        None => Ok(text.to_owned()),
        Some(name) => names.get(name).cloned().ok_or_else(|| format!("nothing that was created before is called {name:?}")),
    }
}

#[cfg(test)]
mod tests;
