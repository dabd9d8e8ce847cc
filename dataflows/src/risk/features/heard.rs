//! What events say to the detection beside payments: rules that are set, and from when on the payment of an order counts.

use crate::risk::rules;
use schemas::aml::Setting;
use schemas::{AmlSetting, Dated, Epoch, Event, Fact, OrderChange, TransactionId};

/// A rule as it is set from now on, and the event that set it, if one did.
#[derive(Clone, Copy)]
pub(super) struct Set<'a> {
    pub(super) event: Option<usize>,
    pub(super) version: u32,
    pub(super) setting: &'a Setting,
}

/// The rules of detection that events set, in their order.
pub(super) fn set_by(events: &[Event]) -> Vec<Set<'_>> {
    let changed = events.iter().enumerate().filter_map(|(event, Event { fact, .. })| match fact {
        Fact::AmlChanged(changed) => Some((event, changed)),
        _ => None,
    });
    let set = changed.filter_map(|(event, changed)| match &changed.setting {
        AmlSetting::Rule(setting) => Some(Set { event: Some(event), version: changed.version, setting }),
        AmlSetting::Policy(_) | AmlSetting::Countries(_) | AmlSetting::Cases(_) => None,
    });
    set.filter(|set| rules::is_known(set.setting.rule)).collect()
}

/// From when on a payment of an order counts, if not from its epoch.
pub(super) fn dated(event: &Event) -> Option<(TransactionId, Epoch)> {
    match &event.fact {
        Fact::OrderChanged(order) if order.change == OrderChange::Executed => match order.dated {
            Dated::EffectiveAt(epoch) => Some((order.transaction_id?, epoch)),
            Dated::ExecuteAt(_) => None,
        },
        _ => None,
    }
}
