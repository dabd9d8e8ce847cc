//! What an alert asks of settlement: commands that go back into the log, by themselves.
//!
//! In: an alert. Out: what it asks for. A further kind of command is one more variant of [`Wish`], which says when it is
//! wanted and what it asks.

use super::{Alert, Subject};
use crate::aml::{Lane, RuleId};
use crate::command::{Command, Operation};
use crate::gate::{Freeze, Party};
use crate::id::{AlertId, CustomerId};
use crate::principal::{Authority, Principal};
use crate::word::words;

/// The subject in whose name the detection asks.
pub const SUBJECT: &str = "orion-risk";

/// The score of the very same words.
const SAME: u32 = 10_000;

words! {
    /// What is asked for.
    pub enum Wish {
        /// Freeze the customer whom an entry of a sanctions list means.
        Freeze = "freeze",
    }
}

/// What an alert asks for; none of most.
///
/// A customer is frozen whose name reaches the score that the rule names, and whose date of birth agrees, or who has the very same name
/// and a country of the entry.
pub fn wish(alert: &Alert) -> Option<Wish> {
    let matched = alert.evidence.matched.as_ref()?;
    let (_, least) = alert.parameters.iter().find(|(name, _)| name == "freeze_score")?;
    let is_meant = matched.born_agrees || matched.score == SAME && matched.country_agrees;
    let is_wanted = *least > 0 && i64::from(matched.score) >= *least && is_meant;
    (alert.rule == RuleId::SanctionHit && alert.lane == Lane::Live && is_wanted).then_some(Wish::Freeze)
}

/// The command of a wish: the same for the same alert, so that it is decided once however often it is sent. None where the subject
/// is nobody of whom that can be asked.
pub fn command(wish: Wish, alert: AlertId, subject: &Subject, received_ms: u64) -> Option<Command> {
    let operation = match wish {
        Wish::Freeze => {
            let party = Party::Customer(customer(subject)?);
            Operation::Freeze(Freeze { party, frozen: true, reason: format!("sanctions list, alert {alert}") })
        }
    };
    let principal = Principal { subject: SUBJECT.to_owned(), authority: Authority::Operator };
    Some(Command { principal, idempotency_key: format!("alert-{alert}"), received_ms, operation })
}

/// Whom a subject is about, where it is one customer.
pub fn customer(subject: &Subject) -> Option<CustomerId> {
    match subject {
        Subject::Match(of) => Some(of.customer_id),
        Subject::Customer(id) => Some(*id),
        Subject::Account(_) | Subject::Device(_) | Subject::Ring(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Evidence, Match, Matched};
    use crate::list::ListKind;

    fn alert(score: u32, least: i64, [born_agrees, country_agrees]: [bool; 2]) -> Alert {
        let of = Match { customer_id: CustomerId::mint(7, 0), list: "un".to_owned(), entry: "1/a".to_owned() };
        let matched = Matched {
            list: "un".to_owned(),
            kind: ListKind::Sanctions,
            version: 1,
            entry: "1/a".to_owned(),
            name: "A".to_owned(),
            listed: "B".to_owned(),
            score,
            born_agrees,
            country_agrees,
            reference: String::new(),
            words: Vec::new(),
        };
        let subject = Subject::Match(of);
        Alert {
            id: AlertId::derive(RuleId::SanctionHit, Lane::Live, 1, &subject, 9),
            rule: RuleId::SanctionHit,
            lane: Lane::Live,
            version: 1,
            parameters: vec![("score".to_owned(), 7_500), ("freeze_score".to_owned(), least)],
            weight: 100,
            subject,
            epoch: 9,
            measured: Vec::new(),
            evidence: Evidence { matched: Some(Box::new(matched)), ..Evidence::default() },
            is_late: false,
            traceparent: String::new(),
        }
    }

    #[test]
    fn whom_an_entry_means_is_frozen_and_nobody_else() {
        for (score, least, agrees, wanted) in [
            (9_500, 9_500, [true, false], true),
            (9_499, 9_500, [true, true], false),
            (9_900, 9_500, [false, true], false),
            (10_000, 9_500, [false, true], true),
            (10_000, 9_500, [false, false], false),
            (10_000, 0, [true, true], false),
        ] {
            let alert = alert(score, least, agrees);
            assert_eq!(wish(&alert).is_some(), wanted, "{score} {least} {agrees:?}");
            assert_eq!(wish(&Alert { lane: Lane::Shadow, ..alert.clone() }), None);
            assert_eq!(wish(&Alert { rule: RuleId::PoliticallyExposed, ..alert }), None);
        }
    }

    #[test]
    fn the_command_of_an_alert_is_one() {
        let alert = alert(10_000, 9_500, [true, true]);
        let of = |received_ms| command(Wish::Freeze, alert.id, &alert.subject, received_ms).unwrap();
        assert_eq!(of(1).id(), of(2).id());
        of(1).check().unwrap();
        assert_eq!(Subject::read(alert.subject.kind(), &alert.subject.id()).unwrap(), alert.subject);
        assert_eq!(command(Wish::Freeze, alert.id, &Subject::Device("d".to_owned()), 1), None);
    }
}
