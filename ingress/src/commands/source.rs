//! What settlement's source makes of records and of the time. Pure: whoever reads the log is outside.
//!
//! In: where settlement stands, what each partition of the log holds, records in their order, the time. Out: first the
//! epochs that are bound, as they were bound, then new ones. Never: a new epoch before the last bound one, or one by rules that
//! may not be in force.

use super::{DAY_MS, Learnt, Record, Schemas, SourceError, Start, bound};
use crate::epochs::{Epochs, Policy};
use crate::kafka::ReadError;
use schemas::wire::Decoder;
use schemas::{Bound, Epoch, EpochInput, Operation, SealedEpoch, Topic};
use std::collections::{BTreeMap, VecDeque};

/// A source between two records.
pub struct Source {
    epochs: Epochs,
    decoder: Decoder,
    schemas: Schemas,
    /// What is bound and was not handed on yet.
    bound: VecDeque<SealedEpoch>,
    weight_max: usize,
    /// The newest rules that there are here.
    newest_rules: u32,
    /// Whether what was handed on may have brought other rules into force.
    rules_may_change: bool,
}

impl Source {
    /// Starts where settlement stands, and says from which offset of each partition on it wants records. `marks` are
    /// each partition's first offset and its exclusive last one; `schemas` is told what the log records.
    pub fn start(
        policy: Policy,
        start: Start,
        marks: &BTreeMap<i32, (i64, i64)>,
        schemas: Schemas,
        now_ms: u64,
    ) -> Result<(Self, BTreeMap<i32, i64>), SourceError> {
        let topic = Topic::Commands.as_str();
        let starts: BTreeMap<i32, i64> =
            marks.keys().map(|partition| (*partition, start.uppers.get(partition).copied().unwrap_or(0))).collect();
        check_log(topic, marks, &starts, start.bound.last())?;
        let last = start.bound.last().map_or(start.after, |sealed| sealed.binding.epoch);
        check_gap((last > 0).then_some(last), now_ms, start.accept_gap)?;
        let mut decoder = Decoder::default();
        for learnt in start.schemas {
            decoder.learn(learnt.id, &learnt.json)?;
            schemas.add(learnt);
        }
        let weight_max = policy.weight_max;
        let epochs = Epochs::new(policy, topic, &starts, start.after, start.generation, start.newest_rules, now_ms);
        let (newest_rules, bound) = (start.newest_rules, start.bound.into());
        Ok((Self { epochs, decoder, schemas, bound, weight_max, newest_rules, rules_may_change: true }, starts))
    }

    /// Takes the next record of a partition.
    pub fn read(&mut self, record: &Record<'_>, now_ms: u64) {
        let id = record.schema.parse().ok().filter(|id| !self.decoder.knows(*id));
        let bound = bound(&mut self.decoder, record);
        if let (None, Some(id)) = (&bound, id) {
            let json = String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned();
            self.schemas.add(Learnt { position: record.position, id, json });
        }
        self.epochs.read(record.position.partition, record.position.offset, bound, now_ms);
    }

    /// The next epoch, if there is one: a bound one once the log was read that far, a new one if it closes now. `in_flight` epochs
    /// are not committed yet; `rules` decide what follows those that are, zero the newest.
    pub fn next(&mut self, now_ms: u64, in_flight: usize, rules: u32) -> Result<Option<EpochInput>, SourceError> {
        let Some(sealed) = self.bound.front() else {
            if !self.knows_its_rules(in_flight, rules)? {
                return Ok(None);
            }
            let input = self.epochs.poll(now_ms, in_flight);
            self.rules_may_change = input.as_ref().is_some_and(activates);
            return Ok(input);
        };
        let input = self.epochs.replay(sealed)?;
        if input.is_some() {
            self.bound.pop_front();
        }
        Ok(input)
    }

    /// A last epoch, without commands; none as long as it is not known by which rules.
    pub fn close(&mut self, now_ms: u64, in_flight: usize, rules: u32) -> Result<Option<EpochInput>, SourceError> {
        Ok(self.knows_its_rules(in_flight, rules)?.then(|| self.epochs.close(now_ms)))
    }

    /// Whether it is known by which rules the next epoch is decided. Only once an epoch is committed it is known whether a
    /// command in it that activates others was accepted.
    fn knows_its_rules(&mut self, in_flight: usize, rules: u32) -> Result<bool, SourceError> {
        if !self.rules_may_change {
            return Ok(true);
        }
        if in_flight > 0 {
            return Ok(false);
        }
        let (version, newest) = (if rules == 0 { self.newest_rules } else { rules }, self.newest_rules);
        if version > newest {
            return Err(SourceError::Rules { version, newest });
        }
        self.epochs.decide_by(version);
        self.rules_may_change = false;
        Ok(true)
    }

    /// Whether bound epochs are still to come.
    pub fn replays(&self) -> bool {
        !self.bound.is_empty()
    }

    /// Whether what was read and not sealed makes a whole epoch: more would only wait.
    pub fn is_full(&self) -> bool {
        self.epochs.waiting() >= self.weight_max
    }

    /// Whether nothing that was read waits.
    pub fn is_idle(&self) -> bool {
        self.epochs.waiting() == 0
    }
}

/// Whether other rules may decide what comes after this epoch.
fn activates(epoch: &EpochInput) -> bool {
    let activates = |bound: &Bound| matches!(&bound.command, Ok(asked) if matches!(asked.command().operation, Operation::ActivateRules(_)));
    epoch.commands.iter().any(activates)
}

/// A log that is too short at either end can't be replayed.
fn check_log(
    topic: &str,
    marks: &BTreeMap<i32, (i64, i64)>,
    starts: &BTreeMap<i32, i64>,
    last: Option<&SealedEpoch>,
) -> Result<(), ReadError> {
    for (partition, (low, high)) in marks {
        let (topic, partition, low, high) = (topic.to_owned(), *partition, *low, *high);
        let start = starts.get(&partition).copied().unwrap_or(0);
        if low > start {
            return Err(ReadError::StartsLate { topic, partition, low, needed: start });
        }
        let bound = last.iter().flat_map(|sealed| &sealed.binding.inputs).find(|input| input.partition == partition);
        let needed = bound.map_or(start, |input| input.upper);
        if needed > high {
            return Err(ReadError::EndsEarly { topic, partition, high, needed });
        }
    }
    Ok(())
}

fn check_gap(last: Option<Epoch>, now_ms: u64, accept_gap: bool) -> Result<(), SourceError> {
    match last {
        Some(last) if now_ms > last + DAY_MS && !accept_gap => {
            Err(SourceError::Gap { days: (now_ms - last) / DAY_MS, last: schemas::rfc3339(last) })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{ActivateRules, Asked, Authority, Binding, Command, Input, Position, Principal};

    fn sealed(upper: i64) -> SealedEpoch {
        let inputs = vec![Input { topic: "log".to_owned(), partition: 0, upper, count: 0 }];
        SealedEpoch {
            binding: Binding { epoch: 1, generation: 1, code_version: 1, inputs },
            outputs: Vec::new(),
            pinned: 0,
            waited: Vec::new(),
        }
    }

    #[test]
    fn a_log_that_is_too_short_at_either_end_is_refused() {
        let check = |low, high, start, upper: Option<i64>| {
            check_log("log", &BTreeMap::from([(0, (low, high))]), &BTreeMap::from([(0, start)]), upper.map(sealed).as_ref())
        };
        for (low, high, start, upper) in [(0, 5, 0, Some(5)), (0, 9, 0, Some(5)), (3, 9, 3, Some(5)), (1, 9, 3, None), (0, 0, 0, None)] {
            assert!(check(low, high, start, upper).is_ok(), "{low} {high} {start} {upper:?}");
        }
        assert!(matches!(check(0, 4, 0, Some(5)), Err(ReadError::EndsEarly { high: 4, needed: 5, .. })));
        assert!(matches!(check(1, 9, 0, Some(5)), Err(ReadError::StartsLate { low: 1, needed: 0, .. })));
        assert!(matches!(check(4, 9, 3, Some(5)), Err(ReadError::StartsLate { low: 4, needed: 3, .. })));
        assert!(matches!(check(0, 2, 3, None), Err(ReadError::EndsEarly { high: 2, needed: 3, .. })));
    }

    #[test]
    fn an_epoch_that_may_change_the_rules_is_committed_before_the_next_is_minted() {
        let activate = |offset: i64| {
            let principal = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
            let operation = Operation::ActivateRules(ActivateRules { version: 1 });
            let command = Command { principal, idempotency_key: "k".to_owned(), received_ms: 0, operation };
            Some(Bound {
                position: Position { partition: 0, offset },
                traceparent: String::new(),
                appended_ms: None,
                command: Ok(Asked::of(command)),
            })
        };
        let policy = Policy { age_max_ms: 5, weight_max: 10, pause_max_ms: 0, tick_ms: 10, in_flight_max: 9 };
        let start = || Start {
            after: 0,
            uppers: BTreeMap::new(),
            schemas: Vec::new(),
            bound: Vec::new(),
            generation: 1,
            newest_rules: 2,
            accept_gap: false,
        };
        let new = || Source::start(policy.clone(), start(), &BTreeMap::from([(0, (0, 0))]), Schemas::default(), 1_000).unwrap().0;
        let version = |input: Option<EpochInput>| input.map(|input| input.binding.code_version);

        let mut source = new();
        assert_eq!(version(source.next(1_010, 0, 0).unwrap()), Some(2), "a new bank goes by the newest");
        source.epochs.read(0, 0, activate(0), 1_020);
        assert_eq!(version(source.next(1_020, 0, 2).unwrap()), Some(2));
        assert_eq!(version(source.next(1_090, 1, 2).unwrap()), None, "it is not known yet whether it was accepted");
        assert_eq!(version(source.close(1_090, 1, 2).unwrap()), None);
        assert_eq!(version(source.next(1_090, 0, 1).unwrap()), Some(1));
        assert_eq!(version(source.close(1_091, 1, 1).unwrap()), Some(1));

        let error = new().next(1_010, 0, 3).unwrap_err();
        assert!(error.to_string().starts_with("version 3 of the rules is in force, and this binary has them up to version 2"), "{error}");
    }

    #[test]
    fn a_long_gap_waits_for_a_person() {
        assert!(check_gap(None, 10 * DAY_MS, false).is_ok(), "the first epoch of all needs none");
        assert!(check_gap(Some(9 * DAY_MS), 10 * DAY_MS, false).is_ok());
        assert!(matches!(check_gap(Some(7 * DAY_MS), 10 * DAY_MS, false), Err(SourceError::Gap { days: 3, .. })));
        assert!(check_gap(Some(7 * DAY_MS), 10 * DAY_MS, true).is_ok());
    }
}
