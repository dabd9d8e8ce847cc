//! Watchlists on the wire; the answer to a command that came again is the same record with the first epoch filled.

use super::epoch;
use crate::epoch::{Position, rfc3339};
use crate::event::{Cause, Event, Fact, Repeat};
use crate::id::{CommandId, EventId};
use crate::list::ListChanged;
use crate::wire::list::Wire;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

event_record! {
    struct ListUpdated {
        change: Wire,
        #[serde(borrow)]
        by: Cow<'a, str>,
        #[serde(default)]
        first_epoch: Option<i64>,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

pub(super) fn of<'a>(event: &'a Event, changed: &'a ListChanged, first_epoch: Option<i64>) -> ListUpdated<'a> {
    record!(ListUpdated, event, {
        change: Wire::of(&changed.change),
        by: Cow::Borrowed(&changed.by),
        first_epoch: first_epoch,
        updated_at: Cow::Owned(rfc3339(event.epoch)),
    })
}

impl ListUpdated<'_> {
    pub(in crate::wire) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let change = self.change.clone().change()?;
        let operation = change.operation().to_owned();
        let fact = Fact::ListChanged(Box::new(ListChanged { change, by: self.by.to_string() }));
        let fact = match self.first_epoch.map(epoch).transpose()? {
            None => fact,
            Some(first_epoch) => Fact::Repeated(Box::new(Repeat { operation, first_epoch, first: Some(fact) })),
        };
        self.event(traceparent, fact)
    }
}
