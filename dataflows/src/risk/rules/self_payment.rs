//! R26: a merchant paid by itself. Who pays a merchant that is their own, or that is reached by the same number?
//!
//! ```sql
//! select payee, payer, count(*) as payments, sum(amount_minor) as amount_minor
//! from payment
//! where at - window < time and time <= at and role(payee) = 'merchant'
//!   and (holder(payer) = holder(payee) or msisdn(holder(payer)) = msisdn(holder(payee)))
//! group by payee, payer
//! ```
//!
//! The subject is the merchant's account. It is measured by what the payer paid, since a merchant may be paid by a whole town.

use crate::risk::graph::{Edge, Graph, Node, Slot};
use crate::risk::rules::{Key, Reading, Rule, Who, count, hours_ms};
use schemas::Role;
use schemas::aml::RuleId;

pub(super) const RULE: Rule = Rule {
    id: RuleId::SelfPayment,
    concerns: |graph, watched, keys| {
        let Edge { payer, payee, .. } = *watched.edge;
        if graph.account(payee).role == Role::Merchant && is_own(graph, payer, payee) {
            keys.push(Key { who: Who::Account(payee), which: (0, payer) });
        }
    },
    measure: |graph, key, at, shape| {
        let window_ms = hours_ms(shape[0]);
        let window = graph.paid(key.which.1, at, window_ms);
        let edges: Vec<Slot> = window.sides().filter(|side| side.other == key.node()).map(|side| side.slot).collect();
        let amount_minor = edges.iter().fold(0i64, |sum, slot| sum.saturating_add(graph.edge(*slot).amount_minor));
        Reading {
            rows: vec![(0, [count(edges.len()), 0, 0, 0]), (1, [amount_minor, 0, 0, 0])],
            again: edges.first().map(|slot| graph.edge(*slot).time + window_ms),
            is_capped: window.is_capped,
            edges,
            ..Reading::default()
        }
    },
    reach_ms: |shape| hours_ms(shape[0]),
    window_ms: |shape| hours_ms(shape[0]),
};

fn is_own(graph: &Graph, payer: Node, payee: Node) -> bool {
    let holder = |node| graph.account(node).holder.map(|holder| graph.holder(holder));
    let (Some(payer), Some(payee)) = (holder(payer), holder(payee)) else { return false };
    payer.id == payee.id || payer.msisdn.is_some() && payer.msisdn == payee.msisdn
}

#[cfg(test)]
mod tests;
