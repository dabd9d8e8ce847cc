//! History: what happened, in order?
//!
//! In: committed epochs, whole. Out: the same, in the order of time, for the sinks that write rows. Nothing is
//! added up here; what aggregates does it in a file of its own.

use crate::Epochs;
use crate::in_order::in_order;
use schemas::EpochEvents;

/// Every epoch, once the frontier has passed it, in the order of time.
pub fn history<'scope>(epochs: Epochs<'scope, EpochEvents>) -> Epochs<'scope, EpochEvents> {
    in_order(epochs, "history", EpochEvents::epoch, |epoch| epoch)
}
