//! What if: questions that are put to the detection as it stands, and change nothing.
//!
//! A question brings parameters of a rule. The answer says about whom the rule would then have something to say, and about whom it says
//! something now: whoever is in one and not in the other would be added, or removed. It is of the end of the epoch that it names. A setting
//! with the same shape as one that is watched is compared with the candidates that stand, so it costs those of its rule; with another shape
//! everybody is measured anew from the payments that are not forgotten.

use crate::risk::evidence;
use crate::risk::features::Features;
use crate::risk::rules::{self, How, Key, Measures, Watched};
use crate::risk::settings::{self, Watch, is_candidate, reaches};
use schemas::Epoch;
use schemas::alert::{Measured, Subject};
use schemas::aml::{Lane, RuleId, Setting};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Most questions that wait: one is answered an epoch.
pub const WAITING_MAX: usize = 64;

/// A question.
#[derive(Debug)]
pub struct Question {
    /// Which rule.
    pub rule: RuleId,
    /// Its parameters as they might be; the others are as they are set.
    pub parameters: BTreeMap<String, i64>,
    /// Whom the answer goes to.
    pub answer: Sender<Simulated>,
    /// Held by whoever waits for the answer; nobody does once it is dropped.
    pub asker: Weak<()>,
}

/// What a setting would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// The end of this epoch.
    pub as_of: Epoch,
    /// About how many the live setting says something.
    pub live: usize,
    /// About how many the setting of the question would.
    pub proposed: usize,
    /// About whom it would, and the live one does not.
    pub added: Vec<Would>,
    /// About whom the live one does, and it would not.
    pub removed: Vec<Would>,
}

/// Somebody about whom a rule says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Would {
    /// Who.
    pub subject: Subject,
    /// What was measured, against the thresholds by which it says so.
    pub measured: Vec<Measured>,
}

/// The questions that wait, shared by whoever asks and the detection.
#[derive(Clone, Debug, Default)]
pub struct Questions(Arc<Mutex<VecDeque<Question>>>);

impl Questions {
    /// Puts a question; false if too many wait.
    pub fn ask(&self, question: Question) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = waiting.len() < WAITING_MAX;
        if has_room {
            waiting.push_back(question);
        }
        has_room
    }

    fn next(&self) -> Option<Question> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Answers the first for which somebody still waits, at the end of an epoch: alerts wait for it, so others wait for the next one.
    pub(crate) fn answer(&self, features: &Features, as_of: Epoch) {
        let waits = std::iter::from_fn(|| self.next()).find(|question| question.asker.strong_count() > 0);
        if let Some(Question { rule, parameters, answer, .. }) = waits {
            // Whoever has asked may have gone.
            drop(answer.send(simulate(features, rule, parameters, as_of)));
        }
    }
}

fn simulate(features: &Features, rule: RuleId, parameters: BTreeMap<String, i64>, as_of: Epoch) -> Simulated {
    let mut proposed = features.setting(rule, Lane::Live).cloned().unwrap_or_else(|| Setting::of(rule));
    let live = held(features, &proposed, as_of);
    proposed.enabled = true;
    proposed.parameters.extend(parameters);
    let then = held(features, &proposed, as_of);
    let only = |of: &BTreeMap<Subject, Vec<Measured>>, without: &BTreeMap<Subject, Vec<Measured>>| {
        let rows = of.iter().filter(|(subject, _)| !without.contains_key(subject));
        rows.map(|(subject, measured)| Would { subject: subject.clone(), measured: measured.clone() }).collect()
    };
    Simulated { as_of, live: live.len(), proposed: then.len(), added: only(&then, &live), removed: only(&live, &then) }
}

/// About whom a setting says something, and by what: of several clauses the first, and of several measures the largest.
fn held(features: &Features, setting: &Setting, as_of: Epoch) -> BTreeMap<Subject, Vec<Measured>> {
    let mut held: BTreeMap<Subject, (u8, Measures)> = BTreeMap::new();
    if setting.enabled && rules::ALL.iter().any(|rule| rule.id == setting.rule) {
        let watch = settings::watch(setting);
        let take = |key: Key, (clause, measures): &(u8, Measures)| {
            if reaches(watch.rule, *clause, measures, &settings::required(setting, *clause)) {
                let subject = evidence::subject(&features.graph, key.who);
                let known = held.entry(subject).or_insert((*clause, *measures));
                if (std::cmp::Reverse(*clause), measures) > (std::cmp::Reverse(known.0), &known.1) {
                    *known = (*clause, *measures);
                }
            }
        };
        each(features, watch, as_of, take);
        for (clause, candidate) in features.screen.all(&BTreeSet::from([watch])) {
            if reaches(watch.rule, clause.clause, &candidate.measures, &settings::required(setting, clause.clause)) {
                held.insert(candidate.subject, (clause.clause, candidate.measures));
            }
        }
    }
    let measured = |(clause, measures): (u8, Measures)| {
        let thresholds = settings::thresholds(setting.rule, clause).zip(settings::required(setting, clause));
        let pairs = measures.into_iter().zip(thresholds);
        pairs.map(|(value, (parameter, threshold))| Measured { name: parameter.name.to_owned(), value, threshold }).collect()
    };
    held.into_iter().map(|(subject, row)| (subject, measured(row))).collect()
}

/// Every candidate of a rule in a shape: those that stand, or, where nobody watches it in this shape, measured anew.
fn each(features: &Features, watch: Watch, as_of: Epoch, mut take: impl FnMut(Key, &(u8, Measures))) {
    if watch.rule == RuleId::Ring {
        rules::ring::all(&features.graph, &watch.shape, as_of).iter().for_each(|(key, row)| take(*key, row));
        return;
    }
    let anew = (watch.rule == RuleId::Taint).then(|| features.exposures(watch, as_of));
    if let Some(measured) = features.measured(watch).or(anew.as_ref()) {
        measured.stood.iter().for_each(|(key, stood)| stood.rows.iter().for_each(|row| take(*key, row)));
        return;
    }
    let (rule, graph) = (rules::rule(watch.rule), &features.graph);
    let (mut keys, mut concerned) = (Vec::new(), BTreeSet::new());
    for slot in graph.all() {
        (rule.concerns)(graph, &Watched { edge: graph.edge(slot), how: How::Newest, shape: &watch.shape }, &mut keys);
        concerned.extend(keys.drain(..));
    }
    if watch.rule == RuleId::ImpossibleTravel {
        concerned.extend(graph.steps());
    }
    for key in concerned {
        let reading = (rule.measure)(graph, key, as_of, &watch.shape);
        reading.rows.iter().filter(|(clause, measures)| is_candidate(watch.rule, *clause, measures)).for_each(|row| take(key, row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::tests::{busy, lowest};
    use crate::risk::{Given, risk_asked};
    use std::sync::mpsc::channel;
    use timely::dataflow::InputHandle;
    use timely::dataflow::operators::{Input, Probe};

    /// What is answered at the end of a busy history, where a rule was set in one way from its beginning and may be set in another.
    fn asked(rule: RuleId, set: BTreeMap<String, i64>, proposed: BTreeMap<String, i64>) -> Simulated {
        let questions = Questions::default();
        let (answer, answers) = channel();
        let (waiting, asks) = (questions.clone(), Arc::new(()));
        timely::execute_directly(move |worker| {
            let mut input = InputHandle::new();
            let probe = worker.dataflow::<Epoch, _, _>(|scope| risk_asked(scope.input_from(&mut input), questions).probe().0);
            let mut given = busy(false);
            let lowest = Setting { parameters: set, ..lowest(rule, Lane::Live) };
            given[0] = Given::Settings(1, Arc::new(vec![(1, lowest)]));
            let last = given.len() - 1;
            for (number, given) in given.into_iter().enumerate() {
                if number == last {
                    assert!(waiting.ask(Question {
                        rule,
                        parameters: proposed.clone(),
                        answer: answer.clone(),
                        asker: Arc::downgrade(&asks)
                    }));
                }
                let time = given.epoch();
                input.advance_to(time);
                input.send(given);
                input.advance_to(time + 1);
                worker.step_while(|| probe.less_than(&(time + 1)));
            }
        });
        let answers: Vec<Simulated> = answers.try_iter().collect();
        assert_eq!(answers.len(), 1);
        answers[0].clone()
    }

    #[test]
    fn what_would_be_is_what_is_where_it_was_set_so() {
        let mut differ = 0;
        for (rule, who, one, other) in [
            (RuleId::FanIn, "senders", (3, 24), (5, 24)),
            (RuleId::FanIn, "senders", (4, 24), (4, 5)),
            (RuleId::FanOut, "receivers", (3, 24), (3, 2)),
        ] {
            let with = |(least, window): (i64, i64)| {
                let pairs = [(who, least), ("amount_minor", 0), ("known_hours", 0), ("window_hours", window)];
                pairs.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<BTreeMap<_, _>>()
            };
            let (one, other) = (with(one), with(other));
            let (there, back) = (asked(rule, one.clone(), other.clone()), asked(rule, other.clone(), one.clone()));
            assert_eq!((there.live, there.proposed), (back.proposed, back.live), "{rule}");
            let about = |rows: &[Would]| rows.iter().map(|row| row.subject.clone()).collect::<Vec<_>>();
            assert_eq!((about(&there.added), about(&there.removed)), (about(&back.removed), about(&back.added)), "{rule}");
            let same = asked(rule, one.clone(), one.clone());
            assert!(same.added.is_empty() && same.removed.is_empty() && same.live == there.live, "{rule}");
            differ += there.added.len() + there.removed.len();
        }
        assert!(differ > 0, "nothing would differ: the test says little");
    }

    #[test]
    fn only_so_many_wait() {
        let questions = Questions::default();
        let ask = || questions.ask(Question { rule: RuleId::FanIn, parameters: BTreeMap::new(), answer: channel().0, asker: Weak::new() });
        assert!((0..WAITING_MAX).all(|_| ask()));
        assert!(!ask());
    }

    #[test]
    fn one_is_answered_an_epoch_and_none_for_which_nobody_waits() {
        let questions = Questions::default();
        let ((answer, answers), asks) = (channel(), Arc::new(()));
        for asker in [Weak::new(), Arc::downgrade(&asks), Arc::downgrade(&asks)] {
            assert!(questions.ask(Question { rule: RuleId::FanIn, parameters: BTreeMap::new(), answer: answer.clone(), asker }));
        }
        for epoch in 1..=3 {
            questions.answer(&Features::default(), epoch);
        }
        let told: Vec<Epoch> = answers.try_iter().map(|simulated| simulated.as_of).collect();
        assert_eq!(told, [1, 2]);
    }
}
