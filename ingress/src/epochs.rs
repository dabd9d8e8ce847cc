//! From a log to epochs. Pure: records and the time are arguments, sealed epochs are pulled.
//!
//! **Definition.** An epoch is what came in since the last one, up to an exclusive upper offset of every input
//! partition: its binding. A bound epoch that is replayed is made from its binding, never from the time.
//!
//! An epoch closes
//! 1. as soon as it has a command and nothing is in flight: waiting would only add latency;
//! 2. at `age_max_ms` or `weight_max`, whichever comes first, while earlier epochs are on their way; a batch weighs as many
//!    commands as it has items, and one that is heavier than an epoch may be has an epoch of its own;
//! 3. empty, after `tick_ms` without any, so that time goes on;
//! 4. empty, 60 s after its predecessor, as long as the clock is further ahead than that: a jump of the clock
//!    never reaches a command in one step.
//!
//! 1. and the age wait for the pause after its predecessor: two milliseconds for each command of that, `pause_max_ms` at most. An epoch
//! costs its readers much more than a payment, so a busy bank is faster with fewer; commits of one or two commands take as long anyway.

use schemas::{Binding, Bound, Epoch, EpochInput, Input, SealedEpoch};
use std::collections::{BTreeMap, VecDeque};

/// Largest step of the clock between two epochs.
pub const STEP_MAX_MS: u64 = 60_000;

/// Pause after an epoch, for each command that it had. Above one in this time epochs grow until the pause is the longest.
const PAUSE_MS: u64 = 2;

/// When epochs close.
#[derive(Clone, Debug)]
pub struct Policy {
    /// An epoch with a command closes at this age, even while others are in flight, once the pause is over.
    pub age_max_ms: u64,
    /// An epoch closes at this many commands, items of batches counted one by one.
    pub weight_max: usize,
    /// The longest pause after an epoch, unless the next is full.
    pub pause_max_ms: u64,
    /// An empty epoch closes after this long.
    pub tick_ms: u64,
    /// No epoch closes while this many are in flight.
    pub in_flight_max: usize,
}

/// A replay that the log does not support.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("epoch {epoch} binds {bound} records of {topic} partition {partition}, but the log has {found}")]
pub struct LogMismatch {
    /// The epoch.
    pub epoch: Epoch,
    /// The input topic.
    pub topic: String,
    /// The input partition.
    pub partition: i32,
    /// Records by the binding.
    pub bound: u32,
    /// Records in the log.
    pub found: usize,
}

/// The open epoch and what it stands on.
#[derive(Debug)]
pub struct Epochs {
    policy: Policy,
    topic: String,
    generation: u64,
    code_version: u32,
    previous: Epoch,
    /// When the previous epoch closed, by the caller's clock.
    closed_ms: u64,
    /// What the previous epoch weighed.
    weighed: usize,
    /// When the first waiting command came, by the caller's clock.
    waiting_since_ms: Option<u64>,
    partitions: BTreeMap<i32, Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    /// Exclusive upper offset of what was read.
    read: i64,
    /// Read, not sealed.
    waiting: VecDeque<Bound>,
    /// What those weigh.
    weight: usize,
}

impl Epochs {
    /// Nothing read yet; `uppers` is where each partition of `topic` starts, `previous` the epoch before, or zero.
    pub fn new(
        policy: Policy,
        topic: &str,
        uppers: &BTreeMap<i32, i64>,
        previous: Epoch,
        generation: u64,
        code_version: u32,
        now_ms: u64,
    ) -> Self {
        let partitions = uppers.iter().map(|(partition, upper)| (*partition, Partition { read: *upper, ..Partition::default() }));
        Self {
            policy,
            topic: topic.to_owned(),
            generation,
            code_version,
            previous,
            closed_ms: now_ms,
            weighed: 0,
            waiting_since_ms: None,
            partitions: partitions.collect(),
        }
    }

    /// Epochs that are minted from here on are decided by this version of the rules.
    pub const fn decide_by(&mut self, code_version: u32) {
        self.code_version = code_version;
    }

    /// The version of the rules that decides the next epoch.
    pub const fn rules(&self) -> u32 {
        self.code_version
    }

    /// The record at `offset` was read; `bound` is none for one that is no command, such as a schema.
    pub fn read(&mut self, partition: i32, offset: i64, bound: Option<Bound>, now_ms: u64) {
        let part = self.partitions.get_mut(&partition).expect("only assigned partitions are read");
        assert!(offset >= part.read, "offset {offset} of partition {partition} was read twice");
        part.read = offset + 1;
        if let Some(bound) = bound {
            part.weight += bound.weight();
            part.waiting.push_back(bound);
            self.waiting_since_ms.get_or_insert(now_ms);
        }
    }

    /// What the commands weigh that were read and are not sealed.
    pub fn waiting(&self) -> usize {
        self.partitions.values().map(|part| part.weight).sum()
    }

    /// The bound epoch once the log was read as far as its binding; `None` until then.
    pub fn replay(&mut self, sealed: &SealedEpoch) -> Result<Option<EpochInput>, LogMismatch> {
        let binding = &sealed.binding;
        if binding.inputs.iter().any(|input| self.partitions.get(&input.partition).is_none_or(|part| part.read < input.upper)) {
            return Ok(None);
        }
        let mut commands = Vec::new();
        for input in &binding.inputs {
            let part = self.partitions.get_mut(&input.partition).expect("checked above");
            let inside = part.waiting.iter().take_while(|bound| bound.position.offset < input.upper).count();
            if u32::try_from(inside) != Ok(input.count) {
                return Err(LogMismatch {
                    epoch: binding.epoch,
                    topic: input.topic.clone(),
                    partition: input.partition,
                    bound: input.count,
                    found: inside,
                });
            }
            commands.reserve(inside);
            commands.extend((0..inside).map_while(|_| part.take()));
        }
        self.previous = binding.epoch;
        if self.waiting() == 0 {
            self.waiting_since_ms = None;
        }
        Ok(Some(EpochInput { binding: binding.clone(), commands, committed: Some(sealed.outputs.clone()) }))
    }

    /// The next epoch if one closes now.
    pub fn poll(&mut self, now_ms: u64, in_flight: usize) -> Option<EpochInput> {
        if in_flight >= self.policy.in_flight_max {
            return None;
        }
        if self.previous > 0 && now_ms > self.previous + STEP_MAX_MS {
            return Some(self.seal(self.previous + STEP_MAX_MS, now_ms, false));
        }
        let waiting = self.waiting();
        let aged = self.waiting_since_ms.is_some_and(|since| now_ms.saturating_sub(since) >= self.policy.age_max_ms);
        let pause = u64::try_from(self.weighed).unwrap_or(u64::MAX).saturating_mul(PAUSE_MS).min(self.policy.pause_max_ms);
        let paused = now_ms.saturating_sub(self.closed_ms) >= pause;
        let closes = waiting >= self.policy.weight_max || waiting > 0 && paused && (in_flight == 0 || aged);
        let ticks = waiting == 0 && now_ms.saturating_sub(self.closed_ms) >= self.policy.tick_ms;
        (closes || ticks).then(|| self.seal(now_ms.max(self.previous + 1), now_ms, true))
    }

    /// A last epoch, without commands: what was read and not sealed is left to whoever comes next.
    pub fn close(&mut self, now_ms: u64) -> EpochInput {
        let latest = if self.previous == 0 { now_ms } else { self.previous + STEP_MAX_MS };
        self.seal(now_ms.max(self.previous + 1).min(latest.max(1)), now_ms, false)
    }

    fn seal(&mut self, epoch: Epoch, now_ms: u64, with_commands: bool) -> EpochInput {
        // Room for all that waits, at once: a list that grows is copied, and leaves memory behind that nobody has touched yet.
        let waiting: usize = self.partitions.values().map(|part| part.waiting.len()).sum();
        let mut commands = Vec::with_capacity(if with_commands { waiting.min(self.policy.weight_max.max(1)) } else { 0 });
        let mut inputs = Vec::new();
        let mut weight = 0;
        for (partition, part) in &mut self.partitions {
            let before = commands.len();
            // Without commands, and where the weight cuts, the upper is the first record left out. The first command of all is
            // taken whatever it weighs: it would not be lighter in the next epoch.
            while with_commands
                && let Some(next) = part.waiting.front().map(Bound::weight)
                && (weight == 0 || weight + next <= self.policy.weight_max)
            {
                weight += next;
                commands.extend(part.take());
            }
            let taken = commands.len() - before;
            inputs.push(Input {
                topic: self.topic.clone(),
                partition: *partition,
                upper: part.waiting.front().map_or(part.read, |first| first.position.offset),
                count: u32::try_from(taken).expect("an epoch's weight is bounded"),
            });
        }
        self.previous = epoch;
        self.closed_ms = now_ms;
        self.weighed = weight;
        self.waiting_since_ms = (self.waiting() > 0).then_some(now_ms);
        let binding = Binding { epoch, generation: self.generation, code_version: self.code_version, inputs };
        EpochInput { binding, commands, committed: None }
    }
}

impl Partition {
    /// The first that waits.
    fn take(&mut self) -> Option<Bound> {
        let bound = self.waiting.pop_front()?;
        self.weight -= bound.weight();
        Some(bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Asked, Authority, Batch, BatchMode, Command, HoldId, Malformed, Operation, Position, Principal, Release};

    fn policy() -> Policy {
        Policy { age_max_ms: 5, weight_max: 3, pause_max_ms: 0, tick_ms: 1000, in_flight_max: 2 }
    }

    fn epochs(now_ms: u64) -> Epochs {
        Epochs::new(policy(), "log", &BTreeMap::from([(0, 0), (1, 0)]), 0, 1, 1, now_ms)
    }

    fn bound(partition: i32, offset: i64) -> Option<Bound> {
        let command = Err(Malformed { key: None, value: None, reason: String::new() });
        Some(Bound { position: Position { partition, offset }, traceparent: String::new(), appended_ms: None, command })
    }

    /// A batch of so many items.
    fn batch(partition: i32, offset: i64, items: usize) -> Option<Bound> {
        let items = vec![Operation::Release(Release { hold_id: HoldId::mint(1, 0) }); items];
        let operation = Operation::Batch(Batch { mode: BatchMode::Independent, dry_run: false, items });
        let principal = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
        let command = Command { principal, idempotency_key: "k".to_owned(), received_ms: 0, operation };
        Some(Bound {
            position: Position { partition, offset },
            traceparent: String::new(),
            appended_ms: None,
            command: Ok(Asked::of(command)),
        })
    }

    /// Its time, (upper, count) of each input, and (partition, offset) of each command.
    type Shape = (Epoch, Vec<(i64, u32)>, Vec<(i32, i64)>);

    fn shape(input: &EpochInput) -> Shape {
        let uppers = input.binding.inputs.iter().map(|input| (input.upper, input.count)).collect();
        let order = input.commands.iter().map(|bound| (bound.position.partition, bound.position.offset)).collect();
        (input.binding.epoch, uppers, order)
    }

    #[test]
    fn an_idle_cell_closes_at_once_and_a_busy_one_by_age_or_weight() {
        let mut epochs = epochs(1000);
        epochs.read(1, 0, bound(1, 0), 1000);
        epochs.read(0, 0, bound(0, 0), 1000);
        // Partition order, not arrival.
        assert_eq!(shape(&epochs.poll(1000, 0).unwrap()), (1000, vec![(1, 1), (1, 1)], vec![(0, 0), (1, 0)]));

        epochs.read(0, 1, bound(0, 1), 1001);
        assert!(epochs.poll(1005, 1).is_none());
        assert_eq!(shape(&epochs.poll(1006, 1).unwrap()), (1006, vec![(2, 1), (1, 0)], vec![(0, 1)]));

        for offset in 2..6 {
            epochs.read(0, offset, bound(0, offset), 1006);
        }
        assert!(epochs.poll(1006, 2).is_none(), "the window is full");
        // Heavier than an epoch may be: the rest waits, and the upper says where it starts. The clock stood still.
        assert_eq!(shape(&epochs.poll(1006, 1).unwrap()), (1007, vec![(5, 3), (1, 0)], vec![(0, 2), (0, 3), (0, 4)]));
        assert_eq!(shape(&epochs.poll(1012, 1).unwrap()).2, vec![(0, 5)]);
    }

    #[test]
    fn a_busy_cell_pauses_between_epochs_and_a_full_one_does_not() {
        let busy = Policy { weight_max: 30, pause_max_ms: 20, ..policy() };
        let mut epochs = Epochs::new(busy, "log", &BTreeMap::from([(0, 0)]), 0, 1, 1, 1000);
        let mut offsets = 0..;
        let mut read = |epochs: &mut Epochs, count: usize, now_ms| {
            for offset in offsets.by_ref().take(count) {
                epochs.read(0, offset, bound(0, offset), now_ms);
            }
        };
        let mut closes = |epochs: &mut Epochs, count, now_ms: u64| {
            read(epochs, count, now_ms);
            (now_ms..now_ms + 100).find_map(|now_ms| epochs.poll(now_ms, 0)).map(|input| (input.binding.epoch, input.commands.len()))
        };
        // The first waits for nothing; each of the next for two milliseconds after one command, twelve after six, at most twenty.
        assert_eq!(closes(&mut epochs, 1, 1000), Some((1000, 1)));
        assert_eq!(closes(&mut epochs, 6, 1000), Some((1002, 6)));
        assert_eq!(closes(&mut epochs, 25, 1003), Some((1014, 25)));
        assert_eq!(closes(&mut epochs, 1, 1015), Some((1034, 1)));
        assert_eq!(closes(&mut epochs, 1, 1040), Some((1040, 1)), "the pause is over when it comes");
        assert_eq!(closes(&mut epochs, 25, 1042), Some((1042, 25)));
        // Thirty is all that an epoch takes.
        assert_eq!(closes(&mut epochs, 31, 1043), Some((1043, 30)));
        assert_eq!(closes(&mut epochs, 0, 1044), Some((1063, 1)));
    }

    #[test]
    fn a_batch_weighs_as_many_commands_as_it_has_items() {
        let mut epochs = epochs(1000);
        epochs.read(0, 0, bound(0, 0), 1000);
        epochs.read(0, 1, batch(0, 1, 3), 1000);
        epochs.read(0, 2, bound(0, 2), 1000);
        epochs.read(1, 0, batch(1, 0, 2), 1000);
        epochs.read(1, 1, batch(1, 1, 9), 1000);
        assert_eq!(epochs.waiting(), 16);
        let orders: Vec<_> = std::iter::from_fn(|| epochs.poll(1000, 1)).map(|input| shape(&input).2).collect();
        // What does not fit waits, and what is lighter in another partition goes before it. The last is heavier than an epoch may be.
        assert_eq!(orders, [vec![(0, 0), (1, 0)], vec![(0, 1)], vec![(0, 2)], vec![(1, 1)]]);
        assert_eq!(epochs.waiting(), 0);

        let (mut live, mut again) = (self::epochs(1000), self::epochs(5000));
        for epochs in [&mut live, &mut again] {
            epochs.read(0, 0, batch(0, 0, 2), 1000);
            epochs.read(0, 1, batch(0, 1, 2), 1000);
        }
        let input = live.poll(1000, 1).unwrap();
        let sealed = SealedEpoch { binding: input.binding.clone(), outputs: Vec::new(), pinned: 0, waited: Vec::new() };
        assert_eq!(shape(&again.replay(&sealed).unwrap().unwrap()), shape(&input));
        assert_eq!((live.waiting(), again.waiting()), (2, 2));
    }

    #[test]
    fn time_goes_on_without_commands_and_never_in_leaps() {
        let mut epochs = epochs(1000);
        assert!(epochs.poll(1999, 0).is_none());
        assert_eq!(epochs.poll(2000, 0).unwrap().binding.epoch, 2000);
        epochs.read(0, 0, bound(0, 0), 200_000);
        let caught_up: Vec<_> = std::iter::from_fn(|| epochs.poll(200_000, 0)).map(|input| shape(&input)).collect();
        let ticks: Vec<_> = caught_up.iter().map(|(epoch, uppers, order)| (*epoch, uppers[0].0, order.len())).collect();
        assert_eq!(ticks, [(62_000, 0, 0), (122_000, 0, 0), (182_000, 0, 0), (200_000, 1, 1)]);
        // The clock goes back: epochs do not.
        epochs.read(0, 1, bound(0, 1), 5_000);
        assert_eq!(epochs.poll(5_000, 0).unwrap().binding.epoch, 200_001);
    }

    #[test]
    fn the_last_epoch_has_no_commands_and_no_leap_either() {
        let mut fresh = epochs(1000);
        assert_eq!(fresh.close(1000).binding.epoch, 1000);
        let mut behind = epochs(1000);
        behind.poll(2000, 0).unwrap();
        behind.read(0, 0, bound(0, 0), 900_000);
        assert_eq!(shape(&behind.close(900_000)), (62_000, vec![(0, 0), (0, 0)], vec![]));
    }

    #[test]
    fn a_replay_makes_the_same_epochs_or_says_what_is_missing() {
        let mut live = epochs(1000);
        let mut sealed = Vec::new();
        for offset in 0..9 {
            live.read(0, offset, (offset % 4 != 0).then(|| bound(0, offset)).flatten(), 1000 + offset.unsigned_abs());
            if let Some(input) = live.poll(1000 + offset.unsigned_abs(), usize::try_from(offset % 2).unwrap()) {
                sealed.push(input);
            }
        }
        let record =
            |input: &EpochInput| SealedEpoch { binding: input.binding.clone(), outputs: Vec::new(), pinned: 0, waited: Vec::new() };
        let mut replay = epochs(9_999_999);
        let mut again = Vec::new();
        let mut next = 0;
        for input in &sealed {
            let made = loop {
                if let Some(made) = replay.replay(&record(input)).unwrap() {
                    break made;
                }
                replay.read(0, next, (next % 4 != 0).then(|| bound(0, next)).flatten(), 0);
                next += 1;
            };
            again.push(made);
        }
        assert_eq!(again.iter().map(shape).collect::<Vec<_>>(), sealed.iter().map(shape).collect::<Vec<_>>());

        let mut short = epochs(0);
        short.read(0, 8, bound(0, 8), 0);
        let error = short.replay(&record(&sealed[0])).unwrap_err();
        assert_eq!((error.bound, error.found), (sealed[0].binding.inputs[0].count, 0));
    }
}
