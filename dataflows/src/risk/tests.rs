//! The risk as a whole: the same for any number of workers, wherever it is cut, whatever is set.

mod bounds;
pub(crate) mod history;
pub(crate) mod oracle;

use crate::risk::{Found, Given, risk};
use history::{Draw, HOUR, History, drawn};
use proptest::prelude::*;
use schemas::Epoch;
use schemas::alert::{AlertChange, AlertId, Open, Subject};
use schemas::aml::{Lane, RuleId, Setting};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use timely::dataflow::InputHandle;
use timely::dataflow::operators::{Input, Inspect, Probe};

/// What the whole dataflow finds with so many workers.
pub(crate) fn run(workers: usize, given: Vec<Given>) -> Vec<Found> {
    let (sender, answers) = channel();
    let ends = Mutex::new((Some(given), sender));
    let guards = timely::execute(timely::Config::process(workers), move |worker| {
        let (given, sender) = {
            let mut ends = ends.lock().unwrap();
            let first = worker.index() == 0;
            (if first { ends.0.take().unwrap() } else { Default::default() }, ends.1.clone())
        };
        let mut input = InputHandle::new();
        let probe = worker.dataflow::<Epoch, _, _>(|scope| {
            let found = risk(scope.input_from(&mut input));
            found.inspect(move |found| drop(sender.send(found.clone()))).probe().0
        });
        // Several epochs are under way at once.
        for (number, given) in given.into_iter().enumerate() {
            let epoch = given.epoch();
            input.advance_to(epoch);
            input.send(given);
            if number % 3 == 2 {
                worker.step_while(|| probe.less_than(&epoch));
            }
        }
    });
    drop(guards.unwrap().join());
    answers.into_iter().collect()
}

/// A rule as low as it goes, within a window.
pub(crate) fn lowest(rule: RuleId, lane: Lane) -> Setting {
    let thresholds = rule.parameters().iter().filter(|parameter| parameter.kind == schemas::aml::ParameterKind::AtLeast);
    let parameters = thresholds.map(|parameter| (parameter.name.to_owned(), parameter.min)).collect();
    Setting { lane, parameters, ..Setting::of(rule) }
}

/// Every rule as low as it goes, from the beginning.
pub(crate) fn low() -> Given {
    let settings = crate::risk::rules::ALL.iter().map(|rule| (7, lowest(rule.id, Lane::Live)));
    Given::Settings(1, Arc::new(settings.collect()))
}

/// Some days on which much happens; the state is wanted at the end.
pub(crate) fn busy(keep: bool) -> Vec<Given> {
    let mut history = History::default();
    for round in 0..6u64 {
        for payer in 0..5 {
            history.epoch(2 * HOUR, &[Draw::Paid(payer, (payer + 1) % 6, 100_000), Draw::Paid(payer, 5, 70_000)]);
        }
        history.epoch(HOUR, &[Draw::Late(2, 5, 1_000, 1), Draw::Back(usize::try_from(round).unwrap(), 1)]);
    }
    let mut given = vec![low()];
    given.extend(history.given());
    if let (true, Some(Given::Epoch { keep, .. })) = (keep, given.last_mut()) {
        *keep = true;
    }
    given
}

fn keeping(given: &[Given], at: usize) -> Vec<Given> {
    let mut given = given.to_vec();
    if let Given::Epoch { keep, .. } = &mut given[at] {
        *keep = true;
    }
    given
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_alerts_are_the_same_for_any_number_of_workers_and_wherever_it_is_cut(draws in drawn(), cut: prop::sample::Index) {
        let history = History::of(&draws);
        let mut given = vec![low()];
        given.extend(history.given());
        let last = given.len() - 1;
        let at = 1 + cut.index(last);
        let given = keeping(&keeping(&given, last), at);
        let one = run(1, given.clone());
        prop_assert_eq!(one.len(), given.len());
        let alerts = |found: &[Found]| found.iter().map(|found| (found.given.epoch(), found.alerts.clone())).collect::<Vec<_>>();
        for workers in [2, 3] {
            prop_assert_eq!(alerts(&run(workers, given.clone())), alerts(&one), "{} workers", workers);
        }
        let kept = one[at].kept.clone().unwrap();
        let read = crate::risk::Kept::read(kept.chunks().map(<[u8]>::to_vec)).unwrap();
        let mut rest = vec![Given::Standing(kept.epoch, Arc::new(read))];
        rest.extend(given[at + 1..].iter().cloned());
        let rest = run(2, rest);
        prop_assert_eq!(&rest[0].alerts, &vec![]);
        prop_assert_eq!(&alerts(&rest)[1..], &alerts(&one)[at + 1..], "cut at {}", at);
        if at < last {
            prop_assert_eq!(&rest.last().unwrap().kept, &one.last().unwrap().kept);
        }
    }
}

#[test]
fn a_threshold_that_is_set_meets_what_is_measured_already() {
    let mut history = History::default();
    for payer in 0..4 {
        history.epoch(HOUR, &[Draw::Paid(payer, 5, 10)]);
    }
    let with = |lane, senders: i64| Setting {
        lane,
        parameters: [("senders".to_owned(), senders), ("amount_minor".to_owned(), 0)].into(),
        ..Setting::of(RuleId::FanIn)
    };
    // What is a gate's is not detection's.
    let gate = Setting::of(RuleId::VelocityCount);
    history.set(1, vec![(1, with(Lane::Live, 5)), (1, gate), (2, with(Lane::Shadow, 4))], &[]);
    history.set(1, vec![(3, with(Lane::Live, 3))], &[]);
    history.set(1, vec![(4, Setting { enabled: false, ..with(Lane::Live, 3) })], &[]);
    history.epoch(24 * HOUR, &[]);
    let given = history.given();
    let found = run(2, given);
    let said = |found: &Found| {
        let say = |change: &AlertChange| match change {
            AlertChange::Raised(alert) => format!("{} {} {} {:?}", alert.rule, alert.lane, alert.version, alert.measured[0]),
            AlertChange::Cleared(cleared) => format!("{} {} over", cleared.rule, cleared.lane),
        };
        found.alerts.iter().map(say).collect::<Vec<_>>()
    };
    let said: Vec<_> = found[4..].iter().map(said).collect();
    let measured = |threshold| format!("Measured {{ name: \"senders\", value: 4, threshold: {threshold} }}");
    assert_eq!(
        said,
        [
            vec![format!("fan_in shadow 2 {}", measured(4))],
            vec![format!("fan_in live 3 {}", measured(3))],
            vec![],
            // The live lane was switched off a day ago. In the shadow, it was three senders an hour after the last payment.
            vec!["fan_in live over".to_owned()],
        ]
    );
    let AlertChange::Raised(alert) = &found[4].alerts[0] else { panic!() };
    assert_eq!((alert.evidence.transactions_count, alert.evidence.counterparties_count), (4, 4));
    assert_eq!(alert.evidence.transactions.len(), 4);
}

/// What was paid before is not known: three senders of five come again, and of the other account nobody does.
#[test]
fn what_was_open_before_all_that_is_known_goes_on_or_is_over_with_its_window() {
    let senders = [("senders".to_owned(), 3), ("amount_minor".to_owned(), 0)].into();
    let setting = Setting { parameters: senders, ..Setting::of(RuleId::FanIn) };
    let open = |rule, lane, number: u32| Open {
        id: AlertId(uuid::Uuid::from_u128(u128::from(number))),
        rule,
        lane,
        subject: Subject::Account(history::account(number)),
        raised: 7,
    };
    // The last in a lane that is set no more.
    let before = [(Lane::Live, 4), (Lane::Live, 5), (Lane::Shadow, 6)].map(|(lane, number)| open(RuleId::FanIn, lane, number));
    // Also where days pass before anything of what is said is written.
    for unheard in [0, 3] {
        let mut history = History::default();
        for _ in 0..unheard {
            history.epoch(24 * HOUR, &[]);
        }
        let alerts = Arc::new(before.to_vec());
        let open = Given::Open { epoch: history::FIRST - 1, unheard: history.epoch, alerts };
        for payer in 0..3 {
            history.epoch(HOUR, &[Draw::Paid(payer, 5, 10)]);
        }
        for _ in 0..8 {
            history.epoch(24 * HOUR, &[]);
        }
        let mut given = vec![Given::Settings(history::FIRST - 2, Arc::new(vec![(1, setting.clone())])), open];
        given.extend(history.given());
        let mut said = Vec::new();
        for found in run(2, given) {
            let days = (found.given.epoch() - history::FIRST.min(found.given.epoch())) / (24 * HOUR);
            for change in found.alerts {
                let AlertChange::Cleared(cleared) = change else { panic!("{change:?} is told twice") };
                said.push((days, cleared.id.0.as_u128(), cleared.raised));
            }
        }
        // The window is a day: once the payments had left it, another one was given.
        assert_eq!(said, [(unheard, 6, 7), (unheard + 1, 4, 7), (unheard + 2, 5, 7)], "after {unheard} days");
    }
}

/// Two of three who paid are as many as before once one of them has it back and another comes; what the alert rests on is theirs.
#[test]
fn an_alert_by_a_threshold_rests_on_what_stands_in_the_end_of_its_epoch() {
    let mut history = History::default();
    for payer in 0..3 {
        history.epoch(HOUR, &[Draw::Paid(payer, 5, 10)]);
    }
    let senders = [("senders".to_owned(), 3), ("amount_minor".to_owned(), 0)].into();
    let setting = Setting { parameters: senders, ..Setting::of(RuleId::FanIn) };
    history.set(1, vec![(1, setting)], &[Draw::Back(2, 1), Draw::Late(3, 5, 10, 1)]);
    let came = schemas::TransactionId::mint(history.epoch, 2);
    let found = run(2, history.given());
    let [AlertChange::Raised(alert)] = &found[3].alerts[..] else { panic!("{:?}", found[3].alerts) };
    assert_eq!((alert.measured[0].value, alert.evidence.transactions.len()), (3, 3));
    assert!(alert.evidence.transactions.contains(&came), "{:?}", alert.evidence);
    assert!(alert.is_late && !alert.traceparent.is_empty());
}

/// A payment is pushed out of what is kept of its payer's window by others that concern nobody who stands.
#[test]
fn a_threshold_that_is_set_finds_out_what_does_not_stand_any_more() {
    let mut history = History::default();
    history.epoch(HOUR, &vec![Draw::Paid(6, history::MERCHANT, 5_000_000); 5]);
    history.epoch(1, &vec![Draw::Paid(6, 5, 10); crate::risk::graph::NEIGHBOURS_MAX]);
    history.set(1, vec![(1, lowest(RuleId::SelfPayment, Lane::Live))], &[]);
    let mut given = vec![low()];
    given.extend(history.given());
    let found = run(1, given);
    let about = |found: &Found| {
        found.alerts.iter().filter(|change| matches!(change, AlertChange::Raised(alert) if alert.rule == RuleId::SelfPayment)).count()
    };
    assert_eq!(found.iter().map(about).collect::<Vec<_>>(), [0, 1, 0, 0]);
}
