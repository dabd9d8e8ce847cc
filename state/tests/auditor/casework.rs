//! Cases, opened and worked on: whatever was said of one is gone through again for each question.

use super::diligence::{blank, case, said_of};
use super::{Books, first};
use schemas::diligence::{CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CaseStatus, FourEyes, OpenCase, Work, WorkCase};
use schemas::{Authority, CaseId, Epoch, Fact, Principal, Refusal};

const DAY_MS: u64 = 86_400_000;

impl Books {
    pub(super) fn open_case(&mut self, principal: &Principal, open: &OpenCase) -> Result<Fact, Refusal> {
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        let mut about = open.about;
        let unknown = about.customer_id.is_some_and(|id| !self.customers.iter().any(|customer| customer.id == id));
        let missing = about.account_id.is_some_and(|id| self.account(id).is_none());
        first([(unknown, Refusal::CustomerNotFound), (missing, Refusal::AccountNotFound)])?;
        if let Some(account) = about.account_id {
            about.customer_id = self.owner(account);
            first([(about.customer_id.is_none(), Refusal::RoleNotPermitted)])?;
        }
        first([(self.about_the_same(open.kind, about).is_some(), Refusal::CaseIsOpen)])?;
        let opened = self.new_case(open.kind, about, 0, &principal.subject);
        Ok(case(CaseChanged { reason: Some(open.reason.clone()), operation: CaseOperation::Open, ..opened }))
    }

    pub(super) fn work_case(&mut self, principal: &Principal, asked: &WorkCase) -> Result<Fact, Refusal> {
        let (id, by) = (asked.case_id, &*principal.subject);
        let file = self.workable(principal, id)?;
        let (changed, operation) = match &asked.work {
            Work::Assign(assignee) => {
                first([(file.assignee == *assignee, Refusal::CaseUnchanged)])?;
                let change = if assignee.is_some() { CaseChange::Assigned } else { CaseChange::Unassigned };
                let (previous, value) = (file.assignee.clone(), assignee.clone());
                (CaseChanged { previous, value, ..blank(id, change, file.status, by) }, CaseOperation::Assign)
            }
            Work::Comment => (blank(id, CaseChange::Commented, file.status, by), CaseOperation::Comment),
            Work::Snooze(until) => {
                let far = *until <= self.epoch || *until > self.epoch + 90 * DAY_MS;
                first([
                    (file.made.is_some(), Refusal::CaseNotPermitted),
                    (file.until == Some(*until), Refusal::CaseUnchanged),
                    (far, Refusal::SnoozeOutOfRange),
                ])?;
                let (previous, value) = (file.until.map(|until| until.to_string()), Some(until.to_string()));
                (CaseChanged { previous, value, ..blank(id, CaseChange::Snoozed, CaseStatus::Snoozed, by) }, CaseOperation::Snooze)
            }
            Work::Escalate => {
                first([(file.escalation >= 3, Refusal::CaseUnchanged)])?;
                let (previous, value) = (Some(file.escalation.to_string()), Some((file.escalation + 1).to_string()));
                (CaseChanged { previous, value, ..blank(id, CaseChange::Escalated, file.status, by) }, CaseOperation::Escalate)
            }
            Work::Decide(outcome) => {
                first([(![CaseKind::Alert, CaseKind::Hit].contains(&file.opened.kind), Refusal::CaseNotPermitted)])?;
                let asks = self.case_policy_now().four_eyes;
                let two = match outcome {
                    CaseOutcome::ConfirmedRisk => asks.contains(&FourEyes::ConfirmRisk),
                    CaseOutcome::FalsePositive => asks.contains(&FourEyes::DismissAlert),
                    _ => false,
                };
                let waits = self.second_look(principal, id, &file, Some((*outcome, None)), two)?;
                (waits.unwrap_or_else(|| self.closing(id, *outcome, None, by)), CaseOperation::Decide)
            }
        };
        Ok(case(CaseChanged { reason: asked.reason.clone(), operation, ..changed }))
    }

    /// Wakes what has slept long enough, and ends what nobody has confirmed in time.
    pub(super) fn wake_cases(&mut self) {
        let mut over: Vec<(Epoch, CaseId, super::diligence::File)> = self
            .open_files()
            .into_iter()
            .filter_map(|(id, file)| Some((file.until.filter(|until| *until <= self.epoch)?, id, file)))
            .collect();
        over.sort_by_key(|(until, id, _)| (*until, *id));
        for (until, id, file) in over {
            let (change, previous) = match &file.made {
                Some(made) => (CaseChange::ConfirmationExpired, said_of(made)),
                None => (CaseChange::Woken, until.to_string()),
            };
            let woken = CaseChanged { previous: Some(previous), ..blank(id, change, CaseStatus::Open, "orion") };
            self.say(&file.cause, case(woken));
        }
    }
}
