//! Names against lists, compared at every epoch with everybody screened from scratch.

use crate::risk::tests::run;
use crate::risk::{Found, Given, Kept};
use proptest::prelude::*;
use proptest::sample::select;
use schemas::alert::{AlertChange, Match, Subject};
use schemas::aml::{Lane, RuleId, Setting};
use schemas::list::{EntryKind, ListedName, NameStrength};
use schemas::{
    ActivateList, AmlChanged, AmlSetting, Binding, Cause, ClearMatch, CommandId, CounterpartyDigest, Customer, CustomerId, Epoch,
    EpochEvents, Event, EventId, Fact, KycStatus, ListChanged, ListCommand, ListEntry, ListKind, ListPart, Position,
};
use screening::index::Index;
use screening::list::{Alias, Entry, List, Strength};
use screening::qualify::Facts;
use screening::rarity::Rarity;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Counterparties: what is drawn of them, and the tests about them alone.
mod paid;

const PARTS: [&str; 14] = [
    "Mohamed",
    "Muhammad",
    "Ali",
    "Traoré",
    "Traore",
    "Konyema",
    "Konyemba",
    "Zarbatu",
    "Zar Batu",
    "Joseph",
    "Yusuf",
    "Watara",
    "Cheikh",
    "Владимир",
];
const COUNTRIES: [Option<&str>; 3] = [None, Some("SN"), Some("ML")];

/// What is drawn.
#[derive(Clone, Debug)]
enum Draw {
    Enrol(String, usize),
    /// A list, its kind, and entries by number: name, country.
    Load(u8, ListKind, BTreeMap<u8, (String, usize)>),
    /// A part that never comes into force.
    Begin(u8),
    End(u8),
    /// A customer, a list and an entry.
    Clear(u8, u8, u8),
    Set(RuleId, Lane, i64, bool),
    Freeze(i64),
    /// A customer and a counterparty: a name and a country.
    Pay(u8, usize, usize),
    /// The same, a list and an entry.
    ClearPaid(u8, (usize, usize), u8, u8),
    /// Days pass before the epoch.
    Wait(u64),
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&PARTS[..]), 1..4).prop_map(|parts| parts.join(" "))
}

fn draws() -> impl Strategy<Value = Vec<Vec<Draw>>> {
    let entries = prop::collection::btree_map(0..8u8, (name(), 0..3usize), 0..7);
    let draw = prop_oneof![
        6 => (name(), 0..3usize).prop_map(|(name, country)| Draw::Enrol(name, country)),
        5 => (0..2u8, prop_oneof![4 => Just(ListKind::Sanctions), 1 => Just(ListKind::Pep)], entries).prop_map(|(l, k, e)| Draw::Load(l, k, e)),
        1 => (0..2u8).prop_map(Draw::Begin),
        1 => (0..2u8).prop_map(Draw::End),
        5 => (0..12u8, 0..2u8, 0..8u8).prop_map(|(customer, list, entry)| Draw::Clear(customer, list, entry)),
        2 => (select(vec![RuleId::SanctionHit, RuleId::PoliticallyExposed]), select(Lane::ALL), 7_000..9_999i64, prop::bool::weighted(0.8))
            .prop_map(|(rule, lane, score, enabled)| Draw::Set(rule, lane, score, enabled)),
        1 => select(vec![0i64, 9_000]).prop_map(Draw::Freeze),
        8 => paid::draw(),
    ];
    prop::collection::vec(prop::collection::vec(draw, 0..4), 2..14)
}

fn entry(number: u8, (name, country): &(String, usize)) -> ListEntry {
    let country = COUNTRIES[*country].map(str::to_lowercase);
    ListEntry {
        id: format!("{number}"),
        kind: EntryKind::Person,
        names: vec![ListedName { name: name.clone(), strength: NameStrength::Primary }],
        born: Vec::new(),
        countries: country.into_iter().collect(),
        reference: String::new(),
    }
}

/// Of whom, of which counterparty of theirs if of one, list and entry as they were.
type Clearing = (CustomerId, Option<CounterpartyDigest>, String, ListEntry);

/// A match, by rule and lane.
type AboutMatch = (RuleId, Lane, Match);

/// Everything that was said so far, looked through as a whole.
#[derive(Default)]
struct Oracle {
    customers: Vec<(CustomerId, String, Option<String>)>,
    paid: Vec<paid::Said>,
    now: Epoch,
    lists: BTreeMap<String, (ListKind, u32, Vec<ListEntry>)>,
    cleared: Vec<Clearing>,
    settings: BTreeMap<(RuleId, Lane), Setting>,
    open: BTreeSet<(RuleId, Lane, Match)>,
}

impl Oracle {
    fn hear(&mut self, events: &[Event], parts: &mut BTreeMap<String, Vec<ListEntry>>) {
        for Event { epoch, fact, .. } in events {
            match fact {
                Fact::Assessed(assessed) => self.paid.extend(paid::said(*epoch, assessed)),
                Fact::CustomerCreated(customer) => self.customers.push((customer.id, customer.full_name.clone(), customer.country.clone())),
                Fact::AmlChanged(changed) => {
                    let AmlSetting::Rule(setting) = &changed.setting else { continue };
                    self.settings.insert((setting.rule, setting.lane), setting.clone());
                }
                Fact::ListChanged(changed) => match &changed.change {
                    ListCommand::Part(part) if part.number == 0 => drop(parts.insert(part.list.clone(), part.entries.clone())),
                    ListCommand::Part(part) => parts.get_mut(&part.list).unwrap().extend(part.entries.iter().cloned()),
                    ListCommand::Activate(activate) if activate.count == 0 => drop(self.lists.remove(&activate.list)),
                    ListCommand::Activate(activate) => {
                        let entries = parts.remove(&activate.list).unwrap();
                        self.lists.insert(activate.list.clone(), (activate.kind, activate.version, entries));
                    }
                    ListCommand::Clear(clear) => {
                        let known =
                            self.lists.get(&clear.list).and_then(|(.., entries)| entries.iter().find(|entry| entry.id == clear.entry));
                        if let Some(entry) = known {
                            let pair = |(id, paid, list, of): &Clearing| {
                                (*id, *paid, list, &of.id) == (clear.customer_id, clear.counterparty, &clear.list, &clear.entry)
                            };
                            self.cleared.retain(|other| !pair(other));
                            self.cleared.push((clear.customer_id, clear.counterparty, clear.list.clone(), entry.clone()));
                        }
                    }
                },
                _ => {}
            }
        }
    }

    /// Everybody against everything.
    fn all(&self) -> BTreeMap<Match, (RuleId, u32, u32)> {
        let mut all = BTreeMap::new();
        for (name, (kind, version, entries)) in &self.lists {
            let as_listed = |entry: &ListEntry| Entry {
                id: entry.id.clone(),
                kind: screening::list::Kind::Person,
                names: entry.names.iter().map(|name| Alias { name: name.name.clone(), strength: Strength::Primary }).collect(),
                countries: entry.countries.clone(),
                ..Entry::default()
            };
            let list = List::new(entries.iter().map(as_listed).collect()).unwrap();
            let index = Index::new(list.clone(), Rarity::of(&list));
            let rule = if *kind == ListKind::Pep { RuleId::PoliticallyExposed } else { RuleId::SanctionHit };
            let customers = self.customers.iter().map(|(id, name, country)| (*id, None, name.clone(), country.clone()));
            for (id, counterparty, full_name, country) in customers.chain(paid::known(&self.paid, self.now)) {
                let facts = Facts { born: None, countries: country.iter().cloned().collect() };
                for hit in index.screen(&full_name, &facts, 7_000) {
                    let entry = entries.iter().find(|entry| entry.id == hit.entry.id).unwrap();
                    let is_quiet = self.cleared.contains(&(id, counterparty, name.clone(), entry.clone()));
                    if !is_quiet {
                        let of = Match { customer_id: id, counterparty, list: name.clone(), entry: entry.id.clone() };
                        all.insert(of, (rule, hit.score, *version));
                    }
                }
            }
        }
        all
    }

    /// The alerts that begin and end with this epoch.
    fn alerts(&mut self) -> (BTreeMap<AboutMatch, (u32, u32)>, BTreeSet<AboutMatch>) {
        let mut holds = BTreeMap::new();
        for (of, (rule, score, version)) in self.all() {
            for lane in Lane::ALL {
                let default = (*lane == Lane::Live).then(|| Setting::of(rule));
                let setting = self.settings.get(&(rule, *lane)).cloned().or(default);
                if setting.is_some_and(|setting| setting.enabled && i64::from(score) >= setting.named("score")) {
                    holds.insert((rule, *lane, of.clone()), (score, version));
                }
            }
        }
        let raised = holds.iter().filter(|(about, _)| !self.open.contains(*about)).map(|(about, of)| (about.clone(), *of)).collect();
        let cleared = self.open.iter().filter(|about| !holds.contains_key(*about)).cloned().collect();
        self.open = holds.into_keys().collect();
        (raised, cleared)
    }
}

/// Epochs of events as settlement would let them in.
fn history(draws: &[Vec<Draw>]) -> Vec<Arc<EpochEvents>> {
    let (mut versions, mut enrolled, mut epochs, mut now) = (BTreeMap::<String, u32>::new(), 0u32, Vec::new(), 1_764_000_000_000);
    for draws in draws {
        let days: u64 = draws.iter().map(|draw| if let Draw::Wait(days) = draw { *days } else { 0 }).sum();
        now += 1_000 + days * 86_400_000;
        let epoch: Epoch = now;
        let mut facts = Vec::new();
        let listed = |change| Fact::ListChanged(Box::new(ListChanged { change, by: "staff".to_owned() }));
        for draw in draws {
            match draw {
                Draw::Enrol(name, country) => {
                    enrolled += 1;
                    facts.push(Fact::CustomerCreated(Customer {
                        id: CustomerId::mint(1, enrolled),
                        full_name: name.clone(),
                        msisdn: None,
                        country: COUNTRIES[*country].map(str::to_owned),
                        kyc_status: KycStatus::Pending,
                    }));
                    facts.push(paid::opened(enrolled));
                }
                Draw::Load(list, kind, entries) if !entries.is_empty() => {
                    let list = format!("list-{list}");
                    let version = versions.get(&list).copied().unwrap_or_default() + 1;
                    versions.insert(list.clone(), version);
                    let entries: Vec<ListEntry> = entries.iter().map(|(number, of)| entry(*number, of)).collect();
                    let parts: Vec<&[ListEntry]> = entries.chunks(3).collect();
                    for (number, entries) in (0..).zip(&parts) {
                        let part = ListPart { list: list.clone(), version, number, entries: entries.to_vec() };
                        facts.push(listed(ListCommand::Part(part)));
                    }
                    let (parts, count) = (u32::try_from(parts.len()).unwrap(), u32::try_from(entries.len()).unwrap());
                    let activate = ActivateList { list, kind: *kind, version, parts, count, digest: [0; 32], force: true };
                    facts.push(listed(ListCommand::Activate(activate)));
                }
                Draw::Begin(list) => {
                    let list = format!("list-{list}");
                    let version = versions.get(&list).copied().unwrap_or_default() + 1;
                    let entries = vec![entry(0, &("Somebody Else".to_owned(), 0))];
                    facts.push(listed(ListCommand::Part(ListPart { list, version, number: 0, entries })));
                }
                Draw::End(list) => {
                    let list = format!("list-{list}");
                    if versions.remove(&list).is_some() {
                        let (kind, digest) = (ListKind::Sanctions, [0; 32]);
                        let activate = ActivateList { list, kind, version: 9_999, parts: 0, count: 0, digest, force: true };
                        facts.push(listed(ListCommand::Activate(activate)));
                    }
                }
                Draw::Clear(customer, list, entry) if u32::from(*customer) < enrolled => {
                    let customer_id = CustomerId::mint(1, u32::from(*customer) + 1);
                    let (list, entry, reason) = (format!("list-{list}"), format!("{entry}"), "a look".to_owned());
                    facts.push(listed(ListCommand::Clear(ClearMatch { customer_id, counterparty: None, list, entry, reason })));
                }
                Draw::Set(rule, lane, score, enabled) => {
                    let parameters = [("score".to_owned(), *score)].into();
                    let setting = Setting { lane: *lane, enabled: *enabled, parameters, ..Setting::of(*rule) };
                    facts.push(Fact::AmlChanged(Box::new(AmlChanged {
                        setting: AmlSetting::Rule(setting),
                        version: 1,
                        by: "staff".to_owned(),
                    })));
                }
                Draw::Freeze(score) => {
                    let parameters = [("freeze_score".to_owned(), *score)].into();
                    let setting = Setting { parameters, ..Setting::of(RuleId::SanctionHit) };
                    facts.push(Fact::AmlChanged(Box::new(AmlChanged {
                        setting: AmlSetting::Rule(setting),
                        version: 2,
                        by: "staff".to_owned(),
                    })));
                }
                Draw::Pay(customer, name, country) if u32::from(*customer) < enrolled => {
                    facts.push(paid::assessed(u32::from(*customer) + 1, *name, *country));
                }
                Draw::ClearPaid(customer, counterparty, list, entry) if u32::from(*customer) < enrolled => {
                    facts.push(listed(paid::clear(u32::from(*customer) + 1, *counterparty, *list, *entry)));
                }
                Draw::Load(..) | Draw::Clear(..) | Draw::Pay(..) | Draw::ClearPaid(..) | Draw::Wait(_) => {}
            }
        }
        let event = |(number, fact)| {
            let position = Position { partition: 0, offset: i64::from(number) };
            let cause = Cause { command_id: CommandId::derive("a", "b", "c"), position, traceparent: format!("{epoch}/{number}") };
            Event { id: EventId::mint(epoch, number), epoch, cause, fact }
        };
        let binding = Binding { epoch, generation: 1, code_version: 6, inputs: Vec::new() };
        let events = (0..).zip(facts).map(event).collect();
        epochs.push(Arc::new(EpochEvents { binding, events, waited: Vec::new(), leaves: Vec::new() }));
    }
    epochs
}

fn given(epochs: &[Arc<EpochEvents>], keep_at: usize) -> Vec<Given> {
    let given = epochs.iter().enumerate();
    given.map(|(at, events)| Given::Epoch { events: Arc::clone(events), keep: at == keep_at || at + 1 == epochs.len() }).collect()
}

fn of(subject: &Subject) -> Match {
    let Subject::Match(of) = subject else { panic!("{subject:?} is no match") };
    of.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]
    #[test]
    fn the_alerts_are_those_of_everybody_screened_from_scratch(draws in draws()) {
        let epochs = history(&draws);
        let (mut oracle, mut parts) = (Oracle::default(), BTreeMap::new());
        for (found, events) in run(1, given(&epochs, usize::MAX)).iter().zip(&epochs) {
            oracle.hear(&events.events, &mut parts);
            oracle.now = events.epoch();
            let (mut raised, mut cleared) = (BTreeMap::new(), BTreeSet::new());
            for change in &found.alerts {
                match change {
                    AlertChange::Raised(alert) => {
                        let matched = alert.evidence.matched.as_ref().expect("a match says why");
                        let of = of(&alert.subject);
                        prop_assert_eq!((&matched.list, &matched.entry), (&of.list, &of.entry));
                        prop_assert_eq!(i64::from(matched.score), alert.measured[0].value);
                        prop_assert!(!matched.words.is_empty() && alert.traceparent.starts_with(&alert.epoch.to_string()));
                        paid::check(alert, &oracle.paid)?;
                        raised.insert((alert.rule, alert.lane, of), (matched.score, matched.version));
                    }
                    AlertChange::Cleared(over) => drop(cleared.insert((over.rule, over.lane, of(&over.subject)))),
                }
            }
            prop_assert_eq!((raised, cleared), oracle.alerts(), "in epoch {}", events.epoch());
        }
    }

    #[test]
    fn a_cut_changes_nothing(draws in draws(), cut: prop::sample::Index) {
        let epochs = history(&draws);
        let at = cut.index(epochs.len());
        let one = run(1, given(&epochs, at));
        let said = |found: &[Found]| found.iter().map(|found| found.alerts.clone()).collect::<Vec<_>>();
        prop_assert_eq!(said(&run(2, given(&epochs, at))), said(&one));
        let kept = one[at].kept.clone().unwrap();
        let read = Kept::read(kept.chunks().map(<[u8]>::to_vec)).unwrap();
        let mut rest = vec![Given::Standing(kept.epoch, Arc::new(read))];
        rest.extend(given(&epochs, at)[at + 1..].iter().cloned());
        let rest = run(1, rest);
        prop_assert_eq!(&rest[0].alerts, &vec![]);
        prop_assert_eq!(&said(&rest)[1..], &said(&one)[at + 1..]);
        if at + 1 < epochs.len() {
            prop_assert_eq!(&rest.last().unwrap().kept, &one.last().unwrap().kept);
        }
    }
}

/// Only whom a delta touches is looked at, and a name that is new once.
#[test]
fn who_is_looked_at_is_whom_a_version_touches() {
    let listed = |names: &[(u8, &str)]| names.iter().map(|(number, name)| (*number, ((*name).to_owned(), 0))).collect();
    let draws = [
        vec![Draw::Load(0, ListKind::Sanctions, listed(&[(1, "Serge Fotso"), (2, "Joseph Konyema")]))],
        ["Awa Sow", "Konyema Joseph", "Fotso Serge", "Ali Zarbatu"].map(|name| Draw::Enrol(name.to_owned(), 0)).to_vec(),
        vec![Draw::Load(0, ListKind::Sanctions, listed(&[(1, "Serge Fotso"), (2, "Joseph Konyema"), (3, "Zarbatu Ali")]))],
        vec![Draw::Load(0, ListKind::Sanctions, listed(&[(1, "Serge Fotso"), (2, "Joseph Konyema"), (3, "Zarbatu Ali")]))],
    ];
    let found = run(1, given(&history(&draws), usize::MAX));
    let looked = |found: &Found| (found.screened.versions, found.screened.touched, found.screened.enrolled, found.screened.names);
    assert_eq!(found.iter().map(looked).collect::<Vec<_>>(), [(1, 0, 0, 0), (0, 0, 4, 4), (1, 1, 0, 4), (1, 0, 0, 4)]);
    assert_eq!(found.iter().map(|found| found.alerts.len()).collect::<Vec<_>>(), [0, 2, 1, 0]);
}
