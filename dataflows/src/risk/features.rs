//! The subjects of an epoch, measured: one operator with the graph as its memory.
//!
//! In: what stood, settings, epochs. Out: of each, which candidates come and go, which thresholds do, and what the new candidates that may
//! hold rest on. Never: a candidate below what the catalogue says is the smallest threshold.
//!
//! 1. Rules are as staff set them in this epoch, whatever its order. The graph takes what happened. Whoever it concerns is to be measured,
//!    by every rule and shape that is set; in a shape that is new, everybody whom a payment concerns that is not forgotten.
//! 2. So is whoever is due, since something has left a window; and, where thresholds are others now, who stands by them and has said nothing
//!    of what that rests on.
//! 3. Each is measured at this epoch; and where a late payment concerns them, also at every earlier moment whose window has that
//!    payment and that ends with one. What only held then goes again in the next epoch.
//! 4. What was measured is compared with what stood.
//! 5. What is too old for every window, even of a payment that is as late as may be, is forgotten, before the next epoch is heard.
//!
//! What goes by more than payments of one's own is in [`crate::risk::beyond`]; names are looked at by rules of their own ([`crate::risk::screen`]).

mod heard;

use crate::risk::beside::{News, Step};
use crate::risk::evidence::Witness;
use crate::risk::graph::{Edge, Graph};
use crate::risk::holds::{Candidate, Clause, Threshold};
use crate::risk::kept::{self, Kept};
use crate::risk::measured::{self, Looking, Measured, candidate, may_hold, readings};
use crate::risk::rules::{self, How, Key, Shape, Watched};
use crate::risk::screen::{Screen, Screened};
use crate::risk::settings::{Settings, Watch};
use crate::risk::ties::{Lens, Row};
use crate::risk::{Given, LATE_MS_MAX};
use heard::{Set, dated, set_by};
use schemas::aml::{Lane, RuleId, Setting};
use schemas::{Epoch, EpochEvents, Event, Fact, Policy, Transaction, TransactionId};
use std::collections::BTreeMap;

/// What an epoch says.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) given: Given,
    /// Candidates that come and go.
    pub(crate) candidates: Vec<((Clause, Candidate), isize)>,
    /// Thresholds that come and go.
    pub(crate) thresholds: Vec<((Clause, Threshold), isize)>,
    /// The rules from here on, where they are not what they were.
    pub(crate) settings: Option<Settings>,
    /// Rows of ties that come and go, by the shape that sees them.
    pub(crate) ties: Vec<((Shape, Row), isize)>,
    /// What the candidates rest on that came and reach a threshold.
    pub(crate) witnesses: BTreeMap<(Clause, Candidate), Witness>,
    /// The state at its end but for the episodes, if it was wanted.
    pub(crate) parts: Option<kept::Parts>,
    /// Whose names were looked at.
    pub(crate) screened: Screened,
}

impl Said {
    /// Nothing, of what is given.
    pub(crate) fn of(given: Given) -> Self {
        let (candidates, thresholds, ties, witnesses) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
        Self { given, candidates, thresholds, settings: None, ties, witnesses, parts: None, screened: Screened::default() }
    }
}

/// The memory.
#[derive(Default)]
pub(crate) struct Features {
    pub(crate) graph: Graph,
    pub(crate) screen: Screen,
    /// None before anything was given.
    pub(crate) settings: Option<Settings>,
    pub(crate) measured: BTreeMap<Watch, Measured>,
    /// Ties as the rule of rings sees them, by the shape it is set in.
    pub(crate) lenses: BTreeMap<Shape, Lens>,
}

/// A payment that came, went or became less, or is looked at otherwise, and what did it.
#[derive(Clone, Copy)]
pub(crate) struct Touch {
    pub(crate) edge: Edge,
    pub(crate) how: How,
    pub(crate) event: Option<usize>,
}

/// Why somebody is measured: by which event, if by one; and from when on a payment counts that came late.
#[derive(Clone, Copy, Default)]
struct Cause {
    event: Option<usize>,
    late: Option<Epoch>,
}

impl Features {
    /// A rule as it is set.
    pub(crate) fn setting(&self, rule: RuleId, lane: Lane) -> Option<&Setting> {
        self.settings.as_ref()?.0.get(&(rule, lane)).map(|(_, setting)| setting)
    }

    /// What stands of a rule in a shape; none where it is not watched so.
    pub(crate) fn measured(&self, watch: Watch) -> Option<&Measured> {
        self.measured.get(&watch)
    }

    /// Answers what is given next.
    pub(crate) fn say(&mut self, given: Given) -> Said {
        let mut said = Said::of(given.clone());
        match given {
            Given::Standing(_, kept) => self.restore(&kept, &mut said),
            Given::Open { .. } => self.begin(&mut said),
            Given::Settings(epoch, settings) => {
                let given: Vec<_> = settings.iter().map(|(version, setting)| Set { event: None, version: *version, setting }).collect();
                self.begin(&mut said);
                self.take(epoch, &given, None, &mut said);
            }
            Given::Epoch { events, keep } => {
                self.begin(&mut said);
                self.take(events.epoch(), &set_by(&events.events), Some(&events), &mut said);
                said.parts = if keep { self.parts() } else { None };
            }
            Given::End(_) => said.parts = self.parts(),
        }
        said
    }

    /// The state, if anything was given.
    fn parts(&self) -> Option<kept::Parts> {
        self.settings.as_ref().map(|settings| kept::Parts::of(settings, &self.graph, &self.measured, &self.screen))
    }

    /// The catalogue, where nothing stood.
    fn begin(&mut self, said: &mut Said) {
        if self.settings.is_none() {
            let settings = Settings::default();
            said.thresholds = settings.thresholds().into_iter().map(|row| (row, 1)).collect();
            self.measured = settings.watches().into_iter().map(|watch| (watch, Measured::default())).collect();
            said.settings = Some(settings.clone());
            self.settings = Some(settings);
        }
    }

    fn restore(&mut self, kept: &Kept, said: &mut Said) {
        let kept::Standing { settings: set, graph, stood, screen } = kept.standing();
        // A rule that the binary of before did not know is as in the catalogue, and is measured from here on.
        let mut settings = Settings::default();
        settings.0.extend(set.0);
        (self.graph, self.screen) = (graph, screen);
        self.measured = settings.watches().into_iter().map(|watch| (watch, Measured::default())).collect();
        said.thresholds = settings.thresholds().into_iter().map(|row| (row, 1)).collect();
        for (watch, key, stood) in stood {
            let measured = self.measured.entry(watch).or_default();
            said.candidates.extend(stood.rows.iter().map(|row| (candidate(&self.graph, watch, key, row), 1)));
            measured.stand(key, stood);
        }
        said.candidates.extend(self.screen.all(&settings.watches()).into_iter().map(|row| (row, 1)));
        said.settings = Some(settings.clone());
        self.settings = Some(settings);
        // What was read is not new.
        self.graph.crossed();
        self.graph.displaced();
        self.tie(kept.epoch, said);
    }

    fn take(&mut self, now: Epoch, given: &[Set<'_>], epoch: Option<&EpochEvents>, said: &mut Said) {
        // 1.
        let before = self.settings.as_ref().expect("it began").watches();
        let changed = if given.is_empty() { BTreeMap::new() } else { self.set(given, said) };
        let watches = self.settings.as_ref().expect("it began").watches();
        // 5. of the epoch before.
        if epoch.is_some() {
            let reach_ms = watches.iter().map(|watch| (rules::rule(watch.rule).reach_ms)(&watch.shape)).max().unwrap_or_default();
            self.graph.forget_before(now.saturating_sub(reach_ms + LATE_MS_MAX));
            self.graph.beside.places.forget(now);
            self.graph.beside.ties.forget(now);
        }
        let mut news = News::default();
        let touches = epoch.map(|epoch| self.record(epoch, &mut news)).unwrap_or_default();
        news.crossed = self.graph.crossed();
        let events = epoch.map(|epoch| epoch.events.as_slice());
        // 2. to 4.
        for watch in &watches {
            let by = changed.get(watch).copied();
            if watch.rule == RuleId::Taint {
                self.spread(*watch, now, (&touches, &news, by), events, said);
            } else if self.measured.contains_key(watch) {
                self.measure(*watch, now, (&touches, &news.steps, by), events, said);
            } else {
                let all = self.graph.all().map(|slot| Touch { edge: *self.graph.edge(slot), how: How::Newest, event: by.flatten() });
                let all: Vec<Touch> = all.chain(touches.iter().copied()).collect();
                let steps: Vec<_> = self.graph.steps().map(|key| (key, by.flatten())).chain(news.steps.iter().copied()).collect();
                self.measure(*watch, now, (&all, &steps, by), events, said);
            }
        }
        let settings = self.settings.as_ref().expect("it began");
        self.screen.take((now, events.unwrap_or_default()), &self.graph, &before, settings, &changed, said);
        self.tie(now, said);
    }

    /// Sets rules: what is not watched any more goes. Gives the watches whose thresholds are others now, each with the event that set them.
    fn set(&mut self, given: &[Set<'_>], said: &mut Said) -> BTreeMap<Watch, Option<usize>> {
        let settings = self.settings.as_mut().expect("it began");
        let old = settings.thresholds();
        given.iter().for_each(|set| settings.set(set.version, set.setting));
        let (new, watches) = (settings.thresholds(), settings.watches());
        said.settings = Some(settings.clone());
        said.thresholds.extend(old.difference(&new).map(|row| (*row, -1)));
        said.thresholds.extend(new.difference(&old).map(|row| (*row, 1)));
        let gone: Vec<Watch> = self.measured.keys().filter(|watch| !watches.contains(watch)).copied().collect();
        for watch in gone {
            for (key, stood) in self.measured.remove(&watch).unwrap_or_default().stood {
                said.candidates.extend(stood.rows.iter().map(|row| (candidate(&self.graph, watch, key, row), -1)));
            }
        }
        let by = |rule: RuleId| given.iter().rev().find(|set| set.setting.rule == rule).and_then(|set| set.event);
        let changed = old.symmetric_difference(&new).map(|(Clause { rule, shape, .. }, _)| Watch { rule: *rule, shape: *shape });
        changed.map(|watch| (watch, by(watch.rule))).collect()
    }

    fn record(&mut self, epoch: &EpochEvents, news: &mut News) -> Vec<Touch> {
        let now = epoch.epoch();
        let dated: BTreeMap<TransactionId, Epoch> = epoch.events.iter().filter_map(dated).collect();
        let mut touches = Vec::new();
        for (event, Event { id, fact, .. }) in epoch.events.iter().enumerate() {
            match fact {
                Fact::CustomerCreated(customer) => self.graph.reached_by(customer.id, customer.msisdn.clone()),
                Fact::AccountOpened(account) => self.graph.open(account.id, account.customer_id, account.role, account.currency),
                Fact::PolicyChanged(policy) => match policy.as_ref() {
                    Policy::Level(set) => {
                        self.graph.level(set.customer_id, set.level);
                    }
                    Policy::Terms(_) | Policy::Limits(_) | Policy::Tariff(_) | Policy::TariffEnd(_) => {}
                },
                Fact::Transaction(paid) if paid.refusal.is_none() => {
                    let counts = dated.get(&paid.id).copied().unwrap_or(now);
                    let own = self.pay(paid, now, counts);
                    let displaced = self.graph.displaced();
                    let touch = |(edge, how)| Touch { edge, how, event: Some(event) };
                    touches.extend(own.into_iter().chain(displaced).map(touch));
                }
                Fact::Diligence(told) => self.graph.diligence(told, event, news),
                Fact::PartyChanged(changed) => self.graph.party(changed, event, news),
                Fact::Assessed(assessed) => self.graph.assessed(*id, assessed, event, news),
                Fact::Transaction(_)
                | Fact::RulesActivated { .. }
                | Fact::StatusChanged(_)
                | Fact::HoldChanged(_)
                | Fact::BatchDecided(_)
                | Fact::OrderChanged(_)
                | Fact::AmlChanged(_)
                | Fact::ListChanged(_)
                | Fact::Refused { .. }
                | Fact::Repeated(_) => {}
            }
        }
        touches
    }

    /// A payment, or what it gives back of another.
    fn pay(&mut self, paid: &Transaction, now: Epoch, counts: Epoch) -> Option<(Edge, How)> {
        let currency = paid.amount.currency;
        let (payer, payee) = (self.graph.intern(paid.account_debit, currency), self.graph.intern(paid.account_credit, currency));
        if let Some(original) = paid.link.and_then(schemas::Link::original) {
            let slot = self.graph.find(payee, payer, original.minted()?)?;
            let edge = *self.graph.edge(slot);
            let is_gone = self.graph.give_back(slot, paid.amount.minor);
            return Some((edge, if is_gone { How::Amid } else { How::Less }));
        }
        let time = if counts > now || counts + LATE_MS_MAX < now { now } else { counts };
        let (kind, channel) = (paid.kind, paid.channel);
        let edge = Edge { time, minted: paid.id.minted()?, payer, payee, amount_minor: paid.amount.minor, kind, channel };
        self.graph.insert(edge);
        Some((edge, if time == now { How::Newest } else { How::Amid }))
    }

    /// Measures by one rule in one shape whoever is concerned or due; and who stands and may hold, if its thresholds were set, by an event
    /// or by none.
    fn measure(
        &mut self,
        watch: Watch,
        now: Epoch,
        (touches, steps, set): (&[Touch], &[Step], Option<Option<usize>>),
        events: Option<&[Event]>,
        said: &mut Said,
    ) {
        let (rule, settings) = (rules::rule(watch.rule), self.settings.as_ref().expect("it began"));
        let mut causes: Vec<(Key, Cause)> = Vec::new();
        let mut keys = Vec::new();
        for Touch { edge, how, event } in touches {
            (rule.concerns)(&self.graph, &Watched { edge, how: *how, shape: &watch.shape }, &mut keys);
            let late = Some(edge.time).filter(|time| *time < now && edge.minted.0 == now);
            causes.extend(keys.drain(..).map(|key| (key, Cause { event: *event, late })));
        }
        if rule.id == RuleId::ImpossibleTravel {
            causes.extend(steps.iter().map(|(key, event)| (*key, Cause { event: *event, late: None })));
        }
        let measured = self.measured.entry(watch).or_default();
        let due = measured.due.range(..=(now, Key::LAST)).map(|(_, key)| (*key, Cause::default()));
        causes.extend(due);
        if let Some(event) = set {
            let graph = &self.graph;
            let may =
                |key: Key, stood: &measured::Stood| stood.rows.iter().any(|row| may_hold(settings, &candidate(graph, watch, key, row)));
            let standing = measured.stood.iter().filter(|(key, stood)| may(**key, stood));
            causes.extend(standing.map(|(key, _)| (*key, Cause { event, late: None })));
        }
        causes.sort_unstable_by_key(|(key, cause)| (*key, cause.event));
        let looking = Looking { graph: &self.graph, settings, watch, now, is_set: set.is_some() };
        for same in causes.chunk_by(|(one, _), (other, _)| one == other) {
            let (key, Cause { event, .. }) = *same.last().expect("a chunk has one at least");
            let late: Vec<Epoch> = same.iter().filter_map(|(_, cause)| cause.late).collect();
            // 3.
            let readings = readings(&self.graph, watch, key, now, &late);
            // 4.
            measured.compare(looking, key, &readings, traceparent(events, event), said);
        }
    }
}

/// The trace of what an event answers.
pub(crate) fn traceparent(events: Option<&[Event]>, event: Option<usize>) -> &str {
    event.zip(events).map(|(event, events)| events[event].cause.traceparent.as_str()).unwrap_or_default()
}
