//! What sets gates, what they are told and what they say, on the wire; the answer to a command that came again is the same record with
//! the first epoch filled.

use super::epoch;
use crate::aml::{Lane, RuleId};
use crate::context::{Context, KeyKind};
use crate::epoch::{Epoch, Position, rfc3339};
use crate::event::{Cause, Event, Fact, Repeat};
use crate::gate::{self, AmlChanged, GateAnswer, PartyChange, PartyChanged};
use crate::id::{AccountId, CommandId, CustomerId, EventId, HoldId, TransactionId};
use crate::wire::gate::Wire;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

event_record! {
    struct AmlRuleUpdated {
        setting: Wire,
        version: u32,
        #[serde(borrow)]
        set_by: Cow<'a, str>,
        #[serde(default)]
        first_epoch: Option<i64>,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

event_record! {
    struct PartyUpdated {
        customer_id: CustomerId,
        #[serde(default)]
        account_id: Option<AccountId>,
        change: PartyChange,
        #[serde(default)]
        device: Option<String>,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default, borrow)]
        changed_by: Cow<'a, str>,
        #[serde(default)]
        first_epoch: Option<i64>,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

event_record! {
    struct TransactionAssessed {
        #[serde(default)]
        transaction_id: Option<TransactionId>,
        #[serde(default)]
        hold_id: Option<HoldId>,
        debit_account: AccountId,
        credit_account: AccountId,
        #[serde(default)]
        context: Option<Arc<Context>>,
        answer: GateAnswer,
        score: u32,
        said: Vec<Said>,
        #[serde(borrow)]
        assessed_at: Cow<'a, str>,
    }
}

#[derive(Serialize, Deserialize)]
struct Said {
    rule: RuleId,
    lane: Lane,
    version: u32,
    name: String,
    value: i64,
    threshold: i64,
    #[serde(default)]
    window_ms: Option<u64>,
    #[serde(default)]
    key: Option<KeyKind>,
}

pub(super) fn aml<'a>(event: &'a Event, changed: &'a AmlChanged, first_epoch: Option<i64>) -> AmlRuleUpdated<'a> {
    record!(AmlRuleUpdated, event, {
        setting: Wire::of(&changed.setting),
        version: changed.version,
        set_by: Cow::Borrowed(&changed.by),
        first_epoch: first_epoch,
        updated_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

pub(super) fn party<'a>(event: &'a Event, changed: &'a PartyChanged, first_epoch: Option<i64>) -> PartyUpdated<'a> {
    record!(PartyUpdated, event, {
        customer_id: changed.customer_id,
        account_id: changed.account_id,
        change: changed.change,
        device: changed.device.clone(),
        reason: changed.reason.clone(),
        changed_by: Cow::Borrowed(&changed.by),
        first_epoch: first_epoch,
        updated_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

pub(super) fn assessed<'a>(event: &'a Event, assessed: &gate::Assessed) -> TransactionAssessed<'a> {
    record!(TransactionAssessed, event, {
        transaction_id: assessed.transaction_id,
        hold_id: assessed.hold_id,
        debit_account: assessed.account_debit,
        credit_account: assessed.account_credit,
        context: assessed.context.clone(),
        answer: assessed.answer,
        score: assessed.score,
        said: assessed.said.iter().map(Said::of).collect(),
        assessed_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

impl AmlRuleUpdated<'_> {
    pub(in crate::wire) fn into_event(mut self, traceparent: &str) -> Result<Event, String> {
        let setting = std::mem::replace(&mut self.setting, Wire::of(&gate::AmlSetting::Policy(gate::GatePolicy::default()))).set()?;
        let operation = setting.operation();
        let fact = Fact::AmlChanged(Box::new(AmlChanged { setting, version: self.version, by: self.set_by.to_string() }));
        let fact = again(self.first_epoch.map(epoch).transpose()?, operation, fact);
        self.event(traceparent, fact)
    }
}

impl PartyUpdated<'_> {
    pub(in crate::wire) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let changed = PartyChanged {
            customer_id: self.customer_id,
            account_id: self.account_id,
            change: self.change,
            device: self.device.clone(),
            reason: self.reason.clone(),
            by: self.changed_by.to_string(),
        };
        let frozen = !PartyChange::SIGNALS.contains(&changed.change);
        if frozen != changed.reason.is_some() || frozen && changed.device.is_some() {
            return Err(format!("a party is not {} with this reason and device", changed.change));
        }
        let operation = changed.operation();
        let fact = again(self.first_epoch.map(epoch).transpose()?, operation, Fact::PartyChanged(Box::new(changed)));
        self.event(traceparent, fact)
    }
}

impl TransactionAssessed<'_> {
    pub(in crate::wire) fn into_event(mut self, traceparent: &str) -> Result<Event, String> {
        if self.transaction_id.is_some() && self.hold_id.is_some() {
            return Err("what was assessed became a transaction or a hold, not both".to_owned());
        }
        let context = self.context.take();
        if let Some(context) = &context {
            context.check().map_err(|error| error.to_string())?;
        }
        let assessed = gate::Assessed {
            transaction_id: self.transaction_id,
            hold_id: self.hold_id,
            account_debit: self.debit_account,
            account_credit: self.credit_account,
            context,
            answer: self.answer,
            score: self.score,
            said: std::mem::take(&mut self.said).into_iter().map(Said::said).collect::<Result<_, _>>()?,
        };
        self.event(traceparent, Fact::Assessed(Box::new(assessed)))
    }
}

impl Said {
    fn of(said: &gate::Said) -> Self {
        let gate::Said { rule, lane, version, value, threshold, window_ms, key, .. } = *said;
        Self { rule, lane, version, name: said.name.clone(), value, threshold, window_ms, key }
    }

    fn said(self) -> Result<gate::Said, String> {
        let Self { rule, lane, version, name, value, threshold, window_ms, key } = self;
        if !rule.parameters().iter().any(|parameter| parameter.name == name) {
            return Err(format!("{rule} has no parameter {name}"));
        }
        Ok(gate::Said { rule, lane, version, name, value, threshold, window_ms, key })
    }
}

/// A decision, or the answer to its command that came again.
fn again(first_epoch: Option<Epoch>, operation: &str, fact: Fact) -> Fact {
    match first_epoch {
        None => fact,
        Some(first_epoch) => Fact::Repeated(Box::new(Repeat { operation: operation.to_owned(), first_epoch, first: Some(fact) })),
    }
}
