//! What an alert rests on: the payments of the reading, and whoever else is in them.

use crate::risk::graph::{Edge, Graph};
use crate::risk::rules::{Reading, Who};
use schemas::alert::{COUNTERPARTIES_MAX, EVIDENCE_MAX, Evidence, Subject};
use schemas::{AccountId, Currency, Epoch, TransactionId};
use std::collections::{BTreeMap, BTreeSet};

/// Why a candidate is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Witness {
    pub(crate) evidence: Evidence,
    /// Whether a payment of it came in this epoch and counts from before it.
    pub(crate) is_late: bool,
    /// Of the command that brought it about; empty where it was time alone.
    pub(crate) traceparent: String,
}

/// Who it is about.
pub(crate) fn subject(graph: &Graph, who: Who) -> Subject {
    match who {
        Who::Account(node) => Subject::Account(graph.account(node).id),
        Who::Customer(node) => Subject::Customer(graph.holder(node).id),
        Who::Ring(node) => Subject::Ring(graph.holder(node).id),
    }
}

/// What a reading at a moment rests on.
pub(crate) fn witness(
    graph: &Graph,
    subject: &Subject,
    reading: &Reading,
    (at, window_ms): (Epoch, u64),
    now: Epoch,
    traceparent: &str,
) -> Witness {
    let mut edges: Vec<&Edge> = reading.edges.iter().map(|slot| graph.edge(*slot)).collect();
    edges.sort_unstable_by_key(|edge| edge.order());
    edges.dedup_by_key(|edge| edge.order());
    let own = |id: AccountId| *subject == Subject::Account(id);
    let sides = edges.iter().flat_map(|edge| [edge.payer, edge.payee]).map(|node| graph.account(node));
    let others = sides.filter(|account| {
        let is_holder = account.holder.is_some_and(|holder| *subject == Subject::Customer(graph.holder(holder).id));
        !own(account.id) && !is_holder
    });
    let others: BTreeSet<AccountId> = others.map(|account| account.id).collect();
    let mut amounts: BTreeMap<Currency, i64> = BTreeMap::new();
    for edge in &edges {
        let sum = amounts.entry(graph.account(edge.payer).currency).or_default();
        *sum = sum.saturating_add(edge.amount_minor);
    }
    let count = |length: usize| u32::try_from(length).expect("a reading has few payments");
    let mut transactions: Vec<TransactionId> = edges.iter().map(|edge| edge.id()).collect();
    let known: BTreeSet<TransactionId> = transactions.iter().copied().collect();
    transactions.extend(reading.also.transactions.iter().filter(|id| !known.contains(id)));
    let evidence = Evidence {
        window_from: (at + 1).saturating_sub(window_ms),
        window_to: at,
        transactions_count: count(transactions.len()),
        transactions: transactions.into_iter().take(EVIDENCE_MAX).collect(),
        counterparties_count: count(others.len()),
        counterparties: others.into_iter().take(COUNTERPARTIES_MAX).collect(),
        amounts: amounts.into_iter().collect(),
        is_capped: reading.is_capped,
        matched: None,
    };
    let is_late = edges.iter().any(|edge| edge.minted.0 == now && edge.is_late());
    Witness { evidence, is_late, traceparent: traceparent.to_owned() }
}
