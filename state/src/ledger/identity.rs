//! Identities: what is known of customers, the documents that they present, and what staff decides on these.

use super::case::{End, Eyes, blank, eyes, packed, told, unpacked};
use super::{Asking, Decision, Ledger, refused};
use crate::cases::Case;
use crate::identities::{DOCUMENTS_MAX, Identity, Known, last_day};
use crate::pins::{Effect, Pin};
use crate::standing::{Step, follows};
use schemas::diligence::{
    About, AddressSet, CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CustomerUpdated, DecideKyc, Diligence, FourEyes,
    KycChange, KycChanged, KycDecision, ORION, Presented, SetAddress, Standing, SubmitDocument, Told, UpdateCustomer,
};
use schemas::{Cause, CustomerId, Event, Fact, KycLevel, Refusal};

impl Ledger {
    pub(super) fn diligence(&mut self, asking: Asking<'_>, asked: &Diligence, events: &mut Vec<Event>) -> Decision {
        match asked {
            Diligence::UpdateCustomer(update) => self.update_customer(asking, update),
            Diligence::SubmitDocument(submit) => self.submit_document(asking, submit, events),
            Diligence::DecideKyc(decide) => self.decide_kyc(asking, decide, events),
            Diligence::OpenCase(open) => self.open_case(asking, open),
            Diligence::WorkCase(work) => self.work_case(asking, work),
            Diligence::SetAddress(set) => self.set_address(asking, set),
        }
    }

    /// What the ledger doesn't know it only tells: names, numbers and days are no business of decisions.
    fn update_customer(&self, asking: Asking<'_>, update: &UpdateCustomer) -> Decision {
        let updated = || Told::Customer(CustomerUpdated { update: update.clone(), by: asking.subject.to_owned() });
        self.tell("update_customer", asking, update.customer_id, updated)
    }

    fn set_address(&self, asking: Asking<'_>, set: &SetAddress) -> Decision {
        let told = || Told::Address(AddressSet { set: set.clone(), by: asking.subject.to_owned() });
        self.tell("set_address", asking, set.customer_id, told)
    }

    /// Says something of a customer that staff has said.
    fn tell(&self, operation: &str, asking: Asking<'_>, customer_id: CustomerId, told: impl FnOnce() -> Told) -> Decision {
        if !asking.actor.is_staff() {
            return refused(operation, Refusal::NotAuthorized);
        }
        if self.customers.get(customer_id).is_none() {
            return refused(operation, Refusal::CustomerNotFound);
        }
        // From here the command must succeed.
        Decision { fact: Fact::Diligence(Box::new(told())), number: 0, refusal: None, effect: Effect::None }
    }

    fn submit_document(&mut self, asking: Asking<'_>, submit: &SubmitDocument, events: &mut Vec<Event>) -> Decision {
        let SubmitDocument { customer_id, document } = submit;
        let (identity, standing) = match self.check_submit(asking, *customer_id, document) {
            Ok(checked) => checked,
            Err(refusal) => return refused("submit_document", refusal),
        };
        // From here the command must succeed.
        let known = self.identities.holder(document.digest);
        let duplicate_of = known.filter(|holder| holder != customer_id);
        if known.is_none() {
            self.identities.keep(Known { digest: document.digest, by: *customer_id });
        }
        let Cause { command_id, position, .. } = *asking.cause;
        let presented_until = identity.presented_until.max(last_day(document));
        let documents = identity.documents + u8::from(known.is_none());
        self.identities.put(Identity { standing, presented_until, documents, command_id, position, ..identity });
        let about = About { customer_id: Some(*customer_id), ..About::default() };
        if self.cases.about(CaseKind::Enrolment, about).is_none() {
            // Who presents somebody else's document is looked at first.
            self.open_beside(asking.cause, CaseKind::Enrolment, about, u8::from(duplicate_of.is_some()), events);
        }
        let number = place(standing);
        let told = presented(submit, standing, duplicate_of, asking.subject);
        Decision { fact: Fact::Diligence(Box::new(told)), number, refusal: None, effect: Effect::None }
    }

    /// Who presents it, and where they stand then, or the first check that fails. A document may be presented as often as it is asked for.
    fn check_submit(&self, asking: Asking<'_>, customer_id: CustomerId, document: &Presented) -> Result<(Identity, Standing), Refusal> {
        if !asking.actor.may_act_for(Some(customer_id)) {
            return Err(Refusal::NotAuthorized);
        }
        if self.customers.get(customer_id).is_none() {
            return Err(Refusal::CustomerNotFound);
        }
        let Cause { command_id, position, .. } = *asking.cause;
        let identity = self.identities.get(customer_id).cloned().unwrap_or_else(|| Identity::new(customer_id, command_id, position));
        let standing = follows(identity.standing, Step::Present).ok_or(Refusal::KycTransitionNotPermitted)?;
        if identity.documents >= DOCUMENTS_MAX && self.identities.holder(document.digest).is_none() {
            return Err(Refusal::DocumentsFull);
        }
        let about = About { customer_id: Some(customer_id), ..About::default() };
        if self.cases.is_full() && self.cases.about(CaseKind::Enrolment, about).is_none() {
            return Err(Refusal::CasesFull);
        }
        Ok((identity, standing))
    }

    fn decide_kyc(&mut self, asking: Asking<'_>, decide: &DecideKyc, events: &mut Vec<Event>) -> Decision {
        let end = end(decide);
        let (case, identity, standing, eyes) = match self.check_kyc(asking, decide, end) {
            Ok(checked) => checked,
            Err(refusal) => return refused("decide_kyc", refusal),
        };
        // From here the command must succeed.
        let changed = self.looked(asking, &case, end, &eyes).unwrap_or_else(|| {
            self.stand(asking, identity, standing, decide, events);
            match end {
                Some(_) => self.closed(case.id, end, asking.subject),
                None => blank(case.id, CaseChange::InformationAsked, case.status(), asking.subject),
            }
        });
        let changed = CaseChanged { reason: Some(decide.reason.clone()), operation: CaseOperation::DecideKyc, ..changed };
        let number = packed(&changed);
        Decision { fact: told(changed), number, refusal: None, effect: Effect::None }
    }

    /// The case, who is decided on, where they stand then and whether that is decided, or the first check that fails.
    fn check_kyc(&self, asking: Asking<'_>, decide: &DecideKyc, end: End) -> Result<(Case, Identity, Standing, Eyes), Refusal> {
        let case = self.case_to_work_on(asking, decide.case_id)?;
        let customer = case.about.customer_id.filter(|_| case.kind == CaseKind::Enrolment).ok_or(Refusal::CaseNotPermitted)?;
        let blank = || Identity::new(customer, asking.cause.command_id, asking.cause.position);
        let identity = self.identities.get(customer).cloned().unwrap_or_else(blank);
        let standing = follows(identity.standing, Step::Decide(decide.decision)).ok_or(Refusal::KycTransitionNotPermitted)?;
        if decide.decision == KycDecision::Approve {
            if identity.presented_until == 0 {
                return Err(Refusal::DocumentMissing);
            }
            if identity.presented_until < self.today.day {
                return Err(Refusal::DocumentExpired);
            }
        }
        let four_eyes = &self.cases.policy().four_eyes;
        let enhanced = decide.level == Some(KycLevel::Enhanced) && four_eyes.contains(&FourEyes::ApproveEnhanced);
        let after = identity.was_rejected && four_eyes.contains(&FourEyes::ApproveAfterRejection);
        let needs_two = decide.decision == KycDecision::Approve && (enhanced || after);
        let eyes = eyes(case, asking.subject, end, needs_two)?;
        Ok((case.clone(), identity, standing, eyes))
    }

    /// Lets a customer stand where a decision leads, and their limits follow it.
    fn stand(&mut self, asking: Asking<'_>, before: Identity, standing: Standing, decide: &DecideKyc, events: &mut Vec<Event>) {
        let Cause { command_id, position, .. } = *asking.cause;
        let identity = Identity { standing, command_id, position, ..before };
        let (identity, change, level) = match decide.decision {
            KycDecision::Approve => {
                let verified_until = identity.presented_until;
                (Identity { was_rejected: false, verified_until, ..identity }, KycChange::Approved, decide.level)
            }
            KycDecision::Reject => {
                let identity = Identity { was_rejected: true, presented_until: 0, verified_until: 0, ..identity };
                (identity, KycChange::Rejected, Some(KycLevel::Unidentified))
            }
            KycDecision::AskInformation => (identity, KycChange::InformationAsked, None),
            KycDecision::Expire => (Identity { verified_until: 0, ..identity }, KycChange::Expired, None),
        };
        let customer_id = identity.id;
        if let Some(level) = level {
            self.customers.get_mut(customer_id).expect("a customer who is decided on exists").level = level;
        }
        self.identities.put(identity);
        let (by, reason) = (asking.subject.to_owned(), Some(decide.reason.clone()));
        let changed = KycChanged { customer_id, change, standing, level, document: None, duplicate_of: None, by, reason };
        self.publish(asking.cause.clone(), Fact::Diligence(Box::new(Told::Kyc(changed))), events);
    }

    /// Tells of those whose last day is over, as many as an epoch takes. Their level stays: who is known does not become unknown.
    pub(super) fn expire_identities(&mut self, events: &mut Vec<Event>) {
        for customer_id in self.identities.over(self.today.day) {
            let before = self.identities.get(customer_id).expect("who has a day has a row").clone();
            let cause = before.cause();
            let standing = follows(before.standing, Step::DayOver);
            let stands = standing.unwrap_or(before.standing);
            self.identities.put(Identity { standing: stands, verified_until: 0, ..before });
            if let Some(standing) = standing {
                let (change, by) = (KycChange::Expired, ORION.to_owned());
                let reason = Some("the last day of the document is over".to_owned());
                let changed = KycChanged { customer_id, change, standing, level: None, document: None, duplicate_of: None, by, reason };
                self.publish(cause, Fact::Diligence(Box::new(Told::Kyc(changed))), events);
            }
        }
    }

    /// What was decided first, from the command and its pin.
    pub(super) fn diligence_again(&self, pin: &Pin, asked: &Diligence, by: &str) -> Fact {
        let again = match asked {
            Diligence::UpdateCustomer(update) => Told::Customer(CustomerUpdated { update: update.clone(), by: by.to_owned() }),
            Diligence::SubmitDocument(submit) => {
                let standing = Standing::ALL[usize::try_from(pin.number).expect("a u32 fits a usize")];
                let holder = self.identities.holder(submit.document.digest).filter(|holder| *holder != submit.customer_id);
                presented(submit, standing, holder, by)
            }
            Diligence::DecideKyc(decide) => decided_again(pin, decide, by),
            Diligence::OpenCase(open) => self.opened_again(pin, open, by),
            Diligence::WorkCase(work) => Self::worked_again(pin, work, by),
            Diligence::SetAddress(set) => Told::Address(AddressSet { set: set.clone(), by: by.to_owned() }),
        };
        Fact::Diligence(Box::new(again))
    }
}

fn decided_again(pin: &Pin, decide: &DecideKyc, by: &str) -> Told {
    let (change, status, _) = unpacked(pin.number);
    let said = end(decide).filter(|_| change != CaseChange::ConfirmationWithdrawn);
    let (outcome, level) = said.map_or((None, None), |(outcome, level)| (Some(outcome), level));
    let (reason, operation) = (Some(decide.reason.clone()), CaseOperation::DecideKyc);
    Told::Case(CaseChanged { outcome, level, reason, operation, ..blank(decide.case_id, change, status, by) })
}

/// How a decision ends its case.
const fn end(decide: &DecideKyc) -> End {
    match decide.decision {
        KycDecision::Approve => Some((CaseOutcome::Approved, decide.level)),
        KycDecision::Reject => Some((CaseOutcome::Rejected, None)),
        KycDecision::Expire => Some((CaseOutcome::Expired, None)),
        KycDecision::AskInformation => None,
    }
}

fn presented(submit: &SubmitDocument, standing: Standing, duplicate_of: Option<CustomerId>, by: &str) -> Told {
    let (customer_id, document) = (submit.customer_id, Some(submit.document.clone()));
    let (change, by) = (KycChange::Submitted, by.to_owned());
    Told::Kyc(KycChanged { customer_id, change, standing, level: None, document, duplicate_of, by, reason: None })
}

/// The place of a standing among all.
fn place(standing: Standing) -> u32 {
    let place = Standing::ALL.iter().position(|other| *other == standing).expect("every standing is listed");
    u32::try_from(place).expect("there are eight")
}
