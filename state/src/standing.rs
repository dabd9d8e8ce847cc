//! Where customers can stand with their identity, and what leads from where to where. All of it is this table:
//!
//! | stands | presents a document | approved | rejected | asked for more | expired by staff | its day is over |
//! |---|---|---|---|---|---|---|
//! | pending | stays | verified | rejected | pending, needs_info | - | - |
//! | pending, needs_info | pending, resubmitted | verified | rejected | - | - | - |
//! | pending, resubmitted | stays | verified | rejected | pending, needs_info | - | - |
//! | verified | verified, resubmitted | verified | rejected | verified, needs_info | verified, expired | verified, expired |
//! | verified, expired | verified, resubmitted | verified | rejected | verified, needs_info | - | - |
//! | verified, needs_info | verified, resubmitted | verified | rejected | - | verified, expired | verified, expired |
//! | verified, resubmitted | stays | verified | rejected | verified, needs_info | verified, expired | verified, expired |
//! | rejected | pending, resubmitted | - | - | - | - | - |

use schemas::KycStatus::{Pending, Rejected, Verified};
use schemas::diligence::KycSubStatus::{Expired, NeedsInfo, Resubmitted};
use schemas::diligence::{KycDecision, Standing};

/// What can happen to where a customer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// They present a document.
    Present,
    /// Staff decides.
    Decide(KycDecision),
    /// The last day on which what was established is good is over.
    DayOver,
}

/// Every step.
pub const STEPS: [Step; 6] = [
    Step::Present,
    Step::Decide(KycDecision::Approve),
    Step::Decide(KycDecision::Reject),
    Step::Decide(KycDecision::AskInformation),
    Step::Decide(KycDecision::Expire),
    Step::DayOver,
];

/// Where a step leads; none where it leads nowhere.
pub const fn follows(from: Standing, step: Step) -> Option<Standing> {
    let Standing { status, sub_status } = from;
    let (status, sub_status) = match (step, status, sub_status) {
        (Step::Present, Pending, None) => (Pending, None),
        (Step::Present, Pending | Rejected, _) => (Pending, Some(Resubmitted)),
        (Step::Present, Verified, _) => (Verified, Some(Resubmitted)),

        // Who was rejected has to present something first.
        (Step::Decide(_), Rejected, _) => return None,
        (Step::Decide(KycDecision::Approve), Pending | Verified, _) => (Verified, None),
        (Step::Decide(KycDecision::Reject), Pending | Verified, _) => (Rejected, None),
        (Step::Decide(KycDecision::AskInformation), _, Some(NeedsInfo)) => return None,
        (Step::Decide(KycDecision::AskInformation), Pending | Verified, _) => (status, Some(NeedsInfo)),

        (Step::Decide(KycDecision::Expire) | Step::DayOver, Verified, Some(Expired)) => return None,
        (Step::Decide(KycDecision::Expire) | Step::DayOver, Verified, _) => (Verified, Some(Expired)),
        (Step::Decide(KycDecision::Expire) | Step::DayOver, Pending | Rejected, _) => return None,
    };
    Some(Standing { status, sub_status })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table above, a row for each place where one can stand and a column for each step, as it is written there.
    fn table() -> Vec<(String, Vec<String>)> {
        let rows = include_str!("standing.rs").lines().filter_map(|line| line.strip_prefix("//! | ")).skip(1);
        let cells = |row: &str| row.trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        rows.map(cells).map(|row| (row[0].clone(), row[1..].to_vec())).collect()
    }

    fn named(standing: Standing) -> String {
        let sub_status = standing.sub_status.map(|sub_status| format!(", {sub_status}")).unwrap_or_default();
        format!("{}{sub_status}", standing.status)
    }

    #[test]
    fn every_step_leads_where_the_table_says() {
        let table = table();
        assert_eq!(table.iter().map(|(from, _)| from.clone()).collect::<Vec<_>>(), Standing::ALL.map(named));
        for (from, (name, cells)) in Standing::ALL.into_iter().zip(&table) {
            assert_eq!(cells.len(), STEPS.len(), "{name}");
            for (step, cell) in STEPS.into_iter().zip(cells) {
                let expected = match &**cell {
                    "-" => None,
                    "stays" => Some(name.clone()),
                    to => Some(to.to_owned()),
                };
                assert_eq!(follows(from, step).map(named), expected, "{name}, {step:?}");
            }
        }
    }

    #[test]
    fn no_step_leads_to_where_nobody_can_stand_and_all_places_are_reached() {
        let mut reached = vec![Standing::PENDING];
        let mut next = 0;
        while let Some(from) = reached.get(next).copied() {
            next += 1;
            for to in STEPS.into_iter().filter_map(|step| follows(from, step)) {
                assert!(Standing::ALL.contains(&to), "{to:?}");
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
        }
        assert_eq!(reached.len(), Standing::ALL.len());
    }
}
