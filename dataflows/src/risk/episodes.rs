//! The episodes: one alert for as long as a rule holds for a subject, and until it has not held for the length of its window.
//!
//! In: what an epoch says, and what begins and ceases to hold in it. Out, in the order of time: each epoch with its alerts. Never: a
//! second alert in an episode, or an alert of what stood before.
//!
//! 1. What has not held for long enough is over.
//! 2. What holds of somebody comes and goes as rows; as long as there is one, the rule holds.
//! 3. Where it begins to, and no episode is under way, one begins: the alert is raised, with what the largest row rests on.

use crate::Epochs;
use crate::risk::evidence::Witness;
use crate::risk::features::Said;
use crate::risk::holds::{Change, Held};
use crate::risk::kept::{Kept, Parts};
use crate::risk::members::Members;
use crate::risk::screen::counterparties::SEEN_MS;
use crate::risk::settings::{Settings, thresholds, watch};
use crate::risk::{Found, Given, rules};
use differential_dataflow::VecCollection;
use schemas::Epoch;
use schemas::alert::{Alert, AlertChange, AlertId, Cleared, Measured, Open, Subject};
use schemas::aml::{Lane, RuleId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::{Capability, Operator};

/// Longer than it takes until names and lists are told to whoever begins with open alerts.
const OPEN_MS: u64 = 3;

/// Of what there is one alert at a time.
pub(crate) type About = (RuleId, Lane, Subject);

/// An alert that is not cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Episode {
    pub(crate) id: AlertId,
    pub(crate) raised: Epoch,
    /// When it is over, if it does not hold again before.
    pub(crate) ends: Option<Epoch>,
}

#[derive(Default)]
struct Episodes {
    settings: Settings,
    holding: BTreeMap<About, BTreeMap<Held, isize>>,
    open: BTreeMap<About, Episode>,
    ends: BTreeSet<(Epoch, About)>,
    members: Members,
}

type Diff = (Change, Epoch, isize);

#[derive(Default)]
struct Waiting {
    said: Option<(Capability<Epoch>, Arc<Said>)>,
    diffs: Vec<(Change, isize)>,
}

/// The alerts of each epoch, at the first worker.
pub(crate) fn episodes<'scope>(
    said: Epochs<'scope, Arc<Said>>,
    held: VecCollection<'scope, Epoch, Change, isize>,
) -> Epochs<'scope, Found> {
    let to_first = Exchange::new(|_: &Diff| 0);
    let mut episodes = Episodes::default();
    said.binary_frontier::<_, CapacityContainerBuilder<Vec<Found>>, _, _, _, _>(
        held.inner,
        Pipeline,
        to_first,
        "episodes",
        move |capability, _info| {
            drop(capability);
            let mut waiting: BTreeMap<Epoch, Waiting> = BTreeMap::new();
            move |(said, said_frontier), (held, held_frontier), output| {
                said.for_each_stamp(|stamp, batches| {
                    let capability = stamp.retain_least(0).expect("a source stamps every epoch with its time");
                    for said in batches.flat_map(std::mem::take) {
                        let epoch = said.given.epoch();
                        waiting.entry(epoch).or_default().said = Some((capability.delayed(&epoch), said));
                    }
                });
                held.for_each_stamp(|_, batches| {
                    for (held, epoch, diff) in batches.flat_map(std::mem::take) {
                        waiting.entry(epoch).or_default().diffs.push((held, diff));
                    }
                });
                while let Some(first) = waiting.first_entry() {
                    if said_frontier.less_equal(first.key()) || held_frontier.less_equal(first.key()) {
                        break;
                    }
                    let (epoch, Waiting { said, diffs }) = first.remove_entry();
                    let (capability, said) = said.unwrap_or_else(|| panic!("what holds in epoch {epoch} came without it"));
                    output.session(&capability).give(episodes.take(epoch, &said, diffs));
                }
            }
        },
    )
}

impl Episodes {
    fn take(&mut self, epoch: Epoch, said: &Said, changes: Vec<(Change, isize)>) -> Found {
        let mut diffs = Vec::new();
        for (change, diff) in changes {
            match change {
                Change::Held(held) => diffs.push((held, diff)),
                Change::Member(ring, member) => self.members.add(ring, member, diff),
            }
        }
        if let Some(settings) = &said.settings {
            self.settings = settings.clone();
        }
        let mut alerts = Vec::new();
        if let Given::Standing(_, kept) = &said.given {
            for (about, episode) in kept.episodes() {
                self.ends.extend(episode.ends.map(|ends| (ends, about.clone())));
                self.open.insert(about, episode);
            }
            self.hold(diffs);
        } else if let Given::Open { epoch, unheard, alerts } = &said.given {
            for Open { id, rule, lane, subject, raised } in alerts.iter() {
                let about = (*rule, *lane, subject.clone());
                let ends = unheard.max(epoch) + self.patience_ms(&about);
                self.ends.insert((ends, about.clone()));
                self.open.insert(about, Episode { id: *id, raised: *raised, ends: Some(ends) });
            }
        } else if let Given::Epoch { .. } | Given::Settings(..) = &said.given {
            // 1.
            self.end(epoch, &mut alerts);
            // 2.
            let changed = self.hold(diffs);
            // 3.
            for about in changed {
                alerts.extend(self.turn(epoch, about, said));
            }
            // What ends as soon as it does not hold.
            self.end(epoch, &mut alerts);
        }
        alerts.sort_by_key(|change| matches!(change, AlertChange::Raised(_)));
        let of = if let Given::End(_) = said.given { epoch - 1 } else { epoch };
        let kept = said.parts.as_ref().map(|parts: &Parts| Arc::new(Kept::of(of, parts, &self.open)));
        Found { given: said.given.clone(), alerts, kept, screened: said.screened }
    }

    /// How long what was open before all that is known may take to be found again: a match until the epoch after the one that tells of names and lists,
    /// that of a counterparty as long as one is remembered, anything else a window of its rule.
    fn patience_ms(&self, (rule, lane, subject): &About) -> u64 {
        match (subject, self.settings.0.get(&(*rule, *lane))) {
            (Subject::Match(of), _) if of.counterparty.is_some() => SEEN_MS,
            (Subject::Match(_), _) | (_, None) => OPEN_MS,
            (_, Some((_, setting))) => OPEN_MS.max((rules::rule(*rule).window_ms)(&watch(setting).shape)),
        }
    }

    fn end(&mut self, epoch: Epoch, alerts: &mut Vec<AlertChange>) {
        while self.ends.first().is_some_and(|(ends, _)| *ends <= epoch) {
            let (_, about) = self.ends.pop_first().expect("there is a first");
            let episode = self.open.remove(&about).expect("what ends is open");
            let (rule, lane, subject) = about;
            alerts.push(AlertChange::Cleared(Cleared { id: episode.id, rule, lane, subject, raised: episode.raised, epoch }));
        }
    }

    /// Of what the rows have changed.
    fn hold(&mut self, diffs: Vec<(Held, isize)>) -> BTreeSet<About> {
        let mut changed = BTreeSet::new();
        for (held, diff) in diffs {
            let about = (held.clause.rule, held.lane, held.candidate.subject.clone());
            let rows = self.holding.entry(about.clone()).or_default();
            let count = rows.entry(held.clone()).or_default();
            *count += diff;
            if *count == 0 {
                rows.remove(&held);
            }
            changed.insert(about);
        }
        for about in &changed {
            if self.holding.get(about).is_some_and(BTreeMap::is_empty) {
                self.holding.remove(about);
            }
        }
        changed
    }

    /// Begins an episode, goes on with one, or lets it come to its end.
    fn turn(&mut self, epoch: Epoch, about: About, said: &Said) -> Option<AlertChange> {
        let holding = self.holding.get(&about);
        match (self.open.get_mut(&about), holding) {
            (None, None) => None,
            (None, Some(rows)) => {
                let held = rows.keys().max_by_key(|held| (held.candidate.measures, held.clause)).expect("it holds by a row");
                let witness = match held.candidate.subject {
                    Subject::Ring(first) => self.members.witness((held.clause.shape, first), said),
                    Subject::Account(_) | Subject::Customer(_) | Subject::Device(_) | Subject::Match(_) => {
                        said.witnesses.get(&(held.clause, held.candidate.clone())).expect("what begins to hold has a witness").clone()
                    }
                };
                let alert = self.raise(epoch, held, witness);
                self.open.insert(about, Episode { id: alert.id, raised: epoch, ends: None });
                Some(AlertChange::Raised(Box::new(alert)))
            }
            (Some(episode), Some(_)) => {
                if let Some(ends) = episode.ends.take() {
                    self.ends.remove(&(ends, about));
                }
                None
            }
            (Some(episode), None) => {
                let (rule, lane, _) = &about;
                let (_, setting) = &self.settings.0[&(*rule, *lane)];
                let ends = epoch + (rules::rule(*rule).window_ms)(&watch(setting).shape);
                if episode.ends.is_none() {
                    episode.ends = Some(ends);
                    self.ends.insert((ends, about));
                }
                None
            }
        }
    }

    fn raise(&self, epoch: Epoch, held: &Held, witness: Witness) -> Alert {
        let (rule, lane, version) = (held.clause.rule, held.lane, held.version);
        let subject = held.candidate.subject.clone();
        let (_, setting) = &self.settings.0[&(rule, lane)];
        let measured = held.candidate.measures.iter().zip(thresholds(rule, held.clause.clause)).map(|(value, parameter)| Measured {
            name: parameter.name.to_owned(),
            value: *value,
            threshold: setting.value(parameter),
        });
        Alert {
            id: AlertId::derive(rule, lane, version, &subject, epoch),
            rule,
            lane,
            version,
            parameters: rule.parameters().iter().map(|parameter| (parameter.name.to_owned(), setting.value(parameter))).collect(),
            weight: setting.weight,
            measured: measured.collect(),
            subject,
            epoch,
            evidence: witness.evidence,
            is_late: witness.is_late,
            traceparent: witness.traceparent,
        }
    }
}
