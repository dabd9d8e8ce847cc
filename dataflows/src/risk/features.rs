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
//! 5. What is too old for every window, even of a payment that is as late as may be, is forgotten.

use crate::risk::evidence::{self, Witness};
use crate::risk::graph::{Edge, Graph};
use crate::risk::holds::{Candidate, Clause, Threshold};
use crate::risk::kept::{self, Kept};
use crate::risk::rules::{self, Key, Measures, Reading, Watched};
use crate::risk::settings::{Settings, Watch, is_candidate, reaches};
use crate::risk::{Given, LATE_MS_MAX};
use schemas::aml::{Lane, RuleId, Setting};
use schemas::{AmlSetting, Dated, Epoch, EpochEvents, Event, Fact, OrderChange, Policy, Transaction, TransactionId};
use std::collections::{BTreeMap, BTreeSet};

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
    /// What the candidates rest on that came and reach a threshold.
    pub(crate) witnesses: BTreeMap<(Clause, Candidate), Witness>,
    /// The state at its end but for the episodes, if it was wanted.
    pub(crate) parts: Option<kept::Parts>,
}

/// What is measured of a rule in a shape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) stood: BTreeMap<Key, Stood>,
    /// When they are to be measured again.
    due: BTreeSet<(Epoch, Key)>,
}

/// What stands of a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stood {
    /// Candidates, in order, each once.
    pub(crate) rows: Vec<(u8, Measures)>,
    pub(crate) again: Option<Epoch>,
}

/// The memory.
#[derive(Default)]
pub(crate) struct Features {
    pub(crate) graph: Graph,
    /// None before anything was given.
    settings: Option<Settings>,
    measured: BTreeMap<Watch, Measured>,
}

/// A payment that came, went or became less, and the trace of what did it.
#[derive(Clone, Copy)]
struct Touch {
    edge: Edge,
    is_newest: bool,
    event: Option<usize>,
}

/// A rule as it is set from now on, and the event that set it, if one did.
#[derive(Clone, Copy)]
struct Set<'a> {
    event: Option<usize>,
    version: u32,
    setting: &'a Setting,
}

/// Why somebody is measured: by which event, if by one; and from when on a payment counts that came late.
#[derive(Clone, Copy, Default)]
struct Cause {
    event: Option<usize>,
    late: Option<Epoch>,
}

impl Measured {
    /// What stands from now on.
    fn stand(&mut self, key: Key, stood: Stood) {
        if let Some(before) = self.stood.remove(&key)
            && let Some(again) = before.again
        {
            self.due.remove(&(again, key));
        }
        if let Some(again) = stood.again {
            self.due.insert((again, key));
        }
        if stood != Stood::default() {
            self.stood.insert(key, stood);
        }
    }
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
        let mut said = Said {
            given: given.clone(),
            candidates: Vec::new(),
            thresholds: Vec::new(),
            settings: None,
            witnesses: BTreeMap::new(),
            parts: None,
        };
        match given {
            Given::Standing(_, kept) => self.restore(&kept, &mut said),
            Given::Settings(epoch, settings) => {
                let given: Vec<_> = settings.iter().map(|(version, setting)| Set { event: None, version: *version, setting }).collect();
                self.begin(&mut said);
                self.take(epoch, &given, None, &mut said);
            }
            Given::Epoch { events, keep } => {
                self.begin(&mut said);
                self.take(events.epoch(), &set_by(&events.events), Some(&events), &mut said);
                said.parts = keep.then(|| kept::Parts::of(self.settings.as_ref().expect("it began"), &self.graph, &self.measured));
            }
        }
        said
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
        let kept::Standing { settings: kept, graph, stood, .. } = kept.standing();
        // A rule that the binary of before did not know is as in the catalogue, and is measured from here on.
        let mut settings = Settings::default();
        settings.0.extend(kept.0);
        self.graph = graph;
        self.measured = settings.watches().into_iter().map(|watch| (watch, Measured::default())).collect();
        said.thresholds = settings.thresholds().into_iter().map(|row| (row, 1)).collect();
        for (watch, key, stood) in stood {
            let measured = self.measured.entry(watch).or_default();
            said.candidates.extend(stood.rows.iter().map(|row| (candidate(&self.graph, watch, key, row), 1)));
            measured.stand(key, stood);
        }
        said.settings = Some(settings.clone());
        self.settings = Some(settings);
    }

    fn take(&mut self, now: Epoch, given: &[Set<'_>], epoch: Option<&EpochEvents>, said: &mut Said) {
        // 1.
        let changed = if given.is_empty() { BTreeMap::new() } else { self.set(given, said) };
        let touches = epoch.map(|epoch| self.record(epoch)).unwrap_or_default();
        let events = epoch.map(|epoch| epoch.events.as_slice());
        // 2. to 4.
        let watches = self.settings.as_ref().expect("it began").watches();
        for watch in &watches {
            let by = changed.get(watch).copied();
            if self.measured.contains_key(watch) {
                self.measure(*watch, now, (&touches, by), events, said);
            } else {
                let all = self.graph.all().map(|slot| Touch { edge: *self.graph.edge(slot), is_newest: true, event: by.flatten() });
                let all: Vec<Touch> = all.chain(touches.iter().copied()).collect();
                self.measure(*watch, now, (&all, by), events, said);
            }
        }
        // 5.
        if epoch.is_some() {
            let reach_ms = watches.iter().map(|watch| (rules::rule(watch.rule).reach_ms)(&watch.shape)).max().unwrap_or_default();
            self.graph.forget_before(now.saturating_sub(reach_ms + LATE_MS_MAX));
        }
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

    fn record(&mut self, epoch: &EpochEvents) -> Vec<Touch> {
        let now = epoch.epoch();
        let dated: BTreeMap<TransactionId, Epoch> = epoch.events.iter().filter_map(dated).collect();
        let mut touches = Vec::new();
        for (event, Event { fact, .. }) in epoch.events.iter().enumerate() {
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
                    touches.extend(self.pay(paid, now, counts).map(|(edge, is_newest)| Touch { edge, is_newest, event: Some(event) }));
                }
                Fact::Transaction(_)
                | Fact::RulesActivated { .. }
                | Fact::StatusChanged(_)
                | Fact::HoldChanged(_)
                | Fact::BatchDecided(_)
                | Fact::OrderChanged(_)
                | Fact::AmlChanged(_)
                | Fact::PartyChanged(_)
                | Fact::Diligence(_)
                | Fact::Assessed(_)
                | Fact::Refused { .. }
                | Fact::Repeated(_) => {}
            }
        }
        touches
    }

    /// A payment, or what it gives back of another.
    fn pay(&mut self, paid: &Transaction, now: Epoch, counts: Epoch) -> Option<(Edge, bool)> {
        let currency = paid.amount.currency;
        let (payer, payee) = (self.graph.intern(paid.account_debit, currency), self.graph.intern(paid.account_credit, currency));
        if let Some(original) = paid.link.and_then(schemas::Link::original) {
            let slot = self.graph.find(payee, payer, original.minted()?)?;
            let edge = *self.graph.edge(slot);
            self.graph.give_back(slot, paid.amount.minor);
            return Some((edge, false));
        }
        let time = if counts > now || counts + LATE_MS_MAX < now { now } else { counts };
        let (kind, channel) = (paid.kind, paid.channel);
        let edge = Edge { time, minted: paid.id.minted()?, payer, payee, amount_minor: paid.amount.minor, kind, channel };
        self.graph.insert(edge);
        Some((edge, time == now))
    }

    /// Measures by one rule in one shape whoever is concerned or due; and who stands and may hold, if its thresholds were set, by an event
    /// or by none.
    fn measure(
        &mut self,
        watch: Watch,
        now: Epoch,
        (touches, set): (&[Touch], Option<Option<usize>>),
        events: Option<&[Event]>,
        said: &mut Said,
    ) {
        let (rule, settings) = (rules::rule(watch.rule), self.settings.as_ref().expect("it began"));
        let mut causes: Vec<(Key, Cause)> = Vec::new();
        let mut keys = Vec::new();
        for Touch { edge, is_newest, event } in touches {
            (rule.concerns)(&self.graph, &Watched { edge, is_newest: *is_newest, shape: &watch.shape }, &mut keys);
            let late = Some(edge.time).filter(|time| *time < now && edge.minted.0 == now);
            causes.extend(keys.drain(..).map(|key| (key, Cause { event: *event, late })));
        }
        let measured = self.measured.entry(watch).or_default();
        let due = measured.due.range(..=(now, Key::LAST)).map(|(_, key)| (*key, Cause::default()));
        causes.extend(due);
        if let Some(event) = set {
            let graph = &self.graph;
            let may = |key: Key, stood: &Stood| stood.rows.iter().any(|row| may_hold(settings, &candidate(graph, watch, key, row)));
            let standing = measured.stood.iter().filter(|(key, stood)| may(**key, stood));
            causes.extend(standing.map(|(key, _)| (*key, Cause { event, late: None })));
        }
        causes.sort_unstable_by_key(|(key, cause)| (*key, cause.event));
        for same in causes.chunk_by(|(one, _), (other, _)| one == other) {
            let (key, Cause { event, .. }) = *same.last().expect("a chunk has one at least");
            let late: Vec<Epoch> = same.iter().filter_map(|(_, cause)| cause.late).collect();
            // 3.
            let readings = readings(&self.graph, watch, key, now, &late);
            let mut rows: Vec<_> = readings.iter().flat_map(|(_, reading)| reading.rows.clone()).collect();
            rows.retain(|(clause, measures)| is_candidate(watch.rule, *clause, measures));
            rows.sort_unstable();
            rows.dedup();
            let again = readings.iter().map(|(at, reading)| if *at < now { Some(now + 1) } else { reading.again });
            let again = again.flatten().min();
            // 4.
            let before = measured.stood.get(&key).map(|stood| stood.rows.clone()).unwrap_or_default();
            let gone = before.iter().filter(|row| !rows.contains(row));
            said.candidates.extend(gone.map(|row| (candidate(&self.graph, watch, key, row), -1)));
            for row in &rows {
                let comes = !before.contains(row);
                let row = candidate(&self.graph, watch, key, row);
                if (comes || set.is_some()) && may_hold(settings, &row) {
                    let traceparent = event.zip(events).map(|(event, events)| events[event].cause.traceparent.as_str());
                    said.witness(&self.graph, &row, &readings, now, traceparent.unwrap_or_default());
                }
                if comes {
                    said.candidates.push((row, 1));
                }
            }
            measured.stand(key, Stood { rows, again });
        }
    }
}

impl Said {
    fn witness(&mut self, graph: &Graph, row: &(Clause, Candidate), readings: &[(Epoch, Reading)], now: Epoch, traceparent: &str) {
        let (clause, candidate) = row;
        let rests = readings.iter().find(|(_, reading)| reading.rows.contains(&(clause.clause, candidate.measures)));
        let (at, reading) = rests.expect("every candidate is of a reading");
        let window_ms = (rules::rule(clause.rule).window_ms)(&clause.shape);
        let witness = evidence::witness(graph, &candidate.subject, reading, (*at, window_ms), now, traceparent);
        self.witnesses.entry(row.clone()).or_insert(witness);
    }
}

/// What is measured now, then at every earlier moment that a late payment may have changed, the latest first.
fn readings(graph: &Graph, watch: Watch, key: Key, now: Epoch, late: &[Epoch]) -> Vec<(Epoch, Reading)> {
    let rule = rules::rule(watch.rule);
    let mut moments: BTreeSet<Epoch> = BTreeSet::new();
    for from in late {
        let until = now.min(from + (rule.window_ms)(&watch.shape).saturating_sub(1));
        moments.extend(moments_of(graph, key, *from, until));
    }
    moments.remove(&now);
    let measure = |at| (at, (rule.measure)(graph, key, at, &watch.shape));
    let is_late = |edge: &Edge| edge.minted.0 == now && edge.is_late();
    // What an earlier window says without them was said when it was there.
    let by_them = |(_, reading): &(Epoch, Reading)| reading.edges.iter().any(|slot| is_late(graph.edge(*slot)));
    std::iter::once(measure(now)).chain(moments.into_iter().rev().map(measure).filter(by_them)).collect()
}

/// When a payment of a subject counts from, between two moments.
fn moments_of(graph: &Graph, key: Key, from: Epoch, until: Epoch) -> Vec<Epoch> {
    let accounts = match key.who {
        rules::Who::Account(node) => vec![node],
        rules::Who::Customer(node) => graph.holder(node).accounts.clone(),
    };
    let window_ms = until.saturating_sub(from) + 1;
    let windows = accounts.into_iter().flat_map(|node| [graph.paid(node, until, window_ms), graph.received(node, until, window_ms)]);
    windows.flat_map(|window| window.edges().map(|(_, edge)| edge.time).collect::<Vec<_>>()).collect()
}

/// Whether a candidate reaches what is set in some lane.
fn may_hold(settings: &Settings, (clause, candidate): &(Clause, Candidate)) -> bool {
    let thresholds = settings.required(clause);
    thresholds.into_iter().any(|required| reaches(clause.rule, clause.clause, &candidate.measures, &required))
}

fn candidate(graph: &Graph, Watch { rule, shape }: Watch, key: Key, (clause, measures): &(u8, Measures)) -> (Clause, Candidate) {
    let subject = evidence::subject(graph, key.who);
    (Clause { rule, shape, clause: *clause }, Candidate { subject, measures: *measures })
}

/// The rules of detection that events set, in their order.
fn set_by(events: &[Event]) -> Vec<Set<'_>> {
    let changed = events.iter().enumerate().filter_map(|(event, Event { fact, .. })| match fact {
        Fact::AmlChanged(changed) => Some((event, changed)),
        _ => None,
    });
    let set = changed.filter_map(|(event, changed)| match &changed.setting {
        AmlSetting::Rule(setting) => Some(Set { event: Some(event), version: changed.version, setting }),
        AmlSetting::Policy(_) | AmlSetting::Countries(_) | AmlSetting::Cases(_) => None,
    });
    set.filter(|set| rules::is_known(set.setting.rule)).collect()
}

/// From when on a payment of an order counts, if not from its epoch.
fn dated(event: &Event) -> Option<(TransactionId, Epoch)> {
    match &event.fact {
        Fact::OrderChanged(order) if order.change == OrderChange::Executed => match order.dated {
            Dated::EffectiveAt(epoch) => Some((order.transaction_id?, epoch)),
            Dated::ExecuteAt(_) => None,
        },
        _ => None,
    }
}
