//! What was raised, against the labels.
//!
//! For each typology of the labels that a rule looks for:
//!
//! | Column | What it counts |
//! |---|---|
//! | recalled | patterns of money laundering for whose main account the rule was raised at any time; a cycle only by an alert about one of its accounts that names every payment of it |
//! | by its payments | those of them where such an alert names a payment of the pattern |
//! | flagged | accounts about which the rule was raised |
//! | precision | the share of them that paid or were paid in a payment of money laundering |
//! | without look-alikes | the same, accounts left out that are only part of a pattern that looks alike and is none |
//!
//! The main account of a fan is the one that all its payments have in common; of what is gathered and scattered the one in the middle; of
//! what is scattered and gathered the one that is paid in the end.

use super::places;
use crate::aml::labelled::{Labelled, Pattern};
use schemas::alert::{Alert, Subject};
use schemas::aml::RuleId;
use schemas::{AccountId, TransactionId};
use std::collections::{BTreeMap, BTreeSet};

/// Longest cycle that the rule looks for.
const HOPS_MAX: usize = 6;

/// Typologies and the rules that look for them.
const TYPOLOGIES: &[(&str, RuleId)] = &[
    ("fan_in", RuleId::FanIn),
    ("fan_out", RuleId::FanOut),
    ("cycle", RuleId::Cycle),
    ("scatter_gather", RuleId::ScatterGather),
    ("gather_scatter", RuleId::GatherScatter),
    ("bipartite", RuleId::DenseCore),
    ("stack", RuleId::DenseCore),
];

/// Whether a typology of the labels is looked for by this rule.
pub(super) fn is_of_a_typology(rule: RuleId) -> bool {
    TYPOLOGIES.iter().any(|(_, of)| *of == rule)
}

/// What is known of every account.
struct Sides {
    /// Part of money laundering.
    sar: BTreeSet<usize>,
    /// Part of something that looks alike.
    alike: BTreeSet<usize>,
}

/// An alert, by places.
struct Raised {
    account: usize,
    payments: BTreeSet<usize>,
}

/// The table.
pub(super) fn lines(labelled: &Labelled, alerts: &[Alert], rules: &[RuleId]) -> Vec<String> {
    let sides = sides(labelled);
    let places = places(labelled);
    let mut lines = vec![format!(
        "{:<22} {:>9} {:>16} {:>8} {:>10} {:>20}",
        "typology", "recalled", "by its payments", "flagged", "precision", "without look-alikes"
    )];
    for (typology, rule) in TYPOLOGIES.iter().filter(|(_, rule)| rules.contains(rule)) {
        let raised: Vec<Raised> = alerts.iter().filter(|alert| alert.rule == *rule).filter_map(|alert| raised(alert, &places)).collect();
        let labelled_as = |pattern: &&Pattern| pattern.is_sar && pattern.typology == *typology;
        let patterns: Vec<&Pattern> = labelled.patterns.iter().filter(labelled_as).collect();
        if patterns.is_empty() {
            continue;
        }
        lines.push(line(typology, labelled, &patterns, &raised, &sides));
        if *rule == RuleId::Cycle {
            let short: Vec<&Pattern> = patterns.into_iter().filter(|pattern| pattern.payments.len() <= HOPS_MAX).collect();
            lines.push(line("cycle, 6 hops or less", labelled, &short, &raised, &sides));
        }
    }
    let others = rules.iter().filter(|rule| !is_of_a_typology(**rule));
    lines.extend(others.map(|rule| {
        let flagged: BTreeSet<Subject> = alerts.iter().filter(|alert| alert.rule == *rule).map(|alert| alert.subject.clone()).collect();
        format!("{:<22} {:>9} {:>16} {:>8}", rule.as_str(), "-", "-", flagged.len())
    }));
    lines
}

fn line(name: &str, labelled: &Labelled, patterns: &[&Pattern], raised: &[Raised], sides: &Sides) -> String {
    let flagged: BTreeSet<usize> = raised.iter().map(|raised| raised.account).collect();
    let (mut recalled, mut by_payments) = (0, 0);
    for pattern in patterns {
        let payments: BTreeSet<usize> = pattern.payments.iter().copied().collect();
        if pattern.typology == "cycle" {
            let accounts: BTreeSet<usize> = pattern.payments.iter().map(|payment| labelled.payments[*payment].payer).collect();
            let whole = raised.iter().any(|raised| accounts.contains(&raised.account) && payments.is_subset(&raised.payments));
            (recalled, by_payments) = (recalled + usize::from(whole), by_payments + usize::from(whole));
            continue;
        }
        let main = main(labelled, pattern);
        let about = || raised.iter().filter(|raised| main.contains(&raised.account));
        recalled += usize::from(about().next().is_some());
        by_payments += usize::from(about().any(|raised| !payments.is_disjoint(&raised.payments)));
    }
    let (sar, alike) = (flagged.intersection(&sides.sar).count(), flagged.intersection(&sides.alike).count());
    let share = |part: usize, of: usize| {
        (part * 1000).checked_div(of).map_or_else(|| "-".to_owned(), |tenths| format!("{}.{} %", tenths / 10, tenths % 10))
    };
    format!(
        "{name:<22} {:>9} {:>16} {:>8} {:>10} {:>20}",
        format!("{recalled}/{}", patterns.len()),
        by_payments,
        flagged.len(),
        share(sar, flagged.len()),
        share(sar, flagged.len() - alike),
    )
}

/// The main accounts of a pattern; of a dense core there are several.
fn main(labelled: &Labelled, pattern: &Pattern) -> BTreeSet<usize> {
    let payments = || pattern.payments.iter().map(|payment| &labelled.payments[*payment]);
    let payees: BTreeSet<usize> = payments().map(|payment| payment.payee).collect();
    let payers: BTreeSet<usize> = payments().map(|payment| payment.payer).collect();
    match pattern.typology.as_str() {
        "scatter_gather" => payees.difference(&payers).copied().collect(),
        "bipartite" | "stack" => payees,
        _ => {
            let mut times: BTreeMap<usize, usize> = BTreeMap::new();
            payments().flat_map(|payment| [payment.payer, payment.payee]).for_each(|account| *times.entry(account).or_default() += 1);
            times
                .into_iter()
                .max_by_key(|(account, times)| (*times, usize::MAX - account))
                .map(|(account, _)| account)
                .into_iter()
                .collect()
        }
    }
}

fn sides(labelled: &Labelled) -> Sides {
    let of = |payment: usize| [labelled.payments[payment].payer, labelled.payments[payment].payee];
    let sar: BTreeSet<usize> =
        labelled.payments.iter().filter(|payment| payment.is_sar).flat_map(|payment| [payment.payer, payment.payee]).collect();
    let alike = labelled.patterns.iter().filter(|pattern| !pattern.is_sar).flat_map(|pattern| &pattern.payments);
    let alike: BTreeSet<usize> = alike.flat_map(|payment| of(*payment)).collect();
    Sides { alike: alike.difference(&sar).copied().collect(), sar }
}

fn raised(alert: &Alert, places: &BTreeMap<schemas::Epoch, usize>) -> Option<Raised> {
    let Subject::Account(account) = alert.subject else { return None };
    let payment = |id: &TransactionId| {
        let (epoch, number) = id.minted()?;
        Some(places.get(&epoch)? + usize::try_from(number).expect("a u32 fits a usize"))
    };
    Some(Raised { account: place(account)?, payments: alert.evidence.transactions.iter().filter_map(payment).collect() })
}

fn place(account: AccountId) -> Option<usize> {
    account.minted().map(|(_, number)| usize::try_from(number).expect("a u32 fits a usize"))
}
