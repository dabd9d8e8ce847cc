//! R24: an agent whose cash goes round, or stays just below the threshold.
//!
//! ```sql
//! -- clause 0: the same customer brings cash and takes it again, or the other way round, within minutes
//! select agent, count(*) as rounds
//! from cash one join cash other using (agent, customer)       -- each in at most one round, the first that fits
//! where at - window < one.time and other.time <= at
//!   and one.time <= other.time and other.time < one.time + round_minutes and one.kind <> other.kind
//!   and 100 * least(of both amounts) >= alike_percent * greatest(of both amounts)
//! group by agent
//! -- clause 1: much of it is just below the threshold
//! select agent, count(*) filter (where just_below) as near_payments, 100 * count(*) filter (where just_below) / count(*) as near_percent
//! from cash where at - window < time and time <= at group by agent
//! ```

use crate::risk::graph::{Edge, Graph, Slot};
use crate::risk::rules::structuring::is_just_below;
use crate::risk::rules::{Key, Reading, Rule, Shape, count, hours_ms};
use schemas::aml::RuleId;
use schemas::{Epoch, PaymentKind, Role};

const MINUTE_MS: u64 = 60 * 1_000;

pub(super) const RULE: Rule = Rule {
    id: RuleId::AgentAnomaly,
    concerns: |graph, watched, keys| {
        let Edge { payer, payee, .. } = *watched.edge;
        // Also what is no cash: of a window that holds more than is kept, it pushes the oldest out.
        keys.extend([payer, payee].into_iter().filter(|node| graph.account(*node).role == Role::Agent).map(Key::account));
    },
    measure,
    reach_ms: |shape| hours_ms(shape[0]),
    window_ms: |shape| hours_ms(shape[0]),
};

fn is_cash(edge: &Edge) -> bool {
    matches!(edge.kind, PaymentKind::Deposit | PaymentKind::Withdrawal)
}

fn measure(graph: &Graph, key: Key, at: Epoch, shape: &Shape) -> Reading {
    let [window_hours, round_minutes, alike_percent, threshold_minor, below_percent, ..] = *shape;
    let (node, window_ms) = (key.node(), hours_ms(window_hours));
    let round_ms = u64::try_from(round_minutes).expect("the catalogue has no negative minutes") * MINUTE_MS;
    let windows = [graph.paid(node, at, window_ms), graph.received(node, at, window_ms)];
    let mut cash: Vec<(Slot, &Edge)> = windows.iter().flat_map(|window| window.edges()).filter(|(_, edge)| is_cash(edge)).collect();
    cash.sort_unstable_by_key(|(_, edge)| edge.order());
    let other = |edge: &Edge| if edge.payer == node { edge.payee } else { edge.payer };
    let mut used = vec![false; cash.len()];
    let mut edges: Vec<Slot> = Vec::new();
    for (place, (slot, one)) in cash.iter().enumerate() {
        if used[place] {
            continue;
        }
        let mut soon = cash.iter().enumerate().skip(place + 1).take_while(|(_, (_, next))| next.time < one.time + round_ms);
        let fits = |(place, (_, next)): &(usize, &(Slot, &Edge))| {
            let (least, most) = (one.amount_minor.min(next.amount_minor), one.amount_minor.max(next.amount_minor));
            let alike = i128::from(least) * 100 >= i128::from(most) * i128::from(alike_percent);
            !used[*place] && other(next) == other(one) && next.kind != one.kind && alike
        };
        if let Some((back, (again, _))) = soon.find(fits) {
            used[back] = true;
            edges.extend([*slot, *again]);
        }
    }
    let near = cash.iter().filter(|(_, edge)| is_just_below(edge.amount_minor, threshold_minor, below_percent));
    let near: Vec<Slot> = near.map(|(slot, _)| *slot).collect();
    let (rounds, percent) = (edges.len() / 2, (near.len() * 100).checked_div(cash.len()).unwrap_or_default());
    let rows = vec![(0, [count(rounds), 0, 0, 0]), (1, [count(near.len()), count(percent), 0, 0])];
    edges.extend(near);
    Reading {
        rows,
        again: cash.first().map(|(_, edge)| edge.time + window_ms),
        is_capped: windows.iter().any(|window| window.is_capped),
        edges,
        ..Reading::default()
    }
}

#[cfg(test)]
mod tests;
