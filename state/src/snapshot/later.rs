//! What later versions of the rules keep beside customers, accounts and pins.

use crate::attempts::Attempted;
use crate::gates::Set;
use crate::holds::Hold;
use crate::lists::Lists;
use crate::orders::Waiting;
use crate::policies::{Common, Terms};
use crate::record::{Growing, Sealed};
use crate::refunds::Refunded;
use crate::table::Rows;
use std::sync::Arc;

/// What rules of version 4 and later keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct More {
    pub(crate) holds: Rows<Hold>,
    pub(crate) refunded: Rows<Refunded>,
    pub(crate) terms: Rows<Terms>,
    pub(crate) common: Arc<Common>,
}

/// What rules of version 5 and later keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dates {
    pub(crate) orders: Rows<Waiting>,
    pub(crate) sealed: Rows<Sealed>,
    pub(crate) growing: Growing,
}

/// What rules of version 6 and later keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gated {
    pub(crate) set: Arc<Set>,
    pub(crate) attempts: Rows<Attempted>,
    pub(crate) next: u32,
    pub(crate) lists: Lists,
}
