//! The rules: what each measures, of whom.
//!
//! A rule is two pure functions of the graph. `concerns` says who is to be measured anew because of a payment that came, went or became less;
//! it may name too many, never too few. `measure` says what there is to be measured of one of them at a moment, by the payments that
//! counted at that moment; it asks for nothing that was measured before. So whatever comes late, is given back or leaves the
//! window is measured by the same function as what comes in order.

use crate::risk::graph::{Graph, Node, Slot};
use schemas::aml::RuleId;
use schemas::{Epoch, TransactionId};

/// An agent whose cash goes round.
mod agent_anomaly;
/// Cash that has to be reported.
mod cash_threshold;
/// Money that comes back.
mod cycle;
/// Many who all pay the same many.
mod dense_core;
/// Many pay one.
mod fan_in;
/// One pays many.
mod fan_out;
/// Several pay one, who pays several.
mod gather_scatter;
/// Two places too far apart for the time between.
mod impossible_travel;
/// A merchant unlike itself.
mod merchant_anomaly;
/// What comes in goes out again.
mod pass_through;
/// A politically exposed person.
mod politically_exposed;
/// More than the history explains.
mod profile_mismatch;
/// Customers who share something.
pub(crate) mod ring;
/// Mostly round amounts.
mod round_amounts;
/// A name on a sanctions list.
mod sanction_hit;
/// One pays another through several in between.
mod scatter_gather;
/// A merchant paid by itself.
mod self_payment;
/// Many payments of nearly the same amount.
mod similar_amounts;
/// Several people who pay one, each below the threshold.
mod smurfing;
/// Several payments just below a threshold.
mod structuring;
/// Money that came from somebody who is frozen or of whom an alert was confirmed.
pub(crate) mod taint;

/// What is measured of a clause, in the order of its thresholds; nothing stands behind the last of them.
pub(crate) type Measures = [i64; 4];

/// The values of a rule's shapes, in the order of the catalogue.
pub(crate) type Shape = [i64; 6];

/// An hour.
pub(crate) const HOUR_MS: u64 = 60 * 60 * 1_000;

/// A rule.
pub(crate) struct Rule {
    pub(crate) id: RuleId,
    /// Who is to be measured because of this payment.
    pub(crate) concerns: fn(&Graph, &Watched<'_>, &mut Vec<Key>),
    /// What there is of one of them at a moment.
    pub(crate) measure: fn(&Graph, Key, Epoch, &Shape) -> Reading,
    /// How far back from a moment it looks.
    pub(crate) reach_ms: fn(&Shape) -> u64,
    /// For how long it must not have held until it is over.
    pub(crate) window_ms: fn(&Shape) -> u64,
}

/// A payment that came, went or became less, or is looked at otherwise.
pub(crate) struct Watched<'a> {
    pub(crate) edge: &'a crate::risk::graph::Edge,
    pub(crate) how: How,
    pub(crate) shape: &'a Shape,
}

/// How a payment is another one than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It came now and is the newest, so that nothing can have followed it.
    Newest,
    /// It came late or went, so others may have followed it.
    Amid,
    /// It became less, and stands where it did.
    Less,
    /// It stands as it did, and was only pushed out of what is looked at now.
    Pushed,
    /// It stands as it did; one that came or went amid others pushed it out of what is looked at, or back in, now or at earlier moments.
    Shifted,
}

/// About whom something is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    Account(Node),
    Customer(Node),
    /// Customers who share something, by the first of them.
    Ring(Node),
}

/// What is measured: about whom, and which of several things about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) who: Who,
    /// Another account, a day or a payment, as the rule has it.
    pub(crate) which: (u64, u32),
}

impl Key {
    /// None is after it.
    pub(crate) const LAST: Self = Self { who: Who::Ring(Node::MAX), which: (u64::MAX, u32::MAX) };

    /// The account or the customer.
    pub(crate) const fn node(self) -> Node {
        match self.who {
            Who::Account(node) | Who::Customer(node) | Who::Ring(node) => node,
        }
    }

    /// All that there is of an account.
    pub(crate) const fn account(node: Node) -> Self {
        Self { who: Who::Account(node), which: (0, 0) }
    }
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// By clause.
    pub(crate) rows: Vec<(u8, Measures)>,
    /// From which payments.
    pub(crate) edges: Vec<Slot>,
    /// What else it rests on.
    pub(crate) also: Also,
    /// When it may be different by time alone.
    pub(crate) again: Option<Epoch>,
    /// Whether there was more than was looked at.
    pub(crate) is_capped: bool,
}

/// What a reading rests on that are no payments of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Also {
    /// Transactions, settled or not, in the order in which they came.
    pub(crate) transactions: Vec<TransactionId>,
}

/// All that are measured here.
pub(crate) static ALL: &[Rule] = &[
    fan_in::RULE,
    fan_out::RULE,
    cycle::RULE,
    scatter_gather::RULE,
    gather_scatter::RULE,
    structuring::RULE,
    smurfing::RULE,
    pass_through::RULE,
    round_amounts::RULE,
    similar_amounts::RULE,
    cash_threshold::RULE,
    self_payment::RULE,
    agent_anomaly::RULE,
    merchant_anomaly::RULE,
    profile_mismatch::RULE,
    dense_core::RULE,
    sanction_hit::RULE,
    politically_exposed::RULE,
    impossible_travel::RULE,
    ring::RULE,
    taint::RULE,
];

/// The ids of all that are measured here.
pub fn known() -> impl Iterator<Item = RuleId> {
    ALL.iter().map(|rule| rule.id)
}

/// The rule of this id.
pub(crate) fn rule(id: RuleId) -> &'static Rule {
    ALL.iter().find(|rule| rule.id == id).expect("only rules that are measured here are watched")
}

/// Whether a rule is measured here; the others are gates.
pub(crate) fn is_known(id: RuleId) -> bool {
    ALL.iter().any(|rule| rule.id == id)
}

/// Hours of a shape, in milliseconds.
pub(crate) fn hours_ms(hours: i64) -> u64 {
    u64::try_from(hours).expect("the catalogue has no negative hours") * HOUR_MS
}

/// A count as a measure.
pub(crate) fn count(length: usize) -> i64 {
    i64::try_from(length).expect("what is in memory fits an i64")
}
