//! What two settings of a rule have raised, and where they differ.

use schemas::alert::Subject;
use schemas::aml::Lane;
use schemas::{Alert, AlertChange, Epoch, RuleId, rfc3339};
use std::collections::{BTreeMap, BTreeSet};

/// Alerts of a rule in both lanes.
#[derive(Debug, Default)]
struct Both<'a> {
    live: Vec<&'a Alert>,
    changed: Vec<&'a Alert>,
}

/// Alerts of all rules that are changed.
pub(super) struct Diff<'a>(BTreeMap<RuleId, Both<'a>>);

impl<'a> Diff<'a> {
    /// Of what was raised from an epoch on.
    pub(super) fn of(changes: &'a [AlertChange], rules: &[RuleId], from: Epoch) -> Self {
        let mut diff: BTreeMap<RuleId, Both<'a>> = rules.iter().map(|rule| (*rule, Both::default())).collect();
        for change in changes {
            let AlertChange::Raised(alert) = change else { continue };
            let Some(both) = diff.get_mut(&alert.rule).filter(|_| alert.epoch >= from) else { continue };
            match alert.lane {
                Lane::Live => both.live.push(alert),
                Lane::Shadow => both.changed.push(alert),
            }
        }
        Self(diff)
    }

    /// A line a rule, then the first differences.
    pub(super) fn print(&self, show: usize) {
        println!("{:<24}{:>8}{:>9}{:>8}{:>9}", "rule", "live", "changed", "added", "removed");
        for (rule, both) in &self.0 {
            let (added, removed) = both.differ();
            println!("{:<24}{:>8}{:>9}{:>8}{:>9}", rule.as_str(), both.live.len(), both.changed.len(), added.len(), removed.len());
        }
        let mut lines: Vec<(Epoch, String)> = Vec::new();
        for both in self.0.values() {
            let (added, removed) = both.differ();
            lines.extend(added.iter().map(|alert| (alert.epoch, line('+', alert))));
            lines.extend(removed.iter().map(|alert| (alert.epoch, line('-', alert))));
        }
        lines.sort();
        lines.iter().take(show).for_each(|(_, line)| println!("{line}"));
        if lines.len() > show {
            println!("… and {} more", lines.len() - show);
        }
    }
}

impl<'a> Both<'a> {
    /// What only the changed rule has raised, and what only the live one has: about whom the other never said anything.
    fn differ(&self) -> (Vec<&'a Alert>, Vec<&'a Alert>) {
        let about = |alerts: &[&'a Alert]| alerts.iter().map(|alert| alert.subject.clone()).collect::<BTreeSet<Subject>>();
        let (live, changed) = (about(&self.live), about(&self.changed));
        let only = |alerts: &[&'a Alert], others: &BTreeSet<Subject>| {
            alerts.iter().filter(|alert| !others.contains(&alert.subject)).copied().collect()
        };
        (only(&self.changed, &live), only(&self.live, &changed))
    }
}

fn line(sign: char, alert: &Alert) -> String {
    let measured: Vec<String> = alert.measured.iter().map(|measured| format!("{} {}", measured.name, measured.value)).collect();
    let (kind, id) = (alert.subject.kind(), alert.subject.id());
    format!("{sign} {} {} {kind} {id}: {}", rfc3339(alert.epoch), alert.rule, measured.join(", "))
}
