//! Decisions as they are made: what a door waits for, and what the views do not show yet.
//!
//! In: the commands log and the committed events, as a tail reads them. Out: the event that answers the
//! command at a position, as soon as it is committed; the state of an operation, for as long as only Kafka
//! knows it. Entries leave when Postgres has their epoch, so what is remembered has a bound.

use schemas::{CommandId, Epoch, Event, Operation, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot;

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
    /// How many are not decided.
    pending: usize,
    /// The newest epoch of a decision.
    newest: Epoch,
}

#[derive(Debug, Default)]
struct Entry {
    command_id: Option<CommandId>,
    decision: Option<Arc<Event>>,
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

    /// How many commands are in the log and not decided.
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

    /// The tail read a command.
    pub fn saw_command(&self, position: Position, command_id: CommandId) {
        self.lock().saw(position, command_id);
    }

    /// The tail read a committed event.
    pub fn saw_event(&self, event: Event) {
        if !event.answers() {
            return;
        }
        let position = event.cause.position;
        let mut inner = self.lock();
        inner.newest = event.epoch.max(inner.newest);
        inner.saw(position, event.cause.command_id);
        inner.decide(position, Arc::new(event));
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
    fn saw(&mut self, position: Position, command_id: CommandId) {
        let entry = self.entries.entry(position).or_default();
        if entry.command_id.is_none() {
            entry.command_id = Some(command_id);
            self.pending += 1;
            self.by_command.entry(command_id).or_default().insert(position);
        }
    }

    fn decide(&mut self, position: Position, event: Arc<Event>) {
        let Some(entry) = self.entries.get_mut(&position) else { return };
        if entry.decision.is_some() {
            return;
        }
        for waiter in entry.waiters.drain(..) {
            drop(waiter.send(Arc::clone(&event)));
        }
        self.decided.insert((event.epoch, position));
        self.pending -= 1;
        entry.decision = Some(event);
    }

    /// Where the views have stood still for long, the oldest decisions are let go: Postgres will have them.
    fn shrink(&mut self, remembered_max: usize) {
        while self.entries.len() > 2 * remembered_max
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
            self.pending -= 1;
        }
    }

    fn remove(&mut self, epoch: Epoch, position: Position) {
        self.decided.remove(&(epoch, position));
        let Some(command_id) = self.entries.remove(&position).and_then(|entry| entry.command_id) else { return };
        if let Some(positions) = self.by_command.get_mut(&command_id) {
            positions.remove(&position);
            if positions.is_empty() {
                self.by_command.remove(&command_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Cause, EventId, Fact, Refusal};

    fn command(key: &str) -> CommandId {
        CommandId::derive("alice", "open_account", key)
    }

    fn at(offset: i64) -> Position {
        Position { partition: 0, offset }
    }

    fn decided(offset: i64, key: &str, epoch: Epoch) -> Event {
        Event {
            id: EventId::mint(epoch, 0),
            epoch,
            cause: Cause { command_id: command(key), position: at(offset), traceparent: String::new() },
            fact: Fact::Refused { operation: "open_account".to_owned(), refusal: Refusal::CustomerNotFound },
        }
    }

    #[test]
    fn a_ledger_that_keeps_too_many_decisions_takes_no_commands_until_some_have_expired() {
        let decisions = Decisions::new(10, 3);
        for (pinned, full) in [(0, false), (2, false), (3, true), (9, true), (2, false)] {
            decisions.saw_pinned(pinned);
            assert_eq!((decisions.ledger_is_full(), decisions.pinned()), (full, pinned));
        }
    }

    #[test]
    fn what_the_rules_in_force_know_is_not_known_before_they_are() {
        let decisions = Decisions::new(10, 3);
        let change = schemas::ChangeStatus { account_id: schemas::AccountId::mint(1, 0), change: schemas::StatusChange::Close };
        for (version, known) in [(0, None), (2, Some(false)), (3, Some(true)), (1, Some(false))] {
            decisions.saw_rules(version);
            assert_eq!(decisions.rules_know(&Operation::ChangeStatus(change)), known, "{version}");
            assert_eq!(decisions.rules_know(&Operation::ActivateRules(schemas::ActivateRules { version })), Some(true));
        }
    }

    #[test]
    fn a_decision_reaches_its_waiter_whichever_comes_first() {
        let decisions = Decisions::new(10, 10);
        let mut early = decisions.answer(at(1), command("a"));
        assert!(early.try_recv().is_err());
        decisions.saw_event(decided(1, "a", 7));
        assert_eq!(decisions.newest(), 7);
        assert_eq!(early.try_recv().unwrap().epoch, 7);
        let mut late = decisions.answer(at(1), command("a"));
        assert_eq!(late.try_recv().unwrap().epoch, 7);
        assert_eq!(decisions.pending(), 0);
    }

    #[test]
    fn a_retry_is_answered_by_its_own_position() {
        let decisions = Decisions::new(10, 10);
        let mut first = decisions.answer(at(1), command("a"));
        let mut retry = decisions.answer(at(2), command("a"));
        decisions.saw_event(decided(2, "a", 9));
        assert!(first.try_recv().is_err());
        assert_eq!(retry.try_recv().unwrap().epoch, 9);
    }

    #[test]
    fn an_operation_is_pending_then_decided_then_the_views_business() {
        let decisions = Decisions::new(10, 10);
        assert!(decisions.operation(command("a")).is_none());
        decisions.saw_command(at(1), command("a"));
        assert!(matches!(decisions.operation(command("a")), Some(Known::Pending(position)) if position == at(1)));
        decisions.saw_event(decided(1, "a", 7));
        assert!(matches!(decisions.operation(command("a")), Some(Known::Decided(_))));
        decisions.forget(7, &[1]);
        assert!(decisions.operation(command("a")).is_some(), "progress is an exclusive bound");
        decisions.forget(8, &[2]);
        assert!(decisions.operation(command("a")).is_none());
    }

    #[test]
    fn a_retry_that_waits_does_not_hide_the_first_decision() {
        let decisions = Decisions::new(10, 10);
        decisions.saw_event(decided(1, "a", 7));
        decisions.saw_command(at(2), command("a"));
        assert!(matches!(decisions.operation(command("a")), Some(Known::Decided(event)) if event.epoch == 7));
        // Once the views have the first, they say what it was.
        decisions.forget(8, &[2]);
        assert!(matches!(decisions.operation(command("a")), Some(Known::Pending(position)) if position == at(2)));
    }

    #[test]
    fn what_was_bound_without_a_decision_is_not_pending_for_ever() {
        let decisions = Decisions::new(10, 10);
        decisions.saw_command(at(3), command("dead letter"));
        decisions.saw_command(at(4), command("alive"));
        decisions.forget(8, &[4]);
        assert!(decisions.operation(command("dead letter")).is_none());
        assert_eq!(decisions.pending(), 1);
    }

    #[test]
    fn what_is_remembered_has_a_bound_and_the_undecided_stay() {
        let decisions = Decisions::new(5, 10);
        for offset in 0..5 {
            decisions.saw_command(at(offset), command(&offset.to_string()));
        }
        assert!(decisions.is_full());
        for offset in 5..100 {
            decisions.saw_event(decided(offset, &offset.to_string(), 7));
        }
        assert!(decisions.lock().entries.len() <= 10);
        assert_eq!(decisions.pending(), 5);
        assert!(matches!(decisions.operation(command("3")), Some(Known::Pending(_))));
    }
}
