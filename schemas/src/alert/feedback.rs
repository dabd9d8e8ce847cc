//! What an alert asks of settlement: commands that go back into the log, by themselves.
//!
//! In: an alert. Out: what it asks for. A further kind of command is one more variant of [`Wish`], which says when it is
//! wanted and what it asks.

use super::{Alert, MatchedParty, Subject};
use crate::aml::{Lane, RuleId};
use crate::command::{Command, Operation};
use crate::diligence::{About, CaseKind, Diligence, OpenCase};
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
        /// Open a case, so that somebody looks.
        OpenCase = "open_case",
    }
}

/// What an alert asks for. One in shadow asks for nothing, and a report, which has no weight, for no case.
pub fn wishes(alert: &Alert) -> Vec<Wish> {
    if alert.lane == Lane::Shadow {
        return Vec::new();
    }
    let case = (alert.weight > 0).then_some(Wish::OpenCase);
    freezes(alert).then_some(Wish::Freeze).into_iter().chain(case).collect()
}

/// A customer is frozen whose name reaches the score that the rule names, and whose date of birth agrees, or who has the very same name
/// and a country of the entry. Nobody is for the name of somebody else: that of a counterparty opens a case, and staff decides.
fn freezes(alert: &Alert) -> bool {
    let named = alert.parameters.iter().find(|(name, _)| name == "freeze_score");
    let (Some(matched), Some((_, least))) = (&alert.evidence.matched, named) else { return false };
    let is_meant = matched.born_agrees || matched.score == SAME && matched.country_agrees;
    let is_own = matched.party == MatchedParty::Customer;
    alert.rule == RuleId::SanctionHit && is_own && *least > 0 && i64::from(matched.score) >= *least && is_meant
}

/// The command of a wish: the same for the same alert, so that it is decided once however often it is sent. None where the subject
/// is nobody of whom that can be asked.
pub fn command(wish: Wish, (alert, rule): (AlertId, RuleId), subject: &Subject, received_ms: u64) -> Option<Command> {
    let operation = match wish {
        Wish::Freeze => {
            let party = Party::Customer(customer(subject)?);
            Operation::Freeze(Freeze { party, frozen: true, reason: format!("sanctions list, alert {alert}") })
        }
        Wish::OpenCase => {
            let (customer_id, account_id) = match subject {
                Subject::Account(id) => (None, Some(*id)),
                Subject::Customer(id) | Subject::Ring(id) => (Some(*id), None),
                Subject::Match(of) => (Some(of.customer_id), None),
                Subject::Device(_) => return None,
            };
            let kind = if matches!(subject, Subject::Match(_)) { CaseKind::Hit } else { CaseKind::Alert };
            let about = About { customer_id, account_id, alert_id: Some(alert), hold_id: None };
            let open = OpenCase { kind, about, reason: format!("{} {rule}", rule.code()) };
            Operation::Diligence(Box::new(Diligence::OpenCase(open)))
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
    use crate::alert::{Evidence, Match, Matched, SubjectKind};
    use crate::command::Fingerprint;
    use crate::list::{CounterpartyDigest, ListKind};

    fn alert(score: u32, least: i64, [born_agrees, country_agrees]: [bool; 2]) -> Alert {
        let of = Match { customer_id: CustomerId::mint(7, 0), counterparty: None, list: "un".to_owned(), entry: "1/a".to_owned() };
        let matched = Matched {
            list: "un".to_owned(),
            kind: ListKind::Sanctions,
            version: 1,
            entry: "1/a".to_owned(),
            party: MatchedParty::Customer,
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
            assert_eq!(wishes(&alert).contains(&Wish::Freeze), wanted, "{score} {least} {agrees:?}");
            assert_eq!(wishes(&Alert { lane: Lane::Shadow, ..alert.clone() }), []);
            assert_eq!(wishes(&Alert { weight: 0, parameters: Vec::new(), ..alert.clone() }), []);
            assert_eq!(wishes(&Alert { rule: RuleId::PoliticallyExposed, ..alert }), [Wish::OpenCase]);
        }
    }

    #[test]
    fn the_command_of_an_alert_is_one() {
        let alert = alert(10_000, 9_500, [true, true]);
        for wish in Wish::ALL {
            let of = |received_ms| command(*wish, (alert.id, alert.rule), &alert.subject, received_ms).unwrap();
            assert_eq!(of(1).id(), of(2).id());
            assert_eq!(Fingerprint::of(&of(1).operation), Fingerprint::of(&of(2).operation));
            of(1).check().unwrap();
            assert_eq!(command(*wish, (alert.id, alert.rule), &Subject::Device("d".to_owned()), 1), None);
        }
        assert_eq!(Subject::read(alert.subject.kind(), &alert.subject.id()).unwrap(), alert.subject);
    }

    #[test]
    fn nobody_is_frozen_for_the_name_of_a_counterparty() {
        let mut alert = alert(10_000, 1, [true, true]);
        let Subject::Match(of) = &mut alert.subject else { panic!("it is about a match") };
        of.counterparty = Some(CounterpartyDigest::of("Awa Diop", None));
        alert.evidence.matched.as_mut().unwrap().party = MatchedParty::Counterparty;
        assert_eq!(wishes(&alert), [Wish::OpenCase]);
        let open = command(Wish::OpenCase, (alert.id, alert.rule), &alert.subject, 1).unwrap();
        let Operation::Diligence(asked) = &open.operation else { panic!("{open:?} opens no case") };
        let Diligence::OpenCase(open) = &**asked else { panic!("{asked:?} opens no case") };
        assert_eq!((open.kind, open.about.customer_id), (CaseKind::Hit, customer(&alert.subject)));
        assert_eq!(alert.subject.kind(), SubjectKind::Counterparty);
        assert_eq!(Subject::read(alert.subject.kind(), &alert.subject.id()).unwrap(), alert.subject);
        assert!(Subject::read(SubjectKind::Counterparty, &format!("{}/un/1", CustomerId::mint(7, 0))).is_err());
    }
}
