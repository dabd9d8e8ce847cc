//! Identities and cases: whatever was said of a customer or a case is gone through again for each question.

use super::{Books, first};
use schemas::diligence::{
    About, AddressSet, CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CaseStatus, CustomerUpdated, DecideKyc,
    DocumentDigest, FourEyes, KycChange, KycChanged, KycDecision, KycSubStatus, Opened, Presented, Standing, Told,
};
use schemas::{
    AmlSetting, Authority, CaseId, CasePolicy, Cause, CustomerId, Diligence, Epoch, Event, Fact, HoldId, KycLevel, KycStatus, Principal,
    Refusal,
};

const DAY_MS: u64 = 86_400_000;

/// A case as its events leave it.
pub(super) struct File {
    pub(super) opened: Opened,
    pub(super) status: CaseStatus,
    pub(super) assignee: Option<String>,
    pub(super) escalation: u32,
    pub(super) until: Option<Epoch>,
    /// Who decided, and what, where it waits for a second.
    pub(super) made: Option<(String, CaseOutcome, Option<KycLevel>)>,
    pub(super) cause: Cause,
}

pub(super) fn blank(id: CaseId, change: CaseChange, status: CaseStatus, by: &str) -> CaseChanged {
    CaseChanged {
        id,
        change,
        status,
        opened: None,
        previous: None,
        value: None,
        outcome: None,
        level: None,
        by: by.to_owned(),
        reason: None,
        operation: CaseOperation::Beside,
    }
}

pub(super) fn case(changed: CaseChanged) -> Fact {
    Fact::Diligence(Box::new(Told::Case(changed)))
}

fn kyc(changed: KycChanged) -> Fact {
    Fact::Diligence(Box::new(Told::Kyc(changed)))
}

pub(super) fn said_of((_, outcome, level): &(String, CaseOutcome, Option<KycLevel>)) -> String {
    level.map_or_else(|| outcome.to_string(), |level| format!("{outcome} {level}"))
}

impl Books {
    fn cases(&self) -> impl Iterator<Item = (&Event, &CaseChanged)> {
        self.said.iter().filter_map(|event| match &event.fact {
            Fact::Diligence(told) => match &**told {
                Told::Case(changed) => Some((event, changed)),
                Told::Customer(_) | Told::Kyc(_) | Told::Address(_) => None,
            },
            _ => None,
        })
    }

    fn standings(&self, of: CustomerId) -> impl DoubleEndedIterator<Item = (&Event, &KycChanged)> {
        self.said.iter().filter_map(move |event| match &event.fact {
            Fact::Diligence(told) => match &**told {
                Told::Kyc(changed) if changed.customer_id == of => Some((event, changed)),
                Told::Kyc(_) | Told::Customer(_) | Told::Case(_) | Told::Address(_) => None,
            },
            _ => None,
        })
    }

    /// A case that is open.
    fn file(&self, id: CaseId) -> Option<File> {
        let mut file: Option<File> = None;
        for (event, changed) in self.cases().filter(|(_, changed)| changed.id == id) {
            let Some(file) = &mut file else {
                let opened = changed.opened?;
                let cause = Cause { traceparent: String::new(), ..event.cause.clone() };
                let escalation = opened.escalation;
                file = Some(File { opened, status: changed.status, assignee: None, escalation, until: None, made: None, cause });
                continue;
            };
            file.status = changed.status;
            match changed.change {
                CaseChange::Assigned | CaseChange::Unassigned => file.assignee = changed.value.clone(),
                CaseChange::Escalated => file.escalation += 1,
                CaseChange::Snoozed => file.until = changed.value.as_ref().map(|until| until.parse().expect("a moment")),
                CaseChange::ConfirmationAsked => {
                    let outcome = changed.outcome.expect("a decision that waits");
                    file.made = Some((changed.by.clone(), outcome, changed.level));
                    file.until = Some(event.epoch + self.case_policy(event).confirm_ms);
                }
                CaseChange::Woken | CaseChange::ConfirmationWithdrawn | CaseChange::ConfirmationExpired => {
                    (file.until, file.made) = (None, None);
                }
                CaseChange::Closed => return None,
                CaseChange::Opened | CaseChange::Commented | CaseChange::InformationAsked => {}
            }
        }
        file
    }

    /// The policy that was in force when an event was said.
    fn case_policy(&self, at: &Event) -> CasePolicy {
        let set = self.said.iter().take_while(|event| event.id < at.id).filter_map(|event| match &event.fact {
            Fact::AmlChanged(changed) => match &changed.setting {
                AmlSetting::Cases(policy) => Some(policy.clone()),
                _ => None,
            },
            _ => None,
        });
        set.last().unwrap_or_default()
    }

    pub(super) fn case_policy_now(&self) -> CasePolicy {
        let set = self.settings.iter().rev().find_map(|setting| if let AmlSetting::Cases(policy) = setting { Some(policy) } else { None });
        set.cloned().unwrap_or_default()
    }

    /// Every case that is open, in the order in which they were opened.
    pub(super) fn open_files(&self) -> Vec<(CaseId, File)> {
        let ids: Vec<CaseId> = self.cases().filter(|(_, changed)| changed.opened.is_some()).map(|(_, changed)| changed.id).collect();
        ids.into_iter().filter_map(|id| Some((id, self.file(id)?))).collect()
    }

    pub(in super::super) fn open_cases(&self) -> usize {
        self.open_files().len()
    }

    pub(super) fn about_the_same(&self, kind: CaseKind, about: About) -> Option<CaseId> {
        let same = |opened: &Opened| {
            opened.kind == kind
                && match kind {
                    CaseKind::Enrolment => opened.about.customer_id == about.customer_id,
                    CaseKind::Alert => opened.about.alert_id == about.alert_id,
                    CaseKind::Review => opened.about.hold_id == about.hold_id,
                    CaseKind::Hit => about.alert_id.is_some() && opened.about.alert_id == about.alert_id,
                }
        };
        self.open_files().into_iter().find(|(_, file)| same(&file.opened)).map(|(id, _)| id)
    }

    /// A new case; it is not told yet.
    pub(super) fn new_case(&self, kind: CaseKind, about: About, escalation: u32, by: &str) -> CaseChanged {
        let given = self.cases().filter(|(event, changed)| event.epoch == self.epoch && changed.opened.is_some()).count();
        let id = CaseId::mint(self.epoch, u32::try_from(given).expect("few cases"));
        let due_at = Some(self.epoch + self.case_policy_now().due_ms(kind));
        let opened = Some(Opened { kind, about, due_at, escalation });
        CaseChanged { opened, ..blank(id, CaseChange::Opened, CaseStatus::Open, by) }
    }

    pub(super) fn open_review_case(&mut self, cause: &Cause, hold: HoldId, payer: schemas::AccountId) {
        let about = About { customer_id: self.owner(payer), account_id: Some(payer), alert_id: None, hold_id: Some(hold) };
        let opened = self.new_case(CaseKind::Review, about, 0, "orion");
        self.say(cause, case(opened));
    }

    pub(super) fn close_review_case(&mut self, cause: &Cause, hold: HoldId, outcome: CaseOutcome, by: &str, reason: Option<&str>) {
        let about = About { hold_id: Some(hold), ..About::default() };
        let Some(id) = self.about_the_same(CaseKind::Review, about) else { return };
        let closed = CaseChanged { reason: reason.map(str::to_owned), ..self.closing(id, outcome, None, by) };
        self.say(cause, case(closed));
    }

    pub(super) fn closing(&self, id: CaseId, outcome: CaseOutcome, level: Option<KycLevel>, by: &str) -> CaseChanged {
        let before = self.file(id).expect("an open case").status;
        let (previous, outcome) = (Some(before.to_string()), Some(outcome));
        CaseChanged { previous, outcome, level, ..blank(id, CaseChange::Closed, CaseStatus::Closed, by) }
    }

    pub(super) fn diligence(&mut self, cause: &Cause, principal: &Principal, asked: &Diligence) -> Result<Fact, Refusal> {
        match asked {
            Diligence::UpdateCustomer(update) => {
                let unknown = !self.customers.iter().any(|customer| customer.id == update.customer_id);
                first([(principal.authority == Authority::Customer, Refusal::NotAuthorized), (unknown, Refusal::CustomerNotFound)])?;
                let by = principal.subject.clone();
                Ok(Fact::Diligence(Box::new(Told::Customer(CustomerUpdated { update: update.clone(), by }))))
            }
            Diligence::SetAddress(set) => {
                let unknown = !self.customers.iter().any(|customer| customer.id == set.customer_id);
                first([(principal.authority == Authority::Customer, Refusal::NotAuthorized), (unknown, Refusal::CustomerNotFound)])?;
                Ok(Fact::Diligence(Box::new(Told::Address(AddressSet { set: set.clone(), by: principal.subject.clone() }))))
            }
            Diligence::SubmitDocument(submit) => self.present(cause, principal, submit.customer_id, &submit.document),
            Diligence::DecideKyc(decide) => self.decide_kyc(cause, principal, decide),
            Diligence::OpenCase(open) => self.open_case(principal, open),
            Diligence::WorkCase(work) => self.work_case(principal, work),
        }
    }

    fn standing(&self, of: CustomerId) -> Standing {
        self.standings(of).next_back().map_or(Standing::PENDING, |(_, changed)| changed.standing)
    }

    /// Who was first to present a document.
    fn presented_first(&self, digest: DocumentDigest) -> Option<CustomerId> {
        self.said.iter().find_map(|event| match &event.fact {
            Fact::Diligence(told) => match &**told {
                Told::Kyc(KycChanged { customer_id, document: Some(document), .. }) if document.digest == digest => Some(*customer_id),
                _ => None,
            },
            _ => None,
        })
    }

    fn present(&mut self, cause: &Cause, principal: &Principal, of: CustomerId, document: &Presented) -> Result<Fact, Refusal> {
        let own = principal.authority == Authority::Operator || principal.subject == of.to_string();
        let unknown = !self.customers.iter().any(|customer| customer.id == of);
        let holder = self.presented_first(document.digest);
        let mut own_digests: Vec<DocumentDigest> =
            self.standings(of).filter_map(|(_, changed)| Some(changed.document.as_ref()?.digest)).collect();
        own_digests.sort_unstable();
        own_digests.dedup();
        let kept = own_digests.into_iter().filter(|digest| self.presented_first(*digest) == Some(of)).count();
        first([
            (!own, Refusal::NotAuthorized),
            (unknown, Refusal::CustomerNotFound),
            (holder.is_none() && kept >= 20, Refusal::DocumentsFull),
        ])?;
        let duplicate_of = holder.filter(|holder| *holder != of);
        let about = About { customer_id: Some(of), ..About::default() };
        if self.about_the_same(CaseKind::Enrolment, about).is_none() {
            let opened = self.new_case(CaseKind::Enrolment, about, u32::from(duplicate_of.is_some()), "orion");
            self.say(cause, case(opened));
        }
        let before = self.standing(of);
        let standing = match (before.status, before.sub_status) {
            (KycStatus::Pending, None) => before,
            (KycStatus::Rejected, _) => Standing { status: KycStatus::Pending, sub_status: Some(KycSubStatus::Resubmitted) },
            (status, _) => Standing { status, sub_status: Some(KycSubStatus::Resubmitted) },
        };
        Ok(kyc(KycChanged {
            customer_id: of,
            change: KycChange::Submitted,
            standing,
            level: None,
            document: Some(document.clone()),
            duplicate_of,
            by: principal.subject.clone(),
            reason: None,
        }))
    }

    /// The last day on which one is good of what was presented since the last rejection; none where nothing was.
    fn presented_until(&self, of: CustomerId) -> Option<u32> {
        let since = self.standings(of).rev().take_while(|(_, changed)| changed.change != KycChange::Rejected);
        since.filter_map(|(_, changed)| Some(changed.document.as_ref()?.last_day().unwrap_or(u32::MAX))).max()
    }

    /// Whom staff may work on: not themselves.
    pub(super) fn workable(&self, principal: &Principal, id: CaseId) -> Result<File, Refusal> {
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        let file = self.file(id).ok_or(Refusal::CaseNotOpen)?;
        let own = file.opened.about.customer_id.is_some_and(|customer| customer.to_string() == principal.subject);
        first([(own, Refusal::NotAuthorized)])?;
        Ok(file)
    }

    fn decide_kyc(&mut self, cause: &Cause, principal: &Principal, decide: &DecideKyc) -> Result<Fact, Refusal> {
        use KycDecision::{Approve, AskInformation, Expire, Reject};
        let file = self.workable(principal, decide.case_id)?;
        first([(file.opened.kind != CaseKind::Enrolment, Refusal::CaseNotPermitted)])?;
        let of = file.opened.about.customer_id.expect("an enrolment is of a customer");
        let Standing { status, sub_status } = self.standing(of);
        let leads_nowhere = match decide.decision {
            Approve | Reject => status == KycStatus::Rejected,
            AskInformation => status == KycStatus::Rejected || sub_status == Some(KycSubStatus::NeedsInfo),
            Expire => status != KycStatus::Verified || sub_status == Some(KycSubStatus::Expired),
        };
        let until = self.presented_until(of);
        let today = u32::try_from(self.epoch / DAY_MS).expect("a day");
        first([
            (leads_nowhere, Refusal::KycTransitionNotPermitted),
            (decide.decision == Approve && until.is_none(), Refusal::DocumentMissing),
            (decide.decision == Approve && until.is_some_and(|until| until < today), Refusal::DocumentExpired),
        ])?;
        let decided = self.standings(of).rfind(|(_, changed)| [KycChange::Approved, KycChange::Rejected].contains(&changed.change));
        let was_rejected = decided.is_some_and(|(_, changed)| changed.change == KycChange::Rejected);
        let asks = self.case_policy_now().four_eyes;
        let enhanced = asks.contains(&FourEyes::ApproveEnhanced) && decide.level == Some(KycLevel::Enhanced);
        let after = asks.contains(&FourEyes::ApproveAfterRejection) && was_rejected;
        let outcome = match decide.decision {
            Approve => Some(CaseOutcome::Approved),
            Reject => Some(CaseOutcome::Rejected),
            Expire => Some(CaseOutcome::Expired),
            AskInformation => None,
        };
        let end = outcome.map(|outcome| (outcome, decide.level));
        let two = decide.decision == Approve && (enhanced || after);
        let reason = Some(decide.reason.clone());
        let finish =
            |changed: CaseChanged| Ok(case(CaseChanged { reason: reason.clone(), operation: CaseOperation::DecideKyc, ..changed }));
        if let Some(waits) = self.second_look(principal, decide.case_id, &file, end, two)? {
            return finish(waits);
        }
        let verified = |sub_status| Standing { status: KycStatus::Verified, sub_status };
        let (change, standing, level) = match decide.decision {
            Approve => (KycChange::Approved, verified(None), decide.level),
            Reject => (KycChange::Rejected, Standing { status: KycStatus::Rejected, sub_status: None }, Some(KycLevel::Unidentified)),
            AskInformation => (KycChange::InformationAsked, Standing { status, sub_status: Some(KycSubStatus::NeedsInfo) }, None),
            Expire => (KycChange::Expired, verified(Some(KycSubStatus::Expired)), None),
        };
        let by = principal.subject.clone();
        let (document, duplicate_of) = (None, None);
        self.say(cause, kyc(KycChanged { customer_id: of, change, standing, level, document, duplicate_of, by, reason: reason.clone() }));
        if let Some(level) = level {
            self.policies.push((self.epoch, schemas::Policy::Level(schemas::CustomerLevel { customer_id: of, level })));
        }
        finish(match outcome {
            Some(outcome) => self.closing(decide.case_id, outcome, decide.level, &principal.subject),
            None => blank(decide.case_id, CaseChange::InformationAsked, file.status, &principal.subject),
        })
    }

    /// What is told where a decision does not stand alone; none where it does.
    pub(super) fn second_look(
        &self,
        principal: &Principal,
        id: CaseId,
        file: &File,
        end: Option<(CaseOutcome, Option<KycLevel>)>,
        two: bool,
    ) -> Result<Option<CaseChanged>, Refusal> {
        let by = &*principal.subject;
        let Some(made) = &file.made else {
            let waits = end.filter(|_| two).map(|(outcome, level)| CaseChanged {
                outcome: Some(outcome),
                level,
                ..blank(id, CaseChange::ConfirmationAsked, CaseStatus::AwaitingConfirmation, by)
            });
            return Ok(waits);
        };
        first([(made.0 == by, Refusal::FourEyesRequired)])?;
        let withdrawn =
            || CaseChanged { previous: Some(said_of(made)), ..blank(id, CaseChange::ConfirmationWithdrawn, CaseStatus::Open, by) };
        Ok((end != Some((made.1, made.2))).then(withdrawn))
    }

    /// Says whose last day is over.
    pub(super) fn expire_identities(&mut self) {
        let today = u32::try_from(self.epoch / DAY_MS).expect("a day");
        let mut over = Vec::new();
        for customer in self.customers.iter().map(|customer| customer.id) {
            // What was established stands until something says otherwise.
            let said: Vec<_> = self.standings(customer).collect();
            let ended = |change: KycChange| [KycChange::Approved, KycChange::Rejected, KycChange::Expired].contains(&change);
            let Some(place) = said.iter().rposition(|(_, changed)| ended(changed.change)) else { continue };
            if said[place].1.change != KycChange::Approved {
                continue;
            }
            let before = said[..place].iter().rev().take_while(|(_, changed)| changed.change != KycChange::Rejected);
            let until = before.filter_map(|(_, changed)| Some(changed.document.as_ref()?.last_day().unwrap_or(u32::MAX))).max();
            let until = until.expect("who was approved had presented something");
            if until != u32::MAX && until < today {
                let cause = &said.last().expect("something was said").0.cause;
                over.push((until, customer, Cause { traceparent: String::new(), ..cause.clone() }));
            }
        }
        over.sort_by_key(|(until, customer, _)| (*until, *customer));
        for (_, customer_id, cause) in over {
            let standing = Standing { status: KycStatus::Verified, sub_status: Some(KycSubStatus::Expired) };
            let reason = Some("the last day of the document is over".to_owned());
            let (change, by) = (KycChange::Expired, "orion".to_owned());
            let (level, document, duplicate_of) = (None, None, None);
            self.say(&cause, kyc(KycChanged { customer_id, change, standing, level, document, duplicate_of, by, reason }));
        }
    }
}
