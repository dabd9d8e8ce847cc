//! What became of identities and cases, on the wire; the answer to a command that came again is the same record with the first epoch
//! filled.

use super::{Wire, epoch};
use crate::customer::{KycLevel, KycStatus};
use crate::day;
use crate::diligence::address::{AddressSet, PostalAddress, SetAddress};
use crate::diligence::case::{About, CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CaseStatus, Opened};
use crate::diligence::kyc::{self, KycChange, KycChanged, KycSubStatus, Standing, UpdateCustomer};
use crate::diligence::{Diligence, Told};
use crate::epoch::{Epoch, Position, rfc3339};
use crate::event::{Cause, Event, Fact, Repeat};
use crate::id::{AccountId, AlertId, CaseId, CommandId, CustomerId, EventId, HoldId};
use crate::wire::diligence::{Document, date};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

event_record! {
    struct CustomerUpdated {
        customer_id: CustomerId,
        #[serde(default)]
        full_name: Option<String>,
        #[serde(default)]
        msisdn: Option<String>,
        #[serde(default)]
        country: Option<String>,
        #[serde(default)]
        date_of_birth: Option<String>,
        #[serde(borrow)]
        updated_by: Cow<'a, str>,
        #[serde(default)]
        first_epoch: Option<i64>,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

event_record! {
    struct KycUpdated {
        customer_id: CustomerId,
        change: KycChange,
        status: KycStatus,
        #[serde(default)]
        sub_status: Option<KycSubStatus>,
        #[serde(default)]
        level: Option<KycLevel>,
        #[serde(default)]
        document: Option<Document>,
        #[serde(default)]
        duplicate_of: Option<CustomerId>,
        #[serde(borrow)]
        updated_by: Cow<'a, str>,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        first_epoch: Option<i64>,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

event_record! {
    struct CaseUpdated {
        case_id: CaseId,
        change: CaseChange,
        status: CaseStatus,
        #[serde(default)]
        kind: Option<CaseKind>,
        #[serde(default)]
        customer_id: Option<CustomerId>,
        #[serde(default)]
        account_id: Option<AccountId>,
        #[serde(default)]
        alert_id: Option<AlertId>,
        #[serde(default)]
        hold_id: Option<HoldId>,
        #[serde(default)]
        due_at: Option<Epoch>,
        #[serde(default)]
        escalation: Option<u32>,
        #[serde(default)]
        previous: Option<String>,
        #[serde(default)]
        value: Option<String>,
        #[serde(default)]
        outcome: Option<CaseOutcome>,
        #[serde(default)]
        level: Option<KycLevel>,
        #[serde(borrow)]
        updated_by: Cow<'a, str>,
        #[serde(default)]
        reason: Option<String>,
        operation: CaseOperation,
        #[serde(default)]
        first_epoch: Option<i64>,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

event_record! {
    struct AddressUpdated {
        customer_id: CustomerId,
        #[serde(default)]
        address: Option<PostalAddress>,
        #[serde(borrow)]
        updated_by: Cow<'a, str>,
        #[serde(default)]
        first_epoch: Option<i64>,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

pub(super) fn of<'a>(event: &'a Event, told: &'a Told, first_epoch: Option<i64>) -> Wire<'a> {
    match told {
        Told::Customer(updated) => Wire::CustomerUpdated(customer(event, updated, first_epoch)),
        Told::Kyc(changed) => Wire::KycUpdated(Box::new(kyc(event, changed, first_epoch))),
        Told::Case(changed) => Wire::CaseUpdated(Box::new(case(event, changed, first_epoch))),
        Told::Address(set) => Wire::AddressUpdated(Box::new(address(event, set, first_epoch))),
    }
}

fn customer<'a>(event: &'a Event, updated: &'a kyc::CustomerUpdated, first_epoch: Option<i64>) -> CustomerUpdated<'a> {
    let update = &updated.update;
    record!(CustomerUpdated, event, {
        customer_id: update.customer_id,
        full_name: update.full_name.clone(),
        msisdn: update.msisdn.clone(),
        country: update.country.clone(),
        date_of_birth: update.date_of_birth.map(day::iso),
        updated_by: Cow::Borrowed(&updated.by),
        first_epoch: first_epoch,
        updated_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

fn address<'a>(event: &'a Event, set: &'a AddressSet, first_epoch: Option<i64>) -> AddressUpdated<'a> {
    record!(AddressUpdated, event, {
        customer_id: set.set.customer_id,
        address: set.set.address.clone(),
        updated_by: Cow::Borrowed(&set.by),
        first_epoch: first_epoch,
        updated_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

fn kyc<'a>(event: &'a Event, changed: &'a KycChanged, first_epoch: Option<i64>) -> KycUpdated<'a> {
    record!(KycUpdated, event, {
        customer_id: changed.customer_id,
        change: changed.change,
        status: changed.standing.status,
        sub_status: changed.standing.sub_status,
        level: changed.level,
        document: changed.document.as_ref().map(Document::of),
        duplicate_of: changed.duplicate_of,
        updated_by: Cow::Borrowed(&changed.by),
        reason: changed.reason.clone(),
        first_epoch: first_epoch,
        updated_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

fn case<'a>(event: &'a Event, changed: &'a CaseChanged, first_epoch: Option<i64>) -> CaseUpdated<'a> {
    let opened = changed.opened;
    let about = opened.map_or_else(About::default, |opened| opened.about);
    record!(CaseUpdated, event, {
        case_id: changed.id,
        change: changed.change,
        status: changed.status,
        kind: opened.map(|opened| opened.kind),
        customer_id: about.customer_id,
        account_id: about.account_id,
        alert_id: about.alert_id,
        hold_id: about.hold_id,
        due_at: opened.and_then(|opened| opened.due_at),
        escalation: opened.map(|opened| opened.escalation),
        previous: changed.previous.clone(),
        value: changed.value.clone(),
        outcome: changed.outcome,
        level: changed.level,
        updated_by: Cow::Borrowed(&changed.by),
        reason: changed.reason.clone(),
        operation: changed.operation,
        first_epoch: first_epoch,
        updated_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

impl CustomerUpdated<'_> {
    pub(in crate::wire) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let update = UpdateCustomer {
            customer_id: self.customer_id,
            full_name: self.full_name.clone(),
            msisdn: self.msisdn.clone(),
            country: self.country.clone(),
            date_of_birth: self.date_of_birth.as_deref().map(date).transpose()?,
        };
        Diligence::UpdateCustomer(update.clone()).check().map_err(|error| error.to_string())?;
        let told = Told::Customer(kyc::CustomerUpdated { update, by: self.updated_by.to_string() });
        let fact = again(self.first_epoch.map(epoch).transpose()?, told);
        self.event(traceparent, fact)
    }
}

impl AddressUpdated<'_> {
    pub(in crate::wire) fn into_event(mut self, traceparent: &str) -> Result<Event, String> {
        let set = SetAddress { customer_id: self.customer_id, address: self.address.take() };
        let set = AddressSet { set, by: self.updated_by.to_string() };
        set.check().map_err(|error| error.to_string())?;
        let fact = again(self.first_epoch.map(epoch).transpose()?, Told::Address(set));
        self.event(traceparent, fact)
    }
}

impl KycUpdated<'_> {
    pub(in crate::wire) fn into_event(mut self, traceparent: &str) -> Result<Event, String> {
        let changed = KycChanged {
            customer_id: self.customer_id,
            change: self.change,
            standing: Standing { status: self.status, sub_status: self.sub_status },
            level: self.level,
            document: self.document.take().map(Document::presented).transpose()?,
            duplicate_of: self.duplicate_of,
            by: self.updated_by.to_string(),
            reason: self.reason.take(),
        };
        changed.check().map_err(|error| error.to_string())?;
        let fact = again(self.first_epoch.map(epoch).transpose()?, Told::Kyc(changed));
        self.event(traceparent, fact)
    }
}

impl CaseUpdated<'_> {
    pub(in crate::wire) fn into_event(mut self, traceparent: &str) -> Result<Event, String> {
        let Self { customer_id, account_id, alert_id, hold_id, due_at, .. } = self;
        let about = About { customer_id, account_id, alert_id, hold_id };
        let opened = match (self.kind, self.escalation) {
            (Some(kind), Some(escalation)) => Some(Opened { kind, about, due_at, escalation }),
            (None, None) if about == About::default() && due_at.is_none() => None,
            _ => return Err("a case that was opened has a kind, a subject and an escalation, and no other".to_owned()),
        };
        let changed = CaseChanged {
            id: self.case_id,
            change: self.change,
            status: self.status,
            opened,
            previous: self.previous.take(),
            value: self.value.take(),
            outcome: self.outcome,
            level: self.level,
            by: self.updated_by.to_string(),
            reason: self.reason.take(),
            operation: self.operation,
        };
        changed.check().map_err(|error| error.to_string())?;
        let fact = again(self.first_epoch.map(epoch).transpose()?, Told::Case(changed));
        self.event(traceparent, fact)
    }
}

/// What became true, or the answer to its command that came again.
fn again(first_epoch: Option<Epoch>, told: Told) -> Fact {
    match first_epoch {
        None => Fact::Diligence(Box::new(told)),
        Some(first_epoch) => {
            let operation = told.operation().to_owned();
            Fact::Repeated(Box::new(Repeat { operation, first_epoch, first: Some(Fact::Diligence(Box::new(told))) }))
        }
    }
}
