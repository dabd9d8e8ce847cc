//! What two settings of a rule have raised, and where they differ.

use schemas::alert::Subject;
use schemas::aml::Lane;
use schemas::{Alert, AlertChange, AlertId, Epoch, RuleId, rfc3339};
use std::collections::{BTreeMap, BTreeSet};

/// Alerts of a rule in both lanes.
#[derive(Debug, Default)]
struct Both<'a> {
    live: Vec<&'a Alert>,
    changed: Vec<&'a Alert>,
    /// Those that stood already when the time began.
    stood: BTreeMap<AlertId, &'a Alert>,
}

/// Alerts of all rules that are changed.
pub(super) struct Diff<'a>(BTreeMap<RuleId, Both<'a>>);

impl<'a> Diff<'a> {
    /// Of what was raised from an epoch on.
    pub(super) fn of(changes: &'a [AlertChange], rules: &[RuleId], from: Epoch) -> Self {
        let mut diff: BTreeMap<RuleId, Both<'a>> = rules.iter().map(|rule| (*rule, Both::default())).collect();
        for change in changes {
            match change {
                AlertChange::Raised(alert) => {
                    let Some(both) = diff.get_mut(&alert.rule) else { continue };
                    match alert.lane {
                        _ if alert.epoch < from => {
                            both.stood.insert(alert.id, alert);
                        }
                        Lane::Live => both.live.push(alert),
                        Lane::Shadow => both.changed.push(alert),
                    }
                }
                AlertChange::Cleared(cleared) if cleared.epoch < from => {
                    if let Some(both) = diff.get_mut(&cleared.rule) {
                        both.stood.remove(&cleared.id);
                    }
                }
                AlertChange::Cleared(_) => {}
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
    /// What only the changed rule has raised, and what only the live one has: about whom nothing of the other stood in that time.
    fn differ(&self) -> (Vec<&'a Alert>, Vec<&'a Alert>) {
        let about = |alerts: &[&'a Alert], lane: Lane| {
            let stood = self.stood.values().filter(move |alert| alert.lane == lane);
            alerts.iter().chain(stood).map(|alert| alert.subject.clone()).collect::<BTreeSet<Subject>>()
        };
        let (live, changed) = (about(&self.live, Lane::Live), about(&self.changed, Lane::Shadow));
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

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::AccountId;
    use schemas::alert::{Cleared, Evidence};

    fn alert(lane: Lane, account: u32, epoch: Epoch) -> Alert {
        let subject = Subject::Account(AccountId::mint(1, account));
        Alert {
            id: AlertId::derive(RuleId::FanIn, lane, 1, &subject, epoch),
            rule: RuleId::FanIn,
            lane,
            version: 1,
            parameters: Vec::new(),
            weight: 20,
            subject,
            epoch,
            measured: Vec::new(),
            evidence: Evidence::default(),
            is_late: false,
            traceparent: String::new(),
        }
    }

    #[test]
    fn what_stood_before_is_nothing_new() {
        let over = |Alert { id, rule, lane, subject, epoch: raised, .. }: Alert, epoch| {
            AlertChange::Cleared(Cleared { id, rule, lane, subject, raised, epoch })
        };
        let raised = |alert| AlertChange::Raised(Box::new(alert));
        let changes = [
            raised(alert(Lane::Live, 1, 10)),
            raised(alert(Lane::Live, 2, 10)),
            over(alert(Lane::Live, 2, 10), 20),
            raised(alert(Lane::Shadow, 1, 40)),
            raised(alert(Lane::Shadow, 2, 40)),
            raised(alert(Lane::Live, 3, 50)),
        ];
        let diff = Diff::of(&changes, &[RuleId::FanIn], 30);
        let (added, removed) = diff.0[&RuleId::FanIn].differ();
        assert_eq!(added, [&alert(Lane::Shadow, 2, 40)]);
        assert_eq!(removed, [&alert(Lane::Live, 3, 50)]);
    }
}
