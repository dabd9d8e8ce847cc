//! Cases: what people have to look at, opened, worked on and closed.
//!
//! Only staff works on a case, and nobody on one that is about themselves. What was decided and needs two waits in the case until a
//! second member of staff says the same, says something else, or comes too late.

use super::undo::Undo;
use super::{Asking, Decision, Ledger, next, refused};
use crate::cases::{Case, Made};
use crate::pins::{Effect, Pin};
use schemas::diligence::case::{ESCALATION_MAX, SNOOZE_MS_MAX};
use schemas::diligence::{
    About, CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CaseStatus, FourEyes, ORION, OpenCase, Opened, Told, Work,
    WorkCase,
};
use schemas::{AccountId, CaseId, Cause, CustomerId, Event, Fact, HoldId, KycLevel, Refusal, Role};

/// What a decision on a case comes to.
pub(super) enum Eyes {
    /// It is decided.
    Decided,
    /// A second member of staff has to say the same.
    Asked,
    /// The second said something else: nothing is decided, and nothing waits.
    Withdrawn,
}

/// How a case would end, and how far a customer would be known; none where it goes on.
pub(super) type End = Option<(CaseOutcome, Option<KycLevel>)>;

impl Ledger {
    pub(super) fn open_case(&mut self, asking: Asking<'_>, open: &OpenCase) -> Decision {
        let about = match self.check_open_case(asking, open) {
            Ok(about) => about,
            Err(refusal) => return refused("open_case", refusal),
        };
        // From here the command must succeed.
        let number = self.numbers.cases;
        let changed = self.opened(asking.cause, open.kind, about, 0, asking.subject);
        let changed = CaseChanged { reason: Some(open.reason.clone()), operation: CaseOperation::Open, ..changed };
        Decision { fact: told(changed), number, refusal: None, effect: Effect::None }
    }

    /// About whom it is, or the first check that fails.
    fn check_open_case(&self, asking: Asking<'_>, open: &OpenCase) -> Result<About, Refusal> {
        if !asking.actor.is_staff() {
            return Err(Refusal::NotAuthorized);
        }
        let about = self.about(open.about)?;
        if self.cases.about(open.kind, about).is_some() {
            return Err(Refusal::CaseIsOpen);
        }
        if self.cases.is_full() { Err(Refusal::CasesFull) } else { Ok(about) }
    }

    /// The same with the holder of the account, where one is named; whoever is named exists.
    fn about(&self, about: About) -> Result<About, Refusal> {
        if let Some(id) = about.customer_id {
            self.customers.get(id).ok_or(Refusal::CustomerNotFound)?;
        }
        let Some(id) = about.account_id else { return Ok(about) };
        let account = self.accounts.find(id).ok_or(Refusal::AccountNotFound)?;
        if account.role == Role::House {
            return Err(Refusal::RoleNotPermitted);
        }
        Ok(About { customer_id: account.customer_id, ..about })
    }

    /// Opens a case, of which there is none about the same.
    fn opened(&mut self, cause: &Cause, kind: CaseKind, about: About, escalation: u8, by: &str) -> CaseChanged {
        let id = CaseId::mint(self.epoch, next(&mut self.numbers.cases));
        let due_at = Some(self.epoch + self.cases.policy().due_ms(kind));
        let (command_id, position) = (cause.command_id, cause.position);
        let case = Case { id, kind, about, assignee: None, escalation, until: 0, made: None, command_id, position, open: true };
        let before = self.cases.open(case);
        self.may_undo(|_| Undo::CaseOpened(id, before.map(Box::new)));
        let opened = Opened { kind, about, due_at, escalation: escalation.into() };
        CaseChanged { opened: Some(opened), ..blank(id, CaseChange::Opened, CaseStatus::Open, by) }
    }

    /// Opens a case beside a decision, where there is room for one.
    pub(super) fn open_beside(&mut self, cause: &Cause, kind: CaseKind, about: About, escalation: u8, events: &mut Vec<Event>) {
        if self.cases.is_full() {
            return;
        }
        let changed = self.opened(cause, kind, about, escalation, ORION);
        self.publish(cause.clone(), told(changed), events);
    }

    /// Opens the case of a payment that is held for a review.
    pub(super) fn open_review(&mut self, cause: &Cause, hold_id: HoldId, payer: AccountId, events: &mut Vec<Event>) {
        let customer_id = self.accounts.find(payer).and_then(|account| account.customer_id);
        let about = About { customer_id, account_id: Some(payer), alert_id: None, hold_id: Some(hold_id) };
        self.open_beside(cause, CaseKind::Review, about, 0, events);
    }

    /// Closes the case of a review that is over, where there is one.
    pub(super) fn close_review(
        &mut self,
        cause: &Cause,
        hold_id: HoldId,
        outcome: CaseOutcome,
        (by, reason): (&str, Option<&str>),
        events: &mut Vec<Event>,
    ) {
        let about = About { hold_id: Some(hold_id), ..About::default() };
        let Some(id) = self.cases.about(CaseKind::Review, about) else { return };
        let changed = self.closed(id, Some((outcome, None)), by);
        let changed = CaseChanged { reason: reason.map(str::to_owned), ..changed };
        self.publish(cause.clone(), told(changed), events);
    }

    /// Closes an open case.
    pub(super) fn closed(&mut self, id: CaseId, end: End, by: &str) -> CaseChanged {
        let before = self.cases.get(id).expect("the case was found by the checks").status();
        self.cases.close(id);
        let (outcome, level) = end.map_or((None, None), |(outcome, level)| (Some(outcome), level));
        let previous = Some(before.to_string());
        CaseChanged { previous, outcome, level, ..blank(id, CaseChange::Closed, CaseStatus::Closed, by) }
    }

    pub(super) fn work_case(&mut self, asking: Asking<'_>, asked: &WorkCase) -> Decision {
        let operation = asked.work.operation();
        let case = match self.case_to_work_on(asking, asked.case_id) {
            Ok(case) => case.clone(),
            Err(refusal) => return refused(operation, refusal),
        };
        let changed = match &asked.work {
            Work::Assign(assignee) => self.assign(asking, &case, assignee.as_deref()),
            Work::Comment => Ok(blank(case.id, CaseChange::Commented, case.status(), asking.subject)),
            Work::Snooze(until) => self.snooze(asking, &case, *until),
            Work::Escalate => self.escalate(asking, &case),
            Work::Decide(outcome) => self.decide_case(asking, &case, *outcome),
        };
        let changed = match changed {
            Ok(changed) => CaseChanged { reason: asked.reason.clone(), operation: asked.work.answered_as(), ..changed },
            Err(refusal) => return refused(operation, refusal),
        };
        let number = packed(&changed);
        Decision { fact: told(changed), number, refusal: None, effect: Effect::None }
    }

    /// An open case that the caller may work on, or the first check that fails.
    pub(super) fn case_to_work_on(&self, asking: Asking<'_>, id: CaseId) -> Result<&Case, Refusal> {
        if !asking.actor.is_staff() {
            return Err(Refusal::NotAuthorized);
        }
        let case = self.cases.get(id).ok_or(Refusal::CaseNotOpen)?;
        let own = asking.subject.parse::<CustomerId>().is_ok_and(|subject| case.about.customer_id == Some(subject));
        if own { Err(Refusal::NotAuthorized) } else { Ok(case) }
    }

    fn assign(&mut self, asking: Asking<'_>, case: &Case, assignee: Option<&str>) -> Result<CaseChanged, Refusal> {
        if case.assignee.as_deref() == assignee {
            return Err(Refusal::CaseUnchanged);
        }
        // From here the command must succeed.
        self.cases.change(case.id, |case| case.assignee = assignee.map(Box::from));
        let change = if assignee.is_some() { CaseChange::Assigned } else { CaseChange::Unassigned };
        let (previous, value) = (case.assignee.as_deref().map(str::to_owned), assignee.map(str::to_owned));
        Ok(CaseChanged { previous, value, ..blank(case.id, change, case.status(), asking.subject) })
    }

    fn snooze(&mut self, asking: Asking<'_>, case: &Case, until: u64) -> Result<CaseChanged, Refusal> {
        if case.made.is_some() {
            return Err(Refusal::CaseNotPermitted);
        }
        if case.until == until {
            return Err(Refusal::CaseUnchanged);
        }
        if until <= self.epoch || until - self.epoch > SNOOZE_MS_MAX {
            return Err(Refusal::SnoozeOutOfRange);
        }
        // From here the command must succeed.
        self.cases.change(case.id, |case| case.until = until);
        let previous = (case.until != 0).then(|| case.until.to_string());
        let value = Some(until.to_string());
        Ok(CaseChanged { previous, value, ..blank(case.id, CaseChange::Snoozed, CaseStatus::Snoozed, asking.subject) })
    }

    fn escalate(&mut self, asking: Asking<'_>, case: &Case) -> Result<CaseChanged, Refusal> {
        if u32::from(case.escalation) >= ESCALATION_MAX {
            return Err(Refusal::CaseUnchanged);
        }
        // From here the command must succeed.
        self.cases.change(case.id, |case| case.escalation += 1);
        let (previous, value) = (Some(case.escalation.to_string()), Some((case.escalation + 1).to_string()));
        Ok(CaseChanged { previous, value, ..blank(case.id, CaseChange::Escalated, case.status(), asking.subject) })
    }

    fn decide_case(&mut self, asking: Asking<'_>, case: &Case, outcome: CaseOutcome) -> Result<CaseChanged, Refusal> {
        // An enrolment is decided by where the customer stands then, and a review by what becomes of the payment.
        if !matches!(case.kind, CaseKind::Alert | CaseKind::Hit) {
            return Err(Refusal::CaseNotPermitted);
        }
        let needs = match outcome {
            CaseOutcome::ConfirmedRisk => Some(FourEyes::ConfirmRisk),
            CaseOutcome::FalsePositive => Some(FourEyes::DismissAlert),
            CaseOutcome::ValuableAlert | CaseOutcome::Approved | CaseOutcome::Rejected | CaseOutcome::Expired => None,
        };
        let needs_two = needs.is_some_and(|needs| self.cases.policy().four_eyes.contains(&needs));
        let end = Some((outcome, None));
        let eyes = eyes(case, asking.subject, end, needs_two)?;
        // From here the command must succeed.
        Ok(self.looked(asking, case, end, &eyes).unwrap_or_else(|| self.closed(case.id, end, asking.subject)))
    }

    /// What is told where a decision waits for a second, or does not any more; none where it is decided.
    pub(super) fn looked(&mut self, asking: Asking<'_>, case: &Case, end: End, eyes: &Eyes) -> Option<CaseChanged> {
        let (by, previous) = (asking.subject, case.made.as_ref().map(|made| said(made)));
        match (eyes, end) {
            (Eyes::Asked, Some((outcome, level))) => {
                let until = self.epoch + self.cases.policy().confirm_ms;
                let made = Box::new(Made { by: by.to_owned(), outcome, level });
                self.cases.change(case.id, |case| (case.until, case.made) = (until, Some(made)));
                let (outcome, level) = (Some(outcome), level);
                let blank = blank(case.id, CaseChange::ConfirmationAsked, CaseStatus::AwaitingConfirmation, by);
                Some(CaseChanged { outcome, level, ..blank })
            }
            (Eyes::Withdrawn, _) => {
                self.cases.change(case.id, |case| (case.until, case.made) = (0, None));
                Some(CaseChanged { previous, ..blank(case.id, CaseChange::ConfirmationWithdrawn, CaseStatus::Open, by) })
            }
            (Eyes::Decided | Eyes::Asked, _) => None,
        }
    }

    /// Wakes the cases whose moment has come, and ends what nobody has confirmed in time, as many as an epoch takes.
    pub(super) fn wake_cases(&mut self, events: &mut Vec<Event>) {
        for id in self.cases.over(self.epoch) {
            let case = self.cases.get(id).expect("what sleeps is open").clone();
            self.cases.change(id, |case| (case.until, case.made) = (0, None));
            let (change, previous) = match &case.made {
                Some(made) => (CaseChange::ConfirmationExpired, said(made)),
                None => (CaseChange::Woken, case.until.to_string()),
            };
            let changed = CaseChanged { previous: Some(previous), ..blank(id, change, CaseStatus::Open, ORION) };
            self.publish(case.cause(), told(changed), events);
        }
    }

    /// What was decided on the opening of a case, from its command and its pin.
    pub(super) fn opened_again(&self, pin: &Pin, open: &OpenCase, by: &str) -> Told {
        let about = self.about(open.about).expect("whom a case was about stays");
        let opened = Opened { kind: open.kind, about, due_at: None, escalation: 0 };
        let blank = blank(CaseId::mint(pin.epoch, pin.number), CaseChange::Opened, CaseStatus::Open, by);
        let (opened, reason) = (Some(opened), Some(open.reason.clone()));
        Told::Case(CaseChanged { opened, reason, operation: CaseOperation::Open, ..blank })
    }

    /// What was decided on the work on a case, in the same way.
    pub(super) fn worked_again(pin: &Pin, asked: &WorkCase, by: &str) -> Told {
        let (change, status, escalation) = unpacked(pin.number);
        let value = match &asked.work {
            Work::Assign(assignee) => assignee.clone(),
            Work::Snooze(until) => Some(until.to_string()),
            Work::Escalate => Some(escalation.to_string()),
            Work::Comment | Work::Decide(_) => None,
        };
        let outcome = match asked.work {
            Work::Decide(outcome) if change != CaseChange::ConfirmationWithdrawn => Some(outcome),
            _ => None,
        };
        let (reason, operation) = (asked.reason.clone(), asked.work.answered_as());
        Told::Case(CaseChanged { value, outcome, reason, operation, ..blank(asked.case_id, change, status, by) })
    }
}

/// Whether a decision is one, or waits for a second, or is not what the first said. Who decided first can't confirm it.
pub(super) fn eyes(case: &Case, subject: &str, end: End, needs_two: bool) -> Result<Eyes, Refusal> {
    match &case.made {
        Some(made) if made.by == subject => Err(Refusal::FourEyesRequired),
        Some(made) if end == Some((made.outcome, made.level)) => Ok(Eyes::Decided),
        Some(_) => Ok(Eyes::Withdrawn),
        None if needs_two => Ok(Eyes::Asked),
        None => Ok(Eyes::Decided),
    }
}

/// A change that says nothing beyond what it is.
pub(super) fn blank(id: CaseId, change: CaseChange, status: CaseStatus, by: &str) -> CaseChanged {
    let (opened, previous, value, outcome, level, reason) = (None, None, None, None, None, None);
    let (by, operation) = (by.to_owned(), CaseOperation::Beside);
    CaseChanged { id, change, status, opened, previous, value, outcome, level, by, reason, operation }
}

pub(super) fn told(changed: CaseChanged) -> Fact {
    Fact::Diligence(Box::new(Told::Case(changed)))
}

/// What a pin keeps of a change: what it was, where the case stands, and how urgent it is.
pub(super) fn packed(changed: &CaseChanged) -> u32 {
    let change = CaseChange::ALL.iter().position(|change| *change == changed.change);
    let status = CaseStatus::ALL.iter().position(|status| *status == changed.status);
    let escalation = match changed.change {
        CaseChange::Escalated => changed.value.as_deref().and_then(|value| value.parse().ok()).unwrap_or_default(),
        _ => 0usize,
    };
    let number = change.unwrap_or_default() + 16 * status.unwrap_or_default() + 256 * escalation;
    u32::try_from(number).expect("there are few changes, few statuses and few levels")
}

pub(super) fn unpacked(number: u32) -> (CaseChange, CaseStatus, u32) {
    let place = |number: u32| usize::try_from(number).expect("a u32 fits a usize");
    (CaseChange::ALL[place(number % 16)], CaseStatus::ALL[place(number / 16 % 16)], number / 256)
}

fn said(made: &Made) -> String {
    made.level.map_or_else(|| made.outcome.to_string(), |level| format!("{} {level}", made.outcome))
}
