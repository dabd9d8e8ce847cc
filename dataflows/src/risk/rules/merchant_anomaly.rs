//! R22: a merchant unlike itself or its kind.
//!
//! ```sql
//! select merchant, count(*) as payments,
//!   100 * max(sum(amount_minor) by payer) / sum(amount_minor) as payer_percent,        -- clause 0: most of it comes from one
//!   100 * count(*) filter (where amount_minor % unit_minor = 0) / count(*) as round_percent,     -- clause 1: most of it is round
//!   100 * count(*) / (count within base_hours before the window * window / base) as surge_percent   -- clause 2: far more than before
//! from payment where at - window < time and time <= at and role(payee) = 'merchant' and kind in ('merchant_payment', 'bill_payment')
//! group by merchant
//! ```
//!
//! Of a merchant with more payments than a neighbourhood keeps, the newest are measured, and a surge is none: it is not known what was
//! before.

use crate::risk::graph::{Edge, Graph, Node, Slot};
use crate::risk::rules::{Key, Reading, Rule, Shape, count, hours_ms};
use schemas::aml::RuleId;
use schemas::{Epoch, PaymentKind, Role};
use std::collections::BTreeMap;

/// Fewer are no candidate of any clause.
const PAYMENTS_MIN: usize = 5;

pub(super) const RULE: Rule = Rule {
    id: RuleId::MerchantAnomaly,
    concerns: |graph, watched, keys| {
        let Edge { payee, .. } = *watched.edge;
        // Also what is no sale: of a window that holds more than is kept, it pushes the oldest out.
        if graph.account(payee).role == Role::Merchant {
            keys.push(Key::account(payee));
        }
    },
    measure,
    reach_ms: |shape| hours_ms(shape[0]) + hours_ms(shape[1]),
    window_ms: |shape| hours_ms(shape[0]),
};

fn is_sale(edge: &Edge) -> bool {
    matches!(edge.kind, PaymentKind::MerchantPayment | PaymentKind::BillPayment)
}

fn measure(graph: &Graph, key: Key, at: Epoch, shape: &Shape) -> Reading {
    let [window_hours, base_hours, unit_minor, ..] = *shape;
    let (window_ms, base_ms) = (hours_ms(window_hours), hours_ms(base_hours));
    let window = graph.received(key.node(), at, window_ms);
    if window.len() < PAYMENTS_MIN {
        return Reading::default();
    }
    let (mut payers, mut edges, mut round, mut all_minor) = (BTreeMap::<Node, i128>::new(), Vec::<Slot>::new(), 0usize, 0i128);
    for (slot, edge) in window.edges().filter(|(_, edge)| is_sale(edge)) {
        let amount_minor = i128::from(edge.amount_minor);
        *payers.entry(edge.payer).or_default() += amount_minor;
        all_minor += amount_minor;
        round += usize::from(edge.amount_minor % unit_minor == 0);
        edges.push(slot);
    }
    let end = at.saturating_sub(window_ms);
    let before = graph.received(key.node(), end, base_ms);
    // Also of what is not looked at: it may be history soon, or have kept the history from being whole.
    let leaves = [(window.first(window_ms, at), window_ms), (before.first(base_ms, end), window_ms + base_ms)];
    let again = leaves.into_iter().filter_map(|(first, after_ms)| Some(first? + after_ms)).min();
    if edges.len() < PAYMENTS_MIN {
        return Reading { again, ..Reading::default() };
    }
    let most = payers.values().max().copied().unwrap_or_default();
    let percent = |part: i128, of: i128| i64::try_from(part * 100 / of).unwrap_or(i64::MAX);
    let payments = count(edges.len());
    let mut rows = vec![(0, [payments, percent(most, all_minor), 0, 0]), (1, [payments, count(round * 100 / edges.len()), 0, 0])];
    let base = count(if at < window_ms { 0 } else { before.edges().filter(|(_, edge)| is_sale(edge)).count() });
    if base > 0 && !window.is_capped && !before.is_capped {
        rows.push((
            2,
            [payments, percent(i128::from(payments) * i128::from(base_hours), i128::from(base) * i128::from(window_hours)), 0, 0],
        ));
    }
    Reading { rows, edges, again, is_capped: window.is_capped, ..Reading::default() }
}

#[cfg(test)]
mod tests;
