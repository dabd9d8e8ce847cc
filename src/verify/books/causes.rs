//! Who is answered: each record of the commands log once, and a command id decided once in seven days.
//!
//! What one record makes the bank say in an epoch comes in one piece, which is one of three:
//! 1. a command: whatever comes of it by the way, then its answer, all in its own name;
//! 2. a batch: what its items say, each in the name of its item and in their order, then what became of each;
//! 3. an order whose day has come: in the name of the first item of its command, whose record is long past. Nobody is answered.
//!
//! What expires or comes by its day is in no such piece: it is said in the name of whoever reserved it, or began it, and answers nobody.

use super::{Faults, HORIZON_MS, batches};
use schemas::diligence::ORION;
use schemas::{CommandId, Dated, Epoch, Event, Fact, HoldChange, OrderChange, Position, Told};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// What is answered, and what was decided.
pub(super) struct Causes {
    /// The first epoch that is seen whole; 0 if all of history is.
    from: Epoch,
    /// What one record has made the bank say so far.
    said: Vec<Event>,
    /// The last record that was answered, by partition.
    last: BTreeMap<i32, i64>,
    decided: HashMap<CommandId, Epoch>,
    by_age: VecDeque<(Epoch, CommandId)>,
}

impl Causes {
    /// Of a history that begins with an epoch.
    pub(super) fn new(from: Epoch) -> Self {
        Self { from, said: Vec::new(), last: BTreeMap::new(), decided: HashMap::new(), by_age: VecDeque::new() }
    }

    /// The next event.
    pub(super) fn take(&mut self, event: Event, faults: &mut Faults) {
        let piece = |event: &Event| (event.epoch, event.cause.position);
        if self.said.last().is_none_or(|last| piece(last) != piece(&event)) {
            self.end(faults);
        }
        if !is_by_time(&event.fact) {
            self.said.push(event);
        }
    }

    /// A record says no more.
    pub(super) fn end(&mut self, faults: &mut Faults) {
        let mut said = std::mem::take(&mut self.said);
        if let Some((answer, before)) = said.split_last() {
            match &answer.fact {
                // 2.
                Fact::BatchDecided(decided) => {
                    self.answer(answer, faults);
                    batches::check(answer, decided, before, faults);
                }
                // 3.
                Fact::Transaction(_) if before.iter().any(executes) => {
                    in_one_name(answer, before, faults);
                    self.decide(answer, faults);
                }
                // 1.
                _ => {
                    in_one_name(answer, before, faults);
                    said.iter().filter(|event| event.answers()).for_each(|event| self.answer(event, faults));
                    if !answer.answers() {
                        let (id, position) = (answer.id, answer.cause.position);
                        faults.add(|| format!("event {id} comes of command {position}, which nothing behind it answers"));
                    }
                }
            }
        }
        said.clear();
        self.said = said;
    }

    fn answer(&mut self, event: &Event, faults: &mut Faults) {
        let Position { partition, offset } = event.cause.position;
        if let Some(last) = self.last.insert(partition, offset).filter(|last| *last >= offset) {
            faults.add(|| format!("event {} answers command {partition}:{offset} after {partition}:{last}", event.id));
        }
        self.decide(event, faults);
    }

    fn decide(&mut self, event: &Event, faults: &mut Faults) {
        while let Some((epoch, command)) = self.by_age.front().copied().filter(|(epoch, _)| epoch + HORIZON_MS < event.epoch) {
            self.by_age.pop_front();
            if self.decided.get(&command) == Some(&epoch) {
                self.decided.remove(&command);
            }
        }
        let command = event.cause.command_id;
        let first = self.decided.get(&command).copied();
        if let Fact::Repeated(repeat) = &event.fact {
            let seen = repeat.first_epoch >= self.from && repeat.first_epoch + HORIZON_MS >= event.epoch;
            if seen && first != Some(repeat.first_epoch) {
                faults.add(|| {
                    format!("event {} repeats a decision of epoch {} on {command}, which is not there", event.id, repeat.first_epoch)
                });
            }
            return;
        }
        if let Some(first) = first {
            faults.add(|| format!("event {} decides command {command}, which was decided in epoch {first}", event.id));
        }
        if !is_dry(&event.fact) {
            self.decided.insert(command, event.epoch);
            self.by_age.push_back((event.epoch, command));
        }
    }
}

/// Whether an order's day has come.
fn executes(event: &Event) -> bool {
    let ends = |change| matches!(change, OrderChange::Executed | OrderChange::Failed);
    matches!(&event.fact, Fact::OrderChanged(order) if ends(order.change) && matches!(order.dated, Dated::ExecuteAt(_)))
}

/// Whether time alone brought it about. Of a case that closes with the hold it is of, which time gave back, too.
fn is_by_time(fact: &Fact) -> bool {
    match fact {
        Fact::HoldChanged(held) => matches!(held.change, HoldChange::Expired | HoldChange::ReviewExpired),
        Fact::Diligence(told) => match &**told {
            Told::Kyc(changed) => changed.by == ORION,
            Told::Case(changed) => changed.by == ORION && changed.opened.is_none(),
            Told::Customer(_) | Told::Address(_) => false,
        },
        _ => false,
    }
}

/// What is only asked for to hear it is decided each time that it is.
fn is_dry(fact: &Fact) -> bool {
    match fact {
        Fact::BatchDecided(decided) => decided.dry_run,
        Fact::Refused { operation, .. } => operation == "batch_dry_run",
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::Transaction(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Diligence(_)
        | Fact::Assessed(_)
        | Fact::Repeated(_) => false,
    }
}

/// Only a batch speaks for others than itself, and nothing is said after an answer.
fn in_one_name(answer: &Event, before: &[Event], faults: &mut Faults) {
    let (id, command, position) = (answer.id, answer.cause.command_id, answer.cause.position);
    if let Some(other) = before.iter().find(|event| event.cause.command_id != command) {
        let other = other.cause.command_id;
        faults.add(|| format!("event {id} speaks for command {command} at {position}, where command {other} is"));
    }
    if let Some(early) = before.iter().find(|event| event.answers()) {
        let early = early.id;
        faults.add(|| format!("event {id} is said of command {position}, after event {early} answered it"));
    }
}
