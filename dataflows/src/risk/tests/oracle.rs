//! The independent judge: a rule's question as a loop over all of history, and its episodes by looking at every epoch again.
//!
//! It shares with the dataflow the words of the schemas and nothing else: no graph, no window, no calendar.

use crate::risk::tests::history::{Draw, HOUSE, History, account, customer};
use crate::risk::tests::{low, lowest, run};
use crate::risk::{Given, LATE_MS_MAX};
use proptest::prelude::*;
use schemas::alert::{AlertChange, Subject};
use schemas::aml::{Lane, Parameter, ParameterKind, RuleId, Setting};
use schemas::{Dated, Epoch, Fact, Link, PaymentKind, TransactionId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A payment as it stands at some epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paid {
    pub(crate) id: TransactionId,
    pub(crate) time: Epoch,
    pub(crate) recorded: Epoch,
    pub(crate) payer: u32,
    pub(crate) payee: u32,
    pub(crate) amount: i64,
    pub(crate) kind: PaymentKind,
}

/// What a rule measures: of whom, how much, from which payments.
pub(crate) type Answer = (Subject, Vec<i64>, BTreeSet<TransactionId>);

/// A rule's question: what is there to be measured at a moment, from these payments, none of which counts from after it.
pub(crate) type Question = fn(&[Paid], Epoch, &Setting) -> Vec<Answer>;

/// The same of a rule with several clauses: which of them.
pub(crate) type ByClause = fn(&[Paid], Epoch, &Setting) -> Vec<(u8, Answer)>;

/// What was measured, whether late, and from which payments.
pub(crate) type Because = (Vec<i64>, bool, BTreeSet<TransactionId>);

/// An alert, as far as the oracle knows: of whom, and because of what; where several things measure the same, because of one of them.
/// None is there where it is over.
pub(crate) type Said = (Epoch, Subject, Vec<Because>);

/// The payments that stand at an epoch, in the order in which they count.
pub(crate) fn paid(history: &History, now: Epoch) -> Vec<Paid> {
    let mut paid: Vec<Paid> = Vec::new();
    let number = |id| (0..=HOUSE).find(|number| account(*number) == id).unwrap();
    for event in history.epochs().iter().filter(|epoch| epoch.epoch() <= now).flat_map(|epoch| &epoch.events) {
        match &event.fact {
            Fact::Transaction(transaction) if transaction.refusal.is_none() => match transaction.link {
                Some(Link::Original(original)) => {
                    let Some(of) = paid.iter_mut().find(|paid| paid.id == original) else { continue };
                    of.amount -= transaction.amount.minor;
                }
                _ => paid.push(Paid {
                    id: transaction.id,
                    time: event.epoch,
                    recorded: event.epoch,
                    payer: number(transaction.account_debit),
                    payee: number(transaction.account_credit),
                    amount: transaction.amount.minor,
                    kind: transaction.kind,
                }),
            },
            Fact::OrderChanged(order) => {
                let Dated::EffectiveAt(time) = order.dated else { continue };
                let of = paid.iter_mut().find(|paid| Some(paid.id) == order.transaction_id).unwrap();
                if of.recorded - time <= LATE_MS_MAX {
                    of.time = time;
                }
            }
            _ => {}
        }
    }
    paid.retain(|paid| paid.amount > 0);
    paid.sort_by_key(|paid| (paid.time, paid.id));
    paid
}

pub(crate) fn is_plain(number: u32) -> bool {
    number < crate::risk::tests::history::CUSTOMERS
}

/// The accounts of whom it is about.
fn accounts(subject: &Subject) -> Vec<u32> {
    let of = |number: &u32| match subject {
        Subject::Account(id) => account(*number) == *id,
        Subject::Customer(id) => crate::risk::tests::history::holder(*number).map(customer) == Some(*id),
        Subject::Device(_) | Subject::Ring(_) | Subject::Match(_) => false,
    };
    (0..=HOUSE).filter(of).collect()
}

/// What a loop over history says of a rule.
fn expected(
    history: &History,
    setting: &Setting,
    (window_ms, looks_back): (u64, bool),
    question: impl Fn(&[Paid], Epoch, &Setting) -> Vec<(u8, Answer)>,
) -> Vec<Said> {
    let mut said = Vec::new();
    // Of whom: when it is over, if it does not hold.
    let mut open: BTreeMap<Subject, Option<Epoch>> = BTreeMap::new();
    for now in history.epochs().iter().map(|epoch| epoch.epoch()) {
        let all = paid(history, now);
        let upto = |at: Epoch| all.iter().filter(|paid| paid.time <= at).copied().collect::<Vec<_>>();
        let mut answers = question(&upto(now), now, setting);
        for late in all.iter().filter(|paid| looks_back && paid.recorded == now && paid.time < now) {
            let moments: BTreeSet<Epoch> =
                all.iter().map(|paid| paid.time).filter(|at| *at < now && (late.time..late.time + window_ms).contains(at)).collect();
            for at in moments {
                let own = |(_, (subject, _, rests)): &(u8, Answer)| {
                    let mine = accounts(subject);
                    let moves = all.iter().any(|paid| paid.time == at && (mine.contains(&paid.payer) || mine.contains(&paid.payee)));
                    rests.contains(&late.id) && moves
                };
                answers.extend(question(&upto(at), at, setting).into_iter().filter(own));
            }
        }
        let reached = |(clause, (_, measures, _)): &(u8, Answer)| {
            let of = |parameter: &&Parameter| parameter.kind == ParameterKind::AtLeast && parameter.clause == *clause;
            let thresholds = setting.rule.parameters().iter().filter(of).map(|parameter| setting.value(parameter));
            measures.iter().zip(thresholds).all(|(measured, threshold)| *measured >= threshold)
        };
        let mut answers: Vec<Answer> = answers.into_iter().filter(reached).map(|(_, answer)| answer).collect();
        answers.sort();
        open.retain(|subject, ends| {
            let over = ends.is_some_and(|ends| ends <= now);
            if over {
                said.push((now, subject.clone(), Vec::new()));
            }
            !over
        });
        let holds: BTreeSet<Subject> = answers.iter().map(|(subject, ..)| subject.clone()).collect();
        for (subject, ends) in &mut open {
            *ends = if holds.contains(subject) { None } else { Some(ends.unwrap_or(now + window_ms)) };
        }
        for subject in holds {
            if open.contains_key(&subject) {
                continue;
            }
            let of = answers.iter().filter(|answer| answer.0 == subject);
            let largest = of.clone().map(|answer| &answer.1).max().unwrap();
            let is_late = |rests: &BTreeSet<TransactionId>| {
                all.iter().any(|paid| rests.contains(&paid.id) && paid.recorded == now && paid.time < now)
            };
            let because = of.filter(|answer| answer.1 == *largest).map(|answer| (answer.1.clone(), is_late(&answer.2), answer.2.clone()));
            said.push((now, subject.clone(), because.collect()));
            open.insert(subject, None);
        }
    }
    said
}

/// What the dataflow says of a rule.
pub(crate) fn found(history: &History, setting: &Setting) -> Vec<Said> {
    let mut given = vec![low(), Given::Settings(2, Arc::new(vec![(8, setting.clone())]))];
    given.extend(history.given());
    let alerts = run(1, given).into_iter().flat_map(|found| found.alerts);
    let of = |change: AlertChange| match change {
        AlertChange::Raised(alert) => (alert.rule == setting.rule).then(|| {
            let measured = alert.measured.iter().map(|measured| measured.value).collect();
            (alert.epoch, alert.subject, vec![(measured, alert.is_late, alert.evidence.transactions.into_iter().collect())])
        }),
        AlertChange::Cleared(cleared) => (cleared.rule == setting.rule).then_some((cleared.epoch, cleared.subject, Vec::new())),
    };
    alerts.filter_map(of).collect()
}

/// The two, side by side, by a rule of one clause as low as it goes with some shapes.
pub(crate) fn same(history: &History, rule: RuleId, shapes: &[(&str, i64)], question: Question) -> Result<(), TestCaseError> {
    let first = |paid: &[Paid], at, setting: &Setting| question(paid, at, setting).into_iter().map(|answer| (0, answer)).collect();
    compare(history, rule, shapes, true, first)
}

/// The same of a rule of several.
pub(crate) fn same_by_clause(history: &History, rule: RuleId, shapes: &[(&str, i64)], question: ByClause) -> Result<(), TestCaseError> {
    compare(history, rule, shapes, true, question)
}

/// The same by whatever else the history says; whether late payments are asked about at earlier moments.
pub(crate) fn compare(
    history: &History,
    rule: RuleId,
    shapes: &[(&str, i64)],
    looks_back: bool,
    question: impl Fn(&[Paid], Epoch, &Setting) -> Vec<(u8, Answer)>,
) -> Result<(), TestCaseError> {
    let mut setting = lowest(rule, Lane::Live);
    setting.parameters.extend(shapes.iter().map(|(name, value)| ((*name).to_owned(), *value)));
    let window_ms = setting.parameters.get("window_hours").map_or(24, |hours| u64::try_from(*hours).unwrap()) * 3_600_000;
    let sort = |mut said: Vec<Said>| {
        said.sort_by_key(|(epoch, subject, what)| (*epoch, !what.is_empty(), subject.clone()));
        said
    };
    let (found, expected) = (sort(found(history, &setting)), sort(expected(history, &setting, (window_ms, looks_back), question)));
    let is = |(found, expected): (&Said, &Said)| {
        (found.0, &found.1, found.2.is_empty()) == (expected.0, &expected.1, expected.2.is_empty())
            && found.2.iter().all(|because| expected.2.contains(because))
    };
    let same = found.len() == expected.len() && found.iter().zip(&expected).all(is);
    prop_assert!(same, "{found:#?}\nis not\n{expected:#?}");
    Ok(())
}

/// What a rule says of a script, by the catalogue but for some parameters: the last two measures of what is raised, late or not, and what
/// is over.
pub(crate) fn said(script: &[(u64, Draw)], rule: RuleId, parameters: &[(&str, i64)]) -> String {
    let mut history = History::default();
    for (gap, draw) in script {
        history.epoch(*gap, std::slice::from_ref(draw));
    }
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let word = |(_, _, because): &Said| match because.first() {
        Some((measured, late, _)) => {
            let second = measured.get(1).map_or_else(String::new, |second| format!("{second} of "));
            format!("{second}{}{}", measured[0], if *late { " late" } else { "" })
        }
        None => "over".to_owned(),
    };
    found(&history, &Setting { parameters, ..Setting::of(rule) }).iter().map(word).collect::<Vec<_>>().join(", ")
}
