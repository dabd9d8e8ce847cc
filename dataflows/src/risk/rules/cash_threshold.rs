//! R03: cash of a person within a day, at or above what has to be reported. A report, not a suspicion: its weight is nothing.
//!
//! ```sql
//! select holder(account), currency, sum(amount_minor) as amount_minor
//! from payment                                   -- the account is whoever is not the agent or the house
//! where kind in ('deposit', 'withdrawal') and role(account) = 'customer'
//!   and utc_day(time) = utc_day(at) and time <= at
//! group by holder(account), currency
//! ```
//!
//! The day ends at midnight in UTC, which is the local day of most of the UMOA; a person's accounts of a currency are one.

use crate::risk::graph::{Edge, Graph, Node, Slot};
use crate::risk::rules::{HOUR_MS, Key, Reading, Rule, Shape, Who};
use schemas::aml::RuleId;
use schemas::{Currency, Epoch, PaymentKind};

const DAY_MS: u64 = 24 * HOUR_MS;

pub(super) const RULE: Rule = Rule {
    id: RuleId::CashThreshold,
    concerns: |graph, watched, keys| {
        let Edge { time, .. } = *watched.edge;
        let account = customer(watched.edge).map(|node| graph.account(node));
        if let Some((holder, account)) = account.and_then(|account| Some((account.holder?, account))) {
            keys.push(Key { who: Who::Customer(holder), which: (time / DAY_MS, number(account.currency)) });
        }
    },
    measure,
    reach_ms: |_| DAY_MS,
    window_ms: |_| DAY_MS,
};

/// Whose cash it is.
fn customer(edge: &Edge) -> Option<Node> {
    match edge.kind {
        PaymentKind::Deposit => Some(edge.payee),
        PaymentKind::Withdrawal => Some(edge.payer),
        PaymentKind::Transfer | PaymentKind::MerchantPayment | PaymentKind::BillPayment | PaymentKind::Refund | PaymentKind::Reversal => {
            None
        }
    }
}

/// A currency, as its three letters are a number.
fn number(currency: Currency) -> u32 {
    currency.code().bytes().fold(0, |number, letter| number << 8 | u32::from(letter))
}

fn measure(graph: &Graph, key: Key, at: Epoch, _: &Shape) -> Reading {
    let (day, currency) = key.which;
    if at / DAY_MS != day {
        return Reading::default();
    }
    let since_ms = at - day * DAY_MS + 1;
    let (mut edges, mut is_capped): (Vec<Slot>, bool) = (Vec::new(), false);
    for node in &graph.holder(key.node()).accounts {
        if number(graph.account(*node).currency) != currency || graph.is_hub(*node) {
            continue;
        }
        for window in [graph.paid(*node, at, since_ms), graph.received(*node, at, since_ms)] {
            is_capped |= window.is_capped;
            edges.extend(window.edges().filter(|(_, edge)| customer(edge) == Some(*node)).map(|(slot, _)| slot));
        }
    }
    let amount_minor = edges.iter().fold(0i64, |sum, slot| sum.saturating_add(graph.edge(*slot).amount_minor));
    Reading { rows: vec![(0, [amount_minor, 0, 0, 0])], edges, again: Some((day + 1) * DAY_MS), is_capped, ..Reading::default() }
}

#[cfg(test)]
mod tests;
