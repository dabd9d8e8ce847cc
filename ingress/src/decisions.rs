//! Decisions as they are made: what a door waits for, and what the views do not show yet.
//!
//! In: the commands log and the committed events, as a tail reads them. Out: the event that answers the
//! command at a position, as soon as it is committed; the state of an operation, for as long as only Kafka
//! knows it. Entries leave when Postgres has their epoch, so what is remembered has a bound.

use schemas::{CommandId, Epoch, Event, Fact, Operation, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot;

/// A command that is larger than this counts as several, so that what waits in the log has a bound in bytes too.
const COMMAND_BYTES: usize = 1024;

/// So many outcomes of a batch take about the room of one ordinary decision.
const OUTCOMES: usize = 8;

/// What is known of an operation that the views may not have yet.
#[derive(Clone, Debug)]
pub enum Known {
    /// In the log, not decided.
    Pending(Position),
    /// Decided and committed.
    Decided(Arc<Event>),
}

/// Commands not decided, and decisions not yet in the views.
#[derive(Debug)]
pub struct Decisions {
    remembered_max: usize,
    pinned_max: u64,
    /// How many decisions the ledger keeps, as of the newest epoch seen.
    pinned: AtomicU64,
    /// The version of the rules that decides next, as of the newest epoch seen; zero as long as it is not known.
    rules: AtomicU32,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: BTreeMap<Position, Entry>,
    /// Where each command stands, however often it came.
    by_command: BTreeMap<CommandId, BTreeSet<Position>>,
    /// The decided ones, oldest first: the order in which they leave.
    decided: BTreeSet<(Epoch, Position)>,
    /// What those weigh.
    decided_weight: usize,
    /// What those weigh that are not decided.
    pending: usize,
    /// The newest epoch of a decision.
    newest: Epoch,
}

#[derive(Debug, Default)]
struct Entry {
    command_id: Option<CommandId>,
    decision: Option<Arc<Event>>,
    /// One for an ordinary command or decision, more for one that takes the room of more.
    weight: usize,
    waiters: Vec<oneshot::Sender<Arc<Event>>>,
}

impl Decisions {
    /// Nothing known yet; at most `remembered_max` entries ever. `pinned_max` is how many decisions the ledger may keep.
    pub fn new(remembered_max: usize, pinned_max: u64) -> Self {
        Self { remembered_max, pinned_max, pinned: AtomicU64::new(0), rules: AtomicU32::new(0), inner: Mutex::default() }
    }

    /// Whether the door should take no more for now.
    pub fn is_full(&self) -> bool {
        self.lock().pending >= self.remembered_max
    }

    /// Whether the ledger keeps as many decisions as it may. They never leave early, so new commands have to wait.
    pub fn ledger_is_full(&self) -> bool {
        self.pinned() >= self.pinned_max
    }

    /// How many operations may wait here, and how many decisions the ledger may keep.
    pub const fn bounds(&self) -> (usize, u64) {
        (self.remembered_max, self.pinned_max)
    }

    /// How many decisions the ledger keeps for the retries of their commands.
    pub fn pinned(&self) -> u64 {
        self.pinned.load(Ordering::Relaxed)
    }

    /// The tail read a committed epoch, after which the ledger keeps so many decisions.
    pub fn saw_pinned(&self, pinned: u64) {
        self.pinned.store(pinned, Ordering::Relaxed);
    }

    /// Whether the rules in force know an operation; none as long as nothing tells which those are. The first version is always known.
    pub fn rules_know(&self, operation: &Operation) -> Option<bool> {
        match (operation.since(), self.rules.load(Ordering::Relaxed)) {
            (1, _) => Some(true),
            (_, 0) => None,
            (since, rules) => Some(since <= rules),
        }
    }

    /// The tail has caught up, and this version of the rules decides next.
    pub fn saw_rules(&self, version: u32) {
        self.rules.store(version, Ordering::Relaxed);
    }

    /// How many commands are in the log and not decided, a large one counted as many.
    pub fn pending(&self) -> usize {
        self.lock().pending
    }

    /// The newest epoch of a decision that was ever seen here.
    pub fn newest(&self) -> Epoch {
        self.lock().newest
    }

    /// The answer to the command at `position`, when it comes. Drop it to stop waiting.
    ///
    /// The decision may have come before the caller asks: Kafka may acknowledge later than settlement decides.
    pub fn answer(&self, position: Position, command_id: CommandId) -> oneshot::Receiver<Arc<Event>> {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.lock();
        inner.saw(position, command_id);
        let entry = inner.entries.entry(position).or_default();
        match &entry.decision {
            // A receiver that is gone has stopped waiting.
            Some(event) => drop(sender.send(Arc::clone(event))),
            None => entry.waiters.push(sender),
        }
        receiver
    }

    /// What is known of an operation: the newest decision on it, or that it waits for one. A retry that waits
    /// changes nothing about what was decided before.
    pub fn operation(&self, command_id: CommandId) -> Option<Known> {
        let inner = self.lock();
        let positions = inner.by_command.get(&command_id)?;
        let decided = |position: &Position| inner.entries.get(position).and_then(|entry| entry.decision.as_ref());
        match positions.iter().rev().find_map(decided) {
            Some(event) => Some(Known::Decided(Arc::clone(event))),
            None => positions.last().map(|position| Known::Pending(*position)),
        }
    }

    /// The tail read a command of so many bytes.
    pub fn saw_command(&self, position: Position, command_id: CommandId, bytes: usize) {
        let mut inner = self.lock();
        inner.saw(position, command_id);
        inner.weigh(position, 1 + bytes / COMMAND_BYTES);
    }

    /// The tail read the events of a committed epoch, in their order.
    ///
    /// What the items of a batch did is told before the batch's own decision and stands at the same position, so the last
    /// answer at a position is the one that its caller waits for.
    pub fn saw_events(&self, events: Vec<Event>) {
        let mut inner = self.lock();
        for event in events.into_iter().rev().filter(Event::answers) {
            let position = event.cause.position;
            inner.newest = event.epoch.max(inner.newest);
            inner.saw(position, event.cause.command_id);
            inner.decide(position, event);
        }
        inner.shrink(self.remembered_max);
    }

    /// The views have everything before `progress`, and with it the commands below `commands_upper`, by partition.
    pub fn forget(&self, progress: Epoch, commands_upper: &[i64]) {
        let mut inner = self.lock();
        while let Some((epoch, position)) = inner.decided.first().copied()
            && epoch < progress
        {
            inner.remove(epoch, position);
        }
        for (partition, upper) in (0..).zip(commands_upper) {
            inner.remove_undecided_before(Position { partition, offset: *upper });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nothing panics while it holds the decisions")
    }
}

impl Inner {
    /// Says what a command weighs. It was taken for an ordinary one until then.
    fn weigh(&mut self, position: Position, weight: usize) {
        if let Some(entry) = self.entries.get_mut(&position).filter(|entry| entry.decision.is_none()) {
            self.pending = self.pending - entry.weight + weight;
            entry.weight = weight;
        }
    }

    fn saw(&mut self, position: Position, command_id: CommandId) {
        let entry = self.entries.entry(position).or_default();
        if entry.command_id.is_none() {
            (entry.command_id, entry.weight) = (Some(command_id), 1);
            self.pending += 1;
            self.by_command.entry(command_id).or_default().insert(position);
        }
    }

    fn decide(&mut self, position: Position, event: Event) {
        let Some(entry) = self.entries.get_mut(&position).filter(|entry| entry.decision.is_none()) else { return };
        let event = Arc::new(event);
        for waiter in entry.waiters.drain(..) {
            drop(waiter.send(Arc::clone(&event)));
        }
        self.decided.insert((event.epoch, position));
        self.pending -= entry.weight;
        entry.weight = weight(&event.fact);
        self.decided_weight += entry.weight;
        entry.decision = Some(event);
    }

    /// Where the views have stood still for long, the oldest decisions are let go: Postgres will have them.
    fn shrink(&mut self, remembered_max: usize) {
        while self.pending + self.decided_weight > 2 * remembered_max
            && let Some((epoch, position)) = self.decided.first().copied()
        {
            self.remove(epoch, position);
        }
    }

    /// What is bound and undecided was no command: it went to the dead letters.
    fn remove_undecided_before(&mut self, upper: Position) {
        let below = Position { offset: 0, ..upper }..upper;
        let undecided = self.entries.range(below).filter(|(_, entry)| entry.decision.is_none());
        for position in undecided.map(|(position, _)| *position).collect::<Vec<_>>() {
            self.remove(Epoch::MAX, position);
        }
    }

    fn remove(&mut self, epoch: Epoch, position: Position) {
        self.decided.remove(&(epoch, position));
        let Some(entry) = self.entries.remove(&position) else { return };
        let counted = if entry.decision.is_some() { &mut self.decided_weight } else { &mut self.pending };
        *counted -= entry.weight;
        let Some(command_id) = entry.command_id else { return };
        if let Some(positions) = self.by_command.get_mut(&command_id) {
            positions.remove(&position);
            if positions.is_empty() {
                self.by_command.remove(&command_id);
            }
        }
    }
}

/// What a decision weighs in memory, in ordinary ones.
fn weight(fact: &Fact) -> usize {
    match fact {
        Fact::BatchDecided(decided) => 1 + decided.outcomes.len() / OUTCOMES,
        Fact::Repeated(repeat) => repeat.first.as_ref().map_or(1, weight),
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
        | Fact::Refused { .. } => 1,
    }
}

#[cfg(test)]
mod tests;
